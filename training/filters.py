"""Art styles as picture filters, in batches: `[n, 3, h, w]` in [0, 1] to the same."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.dice import uniform

Filter = Callable[[Tensor, Generator], Tensor]


def apply(pictures: Tensor, kinds: Tensor, draws: Generator) -> Tensor:
    """kinds: `[n]` long, places in KINDS, or -1 to leave the picture as it is."""
    for kind in kinds.unique().tolist():
        if kind >= 0:
            rows = (kinds == kind).nonzero()[:, 0]
            pictures[rows] = FILTERS[KINDS[kind]](pictures[rows], draws).clamp(0, 1)
    return pictures


def _grey(pictures: Tensor) -> Tensor:
    weights = pictures.new_tensor([0.299, 0.587, 0.114])
    return torch.einsum("nchw,c->nhw", pictures, weights)[:, None]


def _blur(pictures: Tensor, radius: int) -> Tensor:
    padded = F.pad(pictures, (radius,) * 4, mode="replicate")
    return F.avg_pool2d(padded, 2 * radius + 1, 1)


def _steps(pictures: Tensor) -> Tensor:
    """How much the colour changes at each point, `[n, 1, h, w]`."""
    padded = F.pad(pictures, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).square().sum(1, keepdim=True)
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).square().sum(1, keepdim=True)
    return (across + down + 1e-8).sqrt()


def _noise(pictures: Tensor, draws: Generator, cells: int, channels: int = 1) -> Tensor:
    shape = (len(pictures), channels, cells, cells)
    noise = torch.randn(shape, generator=draws, device=pictures.device)
    return F.interpolate(noise, pictures.shape[-2:], mode="bilinear", align_corners=False)


def _one(draws: Generator, low: float, high: float) -> float:
    """One number for the whole batch: a filter looks at its pictures together."""
    return low + (high - low) * float(uniform(draws))


def pixel_art(pictures: Tensor, draws: Generator) -> Tensor:
    """Big square pixels."""
    size = pictures.shape[-1]
    cells = round(_one(draws, 14, 24))
    return F.interpolate(F.interpolate(pictures, (cells, cells), mode="area"), (size, size))


def pencil(pictures: Tensor, draws: Generator) -> Tensor:
    """Dark lines and a little shading on paper."""
    lines = 1 - (_steps(pictures) * _one(draws, 1.0, 1.8)).clamp(0, 0.85)
    shading = 0.75 + 0.25 * _grey(pictures)
    grain = 1 + 0.05 * _noise(pictures, draws, pictures.shape[-1])
    return (lines * shading * grain * 0.97).expand_as(pictures)


def _tiles(pictures: Tensor, draws: Generator, cells: int) -> tuple[Tensor, Tensor]:
    """Pictures in irregular flat tiles, and how near each point is to the edge of its tile."""
    n, _, size, _ = pictures.shape
    line = (torch.arange(size, device=pictures.device) + 0.5) / size * cells
    y, x = line[:, None].expand(size, size), line.expand(size, size)
    moved = 0.15 + 0.7 * uniform(draws, n, 2, cells + 2, cells + 2)
    best = torch.full((n, size, size), 9.0, device=pictures.device)
    second = best.clone()
    at_y, at_x = best.clone(), best.clone()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            row, column = y.long() + dy, x.long() + dx
            point = moved[:, :, (row + 1).clamp(0, cells + 1), (column + 1).clamp(0, cells + 1)]
            py, px = point[:, 0] + row, point[:, 1] + column
            far = ((py - y).square() + (px - x).square()).sqrt()
            nearer = far < best
            second = torch.where(nearer, best, torch.minimum(second, far))
            at_y, at_x = torch.where(nearer, py, at_y), torch.where(nearer, px, at_x)
            best = torch.where(nearer, far, best)
    where = torch.stack([at_x, at_y], -1) / cells * 2 - 1
    flat = F.grid_sample(_blur(pictures, 1), where, padding_mode="border", align_corners=False)
    return flat, (second - best)[:, None]


def mosaic(pictures: Tensor, draws: Generator) -> Tensor:
    """Small stones with light joints."""
    flat, edge = _tiles(pictures, draws, round(_one(draws, 13, 18)))
    joint = (1 - edge * 5).clamp(0, 1)
    return flat * (1 - 0.55 * joint) + 0.8 * 0.55 * joint


def stained_glass(pictures: Tensor, draws: Generator) -> Tensor:
    """Large bright panes with black lead between them."""
    flat, edge = _tiles(pictures, draws, round(_one(draws, 8, 12)))
    mean = flat.mean(1, keepdim=True)
    bright = mean + (flat - mean) * 1.6 + 0.05
    return bright.clamp(0, 1) * ((edge - 0.1) * 7).clamp(0, 1)


def watercolour(pictures: Tensor, draws: Generator) -> Tensor:
    """Pale, bleeding washes with darker rims on white paper."""
    size = pictures.shape[-1]
    moved = _warped(pictures, draws, cells=10, strength=0.05)
    soft = _blur(moved, max(size // 40, 1))
    rims = (_steps(soft) * 0.35).clamp(0, 0.25)
    wash = 0.72 + 0.1 * _noise(pictures, draws, 7)
    return 1 - (1 - soft) * wash - rims


def _warped(pictures: Tensor, draws: Generator, *, cells: int, strength: float) -> Tensor:
    size = pictures.shape[-1]
    line = (torch.arange(size, device=pictures.device) + 0.5) / size * 2 - 1
    grid = torch.stack([line.expand(size, size), line[:, None].expand(size, size)], -1)
    shift = _noise(pictures, draws, cells, 2).permute(0, 2, 3, 1) * strength
    return F.grid_sample(pictures, grid + shift, padding_mode="border", align_corners=False)


def oil(pictures: Tensor, draws: Generator) -> Tensor:
    """Short strong strokes."""
    moved = _warped(pictures, draws, cells=22, strength=0.06)
    soft = _blur(moved, 1)
    strokes = 0.09 * _noise(pictures, draws, 26)
    mean = soft.mean((2, 3), keepdim=True)
    return mean + (soft - mean) * 1.25 + strokes


def black_and_white(pictures: Tensor, draws: Generator) -> Tensor:
    """No colour, more contrast."""
    grey = _grey(pictures)
    return (0.5 + (grey - 0.5) * _one(draws, 1.0, 1.5)).expand_as(pictures)


def neon(pictures: Tensor, draws: Generator) -> Tensor:
    """Glowing outlines in the dark."""
    lines = (_steps(pictures) * 0.9).clamp(0, 1)
    mean = pictures.mean(1, keepdim=True)
    vivid = (mean + (pictures - mean) * 2 + 0.25).clamp(0.05, 1)
    glow = _blur(lines, 2)
    return 0.08 * pictures + lines * vivid * 1.1 + glow * vivid * 0.7


FILTERS: dict[str, Filter] = {
    "pixel art": pixel_art,
    "pencil": pencil,
    "mosaic": mosaic,
    "stained glass": stained_glass,
    "watercolour": watercolour,
    "oil": oil,
    "black and white": black_and_white,
    "neon": neon,
}
KINDS = tuple(FILTERS)
