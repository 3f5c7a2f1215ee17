"""Where strokes and other shapes begin: anywhere, or where a picture asks for them.

Source: random walks as in kvfrans/clipdraw (2021). Places in a picture are the cells of a
weighted Voronoi diagram (Secord, "Weighted Voronoi Stippling", 2002); strokes run along edges as in
Haeberli, "Paint by Numbers" (1990).
Differs: a cell also says how large its shape is, and of what colour.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.canvas.shapes import Shapes
from reverie.protocols import Draws, Image
from reverie.raster.layout import ends, layout

ShapeName = Literal["strokes", "lines", "filled", "triangles"]
Follow = Literal["areas", "edges"]

GRID = 80  # pixels of the longer side, at which a picture is shared out among shapes
ROUNDS = 8  # in which cells move to their middles
EVEN = 0.02  # of the weight that every place has, however plain
DETAIL = 0.6  # of edges, beside how far a place is from what is there
NEAR = 0.06  # how far a place may be from its goal and want nothing more
SPARE = 0.15  # the alpha of shapes in such places
STEPS = 12  # in which a line is traced along an edge


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How shapes begin, in pixels."""

    shape: ShapeName
    segments: tuple[int, int]  # cubics of a stroke or outline, from and to
    width: float  # at first
    widest: float
    reach: float  # about how far a cubic goes


def walks(habit: Habit, count: int, size: tuple[int, int], draws: Draws) -> Shapes:
    """Shapes anywhere, of any colour: strokes are random walks, the others lie around a place."""
    b = len(draws.seeds)
    cubics = segments(habit, count, draws)
    sides = torch.tensor(size, dtype=torch.float32)
    where = draws.named("place").uniform(count, 2) * sides  # [b, count, 2]
    points = {
        "strokes": lambda: walk(where, habit.reach, 3 * habit.segments[1], draws),
        "lines": lambda: walk(where, 3 * habit.reach, 1, draws),
        "filled": lambda: around(where, where.new_tensor(habit.reach), cubics, draws),
        "triangles": lambda: corners(where, where.new_tensor(1.5 * habit.reach), draws),
    }[habit.shape]()
    widths = torch.full((b, count), habit.width)
    return made(habit.shape, cubics, points, widths, draws.named("colour").uniform(count, 4))


def placed(
    habit: Habit, count: int, goal: Image, over: Image, draws: Draws, follow: Follow
) -> Shapes:
    """Shapes where `goal` differs from `over`, or along its edges, in its colours; the largest
    first. Each is about as large as its place."""
    scale = max(goal.shape[2:]) / GRID
    small = [max(round(n / scale), 2) for n in goal.shape[2:]]
    goal, over = (images.resize(x, (small[1], small[0])) for x in (goal, over))
    along, strength = edges(goal)
    apart = (goal - over).abs().mean(1)  # [b, h, w]
    weight = strength if follow == "edges" else apart + DETAIL * strength
    weight = weight + EVEN * weight.mean((1, 2), keepdim=True) + 1e-6
    cells = [
        voronoi(w, u) for w, u in zip(weight, draws.named("place").uniform(count), strict=True)
    ]
    where, whole, areas = (torch.stack(each) for each in zip(*cells, strict=True))
    order = areas.argsort(1, descending=True)  # [b, count]
    whole, areas = whole.gather(1, order), areas.gather(1, order)
    where = where.gather(1, order[..., None].expand_as(where))  # [b, count, 2]

    side = areas.sqrt()
    long = 1.5 * torch.minimum(areas / side.clamp(max=habit.widest / scale), whole.sqrt())
    cubics = segments(habit, count, draws)
    if habit.shape == "strokes":
        points = traced(where, along, long, 3 * cubics)
    elif habit.shape == "lines":
        points = traced(where, along, long, torch.ones_like(cubics))
    elif habit.shape == "filled":
        points = around(where, 0.6 * side, cubics, draws)
    else:
        points = corners(where, 0.9 * side, draws)
    wanted = sampled(F.max_pool2d(apart[:, None], 3, 1, 1), where) > NEAR  # [b, count, 1]
    alpha = torch.where(wanted, 1.0, SPARE)
    colours = torch.cat([sampled(goal, where), alpha], 2)
    return made(habit.shape, cubics, points * scale, side * scale, colours)


def segments(habit: Habit, count: int, draws: Draws) -> Tensor:
    """How many cubics each shape has, `[b, count]`."""
    low, high = habit.segments
    if habit.shape == "triangles":
        low = high = 3
    if habit.shape == "lines":
        low = high = 1
    some = draws.named("segments").uniform(count) * (high - low + 1)
    return low + some.long().clamp(max=high - low)


