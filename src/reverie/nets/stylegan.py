"""What StyleGAN2 and StyleGAN3 share: noise becomes a style vector w, and w a style per layer.

Source: Karras et al., "A Style-Based Generator Architecture for Generative Adversarial Networks"
(2018), https://arxiv.org/abs/1812.04948; tensors go by the names of NVIDIA's files. The space S of
all styles: Wu, Lischinski, Shechtman, "StyleSpace Analysis" (2020),
https://arxiv.org/abs/2011.12799.
Differs: the weights are frozen buffers, every constant factor multiplied in beforehand; gradient
goes to noise, w, styles and noise maps. Where a file has no mean w, it is the mean of 4096.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import SpecError
from reverie.protocols import Draws

Noise = Float[Tensor, "b z_dim"]
Labels = Float[Tensor, "b c_dim"]
Ws = Float[Tensor, "b num_ws w_dim"]  # one row of w for every layer: the space W+
Styles = Float[Tensor, "b s_dim"]  # the styles of all layers, one after the other: the space S
Pixels = Float[Tensor, "b 3 h w"]  # about -1 to 1, not clamped
NoiseMap = Float[Tensor, "#b 1 _ _"]
NoiseMaps = Literal["const", "none"] | Sequence[NoiseMap]
EPS = 1e-8
SLOPE = 0.2  # of every leaky ReLU
REDUCED = 4  # so many of the largest sizes work in the precision asked for, the rest in float32
AVERAGED = 4096  # w's, where a file lacks their mean
CHUNK = 1000  # w's worked out at a time


@dataclass(frozen=True)
class Weights:
    """The tensors of a network, by NVIDIA's names, as float32 when they are asked for."""

    tensors: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name].detach().float()

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def linear(self, name: str, rate: float = 1.0) -> tuple[Tensor, Tensor]:
        """An equalised layer as a plain one: times its rate, the weight by sqrt(inputs) too."""
        weight = self[f"{name}.weight"]
        return weight * (rate / math.sqrt(weight.shape[1])), self[f"{name}.bias"] * rate


@dataclass(frozen=True)
class Style:
    """Where a layer finds its style in S."""

    layer: str
    at: slice
    to_rgb: bool  # makes colours of channels; StyleCLIP leaves these alone


