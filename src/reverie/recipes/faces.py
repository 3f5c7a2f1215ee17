"""What the recipes on a StyleGAN share: the model, where it starts, how it is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.stylegan import StyleGAN
    from reverie.canvas.stylegan_start import LatentSpec
    from reverie.loss.prompts import Distance, Prompts
    from reverie.optimizer import OptimizerSpec
    from reverie.protocols import AugmentSpec, LossSpec
    from reverie.recipe import Stage
    from reverie.recipes.words import Scenes

POCKET = "pocket-stylegan"
KINDS = ("stylegan2", "stylegan3")
TRUNCATION = 0.7  # of seeds, unless another is asked for; drawn faces are the cleaner without
Space = Literal["w", "w+", "s"]
Noise = Literal["const", "none", "random", "optimised"]
INITS = (
    "guess, mean, random, seed:7, best:32, centres:64, hair_colour=red,hat=crown, a file of "
    "latents, or a picture of a face"
)


@dataclass(frozen=True, kw_only=True)
class Usual:
    """How a face is painted, unless something else is asked for."""

    steps: int
    lr: Number
    cutouts: int
    preset: str
    init: str
    space: Space = "w+"
    keep: Number = 0.0  # to where it starts
    hold: Number = 0.0  # to the mean face


def best(*kinds: str) -> str:
    """The installed StyleGAN that comes first in the manifest, or else the first imported one; or
    else the one in the package.

    Args:
        kinds: "stylegan2" or "stylegan3", where only one of them will do.
    """
    from reverie.recipes.words import first_installed

    return first_installed(*(kinds or KINDS)) or POCKET


def draws_faces(model: str) -> bool:
    """Whether a name is that of a StyleGAN or a ProGAN that is here."""
    from reverie.weights.models import plain
    from reverie.weights.store import installed

    names = [stored.name for stored in installed() if stored.kind in (*KINDS, "progan")]
    return plain(model) in map(plain, (POCKET, *names))


def is_progan(model: str) -> bool:
    """Whether a model is a ProGAN.

    Raises:
        WeightsError: it is not there, or draws no faces.
    """
    from reverie.weights.kinds import kind_of
    from reverie.weights.store import find, installed

    if model == POCKET:
        return False
    found = find(model, *KINDS, "progan")
    known = {stored.folder: stored.kind for stored in installed()}
    return (known.get(found.path.parent) or kind_of(found.tensors())) == "progan"


def small(model: str, perceptor: str) -> bool:
    """Whether the pocket models paint alone."""
    from reverie.recipes import words

    seer = words.best() if perceptor == "auto" else perceptor
    return (model, seer) == (POCKET, "pocket-clip")


def canvas(
    model: str, size: tuple[int, int] | None, usual: Usual, *, space: Any, **fields: Any
) -> "StyleGAN":
    """A canvas of the size that was asked for, or that the network draws; auto: the usual space."""
    from reverie.canvas.stylegan import StyleGAN

    given: dict[str, Any] = fields | ({"size": size} if size else {})
    return StyleGAN(model=model, space=usual.space if space == "auto" else space, **given)


def look(cutouts: int, preset: str) -> "AugmentSpec":
    """How a face is seen: in cutouts, or as a whole, as StyleCLIP shows it."""
    from reverie.augment.cutouts import Cutouts
    from reverie.augment.whole import WholeView
    from reverie.errors import SpecError
    from reverie.spec import from_json

    if preset != "styleclip":
        cut = {"kind": "Cutouts", "count": cutouts, "preset": preset}
        return from_json(cut, Cutouts, "$.cutouts")
    if cutouts != 1:
        raise SpecError(f"cutouts: got {cutouts}; styleclip shows the whole face, once")
    return WholeView()


def wanted(
    scenes: "Scenes",
    perceptor: str,
    usual: Usual,
    cutouts: int | None,
    preset: str,
    distance: "Distance",
) -> "Prompts":
    """The loss on the words. More views than one are cutouts, unless it is said how they are."""
    from reverie.loss.prompts import Prompts
    from reverie.recipes.words import perceptors

    count = usual.cutouts if cutouts is None else cutouts
    if preset == "auto":
        single = usual.preset == "styleclip" and count != 1
        preset = "stylegan3-clip" if single else usual.preset
    elif preset == "styleclip" and cutouts is None:
        count = 1
    return Prompts(
        scenes=scenes,
        perceptors=perceptors(perceptor),
        augment=look(count, preset),
        distance=distance,
    )


def painted(
    canvas: "StyleGAN",
    words: "Prompts",
    optimizer: "OptimizerSpec",
    *,
    init: str,
    steps: int,
    pulls: "Mapping[str, LossSpec]",
    truncation: float | None = None,
    decay: float | None = None,
) -> "tuple[Stage, ...]":
    """The stage in which words and pulls move a face that starts as `init` says. Where that is a
    picture without latents beside it, stages that find them come before.

    Args:
        decay: of the running mean that is shown, if one is.
    """
    import dataclasses

    from reverie.canvas.averaged import Averaged
    from reverie.recipe import Stage
    from reverie.recipes.invert import beginning, inversion, likeness

    before: tuple[Stage, ...] = ()
    if picture := picture_of(init):
        refuse_truncation(init, truncation)
        goal = likeness(picture)
        before = inversion(canvas, beginning(picture, canvas), goal)
    else:
        canvas = dataclasses.replace(canvas, start=start(canvas, init, words, truncation))
    last = Stage(
        canvas=Averaged(canvas=canvas, decay=decay) if decay else canvas,
        losses={"prompts": words, **pulls},
        optimizer=optimizer,
        steps=steps,
        name="face" if before else "",
    )
    return *before, last


def pulls(hold: Number, keep: Number = 0.0) -> "dict[str, LossSpec]":
    """What pulls latents to the mean face and to where they start; nothing for a weight of 0."""
    from reverie.loss.latent import LatentPull

    made: dict[str, LossSpec] = {}
    if hold:
        made["hold"] = LatentPull(weight=hold, towards="zero")
    if keep:
        made["keep"] = LatentPull(weight=keep)
    return made


def start(
    canvas: "StyleGAN", init: str, words: "Prompts", truncation: float | None
) -> "LatentSpec":
    """What `init` names, of all but pictures.

    Raises:
        SpecError: nothing.
    """
    import re

    from reverie.canvas.stylegan_chosen import ChosenCentres, ChosenSeeds
    from reverie.canvas.stylegan_start import MeanLatent, RandomLatent, SeedLatent
    from reverie.recipes.choosing import chosen
    from reverie.recipes.portraits import portrait

    named = re.fullmatch(r"(mean|random)|(seed|best|centres):(\d+)", init)
    how = (named[1] or named[2]) if named else ""
    if how not in ("random", "seed", "best"):
        refuse_truncation(init, truncation)
    if init == "guess" or "=" in init:
        return portrait(init, canvas, words)
    if truncation is None:
        truncation = 1.0 if canvas.model == POCKET else TRUNCATION
    if how == "mean":
        return MeanLatent()
    if how == "random":
        return RandomLatent(truncation=truncation)
    if not named:
        return latents(init)
    number = int(named[3])
    if how == "seed":
        return SeedLatent(seed=number, truncation=truncation)
    if how == "best":
        any_ = ChosenSeeds(seeds=(0,), among=number, truncation=truncation)
    else:
        any_ = ChosenCentres(centres=(0,), among=number)
    return chosen(canvas, words, any_)


def refuse_truncation(init: str, truncation: float | None) -> None:
    from reverie.errors import SpecError

    if truncation is not None:
        raise SpecError(f"truncation: is of seeds, and {init} is none; leave it out")


def picture_of(init: str) -> str | None:
    """The picture that `init` names, if it has no latents beside it."""
    from pathlib import Path

    from reverie import image as images
    from reverie.canvas.stylegan_files import SUFFIX

    if images.is_link(init):
        return init
    path = Path(init).expanduser()
    known = path.suffix.lower() in images.SUFFIXES
    return str(path) if known and not path.with_suffix(SUFFIX).is_file() else None


def latents(init: str) -> "LatentSpec":
    """A file of latents, number 2 in one (`file.npy#2`), or that beside a picture.

    Raises:
        SpecError: there is none.
    """
    from pathlib import Path

    from reverie.errors import SpecError
    from reverie.faces.latents import faces

    if not init or not Path(init.rpartition("#")[0] or init).expanduser().exists():
        raise SpecError(f"init: {init!r} is not {INITS}")
    (face,) = faces(init)
    return face.start
