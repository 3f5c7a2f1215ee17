"""Small random StyleGANs and ProGANs, by the names that the published files have."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from reverie.nets.stylegan3 import Geometry

WIDTH = 10  # of z and w
CHANNELS = {4: 7, 8: 6, 16: 5, 32: 4}  # of StyleGAN2, by size


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tensors_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Random tensors of which every one shows."""
    return {name: drawn(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}


def mapping_shapes(c_dim: int = 0, layers: int = 2) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"mapping.w_avg": (WIDTH,)}
    if c_dim:
        shapes |= {"mapping.embed.weight": (WIDTH, c_dim), "mapping.embed.bias": (WIDTH,)}
    for i in range(layers):
        into = WIDTH * (2 if c_dim and not i else 1)
        shapes |= {f"mapping.fc{i}.weight": (WIDTH, into), f"mapping.fc{i}.bias": (WIDTH,)}
    return shapes


def modulated(name: str, out: int, into: int, side: int = 3) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.weight": (out, into, side, side),
        f"{name}.bias": (out,),
        f"{name}.affine.weight": (into, WIDTH),
        f"{name}.affine.bias": (into,),
    }


def stylegan2(
    architecture: str = "skip", *, c_dim: int = 0, noisy: bool = True, **synthesis: Any
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the config of a file of NVIDIA's."""
    shapes, before = mapping_shapes(c_dim), None
    shapes["synthesis.b4.const"] = (CHANNELS[4], 4, 4)
    for size, channels in CHANNELS.items():
        name = f"synthesis.b{size}"
        if before is not None:
            shapes |= modulated(f"{name}.conv0", channels, before)
            if architecture == "resnet":
                shapes[f"{name}.skip.weight"] = (channels, before, 1, 1)
        shapes |= modulated(f"{name}.conv1", channels, channels)
        for i in (0, 1)[before is None :] if noisy else ():
            shapes[f"{name}.conv{i}.noise_const"] = (size, size)
            shapes[f"{name}.conv{i}.noise_strength"] = ()
        if architecture == "skip" or size == max(CHANNELS):
            shapes |= modulated(f"{name}.torgb", 3, channels, 1)
        before = channels
    tensors = tensors_of(shapes)
    row = torch.tensor([1.0, 3, 3, 1]) / 8
    for size in CHANNELS:
        tensors[f"synthesis.b{size}.resample_filter"] = row.outer(row)
    kwargs = {
        **{"z_dim": WIDTH, "c_dim": c_dim, "w_dim": WIDTH, "img_resolution": max(CHANNELS)},
        **{"img_channels": 3, "mapping_kwargs": {"num_layers": 2, "lr_multiplier": 0.5}},
        "synthesis_kwargs": {"architecture": architecture, "use_noise": noisy, **synthesis},
    }
    return tensors, {"init_kwargs": kwargs}


def stylegan3(kernel: int = 3, channels: int = 6) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the config of a file of NVIDIA's; a kernel of 1 is that of R."""
    geometry = {"num_layers": 6, "first_cutoff": 2, "margin_size": 4}
    shape = Geometry(resolution=16, **geometry)
    shapes = mapping_shapes()
    shapes |= {"synthesis.input.weight": (channels,) * 2, "synthesis.input.freqs": (channels, 2)}
    shapes |= {"synthesis.input.phases": (channels,), "synthesis.input.transform": (3, 3)}
    shapes |= {"synthesis.input.affine.weight": (4, WIDTH), "synthesis.input.affine.bias": (4,)}
    last = geometry["num_layers"]
    for i in range(last + 1):
        out, side = (3, 1) if i == last else (channels, kernel)
        name = f"synthesis.L{i}_{shape.size(i)}_{out}"
        shapes |= modulated(name, out, channels, side)
        if i < last:
            up, down = shape.filters(i, kernel)
            shapes[f"{name}.up_filter"] = (len(up.taps),)
            shapes[f"{name}.down_filter"] = (len(down.taps),) * (2 if kernel == 1 else 1)
    tensors = tensors_of(shapes)
    for name in (name for name in tensors if name.endswith("_filter")):
        row = torch.hann_window(len(tensors[name]), periodic=False) + 0.1
        row /= row.sum()
        tensors[name] = row if tensors[name].ndim == 1 else row.outer(row)
    tensors["synthesis.input.affine.weight"] /= 10  # near the middle
    for name in {name.rpartition(".")[0] for name in tensors if name.startswith("synthesis.L")}:
        tensors.setdefault(f"{name.removesuffix('.affine')}.magnitude_ema", torch.tensor(0.5))
    tensors["synthesis.input.transform"] = torch.eye(3)
    kwargs = {
        **{"z_dim": WIDTH, "c_dim": 0, "w_dim": WIDTH, "img_resolution": 16, "img_channels": 3},
        "mapping_kwargs": {"num_layers": 2},
    }
    return tensors, {"init_kwargs": kwargs | geometry}


def progan(categories: int = 0) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the config of a file of GAN-Zoo's."""
    widths, shapes = (6, 5, 4), dict[str, tuple[int, ...]]()

    def layer(name: str, *shape: int) -> None:
        shapes.update({f"{name}.module.weight": shape, f"{name}.module.bias": shape[:1]})

    layer("formatLayer", 16 * widths[0], WIDTH + categories)
    layer("groupScale0.0", widths[0], widths[0], 3, 3)
    layer("toRGBLayers.0", 3, widths[0], 1, 1)
    for i, (before, after) in enumerate(pairwise(widths)):
        layer(f"scaleLayers.{i}.0", after, before, 3, 3)
        layer(f"scaleLayers.{i}.1", after, after, 3, 3)
        layer(f"toRGBLayers.{i + 1}", 3, after, 1, 1)
    config = {"leakyReluLeak": 0.2, "perChannelNormalization": True, "equalizedlR": True}
    return tensors_of(shapes), {"config": config | {"alpha": 0, "lossCriterion": "WGANGP"}}
