"""How far a picture has gone from another one, in pixels.

Source: pixray's `init_weight_pix` (2021); squares as in lucidrains/deep-daze (2021), where they fit
the network to a picture before it paints.
Differs: on request at several scales, where what is near but not quite in its place counts too.
"""

from typing import Literal

import torch
import torch.nn.functional as F

from reverie import image as images
from reverie.canvas.start import StartSpec
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec

Measure = Literal["absolute", "square"]


@spec
class PixelPull(LossSpec):
    """Half the mean difference, absolute or squared, to `start`, what the canvas first showed, to a
    picture, by path or link, or to what would start another canvas; the mean over so many `scales`,
    each half as large as the one before."""

    weight: Number = 1.0
    towards: str | StartSpec = "start"
    scales: int = 1
    measure: Measure = "absolute"

    def __post_init__(self) -> None:
        if isinstance(self.towards, str):
            check_target(self.towards)
        if not 1 <= self.scales <= 16:
            raise SpecError(f"scales: got {self.scales}; 1, the picture as it is, to 16 are wanted")

    def digests(self) -> dict[str, str]:
        return target_digests(self.towards) if isinstance(self.towards, str) else {}

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, towards = as_curve(self.weight), self.towards
        known = target(canvas, towards) if isinstance(towards, str) else None

        def loss(image: Image, moment: Moment) -> PerImage:
            nonlocal known
            if known is None:  # which depends on the seeds
                assert isinstance(towards, StartSpec)
                size = (image.shape[-1], image.shape[-2])
                known = towards.draw(size, moment.draws.seeds, image.device)
            return weight(moment.t) * apart(image, known, self.scales, self.measure) / 2

        return loss


def apart(image: Image, anchor: Image, scales: int, measure: Measure = "absolute") -> PerImage:
    """The mean difference, averaged over scales. A side stays a pixel at the least."""
    felt = torch.abs if measure == "absolute" else torch.square
    difference = image - anchor
    total = felt(difference).mean((1, 2, 3))
    for _ in range(scales - 1):
        h, w = difference.shape[2:]
        difference = F.avg_pool2d(difference, (min(h, 2), min(w, 2)))
        total = total + felt(difference).mean((1, 2, 3))
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
