"""Strokes as closed polygons, for the caps and joins that a distance cannot draw.

A polygon goes along the left of the line, round the cap, back along the right and round the first
cap; of a closed line there are two, one along each side. On the inner side of a joint it goes where
the sides meet, or through the joint itself where they meet beyond a neighbour: so the winding
number counts how many pieces of the line lie over a place.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.flatten import TOLERANCE, Polylines
from reverie.raster.layout import CAPS, JOINS, owners
from reverie.raster.tiles import spread

SHORTEST = 1e-6  # pixels of a piece that has a direction
STRAIGHT = 1e-4  # radians at a joint that is no bend
MOST_TURN = 3.1  # radians at a joint whose sides may meet
LAST = 1 << 20  # after all steps of an arc
LEFT, LAST_CAP, RIGHT, FIRST_CAP = range(4)  # in this order


@dataclass(frozen=True, eq=False, kw_only=True)
class Style:
    """How each contour is stroked; on the CPU."""

    radius: Tensor
    cap: Tensor
    join: Tensor
    miter_limit: Tensor
    closed: Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Pieces:
    """Straight pieces of some lines, in their order, and where one meets the next."""

    contour: Tensor  # [s]
    start: Tensor  # [s], a vertex
    end: Tensor
    cubic: Tensor  # [s]
    sets_out: Tensor  # [s], whether its cubic begins here
    arrives: Tensor
    dot: Tensor  # [s], whether it has no length
    one: Tensor  # [j], pieces that meet
    two: Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Corners:
    """Corners of polygons: from a vertex, so many radii along a piece's normal and along itself, as
    it sets out or as it arrives."""

    vertex: Tensor
    frame: Tensor  # twice the piece, and 1 more for its end
    joint: Tensor  # the joint that its angle comes from, or -1
    share: Tensor  # of that angle; 2 where sides meet
    normal: Tensor  # the radii, of those without a joint; with one, the sign of the side
    along: Tensor
    group: Tensor
    place: Tensor
    step: Tensor


def outline(
    lines: Polylines, tangents: Tensor, radii: Tensor, style: Style, chosen: Tensor
) -> tuple[Tensor, Tensor]:
    """The polygons' vertices in their order, and for each twice its contour, and 1 more for the
    second polygon of a closed one.

    Args:
        tangents: of every cubic, its first and its last: a chord's are not true enough for a wide
            line's caps and joins.
        radii: of every contour, with gradient.
        chosen: the contours that are outlined.
    """
    device = radii.device
    pieces = cut(lines, style.closed, chosen)
    rough = directions(lines.vertices.detach(), tangents.detach(), pieces).cpu().double()
    met = joints(pieces, lines, rough, style)
    corners = ends(pieces, style) + sides(met, LEFT) + sides(met, RIGHT)
    table = Corners(
        **{n: torch.cat([getattr(c, n) for c in corners]) for n in Corners.__dataclass_fields__}
    )
    piece = table.frame.div(2, rounding_mode="floor")
    contour = pieces.contour[piece]
    second = style.closed[contour] & (table.group == RIGHT) & ~pieces.dot[piece]
    ring = 2 * contour + second
    order = torch.arange(len(ring))
    for key in (table.step, table.place, table.group, ring):
        order = order[key[order].argsort(stable=True)]
    table = Corners(**{n: getattr(table, n)[order] for n in Corners.__dataclass_fields__})
    frames = directions(lines.vertices, tangents, pieces)
    radius = radii[contour[order].to(device)]
    return placed(lines.vertices, frames, pieces, table, radius), ring[order]


def directions(vertices: Tensor, tangents: Tensor, pieces: Pieces) -> Tensor:
    """Of every piece where it sets out and where it arrives, `[2 * s, 2]`, of unit length."""
    device = vertices.device
    chord = vertices[pieces.end.to(device)] - vertices[pieces.start.to(device)]
    flat = torch.where(pieces.dot.to(device)[:, None], chord.new_tensor([1.0, 0.0]), chord)
    found = []
    for side, own in enumerate((pieces.sets_out, pieces.arrives)):
        tangent = tangents[pieces.cubic.to(device), side]
        known = own.to(device) & (tangent.detach().norm(dim=1) > SHORTEST)
        way = torch.where((known & ~pieces.dot.to(device))[:, None], tangent, flat)
        found.append(way / way.norm(dim=1, keepdim=True))
    return torch.stack(found, 1).flatten(0, 1)


def cut(lines: Polylines, closed: Tensor, chosen: Tensor) -> Pieces:
    """Those with a length; of lines that have none, one point."""
    where, vertices = lines.where, lines.vertices.detach().cpu().double()
    contour = owners(where)
    start = torch.arange(len(contour))
    last = start + 1 == where[1:][contour]
    end = torch.where(last, where[:-1][contour], start + 1)
    length = (vertices[end] - vertices[start]).norm(dim=1)
    long = (length > SHORTEST) & (~last | closed[contour])
    empty = torch.bincount(contour[long], minlength=len(closed)) == 0
    dot = empty[contour] & (start == where[:-1][contour])
    kept = ((long | dot) & chosen[contour]).nonzero()[:, 0]
    contour, dot = contour[kept], dot[kept]
    one = torch.arange(len(kept))
    same = torch.cat([contour[1:] == contour[:-1], contour.new_zeros(1, dtype=torch.bool)])
    begin = torch.searchsorted(contour, contour)
    two = torch.where(same[: len(kept)], one + 1, begin)
    meet = (same[: len(kept)] | closed[contour]) & ~dot
    return Pieces(
        contour=contour,
        start=start[kept],
        end=torch.where(dot, start[kept], end[kept]),
        cubic=lines.cubic[start[kept]],
        sets_out=(lines.corner & ~last)[start[kept]],
        arrives=lines.corner[end[kept]] & ~last[start[kept]],
        dot=dot,
        one=one[meet],
        two=two[meet],
    )


def corner(vertex: Tensor, frame: Tensor, **given: Tensor | float) -> Corners:
    """Some corners of one kind; what is not given is 0, and there is no joint."""
    zeros = torch.zeros(len(vertex), dtype=torch.float64)
    columns = dict.fromkeys(("share", "normal", "along"), zeros)
    columns |= {name: zeros.long() for name in ("group", "place", "step")}
    columns["joint"] = zeros.long() - 1
    for name, value in given.items():
        columns[name] = columns[name] + value if name != "joint" else torch.as_tensor(value)
    return Corners(vertex=vertex, frame=frame, **columns)


def arc(radius: Tensor, angle: Tensor) -> Tensor:
    """How many points between its ends keep an arc's polygon true."""
    step = 2 * (1 - TOLERANCE / radius.clamp(min=TOLERANCE)).acos()
    return (angle.abs() / step.clamp(max=torch.pi / 3)).ceil().sub(1).clamp(min=0).long()


