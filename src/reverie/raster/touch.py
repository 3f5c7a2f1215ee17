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
        return self.origin[shape] + row * self.wide[shape] + column


def slots(grid: Grid, hulls: Boxes, first_tile: Tensor, lo: int, hi: int) -> Slots:
    """Of shapes `lo` to `hi`, whose boxes are `hulls[lo:hi]`.

    Args:
        first_tile: of every shape's picture.
    """
    counts = hulls.counts.clone()
    counts[:lo] = 0
    counts[hi:] = 0
    shape, place = spread(counts)
    wide = hulls.wide
    down = place.div(wide[shape], rounding_mode="floor")
    column = hulls.left[shape] + place - down * wide[shape]
    tile = first_tile[shape] + (hulls.top[shape] + down) * grid.columns + column
    origin = counts.cumsum(0) - counts - hulls.top * wide - hulls.left
    return Slots(shape=shape, tile=tile, wide=wide, origin=origin)


def stroke_touches(
    grid: Grid, edges: Edges, vertices: Tensor, radii: Tensor, softness: float, first_tile: Tensor
) -> Touched:
    """By the distance of a tile's middle, from which no pixel of it is further than half a diagonal.

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
        limit = outer[own.shape] + half
        inside = least <= radii[own.shape] - softness / 2 - half
        touched = least <= limit
        looks = touched & ~inside
        matters = looks[slot] & (away <= torch.minimum(least + 2 * half, limit)[slot])
        parts.append(collected(own, touched, looks, slot[matters], edge[matters]))
    return joined(parts)


def distances(
    grid: Grid, shape: Tensor, ranges: Boxes, a: Tensor, b: Tensor, begin: int, end: int, own: Slots
) -> tuple[Tensor, Tensor, Tensor]:
    """For edges `begin` to `end` and every tile of their ranges: edge, slot, and how far the tile's
    middle is from the edge."""
    ranges = ranges[begin:end]
    edge, place = spread(ranges.counts)
    down = place.div(ranges.wide[edge], rounding_mode="floor")
    column = ranges.left[edge] + place - down * ranges.wide[edge]
    row = ranges.top[edge] + down
    edge = edge + begin
    ax, ay = a[:, 0][edge], a[:, 1][edge]
    along = b - a
    dx, dy = along[:, 0][edge], along[:, 1][edge]
    share = (1 / along.square().sum(1).clamp(min=1e-20))[edge]
    x = (column + 0.5).to(a.dtype) * grid.tile - ax
    y = (row + 0.5).to(a.dtype) * grid.tile - ay
    u = (x * dx).addcmul_(y, dy).mul_(share).clamp_(0, 1)
    x.addcmul_(u, dx, value=-1)
    y.addcmul_(u, dy, value=-1)
    away = x.mul_(x).addcmul_(y, y).sqrt_()
    return edge, own.of(shape[edge], column, row), away


def collected(
    own: Slots, touched: Tensor, looks: Tensor, near_slot: Tensor, edge: Tensor
) -> Touched:
    """The pairs of the slots that are touched, and rows for those that must be looked at."""
    row_of = torch.where(looks, looks.cumsum(0) - 1, -1)
    chosen, rows = touched.nonzero()[:, 0], looks.nonzero()[:, 0]
    near_row, order = row_of[near_slot].sort(stable=True)
    return Touched(
        shape=own.shape[chosen],
        tile=own.tile[chosen],
        row=row_of[chosen],
        row_shape=own.shape[rows],
        row_tile=own.tile[rows],
        near_row=near_row,
        near_edge=edge[order],
    )
