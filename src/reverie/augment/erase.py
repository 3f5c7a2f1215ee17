"""Rectangles of a view that are blacked out.

Source: Zhong et al., "Random Erasing" (2017), https://arxiv.org/abs/1708.04896, as kornia draws it.
"""

import torch
from torch import Tensor

from reverie.augment.boxes import between
from reverie.protocols import Draws


def rectangles(
    draws: Draws,
    count: int,
    probability: float,
    *,
    area: tuple[float, float],
    ratio: tuple[float, float],
    alike: bool = True,
) -> Tensor:
    """Rectangles, or none: `[b, count, 4]` (left, top, right, bottom) in shares of the view.

    Args:
        area: range of the share of the view.
        ratio: range of height / width, from below to above 1; either side of 1 is as likely.
        alike: the same for all the views of a picture.
    """
    drawn = 1 if alike else count
    done = draws.named("happens").uniform(drawn) < probability
    chance = draws.named("rectangle").uniform(drawn, 5).double()
    flat, tall = between(chance[..., 1], ratio[0], 1.0), between(chance[..., 1], 1.0, ratio[1])
    shape = torch.where(chance[..., 2] < 0.5, flat, tall)
    size = between(chance[..., 0], *area) * done
    high, wide = (size * shape).sqrt().clamp(max=1.0), (size / shape).sqrt().clamp(max=1.0)
    left, top = chance[..., 3] * (1 - wide), chance[..., 4] * (1 - high)
    return torch.stack([left, top, left + wide, top + high], -1).expand(-1, count, -1)


def kept(rectangles: Tensor, size: int) -> Tensor:
    """1 outside the rectangles and 0 inside: `[n, 4]` -> `[n, 1, size, size]`."""
    at = (torch.arange(size, dtype=rectangles.dtype, device=rectangles.device) + 0.5) / size
    left, top, right, bottom = rectangles[:, :, None].unbind(1)  # each [n, 1]
    x, y = (at < left) | (at >= right), (at < top) | (at >= bottom)  # [n, size]
    return (y[:, :, None] | x[:, None, :]).to(rectangles.dtype)[:, None]
