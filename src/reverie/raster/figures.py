"""Lines, polygons and circles as the cubics that `rasterize` draws, differentiably."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.raster.layout import Points

QUARTER = 4 / 3 * math.tan(math.pi / 8)  # handles of a quarter of a circle, in radii


def line(places: Float[Tensor, "n 2"]) -> Points:
    """Straight lines from place to place, `[3n - 2, 2]`."""
    ends = places[1:]
    steps = [torch.lerp(places[:-1], ends, share) for share in (1 / 3, 2 / 3)]
    return torch.cat([places[:1], torch.stack([*steps, ends], 1).flatten(0, 1)])


def polygon(corners: Float[Tensor, "n 2"]) -> Points:
    """A closed line, `[3n + 1, 2]`."""
    return line(torch.cat([corners, corners[:1]]))


def circle(centre: Float[Tensor, "2"], radius: float | Tensor) -> Points:
    """Four quarters, true to 3 parts in ten thousand of the radius: `[13, 2]`."""
    k = QUARTER
    quarter = [(1, 0), (1, k), (k, 1), (0, 1)]
    unit = [(1.0, 0.0)]
    for _ in range(4):
        unit += quarter[1:]
        quarter = [(-y, x) for x, y in quarter]
    return centre + torch.tensor(unit).to(centre) * radius
