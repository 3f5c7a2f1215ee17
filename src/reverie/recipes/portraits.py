"""What of a face some words speak of: a face for the StyleGAN in the package to start from.

Source: looking for what fits words among things that can be named, as in FuseDream (Liu et al.
2021); greedy forward selection.
Differs: colours are read from the words themselves, for the perceptor in the package knows no word
order: to it, blue eyes are a blue face as well.
"""

import re
from typing import TYPE_CHECKING

import torch

from reverie.canvas.portrait import MODEL, WORD, Numbers, Portrait, Space, space
from reverie.canvas.stylegan import built
from reverie.device import machine
from reverie.perceptor.pocket import Pocket
from reverie.protocols import Draws, Moment, parts
from reverie.recipes.guess import attracting

if TYPE_CHECKING:
    from reverie.canvas.stylegan import StyleGAN
    from reverie.loss.prompts import Prompts

AT_ONCE = 32  # faces drawn and seen together
SLACK = 0.06  # so much better must fit what nobody has asked for, as a cosine
ASKED = 0.05  # so much worse may fit what the words name
STRANGE = 0.3  # so much better must a character fit that the words do not name
MOST = 8  # changes of a face
FEW = 4  # faces that say what is changed in all of them
REACH = 3  # words from a colour to what has it: "long red curly hair"
SOLID = ("kind", "backdrop")  # what no change touches
NOUNS = {
    "hair": "hair_colour", "haired": "hair_colour", "beard": "hair_colour",
    "bearded": "hair_colour", "moustache": "hair_colour", "mustache": "hair_colour",
    "eyes": "eye_colour", "eye": "eye_colour", "eyed": "eye_colour",
    "skin": "skin", "skinned": "skin", "face": "skin", "faced": "skin",
    "hat": "hat_colour", "cap": "hat_colour", "beanie": "hat_colour", "hood": "hat_colour",
    "crown": "hat_colour", "shirt": "clothes_colour", "dress": "clothes_colour",
    "suit": "clothes_colour", "robe": "clothes_colour", "cape": "clothes_colour",
    "clothes": "clothes_colour", "hoodie": "clothes_colour", "jacket": "clothes_colour",
    "coat": "clothes_colour", "top": "clothes_colour", "sweater": "clothes_colour",
    "background": "background", "backdrop": "background", "wall": "background", "lips": "lips",
}  # fmt: skip
TOLD = {  # words that leave no doubt
    **dict.fromkeys(("woman", "girl", "lady", "queen", "mother", "grandmother"), "gender=female"),
    **dict.fromkeys(("man", "boy", "gentleman", "king", "father", "grandfather"), "gender=male"),
    **dict.fromkeys(("old", "elderly"), "age=old,wrinkles=wrinkles"),
    **dict.fromkeys(("child", "kid", "boy", "girl"), "age=child"),
    "baby": "age=baby",
    "lipstick": "lips=lipstick",
    "lips": "lips=lipstick",
}
COLOURS = {  # a word -> what it may be called among the values of an attribute
    "red": ("red", "glowing red"), "orange": ("orange", "red", "amber"),
    "yellow": ("yellow", "blonde", "glowing yellow"), "green": ("green",), "teal": ("teal",),
    "turquoise": ("teal",), "blue": ("blue",), "purple": ("purple",), "violet": ("purple",),
    "pink": ("pink",), "brown": ("brown",), "black": ("black", "dark"), "white": ("white", "pale"),
    "grey": ("grey",), "gray": ("grey",), "silver": ("grey",), "gold": ("yellow", "blonde"),
    "golden": ("yellow", "blonde"), "blonde": ("blonde", "yellow"), "blond": ("blonde", "yellow"),
    "ginger": ("red",), "amber": ("amber",), "pale": ("pale",), "dark": ("dark", "dark brown"),
    "light": ("light",), "tan": ("tan",), "tanned": ("tan",),
}  # fmt: skip
HAIR = {
    "blonde": "blonde",
    "blond": "blonde",
    "redhead": "red",
    "ginger": "red",
    "brunette": "brown",
}  # fmt: skip  (what these say without a noun)


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
    face |= eye.changes(known.numbers(face)[None], said, told, free)
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
    found = eye.changes(rows, said, told, free)
    asked = {name: value for name, value in found.items() if is_named(value, words_in(said))}
    told = own | told | asked
    unknown = Pocket().build(machine("cpu", "fp32")).words.read(said).guessed
    return told if told or unknown else dict([*found.items()][:1])


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

    def changes(
        self, rows: Numbers, said: str, told: dict[str, str], free: set[str], most: int = MOST
    ) -> dict[str, str]:
        """What else makes faces fit better, found one by one, the best first.

        Args:
            rows: the faces, which are changed together.
            said: words; what they name, by its last word, needs to fit no better.
            told: what is known already, and stays.
            free: colours that may be of anything.
        """
        known, found, free = space(), dict[str, str](), set(free)
        rows = known.changed(rows, told)
        best, read = self.scores(rows).mean(), words_in(said)
        for _ in range(most):
            options = [
                (name, value)
                for name, values in known.choices.items()
                if name not in (*SOLID, *told, *found)
                for value in values
                if name not in known.common or value in free
            ]
            tried = torch.stack([known.changed(rows, dict([option])) for option in options])
            scores = self.scores(tried.flatten(0, 1)).unflatten(0, tried.shape[:2]).mean(1)
            asked = [ASKED * is_named(value, read) for _, value in options]
            worth = scores - best + torch.tensor(asked)
            if worth.max() < SLACK:
                break
            at = int(worth.argmax())
            name, found[name] = options[at][0], options[at][1]
            free.discard(found[name])
            rows, best = tried[at], scores[at]
        return found


def told_by(said: str, known: Space) -> tuple[dict[str, str], set[str]]:
    """What words leave no doubt of, and the colours that they give to nothing in particular."""
    told, free = colours_said(said, known)
    for word in words_in(said):
        if word in TOLD:
            told |= known.checked(TOLD[word].split(","))
    return told, free


def words_in(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text)


def is_named(value: str, read: list[str]) -> bool:
    """Whether words name a value, by its last word: "smiling" is a smile, "glasses" any glasses."""
    last = value.split()[-1]
    forms = (last, f"{last}s", f"{last}y", f"{last}ing", f"{last.removesuffix('e')}ing")
    return any(form in read for form in forms)


def named_kinds(said: str, known: Space) -> list[str]:
    """The characters that words name; a witch hat names none, nor is a person one."""
    others = (kind for kind in known.usual if kind != "person")
    return [kind for kind in others if re.search(rf"\b{kind}s?\b(?! hats?\b)", said)]


def colours_said(words: str, known: Space) -> tuple[dict[str, str], set[str]]:
    """The colours that words give to something, by attribute, and those that they give to nothing.

    ("long red hair and a green hat", ...) -> {"hair_colour": "red", "hat_colour": "green"}, set()
    """
    read = words_in(words)
    bound: dict[str, str] = {}
    free: set[str] = set()
    for at, word in enumerate(read):
        if word in HAIR and "hair_colour" not in bound:
            bound["hair_colour"] = HAIR[word]
        if word not in COLOURS:
            continue
        after = read[at + 1 : at + 1 + REACH]
        until = next((i for i, other in enumerate(after) if other in COLOURS), len(after))
        named = [NOUNS[other] for other in after[:until] if other in NOUNS]
        values = [v for v in COLOURS[word] if named and v in known.choices[named[0]]]
        if values:
            bound[named[0]] = values[0]
        elif not named and word not in HAIR:
            free |= set(COLOURS[word])
    return bound, free
