"""Which tiles a stroke touches, which it covers wholly, and which chords matter there."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.tiles import Boxes, Edges, Grid, boxes, portions, spread

SLACK = 2e-3  # pixels that rounding may take from a distance


@dataclass(frozen=True, eq=False, kw_only=True)
class Touched:
    """Pairs of a shape and a tile that it touches.

    A pair has a row where its pixels must be looked at, and -1 where the shape covers all.
    """

    shape: Tensor  # [p]
    tile: Tensor  # [p], among the tiles of all pictures
    row: Tensor  # [p]
    row_shape: Tensor  # [rows]
    row_tile: Tensor  # [rows]
    near_row: Tensor  # [q], ascending: rows, and an edge that matters there
    near_edge: Tensor  # [q]

    @property
    def rows(self) -> int:
        return len(self.row_shape)

    def middle(self, grid: Grid, like: Tensor) -> Tensor:
        """Of every row's tile, `[rows, 2]`."""
        tile = self.row_tile % grid.count
        x, y = tile % grid.columns, tile.div(grid.columns, rounding_mode="floor")
        return (torch.stack([x, y], 1) + 0.5).to(like) * grid.tile


def joined(parts: list[Touched]) -> Touched:
    """Of several groups of shapes, in their order."""
    rows = 0
    columns: dict[str, list[Tensor]] = {name: [] for name in Touched.__dataclass_fields__}
    for part in parts:
        for name, column in columns.items():
            x = getattr(part, name)
            if name in ("row", "near_row"):
                x = torch.where(x < 0, x, x + rows)
            column.append(x)
        rows += part.rows
    return Touched(**{name: torch.cat(column) for name, column in columns.items()})


@dataclass(frozen=True, eq=False, kw_only=True)
class Slots:
    """A place for every tile in the box about each of some shapes."""

    shape: Tensor  # [slots], ascending
    tile: Tensor  # [slots]
    wide: Tensor  # [n], tiles in a row of a shape's box
    origin: Tensor  # [n], where tile 0, 0 of the canvas would have its place

    def of(self, shape: Tensor, column: Tensor, row: Tensor) -> Tensor:
        wide = self.wide.index_select(0, shape)
        return (row * wide).add_(column).add_(self.origin.index_select(0, shape))


def slots(grid: Grid, hulls: Boxes, first_tile: Tensor, lo: int, hi: int) -> Slots:
    """Of shapes `lo` to `hi`, whose boxes are `hulls[lo:hi]`.

    Args:
        first_tile: of every shape's picture.
    """
    counts = hulls.counts.clone()
    counts[:lo] = 0
    counts[hi:] = 0
    shape, place = spread(counts)
    corner = first_tile + hulls.top * grid.columns + hulls.left
    wide = hulls.wide.index_select(0, shape)
    tile = place.div(wide, rounding_mode="floor").mul_(grid.columns - wide).add_(place)
    tile += corner.index_select(0, shape)
    origin = counts.cumsum(0) - counts - hulls.top * hulls.wide - hulls.left
    return Slots(shape=shape, tile=tile, wide=hulls.wide, origin=origin)


def stroke_touches(
    grid: Grid, edges: Edges, vertices: Tensor, radii: Tensor, softness: float, first_tile: Tensor
) -> Touched:
    """By the distance of a tile's middle: its pixels are within half a diagonal of it.

    A chord matters where it may be the nearest one of a pixel on the ramp.
    """
    half = (grid.tile - 1) / 2**0.5 + SLACK  # of the diagonal
    n = len(radii)
    a, b = vertices[edges.start], vertices[edges.end]
    outer = radii + softness / 2
    ranges = boxes(grid, a, b, outer[edges.shape])
    hulls = ranges.around(edges.shape, n)
    looked = torch.zeros_like(hulls.left).index_add_(0, edges.shape, ranges.counts)
    counts, ends = (
        torch.maximum(hulls.counts, looked),
        edges.shape.bincount(minlength=n).cumsum(0).tolist(),
    )
    parts = []
    for lo, hi in portions(counts):
        begin, end = ([0, *ends][i] for i in (lo, hi))
        own = slots(grid, hulls, first_tile, lo, hi)
        edge, slot, away = distances(grid, edges.shape, ranges, a, b, begin, end, own)
        least = away.new_full((len(own.shape),), torch.inf).scatter_reduce_(0, slot, away, "amin")
        limit = (outer + half).index_select(0, own.shape)
        touched = least <= limit
        looks = touched & (least > limit - softness - 2 * half)
        far = torch.where(looks, torch.minimum(least + 2 * half, limit), -1)
        matters = (away <= far.index_select(0, slot)).nonzero()[:, 0]
        near = slot.index_select(0, matters), edge.index_select(0, matters)
        parts.append(collected(own, touched, looks, *near))
    return joined(parts)


def distances(
    grid: Grid, shape: Tensor, ranges: Boxes, a: Tensor, b: Tensor, begin: int, end: int, own: Slots
) -> tuple[Tensor, Tensor, Tensor]:
    """For edges `begin` to `end` and every tile of their ranges: edge, slot, and how far the tile's
    middle is from the edge."""
    ranges = ranges[begin:end]
    edge, place = spread(ranges.counts)
    wide = ranges.wide.index_select(0, edge)
    row = place.div(wide, rounding_mode="floor")
    column = place.sub_(row * wide).add_(ranges.left.index_select(0, edge))
    row += ranges.top.index_select(0, edge)
    edge += begin
    along = b - a
    share = 1 / along.square().sum(1).clamp(min=1e-20)
    ax, ay, dx, dy, share = (
        x.index_select(0, edge) for x in (*a.unbind(1), *along.unbind(1), share)
    )
    x = (column.to(a.dtype) + 0.5).mul_(grid.tile).sub_(ax)
    y = (row.to(a.dtype) + 0.5).mul_(grid.tile).sub_(ay)
    u = (x * dx).addcmul_(y, dy).mul_(share).clamp_(0, 1)
    x.addcmul_(u, dx, value=-1)
    y.addcmul_(u, dy, value=-1)
    away = x.mul_(x).addcmul_(y, y).sqrt_()
    return edge, own.of(shape.index_select(0, edge), column, row), away


def collected(
    own: Slots, touched: Tensor, looks: Tensor, near_slot: Tensor, edge: Tensor
) -> Touched:
    """The pairs of the slots that are touched, and rows for those that must be looked at."""
    row_of = torch.where(looks, looks.cumsum(0) - 1, -1)
    chosen, rows = touched.nonzero()[:, 0], looks.nonzero()[:, 0]
    near_row, order = row_of.index_select(0, near_slot).sort(stable=True)
    return Touched(
        shape=own.shape.index_select(0, chosen),
        tile=own.tile.index_select(0, chosen),
        row=row_of.index_select(0, chosen),
        row_shape=own.shape.index_select(0, rows),
        row_tile=own.tile.index_select(0, rows),
        near_row=near_row,
        near_edge=edge.index_select(0, order),
    )
