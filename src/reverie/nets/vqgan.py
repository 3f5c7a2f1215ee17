"""VQGAN: an encoder of pictures, a codebook, and a decoder of the codebook's rows.

Source: Esser, Rombach, Ommer, "Taming Transformers for High-Resolution Image Synthesis" (2021),
https://arxiv.org/abs/2012.09841; tensors go by the names of its checkpoints. The Gumbel quantiser:
Jang, Gu, Poole (2017), https://arxiv.org/abs/1611.01144, as DALL-E uses it.
Differs: the weights are frozen buffers and only latents collect gradient, so a convolution keeps
nothing for its backward, and a group norm with its SiLU keeps its input alone. Doubling the size
and then convolving is one convolution of the small picture. The Gumbel encoder adds no noise: it
takes the likeliest row.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_input

from reverie.errors import SpecError

Latents = Float[Tensor, "b d rows columns"]
Indices = Int[Tensor, "b rows columns"]
Codebook = Float[Tensor, "n d"]
Pixels = Float[Tensor, "b c h w"]  # -1 to 1
GROUPS, EPS = 32, 1e-6  # of every group norm
LARGE = 1 << 24  # numbers: of more, as at 512x512 pixels, what can be worked out again is not kept
DISTANCES = 1 << 22  # so many distances are worked out at a time: 16 MB


def nearest(latents: Latents, codebook: Codebook) -> Indices:
    """The index of the row of the smallest squared distance, for every place."""
    b, _, h, w = latents.shape
    places = latents.detach().permute(0, 2, 3, 1).flatten(0, 2).float()  # [b*h*w, d]
    rows = codebook.detach().float()
    half = rows.square().sum(1) / 2  # |z - c|^2 / 2 = |c|^2 / 2 - z c, but for what z alone says
    chunk = max(1, DISTANCES // len(rows))
    found = [torch.addmm(half, part, rows.T, alpha=-1).argmin(1) for part in places.split(chunk)]
    return torch.cat(found).view(b, h, w)


def straight_through(latents: Latents, codebook: Codebook) -> Latents:
    """The nearest rows of the codebook. The gradient passes as if nothing had happened."""
    rows = rows_of(nearest(latents, codebook), codebook)
    return _StraightThrough.apply(latents, rows)  # pyright: ignore[reportReturnType]


def rows_of(indices: Indices, codebook: Codebook) -> Latents:
    """The rows of the codebook, as latents."""
    return F.embedding(indices, codebook).permute(0, 3, 1, 2)  # [b, h, w, d] -> [b, d, h, w]


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, latents: Tensor, rows: Tensor) -> Tensor:
        return rows.to(latents.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return grads[0], None


@dataclass(frozen=True)
class Weights:
    """The tensors of a checkpoint. Convolutions work in `precision`, all else in float32."""

    tensors: Mapping[str, Tensor]
    precision: torch.dtype

    def convolution(self, name: str) -> tuple[Tensor, Tensor]:
        return self[f"{name}.weight"], self[f"{name}.bias"]

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name].detach().float()


class VQGAN(nn.Module):
    """Pictures <-> rows of a codebook. Frozen; gradient goes to pixels and latents.

    Args:
        ch_mult, num_res_blocks, attn_resolutions, resolution: as a ddconfig says them; widths are
            told by the weights. Attention stands where a picture of `resolution` would have one
            of `attn_resolutions`, whatever size it has.
        gumbel: the row is chosen by logits, not by distance.
    """

    codebook: Tensor

    def __init__(
        self,
        weights: Weights,
        *,
        ch_mult: Sequence[int],
        num_res_blocks: int,
        attn_resolutions: Sequence[int],
        resolution: int,
        gumbel: bool = False,
    ) -> None:
        super().__init__()
        levels = len(ch_mult)
        self.scale = 2 ** (levels - 1)
        attended = [resolution // 2**i in attn_resolutions for i in range(levels)]
        name = "quantize.embed.weight" if gumbel else "quantize.embedding.weight"
        self.register_buffer("codebook", weights[name])
        self.encoder = Encoder(weights, attended, num_res_blocks)
        self.quant_conv = Convolution(weights, "quant_conv")
        self.logits = Convolution(weights, "quantize.proj") if gumbel else None
        self.post_quant_conv = Convolution(weights, "post_quant_conv")
        self.decoder = Decoder(weights, attended, num_res_blocks + 1)

    @classmethod
    def frozen(
        cls,
        fields: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        precision: torch.dtype = torch.float32,
    ) -> "VQGAN":
        """The network with these weights, of any dtype, that works in `precision`."""
        return cls(Weights(tensors, precision), **fields).eval()

    def indices(self, pixels: Pixels) -> Indices:
        """The rows of the codebook that stand for a picture."""
        h, w = pixels.shape[2:]
        if h % self.scale or w % self.scale:
            raise SpecError(
                f"pixels: a picture of {w}x{h}; this VQGAN takes multiples of {self.scale}"
            )
        z = self.quant_conv(self.encoder(pixels))
        return nearest(z, self.codebook) if self.logits is None else self.logits(z).argmax(1)

    def encode(self, pixels: Pixels) -> Latents:
        """The rows that stand for a picture of -1 to 1. It has no gradient."""
        return rows_of(self.indices(pixels), self.codebook)

    def decode(self, latents: Latents) -> Pixels:
        """The picture, about -1 to 1 and not clamped."""
        return self.decoder(self.post_quant_conv(latents)).float()


class Encoder(nn.Module):
    def __init__(self, weights: Weights, attended: Sequence[bool], blocks: int) -> None:
        super().__init__()
        self.conv_in = Convolution(weights, "encoder.conv_in")
        self.levels = nn.ModuleList()
        for i, attention in enumerate(attended):
            level = stage(weights, f"encoder.down.{i}", blocks, attention)
            if i + 1 < len(attended):
                level.append(Halved(weights, f"encoder.down.{i}.downsample.conv"))
            self.levels.append(level)
        self.mid = middle(weights, "encoder.mid")
        self.out = Activated(weights, "encoder.norm_out", "encoder.conv_out")

    def forward(self, pixels: Pixels) -> Latents:
        x = self.conv_in(pixels)
        for level in self.levels:
            x = level(x)
        return self.out(self.mid(x))


class Decoder(nn.Module):
    def __init__(self, weights: Weights, attended: Sequence[bool], blocks: int) -> None:
        super().__init__()
        self.conv_in = Convolution(weights, "decoder.conv_in")
        self.mid = middle(weights, "decoder.mid")
        self.levels = nn.ModuleList()  # from the smallest
        for i, attention in reversed(list(enumerate(attended))):
            level = stage(weights, f"decoder.up.{i}", blocks, attention)
            if i > 0:
                level.append(Doubled(weights, f"decoder.up.{i}.upsample.conv"))
            self.levels.append(level)
        self.out = Activated(weights, "decoder.norm_out", "decoder.conv_out")

    def forward(self, x: Latents) -> Pixels:
        x = self.mid(self.conv_in(x))
        for level in self.levels:
            x = level(x)
        return self.out(x)


def stage(weights: Weights, name: str, blocks: int, attention: bool) -> nn.Sequential:
    """What works at one size of the picture."""
    layers = nn.Sequential()
    for i in range(blocks):
        layers.append(Block(weights, f"{name}.block.{i}"))
        if attention:
            layers.append(Attention(weights, f"{name}.attn.{i}"))
    return layers


def middle(weights: Weights, name: str) -> nn.Sequential:
    return nn.Sequential(
        Block(weights, f"{name}.block_1"),
        Attention(weights, f"{name}.attn_1"),
        Block(weights, f"{name}.block_2"),
    )


class Block(nn.Module):
    """A residual block. For the backward pass its input is kept, and what lies between its
    convolutions only where that is small."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.first = Activated(weights, f"{name}.norm1", f"{name}.conv1")
        self.second = Activated(weights, f"{name}.norm2", f"{name}.conv2")
        side = f"{name}.nin_shortcut"
        self.side = Convolution(weights, side) if f"{side}.weight" in weights.tensors else None

    def forward(self, x: Tensor) -> Tensor:
        change: Any = _Change.apply(x, *self.first.buffers(), *self.second.buffers())
        return change.add_(x if self.side is None else self.side(x))