class StyleGAN(nn.Module, ABC):
    """Noise -> w -> styles -> pictures. Frozen.

    z_dim, c_dim, w_dim: numbers of noise, of a label (0: it takes none) and of w.
    num_ws: rows of w that `synthesis` takes.
    resolution: pixels a side of the pictures.
    w_avg: the mean of all w, `[w_dim]`.
    layout: the layers in the order of S, which has `s_dim` numbers.
    noise_sizes: pixels a side of the noise maps, in order; empty: it takes none.
    """

    w_avg: Tensor
    z_dim: int
    c_dim: int
    w_dim: int
    num_ws: int
    resolution: int
    layout: tuple[Style, ...]
    noise_sizes: tuple[int, ...] = ()

    def _set_mapping(self, weights: Weights, rate: float) -> None:
        self.noise_to_w = MappingNetwork(weights, rate)
        self.z_dim, self.c_dim, self.w_dim = self.noise_to_w.widths
        if "mapping.w_avg" in weights:
            self.register_buffer("w_avg", weights["mapping.w_avg"])
        else:
            zeros = torch.zeros(AVERAGED, self.c_dim)
            self.register_buffer(
                "w_avg", self.noise_to_w(numpy_normal(0, AVERAGED, self.z_dim), zeros).mean(0)
            )

    @property
    def s_dim(self) -> int:
        return self.layout[-1].at.stop

    def mapping(
        self,
        z: Noise,
        label: Labels | None = None,
        truncation: float = 1.0,
        cutoff: int | None = None,
    ) -> Ws:
        """The row of w that belongs to noise, as often as there are layers.

        Args:
            label: shares of the classes; without one, of a network that has classes, zeros.
            truncation: 1 leaves w as it is, 0 makes it the mean; of the first `cutoff` rows.
        """
        self._check("z", z, (self.z_dim,))
        if label is None:
            label = z.new_zeros(len(z), self.c_dim)
        self._check("label", label, (self.c_dim,))
        w = self.noise_to_w(z, label)[:, None].expand(
            -1, self.num_ws, -1
        )  # [b, w] -> [b, num_ws, w]
        if truncation == 1:
            return w
        near = self.w_avg.lerp(w, truncation)
        rows = torch.arange(self.num_ws, device=z.device)[:, None]
        return near if cutoff is None else torch.where(rows < cutoff, near, w)

    def synthesis(self, ws: Ws, noise: NoiseMaps = "const") -> Pixels:
        """The pictures of rows of w.

        Args:
            noise: the network's own maps, none, or given ones, each `[b, 1, h, w]` or
                `[1, 1, h, w]`, of `noise_sizes`.
        """
        return self.synthesis_from_styles(self.styles(ws), noise)

    def styles(self, ws: Ws) -> Styles:
        """The point of S that belongs to rows of w."""
        self._check("ws", ws, (self.num_ws, self.w_dim))
        return self._styles(ws)

    @abstractmethod
    def _styles(self, ws: Ws) -> Styles: ...

    def synthesis_from_styles(self, styles: Styles, noise: NoiseMaps = "const") -> Pixels:
        """The pictures of points of S; `noise` is as in `synthesis`."""
        self._check("styles", styles, (self.s_dim,))
        if not isinstance(noise, str):
            self._check_noise(noise)
        return self._synthesis([styles[:, style.at] for style in self.layout], noise)

    @abstractmethod
    def _synthesis(self, styles: Sequence[Tensor], noise: NoiseMaps) -> Pixels: ...

    def drawn_noise(self, draws: Draws) -> list[NoiseMap]:
        """Maps for `synthesis`; those of a picture depend on its seed alone."""
        return [draws.normal(1, n, n, device=self.w_avg.device) for n in self.noise_sizes]

    @torch.no_grad()
    def w_statistics(self, count: int = 10_000, seed: int = 123) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of every number of w, `[w_dim]` each, over noise that
        `numpy_normal(seed)` draws, as NVIDIA's projector does; classes come in turn."""
        return moments(ws[:, 0] for ws in self._drawn(count, seed, 1.0, None))

    @torch.no_grad()
    def style_statistics(
        self,
        count: int = 100_000,
        seed: int = 5,
        truncation: float = 0.7,
        cutoff: int | None = 8,
    ) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of every channel's style, `[s_dim]` each. The defaults are
        those of StyleCLIP's global directions."""
        return moments(self.styles(ws) for ws in self._drawn(count, seed, truncation, cutoff))

    def _drawn(self, count: int, seed: int, truncation: float, cutoff: int | None) -> Iterator[Ws]:
        z = numpy_normal(seed, count, self.z_dim)
        classes = (
            torch.eye(self.c_dim)[torch.arange(count) % max(1, self.c_dim)] if self.c_dim else None
        )
        device = self.w_avg.device
        for i in range(0, count, CHUNK):
            label = None if classes is None else classes[i : i + CHUNK].to(device)
            yield self.mapping(z[i : i + CHUNK].to(device), label, truncation, cutoff)

    def _check(self, name: str, x: Tensor, shape: tuple[int, ...]) -> None:
        if x.shape[1:] != shape:
            wanted = ", ".join(map(str, ("b", *shape)))
            raise SpecError(f"{name}: got {list(x.shape)}; this network takes [{wanted}]")

    def _check_noise(self, maps: Sequence[Tensor]) -> None:
        sizes = tuple(tuple(noise.shape[1:]) for noise in maps)
        if sizes != tuple((1, n, n) for n in self.noise_sizes):
            raise SpecError(
                f"noise: got maps of {[list(size) for size in sizes]}; this network takes "
                f"{len(self.noise_sizes)}, [b, 1, n, n] each, where n is {list(self.noise_sizes)}"
            )


