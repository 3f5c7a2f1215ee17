"""How much of a box about every pixel lies inside closed contours, by exact signed areas."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.strokes import block
from reverie.raster.tiles import Edges, Grid, boxes, portions, spread
from reverie.raster.touch import SLACK, Slots, Touched, collected, joined, slots


@dataclass(frozen=True, eq=False, kw_only=True)
class Filled:
    """Rows of fills, and what lies to the left of each: whole edges, which count line by line."""

    touched: Touched
    left: Tensor  # [rows, lines of a tile], signed heights


def fill_touches(
    grid: Grid,
    edges: Edges,
    vertices: Tensor,
    n: int,
    softness: float,
    evenodd: Tensor,
    first_tile: Tensor,
) -> Filled:
    """A tile that no edge crosses is wholly inside or outside, as the edges to its left say.

    Args:
        n: the number of shapes.
        evenodd: `[n]`.
    """
    a, b = vertices[edges.start], vertices[edges.end]
    ranges = boxes(grid, a, b, softness / 2 + SLACK)
    hulls = ranges.around(edges.shape, n)
    # Edges beyond the left border are to the left of what is there, too.
    reach = (hulls.right[edges.shape] - ranges.left) * (ranges.bottom - ranges.top)
    looked = torch.zeros_like(hulls.left).index_add_(0, edges.shape, reach)
    counts, ends = (
        torch.maximum(hulls.counts, looked),
        edges.shape.bincount(minlength=n).cumsum(0).tolist(),
    )
    parts, lefts = [], []
    for lo, hi in portions(counts):
        begin, end = ([0, *ends][i] for i in (lo, hi))
        own = slots(grid, hulls, first_tile, lo, hi)
        edge, place = spread(reach[begin:end])
        wide = (hulls.right[edges.shape] - ranges.left)[begin:end][edge]
        edge = edge + begin
        down = place.div(wide, rounding_mode="floor")
        column, row = ranges.left[edge] + place - down * wide, ranges.top[edge] + down
        slot = own.of(edges.shape[edge], column, row)
        middle = (torch.stack([column, row], 1) + 0.5).to(a) * grid.tile
        p, q = a[edge] - middle, b[edge] - middle
        crossed, beside = where_is(p, q, grid.tile / 2 + softness / 2 - 0.5 + SLACK)
        part, left = gathered(grid, own, slot, edge, crossed, beside, p, q, softness, evenodd)
        parts.append(part)
        lefts.append(left)
    return Filled(touched=joined(parts), left=torch.cat(lefts))


def where_is(p: Tensor, q: Tensor, half: float) -> tuple[Tensor, Tensor]:
    """Whether edges from p to q cross the square about 0, or pass it on the left."""
    along = q - p
    low, high = torch.minimum(p, q), torch.maximum(p, q)
    apart = ((low > half) | (high < -half)).any(1)
    side = p[:, 0] * along[:, 1] - p[:, 1] * along[:, 0]  # of the middle, from the edge
    one_side = side.abs() > half * along.abs().sum(1)
    crossed = ~(apart | one_side)
    level = (low[:, 1] < half) & (high[:, 1] > -half)
    left = torch.where(one_side, side * along[:, 1] < 0, high[:, 0] < -half)
    return crossed, level & left & ~crossed


def gathered(
    grid: Grid,
    own: Slots,
    slot: Tensor,
    edge: Tensor,
    crossed: Tensor,
    beside: Tensor,
    p: Tensor,
    q: Tensor,
    softness: float,
    evenodd: Tensor,
) -> tuple[Touched, Tensor]:
    n = len(own.shape)
    looks = torch.zeros(n, dtype=torch.bool, device=slot.device)
    looks[slot[crossed]] = True
    _, y = grid.offsets(p)
    lines = y[:: grid.tile]
    p, q, beside_slot = p[beside], q[beside], slot[beside]
    t0, t1 = between(p[:, 1:], (q - p)[:, 1:], lines - softness / 2, softness)
    heights = (t1 - t0).abs() * (q - p)[:, 1:] / softness  # [edges, lines]
    left = heights.new_zeros(n, len(lines)).index_add_(0, beside_slot, heights)
    windings = left[:, len(lines) // 2].round()
    covers = fold(windings, evenodd[own.shape])
    part = collected(own, looks | (covers > 0.5), looks, slot[crossed], edge[crossed])
    return part, left[looks]


def between(start: Tensor, change: Tensor, low: Tensor, size: float) -> tuple[Tensor, Tensor]:
    """Where, 0 to 1, something that changes evenly from `start` comes to `low` and to `low + size`.
    Of what does not change: 0 and 1 between them, else twice the same."""
    still = change.abs() < 1e-12
    safe = torch.where(still, 1, change)
    t0 = ((low - start) / safe).clamp(0, 1)
    t1 = ((low + size - start) / safe).clamp(0, 1)
    inside = ((start >= low) & (start < low + size)).to(t0)
    return torch.where(still, 0, t0), torch.where(still, inside, t1)


def fold(area: Tensor, evenodd: Tensor) -> Tensor:
    """What a winding number, mean over a box, covers of it."""
    return torch.where(evenodd, 1 - (area.remainder(2) - 1).abs(), area.abs().clamp(max=1))


def fold_slope(area: Tensor, evenodd: Tensor) -> Tensor:
    odd = -(area.remainder(2) - 1).sign()
    return torch.where(evenodd, odd, area.sign() * (area.abs() <= 1))


def near_edges(
    grid: Grid, filled: Filled, edges: Edges, vertices: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """In blocks: rows, edges, and the edges' starts and ways `[q, 2, 1, 1]` seen from the tile's
    middle."""
    touched = filled.touched
    middle = touched.middle(grid, vertices)
    size = block(vertices)
    for row, edge in zip(touched.near_row.split(size), touched.near_edge.split(size), strict=True):
        a, b = vertices[edges.start[edge]], vertices[edges.end[edge]]
        yield row, edge, (a - middle[row])[:, :, None, None], (b - a)[:, :, None, None]


def fill_cover(
    grid: Grid,
    filled: Filled,
    edges: Edges,
    vertices: Tensor,
    softness: float,
    evenodd: Tensor,
    cover: Tensor,
) -> Tensor:
    """Writes the cover of all rows into `cover`, and gives the areas that it is folded from."""
    area = filled.left.repeat_interleave(grid.tile, 1)  # [rows, lines] -> [rows, pixels]
    dx, dy = (x.view(grid.tile, grid.tile) for x in grid.offsets(vertices))
    for row, _, a, along in near_edges(grid, filled, edges, vertices):
        t0, t1 = between(a[:, 1], along[:, 1], dy[:, :1] - softness / 2, softness)  # [q, lines, 1]
        right = dx[:1] + softness / 2 - a[:, 0]  # [q, 1, columns]
        share = mean_clamped(
            (right - t0 * along[:, 0]) / softness, (right - t1 * along[:, 0]) / softness
        )
        share.mul_((t1 - t0).abs() * along[:, 1] / softness)
        area.index_add_(0, row, share.flatten(1))
    cover.copy_(fold(area, evenodd[filled.touched.row_shape][:, None]))
    return area


def mean_clamped(u0: Tensor, u1: Tensor) -> Tensor:
    """The mean of what changes evenly from u0 to u1, where below 0 counts as 0 and above 1 as 1."""
    low, high = torch.minimum(u0, u1), torch.maximum(u0, u1)
    change = (high - low).clamp_(min=1e-12)
    above = ((high - 1) / change).clamp_(0, 1)
    below = (-low).div_(change).clamp_(0, 1)
    inside = low.clamp_(0, 1).add_(high.clamp_(0, 1)).mul_(0.5)
    return (1 - above - below).mul_(inside).add_(above)


def fill_slopes(
    grid: Grid,
    filled: Filled,
    edges: Edges,
    area: Tensor,
    grad: Tensor,
    vertices: Tensor,
    softness: float,
    evenodd: Tensor,
) -> Tensor:
    """What `grad`, the gradient of the cover, is for vertices.

    An area changes with an edge by the piece of it inside the pixel's box: as much as that moves to
    its side, the nearer to an end the more with that end.
    """
    grad = grad * fold_slope(area, evenodd[filled.touched.row_shape][:, None])
    dx, dy = (x.view(grid.tile, grid.tile) for x in grid.offsets(vertices))
    d_vertices = torch.zeros_like(vertices)
    for row, edge, a, along in near_edges(grid, filled, edges, vertices):
        y0, y1 = between(a[:, 1], along[:, 1], dy[:, :1] - softness / 2, softness)  # [q, lines, 1]
        x0, x1 = between(a[:, 0], along[:, 0], dx[:1] - softness / 2, softness)  # [q, 1, columns]
        begin = torch.maximum(torch.minimum(x0, x1), torch.minimum(y0, y1))
        end = torch.minimum(torch.maximum(x0, x1), torch.maximum(y0, y1))
        g = grad[row].unflatten(1, dx.shape)
        piece = (end - begin).clamp_(min=0).mul_(g)
        both = piece.sum((1, 2))[:, None]
        second = piece.mul_((begin + end) / 2).sum((1, 2))[:, None]
        aside = along[:, :, 0, 0].flip(1) * along.new_tensor([-1, 1]) / softness**2
        d_vertices.index_add_(0, edges.start[edge], (both - second) * aside)
        d_vertices.index_add_(0, edges.end[edge], second * aside)
    return d_vertices
