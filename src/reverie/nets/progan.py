"""ProGAN: noise becomes 4x4 pixels, and these double until they are a picture.

Source: Karras et al., "Progressive Growing of GANs" (2017), https://arxiv.org/abs/1710.10196, as
https://github.com/facebookresearch/pytorch_GAN_zoo trained it; tensors go by its names, without
the `module` in them. There a layer multiplies what it gives, its bias with it; so it does here,
for a factor put into the weights shows in the fifth digit of the pictures.
Differs: the weights are frozen buffers and gradient goes to the noise alone, so a layer keeps only
what goes out of it, which the next one takes in.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_input

from reverie.errors import SpecError

Noise = Float[Tensor, "b z_dim"]
Pixels = Float[Tensor, "b 3 h w"]  # about -1 to 1, not clamped
PARTS = ("weight", "bias")
START = 4  # pixels a side of the first layer
EPS = 1e-8
REDUCED = 4  # so many of the largest sizes work in the precision asked for, the rest in float32


class ProGAN(nn.Module):
    """Noise -> pictures. Frozen.

    z_dim: numbers of noise; where there are classes, their shares are the last ones.
    resolution: pixels a side.

    Args:
        alpha: how much the colours of the size before count, as in the middle of a training.
        slope: of the leaky ReLU.
        equalized: weights and biases come undivided by the square root of their inputs.
        normalized: every pixel is brought to mean square 1, and so is the noise.
        tanh: the colours go through one.
        precision: what the convolutions of the largest sizes work in.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        *,
        alpha: float = 0.0,
        slope: float = 0.2,
        equalized: bool = True,
        normalized: bool = True,
        tanh: bool = False,
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.alpha, self.slope, self.normalized, self.tanh = alpha, slope, normalized, tanh

        def layer(name: str) -> tuple[Tensor, Tensor, float]:
            weight, bias = (tensors[f"{name}.{part}"].detach().float() for part in PARTS)
            return weight, bias, math.sqrt(2 / weight[0].numel()) if equalized else 1.0

        self.start = Linear(*layer("formatLayer"))  # to [c * 4 * 4]
        self.z_dim = self.start.weight.shape[1]
        count = sum(name.startswith("toRGBLayers") for name in tensors) // len(PARTS) - 1
        self.resolution = START << count
        rest: dict[str, Any] = {"slope": slope, "normalized": normalized}
        kinds = [precision if count - i <= REDUCED else torch.float32 for i in range(count + 1)]
        self.scales = nn.ModuleList([Layer(*layer("groupScale0.0"), kinds[0], **rest)])
        for i in range(count):
            names = (f"scaleLayers.{i}.0", f"scaleLayers.{i}.1")
            layers = (Layer(*layer(name), kinds[i + 1], **rest) for name in names)
            self.scales.append(nn.Sequential(*layers))
        self.torgb = ToRGB(*layer(f"toRGBLayers.{count}"))
        self.before = ToRGB(*layer(f"toRGBLayers.{count - 1}")) if alpha and count else None

    @classmethod
    def frozen(
        cls,
        fields: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        precision: torch.dtype = torch.float32,
    ) -> "ProGAN":
        """The network with these weights, of any dtype, whose largest sizes work in `precision`."""
        return cls(tensors, **fields, precision=precision).eval()

    def forward(self, z: Noise) -> Pixels:
        if z.shape[1] != self.z_dim:
            raise SpecError(f"z: got {list(z.shape)}; this ProGAN takes [b, {self.z_dim}]")
        x = self.start(normal(z) if self.normalized else z)
        x = F.leaky_relu(x, self.slope).unflatten(1, (-1, START, START))  # [b, c, 4, 4]
        x = self.scales[0](normal(x) if self.normalized else x)
        last = before = x
        for scale in self.scales[1:]:
            before, last = last, scale(doubled(last))
        image = self.torgb(last)
        if self.before is not None:
            image = image.lerp(doubled(self.before(before)), self.alpha)
        return image.tanh() if self.tanh else image


def normal(x: Tensor) -> Tensor:
    """Every pixel at mean square 1 over its channels."""
    return x * (x.square().mean(1, keepdim=True) + EPS).rsqrt()


def doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Linear(nn.Module):
    """What it gives, bias and all, is multiplied by `gain`."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * self.gain


class ToRGB(Linear):
    """Channels to colours, in float32."""

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x.float(), self.weight, self.bias) * self.gain


class Layer(nn.Module):
    """A 3x3 convolution, a leaky ReLU, and every pixel at mean square 1."""

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        gain: float,
        precision: torch.dtype,
        *,
        slope: float,
        normalized: bool,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight.to(precision))
        self.register_buffer("bias", bias.to(precision))
        self.gain, self.slope, self.normalized = gain, slope, normalized

    def forward(self, x: Tensor) -> Tensor:
        return _Layer.apply(  # pyright: ignore[reportReturnType]
            x.to(self.weight.dtype), self.weight, self.bias, self.gain, self.slope, self.normalized
        )


class _Layer(torch.autograd.Function):
    """Of y = a * r, where a comes of the leaky ReLU, y and r are kept: y has the sign of a."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        gain: float,
        slope: float,
        normalized: bool,
    ) -> Tensor:
        y = F.leaky_relu_(F.conv2d(x, weight, bias, padding=1).mul_(gain), slope)
        size = None
        if normalized:
            size = (y.square().mean(1, keepdim=True, dtype=torch.float32) + EPS).rsqrt().to(y.dtype)
            y.mul_(size)
        ctx.save_for_backward(weight, y, size)
        ctx.gain, ctx.slope, ctx.shape = gain, slope, x.shape
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        weight, y, size = ctx.saved_tensors
        grad = grads[0]
        if size is not None:
            along = (grad * y).mean(1, keepdim=True, dtype=torch.float32).to(y.dtype)
            grad = torch.addcmul(grad, y, along, value=-1).mul_(size)
        grad = torch.ops.aten.leaky_relu_backward(grad, y, ctx.slope, True).mul_(ctx.gain)
        return conv2d_input(ctx.shape, weight, grad, padding=1), *(5 * [None])
