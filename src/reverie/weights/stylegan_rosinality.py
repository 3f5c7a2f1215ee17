"""rosinality's StyleGAN2 by NVIDIA's names: the same network, written down otherwise.

Source: the `g_ema` of https://github.com/rosinality/stylegan2-pytorch and the `latent_avg` beside
it, as in the files that StyleCLIP and its relatives use.
Differs: old files lack the noise maps, which were then drawn anew at every start; they get maps of
seed 0.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.stylegan_shapes import START, sizes

BLUR_GAIN = 4  # what the filters come multiplied by
CONVOLUTION = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "conv.blur.kernel": "resample_filter",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
}
TO_RGB = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "upsample.kernel": "resample_filter",
    "bias": "bias",
}


def as_nvidia(tensors: Mapping[str, Tensor], file: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors by NVIDIA's names, and what NVIDIA's keyword arguments would say.

    A tensor of a name unknown here keeps it.
    """
    doublings = sum(re.fullmatch(r"to_rgbs\.\d+\.bias", name) is not None for name in tensors)
    style, affine = (tensors.get(f"{name}.weight") for name in ("style.1", "conv1.conv.modulation"))
    if not doublings or style is None or affine is None or style.ndim != 2 or affine.ndim != 2:
        raise WeightsError(f"{file}: lacks its mapping or its first layers; get the whole g_ema")
    resolution = START << doublings
    names = dict(_names(resolution, len(tensors)))
    found = {}
    for name, tensor in tensors.items():
        new = names.get(name, name)
        found[new] = _as_nvidia(new, tensor)
    if not any(name.startswith("noises.") for name in tensors):
        found |= _drawn_noise(resolution)
    told = {"z_dim": style.shape[1], "w_dim": affine.shape[1], "c_dim": 0}
    return found, told | {"img_resolution": resolution}


def _names(resolution: int, most: int) -> Iterator[tuple[str, str]]:
    """Every name, and NVIDIA's."""
    yield from (("latent_avg", "mapping.w_avg"), ("input.input", "synthesis.b4.const"))
    for i in range(min(most, 64)):  # layers of the mapping network: as many as there may be
        for part in ("weight", "bias"):
            yield f"style.{i + 1}.{part}", f"mapping.fc{i}.{part}"
    for i, place in enumerate(_convolutions(resolution)):
        name = f"convs.{i - 1}" if i else "conv1"
        yield f"noises.noise_{i}", f"{place}.noise_const"
        yield from ((f"{name}.{part}", f"{place}.{new}") for part, new in CONVOLUTION.items())
    for i, size in enumerate(sizes(resolution)):
        name = f"to_rgbs.{i - 1}" if i else "to_rgb1"
        place = f"synthesis.b{size}.torgb"
        yield from ((f"{name}.{part}", f"{place}.{new}") for part, new in TO_RGB.items())


def _convolutions(resolution: int) -> list[str]:
    """The 3x3 convolutions by NVIDIA's names, in order: the first size has one, the others two."""
    return [f"synthesis.b{size}.conv{i}" for size in sizes(resolution) for i in (0, 1)][1:]


def _as_nvidia(name: str, tensor: Tensor) -> Tensor:
    """Without the axes of one, and with NVIDIA's factors, for a tensor that has this name there.

    rosinality divides the weight of a 3x3 convolution by sqrt(inputs) before demodulation, whose
    eps then counts for more; the division is done here.
    """
    if name.endswith("resample_filter"):
        return tensor / BLUR_GAIN
    if name.endswith("noise_strength"):
        return tensor.squeeze()
    if name.endswith("noise_const"):
        return tensor.flatten(0, -2) if tensor.ndim > 1 else tensor  # [1, 1, n, n] -> [n, n]
    if name == "synthesis.b4.const" and tensor.ndim == 4:
        return tensor.flatten(0, 1)  # [1, c, 4, 4] -> [c, 4, 4]
    if name.endswith("torgb.bias") or name == "mapping.w_avg":
        return tensor.flatten()
    if tensor.ndim == 5:
        tensor = tensor.flatten(0, 1)  # [1, out, in, k, k] -> [out, in, k, k]
        return tensor if ".torgb." in name else tensor / math.sqrt(tensor[0].numel())
    return tensor


def _drawn_noise(resolution: int) -> dict[str, Tensor]:
    generator, maps = torch.Generator().manual_seed(0), {}
    for name in _convolutions(resolution):
        size = int(name.split(".b")[1].split(".")[0])
        maps[f"{name}.noise_const"] = torch.randn(size, size, generator=generator)
    return maps
