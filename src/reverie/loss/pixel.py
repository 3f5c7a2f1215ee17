"""How far a picture has gone from another one, in pixels.

Source: pixray's `init_weight_pix` (2021).
"""

import torch

from reverie import image as images
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec


@spec
class PixelPull(LossSpec):
    """Half the mean absolute difference to `start`, what the canvas first showed, or to a picture,
    by path or link."""

    weight: Number = 1.0
    towards: str = "start"

    def __post_init__(self) -> None:
        if not self.towards.strip():
            raise SpecError("towards: is empty; write start, or the path of a picture")
        if self.towards == "zero":
            raise SpecError("towards: zero is of latents, and this pulls pixels; mse measures them")

    def digests(self) -> dict[str, str]:
        """SHA-256 of the picture, by its path; what is behind a link may change and has none."""
        plain = self.towards == "start" or images.is_link(self.towards)
        return {} if plain else {self.towards: images.digest(self.towards)}

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight = as_curve(self.weight)
        with torch.no_grad():
            anchor = canvas().clone()
            if self.towards != "start":
                height, width = anchor.shape[-2:]
                anchor = images.fit(images.load(self.towards), (width, height)).to(anchor.device)

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * (image - anchor).abs().mean((1, 2, 3)) / 2

        return loss


def tiny() -> PixelPull:
    return PixelPull()