def ends(pieces: Pieces, style: Style) -> list[Corners]:
    """Beginnings and ends of open lines, and their caps."""
    found = []
    count = len(pieces.contour)
    has_next, has_before = torch.zeros(2, count, dtype=torch.bool)
    has_next[pieces.one] = True
    has_before[pieces.two] = True
    for at_end, free in ((False, ~has_before), (True, ~has_next)):
        piece = free.nonzero()[:, 0]
        frame = 2 * piece + at_end
        vertex = (pieces.end if at_end else pieces.start)[piece]
        group, ahead = (LAST_CAP, 1.0) if at_end else (FIRST_CAP, -1.0)
        # Places of joints are 1 to count from either end.
        left, right = (count + 1, 0) if at_end else (0, count + 1)
        found.append(corner(vertex, frame, normal=1.0, group=LEFT, place=left))
        found.append(corner(vertex, frame, normal=-1.0, group=RIGHT, place=right))
        cap = style.cap[pieces.contour[piece]]
        for step in (0, 1):
            square = cap == CAPS.index("square")
            side = ahead * (1 - 2 * step)
            found.append(
                corner(
                    vertex[square],
                    frame[square],
                    normal=side,
                    along=ahead,
                    group=group,
                    step=step,
                )
            )
        radius = style.radius[pieces.contour[piece]]
        points = arc(radius, torch.full_like(radius, torch.pi)).clamp(min=1)
        points = points * (cap == CAPS.index("round"))
        which, step = spread(points)
        angle = torch.pi * (step + 1) / (points[which] + 1)
        found.append(
            corner(
                vertex[which],
                frame[which],
                normal=ahead * angle.cos(),
                along=ahead * angle.sin(),
                group=group,
                step=step,
            )
        )
    return found


@dataclass(frozen=True, eq=False, kw_only=True)
class Joints:
    """Places where a piece meets the next."""

    vertex: Tensor
    arriving: Tensor  # a frame
    leaving: Tensor
    angle: Tensor
    radius: Tensor
    meets: Tensor  # whether the sides meet on the inner side
    sharp: Tensor  # whether they are led on until they meet on the outer side
    round: Tensor


