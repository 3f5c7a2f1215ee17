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
    inside: list[list[tuple[Thing, ...]]] = []
    behind: list[str] = []
    for words, box in parts:
        own = Guesser(words, on)
        if landscape := [] if own.named() else [PLACES[w] for w in own.read if w in PLACES]:
            behind += landscape
        else:
            inside.append([within(box, found) for found in own.guess()])
            behind += own.places().values()
    reader = Guesser(whole or ", ".join(words for words, _ in parts), on)
    named = reader.named()
    if whole and (named or not inside):
        bases = reader.guess()
    else:
        bases = [Arrangement(things=())]
        behind = [*reader.places().values(), *behind]
    found: list[Arrangement] = []
    for k in range(max(map(len, (bases, *inside)))):
        base, *others = (ways[min(k, len(ways) - 1)] for ways in (bases, *inside))
        if not base.things:
            base = reader.backed(base, behind)
        things = (*base.things, *(thing for some in others for thing in some))
        found.append(dataclasses.replace(base, things=things))
    return found


def within(box: Box, arrangement: Arrangement) -> tuple[Thing, ...]:
    """The things of an arrangement, in a part of the picture."""
    things = arrangement.things
    size = {"size": ALONE} if len(things) == 1 else {}
    return tuple(dataclasses.replace(thing, box=box, **size) for thing in things)
