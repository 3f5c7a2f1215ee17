"""Smaller copies of a picture, so that a shrunk view is smooth and not full of false patterns."""

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

Resize: TypeAlias = Callable[[Tensor, tuple[int, int]], Tensor]


class Pyramid:
    """Copies of a picture at every half octave, made when they are first asked for.

    A view samples the copy whose pixels are about as large as its own: between 0.84 and 1.19 of
    them, where bilinear sampling needs no filter.
    """

    def __init__(self, picture: Tensor) -> None:
        self.size: tuple[int, int] = (picture.shape[-2], picture.shape[-1])
        self._levels = {0: picture}
        self._pictures: dict[int, tuple[Tensor, ...]] = {}

    def level_for(self, shrinking: Tensor) -> Tensor:
        """The level at which views that cover so many pixels of level 0 a pixel are sampled."""
        deepest = int(2 * math.log2(min(self.size)))
        return (2 * shrinking.clamp(min=1e-6).log2()).round().clamp(0, deepest).long()

    def pictures(self, level: int) -> tuple[Tensor, ...]:
        """The pictures of the batch at a level, each `[1, 3, h, w]`."""
        if level not in self._pictures:
            self._pictures[level] = self._at(level).split(1)
        return self._pictures[level]

    def _at(self, level: int) -> Tensor:
        if level not in self._levels:
            above = self._at(max(level - 2, 0))  # a full octave above: little work, little blur
            h, w = (max(1, round(side / 2 ** (level / 2))) for side in self.size)
            self._levels[level] = shrunk(above, (h, w))
        return self._levels[level]


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A smaller copy of `size` (height, width), under a triangle filter."""
    if picture.shape[-2:] == size:
        return picture
    return _smooth(picture, size) if _native(picture) else by_matrices(_smooth, picture, size)


def pooled(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A smaller copy: half the mean and half the maximum of every window, per channel.

    Source: the "pooling trick" of the VQGAN+CLIP notebooks (2021); gradient also goes straight to
    the brightest pixel of each window, so fine detail grows sooner.
    """
    if picture.shape[-2:] == size:
        return picture
    mean, most = F.adaptive_avg_pool2d, F.adaptive_max_pool2d
    if _native(picture):
        return (mean(picture, size) + most(picture, size)) / 2
    return (by_matrices(mean, picture, size) + by_windows(picture, size)) / 2


def by_matrices(resize: Resize, picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A linear, separable resize as two matrix products, for devices that lack its kernels."""
    (height, width), (h, w) = picture.shape[-2:], size
    down = resize(torch.eye(height)[None, None], (h, height))[0, 0]  # [h, height]
    across = resize(torch.eye(width)[None, None], (w, width))[0, 0]  # [w, width]
    return down.to(picture) @ picture @ across.to(picture).mT


def by_windows(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """Adaptive maximum pooling by lists of pixels, for devices that lack its kernels."""
    rows, columns = (
        _windows(side, n).to(picture.device)
        for side, n in zip(picture.shape[-2:], size, strict=True)
    )
    picture = picture[..., columns].amax(-1)  # [b, 3, h, w] -> [b, 3, h, n, window] -> [b, 3, h, n]
    return picture[..., rows, :].amax(-2)


def _windows(side: int, count: int) -> Tensor:
    """Pixels of each window, the last one repeated in shorter windows: `[count, window]`."""
    first = torch.arange(count) * side // count
    last = (torch.arange(1, count + 1) * side - 1) // count
    step = torch.arange(int((last - first).max()) + 1)
    return torch.minimum(first[:, None] + step, last[:, None])


def _smooth(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(picture, size, mode="bilinear", antialias=True)


def _native(picture: Tensor) -> bool:
    """Whether torch's own kernels are there and right. On MPS (torch 2.13) the antialiased resize
    has no backward pass, and the maximum of windows that do not divide the picture is wrong."""
    return picture.device.type != "mps"
