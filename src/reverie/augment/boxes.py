"""Which part of a picture a view shows: rules that draw boxes.

A box is (left, top, width, height) in shares of the picture's width and height; it may reach
outside the picture.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.curve import Number, as_curve
from reverie.protocols import Draws

PIXELS = 224  # the smallest crop of the VQGAN+CLIP family, the side of CLIP's own pictures
TRIES = 10  # of `Area` to find a box that fits


@dataclass(frozen=True, kw_only=True)
class Box(ABC):
    """A rule that draws boxes."""

    @abstractmethod
    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        """`[b, count, 4]` in float64, for pictures of `size` (width, height) at time t."""


@dataclass(frozen=True, kw_only=True)
class Whole(Box):
    """The whole picture, squashed into a square when it is none."""

    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        box = torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64)
        return box.expand(len(draws.seeds), count, 4)


@dataclass(frozen=True, kw_only=True)
class Squares(Box):
    """Squares of side `smallest + (largest - smallest) * U**power` of the short side.

    Source: Crowson's VQGAN+CLIP notebook (2021).
    """

    power: Number = 1.0
    smallest: Number | None = None  # share of the short side; None is 224 pixels, or all of it
    largest: float = 1.0
    centre: bool = False

    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        short = min(size)
        low = min(1.0, PIXELS / short) if self.smallest is None else as_curve(self.smallest)(t)
        chance = draws.named("side").uniform(count).double()
        low = min(low, self.largest)
        side = short * (low + (self.largest - low) * chance ** as_curve(self.power)(t))
        return placed(draws, side, side, size, self.centre)


@dataclass(frozen=True, kw_only=True)
class Normal(Box):
    """Squares whose side, as a share of the short side, is normal among those within a range.

    Source: `gauss_sampling` of lucidrains/deep-daze (2021).
    Differs: there every side is drawn evenly in the end, for a test of the range is always true.
    """

    mean: float = 0.6
    std: float = 0.2
    smallest: Number = 0.1
    largest: float = 1.0
    centre: bool = False

    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        ends = torch.tensor([as_curve(self.smallest)(t), self.largest], dtype=torch.float64)
        low, high = torch.special.ndtr((ends - self.mean) / self.std)
        chance = draws.named("side").uniform(count).double()
        share = self.mean + self.std * torch.special.ndtri(low + (high - low) * chance)
        side = min(size) * share.clamp(*ends.tolist())  # far out in a tail it is not exact
        return placed(draws, side, side, size, self.centre)


@dataclass(frozen=True, kw_only=True)
class Bell(Box):
    """Squares whose side, as a share of the short side, is normal, clipped to a range, and then
    raised to a power.

    Source: lucidrains, big-sleep (2021); sportsracer48, pytti (2021).
    """

    mean: float = 0.8
    std: float = 0.3
    low: float | None = 0.5  # None is 224 pixels, or all of the short side
    high: float = 0.95
    power: Number = 1.0
    centre: bool = False
    spill: float = 0.0  # as in `placed`

    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        share = self.mean + self.std * draws.named("side").normal(count).double()
        low = min(1.0, PIXELS / min(size)) if self.low is None else self.low
        side = min(size) * share.clamp(low, self.high) ** as_curve(self.power)(t)
        return placed(draws, side, side, size, self.centre, self.spill)


@dataclass(frozen=True, kw_only=True)
class Area(Box):
    """Rectangles of a share of the picture's area, and of width / height log-uniform in `ratio`.

    Source: Szegedy et al. (2014), https://arxiv.org/abs/1409.4842, as torchvision draws it.
    """

    scale: tuple[float, float]
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        chance = draws.named("side").uniform(count, TRIES, 2).double()
        area = between(chance[..., 0], *self.scale) * size[0] * size[1]
        ratio = between(chance[..., 1], *map(math.log, self.ratio)).exp()
        wide, high = (area * ratio).sqrt(), (area / ratio).sqrt()
        fits = (wide <= size[0]) & (high <= size[1])
        first = fits.to(torch.uint8).argmax(-1, keepdim=True)
        wide, high = wide.gather(-1, first)[..., 0], high.gather(-1, first)[..., 0]
        return placed(draws, wide.clamp(max=size[0]), high.clamp(max=size[1]), size)


@dataclass(frozen=True, kw_only=True)
class Fit(Box):
    """A square that holds the whole picture, whose long side is `share` of the square's."""

    share: float = 0.95

    def draw(self, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
        side = torch.full((len(draws.seeds), count), max(size) / self.share, dtype=torch.float64)
        return placed(draws, side, side, size)


def placed(
    draws: Draws,
    wide: Tensor,
    high: Tensor,
    size: tuple[int, int],
    centre: bool = False,
    spill: float = 0.0,
) -> Tensor:
    """Boxes of a size in pixels `[b, n]`, at any place inside the picture alike; a box that is
    larger than the picture at any place that holds the picture.

    Args:
        centre: rather near the centre: normal, half as far as the edge being one deviation.
        spill: first so far out over every edge, as a share of the side of the picture, and then
            moved back inside, so that more boxes lie at the edges.
    """
    place = draws.named("place").uniform(wide.shape[1], 2).double()
    if centre:
        near = 0.5 + 0.25 * draws.named("centre").normal(wide.shape[1], 2).double()
        place = torch.where((near >= 0) & (near <= 1), near, place)
    w, h = wide / size[0], high / size[1]
    if spill:
        free = torch.stack([1 - w, 1 - h], -1)
        place = ((place * (free + 2 * spill) - spill) / free.clamp(min=1e-9)).clamp(0, 1)
    return torch.stack([place[..., 0] * (1 - w), place[..., 1] * (1 - h), w, h], -1)


def between(chance: Tensor, low: float, high: float) -> Tensor:
    """Numbers in [0, 1) stretched to [low, high)."""
    return low + (high - low) * chance
