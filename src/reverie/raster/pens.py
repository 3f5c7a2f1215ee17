"""Pens that a plotter or a hand has: a colour each, perhaps a name and the width of a line.

A palette is text, in a file or where a file would be named: one pen a line, or with commas between.

    ; my pens                  what follows ; at the start of a line is for people
    #1a1a1a  black  0.4mm      a colour, a name, a width, the last two of which may be missing
    teal, #c0392b brick        colours are #rrggbb, or names that CSS knows
"""

import re
from pathlib import Path

from PIL import ImageColor

from reverie.errors import SpecError
from reverie.spec import spec

WIDTH = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*mm\b")
COLOUR = re.compile(r"(#[0-9a-fA-F]{3,8}|(?:rgb|hsl)\([^)]*\)|[A-Za-z]+)(?=\s|$)\s*(.*)")
TYPO = re.compile(r"(\d+\.?\d*|\.\d+)\s*[cm]+\b")  # a length that is none, as in "0.5cmm"
WIDEST = 100.0  # mm


@spec
class Pen:
    """`mm` is how wide its line is on paper; None where that is not known."""

    colour: str
    name: str = ""
    mm: float | None = None

    def __post_init__(self) -> None:
        try:
            ImageColor.getrgb(self.colour)
        except ValueError as error:
            raise SpecError(
                f"pen: {self.colour!r} is no colour; write #rrggbb, or a CSS name such as teal"
            ) from error
        if self.mm is not None and not 0 < self.mm <= WIDEST:
            raise SpecError(f"pen: a line of {self.mm} mm; above 0, at most {WIDEST:g}")

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Red, green and blue, 0 to 1."""
        red, green, blue = ImageColor.getrgb(self.colour)[:3]
        return red / 255, green / 255, blue / 255

    @property
    def label(self) -> str:
        return self.name or self.colour


def read_pens(source: str) -> tuple[Pen, ...]:
    """The pens of a palette: of a file, or of the text itself.

    Raises:
        SpecError: with the line that is none, or because there are no pens.
    """
    text, place = source, "palette"
    if Path(source).suffix.lower() in (".txt", ".pens", ".gpl", ".csv") or _is_file(source):
        place = source
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SpecError(f"palette: {source} cannot be read: {why}") from error
    pens = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(";"):
            continue
        for piece in re.split(r",(?![^(]*\))", line):
            if piece.strip():
                pens.append(_pen(piece.strip(), f"{place}, line {number}"))
    if not pens:
        raise SpecError(f"{place}: there is no pen; write colours such as black,#c0392b,teal")
    return tuple(pens)


def _is_file(source: str) -> bool:
    try:
        return "\n" not in source and Path(source).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null in it
        return False


def _pen(text: str, place: str) -> Pen:
    width = WIDTH.search(text)
    rest = (text[: width.start()] + text[width.end() :]).strip() if width else text
    found = COLOUR.fullmatch(rest)
    if not found:
        raise SpecError(f"{place}: {text!r} does not begin with a colour, such as #1a1a1a or teal")
    if typo := TYPO.search(found[2]):
        raise SpecError(f"{place}: {typo[0]!r} is no width; write it as 0.5mm")
    try:
        return Pen(colour=found[1], name=found[2], mm=float(width[1]) if width else None)
    except SpecError as error:
        raise SpecError(f"{place}: {error}") from error
