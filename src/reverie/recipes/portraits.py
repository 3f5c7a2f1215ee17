"""What of a face some words speak of: a face for the StyleGAN in the package to start from.

Source: looking for what fits words among things that can be named, as in FuseDream (Liu et al.
2021); greedy forward selection.
Differs: colours are read from the words themselves, for the perceptor in the package knows no word
order: to it, blue eyes are a blue face as well.
"""

from typing import TYPE_CHECKING

import torch

from reverie.canvas.portrait import MODEL, WORD, Numbers, Portrait, Space, space
from reverie.canvas.stylegan import built
from reverie.device import machine
from reverie.perceptor.pocket import Pocket
from reverie.protocols import Draws, Moment, parts
from reverie.recipes.guess import attracting
from reverie.recipes.portrait_words import is_named, named_kinds, told_by, words_in

if TYPE_CHECKING:
    from reverie.canvas.stylegan import StyleGAN
    from reverie.loss.prompts import Prompts

AT_ONCE = 32  # faces drawn and seen together
SLACK = 0.06  # so much better must fit what nobody has asked for, as a cosine
ASKED = 0.05  # so much less must fit a colour that the words name
STRANGE = 0.3  # so much better must a character fit that the words do not name
MOST = 8  # changes of a face
FEW = 4  # faces that say what is changed in all of them
SOLID = ("kind", "backdrop")  # what no change touches


def portrait(init: str, canvas: "StyleGAN", words: "Prompts") -> Portrait:
    """A face as it is said to be, `hair_colour=red,hat=crown`, or as words speak of: `guess`.

    Raises:
        SpecError: the network is another than that in the package, or there is no such trait.
    """
    from reverie.errors import SpecError

    if canvas.model != MODEL:
        raise SpecError(f"init: {init} is for {MODEL} alone; best:32 is for {canvas.model}, too")
    if init == "guess":
        return described(canvas, words)
    traits = tuple(part.strip() for part in init.split(","))
    space().checked(traits)
    return Portrait(traits=traits)


def described(canvas: "StyleGAN", words: "Prompts") -> Portrait:
    """The face that fits the words best, as far as what is seen of it goes. Always on the CPU, in
    fp32, so that a recipe is the same everywhere.

    Args:
        canvas: of the network in the package.
    """
    said = attracting(words.scenes[0]).lower()
    eye, known = Beholder(canvas, words), space()
    told, free = told_by(said, known)
    face = eye.first(told, said)
    told |= eye.named(known.numbers(face)[None], said, told)
    face |= hatted(told | eye.changes(known.numbers(face)[None], told, free), known)
    return Portrait(
        traits=tuple(f"{name}{WORD}{value}" for name, value in face.items()), guessed=True
    )


def traits_for(text: str, rows: Numbers) -> dict[str, str]:
    """What faces must have to be as a text says: `hat=crown,mouth=angry`, or words. These change
    what they name; where they name nothing, the one thing that makes faces fit them best, if any.

    Args:
        rows: the faces, as numbers: `[faces, numbers]`.

    Raises:
        SpecError: there is no such trait.
    """
    from reverie import prompt as prompts
    from reverie.canvas.stylegan import StyleGAN
    from reverie.recipes import faces
    from reverie.recipes.clip_stylegan import SMALL

    if WORD in text:
        return space().checked(text.split(","))
    words = faces.wanted(prompts.parse(text), "pocket-clip", SMALL, None, "auto", "cosine")
    said = attracting(words.scenes[0]).lower()
    told, free = told_by(said, space())
    own: dict[str, str] = {}
    for kind in named_kinds(said, space()):
        own |= {"kind": kind} | space().usual[kind]  # all that belongs to it
    eye = Beholder(StyleGAN(model=MODEL), words)
    rows = space().changed(rows[:FEW].cpu(), own)
    told = own | told
    told |= eye.named(rows, said, told)
    if not told and not Pocket().build(machine("cpu", "fp32")).words.read(said).guessed:
        told = eye.changes(rows, told, free, most=1)
    return hatted(told, space())