class MappingNetwork(nn.Module):
    """Noise and labels -> w."""

    def __init__(self, weights: Weights, rate: float) -> None:
        super().__init__()
        layers: list[Linear] = []
        while (name := f"mapping.fc{len(layers)}") + ".weight" in weights:
            layers.append(Linear(*weights.linear(name, rate)))
        self.layers = nn.Sequential(*layers)
        embeds = "mapping.embed.weight" in weights
        self.embed = Linear(*weights.linear("mapping.embed")) if embeds else None
        out, c_dim = (0, 0) if self.embed is None else self.embed.weight.shape
        z_dim, w_dim = layers[0].weight.shape[1] - out, len(layers[-1].weight)
        self.widths = z_dim, c_dim, w_dim

    def forward(self, z: Noise, label: Labels) -> Float[Tensor, "b w_dim"]:
        x = unit(z)
        if self.embed is not None:
            x = torch.cat([x, unit(self.embed(label))], 1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * math.sqrt(2)
        return x


class Linear(nn.Module):
    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class Styled(nn.Module):
    """A layer with a style."""

    affine: Linear


class ToRGB(Styled):
    """Channels, scaled by a style, to colours."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: Weights, name: str, clamp: float | None) -> None:
        super().__init__()
        self.clamp = clamp
        self.affine = Linear(*weights.linear(f"{name}.affine"))
        weight, bias = weights.linear(name)
        if f"{name}.magnitude_ema" in weights:  # of StyleGAN3
            weight = weight * weights[f"{name}.magnitude_ema"].rsqrt()
        self.register_buffer("weight", weight.flatten(1))  # [3, in, 1, 1] -> [3, in]
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        weight = self.weight * style[:, None]  # [b, 3, in]
        y = (weight.to(x.dtype) @ x.flatten(2)).float() + self.bias[:, None]
        y = y if self.clamp is None else y.clamp(-self.clamp, self.clamp)
        return y.unflatten(2, x.shape[2:])  # [b, 3, h*w] -> [b, 3, h, w]


def layout_of(named: Iterable[tuple[str, Styled]]) -> tuple[Style, ...]:
    """The places in S of layers, one after the other."""
    styles, start = [], 0
    for name, layer in named:
        stop = start + len(layer.affine.bias)
        styles.append(Style(name, slice(start, stop), isinstance(layer, ToRGB)))
        start = stop
    return tuple(styles)


def spatial(style: Tensor, x: Tensor) -> Tensor:
    """A number for each channel, to multiply `x` with: `[b, c]` -> `[b, c, 1, 1]`."""
    return style.to(x.dtype)[:, :, None, None]


def over_pixels(a: Tensor, b: Tensor) -> Tensor:
    """The sum of the products of every channel, `[b, c]`."""
    return (a * b).sum((2, 3), dtype=torch.float32)


def unit(x: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
    """Of mean square 1."""
    return x * (x.square().mean(1, keepdim=True) + EPS).rsqrt()


def latents_of_seeds(seeds: Sequence[int], z_dim: int) -> Noise:
    """The noise that NVIDIA's programs draw for these seeds: their numbers give their faces."""
    return torch.cat([numpy_normal(seed, 1, z_dim) for seed in seeds])


def numpy_normal(seed: int, count: int, width: int) -> Float[Tensor, "count width"]:
    """The first normal numbers of numpy's old generator, as the published systems draw them.

    Raises:
        SpecError: numpy takes no such seed.
    """
    if not 0 <= seed < 1 << 32:
        raise SpecError(f"seed: got {seed}; NVIDIA's noise takes 0 to {(1 << 32) - 1}")
    # A fact of the published pictures, and the state is this function's own: no other may do so.
    drawn = np.random.RandomState(seed).randn(count, width)  # noqa: TID251
    return torch.from_numpy(drawn).float()  # before any device: some have no float64


def moments(parts: Iterator[Float[Tensor, "n d"]]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over the rows of all parts, summed in float64."""
    count, total, squares = 0, 0.0, 0.0
    first: Tensor | None = None
    for part in parts:
        first = part[0] if first is None else first
        rows = (part - first).double().cpu()  # about the first, so that the squares stay small
        count, total, squares = (
            count + len(rows),
            total + rows.sum(0),
            squares + rows.square().sum(0),
        )
    assert first is not None and isinstance(total, Tensor) and isinstance(squares, Tensor)
    mean = total / count
    deviation = (squares / count - mean.square()).clamp(min=0).sqrt()
    return (first + mean.to(first)), deviation.to(first)
