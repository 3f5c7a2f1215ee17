"""The published weights of StyleGAN2 and StyleGAN3: NVIDIA's, and rosinality's StyleGAN2.

Source: the generators of https://github.com/NVlabs/stylegan2-ada-pytorch and
https://github.com/NVlabs/stylegan3, with the `init_kwargs` of their files; the `g_ema` of
https://github.com/rosinality/stylegan2-pytorch, with the `latent_avg` beside it.
Differs: their loaders take what fits; this one refuses a tensor that is missing, unknown or of
another shape.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.stylegan_rosinality import as_nvidia
from reverie.weights.stylegan_shapes import FILTER, Shape, stylegan2_shapes, stylegan3_shapes

Tensors = Mapping[str, Tensor]
Layout = tuple[dict[str, Tensor], dict[str, Any]]
CONST, FREQS, ROSINALITY = "synthesis.b4.const", "synthesis.input.freqs", "input.input"
OPTIONAL = {"mapping.w_avg"}  # the network works it out


def stylegan_layout(tensors: Tensors, config: Mapping[str, Any], file: str) -> Layout:
    """The tensors by the names of the networks, and the fields of the architecture, of which
    `network` is `stylegan2` or `stylegan3`.

    Args:
        config: has the `init_kwargs` of a file of NVIDIA's; rosinality's needs none.
        file: what an error calls the weights.

    Raises:
        WeightsError: the tensors are of no StyleGAN, or one is missing, unknown or of another
            shape than the config says.
    """
    if ROSINALITY in tensors:
        tensors, told = as_nvidia(tensors, file)
    elif not is_stylegan(tensors):
        raise WeightsError(f"{file}: is no StyleGAN2 and no StyleGAN3, for it has no {CONST!r}")
    else:
        told = _told(config, file)
    tensors, fields = (_stylegan3 if FREQS in tensors else _stylegan2)(tensors, told, file)
    shapes = stylegan3_shapes if FREQS in tensors else stylegan2_shapes
    try:
        want = dict(shapes(tensors, told))
    except KeyError as error:  # channels are told by the tensors themselves
        raise WeightsError(
            f"{file}: lacks tensor {error.args[0]!r}, or it has no rows; wanted is the generator "
            "(G_ema) that its config describes"
        ) from error
    _compare(tensors, want, file)
    return tensors, fields


def is_stylegan(names: Collection[str]) -> bool:
    """Whether tensors of these names are a generator of the family."""
    return any(name in names for name in (CONST, FREQS, ROSINALITY))


def _compare(tensors: Tensors, want: Mapping[str, Shape], file: str) -> None:
    for name, shape in want.items():  # first, for a shape says more than a name that is missing
        if name in tensors and tensors[name].shape != shape:
            raise WeightsError(
                f"{file}: tensor {name!r} is {list(tensors[name].shape)}; wanted, by its config "
                f"and the other tensors, is {list(shape)}; get the file again"
            )
    for said, names in (
        ("lacks", want.keys() - tensors.keys() - OPTIONAL),
        ("has the unknown", tensors.keys() - want.keys()),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(
                f"{file}: {said} tensor {min(names)!r}{more}; wanted is the generator (G_ema) that "
                "its config describes"
            )


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 20


def _is_positive(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < math.inf


Check = tuple[Callable[[Any], bool], str]
SIZE: Check = (_is_size, "a whole number of 1 or more")
COUNT: Check = (lambda value: type(value) is int and 0 <= value < 1 << 20, "0 or more")
POSITIVE: Check = (_is_positive, "a number above 0")
RESOLUTION: Check = (
    lambda value: _is_size(value) and value >= 8 and value.bit_count() == 1,
    "a power of two of 8 or more",
)
LRELU: Check = (lambda value: value == "lrelu", "lrelu")
FIELDS: dict[str, Check] = {
    **dict.fromkeys(("z_dim", "w_dim"), SIZE),
    "c_dim": COUNT,
    "img_channels": (lambda value: value == 3, "3"),
    "activation": LRELU,
    "mapping.activation": LRELU,
    "mapping.lr_multiplier": POSITIVE,
    "mapping.num_layers": SIZE,
    "architecture": (
        lambda value: value in ("skip", "orig", "resnet"),
        "skip, orig or resnet",
    ),
    "conv_clamp": (lambda value: value is None or _is_positive(value), "a number above 0, or none"),
    "num_layers": SIZE,
    **dict.fromkeys(("num_critical", "margin_size"), COUNT),
    **dict.fromkeys(("filter_size", "lrelu_upsampling"), SIZE),
    **dict.fromkeys(("first_cutoff", "first_stopband", "last_stopband_rel"), POSITIVE),
    "output_scale": POSITIVE,
}
NEEDED = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
GEOMETRY = (
    *("num_layers", "num_critical", "first_cutoff", "first_stopband", "last_stopband_rel"),
    *("margin_size", "filter_size", "lrelu_upsampling"),
)
PLAIN = {
    "mapping.lr_multiplier": "mapping_rate",
    **{name: name for name in ("architecture", "conv_clamp", "output_scale")},
}


def _told(config: Mapping[str, Any], file: str) -> dict[str, Any]:
    """What the config says, all on one level; the mapping network's after `mapping.`."""
    kwargs = config.get("init_kwargs")
    if not isinstance(kwargs, dict):
        raise WeightsError(
            f"{file}: has no init_kwargs beside it, and without them its architecture is "
            "not known; add NVIDIA's own .pkl with `reverie models add`"
        )
    mapping, synthesis = kwargs.get("mapping_kwargs", {}), kwargs.get("synthesis_kwargs", {})
    if not isinstance(mapping, dict) or not isinstance(synthesis, dict):
        raise WeightsError(f"{file}: mapping_kwargs and synthesis_kwargs must be objects")
    told = {name: value for name, value in kwargs.items() if not name.endswith("_kwargs")}
    told |= synthesis | {f"mapping.{name}": value for name, value in mapping.items()}
    if "synthesis_kwargs" not in kwargs:  # of the later code, which clamps unless told not to
        told.setdefault("conv_clamp", 256)
    for name in NEEDED:
        if name not in told:
            raise WeightsError(f"{file}: its init_kwargs lack {name!r}, so it is no StyleGAN's")
    for name in told.keys() & FIELDS.keys():
        _refuse(name, told[name], FIELDS[name], file)
    _refuse("img_resolution", told["img_resolution"], RESOLUTION, file)
    return told


