"""The words for a scene, in many wordings, and every word they can use."""

import re
from dataclasses import dataclass

from reverie.perceptor.pocket_words import words_of
from training.colours import COLOURS, SYNONYMS
from training.concepts import Concept
from training.dice import Chance
from training.wordings import (
    ABOVE,
    ARTS,
    BESIDE,
    COUNTS,
    DYED,
    EMPTY,
    FRAMES,
    GREETING,
    LEFT,
    PLACES,
)

PAIRS = {"beside": BESIDE, "left": LEFT + BESIDE, "above": ABOVE + BESIDE[:1]}
IRREGULAR = {
    "mouse": "mice",
    "goose": "geese",
    "child": "children",
    "woman": "women",
    "man": "men",
    "wolf": "wolves",
    "leaf": "leaves",
    "knife": "knives",
    "foot": "feet",
    "tooth": "teeth",
    "person": "people",
    "fish": "fish",
    "sheep": "sheep",
    "deer": "deer",
}
_VOWEL = re.compile(r"^[aeiou8]")
_GAP = re.compile(r"\{\w\}")


@dataclass(frozen=True)
class Scene:
    """One picture, said exactly.

    things: the concepts, at most two; dyes: a colour name or None for each; naturals: the colour
    that most of each has by itself, or None; count: how many of the first; layout: how two things
    stand; place: a key of PLACES; colours: the two it uses; art: a key of ARTS or None; said: words
    that say it all already (a portrait's).
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


def caption(scene: Scene, chance: Chance, *, always: float = 0.6) -> str:
    """Words for a scene. always: how often it is said where things are."""
    if scene.said:
        words = scene.said
    elif not scene.things:
        words = _in_colours(EMPTY[scene.place], scene, chance)
    else:
        words = _things(scene, chance)
        places = PLACES[scene.place]
        if places and chance() < always:
            place = _in_colours(places, scene, chance)
            words = f"{words}, {place}" if chance() < 0.08 else f"{words} {place}"
    if scene.art is not None and chance() < 0.9:
        words = chance.of(ARTS[scene.art]).format(x=words)
    elif not scene.said:
        words = chance.of(FRAMES).format(x=words)
    return _articles(words)


def plural(noun: str) -> str:
    """The plural of an English noun phrase, by the usual rules."""
    head, _, last = noun.rpartition(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
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
    return frozenset(word for line in said for word in words_of(_GAP.sub(" ", line)))


def _in_colours(lines: tuple[str, ...], scene: Scene, chance: Chance) -> str:
    """One of the lines for a place, with the scene's colours in it."""
    line, (first, second) = chance.of(lines), scene.colours
    return line.format(a=_colour(first, chance), b=_colour(second, chance))


def _colour(name: str, chance: Chance) -> str:
    return chance.of(SYNONYMS[name]) if name in SYNONYMS else name


def _things(scene: Scene, chance: Chance) -> str:
    first = _noun(scene, 0, chance)
    if len(scene.things) == 2:
        return chance.of(PAIRS[scene.layout]).format(x=first, y=_noun(scene, 1, chance))
    if scene.count > 1:
        return f"{chance.of(COUNTS[scene.count])} {first}"
    return first


def _noun(scene: Scene, place: int, chance: Chance) -> str:
    """One of the things with its colour, in the plural or with an article."""
    dye, natural = scene.dyes[place], scene.naturals[place]
    several = place == 0 and scene.count > 1
    noun = _name(scene.things[place], dye, chance)
    noun = plural(noun) if several else noun
    if dye is not None and chance() < 0.92:
        noun = chance.of(DYED).format(c=_colour(dye, chance), n=noun)
    elif dye is None and natural is not None and chance() < 0.2 and natural not in noun:
        noun = f"{_colour(natural, chance)} {noun}"
    elif chance() < 0.06:
        noun = chance.of(GREETING) + noun
    if several:
        return noun
    article = chance()
    return f"a {noun}" if article < 0.62 else f"the {noun}" if article < 0.72 else noun


def _name(thing: Concept, dye: str | None, chance: Chance) -> str:
    """A name or, one time in four, a keyword. Dyed things have no name with a colour in it."""
    if chance() >= 0.75 and thing.keywords:
        return chance.of(thing.keywords)
    name = thing.name if chance() < 0.5 else chance.of(thing.names)
    if dye is not None and _says_colour(name):
        plain = [name for name in thing.names if not _says_colour(name)]
        return chance.of(plain) if plain else name
    return name


def _says_colour(name: str) -> bool:
    return not COLOURS.keys().isdisjoint(name.split())


def _articles(words: str) -> str:
    """`a` before a consonant, `an` before a vowel."""
    parts = words.split(" ")
    for at in range(len(parts) - 1):
        if parts[at] in ("a", "an"):
            parts[at] = "an" if _VOWEL.match(parts[at + 1]) else "a"
    return " ".join(part for part in parts if part)
