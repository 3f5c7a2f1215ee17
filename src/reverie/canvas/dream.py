"""A picture and the detail that is dreamt into it, apart, so that the detail can go on to a larger
picture.

Source: the octaves of Mordvintsev's DeepDream notebook (2015): what a small picture was given is
enlarged and laid over the same picture in its next size, which thereby stays sharp.
Differs: enlarged bicubically; what is shown never leaves 0 to 1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reverie import image as images
from reverie.canvas.start import Perlin, StartSpec, check_size
from reverie.protocols import Canvas, CanvasSpec, Image, Machine
from reverie.spec import spec


class DreamCanvas(Canvas):
    """Draws `base + detail`. Only the detail moves."""

    base: Tensor

    def __init__(self, base: Image) -> None:
        super().__init__()
        self.register_buffer("base", base.detach().clamp(0, 1))
        self.detail = nn.Parameter(torch.zeros_like(self.base))

    def forward(self) -> Image:
        return self.base + self.detail

    @torch.no_grad()
    def project_(self) -> None:
        self.detail.clamp_(-self.base, 1 - self.base)

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        self.base.copy_(image.clamp(0, 1))
        self.detail.zero_()

    @torch.no_grad()
    def go_on_(self, other: Canvas) -> bool:
        """Takes over the detail of another one, in this one's size, over its own picture."""
        if not isinstance(other, DreamCanvas):
            return False
        height, width = self.detail.shape[-2:]
        self.detail.copy_(images.resample(other.detail, (width, height)))
        self.project_()
        return True


@spec
class Dream(CanvasSpec):
    size: tuple[int, int] = (512, 384)  # width, height
    start: StartSpec = Perlin()

    def __post_init__(self) -> None:
        check_size(self.size)

    def build(self, machine: Machine, seeds: Sequence[int]) -> DreamCanvas:
        return DreamCanvas(self.start.draw(self.size, seeds, machine.device))


def tiny() -> Dream:
    return Dream(size=(9, 6))
