"""Losses on what a generator draws from: how far it has gone from somewhere, and how rough it is.

Source: the terms that keep a VQGAN near its start in Crowson's VQGAN+CLIP notebook (2021,
`init_weight`), its MSE regularised variant by jbusted1 (`mse_withzeros`), pixray (spherical and
cosine), rkhamilton's vqgan-clip-generator (the latents of another picture), tnwei's
vqgan-clip-app (variation of the latents) and StyleCLIP (`l2_lambda`, a sum over all of w).
Differs: nerdyrodent's `-iw` pulls to zero whatever the start, fading as 1 / (2i + 1); here what it
pulls to is said (`towards`), and how it fades is a curve.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie import image as images
from reverie.canvas.averaged import AveragedCanvas
from reverie.canvas.stylegan import StyleGANCanvas
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.loss.smooth import total_variation
from reverie.loss.targets import spherical
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec

Measure = Literal["mse", "spherical", "cosine"]


def apart(z: Tensor, anchor: Tensor, measure: Measure) -> PerImage:
    """How far latents are from others of the same shape `[b, ...]`: half the mean squared
    difference, half the squared angle, or 1 minus the cosine."""
    if measure == "mse":
        return (z - anchor).square().flatten(1).mean(1) / 2
    rows = zip(unit(z).split(1), unit(anchor).split(1), strict=True)
    if measure == "spherical":
        return torch.cat([spherical(a, b)[0] for a, b in rows])
    return torch.cat([1 - (a * b).sum(1) for a, b in rows])


def latents(canvas: Canvas) -> Tensor:
    """What a canvas draws from.

    Raises:
        SpecError: it draws from nothing.
    """
    try:
        return canvas.latents()
    except NotImplementedError as error:
        raise SpecError(f"{error}; a loss on pixels, such as PixelPull, works there") from error


def unit(z: Tensor) -> Tensor:
    """Each picture's latents as one row of unit length, `[b, d]`."""
    return F.normalize(z.flatten(1), dim=1)


@spec
class LatentPull(LossSpec):
    """Pulls the latents towards `start`, where the canvas began, `zero`, or those of a picture, by
    path or link. The weight may fall over the run."""

    weight: Number = 1.0
    towards: str = "start"
    measure: Measure = "mse"

    def __post_init__(self) -> None:
        if not self.towards.strip():
            raise SpecError("towards: is empty; write start, zero, or the path of a picture")
        if self.towards == "zero" and self.measure in ("spherical", "cosine"):
            raise SpecError(f"towards: zero has no direction, so {self.measure} cannot measure it")

    def digests(self) -> dict[str, str]:
        """SHA-256 of the picture, by its path; what is behind a link may change and has none."""
        path = self.towards
        plain = path in ("start", "zero") or images.is_link(path)
        return {} if plain else {path: images.digest(path)}

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, here = as_curve(self.weight), latents(canvas)
        anchor = self._anchor(canvas, here.detach().clone())

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * apart(canvas.latents(), anchor, self.measure)

        return loss

    def _anchor(self, canvas: Canvas, here: Tensor) -> Tensor:
        if self.towards == "start":
            return here
        if self.towards == "zero":
            return torch.zeros_like(here)
        with torch.no_grad():
            height, width = canvas().shape[-2:]
            picture = images.fit(images.load(self.towards), (width, height)).to(here.device)
            return canvas.latents_of(picture).expand_as(here)


@spec
class StylePull(LossSpec):
    """The sum of the squares of the way that all rows of w, or in space s all styles, have gone
    since the canvas began, in their own units: what StyleCLIP's weights are weights of."""

    weight: Number = 0.008

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        bare = canvas.canvas if isinstance(canvas, AveragedCanvas) else canvas
        if not isinstance(bare, StyleGANCanvas):
            raise SpecError(f"{type(bare).__name__} has no styles; LatentPull works there")
        weight, point = as_curve(self.weight), bare.point
        anchor = point().detach().clone()

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * (point() - anchor).square().flatten(1).sum(1)

        return loss


@spec
class LatentVariation(LossSpec):
    """How much neighbouring latents differ: calms a VQGAN's tiles."""

    weight: Number = 1e-3

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight = as_curve(self.weight)
        latents(canvas)

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * total_variation(canvas.latents())

        return loss
