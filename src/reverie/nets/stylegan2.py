"""StyleGAN2: convolutions whose weights a style scales, from a learnt constant up to a picture.

Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2019),
https://arxiv.org/abs/1912.04958; tensors go by the names of NVIDIA's stylegan2-ada-pytorch.
Differs: no compiled operators. The style scales what goes into a convolution, and the
demodulation what comes out: the same product, with one convolution for a whole batch. A layer
keeps for its backward pass what goes in and what comes out, which is what the next one keeps.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_input

from reverie.nets.filters import Filter, filtered, memory
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

Architecture = Literal["skip", "orig", "resnet"]
START = 4  # pixels a side of the constant


class StyleGAN2(StyleGAN):
    """Args:
    resolution: pixels a side.
    architecture: `skip` adds colours up from every size; `orig` and `resnet` make them at the end.
    conv_clamp: no activation goes further from 0; None: they go where they like.
    mapping_rate: the learning rate that scales the mapping network's weights.
    precision: what the convolutions of the largest sizes work in.
    """

    const: Tensor

    def __init__(
        self,
        weights: Weights,
        *,
        resolution: int,
        architecture: Architecture = "skip",
        conv_clamp: float | None = None,
        mapping_rate: float = 0.01,
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self._set_mapping(weights, mapping_rate)
        self.resolution = resolution
        self.register_buffer("const", weights["synthesis.b4.const"][None])  # [1, c, 4, 4]
        sizes = [START << i for i in range(int(math.log2(resolution)) - 1)]
        self.blocks = nn.ModuleList()
        for size in sizes:
            reduced = size << REDUCED > resolution
            block = Block(
                weights,
                size,
                architecture=architecture,
                last=size == resolution,
                clamp=conv_clamp,
                precision=precision if reduced else torch.float32,
            )
            self.blocks.append(block)
        self.num_ws = sum(isinstance(layer, Convolution) for layer in self._layers()) + 1
        self.layout = layout_of(self._named())
        self.noise_sizes = tuple(c.noise_const.shape[-1] for c in self._noisy())

    @classmethod
    def frozen(
        cls,
        fields: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        precision: torch.dtype = torch.float32,
    ) -> "StyleGAN2":
        """The network with these weights, of any dtype, whose largest sizes work in `precision`."""
        return cls(Weights(tensors), **fields, precision=precision).eval()

    def const_noise(self) -> list[Tensor]:
        """The network's own maps, `[1, 1, n, n]` each, for `synthesis`."""
        return [layer.noise_const for layer in self._noisy()]

    def _named(self) -> Iterator[tuple[str, "Convolution | ToRGB"]]:
        for block in self.blocks:
            for name, layer in block.named_children():
                if isinstance(layer, Convolution | ToRGB):
                    yield f"b{block.size}.{name}", layer

    def _layers(self) -> list["Convolution | ToRGB"]:
        return [layer for _, layer in self._named()]

    def _noisy(self) -> list["Convolution"]:
        layers = (layer for layer in self._layers() if isinstance(layer, Convolution))
        return [layer for layer in layers if layer.noisy]

    def _styles(self, ws: Ws) -> Styles:
        found, row = [], 0
        for layer in self._layers():  # colours share their row with the convolution that follows
            found.append(layer.affine(ws[:, row]))
            row += isinstance(layer, Convolution)
        return torch.cat(found, 1)

    def _synthesis(self, styles: Sequence[Tensor], noise: NoiseMaps) -> Pixels:
        given = self.const_noise() if noise == "const" else [] if noise == "none" else noise
        x = self.const.expand(len(styles[0]), -1, -1, -1)
        image: Tensor | None = None
        rows, maps = iter(styles), iter(given)
        for block in self.blocks:
            x, image = block(x, image, rows, maps)
        assert image is not None
        return image


class Block(nn.Module):
    """All layers of one size. The first block has no `conv0`."""

    taps: Tensor

    def __init__(
        self,
        weights: Weights,
        size: int,
        *,
        architecture: Architecture,
        last: bool,
        clamp: float | None,
        precision: torch.dtype,
    ) -> None:
        super().__init__()
        self.size = size
        name = f"synthesis.b{size}"
        first, residual = f"{name}.conv0.weight" not in weights, architecture == "resnet"
        rest: dict[str, Any] = {"clamp": clamp, "precision": precision}
        share = math.sqrt(0.5) if residual and not first else 1.0
        self.conv0 = None if first else Convolution(weights, f"{name}.conv0", up=True, **rest)
        self.conv1 = Convolution(weights, f"{name}.conv1", gain=share, **rest)
        to_rgb = last or architecture == "skip"
        self.torgb = ToRGB(weights, f"{name}.torgb", clamp) if to_rgb else None
        self.side = None
        if residual and not first:
            self.side = Side(weights, f"{name}.skip", share, precision)
        self.register_buffer("taps", 2 * weights["synthesis.resample_filter"])

    def forward(
        self,
        x: Tensor,
        image: Tensor | None,
        styles: Iterator[Tensor],
        maps: Iterator[Tensor],
    ) -> tuple[Tensor, Tensor | None]:
        """The channels and the colours, of the next size. Takes its styles and maps from these."""
        side = None if self.side is None else self.side(x)
        if self.conv0 is not None:
            x = self.conv0(x, next(styles), next(maps, None))
        x = self.conv1(x, next(styles), next(maps, None))
        x = x if side is None else x + side
        image = None if image is None else filtered(image, doubling(self.taps))
        if self.torgb is not None:
            colours = self.torgb(x, next(styles))
            image = colours if image is None else image + colours
        return x, image


