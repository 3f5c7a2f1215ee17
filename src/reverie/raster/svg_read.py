"""SVG of anybody's as shapes, by svgelements, which knows paths, groups, styles and transforms.

Differs from a browser: the opacity of a group is that of each thing in it; a gradient is its mean
colour; dashes are whole lines. Text, pictures, clips, masks, filters and patterns are left out, and
named in a warning. Nothing outside the file is read, and nothing in it is run.
"""

import gzip
import io
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import torch

from reverie.errors import PictureError
from reverie.raster.layout import CAPS, JOINS, MITER_LIMIT, layout
from reverie.raster.svg import STORY
from reverie.raster.svg_colours import Gradients, colour, mean_colours, number, share
from reverie.raster.svg_paths import contours
from reverie.raster.svg_plain import LEFT_OUT, TooMuch, name_of, plain
from reverie.raster.vector import VectorDrawing

SUFFIXES = (".svg", ".svgz")
LARGEST = 64_000_000  # bytes
SMALL, LONG = 64, 1024  # sides of a viewBox that are enlarged, and the longer one then
ENTITY = re.compile(rb"<!ENTITY\s+(%?)\s*[\w:.-]+\s+(SYSTEM|PUBLIC|(\"[^\"]*\"|'[^']*'))")
SHORT = 1000  # bytes that an entity may stand for


@dataclass(frozen=True)
class Found:
    """A shape as `layout` takes it."""

    points: list[list[tuple[float, float]]]  # of every contour
    closed: list[bool]
    paint: str
    colour: tuple[float, float, float, float]
    width: float = 1.0
    cap: str = "butt"
    join: str = "miter"
    limit: float = MITER_LIMIT


def read_svg(path: Path) -> VectorDrawing:
    """The shapes of a file, in the units of its viewBox where these are whole and not few.

    Raises:
        PictureError: it cannot be read, or there is nothing in it that can be drawn.
    """
    text = _text(path)
    try:
        tree = ElementTree.fromstring(text)
        _warn(path, tree)
        parsed = _parsed(plain(tree))
    except TooMuch as error:
        raise PictureError(f"{path}: this SVG is too much: {error}") from error
    except Exception as error:  # whatever a broken file does to a parser
        why = " ".join(str(error).split()) or type(error).__name__
        raise PictureError(f"{path}: this is not an SVG that can be read ({why})") from error
    if name_of(tree) != "svg":
        raise PictureError(f"{path}: this is not an SVG; its root is <{name_of(tree)}>")
    size, scale = _frame(parsed, path)
    shapes = list(_found(parsed, mean_colours(tree), 1.0))
    if not shapes:
        raise PictureError(f"{path}: there is no path, line or other shape in it")
    return _drawing(shapes, size, scale)


def story_of(path: Path) -> str | None:
    """What a drawing of ours remembers of its making, as JSON; None in those of others.

    Raises:
        PictureError: it cannot be read.
    """
    try:
        found = ElementTree.fromstring(_text(path)).find(f".//{{{STORY}}}story")
    except ElementTree.ParseError as error:
        raise PictureError(f"{path}: this is not an SVG that can be read ({error})") from error
    return None if found is None else found.text