def made(
    shape: ShapeName, cubics: Tensor, points: Tensor, widths: Tensor, colours: Tensor
) -> Shapes:
    """Shapes from the points of each, of which those beyond its last are not used.

    Args:
        cubics, widths: `[b, n]`. points: `[b, n, most, 2]`. colours: `[b, n, 4]`.
    """
    b, n = cubics.shape
    of = cubics.flatten().tolist()
    owned = {
        "strokes": [3 * k + 1 for k in of],
        "lines": [2] * len(of),
        "filled": [3 * k for k in of],
        "triangles": [3] * len(of),
    }[shape]
    used = torch.arange(points.shape[2]) < torch.tensor(owned)[:, None]  # [b*n, most]
    first = ends(owned)
    between, share = zip(*(controls_of(shape, k) for k in of), strict=True)
    corners = torch.tensor([len(x) for x in share])
    shift = torch.repeat_interleave(first[:-1], corners)
    closed = shape in ("filled", "triangles")
    return Shapes(
        layout=layout(
            [[3 * k + 1] for k in of],
            paint="nonzero" if closed else "stroke",
            closed=closed,
            pictures=[n] * b,
        ),
        owned=first,
        between=torch.cat([torch.tensor(x) for x in between]) + shift[:, None],
        share=torch.cat([torch.tensor(x) for x in share]),
        points=points.flatten(0, 1)[used],
        widths=widths.flatten(),
        colours=colours.flatten(0, 1),
    )


def controls_of(shape: ShapeName, cubics: int) -> tuple[list[tuple[int, int]], list[float]]:
    """Between which of a shape's points its control points lie, and how far along."""
    if shape == "strokes":
        return [(i, i) for i in range(3 * cubics + 1)], [0.0] * (3 * cubics + 1)
    if shape == "filled":
        turn = [i % (3 * cubics) for i in range(3 * cubics + 1)]
        return [(i, i) for i in turn], [0.0] * len(turn)
    sides = [(i, (i + 1) % 3) for i in range(3)] if shape == "triangles" else [(0, 1)]
    between = [side for side in sides for _ in range(3)] + [sides[-1]]
    return between, [(k % 3) / 3 for k in range(3 * len(sides))] + [1.0]


def walk(where: Tensor, reach: float, steps: int, draws: Draws) -> Tensor:
    """Chained steps of up to half of `reach` to each side, `[b, n, steps + 1, 2]`."""
    ways = (draws.named("walk").uniform(where.shape[1], steps, 2) - 0.5) * reach
    return torch.cat([where[:, :, None], where[:, :, None] + ways.cumsum(2)], 2)


def around(where: Tensor, radius: Tensor, cubics: Tensor, draws: Draws) -> Tensor:
    """Nearly circles, of so many cubics, `[b, n, 3 * most, 2]`."""
    n, most = where.shape[1], int(cubics.max())
    jitter, turn = draws.named("round").uniform(n, 3 * most), draws.named("turn").uniform(n, 1)
    k = cubics[..., None]  # [b, n, 1]
    knots = torch.arange(3 * most) // 3
    part = torch.arange(3 * most) % 3  # a knot, the handle after it, the one before the next
    handle = 4 / 3 * torch.tan(math.pi / (2 * k))
    tilt = torch.atan(handle) * (part > 0)
    angle = 2 * math.pi * (turn + (knots + (part == 2)) / k) + tilt * torch.where(part == 2, -1, 1)
    length = torch.where(part > 0, (1 + handle**2).sqrt(), 1.0) * (0.8 + 0.4 * jitter)
    way = torch.stack([angle.cos(), angle.sin()], -1) * length[..., None]
    return where[:, :, None] + radius[..., None, None] * way


def corners(where: Tensor, radius: Tensor, draws: Draws) -> Tensor:
    """Nearly equilateral triangles, `[b, n, 3, 2]`."""
    n = where.shape[1]
    turn, jitter = draws.named("turn").uniform(n, 1), draws.named("round").uniform(n, 3, 2)
    angle = 2 * math.pi * (turn + torch.arange(3) / 3)
    way = torch.stack([angle.cos(), angle.sin()], -1) + (jitter - 0.5)
    return where[:, :, None] + radius[..., None, None] * way


