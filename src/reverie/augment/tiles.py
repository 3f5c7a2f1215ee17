"""A grid of square tiles over the whole picture, moved at random at every step.

Source: the jitter of Mordvintsev's DeepDream notebook (2015), and the tiles of his notebook for
TensorFlow (2016), by which large pictures are dreamt with little memory.
Differs: the grid may be moved by a whole tile, and beyond an edge it shows the mirror image, not
the other side, which would be an edge to dream of; tiles overlap evenly, and none is cut short.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.errors import SpecError
from reverie.protocols import Augment, AugmentSpec, Image, Moment, Views
from reverie.spec import spec

SMALLEST = 8  # pixels a side of a tile


class TileLooks:
    """Tiles of a batch of pictures, in grids that begin outside, each by its own number of pixels.

    Args:
        side: of a tile in pixels of the picture; at most the picture's short side.
        shift: how far outside, `[b, 2]` down and across, in shares of a tile.
    """

    def __init__(self, image: Image, side: int, shift: Tensor) -> None:
        height, width = image.shape[-2:]
        self.image, self.side = image, min(side, height, width)
        self.shift = (shift * self.side).long().tolist()
        down, across = (starts(length + self.side - 1, self.side) for length in (height, width))
        self.corners = [(top, left) for top in down for left in across]
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
        (top, left), last = self.shift[i], self.side - 1
        beyond = (left, last - left, top, last - top)
        wide = F.pad(self.image[i : i + 1], beyond, mode="reflect")[0]
        rows = {top: wide[:, top : top + self.side] for top, _ in corners}
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
