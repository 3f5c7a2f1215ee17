"""The layers of an image tower, by name, and their neurons."""

from collections.abc import Sequence

import torch

from reverie.errors import SpecError
from reverie.protocols import Layered, Machine, PerceptorSpec


def layered(spec: PerceptorSpec, machine: Machine) -> Layered:
    """The perceptor, whose layers can be read.

    Raises:
        SpecError: it keeps them to itself.
    """
    perceptor = spec.build(machine)
    if not isinstance(perceptor, Layered):
        raise SpecError(f"perceptor: the layers of a {type(spec).__name__} cannot be read")
    return perceptor


@torch.no_grad()
def shape(perceptor: Layered, layer: str, device: torch.device) -> tuple[int, ...]:
    """How many neurons a layer has, and how many places in a view: c and one or two numbers."""
    view = torch.full((1, 3, perceptor.size, perceptor.size), 0.5, device=device)
    return tuple(perceptor.activations(view, layer).shape[1:])


def check_neuron(neuron: int, perceptor: Layered, layer: str, device: torch.device) -> None:
    """Refuses a number that no neuron of the layer has."""
    count = shape(perceptor, layer, device)[0]
    if not 0 <= neuron < count:
        raise SpecError(f"neuron: {neuron}; {layer} has {count}, numbered from 0 to {count - 1}")


def place(layer: str, layers: Sequence[str]) -> int:
    """Where a layer stands among all, 0 for the shallowest.

    Raises:
        SpecError: it is not among them.
    """
    if layer not in layers:
        raise SpecError(f"layer: {layer!r} is not one of {', '.join(layers)}")
    return layers.index(layer)
