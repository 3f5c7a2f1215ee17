"""What the commands for drawings share: which drawing a file holds, lengths on paper."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Token

from reverie.cli.options import typed

if TYPE_CHECKING:
    from reverie.render import Shapes

UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4}  # millimetres


def read_length(_: Any, tokens: Sequence[Token]) -> float:
    """`200mm`, `20cm`, `8in` as millimetres."""
    text = tokens[0].value.strip().lower()
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(mm|cm|in|)", text)
    if not found or not (found[2] or float(found[1]) == 0):
        raise ValueError(f"write a length as 200mm, 20cm or 8in, not {text!r}")
    return float(found[1]) * UNITS[found[2] or "mm"]


Length = Annotated[float, typed(read_length, "LENGTH", lambda mm: f"{mm:g}mm")]


def shapes_in(file: str) -> "Shapes":
    """The shapes of an SVG, or of the one beside a picture.

    Raises:
        PictureError: there are none.
    """
    from reverie.errors import PictureError
    from reverie.render import Shapes, drawing_in

    found = drawing_in(Path(file))
    if not isinstance(found, Shapes):
        raise PictureError(
            f"{file}: was painted, not drawn, so it has no strokes; give an .svg, or a picture "
            "that has one beside it, as draw and clipdraw leave them"
        )
    return found