class Beholder:
    """Draws faces by their traits and says how well they fit the words of a loss."""

    def __init__(self, canvas: "StyleGAN", words: "Prompts") -> None:
        import dataclasses

        from reverie.augment.whole import WholeView

        on = machine("cpu", "fp32")
        self.network = built(MODEL, on)
        seen = dataclasses.replace(words, augment=WholeView())
        self.loss = seen.build(canvas.build(on, [0]), on)

    @torch.no_grad()
    def scores(self, rows: Numbers) -> torch.Tensor:
        """How well faces fit, the higher the better: `[faces, numbers]` -> `[faces]`."""
        found = []
        for some in space().points(rows).split(AT_ONCE):
            ws = some[:, None].expand(-1, self.network.num_ws, -1)
            pictures = ((self.network.synthesis(ws) + 1) / 2).clamp(0, 1)
            moment = Moment(0, 0.0, Draws([0] * len(some), 0))
            found.append(-torch.stack([*parts(self.loss(pictures, moment))]).sum(0))
        return torch.cat(found)

    def first(self, told: dict[str, str], said: str) -> dict[str, str]:
        """The ordinary face that fits best, with what is told of it: a person of any age, or a
        character."""
        known = space()
        person, genders = known.usual["person"], known.choices["gender"]
        people = [
            person | {"gender": gender, "age": age}
            for gender in genders
            for age in known.choices["age"]
        ]
        others = [
            person | {"gender": gender} | own
            for kind, own in known.usual.items()
            if kind != "person"
            for gender in genders
        ]
        faces = [face | told for face in (*people, *others)]
        usual = {"person", *named_kinds(said, known)}
        strange = [
            STRANGE * (face["kind"] not in usual) + SLACK * (face["age"] != "adult")
            for face in faces
        ]
        scores = self.scores(torch.stack([known.numbers(face) for face in faces]))
        return faces[int((scores - torch.tensor(strange)).argmax())]

    def named(self, rows: Numbers, said: str, told: dict[str, str]) -> dict[str, str]:
        """What words name besides: of all that one word may mean, what makes faces fit best."""
        known, read = space(), words_in(said)
        meant: dict[str, list[dict[str, str]]] = {}
        for name, values in known.choices.items():
            if name not in (*SOLID, *told, *known.common):
                for value in (value for value in values if is_named(name, value, read)):
                    meant.setdefault(value.split()[-1], []).append({name: value})
        found: dict[str, str] = {}
        for options in meant.values():
            tried = torch.stack([known.changed(rows, option) for option in options])
            found = options[int(self.mean_scores(tried).argmax())] | found
        return found

    def mean_scores(self, tried: Numbers) -> torch.Tensor:
        """`[options, faces, numbers]` -> `[options]`"""
        return self.scores(tried.flatten(0, 1)).unflatten(0, tried.shape[:2]).mean(1)

    def changes(
        self, rows: Numbers, told: dict[str, str], free: set[str], most: int = MOST
    ) -> dict[str, str]:
        """What else makes faces fit better, found one by one, the best first.

        Args:
            rows: the faces, which are changed together.
            told: what is known already, and stays.
            free: colours that may be of anything.
        """
        known, found, free = space(), dict[str, str](), set(free)
        rows = known.changed(rows, told)
        best = self.scores(rows).mean()
        for _ in range(most):
            options = [
                (name, value)
                for name, values in known.choices.items()
                if name not in (*SOLID, *told, *found)
                for value in values
                if name not in known.common or value in free
            ]
            tried = torch.stack([known.changed(rows, dict([option])) for option in options])
            scores = self.mean_scores(tried)
            asked = [ASKED * (name in known.common) for name, _ in options]  # a colour was said
            worth = scores - best + torch.tensor(asked)
            if worth.max() < SLACK:
                break
            at = int(worth.argmax())
            name, found[name] = options[at][0], options[at][1]
            free.discard(found[name])
            rows, best = tried[at], scores[at]
        return found


def hatted(found: dict[str, str], known: Space) -> dict[str, str]:
    """Traits, with the colour that a hat has on the character it belongs to, if none is said."""
    usual = {own["hat"]: own["hat_colour"] for own in known.usual.values() if "hat_colour" in own}
    colour = usual.get(found.get("hat", ""))
    return found if colour is None else {"hat_colour": colour} | found
