"""StyleGAN3: waves become a picture, and no layer lets anything stick to the pixels.

Source: Karras et al., "Alias-Free Generative Adversarial Networks" (2021),
https://arxiv.org/abs/2106.12423, both its configurations: T, which is equivariant to translation,
and R, to rotation too; tensors go by the names of https://github.com/NVlabs/stylegan3, but the
layers by their numbers alone.
Differs: no compiled operators; the enlarged picture that an activation works on is made for some
channels at a time, and again in the backward pass. Styles are normalised for every picture by
itself and not over the batch, which demodulation cancels.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_input

from reverie.errors import SpecError
from reverie.nets.filters import Filter, memory
from reverie.nets.stylegan import (
    EPS,
    REDUCED,
    SLOPE,
    Linear,
    NoiseMaps,
    Pixels,
    Styled,
    StyleGAN,
    Styles,
    ToRGB,
    Weights,
    Ws,
    layout_of,
    over_pixels,
    spatial,
)

LARGE = 1 << 24  # numbers: more are not kept for the backward pass, nor enlarged at a time


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How sizes and frequencies grow from layer to layer. Frequencies are in periods a picture."""

    resolution: int
    num_layers: int
    num_critical: int = 2  # so many layers at the end are sampled without a margin of frequency
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10  # pixels around the picture, so that its border is no border
    filter_size: int = 6
    lrelu_upsampling: int = 2

    def cutoff(self, i: int) -> float:
        return self._grown(i, self.first_cutoff, self.resolution / 2)

    def rate(self, i: int) -> int:
        """Pixels a side of what is shown of layer `i`."""
        last = self.resolution / 2 * self.last_stopband_rel
        stopband = self._grown(i, self.first_stopband, last)
        return 2 ** math.ceil(math.log2(min(2 * stopband, self.resolution)))

    def size(self, i: int) -> int:
        """Pixels a side, with the margins that all but the last two layers have."""
        return self.rate(i) + 2 * self.margin_size if i < self.num_layers - 1 else self.resolution

    def _grown(self, i: int, first: float, last: float) -> float:
        share = min(i / (self.num_layers - self.num_critical), 1)
        return first * (last / first) ** share

    def filters(self, i: int, kernel: int) -> tuple[Filter, Filter]:
        """Filters of only zeros that enlarge before layer `i`'s activation and shrink after it."""
        before = max(i - 1, 0)
        rate = self.lrelu_upsampling * max(self.rate(before), self.rate(i))
        up, down = rate // self.rate(before), rate // self.rate(i)
        taps = [self.filter_size * factor if factor > 1 else 1 for factor in (up, down)]
        total = (self.size(i) - 1) * down + 1 - (self.size(before) + kernel - 1) * up
        total += sum(taps) - 2
        first = (total + up) // 2
        return (
            Filter(torch.zeros(taps[0]), up=up, before=first, after=total - first),
            Filter(torch.zeros(taps[1]), down=down),
        )


