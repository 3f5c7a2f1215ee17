"""Moves as 3x3 homographies, and the one sampling that applies them all.

Coordinates run from 0 to 1 over the width (first) and the height of a picture or a view, so one
homography serves at every size. Moves are chosen on the CPU in float64; only the finished matrix
goes to the device of the picture.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.protocols import Draws

FAR = 8.0  # no source point further out than this is looked for; near a horizon they go to infinity


def from_box(box: Tensor) -> Tensor:
    """Takes a view to a box of the picture: `[..., 4]` (left, top, width, height) -> 3x3."""
    left, top, wide, high = box.unbind(-1)
    o, one = torch.zeros_like(left), torch.ones_like(left)
    return matrix([[wide, o, left], [o, high, top], [o, o, one]])


def flips(draws: Draws, count: int, probability: float) -> Tensor:
    """Mirrors left and right, with a probability."""
    done = happens(draws, count, probability)
    o, one = torch.zeros_like(done), torch.ones_like(done)
    return matrix([[1 - 2 * done, o, done], [o, one, o], [o, o, one]])


def affines(
    draws: Draws,
    count: int,
    probability: float,
    *,
    degrees: float,
    translate: float,
    shear: float,
) -> Tensor:
    """Shears along x, turns about the centre and shifts, each uniform in plus or minus its range.

    Args:
        degrees, shear: angles in degrees.
        translate: share of the side.
    """
    done = happens(draws, count, probability)
    chance = (2 * draws.named("affine").uniform(count, 4).double() - 1) * done[..., None]
    angle, slant = chance[..., 0] * math.radians(degrees), chance[..., 1] * math.radians(shear)
    dx, dy = chance[..., 2] * translate, chance[..., 3] * translate
    cos, sin, tan = angle.cos(), angle.sin(), slant.tan()
    a, b, c, d = cos, sin - cos * tan, -sin, cos + sin * tan  # rotation @ shear
    o, one = torch.zeros_like(a), torch.ones_like(a)
    x, y = 0.5 + dx - 0.5 * (a + b), 0.5 + dy - 0.5 * (c + d)  # the centre goes to centre + shift
    return matrix([[a, b, x], [c, d, y], [o, o, one]])


def perspectives(draws: Draws, count: int, probability: float, *, distortion: float) -> Tensor:
    """Moves every corner inwards by up to `distortion` half sides."""
    done = happens(draws, count, probability)
    inwards = draws.named("corners").uniform(count, 4, 2).double() * (distortion / 2)
    square = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)
    return to_corners(square + inwards * done[..., None, None] * (1 - 2 * square))


def to_corners(corners: Tensor) -> Tensor:
    """Takes the unit square's corners (0,0), (1,0), (1,1), (0,1) to `corners` `[..., 4, 2]`.

    Source: Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), section 2.2.3.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (p.unbind(-1) for p in corners.unbind(-2))
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area
    return matrix(
        [
            [x1 - x0 + g * x1, x3 - x0 + h * x3, x0],
            [y1 - y0 + g * y1, y3 - y0 + h * y3, y0],
            [g, h, torch.ones_like(g)],
        ]
    )


def happens(draws: Draws, count: int, probability: float) -> Tensor:
    """1 with a probability, else 0: `[b, count]`."""
    return (draws.named("happens").uniform(count) < probability).double()


def matrix(rows: list[list[Tensor]]) -> Tensor:
    """Numbers of any shape as 3x3 matrices `[..., 3, 3]`."""
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def shrinking(warps: Tensor, width: int, height: int, size: int) -> Tensor:
    """How many pixels of a `width` x `height` source one pixel of a view covers along a side, in
    the middle of the view: `[..., 3, 3]` -> `[...]`.

    The Jacobian of a homography H has the determinant det(H) / w**3.
    """
    w = warps[..., 2, :] @ warps.new_tensor([0.5, 0.5, 1.0])
    share = torch.linalg.det(warps).abs() / w.abs().clamp(min=1e-3) ** 3
    return (share * width * height).sqrt() / size


def coordinates(warps: Tensor, size: int, bent: bool, field: Tensor | None = None) -> Tensor:
    """Where the pixels of views look, from -1 to 1 over the source: `[n, 3, 3] -> [2, n, s, s]`.

    Every pixel is a sum of its column's part and its row's part, so no list of points is built.
    x and y lie in planes of their own: that is many times as fast as in pairs.

    Args:
        bent: whether any warp has a perspective, so that a division is needed.
        field: displacements of the pixels of the views `[n, 2, s, s]`, in shares of the view.
    """
    at = (torch.arange(size, dtype=warps.dtype, device=warps.device) + 0.5) / size
    ends = warps.new_tensor([[2.0, 0.0, -1.0], [0.0, 2.0, -1.0], [0.0, 0.0, 1.0]])
    columns, rows, corner = (ends @ warps).permute(2, 1, 0)[..., None, None]  # each [3, n, 1, 1]
    across, down = columns * at, rows * at[:, None] + corner  # [3, n, 1, s], [3, n, s, 1]
    where = warps.new_empty(2, len(warps), size, size)
    torch.add(across[:2], down[:2], out=where)
    depth = across[2] + down[2] if bent else None
    if field is not None:
        dx, dy = field.unbind(1)  # each [n, s, s]
        where.addcmul_(columns[:2], dx).addcmul_(rows[:2], dy)
        depth = depth + columns[2] * dx + rows[2] * dy if depth is not None else None
    return where if depth is None else where.div_(depth).clamp_(-FAR, FAR)


def sample(
    source: Tensor,
    warps: Tensor,
    size: int,
    *,
    outside: Literal["border", "reflection", "zeros"],
    bent: bool,
    field: Tensor | None = None,
) -> list[Tensor]:
    """Looks at one picture `[1, 3, h, w]` through `warps` `[n, 3, 3]`: n views `[3, size, size]`.

    Views are stacked into one tall picture, so that there is one source, and gradient adds up in
    one `[3, h, w]` and not in n of them. The CPU shares this work over its threads by pictures
    only: there, as many stacks as threads.

    Args:
        bent, field: as in `coordinates`.
    """
    threads = torch.get_num_threads() if source.device.type == "cpu" else 1
    stacks = max(k for k in range(1, threads + 1) if len(warps) % k == 0)
    where = coordinates(warps, size, bent, field)
    tall = where.view(2, stacks, -1, size).permute(1, 2, 3, 0)  # [2, n, s, s] -> [k, n/k*s, s, 2]
    seen = F.grid_sample(
        source.expand(stacks, -1, -1, -1), tall, padding_mode=outside, align_corners=False
    )
    views = seen.unflatten(2, (-1, size))  # [k, 3, n/k*s, s] -> [k, 3, n/k, s, s]
    return [view for stack in views.unbind(0) for view in stack.unbind(1)]
