"""The layers of an image tower, by name."""

from collections.abc import Sequence

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


def place(layer: str, layers: Sequence[str]) -> int:
    """Where a layer stands among all, 0 for the shallowest.

    Raises:
        SpecError: it is not among them.
    """
    if layer not in layers:
        raise SpecError(f"layer: {layer!r} is not one of {', '.join(layers)}")
    return layers.index(layer)
