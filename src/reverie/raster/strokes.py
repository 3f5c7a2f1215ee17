"""How much of every pixel a round stroke covers, by the distance from its nearest chord."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.tiles import Edges, Grid, above, portions
from reverie.raster.touch import Touched

BLOCK = {"cpu": 8192}  # chords and rows that are looked at together, to stay in the cache
AT_ONCE = 1 << 18  # on other devices
NAMES = 64  # numbers that fit into the last bits of a distance


@dataclass(frozen=True, eq=False, kw_only=True)
class Ramp:
    """The pixels on the ramp of a stroke's edge, where alone its cover changes with it."""

    at: Tensor  # [a], places in the flattened cover
    edge: Tensor  # [a], the nearest chord
    u: Tensor  # [a], where on it, 0 to 1
    away: Tensor  # [a, 2], unit vector from there to the pixel
    by_distance: Tensor  # [a], what a pixel of distance changes in cover
    by_radius: Tensor


def block(like: Tensor) -> int:
    return BLOCK.get(like.device.type, AT_ONCE)


def stroke_cover(
    grid: Grid,
    touched: Touched,
    edges: Edges,
    vertices: Tensor,
    radii: Tensor,
    softness: float,
    cover: Tensor,
) -> Ramp:
    """Writes the cover of all rows, `[rows, pixels]`, into `cover`."""
    a, b = vertices[edges.start], vertices[edges.end]
    middle = touched.middle(grid, vertices)
    counts = touched.near_row.bincount(minlength=touched.rows)
    first = counts.cumsum(0) - counts  # of every row, among its near chords
    order = counts.argsort(descending=True, stable=True)
    frames = chord_frames(a[touched.near_edge], b[touched.near_edge], middle[touched.near_row])
    ramps = []
    for lo, hi in portions(counts[order], block(cover)):
        rows = order[lo:hi]
        ways = above(counts[rows].tolist())
        squared, which = nearest(grid, frames, first[rows], ways)
        r = radii[touched.row_shape[rows]]
        rough = base_cover(squared, r[:, None], softness)
        place = (rough * (1 - rough)).view(-1).nonzero()[:, 0]
        i = place.div(grid.tile**2, rounding_mode="floor")
        pixel = place - i * grid.tile**2
        near = first[rows][i] + which.view(-1)[place]
        offsets = torch.stack(grid.offsets(cover), 1)[pixel]
        where = middle[rows[i]] + offsets
        edge = touched.near_edge[near]
        u, away, distance = exact(where, a[edge], b[edge])
        value, by_distance, by_radius = ramp(r[i], distance, softness)
        rough.view(-1)[place] = value
        cover[rows] = rough
        ramps.append(
            Ramp(
                at=rows[i] * grid.tile**2 + pixel,
                edge=edge,
                u=u,
                away=away,
                by_distance=by_distance,
                by_radius=by_radius,
            )
        )
    return Ramp(**{n: torch.cat([getattr(x, n) for x in ramps]) for n in Ramp.__dataclass_fields__})


def chord_frames(a: Tensor, b: Tensor, middle: Tensor) -> Tensor:
    """`[q, 5]`: a chord's direction, its half length, and where the middle of a tile lies from its
    own middle: so far along and so far across."""
    along = b - a
    length = along.norm(dim=1, keepdim=True)
    direction = along / length.clamp(min=1e-20)
    none = length[:, 0] < 1e-20  # a point: any direction will do
    direction[:, 0] = torch.where(none, 1, direction[:, 0])
    way = middle - (a + b) / 2
    x, y = direction.unbind(1)
    ahead = way[:, 0] * x + way[:, 1] * y
    aside = way[:, 0] * y - way[:, 1] * x
    return torch.stack([x, y, length[:, 0] / 2, ahead, aside], 1)


