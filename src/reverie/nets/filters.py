"""Finite impulse response filters that also make a picture larger or smaller.

Source: `upfirdn` of signal processing, as Karras et al. use it in StyleGAN2 (2019),
https://arxiv.org/abs/1912.04958, and StyleGAN3 (2021), https://arxiv.org/abs/2106.12423.
Differs: no compiled operator: zeros between the pixels, then a convolution of every channel by
itself, rows and columns apart where the filter lets them be. The backward pass is the same
operation with the steps exchanged, and keeps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

Planes = Float[Tensor, "b c h w"]
Resized = Float[Tensor, "b c _ _"]
Taps = Float[Tensor, " taps"] | Float[Tensor, "rows columns"]
ONE_PASS = 4  # taps: up to so many, rows and columns together are quicker than one after the other


@dataclass(frozen=True)
class Filter:
    """Puts `up - 1` zeros after every pixel and `before` and `after` zeros around the picture
    (fewer than none cut off), convolves with `taps`, and keeps every `down`-th pixel.

    Args:
        taps: of rows and columns alike, or a square of them. The sum is the gain.
    """

    taps: Taps
    up: int = 1
    down: int = 1
    before: int = 0
    after: int = 0

    def size(self, side: int) -> int:
        """Pixels a side of what a picture of `side` pixels becomes."""
        return (side * self.up + self.before + self.after - len(self.taps)) // self.down + 1

    def __call__(self, x: Planes) -> Resized:
        """Without a gradient; `filtered` has one."""
        y0 = x0 = (self.before, self.after)
        return self._run(x, self.taps.flip(*range(self.taps.ndim)), self.up, self.down, y0, x0)

    def adjoint(self, grad: Planes, size: Sequence[int]) -> Resized:
        """The gradient to a picture of `size` (height, width)."""
        taps, outs = len(self.taps), grad.shape[2:]
        first = taps - 1 - self.before
        rows, columns = (
            (first, n * self.up - out * self.down + self.before - self.up + 1)
            for n, out in zip(size, outs, strict=True)
        )
        return self._run(grad, self.taps, self.down, self.up, rows, columns)

    def _run(
        self,
        x: Tensor,
        taps: Tensor,
        up: int,
        down: int,
        rows: Sequence[int],
        columns: Sequence[int],
    ) -> Tensor:
        if taps.ndim == 1 and len(taps) <= ONE_PASS:
            taps = taps.outer(taps)
        if taps.ndim == 2:
            return correlate(x, taps, (up, up), (down, down), rows, columns)
        x = correlate(x, taps[:, None], (up, 1), (down, 1), rows, (0, 0))
        return correlate(x, taps[None], (1, up), (1, down), (0, 0), columns)


def correlate(
    x: Planes,
    taps: Float[Tensor, "rows columns"],
    up: tuple[int, int],
    down: tuple[int, int],
    rows: Sequence[int],
    columns: Sequence[int],
) -> Resized:
    """One filter for all channels; `rows` and `columns` are the zeros before and after."""
    c = x.shape[1]
    x = spread(x, up, rows, columns)
    weight = taps.to(x.dtype).expand(c, 1, -1, -1)  # [rows, columns] -> [c, 1, rows, columns]
    return F.conv2d(x, weight, stride=down, groups=c)


def spread(x: Planes, up: tuple[int, int], rows: Sequence[int], columns: Sequence[int]) -> Resized:
    """Zeros between and around the pixels."""
    if up != (1, 1):
        b, c, h, w = x.shape
        size, like = (b, c, h * up[0], w * up[1]), {"dtype": x.dtype, "device": x.device}
        wide = torch.empty(size, memory_format=layout(x), **like).zero_()
        wide[:, :, :: up[0], :: up[1]] = x
        x = wide
    return F.pad(x, (*columns, *rows)) if (*columns, *rows) != (0, 0, 0, 0) else x


def layout(x: Tensor) -> torch.memory_format:
    """How the numbers of a picture, or of some of its channels, lie in memory."""
    last = x.stride(1) == 1 and x.shape[1] > 1
    return torch.channels_last if last else torch.contiguous_format


def memory(precision: torch.dtype) -> torch.memory_format:
    """The layout in which the frozen convolutions of a precision are quick."""
    return torch.channels_last if precision == torch.float32 else torch.contiguous_format


def filtered(x: Planes, by: Filter) -> Resized:
    return _Filtered.apply(x, by)  # pyright: ignore[reportReturnType]


class _Filtered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, by: Filter) -> Tensor:
        ctx.by, ctx.size = by, tuple(x.shape[2:])
        return by(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return ctx.by.adjoint(grads[0], ctx.size), None


def overlaps(size: int, into: int) -> Float[Tensor, "into size"]:
    """The matrix that shrinks or stretches a row of `size` pixels to `into`: every new pixel is
    the mean of the old ones under it, each by the share that lies there.

    Source: what "nearest upsampling by 7, then average pooling by size / 32" of StyleCLIP,
    https://github.com/orpatashnik/StyleCLIP, comes to for 224 pixels, without its large picture.
    """
    edges = torch.arange(into + 1, dtype=torch.float64) * size / into
    pixels = torch.arange(size, dtype=torch.float64)
    under = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (under.clamp(min=0) * into / size).float()


def area_resized(x: Planes, size: int) -> Resized:
    """Pictures of `size` x `size` pixels, by `overlaps`."""
    rows, columns = (overlaps(side, size).to(x) for side in x.shape[2:])
    return rows @ x @ columns.T
