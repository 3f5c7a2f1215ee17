"""The nouns of the library, as types. Imports nothing of ours but errors' neighbours: only torch.

One picture convention holds at every boundary: sRGB, channels first, float32, 0 to 1.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

Image = Float[Tensor, "b 3 h w"]
Views = Float[Tensor, "views 3 s s"]  # n views of each of b pictures, view-major: [n*b, ...]
Embedding = Float[Tensor, "n d"]  # rows of unit length
PerImage = Float[Tensor, " b"]
Activations = Float[Tensor, "views c *places"]  # what c neurons say at every place of views


class Draws:
    """The random numbers of one moment: an independent stream for every picture of a batch.

    A stream depends on (seed of the picture, step, name) alone, so picture i of a batch started
    with seed s sees what a run of one picture with seed s + i sees.
    """

    def __init__(self, seeds: Sequence[int], step: int, name: str = "") -> None:
        self.seeds, self.step, self.name = tuple(seeds), step, name
        self._streams: dict[torch.device, list[torch.Generator]] = {}

    def named(self, name: str) -> "Draws":
        """Fresh streams that do not depend on what was drawn from these before."""
        return Draws(self.seeds, self.step, f"{self.name}/{name}")

    def uniform(self, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Numbers in [0, 1), `[b, *shape]`."""
        streams = self._on(torch.device(device))
        return torch.stack([torch.rand(shape, generator=g, device=g.device) for g in streams])

    def normal(self, *shape: int, device: torch.device | str = "cpu") -> Tensor:
        """Numbers of mean 0 and variance 1, `[b, *shape]`."""
        streams = self._on(torch.device(device))
        return torch.stack([torch.randn(shape, generator=g, device=g.device) for g in streams])

    def _on(self, device: torch.device) -> list[torch.Generator]:
        if device not in self._streams:
            self._streams[device] = [
                torch.Generator(device).manual_seed(digest(seed, self.step, self.name))
                for seed in self.seeds
            ]
        return self._streams[device]


def digest(*parts: object) -> int:
    """A well-mixed integer of 63 bits that depends on `parts` alone."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> 1


@dataclass(frozen=True, slots=True)
class Moment:
    """When a loss looks: its step, t = step / steps, and the random numbers that are its own."""

    step: int
    t: float
    draws: Draws
    notes: dict[str, Tensor] = field(default_factory=dict)  # measurements by name, PerImage

    def note(self, name: str, value: Tensor) -> None:
        """Adds a measurement `[b]` for the Frame, beside the loss. Parts of a loss add up."""
        value = value.detach()
        self.notes[name] = self.notes[name] + value if name in self.notes else value


class Canvas(nn.Module):
    """A batch of pictures that can be improved. Subclasses write `forward`."""

    def forward(self) -> Image:
        """Draws the pictures. Differentiable, no arguments, the same size at every call."""
        raise NotImplementedError

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by name, for canvases that need several learning rates."""
        return {"all": [p for p in self.parameters() if p.requires_grad]}

    def project_(self) -> None:
        """Moves the parameters back into their valid range, after each update."""

    def shown(self, image: Image) -> Image:
        """The picture to show and keep, where `image` is what `forward` just drew."""
        return image

    def encode_(self, image: Image) -> None:
        """Sets the parameters so that `forward` draws (about) `image`, of the canvas's size."""
        raise NotImplementedError(f"{type(self).__name__} cannot start from a picture")

    def go_on_(self, other: "Canvas") -> bool:
        """Takes over what `other` draws without a picture between them, if it can; says whether."""
        return False

    def latents(self) -> Tensor:
        """What a generator draws the pictures from, `[b, ...]`, with gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no latents")

    def latents_of(self, image: Image) -> Tensor:
        """What would draw (about) `image`, of the canvas's size."""
        raise NotImplementedError(f"{type(self).__name__} cannot find the latents of a picture")

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


@runtime_checkable
class Perceptor(Protocol):
    """A frozen model that puts pictures and texts in one space."""

    size: int  # pixels a side of the square views it wants

    def encode_image(self, views: Views) -> Embedding: ...
    def encode_text(self, texts: Sequence[str]) -> Embedding: ...


@runtime_checkable
class Layered(Perceptor, Protocol):
    """A perceptor whose image tower can be read at its layers, too."""

    layers: Sequence[str]  # their names, shallow to deep

    def activations(self, views: Views, layer: str) -> Activations:
        """Of one layer, in float32; what comes after it is not computed.

        Raises:
            SpecError: there is no such layer.
        """
        ...


@runtime_checkable
class Looks(Protocol):
    """Chosen views of a picture, not yet drawn: the same choice can be drawn at several sizes."""

    count: int  # views of each picture

    def draw(self, views: slice, size: int) -> Views: ...


@runtime_checkable
class Augment(Protocol):
    """Chooses several differentiable views of every picture."""

    def __call__(self, image: Image, moment: Moment) -> Looks: ...


@runtime_checkable
class Loss(Protocol):
    """A number to make small, one per picture. It may come in parts, whose sum is the loss:
    then only one part's activations live at a time."""

    def __call__(self, image: Image, moment: Moment) -> PerImage | Iterable[PerImage]: ...


@runtime_checkable
class Curve(Protocol):
    """A number that varies over a run, as a function of t from 0 to 1."""

    def __call__(self, t: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """What the loop shows at each step. Tensors stay on their device until you read them."""

    step: int
    t: float
    image: Tensor  # Image
    losses: Mapping[str, Tensor]  # name -> weighted value, PerImage
    notes: Mapping[str, Tensor]  # name -> measurement, PerImage; "similarity" is the usual score


@dataclass(frozen=True)
class Machine:
    """Where the work runs, and how precisely the networks compute there."""

    device: torch.device
    precision: torch.dtype  # of the networks' big matrices; pictures and losses stay float32


class CanvasSpec(ABC):
    """Data that describes a canvas."""

    size: tuple[int, int]  # width, height

    @abstractmethod
    def build(self, machine: Machine, seeds: Sequence[int]) -> Canvas:
        """A canvas of `len(seeds)` pictures; the start of each depends on its own seed alone."""

    def keep(self, canvas: Canvas, pictures: Sequence[Path]) -> list[Path]:
        """Writes, beside the pictures of a run, what they are made of; most have nothing.

        Args:
            canvas: what `build` gave, as it shows these pictures.
        """
        return []

    def memory(self, machine: Machine) -> int:
        """Bytes that painting one picture takes, about: enough to refuse what cannot fit."""
        return 100 * self.size[0] * self.size[1]  # picture, gradient, parameters and Adam's means


class PerceptorSpec(ABC):
    """Data that names a perceptor."""

    @abstractmethod
    def build(self, machine: Machine) -> Perceptor: ...

    @abstractmethod
    def digests(self) -> dict[str, str]:
        """SHA-256 of the weights, by the name of their file."""


class AugmentSpec(ABC):
    """Data that describes an augment."""

    @abstractmethod
    def build(self) -> Augment: ...


class LossSpec(ABC):
    """Data that describes a loss."""

    @abstractmethod
    def build(self, canvas: Canvas, machine: Machine) -> Loss: ...


def parts(loss: PerImage | Iterable[PerImage]) -> Iterator[PerImage]:
    """A loss as its parts: itself, when it came whole."""
    if isinstance(loss, Tensor):
        yield loss
    else:
        yield from loss
