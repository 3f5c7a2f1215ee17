"""What networks see at single places of a picture, in many layers at once: hypercolumns.

Source: Hariharan et al., "Hypercolumns" (2014), https://arxiv.org/abs/1411.5752; of VGG16 the nine
layers, and the picture itself, of StyleCLIPDraw (Schaldenbrand et al. 2022), after STROTSS.
Differs: the layers of a perceptor do as well, seen in tiles of its own size, so that those with
class tokens and places of their own do, too.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie.augment.tiles import TileLooks
from reverie.nets.vgg import MEAN, STD, VGG16
from reverie.perceptor.layers import shape
from reverie.protocols import Draws, Image, Layered

Columns = Float[Tensor, "n d"]  # the three channels of the picture first
Level = Float[Tensor, "_ _ _ _"]  # k pictures, channels, height, width
Places = Float[Tensor, "k n 2"]  # row and column, in pixels, of k pictures
Contrast = Literal["full", "half"]
LAYERS = (0, 2, 5, 7, 10, 12, 14, 21, 28)  # convolutions of VGG16
RATIOS = (1, 1, 1, 2, 2, 4, 4, 4, 8, 16)  # of the sides of the picture and of a level


class Seer(ABC):
    """Reads columns at random places."""

    widths: Sequence[int]  # channels of the picture and of each layer

    @abstractmethod
    def __call__(self, image: Image, draws: Draws, count: int, *, smooth: bool) -> Columns:
        """Of one picture, `count` columns or a few more.

        Args:
            smooth: between neurons, which has a gradient to more of them; else those of the
                nearest above and to the left.
        """


class VGGSeer(Seer):
    """The normalised picture and nine layers of VGG16, 2179 channels.

    Args:
        contrast: half shows it pictures in the upper half of the range, as StyleCLIPDraw does,
            which scales for -1 to 1 what is 0 to 1 already.
    """

    def __init__(self, network: VGG16, contrast: Contrast = "full") -> None:
        self.network, self.contrast = network, contrast
        self.widths = (3, *(len(network.get_buffer(f"features_{i}_bias")) for i in LAYERS))

    def __call__(self, image: Image, draws: Draws, count: int, *, smooth: bool) -> Columns:
        sides = torch.tensor(image.shape[2:])
        (chance,) = draws.named("places").uniform(count, 2)
        return self.at(image, (chance * sides).floor().to(image.device), smooth=smooth)

    def levels(self, image: Image) -> list[Level]:
        """The picture as the network sees it, and what is seen."""
        seen = self.network.normalised((image + 1) / 2 if self.contrast == "half" else image)
        return [seen, *self.network(seen, LAYERS)]

    def at(self, image: Image, places: Float[Tensor, "n 2"], *, smooth: bool) -> Columns:
        levels = zip(self.levels(image), RATIOS, strict=True)
        read = [sampled(level, places[None] / ratio, smooth=smooth) for level, ratio in levels]
        return torch.cat(read, 2)[0]


class TileSeer(Seer):
    """Normalised colours, and some layers of a perceptor, which sees the picture in tiles.

    Args:
        side: of a tile, in pixels of the picture.
    """

    def __init__(
        self, perceptor: Layered, layers: Sequence[str], side: int, on: torch.device
    ) -> None:
        self.perceptor, self.layers, self.side = perceptor, layers, side
        self.widths = (3, *(shape(perceptor, layer, on)[0] for layer in layers))

    def __call__(self, image: Image, draws: Draws, count: int, *, smooth: bool) -> Columns:
        looks = TileLooks(image, self.side, draws.named("tiles").uniform(2))
        tiles = looks.draw(slice(0, looks.count), self.perceptor.size)  # [k, 3, s, s]
        each = -(-count // looks.count)
        chance = draws.named("places").uniform(looks.count, each, 2)[0]
        places = (chance * self.perceptor.size).to(image.device)  # [k, n, 2]
        mean, std = (torch.tensor(x, device=image.device)[:, None, None] for x in (MEAN, STD))
        read = [sampled((tiles - mean) / std, places, smooth=smooth)]
        for layer in self.layers:
            seen = square(self.perceptor.activations(tiles, layer))
            ratio = self.perceptor.size / seen.shape[2]
            read.append(sampled(seen, places / ratio, smooth=smooth))
        return torch.cat(read, 2).flatten(0, 1)  # [k, n, d] -> [k*n, d]


def square(seen: Tensor) -> Level:
    """Activations at places in a row as those of a square."""
    if seen.ndim == 4:
        return seen
    return seen.unflatten(2, (math.isqrt(seen.shape[2]), -1))  # [k, c, places] -> [k, c, h, w]


def sampled(level: Level, places: Places, *, smooth: bool) -> Float[Tensor, "k n _"]:
    """What stands at places given in the pixels of the level, or between four of them."""
    sides = torch.tensor(level.shape[2:], device=places.device)
    if smooth:
        grid = (places * 2 / (sides - 1).clamp(min=1) - 1).flip(-1)[:, None]  # [k, 1, n, 2]
        read = F.grid_sample(
            level.float(), grid, mode="bilinear", padding_mode="border", align_corners=True
        )
        return read[:, :, 0].mT  # [k, c, 1, n] -> [k, n, c]
    rows, columns = torch.minimum(places.long(), sides - 1).unbind(-1)
    where = rows * sides[1] + columns  # [k, n]
    flat = level.flatten(2).float()  # [k, c, h*w]
    return flat.gather(2, where[:, None].expand(-1, flat.shape[1], -1)).mT
