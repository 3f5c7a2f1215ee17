"""Files as NVIDIA, rosinality and others publish generators, of tiny networks of random numbers.

The pickles name the original modules, which stand-ins replace while they are written.
"""

import argparse
import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

WIDTH = 4
SOURCE = "raise RuntimeError('the source code in a file was run')\n"
PERSISTENCE, NETWORK = "torch_utils.persistence", "dnnlib.tflib.network"
Tensors = dict[str, Tensor]


class EasyDict(dict[str, Any]):
    pass


class Network:
    """A network of TensorFlow's time."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def __getstate__(self) -> dict[str, Any]:
        return self.state


class Persistent:
    """A module that carries its source code with it."""

    def __init__(self, class_name: str, state: dict[str, Any], source: str = SOURCE) -> None:
        self.told = {"type": "class", "version": 6, "module_src": source}
        self.told |= {"class_name": class_name, "state": state}

    def __reduce__(self) -> tuple[Any, ...]:
        return _reconstruct_persistent_obj, (self.told,), None, None, None


class BaseConfig:
    """The settings of GAN Zoo."""


def _reconstruct_persistent_obj(meta: Any) -> None:
    raise AssertionError("a stand-in was called")


HOMES = {
    PERSISTENCE: [_reconstruct_persistent_obj],
    "dnnlib.util": [EasyDict],
    NETWORK: [Network],
    "models.utils.config": [BaseConfig],
}


@contextmanager
def pretended() -> Iterator[None]:
    """The stand-ins are where the originals are, as far as pickle can tell."""
    own, before = __name__, dict(sys.modules)
    for home, members in HOMES.items():
        parts = home.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            sys.modules.setdefault(name, types.ModuleType(name))
        for member in members:
            setattr(sys.modules[home], member.__name__, member)
            member.__module__ = home
    try:
        yield
    finally:
        for name in sys.modules.keys() - before.keys():
            if name.split(".")[0] in {home.split(".")[0] for home in HOMES}:
                del sys.modules[name]
        for members in HOMES.values():
            for member in members:
                member.__module__ = own


def pickled(root: Any, protocol: int = 4) -> bytes:
    with pretended():
        return pickle.dumps(root, protocol)


def saved(root: Any) -> bytes:
    """What torch.save writes."""
    with pretended():
        torch.save(root, file := io.BytesIO())
    return file.getvalue()


def numbers(shapes: Mapping[str, tuple[int, ...]], seed: int = 1) -> Tensors:
    rng = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}


def stylegan2(resolution: int = 8, architecture: str = "skip", c_dim: int = 0) -> Tensors:
    """A generator by the names of NVIDIA's state_dict."""
    shapes: dict[str, tuple[int, ...]] = {"synthesis.b4.const": (WIDTH, 4, 4)}
    into = WIDTH + (WIDTH if c_dim else 0)
    if c_dim:
        shapes |= {"mapping.embed.weight": (WIDTH, c_dim), "mapping.embed.bias": (WIDTH,)}
    shapes |= {"mapping.w_avg": (WIDTH,), "mapping.fc0.weight": (WIDTH, into)}
    shapes |= {"mapping.fc0.bias": (WIDTH,), "mapping.fc1.bias": (WIDTH,)}
    shapes["mapping.fc1.weight"] = (WIDTH, WIDTH)
    square, filters = torch.tensor([1.0, 3, 3, 1]).outer(torch.tensor([1.0, 3, 3, 1])) / 64, []
    size = 4
    while size <= resolution:
        block = f"synthesis.b{size}"
        filters.append(block)
        for layer in ("conv0", "conv1")[size == 4 :]:
            name = f"{block}.{layer}"
            filters.append(name)
            shapes |= {f"{name}.noise_const": (size, size), f"{name}.noise_strength": ()}
            shapes |= modulated(name, WIDTH, 3)
        if architecture == "resnet" and size > 4:
            shapes[f"{block}.skip.weight"] = (WIDTH, WIDTH, 1, 1)
            filters.append(f"{block}.skip")
        if architecture == "skip" or size == resolution:
            shapes |= modulated(f"{block}.torgb", 3, 1)
        size *= 2
    return numbers(shapes) | {f"{name}.resample_filter": square.clone() for name in filters}