def doubling(taps: Tensor) -> Filter:
    """Doubles the size of a picture."""
    return Filter(taps, up=2, before=(len(taps) + 1) // 2, after=(len(taps) - 2) // 2)


class Convolution(Styled):
    """3x3, of channels scaled by a style; then the noise, a bias, a leaky ReLU, and the clamp."""

    weight: Tensor
    squares: Tensor
    bias: Tensor
    noise_const: Tensor
    strength: Tensor
    taps: Tensor

    def __init__(
        self,
        weights: Weights,
        name: str,
        *,
        clamp: float | None,
        precision: torch.dtype,
        up: bool = False,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.affine = Linear(*weights.linear(f"{name}.affine"))
        self.up, self.gain = up, gain * math.sqrt(2)
        self.clamp = None if clamp is None else clamp * gain
        weight = weights[f"{name}.weight"]  # [out, in, 3, 3]
        self.register_buffer("squares", weight.square().sum((2, 3)))
        weight = weight.transpose(0, 1) if up else weight  # as a transposed convolution wants it
        weight = weight.to(precision).contiguous(memory_format=memory(precision))
        self.register_buffer("weight", weight)
        self.register_buffer("bias", self.gain * weights[f"{name}.bias"])
        self.noisy = f"{name}.noise_const" in weights
        if self.noisy:
            self.register_buffer("noise_const", weights[f"{name}.noise_const"][None, None])
            self.register_buffer("strength", self.gain * weights[f"{name}.noise_strength"])
        self.register_buffer("taps", 2 * weights["synthesis.resample_filter"])

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        demodulation = self.gain * (F.linear(style.square(), self.squares) + EPS).rsqrt()
        noise = None if noise is None else noise * self.strength
        x = x.to(self.weight.dtype, memory_format=memory(self.weight.dtype))
        fir = None
        if self.up:
            taps = len(self.taps)
            fir = Filter(self.taps, before=(taps + 1) // 2 - 1, after=(taps - 2) // 2)
        return _Modulated.apply(  # pyright: ignore[reportReturnType]
            x, style, demodulation, noise, self.weight, self.bias, fir, self.clamp
        )


class _Modulated(torch.autograd.Function):
    """What a convolution does, all factors of the gain of its activation multiplied in.

    The sums over pixels that the gradient to the demodulation needs come from what goes out: with
    y the product before noise n and bias b, the slopes of the activation cancel in
    sum(grad_y * (y + n + b)) = sum(grad_out * out).
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        style: Tensor,
        demodulation: Tensor,
        noise: Tensor | None,
        weight: Tensor,
        bias: Tensor,
        fir: Filter | None,
        clamp: float | None,
    ) -> Tensor:
        scaled = x * spatial(style, x)
        if fir is None:
            y = F.conv2d(scaled, weight, padding=1)
        else:
            y = fir(F.conv_transpose2d(scaled, weight, stride=2))
        y.mul_(spatial(demodulation, y))
        if noise is not None:
            y.add_(noise.to(y.dtype))
        F.leaky_relu_(y.add_(bias.to(y.dtype)[:, None, None]), SLOPE)
        out = y if clamp is None else y.clamp_(-clamp, clamp)
        ctx.save_for_backward(x, style, demodulation, noise, weight, bias, out)
        ctx.fir, ctx.clamp = fir, clamp
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, style, demodulation, noise, weight, bias, out = ctx.saved_tensors
        grad, fir = grads[0], ctx.fir
        if ctx.clamp is not None:
            grad = torch.ops.aten.hardtanh_backward(grad, out, -ctx.clamp, ctx.clamp)
        product = over_pixels(grad, out)  # [b, out]
        grad = torch.ops.aten.leaky_relu_backward(grad, out, SLOPE, True)
        product -= bias * grad.sum((2, 3), dtype=torch.float32)
        to_noise = None
        if noise is not None:
            product -= over_pixels(grad, noise.to(grad.dtype))
            if ctx.needs_input_grad[3]:
                to_noise = grad.sum(1, keepdim=True, dtype=torch.float32).sum_to_size(noise.shape)
        grad = grad.mul_(spatial(demodulation, grad))
        if fir is None:
            grad = conv2d_input(x.shape, weight, grad, padding=1)
        else:
            h, w = (2 * n + 1 for n in x.shape[2:])
            grad = F.conv2d(fir.adjoint(grad, (h, w)), weight, stride=2)
        to_style = over_pixels(grad, x)
        to_x = grad.mul_(spatial(style, grad)) if ctx.needs_input_grad[0] else None
        return to_x, to_style, product / demodulation, to_noise, *(4 * [None])


class Side(nn.Module):
    """The way round a block of the `resnet` kind: 1x1 and doubled."""

    weight: Tensor
    taps: Tensor

    def __init__(self, weights: Weights, name: str, gain: float, precision: torch.dtype) -> None:
        super().__init__()
        weight = weights[f"{name}.weight"].flatten(1)  # [out, in, 1, 1] -> [out, in]
        weight = weight * (gain / math.sqrt(weight.shape[1]))
        self.register_buffer("weight", weight.to(precision))
        self.register_buffer("taps", 2 * weights["synthesis.resample_filter"])

    def forward(self, x: Tensor) -> Tensor:
        y = self.weight @ x.to(self.weight.dtype).flatten(2)  # [b, out, h*w]
        return filtered(y.unflatten(2, x.shape[2:]), doubling(self.taps))
