"""The tensors that a StyleGAN of NVIDIA's has, and their shapes.

Channels are told by the tensors themselves, everything else by `told`, the keyword arguments of
the generator on one level. A tensor that is asked for its channels and is not there is a KeyError.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

Tensors = Mapping[str, Tensor]
Told = Mapping[str, Any]
Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]
FILTER = "synthesis.resample_filter"
START = 4  # pixels a side of StyleGAN2's constant
COLOURS = 3


def sizes(resolution: int) -> list[int]:
    """Pixels a side of the blocks of a StyleGAN2."""
    return [START << i for i in range(resolution.bit_length() - START.bit_length() + 1)]


def mapping_shapes(tensors: Tensors, told: Told) -> Named:
    into, w_dim = told["z_dim"], told["w_dim"]
    yield "mapping.w_avg", (w_dim,)
    if told["c_dim"]:
        width = len(tensors["mapping.embed.bias"])
        yield from _linear("mapping.embed", width, told["c_dim"])
        into += width
    layers = 1
    while f"mapping.fc{layers}.bias" in tensors:
        layers += 1
    layers = told.get("mapping.num_layers", layers)
    for i in range(layers):
        out = w_dim if i == layers - 1 else len(tensors[f"mapping.fc{i}.bias"])
        yield from _linear(f"mapping.fc{i}", out, into)
        into = out


def stylegan2_shapes(tensors: Tensors, told: Told) -> Named:
    yield from mapping_shapes(tensors, told)
    yield FILTER, tuple(tensors[FILTER].shape)
    w_dim, kind = told["w_dim"], told.get("architecture", "skip")
    noisy = told.get("use_noise", True)
    channels = len(tensors["synthesis.b4.const"])
    yield "synthesis.b4.const", (channels, START, START)
    for size in sizes(told["img_resolution"]):
        name, before = f"synthesis.b{size}", channels
        channels = len(tensors[f"{name}.conv1.bias"])
        if size > START:
            yield from _modulated(f"{name}.conv0", channels, before, w_dim)
            if kind == "resnet":
                yield f"{name}.skip.weight", (channels, before, 1, 1)
        yield from _modulated(
            f"{name}.conv1", channels, channels if size > START else before, w_dim
        )
        for layer in ("conv0", "conv1")[size == START :] if noisy else ():
            yield f"{name}.{layer}.noise_const", (size, size)
            yield f"{name}.{layer}.noise_strength", ()
        if kind == "skip" or size == told["img_resolution"]:
            yield from _modulated(f"{name}.torgb", COLOURS, channels, w_dim, 1)


def stylegan3_shapes(tensors: Tensors, told: Told) -> Named:
    yield from mapping_shapes(tensors, told)
    w_dim = told["w_dim"]
    numbers = (re.match(r"synthesis\.L(\d+)\.", name) for name in tensors)
    layers = told.get("num_layers", max(int(found[1]) for found in numbers if found))
    channels = len(tensors["synthesis.input.phases"])
    side = tensors["synthesis.L0.weight"].shape[-1]
    yield "synthesis.input.weight", (channels, channels)
    yield "synthesis.input.freqs", (channels, 2)
    yield "synthesis.input.phases", (channels,)
    yield "synthesis.input.transform", (3, 3)
    yield from _linear("synthesis.input.affine", 4, w_dim)
    for i in range(layers + 1):
        name, before = f"synthesis.L{i}", channels
        channels = COLOURS if i == layers else len(tensors[f"{name}.bias"])
        yield from _modulated(name, channels, before, w_dim, 1 if i == layers else side)
        yield f"{name}.magnitude_ema", ()
        for which in ("up_filter", "down_filter"):
            if f"{name}.{which}" in tensors:
                yield f"{name}.{which}", _filter_shape(tensors[f"{name}.{which}"])


def _filter_shape(taps: Tensor) -> Shape:
    """A row, or a square: whichever it may be."""
    return (taps.shape[0],) * min(max(taps.ndim, 1), 2) if taps.ndim else (1,)


def _modulated(name: str, out: int, into: int, w_dim: int, side: int = 3) -> Named:
    yield f"{name}.weight", (out, into, side, side)
    yield f"{name}.bias", (out,)
    yield from _linear(f"{name}.affine", into, w_dim)


def _linear(name: str, out: int, into: int) -> Named:
    yield f"{name}.weight", (out, into)
    yield f"{name}.bias", (out,)