def _text(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise PictureError(f"{path}: {path.stat().st_size:,} bytes; at most {LARGEST:,}")
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(LARGEST + 1)
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or error
        raise PictureError(f"{path}: cannot be read ({why})") from error
    if len(data) > LARGEST:
        raise PictureError(f"{path}: more than {LARGEST:,} bytes when unpacked")
    for mark, kind, value in ENTITY.findall(data):
        if mark or kind in (b"SYSTEM", b"PUBLIC") or len(value) > SHORT or b"&" in value:
            raise PictureError(f"{path}: has entities that stand for more than a few words")
    return data


def _parsed(text: bytes) -> Any:
    import svgelements

    return svgelements.SVG.parse(io.BytesIO(text), reify=False)


def _warn(path: Path, tree: Any) -> None:
    """Names what is left out or taken in another way, once."""
    there = {name_of(element) for element in tree.iter()}
    left = [name for name in LEFT_OUT if name in there]
    styles = " ".join(element.get("style", "") for element in tree.iter())
    dashed = "stroke-dasharray:" in styles.replace(" ", "").replace("stroke-dasharray:none", "")
    dashed |= any(e.get("stroke-dasharray", "none") != "none" for e in tree.iter())
    if left:
        warnings.warn(f"{path}: left out: {', '.join(left)}", stacklevel=3)
    if dashed:
        warnings.warn(f"{path}: dashed lines are drawn whole", stacklevel=3)


def _frame(parsed: Any, path: Path) -> tuple[tuple[int, int], float]:
    """The size of the drawing, and what the parsed coordinates are to be multiplied by."""
    wide, high = float(parsed.width or 0), float(parsed.height or 0)
    box = parsed.values.get("viewBox")
    if box is not None:
        numbers = [number(x, math.nan) for x in re.split(r"[\s,]+", str(box).strip())]
        box_wide, box_high = numbers[2:4] if len(numbers) == 4 else (0.0, 0.0)
    else:
        box_wide, box_high = wide, high
    if not (wide > 0 and high > 0) or not (box_wide > 0 and box_high > 0):
        raise PictureError(f"{path}: it has no size: neither width and height nor a viewBox")
    same_form = abs(box_wide * high - box_high * wide) < 0.01 * box_wide * high
    units = box_wide if same_form else wide
    form = (box_wide, box_high) if same_form else (wide, high)
    whole = all(abs(x - round(x)) < 1e-6 for x in form)
    if not whole or max(form) < SMALL or max(form) > 16384:
        units *= LONG / max(form)
        form = (form[0] * LONG / max(form), form[1] * LONG / max(form))
    return (max(round(form[0]), 1), max(round(form[1]), 1)), units / wide


def _found(element: Any, gradients: Gradients, opacity: float) -> Iterator[Found]:
    """Every shape in an element, back to front: its fill, and above it its stroke."""
    import svgelements

    values = element.values if isinstance(getattr(element, "values", None), dict) else {}
    own = values.get("attributes") or {}
    opacity *= share(own.get("opacity"), 1.0)
    if str(values.get("display", "")).strip() == "none":
        return
    if isinstance(element, svgelements.Shape):
        hidden = str(values.get("visibility", "visible")).strip() in ("hidden", "collapse")
        if not hidden:
            yield from _of(element, values, gradients, opacity)
    elif isinstance(element, list):
        for child in element:
            if not isinstance(child, svgelements.ClipPath | svgelements.Pattern):
                yield from _found(child, gradients, opacity)


def _of(
    shape: Any, values: dict[str, Any], gradients: Gradients, opacity: float
) -> Iterator[Found]:
    parts = list(contours(shape))
    parts = [(points, closed) for points, closed in parts if len(points) >= 4]
    if not parts:
        return
    points, closed = [p for p, _ in parts], [c for _, c in parts]
    fill = colour(shape.fill, values, "fill", gradients, opacity)
    if fill and not _is_line(points):
        evenodd = str(values.get("fill-rule", "")).strip() == "evenodd"
        paint = "evenodd" if evenodd else "nonzero"
        yield Found(points, [True] * len(points), paint, fill)
    stroke = colour(shape.stroke, values, "stroke", gradients, opacity)
    width = float(shape.implicit_stroke_width or 0)
    if stroke and width > 0:
        cap, join = (str(values.get(f"stroke-line{end}", "")).strip() for end in ("cap", "join"))
        limit = number(values.get("stroke-miterlimit"), MITER_LIMIT)
        yield Found(
            points, closed, "stroke", stroke, width,
            cap if cap in CAPS else "butt", join if join in JOINS else "miter", max(limit, 1.0),
        )  # fmt: skip


def _is_line(points: list[list[tuple[float, float]]]) -> bool:
    """Whether all contours are one straight line each, which has no inside."""
    return all(len(part) == 4 for part in points) and all(
        abs((x - a[0]) * (b[1] - a[1]) - (y - a[1]) * (b[0] - a[0])) < 1e-9
        for a, *between, b in points
        for x, y in between
    )


def _drawing(shapes: list[Found], size: tuple[int, int], scale: float) -> VectorDrawing:
    """All shapes; the first is the paper where it covers everything with one opaque colour."""
    paper = (1.0, 1.0, 1.0)
    placed = [
        torch.tensor([xy for part in found.points for xy in part], dtype=torch.float64) * scale
        for found in shapes
    ]
    while len(shapes) > 1 and _covers(shapes[0], placed[0], size):
        paper = shapes[0].colour[:3]
        shapes, placed = shapes[1:], placed[1:]
    return VectorDrawing(
        size=size,
        layout=layout(
            [[len(part) for part in found.points] for found in shapes],
            paint=[found.paint for found in shapes],  # type: ignore[misc]
            cap=[found.cap for found in shapes],  # type: ignore[misc]
            join=[found.join for found in shapes],  # type: ignore[misc]
            miter_limit=[found.limit for found in shapes],
            closed=[closed for found in shapes for closed in found.closed],
        ),
        points=torch.cat(placed).float(),
        widths=torch.tensor([f.width * (scale if f.paint == "stroke" else 1) for f in shapes]),
        colours=torch.tensor([found.colour for found in shapes]),
        paper=paper,
    )


def _covers(found: Found, points: torch.Tensor, size: tuple[int, int]) -> bool:
    """Whether a shape is a rectangle that hides all that there is."""
    if found.paint == "stroke" or found.colour[3] < 1 or len(found.points) != 1:
        return False
    corners = points[::3]
    low, high = corners.amin(0), corners.amax(0)
    near = ((corners - low).abs() < 1e-3) | ((corners - high).abs() < 1e-3)
    along = (corners.roll(-1, 0) - corners).abs() < 1e-3  # each side is level or upright
    square = len(corners) <= 6 and bool(near.all()) and bool(along.any(1).all())
    outside = bool((low <= 1e-3).all()) and bool((high >= torch.tensor(size) - 1e-3).all())
    return square and outside
