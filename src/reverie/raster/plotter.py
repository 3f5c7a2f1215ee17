"""Drawings for pen plotters: a layer for each pen, strokes in a short order, sizes in millimetres.

Source: what Inkscape, AxiDraw's software and vpype read: groups of Inkscape's mode `layer`, whose
label begins with the layer's number.
Differs: a pen has one width and no opacity, so a shape is drawn whole or, when it is faint, not at
all. A fill is its outline. Nothing hides what lies under it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import quoteattr

import numpy as np
import torch
from PIL import ImageColor

from reverie.errors import SpecError
from reverie.raster.bezier import Stroke, ring
from reverie.raster.border import Box, inside
from reverie.raster.pens import Pen
from reverie.raster.svg import allowed, curve_data, document, hexed, number
from reverie.raster.travel import lifted, shortened
from reverie.raster.vector import VectorDrawing

LINE = 0.4  # mm, of a pen that does not say how wide its line is
FAINTEST = 0.5  # opacity of a shape that is drawn
COLOURS = 12  # of a drawing that are taken for pens
SHORTEST = 0.01  # mm: what is shorter leaves no more than a dot of a stroke that was cut
NAMES = ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """What one pen draws, in millimetres from the upper left corner of the paper."""

    number: int  # from 1: the place of the pen in the palette
    pen: Pen
    strokes: tuple[Stroke, ...]
    before: float  # mm that the pen would travel lifted in the order of the drawing

    @property
    def label(self) -> str:
        return f"{self.number}-{self.pen.label}"

    @property
    def line(self) -> float:
        """How wide its lines are, mm."""
        return self.pen.mm or LINE

    @property
    def drawn(self) -> float:
        """Millimetres on paper."""
        return sum(stroke.length for stroke in self.strokes)

    @property
    def lifted(self) -> float:
        """Millimetres in the air, from home and back to it."""
        return lifted(self.strokes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Plot:
    """A drawing as pens draw it, and what became of its shapes on the way."""

    size: tuple[float, float]  # of the paper, mm
    layers: tuple[Layer, ...]
    faint: int  # shapes left out: too faint
    outside: int  # shapes left out: nowhere in the picture
    cut: int  # shapes of which only a part is in the picture
    filled: int  # shapes that are outlines now
    double: int  # strokes left out: the same pen draws the same line
    wide: float  # mm, the median of what the drawing's own strokes would be; 0 if there are none


def plot(drawing: VectorDrawing, pens: Sequence[Pen] = (), *, width: float, margin: float) -> Plot:
    """The drawing on paper, as large as the margins leave room for, and cut off there.

    Args:
        pens: of which each shape gets the one with the nearest colour; none are the drawing's own
            colours, if these are few.
        width, margin: of the paper, mm. Its height follows from the drawing's form.

    Raises:
        SpecError: there is no room between the margins, nothing to draw, or no end of colours.
    """
    w, h = drawing.size
    scale = (width - 2 * margin) / w
    if margin < 0 or not scale > 0:
        raise SpecError(
            f"plot: margins of {margin:g} mm leave no room on paper {width:g} mm wide; "
            "make them smaller with --margin, or the paper wider with --width"
        )
    box = (margin, margin, margin + w * scale, margin + h * scale)
    kept = [i for i, shape in enumerate(_opaque(drawing)) if shape]
    colours = [hexed(colour) for colour in drawing.colours[kept, :3].tolist()]
    pens = tuple(pens) or own_pens(colours)
    chosen = _nearest(colours, pens)
    found, counts = _sorted_out(drawing, dict(zip(kept, chosen, strict=True)), scale, box)
    if not found:
        raise SpecError(
            f"plot: none of {drawing.layout.count} shapes can be drawn by a pen: all are fainter "
            f"than {FAINTEST:g}, or outside the picture"
        )
    layers = [
        Layer(number=n, pen=pen, strokes=tuple(shortened(strokes)), before=lifted(strokes))
        for n, pen in enumerate(pens, 1)
        if (strokes := found.get(n - 1))
    ]
    return Plot(
        size=(width, h * scale + 2 * margin),
        layers=tuple(layers),
        faint=drawing.layout.count - len(kept),
        wide=_width(drawing) * scale,
        **counts,
    )


def plot_svg(plot: Plot, *, title: str = "") -> str:
    """The text of an SVG in millimetres: a group for each layer."""
    body = []
    for layer in plot.layers:
        colour, wide = hexed(layer.pen.rgb), number(layer.line)
        body.append(
            f'<g inkscape:groupmode="layer" inkscape:label={quoteattr(allowed(layer.label))} '
            f'id="layer{layer.number}" fill="none" stroke="{colour}" stroke-width="{wide}" '
            'stroke-linecap="round" stroke-linejoin="round">'
        )
        for stroke in layer.strokes:
            points = torch.from_numpy(stroke.points.copy())
            body.append(f'<path d="{curve_data(points, closed=stroke.closed)}"/>')
        body.append("</g>")
    return document(plot.size, body, mm=plot.size[0], title=title, names=NAMES)


def own_pens(colours: Sequence[str]) -> tuple[Pen, ...]:
    """A pen for each colour of a drawing, in the order in which they come.

    Raises:
        SpecError: they are too many.
    """
    few = list(dict.fromkeys(colours))
    if len(few) > COLOURS:
        raise SpecError(
            f"plot: the drawing has {len(few)} colours, more than {COLOURS}; name the pens that "
            "you have, such as --palette black,#c0392b,teal"
        )
    names = {hexed([x / 255 for x in ImageColor.getrgb(name)]): name for name in _css_names()}
    return tuple(Pen(colour=colour, name=names.get(colour, "")) for colour in few)


def _css_names() -> list[str]:
    """Of names for the same colour, the last one here is taken."""
    return sorted(ImageColor.colormap, key=lambda name: ("grey" in name, name))


def _width(drawing: VectorDrawing) -> float:
    """Median of the strokes' widths."""
    strokes = drawing.widths[(drawing.layout.paint == 0).to(drawing.widths.device)]
    return float(strokes.median()) if len(strokes) else 0.0


