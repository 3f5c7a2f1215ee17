"""Drawings as SVG that looks the same in every viewer.

The paper is a rectangle of its own, opacity is `stroke-opacity` or `fill-opacity` (which plotters'
programs read, where they do not read a colour with alpha), and sizes are in millimetres.
"""

import json
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

import torch

from reverie.raster.layout import CAPS, JOINS, MITER_LIMIT, PAINTS, Points
from reverie.raster.rasterize import rasterize
from reverie.raster.vector import VectorDrawing

SUFFIX = ".svg"
PER_PIXEL = 25.4 / 96  # millimetres of a pixel, as CSS has it
STORY = "https://reverie.invalid/story"  # the namespace of what a drawing remembers of its making
NEVER = "\ufffe\uffff"  # letters that are none, and that XML cannot hold
FAINT = 0.5 / 255  # pixels' worth: a shape that shows less changes no grey level


def to_svg(
    drawing: VectorDrawing,
    *,
    mm: float | None = None,
    title: str = "",
    story: str | None = None,
    paper: bool = True,
) -> str:
    """The text of an SVG.

    Args:
        mm: width on paper; None takes 96 pixels an inch.
        title: what viewers show as its name; that of the story, if left out.
        story: what the drawing is to remember of its making, as JSON.
        paper: whether the paper is there, as a rectangle.
    """
    body = [f'<rect id="paper" width="100%" height="100%" fill="{hexed(drawing.paper)}"/>'] * paper
    body.append('<g fill="none" stroke-linecap="round" stroke-linejoin="round">')
    body += elements(drawing)
    body.append("</g>")
    return document(drawing.size, body, mm=mm, title=title or _title(story), story=story)


def document(
    size: tuple[float, float],
    body: list[str],
    *,
    mm: float | None = None,
    title: str = "",
    story: str | None = None,
    names: str = "",
) -> str:
    """An SVG around the lines of `body`.

    Args:
        names: declarations of more namespaces.
    """
    w, h = size
    wide = w * PER_PIXEL if mm is None else mm
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg"{names} width="{number(wide)}mm" '
        f'height="{number(wide * h / w)}mm" viewBox="0 0 {number(w)} {number(h)}">'
    ]
    if title:
        head.append(f"<title>{escape(allowed(title))}</title>")
    if story:
        told = escape(allowed(story))
        head.append(f'<metadata><story xmlns="{STORY}">{told}</story></metadata>')
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *head, *body, "</svg>", ""])


def elements(drawing: VectorDrawing) -> list[str]:
    """A line for every shape, back to front."""
    layout = drawing.layout
    widths, colours = drawing.widths.tolist(), drawing.colours.tolist()
    made = []
    for i, (first, last) in enumerate(pairwise(layout.shapes.tolist())):
        data = " ".join(path_data(drawing, contour) for contour in range(first, last))
        colour, alpha = hexed(colours[i][:3]), number(min(max(colours[i][3], 0), 1), 4)
        paint = PAINTS[int(layout.paint[i])]
        if paint == "stroke":
            how = f'stroke="{colour}" stroke-width="{number(widths[i])}"'
            how += f' stroke-opacity="{alpha}"' * (alpha != "1")
            how += _ends(drawing, i)
        else:
            how = f'fill="{colour}"' + f' fill-opacity="{alpha}"' * (alpha != "1")
            how += ' fill-rule="evenodd"' * (paint == "evenodd")
        made.append(f'<path d="{data}" {how}/>')
    return made


def path_data(drawing: VectorDrawing, contour: int) -> str:
    """A contour as `curve_data`."""
    first, last = drawing.layout.contours[contour : contour + 2].tolist()
    filled = any(
        int(paint) for paint in drawing.layout.paint[_shape(drawing, contour) :][:1].tolist()
    )
    closed = filled or bool(drawing.layout.closed[contour])
    return curve_data(drawing.points[first:last], closed=closed)


def curve_data(curve: Points, *, closed: bool) -> str:
    """Joined cubics in absolute coordinates: M, then C, and L where one is a straight line."""
    points = [(number(x), number(y)) for x, y in curve.tolist()]
    exact = curve.double()
    thirds = torch.lerp(exact[:-1:3, None], exact[3::3, None], exact.new_tensor([[1], [2]]) / 3)
    inner = torch.stack([exact[1::3], exact[2::3]], 1)  # [cubics, 2, 2]
    straight = ((inner - thirds).abs().amax((1, 2)) < 5e-4).tolist()
    data = [f"M{points[0][0]} {points[0][1]}"]
    for k, line in enumerate(straight):
        some = points[3 * k + 3 : 3 * k + 4] if line else points[3 * k + 1 : 3 * k + 4]
        data.append(("L" if line else "C") + " ".join(f"{x} {y}" for x, y in some))
    return "".join(data) + "Z" * closed


def visible(drawing: VectorDrawing) -> VectorDrawing:
    """The drawing without the shapes that change no grey level of its picture: transparent, empty,
    outside, or wholly hidden."""
    colours = drawing.colours.detach().clone().requires_grad_()
    if not drawing.layout.count:
        return drawing
    with torch.enable_grad():
        paper = torch.tensor(drawing.paper).to(drawing.points)
        image = rasterize(
            drawing.layout, drawing.points.detach(), drawing.widths.detach(), colours, paper,
            drawing.size,
        )  # fmt: skip
        shown = torch.autograd.grad(image[:, 0].sum(), colours)[0][:, 0]  # pixels' worth of each
    return drawing.picked((shown > FAINT).nonzero()[:, 0])


def write_svg(text: str, path: Path) -> None:
    """Writes a file that is whole or not there."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def number(value: float, digits: int = 3) -> str:
    """As short as it can be."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def hexed(rgb: tuple[float, ...] | list[float]) -> str:
    """A colour of 0 to 1 as #rrggbb."""
    return "#" + "".join(f"{round(255 * min(max(x, 0.0), 1.0)):02x}" for x in rgb)


def _ends(drawing: VectorDrawing, i: int) -> str:
    """Caps and joins that are not round."""
    cap, join = CAPS[int(drawing.layout.cap[i])], JOINS[int(drawing.layout.join[i])]
    limit = float(drawing.layout.miter_limit[i])
    how = f' stroke-linecap="{cap}"' * (cap != "round")
    how += f' stroke-linejoin="{join}"' * (join != "round")
    limited = join == "miter" and limit != MITER_LIMIT
    return how + f' stroke-miterlimit="{number(limit)}"' * limited


def _shape(drawing: VectorDrawing, contour: int) -> int:
    """The number of the shape that a contour belongs to."""
    return int(torch.searchsorted(drawing.layout.shapes, contour, right=True)) - 1


def allowed(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c < "\ud800" or (c > "\udfff" and c not in NEVER)
    )


def _title(story: str | None) -> str:
    """What was asked for, of a story that says so."""
    try:
        return str(json.loads(story or "")["recipe"]["title"])
    except (ValueError, LookupError, TypeError):
        return ""