def edges(goal: Image) -> tuple[Tensor, Tensor]:
    """The angle along which every place changes least, doubled, as `[b, 2, h, w]` of cosine and
    sine; and how strongly it changes across, `[b, h, w]`, at most 1."""
    wide = F.pad(goal, (1, 1, 1, 1), "replicate")
    dx = (wide[:, :, 1:-1, 2:] - wide[:, :, 1:-1, :-2]) / 2
    dy = (wide[:, :, 2:, 1:-1] - wide[:, :, :-2, 1:-1]) / 2
    products = torch.stack([(dx * dx - dy * dy).sum(1), 2 * (dx * dy).sum(1)], 1)  # [b, 2, h, w]
    strength = (dx.square() + dy.square()).sum(1).sqrt()
    smooth = F.avg_pool2d(F.pad(products, (2, 2, 2, 2), "replicate"), 5, 1)
    return -smooth, strength / strength.amax((1, 2), keepdim=True).clamp(min=1e-6)


def voronoi(
    weight: Float[Tensor, "h w"], chance: Float[Tensor, " n"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Cells of about equal weight, in pixels of `weight`: their middles `[n, 2]`, their areas
    `[n]`, and how much of these has weight, which is all of them where it is even."""
    h, w = weight.shape
    n = len(chance)
    mass = weight.flatten()
    grid = torch.cartesian_prod(torch.arange(h) + 0.5, torch.arange(w) + 0.5).flip(1)  # [p, 2]
    order = serpentine(h, w)
    rising = mass[order].cumsum(0)
    levels = (torch.arange(n) + chance) / n * rising[-1]
    middles = grid[order[torch.searchsorted(rising, levels).clamp(max=h * w - 1)]]
    middles = middles + (torch.stack([chance, chance.roll(1)], 1) - 0.5)  # no two in one place
    for _ in range(ROUNDS):
        nearest = torch.cdist(grid, middles).argmin(1)  # [p]
        total = torch.zeros(n).index_add_(0, nearest, mass)
        moved = torch.zeros(n, 2).index_add_(0, nearest, grid * mass[:, None])
        middles = torch.where(total[:, None] > 0, moved / total.clamp(min=1e-12)[:, None], middles)
    nearest = torch.cdist(grid, middles).argmin(1)
    area = torch.bincount(nearest, minlength=n).float().clamp(min=1)
    total = torch.zeros(n).index_add_(0, nearest, mass)
    squares = torch.zeros(n).index_add_(0, nearest, mass.square())
    return middles, area, (total.square() / squares.clamp(min=1e-12)).clamp(min=1)


def serpentine(h: int, w: int) -> Tensor:
    """The places of a grid in blocks, there and back, so that what follows each other is near."""
    y, x = torch.arange(h)[:, None], torch.arange(w)
    band = y // 8
    along = torch.where(band % 2 == 0, x, w - 1 - x)
    return ((band * w + along) * 8 + y % 8).flatten().argsort()


def sampled(field: Float[Tensor, "b c h w"], where: Tensor) -> Tensor:
    """What a field is at some places, `[b, n, c]`."""
    h, w = field.shape[2:]
    at = where / where.new_tensor([w, h]) * 2 - 1
    found = F.grid_sample(field, at[:, None], align_corners=False, padding_mode="border")
    return found[:, :, 0].transpose(1, 2)  # [b, c, 1, n] -> [b, n, c]


def traced(where: Tensor, along: Tensor, long: Tensor, parts: Tensor) -> Tensor:
    """Points on lines through `where` that follow `along`, of lengths `long`: the ends of so many
    equal parts of each, `[b, n, most + 1, 2]`."""

    def turned(at: Tensor, before: Tensor | None) -> Tensor:
        doubled = sampled(along, at)
        angle = torch.atan2(doubled[..., 1], doubled[..., 0]) / 2
        way = torch.stack([angle.cos(), angle.sin()], -1)
        if before is None:
            return way
        return way * torch.where((way * before).sum(-1, keepdim=True) < 0, -1, 1)

    ways = turned(where, None)
    step, sides = (long / STEPS)[..., None], []
    for sign in (-1, 1):
        at, way, line = where, sign * ways, [where]
        for _ in range(STEPS // 2):
            way = turned(at, way)
            at = at + step * way
            line.append(at)
        sides.append(line)
    line = torch.stack([*reversed(sides[0][1:]), *sides[1]], 2)  # [b, n, STEPS + 1, 2]
    at = (torch.arange(int(parts.max()) + 1) / parts[..., None]).clamp(max=1) * STEPS
    low = at.long().clamp(max=STEPS - 1)  # [b, n, most + 1]
    index = low[..., None].expand(*low.shape, 2)
    return torch.lerp(line.gather(2, index), line.gather(2, index + 1), (at - low)[..., None])