class _Change(torch.autograd.Function):
    """What a block adds to its input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *state: Tensor) -> Tensor:
        between = activate(x, state[:4])
        ctx.save_for_backward(x, *state, *(() if between.numel() > LARGE else (between,)))
        return activate(between, state[4:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, *saved = ctx.saved_tensors
        first, second, kept = saved[:4], saved[4:8], saved[8:]
        # In one expression: a name would keep what it names alive to the end.
        grad = activate_backward(
            activate_backward(grads[0], kept[0] if kept else activate(x, first), second), x, first
        )
        return grad, *(8 * [None])


class Attention(nn.Module):
    """One head; every place looks at every place."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.norm = Norm(weights, f"{name}.norm")
        parts = [weights.convolution(f"{name}.{part}") for part in "qkv"]
        scale = math.sqrt(1 / len(parts[0][0]))
        parts[0] = (scale * parts[0][0], scale * parts[0][1])
        weight, bias = (torch.cat(part) for part in zip(*parts, strict=True))
        self.qkv = Convolution.of(weight, bias, weights.precision)
        self.proj_out = Convolution(weights, f"{name}.proj_out")

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(self.norm(x)).flatten(2).mT  # [b, 3*c, h, w] -> [b, h*w, 3*c]
        q, k, v = qkv[:, None].chunk(3, 3)  # [b, 1, h*w, c]
        seen = F.scaled_dot_product_attention(q, k, v, scale=1.0)
        seen = seen[:, 0].mT.unflatten(2, x.shape[2:])  # [b, h*w, c] -> [b, c, h, w]
        return x + self.proj_out(seen)


