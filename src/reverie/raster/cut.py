"""From a layout to the flat scene that a backend draws."""

import torch
from torch import Tensor

from reverie.raster.flatten import Polylines, flatten, tangents
from reverie.raster.layout import CAPS, JOINS, PAINTS, Layout, Points, Widths, owners
from reverie.raster.outline import SHORTEST, Style, outline
from reverie.raster.scene import Scene

STROKE, ROUND_CAP, ROUND_JOIN = PAINTS.index("stroke"), CAPS.index("round"), JOINS.index("round")
NONZERO = PAINTS.index("nonzero")


def cut(
    layout: Layout, points: Points, widths: Widths, size: tuple[int, int], softness: float
) -> tuple[Scene, Tensor]:
    """The scene, and its vertices `[v, 2]`, differentiable with respect to points and widths.

    Round strokes stay lines; others become their outlines, which are filled.
    """
    lines = flatten(layout, points)
    outlined = by_outline(layout)  # [n]
    shape = owners(layout.shapes)  # [contours]
    closing = layout.closed & (layout.paint == STROKE)[shape] & ~outlined[shape]
    vertices, chains = lines.vertices, lines.where
    rings = torch.ones_like(shape)  # contours that one becomes
    if bool(outlined.any()) or bool(closing.any()):
        rings[outlined[shape] & layout.closed] = 2
        vertices, chains = rearranged(layout, points, lines, widths, outlined, closing, rings)
    ends = torch.cat([rings.new_zeros(1), rings.cumsum(0)])
    scene = Scene(
        chains=chains,
        shapes=ends[layout.shapes],
        pictures=layout.pictures,
        paint=torch.where(outlined, NONZERO, layout.paint),
        size=size,
        softness=softness,
    )
    return scene, vertices


def by_outline(layout: Layout) -> Tensor:
    """`[n]`: strokes that have a cap or a join that is not round."""
    shape = owners(layout.shapes)

    def some(contours: Tensor) -> Tensor:
        return torch.bincount(shape[contours], minlength=layout.count) > 0

    capped = some(~layout.closed) & (layout.cap != ROUND_CAP)
    joined = some(layout.closed | (layout.contours.diff() > 4)) & (layout.join != ROUND_JOIN)
    return (layout.paint == STROKE) & (capped | joined)


def rearranged(
    layout: Layout,
    points: Points,
    lines: Polylines,
    widths: Widths,
    outlined: Tensor,
    closing: Tensor,
    rings: Tensor,
) -> tuple[Tensor, Tensor]:
    """Vertices and chains, with lines closed and outlines in the place of their lines."""
    shape, contour = owners(layout.shapes), owners(lines.where)
    begin = lines.where[:-1]
    of_line = ~outlined[shape][contour]
    radii = (widths / 2)[shape.to(widths.device)]
    sound = (
        torch.bincount(
            shape[contour[~lines.vertices.isfinite().all(1).cpu()]], minlength=layout.count
        )
        == 0
    )
    sound &= widths.detach().isfinite().cpu()
    style = Style(
        radius=radii.detach().cpu().double(),
        cap=layout.cap[shape],
        join=layout.join[shape],
        miter_limit=layout.miter_limit.double()[shape],
        closed=layout.closed,
    )
    ways = tangents(layout, points, SHORTEST)
    outlines, ring = outline(lines, ways, radii, style, (outlined & sound)[shape])
    # Three kinds of vertices in one list, then put in order.
    kept = of_line.nonzero()[:, 0]
    again = begin[closing]
    first_ring = rings.cumsum(0) - rings
    place = torch.cat(
        [
            first_ring[contour[kept]],
            first_ring[closing],
            first_ring[ring.div(2, rounding_mode="floor")] + ring % 2,
        ]
    )
    order = place.argsort(stable=True)
    chosen = torch.cat([kept, again]).to(outlines.device)
    vertices = torch.cat([lines.vertices[chosen], outlines])[order.to(outlines.device)]
    chains = torch.zeros(int(rings.sum()) + 1, dtype=torch.int64)
    chains[1:] = torch.bincount(place, minlength=len(chains) - 1).cumsum(0)
    return vertices, chains
