"""What a layer of a perceptor sees in a picture, to be made stronger.

Source: Mordvintsev, Olah and Tyka, "Inceptionism" (2015), and the DeepDream notebook: the strength
of a whole layer, or the best match among what the layer sees in a guide; a single neuron as in
Olah et al., "Feature Visualization" (2017), https://distill.pub/2017/feature-visualization.
Differs: activations are counted in units of what the layer saw at the start, root mean square, so
that layers of all networks, and words beside them, weigh alike.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.augment.tiles import Tiles
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.loss.targets import chunks
from reverie.perceptor.layers import check_neuron, layered
from reverie.perceptor.pocket import Pocket
from reverie.protocols import (
    Activations,
    Augment,
    AugmentSpec,
    Canvas,
    Curve,
    Draws,
    Image,
    Layered,
    LossSpec,
    Machine,
    Moment,
    PerceptorSpec,
    PerImage,
)
from reverie.spec import spec

MOST = 1024  # places of a guide that are compared with
FAINT = 1e-6  # the least unit, where a layer sees nothing at the start

Guide = Float[Tensor, "places c"]
PerView = Float[Tensor, " views"]


class Eye:
    """One layer of a perceptor, looking at all views of a picture."""

    def __init__(self, perceptor: Layered, layer: str, augment: Augment, chunk: int) -> None:
        self.perceptor, self.layer = perceptor, layer
        self.augment, self.chunk = augment, chunk

    def __call__(self, image: Image, moment: Moment) -> Iterator[tuple[float, Activations]]:
        """Part by part: its share of all views, and what is seen in it."""
        looks = self.augment(image, moment)
        for views in chunks(looks.count, self.chunk):
            seen = looks.draw(views, self.perceptor.size)
            share = (views.stop - views.start) / looks.count
            yield share, self.perceptor.activations(seen, self.layer)

    @torch.no_grad()
    def unit(self, image: Image) -> PerImage:
        """The root mean square of all activations."""
        b = len(image)
        moment = Moment(0, 0.0, Draws((0,) * b, 0, "unit"))
        parts = [share * per_image(square(x), b) for share, x in self(image, moment)]
        return torch.stack(parts).sum(0).sqrt()


class ActivationLoss:
    """Minus how strong the layer's activations are, a mean over views: their mean square, the mean
    of one neuron, or the mean product with what matches best in a guide. Notes `activation`, the
    same without weight and sign. It comes in parts.

    Args:
        unit: what activations are counted in, for each picture.
        guide: what is seen at the places of another picture, of mean square 1.
    """

    def __init__(
        self,
        eye: Eye,
        unit: PerImage,
        weight: Curve,
        *,
        neuron: int | None = None,
        guide: Guide | None = None,
    ) -> None:
        self.eye, self.unit, self.weight = eye, unit.clamp(min=FAINT), weight
        self.neuron, self.guide = neuron, guide

    def __call__(self, image: Image, moment: Moment) -> Iterator[PerImage]:
        b, weight = len(image), self.weight(moment.t)
        for share, seen in self.eye(image, moment):
            if self.guide is not None:
                strength = per_image(match(seen, self.guide), b) / self.unit
            elif self.neuron is not None:
                strength = per_image(seen[:, self.neuron].flatten(1).mean(1), b) / self.unit
            else:
                strength = per_image(square(seen), b) / self.unit.square()
            moment.note("activation", share * strength)
            yield -weight * share * strength


def square(seen: Activations) -> PerView:
    """The mean square of all neurons and places."""
    return seen.flatten(1).square().mean(1)


def match(seen: Activations, guide: Guide) -> PerView:
    """The mean product with the one among the places of the guide that gives the largest, for
    every place."""
    places = seen.flatten(2).mT  # [n, c, places] -> [n, places, c]
    with torch.no_grad():  # view by view: all pairs of places at once would be many
        best = torch.stack([(view @ guide.T).argmax(1) for view in places])
    return (places * guide[best]).mean((1, 2))


def per_image(values: PerView, b: int) -> PerImage:
    """The mean over the views of each picture."""
    return values.unflatten(0, (-1, b)).mean(0)  # [views*b] -> [b]


@spec
class Activation(LossSpec):
    """Strengthens all of a layer, one `neuron` of it by number, or what is like a `guide`, a
    picture by path or link."""

    perceptor: PerceptorSpec
    layer: str
    augment: AugmentSpec
    neuron: int | None = None
    guide: str | None = None
    weight: Number = 1.0
    chunk: int = 16  # views that are in memory at a time

    def __post_init__(self) -> None:
        if self.neuron is not None and self.guide is not None:
            raise SpecError("neuron: a guide speaks to all neurons; take the one or the other")
        if self.chunk < 1:
            raise SpecError(f"chunk: {self.chunk} views at a time; it must be 1 or more")

    def digests(self) -> dict[str, str]:
        """SHA-256 of the guide, by its path; what is behind a link may change and has none."""
        if self.guide is None or images.is_link(self.guide):
            return {}
        return {self.guide: images.digest(self.guide)}

    def build(self, canvas: Canvas, machine: Machine) -> ActivationLoss:
        perceptor = layered(self.perceptor, machine)
        eye = Eye(perceptor, self.layer, self.augment.build(), self.chunk)
        if self.neuron is not None:
            check_neuron(self.neuron, perceptor, self.layer, machine.device)
        with torch.no_grad():
            unit = eye.unit(canvas())
        return ActivationLoss(
            eye,
            unit,
            as_curve(self.weight),
            neuron=self.neuron,
            guide=None if self.guide is None else seen_in(self.guide, eye, machine),
        )


@torch.no_grad()
def seen_in(path: str, eye: Eye, machine: Machine) -> Guide:
    """What a layer sees at places all over a picture, of mean square 1. The picture is looked at as
    a whole: its short side is as long as that of a view."""
    picture = images.load(path)
    height, width = picture.shape[-2:]
    scale = eye.perceptor.size / min(height, width)
    small = images.resize(picture, (round(width * scale), round(height * scale)))
    moment = Moment(0, 0.0, Draws((0,), 0, "guide"))
    seen = [x.flatten(2).mT.flatten(0, 1) for _, x in eye(small.to(machine.device), moment)]
    places = torch.cat(seen)  # [n, c, places] -> [n*places, c]
    places = places[:: -(-len(places) // MOST)]
    return places / places.square().mean().sqrt().clamp(min=FAINT)


def tiny() -> Activation:
    return Activation(perceptor=Pocket(), layer="block2", augment=Tiles(side=16))