class Convolution(nn.Module):
    """A frozen convolution that keeps the size."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self._set(*weights.convolution(name), weights.precision)

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, precision: torch.dtype) -> "Convolution":
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        made._set(weight, bias, precision)
        return made

    def _set(self, weight: Tensor, bias: Tensor, precision: torch.dtype) -> None:
        weight = weight.to(precision)
        self.register_buffer("weight", weight.contiguous(memory_format=layout(precision)))
        self.register_buffer("bias", bias.to(precision))

    def forward(self, x: Tensor) -> Tensor:
        return convolve(x, self.weight, self.bias, padding=self.weight.shape[-1] // 2)


class Halved(Convolution):
    """Every second place of a convolution that sees zeros right of and below the picture."""

    def forward(self, x: Tensor) -> Tensor:
        return convolve(F.pad(x, (0, 1, 0, 1)), self.weight, self.bias, stride=2)


class Doubled(Convolution):
    """Every pixel becomes four, then comes a 3x3 convolution.

    A 3x3 window sees only 2x2 different pixels, and which of its weights fall together depends on
    the place among the four: so it is a 2x2 convolution of the small picture, for each of four.
    """

    def _set(self, weight: Tensor, bias: Tensor, precision: torch.dtype) -> None:
        a, b, c = weight.unbind(2)  # rows; an even place sees a | b+c, an odd one a+b | c
        rows = torch.stack([torch.stack([a, b + c], 2), torch.stack([a + b, c], 2)])
        a, b, c = rows.unbind(4)  # columns, [2, out, in, 2]
        both = torch.stack([torch.stack([a, b + c], 4), torch.stack([a + b, c], 4)], 1)
        weight = both.flatten(0, 2)  # [2, 2, out, in, 2, 2] -> [4*out, in, 2, 2]
        super()._set(weight, bias.repeat(4), precision)

    def forward(self, x: Tensor) -> Tensor:
        y = convolve(x, self.weight, self.bias, padding=1)  # [b, 4*out, h+1, w+1]
        return _Interleave.apply(y)  # pyright: ignore[reportReturnType]


class _Interleave(torch.autograd.Function):
    """`[b, 4*c, h+1, w+1]` -> `[b, c, 2*h, 2*w]`: four small pictures into one, each without the
    row and the column that it has too many."""

    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        b, c, h, w = y.shape
        out = blank(y, b, c // 4, 2 * h - 2, 2 * w - 2)
        for large, small in _quarters(out, y):
            large.copy_(small)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        b, c, h, w = grads[0].shape
        grad = blank(grads[0], b, 4 * c, h // 2 + 1, w // 2 + 1).zero_()
        for large, small in _quarters(grads[0], grad):
            small.copy_(large)
        return grad


def _quarters(large: Tensor, small: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Views of the same pixels in both."""
    small = small.unflatten(1, (2, 2, -1))  # [b, 2, 2, c, h+1, w+1]
    h, w = large.shape[2] // 2, large.shape[3] // 2
    for i in (0, 1):
        for j in (0, 1):
            yield large[:, :, i::2, j::2], small[:, i, j, :, i : i + h, j : j + w]


