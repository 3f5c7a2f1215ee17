"""Losses on colour: how far it goes to the extremes, and how colourful it is."""

from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec


def excess(image: Image, low: float, high: float) -> PerImage:
    """Mean squared distance of the values from the interval [low, high].

    Source: `range_loss` of Crowson's CLIP guided diffusion notebook (2021).
    Differs: the interval lies inside 0 to 1, because our pictures never leave that.
    """
    return (image - image.clamp(low, high)).square().mean((1, 2, 3))


def colourfulness(image: Image) -> PerImage:
    """0 for grey, about 0.1 for a calm photo, 0.4 and more for a vivid one.

    Source: Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003), M3 there.
    Differs: for values from 0 to 1, so it is 1/255 of theirs.
    """
    red, green, blue = image.unbind(1)  # [b, h, w] each
    rg, yb = red - green, (red + green) / 2 - blue
    spread = rg.var((1, 2), correction=0) + yb.var((1, 2), correction=0)
    offset = rg.mean((1, 2)).square() + yb.mean((1, 2)).square()
    tiny = 1e-8  # the root has an infinite slope at 0, where a grey picture is
    return (spread + tiny).sqrt() + 0.3 * (offset + tiny).sqrt()


@spec
class Range(LossSpec):
    """Keeps colours from the very extremes, where a sigmoid no longer moves."""

    low: float = 0.02
    high: float = 0.98
    weight: Number = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise SpecError(f"low, high: {self.low}, {self.high} do not ascend within 0 to 1")

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight = as_curve(self.weight)

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * excess(image, self.low, self.high)

        return loss


@spec
class Saturation(LossSpec):
    """A positive weight makes pictures more colourful, a negative one calmer."""

    weight: Number = 0.1

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight = as_curve(self.weight)

        def loss(image: Image, moment: Moment) -> PerImage:
            return -weight(moment.t) * colourfulness(image)

        return loss


def tiny() -> Saturation:
    return Saturation()
