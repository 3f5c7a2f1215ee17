"""What a scene should hold whose words have places: each part has what its own words name."""

import dataclasses
from collections.abc import Sequence

from reverie.canvas.scene import Arrangement, Thing
from reverie.place import Box
from reverie.protocols import Machine
from reverie.recipes.guess import Guesser
from reverie.recipes.guess_words import PLACES

ALONE = 0.95  # size of the only thing of a part, which has no other room around it


def together(whole: str, parts: Sequence[tuple[str, Box]], on: Machine) -> list[Arrangement]:
    """Arrangements with the things of all parts, before what the other words name.

    Args:
        whole: words for the whole picture, or "".
        parts: words and their boxes. Where they name no thing but a place, such as "a lake", it is
            what is behind everything, for there is one background.
    """
    readers = [(Guesser(words, on), box) for words, box in parts]
    things = [own.named() for own, _ in readers]
    inside: list[list[tuple[Thing, ...]]] = []
    behind: list[str] = []
    for (own, box), named in zip(readers, things, strict=True):
        landscape = [PLACES[word] for word in own.read if word in PLACES]
        if landscape and not named and (whole or any(things)):
            behind += landscape
        else:
            inside.append([within(box, found) for found in own.guess()])
            behind += own.places().values()
    reader = Guesser(whole or ", ".join(words for words, _ in parts), on)
    if (reader.named() and whole) or not inside:
        bases = reader.guess()
    else:
        bases = [Arrangement(things=())]
        behind = [*reader.places().values(), *behind]
    found: list[Arrangement] = []
    for k in range(max(map(len, (bases, *inside)))):
        base = bases[min(k, len(bases) - 1)]
        others = [ways[min(k, len(ways) - 1)] for ways in inside]
        placed = tuple(thing for some in others for thing in some)
        full = dataclasses.replace(base, things=(*base.things, *placed))
        settled = base.things and (base.place != "plain" or not behind)
        found.append(full if settled else reader.backed(full, behind))
    return found


def within(box: Box, arrangement: Arrangement) -> tuple[Thing, ...]:
    """The things of an arrangement, in a part of the picture."""
    things = arrangement.things
    size = {"size": ALONE} if len(things) == 1 else {}
    return tuple(dataclasses.replace(thing, box=box, **size) for thing in things)
