"""How far a picture has gone from another one, in pixels.

Source: pixray's `init_weight_pix` (2021).
Differs: on request at several scales, where what is near but not quite in its place counts too.
"""

import torch
import torch.nn.functional as F

from reverie import image as images
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec


@spec
class PixelPull(LossSpec):
    """Half the mean absolute difference to `start`, what the canvas first showed, or to a picture,
    by path or link; the mean over so many `scales`, each half as large as the one before."""

    weight: Number = 1.0
    towards: str = "start"
    scales: int = 1

    def __post_init__(self) -> None:
        check_target(self.towards)
        if not 1 <= self.scales <= 16:
            raise SpecError(f"scales: got {self.scales}; 1, the picture as it is, to 16 are wanted")

    def digests(self) -> dict[str, str]:
        return target_digests(self.towards)

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, anchor = as_curve(self.weight), target(canvas, self.towards)

        def loss(image: Image, moment: Moment) -> PerImage:
            return weight(moment.t) * apart(image, anchor, self.scales) / 2

        return loss


def apart(image: Image, anchor: Image, scales: int) -> PerImage:
    """The mean absolute difference, averaged over scales. A side stays a pixel at the least."""
    difference = image - anchor
    total = difference.abs().mean((1, 2, 3))
    for _ in range(scales - 1):
        h, w = difference.shape[2:]
        difference = F.avg_pool2d(difference, (min(h, 2), min(w, 2)))
        total = total + difference.abs().mean((1, 2, 3))
    return total / scales


def check_target(towards: str) -> None:
    """Refuses what is neither `start` nor a picture."""
    if not towards.strip():
        raise SpecError("towards: is empty; write start, or the path of a picture")
    if towards == "zero":
        raise SpecError("towards: zero is of latents, and this pulls pixels; mse measures them")


def target_digests(towards: str) -> dict[str, str]:
    """SHA-256 of the picture, by its path; what is behind a link may change and has none."""
    plain = towards == "start" or images.is_link(towards)
    return {} if plain else {towards: images.digest(towards)}


@torch.no_grad()
def target(canvas: Canvas, towards: str) -> Image:
    """What a canvas shows as it is, or for each of its pictures another one, of the same size."""
    anchor = canvas().clone()
    if towards == "start":
        return anchor
    height, width = anchor.shape[-2:]
    return images.fit(images.load(towards), (width, height)).to(anchor.device).expand_as(anchor)


def tiny() -> PixelPull:
    return PixelPull(scales=2)