def _refuse(name: str, value: Any, check: Check, file: str) -> None:
    is_right, said = check
    if not is_right(value):
        raise WeightsError(f"{file}: {name} is {value!r} in its config; wanted: {said}")


def _stylegan2(tensors: Tensors, told: Mapping[str, Any], file: str) -> Layout:
    filters = [tensor for name, tensor in tensors.items() if name.endswith("resample_filter")]
    tensors = {name: t for name, t in tensors.items() if not name.endswith("resample_filter")}
    tensors[FILTER] = _one_row(filters, file)
    return tensors, {"network": "stylegan2", "resolution": told["img_resolution"]} | _plain(told)


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """What goes to the network as it is, by the names it has there."""
    return {ours: told[name] for name, ours in PLAIN.items() if name in told}


def _one_row(filters: list[Tensor], file: str) -> Tensor:
    """The taps of rows and columns: all filters of a file are the same square of them."""
    first = filters[0].float() if filters else torch.zeros(())
    taps = first.sum(-1) if first.ndim == 2 else first
    same = all(other.shape == first.shape and first.allclose(other.float()) for other in filters)
    if not same or taps.ndim != 1 or (first.ndim == 2 and not taps.outer(taps).allclose(first)):
        raise WeightsError(
            f"{file}: its filters are not all the same outer product of a row with itself, as "
            "those of StyleGAN2 are"
        )
    return taps


def _stylegan3(tensors: Tensors, told: Mapping[str, Any], file: str) -> Layout:
    """The layers' names end in their sizes and channels, which go into the fields."""
    renamed, found = {}, {}
    for name, tensor in tensors.items():
        if layer := re.match(r"synthesis\.L(\d+)_(\d+)_(\d+)\.", name):
            number, size, _ = map(int, layer.groups())
            found.setdefault(number, size)
            name = f"synthesis.L{number}.{name[layer.end() :]}"
        renamed[name] = tensor
    known = {"num_layers": max(found, default=0)} | dict(told)
    geometry = {name: known[name] for name in GEOMETRY if name in known}
    geometry["resolution"] = told["img_resolution"]
    fields = {"network": "stylegan3", "geometry": geometry} | _plain(told)
    return renamed, fields | {"sizes": tuple(size for _, size in sorted(found.items()))}