def modulated(name: str, out: int, side: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.weight": (out, WIDTH, side, side),
        f"{name}.bias": (out,),
        f"{name}.affine.weight": (WIDTH, WIDTH),
        f"{name}.affine.bias": (WIDTH,),
    }


def kwargs(resolution: int = 8, c_dim: int = 0, **synthesis: Any) -> dict[str, Any]:
    """The init_kwargs of StyleGAN2-ADA's Generator, nested as there."""
    told = {"z_dim": WIDTH, "c_dim": c_dim, "w_dim": WIDTH, "img_resolution": resolution}
    return told | {
        "img_channels": 3,
        "mapping_kwargs": {"num_layers": 2},
        "synthesis_kwargs": {"channel_base": 32, "channel_max": WIDTH, "conv_clamp": 256}
        | synthesis,
    }


def module(
    tensors: Tensors, stated: Mapping[str, Any], source: str = SOURCE, name: str = ""
) -> Persistent:
    """A tree of modules with the tensors in it, each as a parameter or a buffer.

    Args:
        stated: further attributes of modules, by the modules' names.
    """
    own, inner = OrderedDict(), OrderedDict()
    for full, tensor in tensors.items():
        first, _, rest = full.partition(".")
        inner.setdefault(first, {})[rest] = tensor
    buffers, parameters, modules = OrderedDict(), OrderedDict(), OrderedDict()
    for key, parts in inner.items():
        full = f"{name}.{key}" if name else key
        if "" not in parts:
            modules[key] = module(parts, stated, source, full)
        elif key in ("weight", "bias", "noise_strength", "const"):
            parameters[key] = nn.Parameter(parts[""])
        else:
            buffers[key] = parts[""]
    parameters["unused"] = None
    state = {"training": False, "_parameters": parameters, "_buffers": buffers} | own
    state |= {"_modules": modules, "_non_persistent_buffers_set": set(), "_forward_hooks": own}
    return Persistent(class_of(name), state | dict(stated.get(name, {})), source)


def class_of(name: str) -> str:
    """What a module of that place is called in NVIDIA's code."""
    last = name.rpartition(".")[2]
    whole = {"": "Generator", "mapping": "MappingNetwork", "synthesis": "SynthesisNetwork"}
    starts = {"b": "SynthesisBlock", "conv": "SynthesisLayer", "L": "SynthesisLayer"}
    starts |= {"input": "SynthesisInput", "torgb": "ToRGBLayer", "skip": "Conv2dLayer"}
    begins = [start for start in starts if last.startswith(start)]
    return whole.get(name) or (starts[begins[0]] if begins else "FullyConnectedLayer")


def easy(value: Any) -> Any:
    return EasyDict({k: easy(v) for k, v in value.items()}) if isinstance(value, dict) else value