class StyleGAN3(StyleGAN):
    """Takes no noise maps.

    Args:
        geometry: the fields of a `Geometry`.
        sizes: pixels a side of the layers, which the geometry must come to.
        conv_clamp: no activation goes further from 0; None: they go where they like.
        output_scale: what the picture is multiplied by.
        mapping_rate: the learning rate that scales the mapping network's weights.
        precision: what the convolutions of the largest sizes work in.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        geometry: Mapping[str, Any],
        sizes: Sequence[int],
        conv_clamp: float | None = None,
        output_scale: float = 0.25,
        mapping_rate: float = 0.01,
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self._set_mapping(weights, mapping_rate)
        shape = Geometry(**geometry)
        self.resolution, self.output_scale = shape.resolution, output_scale
        told = tuple(shape.size(i) for i in range(shape.num_layers + 1))
        if told != tuple(sizes):
            raise SpecError(f"sizes: the layers are of {list(sizes)}, and geometry says {told}")
        self.input = Waves(weights, shape.size(0), shape.rate(0), shape.cutoff(0))
        self.layers = nn.ModuleList()
        for i in range(shape.num_layers):
            reduced = shape.rate(i) << REDUCED > shape.resolution
            self.layers.append(
                Layer(weights, i, shape, conv_clamp, precision if reduced else torch.float32)
            )
        self.torgb = ToRGB(weights, f"synthesis.L{shape.num_layers}", conv_clamp)
        self.num_ws = shape.num_layers + 2
        self.layout = layout_of(self._named())

    @classmethod
    def frozen(
        cls,
        fields: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        precision: torch.dtype = torch.float32,
    ) -> "StyleGAN3":
        """The network with these weights, of any dtype, whose largest sizes work in `precision`."""
        return cls(Weights(tensors), **fields, precision=precision).eval()

    def _named(self) -> Iterator[tuple[str, Styled]]:
        layers = [layer for layer in self.layers if isinstance(layer, Styled)]
        names = ["input", *(f"L{i}" for i in range(len(layers) + 1))]
        return zip(names, [self.input, *layers, self.torgb], strict=True)

    def _styles(self, ws: Ws) -> Styles:
        rows = zip(self._named(), ws.unbind(1), strict=True)
        return torch.cat([layer.affine(row) for (_, layer), row in rows], 1)

    def _synthesis(self, styles: Sequence[Tensor], noise: NoiseMaps) -> Pixels:
        x = self.input(styles[0])
        for layer, style in zip(self.layers, styles[1:-1], strict=True):
            x = layer(x, style)
        return self.torgb(x, styles[-1]) * self.output_scale


class Waves(Styled):
    """Sine waves across the picture, turned and moved as the style says; then one matrix.

    `transform` turns and moves all of them once more, `[3, 3]`.
    """

    freqs: Tensor
    phases: Tensor
    weight: Tensor
    transform: Tensor

    def __init__(self, weights: Weights, size: int, rate: int, bandwidth: float) -> None:
        super().__init__()
        name = "synthesis.input"
        self.size, self.rate, self.bandwidth = size, rate, bandwidth
        self.affine = Linear(*weights.linear(f"{name}.affine"))
        for part in ("freqs", "phases", "transform"):  # [c, 2], [c], [3, 3]
            self.register_buffer(part, weights[f"{name}.{part}"])
        weight = weights[f"{name}.weight"]
        self.register_buffer("weight", weight / math.sqrt(len(weight)))

    def forward(self, style: Float[Tensor, "b 4"]) -> Float[Tensor, "b c h w"]:
        moved = self._placed(style) @ self.transform  # [b, 3, 3]
        phases = self.phases + (self.freqs @ moved[:, :2, 2:])[:, :, 0]  # [b, c]
        freqs = self.freqs @ moved[:, :2, :2]  # [b, c, 2]
        room = self.rate / 2 - self.bandwidth  # faster waves fade, and are gone at half the rate
        amplitudes = (1 - (freqs.norm(dim=2) - self.bandwidth) / room).clamp(0, 1)
        at = torch.arange(self.size, device=style.device) + 0.5 - self.size / 2
        across, down = (freqs[:, None, :, i] * (at[:, None] / self.rate) for i in (0, 1))
        x = across[:, None] + down[:, :, None] + phases[:, None, None]  # [b, h, w, c]
        x = (2 * math.pi * x).sin() * amplitudes[:, None, None]
        return (x @ self.weight.T).permute(0, 3, 1, 2)  # [b, h, w, c] -> [b, c, h, w]

    def _placed(self, style: Tensor) -> Tensor:
        """The turn and the move of every picture, `[b, 3, 3]`."""
        c, s, x, y = (style / style[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        zero, one = torch.zeros_like(c), torch.ones_like(c)
        turned = [c, -s, zero, s, c, zero, zero, zero, one]
        shifted = [one, zero, -x, zero, one, -y, zero, zero, one]
        turn, shift = (torch.stack(m, 1).unflatten(1, (3, 3)) for m in (turned, shifted))
        return turn @ shift


class Layer(Styled):
    """A modulated convolution, and a leaky ReLU at a higher rate than the pixels'."""

    weight: Tensor
    squares: Tensor
    bias: Tensor
    gain: Tensor
    up_taps: Tensor
    down_taps: Tensor

    def __init__(
        self,
        weights: Weights,
        i: int,
        geometry: Geometry,
        clamp: float | None,
        precision: torch.dtype,
    ) -> None:
        super().__init__()
        name = f"synthesis.L{i}"
        self.clamp = clamp
        self.affine = Linear(*weights.linear(f"{name}.affine"))
        weight = weights[f"{name}.weight"]  # [out, in, k, k]
        weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
        self.register_buffer("squares", weight.square().sum((2, 3)))
        layout = memory(precision)
        self.register_buffer("weight", weight.to(precision).contiguous(memory_format=layout))
        self.register_buffer("bias", weights[f"{name}.bias"])
        self.register_buffer("gain", weights[f"{name}.magnitude_ema"].rsqrt())
        self.up, self.down = geometry.filters(i, weight.shape[-1])
        up_gain = self.up.up * 2**0.25  # of each axis; the root of 2 is the activation's
        for which, wanted, gain in (("up", self.up, up_gain), ("down", self.down, 1.0)):
            place = f"{name}.{which}_filter"
            taps = weights[place]
            if len(taps) != len(wanted.taps) or (which == "up" and taps.ndim > 1):
                raise SpecError(
                    f"{place}: got {list(taps.shape)}; the geometry says {len(wanted.taps)} taps"
                )
            self.register_buffer(f"{which}_taps", taps * gain)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        style = style * style.square().mean(1, keepdim=True).rsqrt()
        demodulation = self.gain * (F.linear(style.square(), self.squares) + EPS).rsqrt()
        x = x.to(self.weight.dtype, memory_format=memory(self.weight.dtype))
        up, down = replace(self.up, taps=self.up_taps), replace(self.down, taps=self.down_taps)
        return _Layer.apply(  # pyright: ignore[reportReturnType]
            x, style, demodulation, self.weight, self.bias, up, down, self.clamp
        )


