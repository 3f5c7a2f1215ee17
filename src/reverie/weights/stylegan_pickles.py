"""Reads the generator, and nothing else, out of a `.pkl` of NVIDIA's.

Understood: `G_ema` of StyleGAN2-ADA and StyleGAN3, torch modules that carry the source code of
their classes with them; `Gs` of the StyleGAN2 of TensorFlow's time. The source code is only hashed.

Source: the files of https://github.com/NVlabs/stylegan2-ada-pytorch,
https://github.com/NVlabs/stylegan3 and https://github.com/NVlabs/stylegan2.
Differs: NVIDIA's loaders run the source code, and look the tensors' classes up.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.arrays import data
from reverie.weights.bare_pickles import (
    NETWORK,
    PERSISTENT,
    BarePickle,
    at_most,
    named,
    vintage,
)
from reverie.weights.records import Extent, Record
from reverie.weights.stylegan_tensorflow import from_tensorflow

MAX_DEPTH = 16  # of modules within modules
MAX_MODULES, MAX_TENSORS = 2000, 10_000
CLASSES = {
    *("Generator", "MappingNetwork", "SynthesisNetwork", "SynthesisBlock", "SynthesisLayer"),
    *("SynthesisInput", "ToRGBLayer", "FullyConnectedLayer", "Conv2dLayer"),
}
# Settings that the classes' defaults decide if nothing else does; the modules that state them, and
# by which name. A bias is multiplied by the rate that its layer learns at.
STATED = {
    "mapping": {"num_layers": "num_layers"},
    "mapping.fc0": {"activation": "activation", "lr_multiplier": "bias_gain"},
    "synthesis": {n: n for n in ("num_layers", "num_critical", "margin_size", "output_scale")},
    "synthesis.b4": {"architecture": "architecture"},
    "synthesis.b4.conv1": {n: n for n in ("use_noise", "conv_clamp", "activation")},
    "synthesis.L0": {"conv_clamp": "conv_clamp"},
}
Contents = tuple[dict[str, Tensor], dict[str, Any]]


def read_generator(path: Path, wanted: Callable[[Collection[str]], Collection[str]]) -> Contents:
    """The generator's tensors by the names of NVIDIA's state_dict, and the config: `init_kwargs`
    with what the modules state, and the `class`, `source_sha256` and `source` they came with.

    Args:
        wanted: chooses from the names.

    Raises:
        WeightsError: the file is damaged, or holds no generator, or anything unknown.
    """
    try:
        pickle = BarePickle(path)
        kind, network = _generator(pickle.root, path)
        if kind == NETWORK:
            return from_tensorflow(pickle, network, wanted)
        modules = dict(at_most(MAX_MODULES, _modules(network, "", 0, path), "modules"))
        extents = dict(at_most(MAX_TENSORS, _extents(pickle, modules), "tensors"))
        tensors = pickle.tensors({name: extents[name] for name in wanted(extents)})
        return tensors, _config(modules)
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
        RuntimeError,
    ) as error:
        raise WeightsError(
            f"{path}: the generator in the pickle is damaged ({_shown(error)}); get the file again"
        ) from error


def _generator(root: Any, path: Path) -> tuple[str, Record]:
    """Of what a file holds, the generator whose weights were averaged, and the kind of its record.

    The file of TensorFlow's time has three networks, and this is the last.
    """
    found = root.get("G_ema") if isinstance(root, dict) else root
    if isinstance(root, tuple) and len(root) == 3:
        found = root[2]
    if not isinstance(found, Record) or found.kind not in (PERSISTENT, NETWORK):
        raise WeightsError(
            f"{path}: this pickle holds no generator (G_ema or Gs); wanted: a .pkl of NVIDIA's "
            "StyleGAN2, StyleGAN2-ADA or StyleGAN3, or a state_dict() that torch.save wrote"
        )
    return found.kind, found


def _modules(module: Any, name: str, depth: int, path: Path) -> Iterator[tuple[str, Any]]:
    """The descriptions of a module and of those in it, by their dotted names."""
    if not isinstance(module, Record) or module.kind != PERSISTENT:
        what = module.kind if isinstance(module, Record) else type(module).__name__
        raise ValueError(f"{name or 'the generator'} is no module but {what}")
    (told,) = module.arguments
    kind = told["class_name"]
    if not isinstance(kind, str) or kind not in CLASSES:
        kind = _shown(kind) if isinstance(kind, str) else type(kind).__name__
        raise WeightsError(
            f"{path}: {name or 'the generator'} is of the unknown class {kind}; known are "
            f"{', '.join(sorted(CLASSES))}; nothing was run"
        )
    if depth > MAX_DEPTH:
        raise ValueError(f"modules nested deeper than {MAX_DEPTH} levels, or within themselves")
    yield name, told
    for full, inner in named(told["state"]["_modules"].items(), name and f"{name}."):
        if inner is not None:
            yield from _modules(inner, full, depth + 1, path)


def _extents(pickle: BarePickle, modules: dict[str, Any]) -> Iterator[tuple[str, Extent]]:
    for name, told in modules.items():
        for kind in ("_parameters", "_buffers"):
            for full, value in named(told["state"][kind].items(), name and f"{name}."):
                extent = pickle.tensor(value)
                if extent is not None:
                    yield full, extent
                elif value is not None:
                    raise ValueError(f"{full} is no tensor")


def _config(modules: dict[str, Any]) -> dict[str, Any]:
    """A setting that was not given when the generator was made is taken from its modules, for the
    classes' defaults differ from one repository to the next."""
    kwargs = data(modules[""]["state"]["_init_kwargs"])
    kwargs.setdefault("mapping_kwargs", {})
    for place, settings in STATED.items():
        module = next((m for m in modules if m == place or m.startswith(f"{place}_")), "")
        state = modules[module]["state"] if module else {}
        of_mapping = place.startswith("mapping")
        own = kwargs["mapping_kwargs"] if of_mapping else kwargs.get("synthesis_kwargs", kwargs)
        own |= {ours: data(state[theirs]) for ours, theirs in settings.items() if theirs in state}
    root = modules[""]
    return {"init_kwargs": kwargs, "class": root["class_name"]} | vintage(root["module_src"])


def _shown(said: object) -> str:
    """What a stranger may have written, safe and short enough for a terminal."""
    text = str(said)
    return (text if text.isprintable() else ascii(text))[:200]
