"""The words for a scene, in many wordings, and every word they can use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from reverie.perceptor.pocket_words import words_of
from training.colours import COLOURS, NAMES, SYNONYMS
from training.concepts import Concept

T = TypeVar("T")

PLACES: dict[str, tuple[str, ...]] = {
    "plain": ("on a {a} background", "on {a}", "in front of a {a} wall", "against {a}",
              "with a {a} background", "{a} background"),
    "gradient": ("on a {a} and {b} gradient", "with a {a} and {b} background"),
    "stripes": ("on {a} and {b} stripes", "on a striped background", "with {a} stripes behind"),
    "dots": ("on {b} polka dots", "on a dotted background", "with {b} dots behind"),
    "checks": ("on a checkered background", "on {a} and {b} checks", "on a chessboard pattern"),
    "blobs": (),
    "night": ("at night", "in the night", "under the stars", "under a starry sky",
              "in the moonlight", "in the dark"),
    "sky": ("in the sky", "in a blue sky", "among the clouds", "on a sunny day", "under the sky"),
    "sunset": ("at sunset", "in the evening", "at sunrise", "in front of a sunset"),
    "forest": ("in a forest", "in the woods", "among trees", "in the jungle"),
    "sea": ("at sea", "on the sea", "on the ocean", "on the water", "on a lake"),
    "underwater": ("under water", "underwater", "under the sea", "in deep water"),
    "beach": ("on the beach", "at the beach", "on the sand by the sea", "on the shore"),
    "desert": ("in the desert", "in the sand", "among dunes"),
    "grass": ("on the grass", "in a meadow", "in a field", "in a garden", "on a green lawn"),
    "mountains": ("in the mountains", "before mountains", "on a mountain", "in a valley"),
    "snow": ("in the snow", "in winter", "on snow", "in a snowy landscape"),
    "fire": ("in the fire", "on fire", "in flames", "in hell", "in lava"),
    "city": ("in the city", "in a street", "in town", "before skyscrapers", "downtown"),
    "room": ("in a room", "at home", "in a house", "indoors", "by the window"),
    "table": ("on a {a} table", "on a table", "on top of a {a} table", "on the {a} table"),
    "space": ("in space", "in outer space", "in the galaxy", "among the stars", "in the universe"),
    "rain": ("in the rain", "on a rainy day", "in a storm", "in bad weather"),
}
EMPTY: dict[str, tuple[str, ...]] = {
    "plain": ("{a}", "a {a} wall", "plain {a}", "the colour {a}", "the color {a}"),
    "gradient": ("a {a} and {b} gradient",), "stripes": ("{a} and {b} stripes", "stripes"),
    "dots": ("{b} polka dots", "dots"), "checks": ("a {a} and {b} chessboard", "checks"),
    "blobs": ("{a} and {b} clouds", "abstract {a} and {b}"),
    "night": ("the night sky", "a starry night", "night", "a night landscape"),
    "sky": ("a blue sky", "the sky with clouds", "clouds"),
    "sunset": ("a sunset", "a sunrise", "the evening sun"),
    "forest": ("a forest", "the woods", "trees", "a jungle"),
    "sea": ("the sea", "the ocean", "a lake", "water and waves"),
    "underwater": ("an underwater scene", "the deep sea"),
    "beach": ("a beach", "the sea shore"), "desert": ("a desert", "dunes of sand"),
    "grass": ("a meadow", "a green field", "grass"), "mountains": ("mountains", "a valley"),
    "snow": ("a snowy landscape", "snow", "winter"), "fire": ("fire", "flames", "lava"),
    "city": ("a city", "a street", "skyscrapers", "a town"), "room": ("a room", "an empty room"),
    "table": ("a {a} table", "an empty table"), "space": ("outer space", "a galaxy", "stars"),
    "rain": ("rain", "a rainy day", "a storm"),
}
ARTS: dict[str, tuple[str, ...]] = {
    "pixel art": ("pixel art of {x}", "{x}, pixel art", "{x} as pixel art", "8-bit {x}", "pixelated {x}"),
    "pencil": ("a pencil drawing of {x}", "a pencil sketch of {x}", "{x}, pencil sketch", "a sketch of {x}"),
    "mosaic": ("a mosaic of {x}", "{x}, mosaic", "{x} as a mosaic", "tiles showing {x}"),
    "stained glass": ("stained glass of {x}", "{x} in stained glass", "a stained glass window of {x}"),
    "watercolour": ("a watercolour of {x}", "{x}, watercolour", "a watercolor painting of {x}", "{x} in watercolour"),
    "oil": ("an oil painting of {x}", "{x}, oil painting", "{x}, oil on canvas", "a painting of {x}"),
    "black and white": ("a black and white picture of {x}", "{x}, black and white", "{x} in black and white", "monochrome {x}"),
    "neon": ("neon {x}", "{x} in neon", "{x}, neon lights", "a neon sign of {x}", "glowing {x}"),
}
FRAMES = ("{x}",) * 9 + (
    "a picture of {x}", "a drawing of {x}", "an image of {x}", "an illustration of {x}", "a photo of {x}",
    "an emoji of {x}", "a cartoon of {x}", "{x}, clip art",
)
BESIDE = ("{x} and {y}", "{x} next to {y}", "{x} beside {y}", "{x} with {y}", "{y} and {x}")
LEFT = ("{x} to the left of {y}", "{x} left of {y}", "{y} to the right of {x}", "{y} right of {x}")
ABOVE = ("{x} above {y}", "{x} over {y}", "{x} on top of {y}", "{y} below {x}", "{y} under {x}")
COUNTS = {2: ("two", "two", "2", "a pair of", "a couple of"), 3: ("three", "three", "3")}
DYED = ("{c} {n}", "{c} {n}", "{c} {n}", "{n} that is {c}", "{c} coloured {n}", "{c} colored {n}")
GREETING = ("", "", "", "cute ", "small ", "big ", "happy ", "beautiful ", "funny ", "little ", "old ")
VOWEL = re.compile(r"^[aeiou8]")


@dataclass(frozen=True)
class Scene:
    """One picture, said exactly.

    things: the concepts, at most two; dyes: a colour name or None for each; count: how many of the
    first; layout: how two things stand; place: a key of PLACES; colours: the two it uses; art: a key
    of ARTS or None; said: words that say it all already (a portrait's).
    """

    things: tuple[Concept, ...] = ()
    dyes: tuple[str | None, ...] = ()
    naturals: tuple[str | None, ...] = ()
    count: int = 1
    layout: str = "one"
    place: str = "plain"
    colours: tuple[str, str] = ("white", "white")
    art: str | None = None
    said: str = ""


class Chance:
    """Choices out of one generator, cheap enough for a thousand captions a second."""

    def __init__(self, draws: torch.Generator, count: int = 4096):
        self._draws, self._count = draws, count
        self._kept: list[float] = []

    def __call__(self) -> float:
        if not self._kept:
            device = self._draws.device
            self._kept = torch.rand(self._count, generator=self._draws, device=device).tolist()
        return self._kept.pop()

    def of(self, choices: Sequence[T]) -> T:
        return choices[int(self() * len(choices))]


def caption(scene: Scene, chance: Chance, *, always: float = 0.6) -> str:
    """Words for a scene. `always`: how often place and natural colours are said."""
    if scene.said:
        words = scene.said
    elif not scene.things:
        words = chance.of(EMPTY[scene.place]).format(**_two(scene, chance))
    else:
        words = _things(scene, chance)
        places = PLACES[scene.place]
        if places and chance() < always:
            place = chance.of(places).format(**_two(scene, chance))
            words = f"{words}, {place}" if "{a} back" in place or chance() < 0.08 else f"{words} {place}"
    if scene.art is not None and chance() < 0.9:
        words = chance.of(ARTS[scene.art]).format(x=words)
    elif not scene.said:
        words = chance.of(FRAMES).format(x=words)
    return _articles(words)


def plural(noun: str) -> str:
    """The plural of an English noun phrase, by the usual rules."""
    head, _, last = noun.rpartition(" ")
    irregular = {"mouse": "mice", "goose": "geese", "child": "children", "woman": "women",
                 "man": "men", "wolf": "wolves", "leaf": "leaves", "knife": "knives", "foot": "feet",
                 "tooth": "teeth", "person": "people", "fish": "fish", "sheep": "sheep", "deer": "deer"}
    if last in irregular:
        last = irregular[last]
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last = last if last.endswith("s") and not last.endswith("ss") else last + "es"
    elif re.search(r"[^aeiou]y$", last):
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head} {last}".strip()


def vocabulary(things: list[Concept]) -> frozenset[str]:
    """Every word that a caption can hold."""
    said: list[str] = list(COLOURS)
    for table in (PLACES, EMPTY, ARTS):
        said += [line for lines in table.values() for line in lines]
    said += [*FRAMES, *BESIDE, *LEFT, *ABOVE, *DYED, *GREETING, "a an the no"]
    said += [word for words in (*COUNTS.values(), *SYNONYMS.values()) for word in words]
    for thing in things:
        for name in (*thing.names, *thing.keywords):
            said += [name, plural(name)]
    return frozenset(word for line in said for word in words_of(re.sub(r"\{\w\}", " ", line)))




def place_words(kind: str) -> list[str]:
    """The words that speak of a place and not of another: "sea", "ocean", "lake" ..."""
    said = {
        name: {word for line in (*PLACES[name], *EMPTY[name])
               for word in words_of(re.sub(r"\{\w\}", " ", line))}
        for name in PLACES
    }
    others = [words for name, words in said.items() if name != kind]
    return sorted(word for word in said[kind] if len(word) > 2
                  and not any(word in words for words in others))


def _two(scene: Scene, chance: Chance) -> dict[str, str]:
    first, second = scene.colours
    return {"a": _colour(first, chance), "b": _colour(second, chance)}


def _colour(name: str, chance: Chance) -> str:
    return chance.of(SYNONYMS[name]) if name in SYNONYMS else name


def _noun(scene: Scene, place: int, chance: Chance) -> str:
    thing = scene.things[place]
    dye = scene.dyes[place]
    if chance() < 0.75 or not thing.keywords:
        noun = thing.name if chance() < 0.5 else chance.of(thing.names)
        if dye is not None and not COLOURS.keys().isdisjoint(noun.split()):
            plain = [name for name in thing.names if COLOURS.keys().isdisjoint(name.split())]
            noun = chance.of(plain) if plain else noun
    else:
        noun = chance.of(thing.keywords)
    if place == 0 and (scene.count > 1):
        noun = plural(noun)
    natural = scene.naturals[place]
    if dye is not None and chance() < 0.92:
        noun = chance.of(DYED).format(c=_colour(dye, chance), n=noun)
    elif dye is None and natural is not None and chance() < 0.2 and natural not in noun:
        noun = f"{_colour(natural, chance)} {noun}"
    elif chance() < 0.06:
        noun = chance.of(GREETING) + noun
    if scene.count == 1 or place == 1:
        draw = chance()
        noun = f"a {noun}" if draw < 0.62 else f"the {noun}" if draw < 0.72 else noun
    return noun


def _things(scene: Scene, chance: Chance) -> str:
    first = _noun(scene, 0, chance)
    if len(scene.things) == 2:
        forms = {"beside": BESIDE, "left": LEFT + BESIDE, "above": ABOVE + BESIDE[:1]}[scene.layout]
        return chance.of(forms).format(x=first, y=_noun(scene, 1, chance))
    if scene.count > 1:
        return f"{chance.of(COUNTS[scene.count])} {first}"
    return first


def _articles(words: str) -> str:
    """`a` before a consonant, `an` before a vowel."""
    parts = words.split(" ")
    for at in range(len(parts) - 1):
        if parts[at] in ("a", "an"):
            parts[at] = "an" if VOWEL.match(parts[at + 1]) else "a"
    return " ".join(part for part in parts if part)
