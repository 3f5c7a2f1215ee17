"""A start for pens: another start as lines on paper, along its edges.

Source: edges of a blurred picture, thinned to their crest, as in Canny (1986).
Differs: no tracking; a line is as dark as its edge is strong among those of its picture, and has
the colour of the nearest pen.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie import image as images
from reverie.canvas.start import Size, StartSpec, rgb
from reverie.errors import SpecError
from reverie.protocols import Image
from reverie.spec import spec

GRID = 200  # pixels of the short side, at which edges are looked for
FAINT, STRONG = 0.15, 0.4  # of the strongest edges: what is no line, and what is a whole one


@spec
class Outlined(StartSpec):
    """Lines where the colours of `start` meet; `width` is a share of the short side."""

    start: StartSpec
    pens: tuple[str, ...] = ("black",)
    paper: str = "#ffffff"
    width: float = 0.016

    def __post_init__(self) -> None:
        for colour in (self.paper, *self.pens):
            rgb(colour)
        if not self.pens or not 0 < self.width <= 0.2:
            raise SpecError(
                f"pens: {self.pens}, width: {self.width}; at least one pen, above 0 to 0.2 wide"
            )

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        picture = self.start.draw(size, seeds, torch.device("cpu"))
        share = GRID / min(size)
        small = images.resize(picture, (round(size[0] * share), round(size[1] * share)))
        line = images.resize(crests(small, self.width * min(small.shape[2:])), size).clamp(0, 1)
        paper = torch.tensor(rgb(self.paper))[:, None, None]
        return torch.lerp(paper, inked(picture, self.pens), line).to(device)


def crests(picture: Image, width: float) -> Tensor:
    """Where the picture changes most across an edge, in lines so many pixels wide: `[b, 3, h, w]`
    of equal channels."""
    soft = blurred(picture, 1.5)
    wide = F.pad(soft, (1, 1, 1, 1), "replicate")
    dx = (wide[:, :, 1:-1, 2:] - wide[:, :, 1:-1, :-2]) / 2
    dy = (wide[:, :, 2:, 1:-1] - wide[:, :, :-2, 1:-1]) / 2
    strength = (dx.square() + dy.square()).sum(1, keepdim=True).sqrt()
    angle = torch.atan2(2 * (dx * dy).sum(1), (dx.square() - dy.square()).sum(1)) / 2  # [b, h, w]
    h, w = strength.shape[2:]
    y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
    sides = []
    for step in (-1, 1):
        at = torch.stack([(x + step * angle.cos()) / w, (y + step * angle.sin()) / h], -1) * 2 - 1
        sides.append(F.grid_sample(strength, at, padding_mode="border", align_corners=False))
    crest = (strength >= sides[0]) & (strength > sides[1])
    top = strength.flatten(1).quantile(0.99, dim=1).clamp(min=0.02)[:, None, None, None]
    sure = ((strength / top - FAINT) / (STRONG - FAINT)).clamp(0, 1) * crest
    reach = max(round((width - 1) / 2), 0)
    thick = F.max_pool2d(sure, 2 * reach + 1, 1, reach)
    return blurred(thick, width / 6).expand_as(picture)


def inked(picture: Image, pens: Sequence[str]) -> Image:
    """In the nearest colours of the pens."""
    inks = torch.tensor([rgb(pen) for pen in pens])
    near = torch.cdist(
        blurred(picture, min(picture.shape[2:]) / 50).permute(0, 2, 3, 1).flatten(0, 2), inks
    ).argmin(1)
    return inks[near].unflatten(0, (len(picture), *picture.shape[2:])).permute(0, 3, 1, 2)


def blurred(picture: Image | Tensor, deviation: float) -> Tensor:
    """By a normal curve of so many pixels."""
    reach = max(round(3 * deviation), 1)
    reach = min(reach, min(picture.shape[2:]) - 1)
    x = torch.arange(-reach, reach + 1) / max(deviation, 1e-3)
    curve = (-x.square() / 2).exp()
    curve = curve / curve.sum()
    channels = picture.flatten(0, 1)[:, None]
    padded = F.pad(channels, (reach,) * 4, "replicate")
    rows = F.conv2d(padded, curve[None, None, None, :])
    return F.conv2d(rows, curve[None, None, :, None]).view_as(picture)
