"""What backgrounds are painted with.

Colours are `[n, 3]`, pictures `[n, 3, size, size]`, shapes and textures `[n, 1, size, size]`;
random parts come from `draws` and lie on its device.
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.dice import uniform


def grid(size: int, draws: Generator) -> tuple[Tensor, Tensor]:
    """y, x in (0, 1), each `[1, 1, size, size]`."""
    line = (torch.arange(size, device=draws.device) + 0.5) / size
    return line[None, None, :, None].expand(1, 1, size, size), line.expand(1, 1, size, size)


def number(draws: Generator, count: int, low: float, high: float) -> Tensor:
    """One number a picture, `[count, 1, 1, 1]`."""
    return uniform(draws, count, 1, 1, 1, low=low, high=high)


def clouds(draws: Generator, count: int, size: int, cells: int, octaves: int = 3) -> Tensor:
    """Soft noise about [-1, 1], `[count, 1, size, size]`."""
    total = torch.zeros(count, 1, size, size, device=draws.device)
    for octave in range(octaves):
        side = min(cells * 2**octave + 2, size)
        noise = torch.randn(count, 1, side, side, generator=draws, device=draws.device)
        wide = F.interpolate(noise, (size, size), mode="bilinear", align_corners=False)
        total = total + wide / 2**octave
    return total / 1.5


def mix(low: Tensor, high: Tensor, share: Tensor) -> Tensor:
    """low, high: `[n, 3]` or `[n, 3, h, w]`; share: `[n, 1, h, w]` in [0, 1]."""
    low = low[:, :, None, None] if low.ndim == 2 else low
    high = high[:, :, None, None] if high.ndim == 2 else high
    return low + (high - low) * share.clamp(0, 1)


def tone(draws: Generator, count: int, *colour: float, spread: float = 0.05) -> Tensor:
    """Shades of one colour, `[n, 3]`."""
    centre = torch.tensor(colour, device=draws.device).expand(count, 3)
    both = torch.randn(count, 1, generator=draws, device=draws.device)
    each = torch.randn(count, 3, generator=draws, device=draws.device)
    return (centre + spread * both + 0.5 * spread * each).clamp(0, 1)


def edge(distance: Tensor, size: int) -> Tensor:
    """1 inside (distance < 0), 0 outside, soft over a pixel and a half."""
    return (0.5 - distance * size / 1.5).clamp(0, 1)


def specks(draws: Generator, count: int, size: int, share: float) -> Tensor:
    """Small bright points, `[n, 1, size, size]`."""
    points = (uniform(draws, count, 1, size, size) < share).float()
    points = points * uniform(draws, count, 1, size, size, low=0.4)
    return (points + 0.35 * F.avg_pool2d(points, 3, 1, 1) * 9 * 0.5).clamp(0, 1)
