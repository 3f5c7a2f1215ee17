"""The published weights of ProGAN: the `avgG` or `netG` of pytorch_GAN_zoo, and its config.

Source: the files of https://github.com/facebookresearch/pytorch_GAN_zoo (PGAN).
Differs: its loader takes what fits; this one refuses a tensor that is missing, unknown or of
another shape.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from torch import Tensor

from reverie.errors import WeightsError

Tensors = Mapping[str, Tensor]
Shape = tuple[int, ...]
FIRST, START = "formatLayer", 4  # pixels a side of the first layer
NUMBER: tuple[Callable[[Any], bool], str] = (
    lambda value: type(value) in (int, float) and 0 <= value <= 1,
    "a number from 0 to 1",
)
FLAG: tuple[Callable[[Any], bool], str] = (lambda value: type(value) is bool, "true or false")
TANH = {"WGANGP": False, "MSE": True, "DCGAN": True}  # what a training by this loss ends in
FIELDS: dict[str, tuple[str, tuple[Callable[[Any], bool], str]]] = {
    "alpha": ("alpha", NUMBER),
    "leakyReluLeak": ("slope", NUMBER),
    "equalizedlR": ("equalized", FLAG),
    "perChannelNormalization": ("normalized", FLAG),
}


def progan_layout(
    tensors: Tensors, config: Mapping[str, Any], file: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of the network, and the fields of the architecture.

    Args:
        config: has the `config` of the file; what it does not say is as the trained networks
            have it. Sizes are told by the tensors.
        file: what an error calls the weights.

    Raises:
        WeightsError: the config is of a network of another kind, or a tensor is missing, unknown
            or of another shape than the others say.
    """
    tensors = {name.replace(".module.", "."): tensor for name, tensor in tensors.items()}
    if not is_progan(tensors):
        raise WeightsError(f"{file}: is no ProGAN, for it has no '{FIRST}.weight'")
    fields = _fields(config.get("config", config), file)
    try:
        want = dict(_shapes(tensors))
    except KeyError as error:  # channels are told by the tensors themselves
        raise WeightsError(
            f"{file}: lacks tensor {error.args[0]!r}, or it has no rows; get the file again"
        ) from error
    for name, shape in want.items():
        if name in tensors and tensors[name].shape != shape:
            raise WeightsError(
                f"{file}: tensor {name!r} is {list(tensors[name].shape)}, and by the other tensors "
                f"it would be {list(shape)}; get the file again"
            )
    for said, names in (
        ("lacks", want.keys() - tensors.keys()),
        ("has the unknown", tensors.keys() - want.keys()),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(
                f"{file}: {said} tensor {min(names)!r}{more}; wanted is a ProGAN's generator (avgG)"
            )
    return tensors, fields


def is_progan(names: Collection[str]) -> bool:
    """Whether tensors of these names are a ProGAN's generator."""
    return f"{FIRST}.weight" in names or f"{FIRST}.module.weight" in names


def _fields(config: Mapping[str, Any], file: str) -> dict[str, Any]:
    fields = {}
    for theirs, (ours, (is_right, said)) in FIELDS.items():
        if theirs in config:
            if not is_right(config[theirs]):
                raise WeightsError(
                    f"{file}: {theirs} is {config[theirs]!r} in its config; wanted: {said}"
                )
            fields[ours] = config[theirs]
    loss = config.get("lossCriterion", "WGANGP")
    if loss not in TANH:
        raise WeightsError(
            f"{file}: lossCriterion is {loss!r} in its config; wanted: {', '.join(TANH)}"
        )
    return fields | {"tanh": TANH[loss]}


def _shapes(tensors: Tensors) -> Iterator[tuple[str, Shape]]:
    """Every tensor of the network."""
    channels = _rows(tensors, "groupScale0.0.bias")
    into = _rows(tensors, f"{FIRST}.bias") // START**2
    _rows(tensors, f"{FIRST}.weight")
    yield f"{FIRST}.weight", (into * START**2, tensors[f"{FIRST}.weight"].shape[-1])
    yield f"{FIRST}.bias", (into * START**2,)
    yield from _convolution("groupScale0.0", channels, into, 3)
    yield from _convolution("toRGBLayers.0", 3, channels, 1)
    for i in range(_scales(tensors)):
        before, channels = channels, _rows(tensors, f"scaleLayers.{i}.0.bias")
        yield from _convolution(f"scaleLayers.{i}.0", channels, before, 3)
        yield from _convolution(f"scaleLayers.{i}.1", channels, channels, 3)
        yield from _convolution(f"toRGBLayers.{i + 1}", 3, channels, 1)


def _scales(tensors: Tensors) -> int:
    """How often the picture doubles."""
    return sum(re.fullmatch(r"scaleLayers\.\d+\.0\.bias", name) is not None for name in tensors)


def _rows(tensors: Tensors, name: str) -> int:
    """The length of a tensor; one of a single number counts as missing."""
    if not tensors[name].ndim:
        raise KeyError(name)
    return len(tensors[name])


def _convolution(name: str, out: int, into: int, side: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (out, into, side, side)
    yield f"{name}.bias", (out,)
