"""Finite impulse response filters that also make a picture larger or smaller.

Source: `upfirdn` of signal processing, as Karras et al. use it in StyleGAN2 (2019),
https://arxiv.org/abs/1912.04958, and StyleGAN3 (2021), https://arxiv.org/abs/2106.12423.
Differs: no compiled operator: convolutions of every channel by itself. The backward pass is the
same operation with the steps exchanged, and keeps nothing.
"""

from collections.abc import Iterator, Sequence
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
Ends = Sequence[int]  # zeros before and after a row; below 0: pixels cut off


@dataclass(frozen=True)
class Filter:
    """Puts `up - 1` zeros after every pixel and `before` and `after` zeros around the picture
    (fewer than none cut off), convolves with `taps`, and keeps every `down`-th pixel.

    One of `up` and `down` is 1.

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
        ends = (self.before, self.after)
        return correlate(x, self._square().flip(0, 1), self.up, self.down, ends, ends)

    def adjoint(self, grad: Planes, size: Sequence[int]) -> Resized:
        """The gradient to a picture of `size` (height, width)."""
        taps, outs = len(self.taps), grad.shape[2:]
        first = taps - 1 - self.before
        rows, columns = (
            (first, n * self.up - out * self.down + self.before - self.up + 1)
            for n, out in zip(size, outs, strict=True)
        )
        return correlate(grad, self._square(), self.down, self.up, rows, columns)

    def _square(self) -> Float[Tensor, "rows columns"]:
        """Rows and columns at once: quicker than one after the other."""
        return self.taps.outer(self.taps) if self.taps.ndim == 1 else self.taps


def correlate(
    x: Planes,
    taps: Float[Tensor, "rows columns"],
    up: int,
    down: int,
    rows: Ends,
    columns: Ends,
) -> Resized:
    """One filter for all channels; `rows` and `columns` are the zeros before and after.

    The zeros between the pixels are never made: of the taps every `up`-th meets a pixel, and which
    they are depends on the place.
    """
    c, (h, w), (height, width) = x.shape[1], x.shape[2:], taps.shape

    def part(y: Phase, z: Phase) -> Tensor:
        few = taps[y.tap :: up, z.tap :: up].to(x.dtype).expand(c, 1, -1, -1)
        found = F.conv2d(x, few, stride=down, padding=(y.padding, z.padding), groups=c)
        return found[:, :, y.kept, z.kept]

    down_rows = list(_phases(h, height, up, down, rows))
    across = list(_phases(w, width, up, down, columns))
    if up == 1:
        return part(down_rows[0], across[0])
    size = [sum(phase.count for phase in axis) for axis in (down_rows, across)]
    out = torch.empty((len(x), c, *size), dtype=x.dtype, device=x.device, memory_format=layout(x))
    for i, y in enumerate(down_rows):
        for j, z in enumerate(across):
            out[:, :, i::up, j::up] = part(y, z)
    return out


@dataclass(frozen=True)
class Phase:
    """Every `up`-th place of a row, and the convolution that gives it."""

    tap: int  # the first that meets a pixel
    padding: int  # zeros on both sides
    start: int  # of what the convolution gives, the first place that is wanted
    count: int

    @property
    def kept(self) -> slice:
        return slice(self.start, self.start + self.count)


def _phases(size: int, taps: int, up: int, down: int, ends: Ends) -> Iterator[Phase]:
    before, after = ends
    total = (size * up + before + after - taps) // down + 1
    for i in range(up):
        tap = (before - i) % up
        first = (i + tap - before) // up  # the pixel that the first place begins with
        count, length = -(-(total - i) // up), -(-(taps - tap) // up)
        last = first + down * (count - 1) + length  # what the last place ends before
        padding = max(0, -first, last - size)
        padding += -(padding + first) % down  # so that a place falls on the first pixel
        yield Phase(tap, padding, (padding + first) // down, count)


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
