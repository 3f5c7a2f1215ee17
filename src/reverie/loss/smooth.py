"""How much neighbouring pixels differ. A small weight removes speckle.

Source: Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them" (2015),
in the squared form of Crowson's CLIP guided diffusion notebook (2021).
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie.curve import Number, as_curve
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec


def total_variation(image: Float[Tensor, "b c h w"]) -> PerImage:
    """Mean over pixels of the squared differences to the neighbours on the right and below."""
    padded = F.pad(image, (0, 1, 0, 1), mode="replicate")
    across = padded[..., :-1, 1:] - image
    down = padded[..., 1:, :-1] - image
    return (across.square() + down.square()).mean((1, 2, 3))


@spec
class TotalVariation(LossSpec):
    weight: Number = 1.0

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight = as_curve(self.weight)

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * total_variation(image)

        return loss


def tiny() -> TotalVariation:
    return TotalVariation()