def nvidia(
    tensors: Tensors, told: Mapping[str, Any], stated: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a file of StyleGAN2-ADA or StyleGAN3 holds: with a G of other numbers and a D."""
    stated = {**(stated or {})}
    stated[""] = {"_init_args": (), "_init_kwargs": easy(dict(told)), "z_dim": told["z_dim"]}
    other = {name: tensor + 1 for name, tensor in tensors.items()}
    discriminator = {"weight": torch.ones(2, 2)}
    return {
        "G": module(other, stated),
        "D": Persistent("Discriminator", module(discriminator, {}).told["state"]),
        "G_ema": module(tensors, stated),
        "training_set_kwargs": EasyDict(path="/data", max_size=torch.ones(1).numpy()[0]),
        "augment_pipe": None,
    }


def tensorflow(
    tensors: Tensors, version: int = 4, **settings: Any
) -> tuple[Network, Network, Network]:
    """What a file of TensorFlow's time holds, of tensors by the names of NVIDIA's torch code."""
    parts: dict[str, list[tuple[str, Any]]] = {"": [], "mapping": [], "synthesis": []}
    for name, tensor in tensors.items():
        if not name.endswith("resample_filter"):
            part, _, short = name.partition(".")
            there, value = _as_there(part, short, tensor)
            part = "" if there == "dlatent_avg" else part
            parts[part].append((there, value.numpy() if value.ndim else value.numpy()[()]))
    parts["synthesis"].append(("lod", torch.zeros(()).numpy()))

    def network(part: str, components: dict[str, Any]) -> Network:
        state = {"version": version, "name": part or "G", "components": EasyDict(components)}
        state |= {"static_kwargs": EasyDict(settings), "variables": parts[part]}
        return Network(state | {"build_module_src": SOURCE, "build_func_name": "G_main"})

    last = network("", {part: network(part, {}) for part in ("mapping", "synthesis")})
    return Network({"variables": []}), Network({"variables": []}), last


def _as_there(part: str, name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """The name and the form of a tensor in TensorFlow's time."""
    layer, _, last = name.rpartition(".")
    if name == "w_avg":
        return "dlatent_avg", tensor
    if part == "mapping":
        layer = layer.replace("embed", "LabelEmbed").replace("fc", "Dense")
        return f"{layer}/{last}", tensor.t() if last == "weight" else tensor
    block, _, rest = name.partition(".")
    size = int(block[1:])
    if rest == "const":
        return "4x4/Const/const", tensor[None]
    if last == "noise_const":
        number = 2 * (size.bit_length() - 1) - (5 if "conv0" in rest else 4)
        return f"noise{number}", tensor[None, None]
    layers = {"conv0": "Conv0_up", "conv1": "Conv" if size == 4 else "Conv1"}
    layers |= {"torgb": "ToRGB", "skip": "Skip"}
    layer, _, what = rest.partition(".")
    there = f"{size}x{size}/{layers[layer]}"
    if what == "weight":
        flipped = tensor.flip(2, 3) if layer in ("conv0", "skip") else tensor
        return f"{there}/weight", flipped.permute(2, 3, 1, 0)
    if what.startswith("affine"):
        weight = what.endswith("weight")
        return f"{there}/mod_{last}", tensor.t() if weight else tensor - 1
    return f"{there}/{what}", tensor


def rosinality() -> Tensors:
    """A generator of 8x8 pixels by the names of rosinality's g_ema."""
    kernel = torch.tensor([1.0, 3, 3, 1]).outer(torch.tensor([1.0, 3, 3, 1])) / 16
    shapes: dict[str, tuple[int, ...]] = {"input.input": (1, WIDTH, 4, 4)}
    for i in (1, 2):
        shapes |= {f"style.{i}.weight": (WIDTH, WIDTH), f"style.{i}.bias": (WIDTH,)}
    for name, out, side in (
        *(("conv1", WIDTH, 3), ("convs.0", WIDTH, 3), ("convs.1", WIDTH, 3)),
        *(("to_rgb1", 3, 1), ("to_rgbs.0", 3, 1)),
    ):
        shapes[f"{name}.conv.weight"] = (1, out, WIDTH, side, side)
        shapes[f"{name}.conv.modulation.weight"] = (WIDTH, WIDTH)
        shapes[f"{name}.conv.modulation.bias"] = (WIDTH,)
        if side == 1:
            shapes[f"{name}.bias"] = (1, 3, 1, 1)
        else:
            shapes |= {f"{name}.noise.weight": (1,), f"{name}.activate.bias": (WIDTH,)}
    for i, size in enumerate((4, 8, 8)):
        shapes[f"noises.noise_{i}"] = (1, 1, size, size)
    own = numbers(shapes, 2)
    return own | {"convs.0.conv.blur.kernel": kernel, "to_rgbs.0.upsample.kernel": kernel.clone()}


def progan() -> Tensors:
    """A generator of 8x8 pixels by the names of GAN Zoo."""
    shapes: dict[str, tuple[int, ...]] = {"formatLayer": (WIDTH * 16, WIDTH)}
    shapes |= {f"toRGBLayers.{i}": (3, WIDTH, 1, 1) for i in (0, 1)}
    names = ("groupScale0.0", "scaleLayers.0.0", "scaleLayers.0.1")
    shapes |= dict.fromkeys(names, (WIDTH, WIDTH, 3, 3))
    weights = {f"{name}.module.weight": shape for name, shape in shapes.items()}
    return numbers(weights | {f"{name}.module.bias": shape[:1] for name, shape in shapes.items()})


def zoo_config() -> BaseConfig:
    config = BaseConfig()
    config.__dict__ |= {"latentVectorDim": WIDTH, "leakyReluLeak": 0.2, "lossCriterion": "WGANGP"}
    config.__dict__ |= {"alpha": 0, "equalizedlR": True, "perChannelNormalization": True}
    return config


def within(tensors: Tensors, prefix: str) -> Tensors:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def options(**told: Any) -> argparse.Namespace:
    return argparse.Namespace(**told)
