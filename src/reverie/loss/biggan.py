"""Losses on what a BigGAN draws from: noise that looks like noise, and few classes at a time.

Source: the latent and class terms of lucidrains/big-sleep (2021).
Differs: one value per picture; where a generator makes a picture of several drawings, the sum over
these. The pocket generator's noise is no noise, so only published ones are held to be normal.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.canvas.averaged import AveragedCanvas
from reverie.canvas.biggan import BigGANCanvas
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec

STEEPNESS = 50.0  # by which the values of classes are multiplied, before they are squared
GROWTH = 4.0  # weight of the mean square, where it is above 1


def unlike_noise(latents: Float[Tensor, "b rows z"]) -> PerImage:
    """How far the rows are from normal noise: their deviation from 1, their mean from 0, their mean
    square above 1, their kurtosis from 3 and their skewness from 0.

    The mean square counts over all rows together. It never counts less than 1, so its least value
    is 4.
    """
    deviation, mean = latents.std(-1), latents.mean(-1)  # [b, rows]
    about = latents - mean[..., None]
    spread = about.square().mean(-1).sqrt()
    skewness = about.pow(3).mean(-1) / spread**3
    kurtosis = about.pow(4).mean(-1) / spread**4
    square = latents.square().mean((1, 2)).clamp(min=1)
    rows = (1 - deviation).abs() + mean.abs() + (kurtosis - 3).abs() + skewness.abs()
    return rows.mean(1) + GROWTH * square


def many_classes(classes: Float[Tensor, "b rows n"]) -> PerImage:
    """The mean square of all classes but the largest of each row, times 50."""
    if classes.shape[-1] == 1:
        return classes.new_zeros(len(classes))
    rest = classes.topk(classes.shape[-1] - 1, dim=-1, largest=False).values
    return (STEEPNESS * rest).square().mean((1, 2))


def dreaming(canvas: Canvas) -> BigGANCanvas:
    """A canvas that draws from noise and classes.

    Raises:
        SpecError: it is another one.
    """
    bare = canvas.canvas if isinstance(canvas, AveragedCanvas) else canvas
    if not isinstance(bare, BigGANCanvas):
        raise SpecError(f"{type(bare).__name__} has no classes; this loss is for a BigGAN")
    return bare


@spec
class NormalNoise(LossSpec):
    """See `unlike_noise`."""

    weight: Number = 1.0

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, bare = as_curve(self.weight), dreaming(canvas)

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * unlike_noise(bare.latents())

        return loss


@spec
class FewClasses(LossSpec):
    """See `many_classes`."""

    weight: Number = 1.0

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, bare = as_curve(self.weight), dreaming(canvas)

        def loss(image: Image, moment: Moment) -> PerImage:
            each = [many_classes(classes) for classes in bare.classes()]
            return weight(moment.t) * torch.stack(each).sum(0)

        return loss
