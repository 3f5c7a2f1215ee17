"""A grid of square tiles over the whole picture, moved at random at every step.

Source: the jitter of Mordvintsev's DeepDream notebook (2015), and the tiles of his notebook for
TensorFlow (2016), by which large pictures are dreamt with little memory.
Differs: the picture is a ring both ways, so the grid may be moved by any number of pixels; tiles
overlap evenly where they do not divide the picture, and none is cut short.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.errors import SpecError
from reverie.protocols import Augment, AugmentSpec, Image, Moment, Views
from reverie.spec import spec

SMALLEST = 8  # pixels a side of a tile


class TileLooks:
    """Tiles of a batch of pictures, each of which is moved by its own way.

    Args:
        side: of a tile in pixels of the picture; at most the picture's short side.
        shift: how far the grid is moved, `[b, 2]` down and across, in shares of the picture.
    """

    def __init__(self, image: Image, side: int, shift: Tensor) -> None:
        height, width = image.shape[-2:]
        self.image, self.side = image, min(side, height, width)
        size = torch.tensor([height, width])
        self.shift = [tuple(row) for row in (shift * size).long().tolist()]
        self.corners = [
            (top, left) for top in starts(height, self.side) for left in starts(width, self.side)
        ]
        self.count = len(self.corners)

    def draw(self, views: slice, size: int) -> Views:
        """The tiles of a slice of `range(count)`, view-major, `size` pixels a side."""
        each = [self._tiles(i, self.corners[views]) for i in range(len(self.image))]
        tiles = torch.stack(each, 1).flatten(0, 1)  # [n, b, 3, s, s] -> [n*b, 3, s, s]
        if size == self.side:
            return tiles
        return F.interpolate(tiles, (size, size), mode="bilinear", antialias=True)

    def _tiles(self, i: int, corners: list[tuple[int, int]]) -> Tensor:
        """Of picture i: `[n, 3, side, side]`. They are cut from rows of tiles, for the gradient of
        a cut is as large as what it is cut from."""
        down, across = self.shift[i]
        moved = self.image[i].roll((-down, -across), (1, 2))
        rows = {top: moved[:, top : top + self.side] for top, _ in corners}
        return torch.stack([rows[top][:, :, left : left + self.side] for top, left in corners])


def starts(length: int, side: int) -> list[int]:
    """Where the fewest tiles that cover `length` begin, evenly spread, the first and the last
    flush with the ends."""
    gaps = -(-length // side) - 1
    return [round(k * (length - side) / gaps) for k in range(gaps + 1)] if gaps else [0]


@spec
class Tiles(AugmentSpec):
    """Tiles of `side` pixels, which show the picture at its own scale to a perceptor of that size.
    In a smaller picture they are as large as its short side, and enlarged."""

    side: int

    def __post_init__(self) -> None:
        if self.side < SMALLEST:
            raise SpecError(f"side: tiles of {self.side} pixels; {SMALLEST} is the least")

    def build(self) -> Augment:
        def look(image: Image, moment: Moment) -> TileLooks:
            return TileLooks(image, self.side, moment.draws.named("tiles").uniform(2))

        return look


def tiny() -> Tiles:
    return Tiles(side=16)
