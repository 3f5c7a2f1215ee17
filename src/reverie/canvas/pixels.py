"""Plain pixels: one parameter per channel and place.

Source: the `RGB` image model of sportsracer48/pytti (2021).
Differs: pixels are moved back into 0 to 1 after each update, so none is ever out of reach of the
gradient, and drawing needs no clamp.
"""

from collections.abc import Sequence

import torch
from torch import nn

from reverie.canvas.start import Noise, StartSpec, check_size
from reverie.protocols import Canvas, CanvasSpec, Image, Machine
from reverie.spec import spec


class PixelCanvas(Canvas):
    """The parameters are the picture."""

    def __init__(self, image: Image) -> None:
        super().__init__()
        self.pixels = nn.Parameter(image.detach().clone())

    def forward(self) -> Image:
        return self.pixels

    @torch.no_grad()
    def project_(self) -> None:
        self.pixels.clamp_(0, 1)

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        self.pixels.copy_(image.clamp(0, 1))


@spec
class Pixels(CanvasSpec):
    size: tuple[int, int] = (256, 256)  # width, height
    start: StartSpec = Noise()

    def __post_init__(self) -> None:
        check_size(self.size)

    def build(self, machine: Machine, seeds: Sequence[int]) -> PixelCanvas:
        return PixelCanvas(self.start.draw(self.size, seeds, machine.device))


def tiny() -> Pixels:
    return Pixels(size=(9, 6))
