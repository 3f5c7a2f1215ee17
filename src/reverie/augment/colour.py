"""Brightness, contrast, saturation and hue as one matrix per view.

Source: the colour jitter of torchvision and kornia.
Differs: hue turns the colour plane of YIQ and not the hexagon of HSV, so the whole jitter is
linear; contrast pivots on middle grey and not on the mean of the view; the order is fixed; and
nothing is clamped, so no gradient dies.
"""

import math

import torch
from torch import Tensor

from reverie.protocols import Draws

# NTSC's luma and its two colour axes
YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


def jitters(
    draws: Draws,
    count: int,
    probability: float,
    *,
    brightness: float,
    contrast: float,
    saturation: float,
    hue: float,
) -> Tensor:
    """Colour matrices `[b, count, 3, 4]`; without its probability a view keeps its colours.

    Args:
        brightness, contrast, saturation: factors are uniform in 1 plus or minus this.
        hue: in turns, uniform in plus or minus this.
    """
    done = draws.named("happens").uniform(count) < probability
    chance = (2 * draws.named("factors").uniform(count, 4).double() - 1) * done[..., None]
    return adjust(
        1 + brightness * chance[..., 0],
        1 + contrast * chance[..., 1],
        1 + saturation * chance[..., 2],
        hue * chance[..., 3],
    )


def adjust(brightness: Tensor, contrast: Tensor, saturation: Tensor, hue: Tensor) -> Tensor:
    """The matrix `[..., 3, 4]` that turns the hue, scales saturation about the luma, contrast
    about middle grey, and brightness, in this order; the last column is added."""
    cos, sin = (2 * math.pi * hue).cos() * saturation, (2 * math.pi * hue).sin() * saturation
    o, one = torch.zeros_like(cos), torch.ones_like(cos)
    rows = [[one, o, o], [o, cos, sin], [o, -sin, cos]]  # from red to green, as in HSV
    turn = torch.stack([torch.stack(row, -1) for row in rows], -2)  # [..., 3, 3]
    yiq = torch.tensor(YIQ, dtype=torch.float64)
    mixed = torch.linalg.inv(yiq) @ turn @ yiq * (brightness * contrast)[..., None, None]
    added = (brightness * (1 - contrast) / 2)[..., None, None].expand_as(mixed[..., :1])
    return torch.cat([mixed, added], -1)


def recoloured(views: Tensor, colours: Tensor) -> Tensor:
    """Views `[n, 3, s, s]` under the matrices `[n, 3, 4]`."""
    mixed = torch.baddbmm(colours[..., 3:], colours[..., :3], views.flatten(2))
    return mixed.view_as(views)