def _opaque(drawing: VectorDrawing) -> list[bool]:
    """Which shapes are drawn: neither faint, nor without width, nor nowhere."""
    finite = [
        bool(
            drawing.points[drawing.layout.contours[a] : drawing.layout.contours[b]].isfinite().all()
        )
        for a, b in pairwise(drawing.layout.shapes.tolist())
    ]
    there = (drawing.widths.cpu() > 0) | (drawing.layout.paint > 0)
    there &= drawing.colours[:, 3].cpu() >= FAINTEST
    return [a and b for a, b in zip(there.tolist(), finite, strict=True)]


def _sorted_out(
    drawing: VectorDrawing, pens: dict[int, int], scale: float, box: Box
) -> tuple[dict[int, list[Stroke]], dict[str, int]]:
    """What each pen draws of the shapes that have one, by their numbers; and `Plot`'s counts."""
    found: dict[int, list[Stroke]] = {}
    seen: set[tuple[int, bytes]] = set()
    counts = {"outside": 0, "cut": 0, "filled": 0, "double": 0}
    for i, pen in pens.items():
        whole = list(_strokes(drawing, i, scale, box[0]))
        pieces = [piece for stroke in whole for piece in inside(stroke, box)]
        pieces = [piece for piece in pieces if piece in whole or piece.length > SHORTEST]
        counts["outside"] += not pieces
        counts["cut"] += bool(pieces) and pieces != whole
        counts["filled"] += bool(pieces) and bool(drawing.layout.paint[i])
        for piece in pieces:
            line = (pen, np.round(piece.points, 3).tobytes())
            counts["double"] += line in seen
            if line not in seen:
                found.setdefault(pen, []).append(piece)
            seen.add(line)
    return found, counts


def _strokes(drawing: VectorDrawing, i: int, scale: float, margin: float) -> Iterator[Stroke]:
    """The contours of a shape, on paper."""
    layout = drawing.layout
    for contour in range(*layout.shapes[i : i + 2].tolist()):
        first, last = layout.contours[contour : contour + 2].tolist()
        points = drawing.points[first:last].detach().cpu().double().numpy() * scale + margin
        closed = bool(layout.paint[i]) or bool(layout.closed[contour])
        yield Stroke(ring(points) if closed else points, closed)


def _nearest(colours: Sequence[str], pens: Sequence[Pen]) -> list[int]:
    """The pen for each colour, by the distance in Oklab (Ottosson 2020)."""
    if not colours:
        return []
    wanted = np.array([ImageColor.getrgb(colour) for colour in colours]) / 255
    there = np.array([pen.rgb for pen in pens])
    away = _oklab(wanted)[:, None] - _oklab(there)[None]  # [colours, pens, 3]
    return [int(n) for n in np.square(away).sum(2).argmin(1)]


def _oklab(srgb: np.ndarray) -> np.ndarray:
    """Colours `[n, 3]` where distances are as they look."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ]
    )