def nearest(grid: Grid, frames: Tensor, first: Tensor, ways: list[int]) -> tuple[Tensor, Tensor]:
    """Squared distance of every pixel from the nearest chord of its row, about, and which it is.

    Which one is kept in the last bits of the distance, so that one minimum finds both.

    Args:
        first: of every row, its first chord; rows with more chords come first.
        ways: how many rows have a chord more than 0, more than 1, ...
    """
    dx, dy = grid.offsets(frames)
    whole = torch.int32 if frames.dtype == torch.float32 else torch.int64
    best = frames.new_empty(len(first), len(dx))
    which = best.view(whole)
    ahead, aside = frames.new_empty(2, len(first), len(dx)).unbind(0)
    for begin in range(0, len(ways), NAMES):
        some = ways[begin : begin + NAMES]
        closest = frames.new_full((some[0], len(dx)), torch.inf)
        for k, n in enumerate(some):
            x, y, half, along, across = frames[first[:n] + begin + k].split(1, 1)
            t, s = ahead[:n], aside[:n]
            torch.mul(x, dx, out=t).addcmul_(y, dy).add_(along).abs_().sub_(half).relu_()
            torch.mul(y, dx, out=s).addcmul_(x, dy, value=-1).add_(across)
            s.mul_(s).addcmul_(t, t)
            s.view(whole).bitwise_and_(-NAMES).bitwise_or_(k)
            torch.minimum(closest[:n], s, out=closest[:n])
        named = closest.view(whole).bitwise_and(NAMES - 1)
        if not begin:
            best, which = closest, named
        else:
            n = some[0]
            better = closest < best[:n]
            which[:n] = torch.where(better, named + begin, which[:n])
            best[:n] = torch.minimum(best[:n], closest)
    return best, which


def base_cover(squared: Tensor, radius: Tensor, softness: float) -> Tensor:
    """1 within the stroke, 0 without, and between them on a ramp a little wider than the true."""
    inner, outer = radius - softness / 2, radius + softness / 2
    low, high = inner * inner.abs() * (1 - 1e-4) - 1e-4, outer * outer * (1 + 1e-4) + 1e-4
    low = torch.where(inner < 0, -torch.ones_like(low), low)
    return (high - squared).div_(high - low).clamp_(0, 1)


def exact(where: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of pixels and chords: where on the chord is nearest, unit vector from there, and distance."""
    along, way = b - a, where - a
    u = (way * along).sum(1).div_(along.square().sum(1).clamp_(min=1e-20)).clamp_(0, 1)
    away = way - u[:, None] * along
    distance = away.norm(dim=1)
    return u, away / distance.clamp(min=1e-6)[:, None], distance


def ramp(radius: Tensor, distance: Tensor, softness: float) -> tuple[Tensor, Tensor, Tensor]:
    """Cover, and its slopes by distance and by radius. The second ramp is that of the line's other
    side, which a pixel sees where the line is thinner than the ramp."""
    one, other = (radius - distance) / softness + 0.5, (-radius - distance) / softness + 0.5
    cover = one.clamp(0, 1) - other.clamp(0, 1)
    rises = ((one > 0) & (one < 1)).to(cover) / softness
    falls = ((other > 0) & (other < 1)).to(cover) / softness
    return cover, falls - rises, falls + rises


def stroke_slopes(
    edges: Edges, ramp: Ramp, grad: Tensor, vertices: Tensor, radii: Tensor
) -> tuple[Tensor, Tensor]:
    """What `grad`, the gradient of the cover, is for vertices and radii."""
    g = grad.view(-1)[ramp.at]
    d_radii = torch.zeros_like(radii).index_add_(0, edges.shape[ramp.edge], g * ramp.by_radius)
    pull = (g * ramp.by_distance)[:, None] * ramp.away
    to_end = pull * -ramp.u[:, None]
    d_vertices = torch.zeros_like(vertices)
    each = torch.zeros(2, len(edges.start), 2, device=grad.device, dtype=grad.dtype)
    each[0].index_add_(0, ramp.edge, -pull - to_end)
    each[1].index_add_(0, ramp.edge, to_end)
    d_vertices.index_add_(0, edges.start, each[0])
    d_vertices.index_add_(0, edges.end, each[1])
    return d_vertices, d_radii
