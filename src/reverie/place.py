"""Where in a picture: a box in shares of its width and height, by name or by four numbers.

    left, right, top, bottom                  halves
    top left, bottom right, ...               quarters
    centre                                    the quarter in the middle
    left third, middle third, right third     one of three columns
    top third, bottom third                   the first and the last of three rows
    0.5,0.5,0.5,0.5 or 50%,50%,50%,50%        left, top, width, height

Names may be said in other ways: "the upper left corner", "left half", "bottom-right", "middle".
"""

import difflib
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from reverie.errors import SpecError

if TYPE_CHECKING:
    from torch import Tensor

Box: TypeAlias = tuple[float, float, float, float]  # left, top, width, height
Size = tuple[int, int]  # width, height

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
NAMES: dict[str, Box] = {
    "left": (0.0, 0.0, 0.5, 1.0), "right": (0.5, 0.0, 0.5, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5), "bottom": (0.0, 0.5, 1.0, 0.5),
    "top left": (0.0, 0.0, 0.5, 0.5), "top right": (0.5, 0.0, 0.5, 0.5),
    "bottom left": (0.0, 0.5, 0.5, 0.5), "bottom right": (0.5, 0.5, 0.5, 0.5),
    "centre": (0.25, 0.25, 0.5, 0.5),
    "left third": (0.0, 0.0, 1 / 3, 1.0), "middle third": (1 / 3, 0.0, 1 / 3, 1.0),
    "right third": (2 / 3, 0.0, 1 / 3, 1.0),
    "top third": (0.0, 0.0, 1.0, 1 / 3), "bottom third": (0.0, 2 / 3, 1.0, 1 / 3),
}  # fmt: skip
SAME = {"center": "centre", "middle": "centre", "upper": "top", "lower": "bottom"}
IDLE = {"the", "half", "corner", "side"}  # "the left side" is "left"
LEAST = 8  # pixels a side, for there is nothing to see in less
SLACK = 1e-6  # of sums of shares such as 0.7 + 0.3
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
NUMBERS = re.compile(rf"(?i){NUMBER}%?(?:\s*,\s*{NUMBER}%?)+|{NUMBER}%?(?:\s+{NUMBER}%?){{3}}")
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
PLACED = re.compile(r"(.*\S)\s+@\s+(\S.*)", re.DOTALL)


def split(text: str) -> tuple[str, Box | None]:
    """Words and their place: "a fox @ left" -> "a fox" and its box. Without a place, all is words.

    Raises:
        SpecError: what stands after the last " @ " is meant as a place, and is none.
    """
    found = PLACED.fullmatch(text)
    box = read(found[2]) if found else None
    return (found[1], box) if found and box else (text, None)


def read(text: str) -> Box | None:
    """The box that a name or four numbers mean; None for all other words.

    Raises:
        SpecError: numbers that are no box, or a name that is nearly right.
    """
    text = text.strip()
    if NUMBERS.fullmatch(text) and not THOUSANDS.fullmatch(text):
        parts = re.split(r"\s*,\s*|\s+", text)
        return check(tuple(float(n.rstrip("%")) / (100 if "%" in n else 1) for n in parts))
    words = _words(text)
    for name, box in NAMES.items():
        if words and sorted(words) == sorted(_words(name)):
            return box
    near = difflib.get_close_matches(" ".join(words), NAMES, n=1, cutoff=0.85)
    if near and ":" not in text:  # "top left:2" has a weight
        raise SpecError(rf"there is no place {text!r}; is {near[0]!r} meant? ('\@' makes it words)")
    return None


def _words(text: str) -> list[str]:
    said = re.split(r"[\s-]+", text.lower())
    return [SAME.get(word, word) for word in said if word not in IDLE]


def check(box: tuple[float, ...]) -> Box:
    """The same box.

    Raises:
        SpecError: it is not four shares that lie in the picture.
    """
    wanted = "a box is left,top,width,height in shares of the picture, such as 0,0,0.5,1"
    if len(box) != 4:
        raise SpecError(rf"{wanted}; got {len(box)} of these ('\@' makes it words)")
    left, top, width, height = box
    inside = left >= 0 and top >= 0 and left + width <= 1 + SLACK and top + height <= 1 + SLACK
    if not (all(map(math.isfinite, box)) and inside and min(width, height) > 0):
        raise SpecError(f"{wanted}; {written(box)} does not lie in the picture, 0 to 1")
    return left, top, width, height


def written(box: tuple[float, ...]) -> str:
    """What `read` reads as this box: its name, if it has one."""
    named = next((name for name, known in NAMES.items() if known == box), None)
    return named or ",".join(f"{x:g}" if float(f"{x:g}") == x else repr(float(x)) for x in box)


def pixels(box: Box | None, size: Size) -> tuple[int, int, int, int]:
    """Its edges in a picture: left, top, right, bottom. Boxes that share an edge share it there,
    and none is less than 8 pixels a side, unless the picture is."""
    left, top, width, height = box or WHOLE
    across, down = _edges(left, width, size[0]), _edges(top, height, size[1])
    return across[0], down[0], across[1], down[1]


def _edges(start: float, length: float, side: int) -> tuple[int, int]:
    first, last = round(start * side), min(round((start + length) * side), side)
    missing = max(min(LEAST, side) - (last - first), 0)
    first = min(max(first - missing // 2, 0), side - min(LEAST, side)) if missing else first
    return first, max(last, first + min(LEAST, side))


def narrowed(box: Box, by: Sequence[float]) -> Box:
    """A box whose left, top, right and bottom edges move inwards by shares of its sides; an edge
    that is one of the picture stays."""
    left, top, width, height = box
    right, bottom = left + width, top + height
    moved = (
        left + by[0] * width * (left > SLACK),
        top + by[1] * height * (top > SLACK),
        right - by[2] * width * (right < 1 - SLACK),
        bottom - by[3] * height * (bottom < 1 - SLACK),
    )
    return moved[0], moved[1], moved[2] - moved[0], moved[3] - moved[1]


def cropped(image: "Tensor", box: Box | None) -> "Tensor":
    """The part of pictures `[b, 3, h, w]` that a box holds; None: all of them, as they are."""
    if box is None:
        return image
    left, top, right, bottom = pixels(box, (image.shape[-1], image.shape[-2]))
    return image[..., top:bottom, left:right]