class Norm(nn.Module):
    """A group norm. Statistics, gain and bias are float32."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.register_buffer("weight", weights[f"{name}.weight"])
        self.register_buffer("bias", weights[f"{name}.bias"])

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, GROUPS, self.weight, self.bias, EPS)


class Activated(nn.Module):
    """A group norm, SiLU and a convolution, of which only the input is kept for the backward."""

    def __init__(self, weights: Weights, norm: str, convolution: str) -> None:
        super().__init__()
        self.norm = Norm(weights, norm)
        self.convolution = Convolution(weights, convolution)

    def forward(self, x: Tensor) -> Tensor:
        return _Activate.apply(x, *self.buffers())  # pyright: ignore[reportReturnType]


class _Activate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *state: Tensor) -> Tensor:
        ctx.save_for_backward(x, *state)
        return activate(x, state)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, *state = ctx.saved_tensors
        return activate_backward(grads[0], x, state), *(4 * [None])


def activate(x: Tensor, state: Sequence[Tensor]) -> Tensor:
    """Group norm, SiLU, convolution. `state` has the gain and bias of the one and the other."""
    gain, shift, weight, bias = state
    h = F.silu(F.group_norm(x, GROUPS, gain, shift, EPS), inplace=True)
    return F.conv2d(h, weight, bias, padding=weight.shape[-1] // 2)


def activate_backward(grad: Tensor, x: Tensor, state: Sequence[Tensor]) -> Tensor:
    """The gradient to `x`."""
    gain, shift, weight, _ = state
    grad = conv2d_input(x.shape, weight, grad, padding=weight.shape[-1] // 2)
    if grad.stride() != x.stride():  # of two layouts torch's group norm gives wrong gradients
        grad = torch.empty_like(x).copy_(grad)
    sizes = (len(x), x.shape[1], x.shape[2:].numel(), GROUPS)
    h, mean, rstd = torch.native_group_norm(x, gain, shift, *sizes, EPS)
    torch.ops.aten.silu_backward.grad_input(grad, h, grad_input=grad)
    del h
    wanted = [True, False, False]
    return torch.ops.aten.native_group_norm_backward(grad, x, mean, rstd, gain, *sizes, wanted)[0]


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor, *, stride: int = 1, padding: int = 0
) -> Tensor:
    x = x.to(weight.dtype).contiguous(memory_format=layout(weight.dtype))
    return _Convolve.apply(x, weight, bias, stride, padding)  # pyright: ignore[reportReturnType]


def blank(like: Tensor, *shape: int) -> Tensor:
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=layout(like.dtype)
    )


def layout(precision: torch.dtype) -> torch.memory_format:
    """In which CPUs convolve and normalise soonest, measured."""
    return torch.channels_last if precision == torch.float32 else torch.contiguous_format


class _Convolve(torch.autograd.Function):
    """torch's own keeps the input even where the weights want no gradient."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int
    ) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.stride, ctx.padding = x.shape, stride, padding
        return F.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        (weight,) = ctx.saved_tensors
        grad = conv2d_input(ctx.shape, weight, grads[0], ctx.stride, ctx.padding)
        return grad, None, None, None, None
