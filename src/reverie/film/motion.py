"""How a picture moves before it becomes the next one: nearer, round, and to the side.

Source: the zoom of nerdyrodent/VQGAN-CLIP, `zoom_video_frame_interval` (2021), and the 2D mode of
Deforum (2022), with its keyframes.
Differs: all in one bicubic sampling, in floats, so that pictures do not wear out; what comes in at
the edges can be a mirror image, the other side, or the edge drawn out, and is never black.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F

from reverie.curve import Keyframes
from reverie.errors import SpecError
from reverie.protocols import Image
from reverie.spec import spec

Edge = Literal["reflect", "wrap", "border"]
REACH = 2  # pixels on either side that bicubic interpolation looks at


def constant(value: float) -> Keyframes:
    return Keyframes(at=((0.0, value),))


@spec
class Motion:
    """From one frame to the next; frames are counted from 0.

    `zoom` is a factor, above 1 to come nearer; `rotate` turns clockwise by so many degrees;
    `shift_x` and `shift_y` move the picture to the right and down by so many pixels.
    """

    zoom: Keyframes = constant(1.0)
    rotate: Keyframes = constant(0.0)
    shift_x: Keyframes = constant(0.0)
    shift_y: Keyframes = constant(0.0)
    edge: Edge = "reflect"

    def __post_init__(self) -> None:
        for _, factor in self.zoom.at:
            if not 0.1 <= factor <= 10:
                raise SpecError(f"zoom: {factor} is no factor from one frame to the next; 1.02 is")

    def moved(self, image: Image, frame: int) -> Image:
        """The picture as the frame of this number begins."""
        shift = self.shift_x(frame), self.shift_y(frame)
        return warp(image, self.zoom(frame), self.rotate(frame), shift, self.edge)

    def rests(self, frame: int) -> bool:
        """Whether nothing moves at this frame."""
        still = (self.zoom(frame), self.rotate(frame), self.shift_x(frame), self.shift_y(frame))
        return still == (1, 0, 0, 0)


def warp(
    image: Image, zoom: float, degrees: float, shift: tuple[float, float], edge: Edge
) -> Image:
    """`image` magnified and turned about its middle, then moved, in one sampling."""
    b, _, h, w = image.shape
    angle = math.radians(degrees)
    sin, cos = math.sin(angle) / zoom, math.cos(angle) / zoom
    y, x = torch.meshgrid(
        torch.arange(h, device=image.device) - (h - 1) / 2 - shift[1],
        torch.arange(w, device=image.device) - (w - 1) / 2 - shift[0],
        indexing="ij",
    )
    # where each pixel comes from, in pixels from the top left one
    left = cos * x + sin * y + (w - 1) / 2
    top = cos * y - sin * x + (h - 1) / 2
    if edge == "wrap":
        left, top = left.remainder(w) + REACH, top.remainder(h) + REACH
        image = F.pad(image, (REACH,) * 4, mode="circular")
    h, w = image.shape[-2:]
    grid = torch.stack([(2 * left + 1) / w - 1, (2 * top + 1) / h - 1], -1)  # [h, w, 2]
    padding = "reflection" if edge == "reflect" else "border"
    moved = F.grid_sample(
        image, grid.expand(b, -1, -1, -1), "bicubic", padding, align_corners=False
    )
    return moved.clamp(0, 1)
