"""How often a face that was painted has what the words ask for, and what an edit leaves as it was.

    python bench/face_quality.py --pictures /tmp/faces --sheet sheet.png

Every line of a file is a prompt and what must be seen in its face. It is judged in two ways. By the
pocket judge, which never painted: of captions that tell each value of an attribute, a right one
must fit best; what is there or not, such as fangs, must fit better than nine of ten faces of other
prompts. And by pixels: `training/portraits.py` draws the face that its w says with every value of
the attribute, and where these drawings differ, a right one must be the nearest. With `--pictures`,
what is already painted there is not painted again.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))  # the training is no part of the package

from pocket_quality import draw_sheet, kept

from reverie import image as images
from reverie.canvas.portrait import space as meaning
from reverie.canvas.stylegan import StyleGANCanvas
from reverie.device import machine
from reverie.faces.latents import faces as named_faces
from reverie.faces.model import FaceModel
from reverie.painting import Painting
from reverie.perceptor.pocket import Pocket
from reverie.recipes import RECIPES
from reverie.recipes.portraits import traits_for
from training import portraits
from training.face_space import BLOCKS, measured, space
from training.face_trials import PAIRED, said
from training.portraits import ATTRIBUTES, Portraits
from training.stylegan_net import COARSE

HERE = Path(__file__).parent
SEEN = 0.04  # a value shows where drawings of any two differ by more
BETTER = 0.9  # than this share of other faces
SEEDS = (1, 2, 3, 4)  # of the faces that are edited
Wanted = dict[str, tuple[str, ...]]  # of an attribute, the values that will do
EDITS: dict[str, Wanted] = {
    "a person with green skin": {"skin": ("green",)},
    "a person with red hair": {"hair_colour": ("red",)},
    "an angry person": {"mouth": ("angry",)},
    "a person with sunglasses": {"eyewear": ("sunglasses",)},
    "an old person": {"age": ("old",)},
    "a person wearing a witch hat": {"hat": ("witch hat",)},
}


@dataclass(frozen=True)
class Face:
    """picture: `[3, h, w]`; w: `[num_ws, w]`."""

    picture: Tensor
    w: Tensor

    def known(self) -> tuple[Portraits, dict[str, Tensor]]:
        """What its w says: a portrait, and how much there is of each colour."""
        told: dict[str, Tensor] = {}
        colours: dict[str, Tensor] = {}
        numbers = space().numbers(self.w)
        for block in BLOCKS:
            rows = numbers[COARSE:] if block.colour else numbers[:COARSE]
            own = rows.mean(0, keepdim=True)[:, block.at]
            told[block.name] = own.argmax(1) if block.chosen else measured(own, block.name)
            if block.chosen and block.colour:
                colours[block.name] = own.clamp(min=0) / own.clamp(min=0).sum()
        return Portraits(**told), colours

    def value(self, attribute: str) -> str:
        """The value whose drawing is nearest."""
        person, colours = self.known()
        count = len(ATTRIBUTES[attribute])
        people = person.rows(torch.zeros(count, dtype=torch.long))
        people = replace(people, **{attribute: torch.arange(count)})
        mixes = {name: mix.expand(count, -1) for name, mix in colours.items() if name != attribute}
        drawn = portraits.draw(people, self.picture.shape[-1], mixes=mixes)
        shows = (drawn.amax(0) - drawn.amin(0)).amax(0) > SEEN
        far = ((drawn - self.picture).abs().mean(1) * shows).sum((1, 2))
        return ATTRIBUTES[attribute][int(far.argmin())]


def read_prompts(path: Path) -> list[tuple[str, Wanted]]:
    """Prompts, and what must be seen."""
    found = []
    for line in path.read_text().splitlines():
        words, _, told = line.partition(" | ")
        pairs = (pair.replace("_", " ").split("=") for pair in told.split())
        names = (pair.partition("=")[0] for pair in told.split())
        values = [tuple(right.split("/")) for _, right in pairs]
        found.append((words, dict(zip(names, values, strict=True))))
    return found


def painted(prompt: str, recipe: str, seed: int, **options: str) -> tuple[Face, Face]:
    """The face that a recipe starts from, and the one it ends with."""
    before, began = None, None
    on = machine("cpu", "auto")
    for stage in RECIPES[recipe](prompt, **options).stages:
        painting = Painting(stage, range(seed, seed + 1), on, before=before)
        began = began or shown(painting)
        for _ in painting.frames():
            pass
        before = painting
    assert before is not None and began is not None
    return began, shown(before)


@torch.no_grad()
def shown(painting: Painting) -> Face:
    canvas = painting.canvas
    assert isinstance(canvas, StyleGANCanvas)
    rows = canvas.units.rows(canvas.q)[0]
    return Face(canvas()[0].detach().clamp(0, 1), rows.detach().clone())


def from_folder(place: int, folder: Path | None, paint: Callable[[], tuple[Face, Face]]):
    """Two faces, from the folder where they are there."""

    def flat() -> Tensor:
        return torch.stack(
            [torch.cat([face.picture.flatten(), face.w.flatten()]) for face in paint()]
        )

    rows = kept(place, folder, flat)
    side = 128
    pixels = 3 * side * side
    w = rows[:, pixels:].unflatten(1, (-1, space().axes.shape[0]))
    pictures = rows[:, :pixels].unflatten(1, (3, side, side))
    return [Face(picture, own) for picture, own in zip(pictures, w, strict=True)]


class Judge:
    """The pocket judge, of pictures that are looked at once."""

    def __init__(self, faces: Iterable[Face]) -> None:
        self.eye = Pocket(model="pocket-judge").build(machine("cpu", "fp32"))
        pictures = torch.stack([face.picture for face in faces])
        with torch.no_grad():
            small = images.resize(pictures, (self.eye.size, self.eye.size))
            self.seen = self.eye.encode_image(small)

    @torch.no_grad()
    def fits(self, texts: list[str]) -> Tensor:
        """`[faces, texts]`"""
        return self.seen @ self.eye.encode_text(texts).T

    def right(self, face: int, attribute: str, values: tuple[str, ...], others: list[int]) -> bool:
        """Whether a face has one of these values of an attribute."""
        if attribute in PAIRED:
            fit = self.fits([said(attribute, values[0])])[:, 0]
            return bool((fit[face] > fit[others]).float().mean() >= BETTER)
        choices = [value for value in ATTRIBUTES[attribute] if value != "none"]
        fit = self.fits([said(attribute, value) for value in choices])[face]
        return choices[int(fit.argmax())] in values


def tell(prompts: list[tuple[str, Wanted]], faces: list[Face]) -> None:
    """How many prompts have all that they ask for, and how many attributes are right."""
    judge = Judge(faces)
    by_judge, by_pixels, whole = [], [], []
    for at, (words, wanted) in enumerate(prompts):
        marks = []
        right = []
        for name, values in wanted.items():
            others = [k for k, (_, other) in enumerate(prompts) if name not in other]
            by_judge.append(judge.right(at, name, values, others))
            if name == "kind":  # what makes a witch is her hat, her nose ...
                found, fits = f"{'/'.join(values)} by the judge", by_judge[-1]
            else:
                found = faces[at].value(name)
                by_pixels.append(fits := found in values)
            right.append(fits)
            marks.append(f"{name} {found}" + ("" if fits else " (!)"))
        whole.append(all(right))
        print(f"{'yes' if whole[-1] else 'no':4}{words}: {', '.join(marks)}")
    print(
        f"of {len(prompts)} prompts {_share(whole)} have all that they ask for; of "
        f"{len(by_pixels)} attributes {_share(by_pixels)} are right by pixels, and of "
        f"{len(by_judge)} {_share(by_judge)} by the judge"
    )


def tell_edits(how: str, pairs: list[tuple[Wanted, Face, Face]]) -> None:
    """How many edits do what they should, and how much else they change."""
    judge = Judge([face for _, *both in pairs for face in both])
    before, after = judge.seen[::2], judge.seen[1::2]
    done, same = [], []
    for wanted, old, new in pairs:
        ((name, values),) = wanted.items()
        done.append(new.value(name) in values)
        same += [old.value(other) == new.value(other) for other in ATTRIBUTES if other != name]
    alike = (before * after).sum(1).mean()
    others = (before * before.roll(len(EDITS), 0)).sum(1).mean()  # the face of the next seed
    print(
        f"of {len(pairs)} edits by {how} {_share(done)} do what they should, and {_share(same)} "
        f"of all else that is seen stays; by the judge a face and its edit are {alike:.2f} alike, "
        f"two faces {others:.2f}"
    )


def edited(folder: Path | None, own: dict[str, str]) -> list[tuple[Wanted, Face, Face]]:
    """Every edit of every face: what it should do, the face before and after."""
    pairs = []
    for seed, (words, wanted) in product(SEEDS, EDITS.items()):
        told = own | {"init": f"seed:{seed}", "mode": "edit"}
        paint = partial(painted, words, "styleclip", seed, **told)
        before, after = from_folder(len(pairs), folder, paint)
        pairs.append((wanted, before, after))
    return pairs


@torch.no_grad()
def told() -> list[tuple[Wanted, Face, Face]]:
    """Every edit of every face as `reverie edit` makes it: what w means is changed."""
    model, known, pairs = FaceModel.of("pocket-stylegan", machine("cpu", "auto")), meaning(), []
    for seed, (words, wanted) in product(SEEDS, EDITS.items()):
        before = model.rows(model.points(named_faces(str(seed))))
        numbers = known.of_points(before)
        traits = traits_for(words, numbers.mean(1))
        after = known.points(known.changed(numbers, traits))
        old, new = (Face(model.draw(model.styles([w]))[0], w[0]) for w in (before, after))
        pairs.append((wanted, old, new))
    return pairs


def _share(marks: list[bool]) -> str:
    return f"{100 * sum(marks) / max(len(marks), 1):.0f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--prompts", type=Path, default=HERE / "face_prompts.txt")
    parser.add_argument("--recipe", default="clip-stylegan", choices=sorted(RECIPES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=Path, help="folder that keeps them")
    parser.add_argument("--sheet", type=Path, help="where to save all pictures, without words")
    given = parser.parse_args()
    own: dict[str, str] = {"model": "pocket-stylegan", "perceptor": "pocket-clip"}
    prompts, began = read_prompts(given.prompts), time.monotonic()
    faces = []
    for at, (words, _) in enumerate(prompts):
        paint = partial(painted, words, given.recipe, given.seed, **own)
        faces.append(from_folder(at, given.pictures, paint)[1])
    print(f"{given.recipe}: {(time.monotonic() - began) / len(prompts):.1f} s a face")
    if given.sheet:
        draw_sheet(torch.stack([face.picture for face in faces]), given.sheet)
    tell(prompts, faces)
    folder = given.pictures / "edits" if given.pictures else None
    tell_edits("reverie edit", told())
    tell_edits("styleclip", edited(folder, own))


if __name__ == "__main__":
    main()
