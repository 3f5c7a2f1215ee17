"""Strokes as closed polygons, for the caps and joins that a distance cannot draw.

A polygon goes along the left of the line, round the cap, back along the right and round the first
cap; of a closed line there are two, one along each side. On the inner side of a joint it goes where
the sides meet, or through the joint itself where they meet beyond a neighbour: so the winding number
counts how many pieces of the line lie over a place, and is never negative.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.flatten import TOLERANCE, Polylines
from reverie.raster.layout import CAPS, JOINS, Ends, owners
from reverie.raster.tiles import spread

SHORTEST = 1e-6  # pixels of a piece that has a direction
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
    dot: Tensor  # [s], whether it has no length
    one: Tensor  # [j], pieces that meet
    two: Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Corners:
    """Corners of polygons: from a vertex, so many radii along a piece's normal and along itself."""

    vertex: Tensor
    piece: Tensor
    joint: Tensor  # the joint that its angle comes from, or -1
    share: Tensor  # of that angle; 2 where sides meet
    normal: Tensor  # the radii, of those without a joint; with one, the sign of the side
    along: Tensor
    group: Tensor
    place: Tensor
    step: Tensor


def outline(lines: Polylines, radii: Tensor, style: Style, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """The polygons' vertices in their order, and for each twice its contour, and 1 more for the
    second polygon of a closed one.

    Args:
        radii: of every contour, with gradient.
        chosen: the contours that are outlined.
    """
    device = radii.device
    pieces = cut(lines.vertices.detach().cpu().double(), lines.where, style.closed, chosen)
    corners = ends(pieces, style) + joints(pieces, lines, style)
    table = Corners(
        **{n: torch.cat([getattr(c, n) for c in corners]) for n in Corners.__dataclass_fields__}
    )
    contour = pieces.contour[table.piece]
    second = style.closed[contour] & (table.group == RIGHT) & ~pieces.dot[table.piece]
    ring = 2 * contour + second
    order = torch.arange(len(ring))
    for key in (table.step, table.place, table.group, ring):
        order = order[key[order].argsort(stable=True)]
    table = Corners(**{n: getattr(table, n)[order] for n in Corners.__dataclass_fields__})
    found = placed(lines.vertices, pieces, table, radii[contour[order].to(device)])
    return found, ring[order]


def cut(vertices: Tensor, where: Ends, closed: Tensor, chosen: Tensor) -> Pieces:
    """Those with a length; of lines that have none, one point."""
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
        dot=dot,
        one=one[meet],
        two=two[meet],
    )


def corner(vertex: Tensor, piece: Tensor, **given: Tensor | float) -> Corners:
    """Some corners of one kind; what is not given is 0, and there is no joint."""
    zeros = torch.zeros(len(vertex), dtype=torch.float64)
    columns = dict.fromkeys(("share", "normal", "along"), zeros)
    columns |= {name: zeros.long() for name in ("group", "place", "step")}
    columns["joint"] = zeros.long() - 1
    for name, value in given.items():
        columns[name] = columns[name] + value if name != "joint" else torch.as_tensor(value)
    return Corners(vertex=vertex, piece=piece, **columns)


def arc(radius: Tensor, angle: Tensor) -> Tensor:
    """How many points between its ends keep an arc's polygon true."""
    step = 2 * (1 - TOLERANCE / radius.clamp(min=TOLERANCE)).acos()
    return (angle.abs() / step.clamp(max=torch.pi / 3)).ceil().sub(1).clamp(min=0).long()


def ends(pieces: Pieces, style: Style) -> list[Corners]:
    """Beginnings and ends of open lines, and their caps."""
    found = []
    count = len(pieces.contour)
    places = torch.arange(count)
    first, last = places.clone(), places.clone()
    has_next, has_before = torch.zeros(2, count, dtype=torch.bool)
    has_next[pieces.one] = True
    has_before[pieces.two] = True
    for at_end, free in ((False, ~has_before), (True, ~has_next)):
        piece = (first if not at_end else last)[free]
        vertex = (pieces.end if at_end else pieces.start)[piece]
        group, ahead = (LAST_CAP, 1.0) if at_end else (FIRST_CAP, -1.0)
        # Places of joints are 1 to count from either end.
        left, right = (count + 1, 0) if at_end else (0, count + 1)
        found.append(corner(vertex, piece, normal=1.0, group=LEFT, place=left))
        found.append(corner(vertex, piece, normal=-1.0, group=RIGHT, place=right))
        cap = style.cap[pieces.contour[piece]]
        for step in (0, 1):
            square = cap == CAPS.index("square")
            side = ahead * (1 - 2 * step)
            found.append(
                corner(
                    vertex[square],
                    piece[square],
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
                piece[which],
                normal=ahead * angle.cos(),
                along=ahead * angle.sin(),
                group=group,
                step=step,
            )
        )
    return found


