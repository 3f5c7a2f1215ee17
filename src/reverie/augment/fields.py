"""Views bent like rubber: displacements that are added to where the pixels of a view look.

A displacement is in shares of the view, x first, and is chosen as a few numbers that give the same
field at every size: noise on a grid of cells, or the shifts of five anchors.
"""

import math

import torch
from torch import Tensor

from reverie.protocols import Draws

SIDE = 224  # pixels a side of the view that `CELLS`, `SIGMA` and `REACH` are about
CELLS = 28  # of the noise along a side
SIGMA, REACH = 32.0, 31.5  # of the blur, which is cut off at its reach
DEVIATION = CELLS / SIDE / math.sqrt(3)  # of the mean of a cell


def elastics(draws: Draws, count: int, probability: float) -> Tensor:
    """Noise in cells, `[b, count, 2, CELLS, CELLS]`; 0 in views that are not bent.

    Source: Simard et al., "Best Practices for Convolutional Neural Networks" (2003), with kornia's
    defaults: noise uniform in plus or minus one half side, blurred by 63 x 63 pixels.
    Differs: the noise is the mean of each cell of 8 x 8 pixels. kornia's blur, whose edge is hard,
    lets a grain of a fifth of a pixel through (at 224, where the bending is one pixel); here not.
    """
    done = draws.named("happens").uniform(count) < probability
    noise = draws.named("noise").normal(count, 2, CELLS, CELLS) * DEVIATION
    return noise * done[..., None, None, None]


def elastic(noise: Tensor, size: int) -> Tensor:
    """The displacement of every pixel: `[..., 2, CELLS, CELLS] -> [..., 2, size, size]`."""
    blur = blurring(size).to(noise)
    return blur @ noise @ blur.mT / 2  # of half sides -> of sides


def blurring(size: int) -> Tensor:
    """How much of each cell is in the blur around each pixel: `[size, CELLS]`. Outside the view
    there is no noise, so the rows near the edges add up to less than 1."""
    at = (torch.arange(size, dtype=torch.float64) + 0.5) * (SIDE / size)
    edges = torch.arange(CELLS + 1, dtype=torch.float64) * (SIDE / CELLS)
    near = (edges - at[:, None]).clamp(-REACH, REACH) / (SIGMA * math.sqrt(2))
    return torch.erf(near).diff(dim=1) / (2 * math.erf(REACH / (SIGMA * math.sqrt(2))))


def thin_plates(draws: Draws, count: int, probability: float, *, scale: float) -> Tensor:
    """Shifts of the anchors, `[b, count, 5, 2]`, the same for all the views of a picture, or none.

    Args:
        scale: uniform in plus or minus this many half sides.
    """
    done = draws.named("happens").uniform(1) < probability
    shifts = (2 * draws.named("anchors").uniform(1, 5, 2) - 1) * (scale / 2)
    return (shifts * done[..., None, None]).expand(-1, count, -1, -1)


def thin_plate(shifts: Tensor, size: int) -> Tensor:
    """The displacement of every pixel by the least bent sheet through the shifted corners and
    centre: `[..., 5, 2] -> [..., 2, size, size]`.

    Source: Bookstein, "Principal Warps: Thin-Plate Splines" (1989).
    Differs: a corner of a view looks as far off as kornia's content of that corner moves; so the
    equations are the same for all views, and cannot be singular.
    """
    bases = thin_plate_bases(size).to(shifts)  # [size, size, 5]
    return torch.einsum("ywk,...kc->...cyw", bases, shifts)


def thin_plate_bases(size: int) -> Tensor:
    """The displacement by one anchor that is shifted by 1 while the others stay, per anchor:
    `[size, size, 5]`."""
    anchors = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], dtype=torch.float64)
    at = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    pixels = torch.stack(torch.meshgrid(at, at, indexing="xy"), -1)  # [size, size, 2]
    plane = torch.cat([torch.ones(5, 1, dtype=torch.float64), anchors], 1)
    corner = torch.zeros(3, 3, dtype=torch.float64)
    rows = torch.cat([bump(anchors, anchors), plane], 1), torch.cat([plane.T, corner], 1)
    solved = torch.linalg.inv(torch.cat(rows))[:, :5]  # the last three conditions are 0
    flat = torch.cat([torch.ones_like(pixels[..., :1]), pixels], -1)
    return torch.cat([bump(pixels, anchors), flat], -1) @ solved


def bump(points: Tensor, anchors: Tensor) -> Tensor:
    """r**2 log(r**2) of the distances: `[..., 2], [k, 2] -> [..., k]`."""
    square = (points[..., None, :] - anchors).square().sum(-1)
    return torch.xlogy(square, square)