class _Layer(torch.autograd.Function):
    """Keeps what goes in, and what comes out of the convolution where that is small."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        style: Tensor,
        demodulation: Tensor,
        weight: Tensor,
        bias: Tensor,
        up: Filter,
        down: Filter,
        clamp: float | None,
    ) -> Tensor:
        inputs = (x, style, demodulation, weight, bias)
        y = convolved(*inputs)
        ctx.save_for_backward(*inputs, *(() if y.numel() > LARGE else (y,)))
        ctx.up, ctx.down, ctx.clamp = up, down, clamp
        size = down.size(up.size(y.shape[2])), down.size(up.size(y.shape[3]))
        out = y.new_empty(*y.shape[:2], *size).contiguous(memory_format=memory(y.dtype))
        for some in few(y, up):
            out[:, some] = down(bent(up(dense(y[:, some])), clamp))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        *inputs, y = ctx.saved_tensors if len(ctx.saved_tensors) > 5 else (*ctx.saved_tensors, None)
        x, style, demodulation, weight, bias = inputs
        y = convolved(*inputs) if y is None else y
        grad = torch.empty_like(y)
        for some in few(y, ctx.up):
            high = bent(ctx.up(dense(y[:, some])), ctx.clamp)
            part = ctx.down.adjoint(dense(grads[0][:, some]), high.shape[2:])
            if ctx.clamp is not None:
                part = torch.ops.aten.hardtanh_backward(part, high, -ctx.clamp, ctx.clamp)
            part = torch.ops.aten.leaky_relu_backward(part, high, SLOPE, True)
            grad[:, some] = ctx.up.adjoint(part, y.shape[2:])
        product = over_pixels(grad, y) - bias * grad.sum((2, 3), dtype=torch.float32)
        del y
        grad.mul_(spatial(demodulation, grad))
        grad = conv2d_input(x.shape, weight, grad, padding=weight.shape[-1] - 1)
        to_style = over_pixels(grad, x)
        to_x = grad.mul_(spatial(style, grad)) if ctx.needs_input_grad[0] else None
        return to_x, to_style, product / demodulation, *(5 * [None])


def convolved(
    x: Tensor, style: Tensor, demodulation: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    """Before the activation."""
    y = F.conv2d(x * spatial(style, x), weight, padding=weight.shape[-1] - 1)
    return y.mul_(spatial(demodulation, y)).add_(bias.to(y.dtype)[:, None, None])


def bent(x: Tensor, clamp: float | None) -> Tensor:
    """The activation, in place."""
    F.leaky_relu_(x, SLOPE)
    return x if clamp is None else x.clamp_(-clamp, clamp)


def dense(x: Tensor) -> Tensor:
    """Without gaps in memory, which every one of several convolutions would close for itself."""
    return x.contiguous(memory_format=memory(x.dtype))


def few(x: Tensor, up: Filter) -> Iterator[slice]:
    """So many channels at a time as are not `LARGE` when enlarged."""
    b, c, h, w = x.shape
    count = max(1, LARGE // (b * up.size(h) * up.size(w)))
    return (slice(i, i + count) for i in range(0, c, count))
