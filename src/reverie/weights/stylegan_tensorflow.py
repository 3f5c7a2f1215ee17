"""StyleGAN2 of TensorFlow's time by the names of NVIDIA's torch code: the same network.

Source: the files of https://github.com/NVlabs/stylegan2; what is renamed, transposed, flipped and
shifted is what NVIDIA's own converter states.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.arrays import SCALARS, data, number
from reverie.weights.bare_pickles import NETWORK, BarePickle, at_most, named, vintage
from reverie.weights.records import Record

OLDEST = 4  # the version of the first networks with the structure of StyleGAN2
MAX_DEPTH = 4
MAX_VARIABLES = 2000
MAX_TAPS = 32
FILTER = (1, 3, 3, 1)
IGNORED = {"lod", "synthesis/lod"}
# Settings there, as NVIDIA's torch code calls them, and what they are if left out.
OWN = {
    "z_dim": ("latent_size", 512),
    "c_dim": ("label_size", 0),
    "w_dim": ("dlatent_size", 512),
    "img_resolution": ("resolution", 1024),
    "img_channels": ("num_channels", 3),
}
MAPPING = {
    "num_layers": ("mapping_layers", 8),
    "activation": ("mapping_nonlinearity", "lrelu"),
    "lr_multiplier": ("mapping_lrmul", 0.01),
}
SYNTHESIS = {
    "conv_clamp": ("conv_clamp", None),
    "architecture": ("architecture", "skip"),
    "use_noise": ("use_noise", True),
    "activation": ("nonlinearity", "lrelu"),
}
LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
FLIPPED = ("Conv0_up", "Skip")
PARTS: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "weight": ("weight", lambda t: t.permute(3, 2, 0, 1)),  # [h, w, in, out] -> [out, in, h, w]
    "bias": ("bias", lambda t: t),
    "noise_strength": ("noise_strength", lambda t: t),
    "mod_weight": ("affine.weight", lambda t: t.t()),
    "mod_bias": ("affine.bias", lambda t: t + 1),
}


def from_tensorflow(
    pickle: BarePickle, network: Record, wanted: Callable[[Collection[str]], Collection[str]]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the config of a generator, as of a file of NVIDIA's torch code.

    Raises:
        WeightsError: it is a StyleGAN of another kind, or has an unknown variable.
        ValueError: it is damaged.
    """
    state = network.state
    if data(state["version"]) < OLDEST:
        raise WeightsError(
            f"{pickle.path}: is of a time before StyleGAN2 (its network is of version "
            f"{data(state['version'])}), which is not supported; wanted: stylegan2-*-config-f.pkl"
        )
    variables = dict(at_most(MAX_VARIABLES, _variables(network, "", 0), "variables"))
    extents = {name: e for name, value in variables.items() if (e := pickle.tensor(value))}
    found = pickle.tensors(extents) | _numbers(variables)
    if odd := variables.keys() - found.keys():
        raise ValueError(f"{min(odd)} is no array")
    settings, tensors = data(state["static_kwargs"]), {}
    for name in sorted(found.keys() - IGNORED):
        new, tensor = _renamed(name, found[name])
        if not new:
            raise WeightsError(
                f"{pickle.path}: has the unknown variable {name[:100]!r}; wanted: a generator of "
                "StyleGAN2 (stylegan2-*-config-f.pkl)"
            )
        tensors[new] = tensor.contiguous()
    tensors |= _filters(tensors, settings.get("resample_kernel") or FILTER)
    return {name: tensors[name] for name in wanted(tensors)}, _config(settings, state)


def _variables(network: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The variables of a network and of its components, by their names with slashes."""
    if not isinstance(network, Record) or network.kind != NETWORK or depth > MAX_DEPTH:
        raise ValueError("its components are no networks, or nested too deeply")
    yield from named(network.state["variables"], prefix)
    for name, inner in named(network.state["components"].items(), prefix):
        yield from _variables(inner, f"{name}/", depth + 1)


def _numbers(variables: Mapping[str, Any]) -> dict[str, Tensor]:
    """The variables that are single numbers."""
    return {
        name: torch.tensor(number(value))
        for name, value in variables.items()
        if isinstance(value, Record) and value.kind in SCALARS
    }


def _renamed(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    """The name in NVIDIA's torch code, empty if there is none, and the tensor as it is there."""
    if name == "dlatent_avg":
        return "mapping.w_avg", tensor
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const", tensor[0]
    if found := re.fullmatch(r"mapping/(?:Dense(\d+)|LabelEmbed)/(weight|bias)", name):
        layer = "embed" if found[1] is None else f"fc{found[1]}"
        return f"mapping.{layer}.{found[2]}", tensor.t()
    if found := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        # noise0 is of size 4; from there on, every size has two
        doublings = (int(found[1]) + 5) // 2
        layer = "conv1" if int(found[1]) % 2 == 0 else "conv0"
        return f"synthesis.b{1 << doublings}.{layer}.noise_const", tensor[0, 0]
    found = re.fullmatch(r"synthesis/(\d+)x\1/(\w+)/(\w+)", name)
    if not found or found[2] not in LAYERS or found[3] not in PARTS:
        return "", tensor
    part, turned = PARTS[found[3]]
    if found[3] == "weight" and found[2] in FLIPPED:
        tensor = tensor.flip(0, 1)
    return f"synthesis.b{found[1]}.{LAYERS[found[2]]}.{part}", turned(tensor)


def _filters(tensors: Collection[str], kernel: Any) -> dict[str, Tensor]:
    """The filter that every block and every convolution has in NVIDIA's torch code."""
    row = torch.tensor(kernel[:MAX_TAPS], dtype=torch.float32)
    square = row.outer(row) / row.sum().square()
    owners = {re.sub(r"\.(weight|const)$", "", name) for name in tensors if "affine" not in name}
    owners = {name for name in owners if re.fullmatch(r"synthesis\.b\d+\.(conv[01]|skip)", name)}
    owners |= {name.rpartition(".")[0] for name in owners}
    return {f"{name}.resample_filter": square.clone() for name in sorted(owners)}


def _config(settings: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    def said(names: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
        return {ours: settings.get(theirs, usual) for ours, (theirs, usual) in names.items()}

    kwargs = said(OWN) | {"mapping_kwargs": said(MAPPING), "synthesis_kwargs": said(SYNTHESIS)}
    return {"init_kwargs": kwargs, "class": "tflib.Network"} | vintage(state["build_module_src"])