def joints(pieces: Pieces, lines: Polylines, style: Style) -> list[Corners]:
    """Both sides of every place where pieces meet."""
    v = lines.vertices.detach().cpu().double()
    way = v[pieces.end] - v[pieces.start]
    length = way.norm(dim=1)
    direction = way / length.clamp(min=SHORTEST)[:, None]
    one, two = pieces.one, pieces.two
    angle = turn(direction[one], direction[two])
    contour = pieces.contour[one]
    radius = style.radius[contour]
    met = torch.bincount(one, minlength=len(length)) + torch.bincount(two, minlength=len(length))
    room = length / met.clamp(min=1)
    taken = radius * (angle.abs() / 2).tan().abs()
    meets = (taken <= torch.minimum(room[one], room[two])) & (angle.abs() < 3.1)

    vertex = pieces.start[two]
    true_corner = lines.corner[vertex] | lines.corner[pieces.end[one]]
    join = style.join[contour]
    ratio = 1 / (angle / 2).cos().clamp(min=1e-9)
    sharp = true_corner & (join == JOINS.index("miter"))
    sharp &= (ratio <= style.miter_limit[contour]) & (angle.abs() < 3.1)
    round_ = ~true_corner | (join == JOINS.index("round"))
    number = torch.arange(len(one))
    found = []
    for side, group in ((1.0, LEFT), (-1.0, RIGHT)):
        inner = angle * side > 0
        outer = ~inner
        forward = side > 0
        place = 1 + (number if forward else len(one) - number)

        def some(mask: Tensor, piece: Tensor, step: int | Tensor, **given: Tensor | float) -> None:
            which = mask.nonzero()[:, 0] if mask.dtype == torch.bool else mask
            step = step if forward else -step  # noqa: B023
            found.append(
                corner(
                    vertex[which],
                    piece[which],
                    group=group,  # noqa: B023
                    place=place[which],  # noqa: B023
                    step=step,
                    **given,
                )
            )

        last = 1 << 20
        apart = outer | ~meets
        some(apart, one, 0, normal=side)
        some(apart, two, last, normal=side)
        some(inner & ~meets, one, 1)  # the joint itself
        meeting = (inner & meets) | (outer & sharp)
        some(meeting, one, 1, normal=side, joint=number[meeting], share=2.0)
        points = arc(radius, angle) * (outer & round_)
        which, step = spread(points)
        share = (step + 1) / (points[which] + 1)
        some(which, one, step + 1, normal=side, joint=which, share=share)
    return found


def turn(one: Tensor, two: Tensor) -> Tensor:
    """The angle from one direction to the other, -pi to pi."""
    cross = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    return torch.atan2(cross, (one * two).sum(1))


def placed(vertices: Tensor, pieces: Pieces, table: Corners, radius: Tensor) -> Tensor:
    """Where the corners are, `[n, 2]`, differentiable with respect to vertices and radius."""
    device, like = vertices.device, vertices
    way = vertices[pieces.end.to(device)] - vertices[pieces.start.to(device)]
    way = torch.where(pieces.dot.to(device)[:, None], way.new_tensor([1.0, 0.0]), way)
    direction = way / way.norm(dim=1, keepdim=True)
    along = direction[table.piece.to(device)]
    normal = torch.stack([-along[:, 1], along[:, 0]], 1)

    x, y = table.normal.to(like), table.along.to(like)  # how far along the normal and along itself
    turned = (table.joint >= 0).nonzero()[:, 0]
    joint, share = table.joint[turned], table.share[turned]
    angle = turn(direction[pieces.one[joint].to(device)], direction[pieces.two[joint].to(device)])
    meets = (share == 2).to(device)
    part = angle * torch.where(meets, 0.5, share.to(like))
    sign = x[turned.to(device)]
    y = y.index_add(0, turned.to(device), -sign * torch.where(meets, part.tan(), part.sin()))
    x = x.index_add(0, turned.to(device), sign * torch.where(meets, 0, part.cos() - 1))
    moved = x[:, None] * normal + y[:, None] * along
    return vertices[table.vertex.to(device)] + radius[:, None] * moved
