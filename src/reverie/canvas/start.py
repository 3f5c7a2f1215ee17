"""What a canvas shows before the first update."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import ImageColor
from torch import Tensor

from reverie import image as images
from reverie.errors import SpecError
from reverie.prompt import PICTURE
from reverie.protocols import Draws, Image
from reverie.spec import spec

Size = tuple[int, int]  # width, height
LARGEST = 16384  # pixels a side
CONTRAST = 4.0  # of Perlin clouds: eight of ten channels lie between 0.2 and 0.8


class StartSpec(ABC):
    """Data that describes how a canvas starts."""

    @abstractmethod
    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        """One picture per seed, which depends on that seed alone and not on the device."""


@spec
class Noise(StartSpec):
    """Grey with noise of standard deviation `strength` in every pixel."""

    strength: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.strength < math.inf:
            raise SpecError(f"strength: {self.strength} is not a standard deviation, 0 or more")

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        noise = Draws(seeds, 0, "start").normal(3, size[1], size[0])
        return (0.5 + self.strength * noise).clamp(0, 1).to(device)


@spec
class RandomPixels(StartSpec):
    """Every channel of every pixel anywhere from 0 to 1.

    Source: `--init_noise pixels` of nerdyrodent/VQGAN-CLIP, which pixray calls snow.
    """

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        return Draws(seeds, 0, "start").uniform(3, size[1], size[0]).to(device)


@spec
class Perlin(StartSpec):
    """Clouds of every colour: noise at several scales, the same clouds at every size.

    `cells` are across the longer side; each of the `octaves` after the first has cells half as
    large, and is half as strong.

    Source: Perlin, "Improving Noise" (2002), in the colours of pixray/pixray's start.
    Differs: pixray's cells have 8 pixels, 32 across 256, and its channels reach from 0 to 1; here
    a sigmoid bounds them, so that a picture does not depend on its own extremes.
    """

    cells: int = 4
    octaves: int = 6

    def __post_init__(self) -> None:
        if not 1 <= self.cells <= 64 or not 1 <= self.octaves <= 8:
            raise SpecError(
                f"cells: {self.cells}, octaves: {self.octaves}; 1 to 64 and 1 to 8 are wanted"
            )

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        clouds = torch.zeros(len(seeds), 3, size[1], size[0])
        for k in range(self.octaves):
            draws = Draws(seeds, 0, f"start/octave{k}")
            clouds += perlin(draws, size, self.cells * 2**k) / 2**k
        return (CONTRAST * clouds).sigmoid().to(device)


@spec
class Gradient(StartSpec):
    """From one random colour to another, in a random direction."""

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        draws = Draws(seeds, 0, "start")
        first, last = draws.uniform(2, 3, 1, 1).unbind(1)  # [b, 3, 1, 1] each
        angle = 2 * math.pi * draws.uniform(1, 1, 1)  # [b, 1, 1, 1]
        across = torch.linspace(-1, 1, size[0])
        down = torch.linspace(-1, 1, size[1])[:, None]
        way = across * angle.cos() + down * angle.sin()  # [b, 1, h, w], -sqrt(2) to sqrt(2)
        share = (1 + way / math.sqrt(2)) / 2
        smooth = share * share * (3 - 2 * share)
        return torch.lerp(first, last, smooth).clamp(0, 1).to(device)


@spec
class Colour(StartSpec):
    """One flat colour: "#336699", or a name that CSS knows."""

    colour: str

    def __post_init__(self) -> None:
        rgb(self.colour)

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        flat = torch.tensor(rgb(self.colour), device=device)[:, None, None]  # [3, 1, 1]
        return flat.repeat(len(seeds), 1, size[1], size[0])


@spec
class Picture(StartSpec):
    """A picture by path or link, its middle cut to the shape of the canvas."""

    path: str

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        picture = images.fit(images.load(self.path), size)
        return picture.to(device).repeat(len(seeds), 1, 1, 1)

    def digests(self) -> dict[str, str]:
        """SHA-256 of the file, by its path; what is behind a link may change and has none."""
        return {} if images.is_link(self.path) else {self.path: images.digest(self.path)}


WORDS: dict[str, StartSpec] = {
    "noise": Noise(),
    "pixels": RandomPixels(),
    "snow": RandomPixels(),
    "perlin": Perlin(),
    "gradient": Gradient(),
}


def start_from(text: str, more: Sequence[str] = ()) -> StartSpec:
    """Reads `noise`, `pixels` (or `snow`), `perlin`, `gradient`, `#336699`, `teal`, `colour:teal`,
    a picture's path or link, or the path of an SVG. A message of what can be said names `more`,
    which the caller reads.

    Raises:
        SpecError: it is none of these.
    """
    word = text.strip()
    if word in WORDS:
        return WORDS[word]
    for mark in ("colour:", "color:"):
        if word.startswith(mark):
            return Colour(colour=word.removeprefix(mark))
    if word.lower().endswith((".svg", ".svgz")):
        from reverie.canvas.vectors import Vectors  # which is a start, too

        return Vectors(path=word)
    if PICTURE.search(word) or (word and Path(word).is_file()):
        return Picture(path=word)
    try:
        return Colour(colour=word)
    except SpecError as error:
        raise SpecError(
            f"start: {text!r} is not {', '.join([*more, *WORDS])}, a colour such as #336699 or "
            "teal, a link, or the path of a picture"
        ) from error


def perlin(draws: Draws, size: Size, cells: int) -> Tensor:
    """One octave `[b, 3, h, w]`, about 0: at every corner of the cells a random slope, faded into
    its neighbours. `cells` are across the longer side.

    A sum over corners of (weight of row) * (weight of column) * slope is two matrix products.
    """
    (w, h), longer = size, max(size)
    columns, rows = (math.ceil(cells * side / longer) + 1 for side in (w, h))
    angle = 2 * math.pi * draws.uniform(3, rows, columns)
    across, run = fading(w, longer, cells, columns)
    down, rise = fading(h, longer, cells, rows)
    return down @ angle.cos() @ run.mT + rise @ angle.sin() @ across.mT


def fading(side: int, longer: int, cells: int, corners: int) -> tuple[Tensor, Tensor]:
    """How much of each corner is in each pixel, and that times the way from the corner in cells:
    `[side, corners]` each."""
    at = (torch.arange(side) + 0.5) * (cells / longer)
    way = at[:, None] - torch.arange(corners)
    near = (1 - way.abs()).clamp(min=0)
    weight = near**3 * (10 - 15 * near + 6 * near**2)
    return weight, weight * way


def rgb(colour: str) -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1."""
    try:
        red, green, blue = ImageColor.getrgb(colour.strip())[:3]
    except ValueError as error:
        raise SpecError(
            f"colour: {colour!r} is unknown; write #rrggbb, or a CSS name such as teal"
        ) from error
    return red / 255, green / 255, blue / 255


def check_size(size: Size) -> None:
    """Refuses what is not a width and a height in pixels."""
    if not all(isinstance(n, int) and 1 <= n <= LARGEST for n in size):
        raise SpecError(
            f"size: {size} is not a width and a height in pixels, whole numbers from 1 to {LARGEST}"
        )
