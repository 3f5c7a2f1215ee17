"""The tensors that a StyleGAN of NVIDIA's has, and their shapes.

Channels are told by the tensors themselves, everything else by `told`, the keyword arguments of
the generator on one level. A tensor that is asked for its channels and has none, or is not there,
is a KeyError.
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
        width = _rows(tensors, "mapping.embed.bias")
        yield from _linear("mapping.embed", width, told["c_dim"])
        into += width
    layers = 1
    while f"mapping.fc{layers}.bias" in tensors:
        layers += 1
    layers = told.get("mapping.num_layers", layers)
    for i in range(layers):
        out = w_dim if i == layers - 1 else _rows(tensors, f"mapping.fc{i}.bias")
        yield from _linear(f"mapping.fc{i}", out, into)
        into = out


def stylegan2_shapes(tensors: Tensors, told: Told) -> Named:
    yield from mapping_shapes(tensors, told)
    yield FILTER, tuple(tensors[FILTER].shape)
    w_dim, kind = told["w_dim"], told.get("architecture", "skip")
    noisy = told.get("use_noise", True)
    channels = _rows(tensors, "synthesis.b4.const")
    yield "synthesis.b4.const", (channels, START, START)
    for size in sizes(told["img_resolution"]):
        name, before = f"synthesis.b{size}", channels
        channels = _rows(tensors, f"{name}.conv1.bias")
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
    channels = _rows(tensors, "synthesis.input.phases")
    _rows(tensors, "synthesis.L0.weight")
    side = tensors["synthesis.L0.weight"].shape[-1]
    yield "synthesis.input.weight", (channels, channels)
    yield "synthesis.input.freqs", (channels, 2)
    yield "synthesis.input.phases", (channels,)
    yield "synthesis.input.transform", (3, 3)
    yield from _linear("synthesis.input.affine", 4, w_dim)
    for i in range(layers + 1):
        name, before = f"synthesis.L{i}", channels
        channels = COLOURS if i == layers else _rows(tensors, f"{name}.bias")
        yield from _modulated(name, channels, before, w_dim, 1 if i == layers else side)
        yield f"{name}.magnitude_ema", ()
        for which in ("up_filter", "down_filter") if i < layers else ():
            taps = _rows(tensors, f"{name}.{which}")
            square = tensors[f"{name}.{which}"].ndim > 1
            yield f"{name}.{which}", (taps, taps) if square else (taps,)


def _rows(tensors: Tensors, name: str) -> int:
    """The length of a tensor; one of a single number counts as missing."""
    if not tensors[name].ndim:
        raise KeyError(name)
    return len(tensors[name])


def _modulated(name: str, out: int, into: int, w_dim: int, side: int = 3) -> Named:
    yield f"{name}.weight", (out, into, side, side)
    yield f"{name}.bias", (out,)
    yield from _linear(f"{name}.affine", into, w_dim)


def _linear(name: str, out: int, into: int) -> Named:
    yield f"{name}.weight", (out, into)
    yield f"{name}.bias", (out,)