def joints(pieces: Pieces, lines: Polylines, directions: Tensor, style: Style) -> Joints:
    v = lines.vertices.detach().cpu().double()
    length = (v[pieces.end] - v[pieces.start]).norm(dim=1)
    one, two = pieces.one, pieces.two
    angle = turn(directions[2 * one + 1], directions[2 * two])
    contour = pieces.contour[one]
    radius = style.radius[contour]
    room = rooms(pieces, length, angle.abs() < STRAIGHT)
    turns_back = angle.abs() > MOST_TURN
    taken = radius * (angle / 2).tan().abs()
    # Within a curve, where nothing was joined, all is round.
    true_corner = lines.corner[pieces.start[two]] | lines.corner[pieces.end[one]]
    join = style.join[contour]
    tip = 1 / (angle / 2).cos().clamp(min=1e-9)  # how far the miter's, in radii
    sharp = true_corner & (join == JOINS.index("miter")) & (tip <= style.miter_limit[contour])
    return Joints(
        vertex=pieces.start[two],
        arriving=2 * one + 1,
        leaving=2 * two,
        angle=angle,
        radius=radius,
        meets=(taken <= torch.minimum(room[one], room[two])) & ~turns_back,
        sharp=sharp & ~turns_back,
        round=~true_corner | (join == JOINS.index("round")),
    )


def rooms(pieces: Pieces, length: Tensor, straight: Tensor) -> Tensor:
    """How much of every piece, and of those that go straight on from it, each bend beside it may
    take.

    Args:
        straight: of every joint, whether it is no bend.
    """
    one, two = pieces.one, pieces.two
    begins = torch.ones_like(length, dtype=torch.bool)
    begins[two[straight & (two == one + 1)]] = False
    run = begins.cumsum(0) - 1
    total = torch.zeros_like(length).index_add_(0, run, length)
    bends = torch.bincount(run[torch.cat([one[~straight], two[~straight]])], minlength=len(length))
    return (total / bends.clamp(min=1))[run]


def sides(joints: Joints, group: int) -> list[Corners]:
    """The corners of all joints on the left or on the right, where their order is the other way."""
    forward = group == LEFT
    side = 1.0 if forward else -1.0
    number = torch.arange(len(joints.angle))
    place = 1 + (number if forward else len(number) - number)

    def some(which: Tensor, frame: Tensor, step: int | Tensor, **given: Tensor | float) -> Corners:
        step = step if forward else -step
        place_ = place[which]
        return corner(
            joints.vertex[which], frame[which], group=group, place=place_, step=step, **given
        )

    inner = joints.angle * side > 0
    through = inner & ~joints.meets
    apart = (~inner | through).nonzero()[:, 0]
    meeting = torch.where(inner, joints.meets, joints.sharp).nonzero()[:, 0]
    points = arc(joints.radius, joints.angle) * (~inner & joints.round)
    bent, step = spread(points)
    share = (step + 1) / (points[bent] + 1)
    return [
        some(apart, joints.arriving, 0, normal=side),
        some(apart, joints.leaving, LAST, normal=side),
        some(through.nonzero()[:, 0], joints.arriving, 1),  # the joint itself
        some(meeting, joints.arriving, 1, normal=side, joint=meeting, share=2.0),
        some(bent, joints.arriving, step + 1, normal=side, joint=bent, share=share),
    ]


def turn(one: Tensor, two: Tensor) -> Tensor:
    """The angle from one direction to the other, -pi to pi."""
    cross = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    return torch.atan2(cross, (one * two).sum(1))


def placed(
    vertices: Tensor, frames: Tensor, pieces: Pieces, table: Corners, radius: Tensor
) -> Tensor:
    """Where the corners are, `[n, 2]`, with gradient to vertices, frames and radius."""
    device, like = vertices.device, vertices
    along = frames[table.frame.to(device)]
    normal = torch.stack([-along[:, 1], along[:, 0]], 1)
    x, y = table.normal.to(like), table.along.to(like)  # how far along the normal and along itself
    turned = (table.joint >= 0).nonzero()[:, 0]
    joint, share = table.joint[turned], table.share[turned].to(like)
    arriving, leaving = 2 * pieces.one[joint] + 1, 2 * pieces.two[joint]
    angle = turn(frames[arriving.to(device)], frames[leaving.to(device)])
    meets, turned = share == 2, turned.to(device)
    part = angle * torch.where(meets, 0.5, share)
    sign = x[turned]
    y = y.index_add(0, turned, -sign * torch.where(meets, part.tan(), part.sin()))
    x = x.index_add(0, turned, sign * torch.where(meets, 0, part.cos() - 1))
    moved = x[:, None] * normal + y[:, None] * along
    return vertices[table.vertex.to(device)] + radius[:, None] * moved
