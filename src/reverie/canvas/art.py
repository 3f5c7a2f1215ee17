"""Art styles that a scene is seen through, differentiable, and the same at every size.

Source: our own; the styles are those that the pocket perceptor was shown (`training/filters.py`).
"""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reverie.protocols import Draws, Image

ArtName = Literal[
    "",
    "pixel art",
    "mosaic",
    "stained glass",
    "pencil",
    "watercolour",
    "oil",
    "black and white",
    "neon",
]
ARTS: tuple[str, ...] = get_args(ArtName)[1:]
CELLS = {"mosaic": 22, "stained glass": 13}  # tiles across the shorter side
PIXELS = 28  # of pixel art, across the shorter side
LUMA = (0.299, 0.587, 0.114)


class Art(nn.Module):
    """One style for pictures of one size. What is random about it is drawn once, per picture."""

    where: Tensor
    joints: Tensor
    noise: Tensor

    def __init__(self, kind: ArtName, size: tuple[int, int], draws: Draws) -> None:
        super().__init__()
        self.kind, (self.width, self.height) = kind, size
        self.short = min(size)
        if kind in CELLS:
            where, joints = tiles(draws, size, CELLS[kind])
            self.register_buffer("where", where)
            self.register_buffer("joints", joints)
        if kind in ("watercolour", "oil"):
            rows, columns = (max(round(24 * side / self.short), 2) for side in (size[1], size[0]))
            self.register_buffer("noise", draws.named("noise").normal(3, rows, columns))

    def forward(self, picture: Image) -> Image:
        styles = {
            "pixel art": self._pixels,
            "mosaic": self._mosaic,
            "stained glass": self._glass,
            "pencil": self._pencil,
            "watercolour": self._watercolour,
            "oil": self._oil,
            "black and white": lambda x: (0.5 + (grey(x) - 0.5) * 1.3).expand_as(x),
            "neon": self._neon,
        }
        return styles[self.kind](picture).clamp(0, 1) if self.kind else picture

    def _pixels(self, x: Tensor) -> Tensor:
        rows, columns = (max(round(PIXELS * s / self.short), 1) for s in (self.height, self.width))
        return F.interpolate(F.interpolate(x, (rows, columns), mode="area"), x.shape[-2:])

    def _flat(self, x: Tensor) -> Tensor:
        soft = self._soft(x, 64)
        return F.grid_sample(soft, self.where, padding_mode="border", align_corners=False)

    def _mosaic(self, x: Tensor) -> Tensor:
        joint = (1 - self.joints * 6).clamp(0, 1) * 0.6
        return self._flat(x) * (1 - joint) + 0.82 * joint

    def _glass(self, x: Tensor) -> Tensor:
        flat = self._flat(x)
        mean = flat.mean(1, keepdim=True)
        bright = (mean + (flat - mean) * 1.6 + 0.05).clamp(0, 1)
        return bright * ((self.joints - 0.07) * 10).clamp(0, 1)

    def _pencil(self, x: Tensor) -> Tensor:
        lines = 1 - (self._edges(x) * 1.5).clamp(0, 0.85)
        return (lines * (0.75 + 0.25 * grey(x)) * 0.98).expand_as(x)

    def _watercolour(self, x: Tensor) -> Tensor:
        soft = self._soft(self._moved(x, 0.035), 50)
        wash = 0.74 + 0.08 * self._spread(self.noise[:, 2:])
        return 1 - (1 - soft) * wash - (self._edges(soft) * 0.3).clamp(0, 0.2)

    def _oil(self, x: Tensor) -> Tensor:
        soft = self._soft(self._moved(x, 0.05), 64)
        mean = soft.mean((2, 3), keepdim=True)
        return mean + (soft - mean) * 1.25 + 0.07 * self._spread(self.noise[:, 2:])

    def _neon(self, x: Tensor) -> Tensor:
        lines = (self._edges(x) * 0.9).clamp(0, 1)
        mean = x.mean(1, keepdim=True)
        vivid = (mean + (x - mean) * 2 + 0.25).clamp(0.05, 1)
        return 0.08 * x + lines * vivid * 1.1 + self._soft(lines, 16) * vivid * 0.9

    def _moved(self, x: Tensor, strength: float) -> Tensor:
        """The picture, each place seen a little beside where it is."""
        line = [torch.linspace(-1, 1, side, device=x.device) for side in (self.height, self.width)]
        y, x_ = torch.meshgrid(*line, indexing="ij")
        shift = self._spread(self.noise[:, :2]).permute(0, 2, 3, 1) * strength
        grid = torch.stack([x_, y], -1) + shift
        return F.grid_sample(x, grid, padding_mode="border", align_corners=True)

    def _spread(self, noise: Tensor) -> Tensor:
        return F.interpolate(noise, (self.height, self.width), mode="bilinear", align_corners=False)

    def _soft(self, x: Tensor, part: int) -> Tensor:
        """Blurred over one `part`-th of the shorter side, by way of a smaller picture."""
        small = [max(round(part * side / self.short), 1) for side in (self.height, self.width)]
        if small[0] >= self.height:
            return x
        lower = F.interpolate(x, small, mode="area")
        return F.interpolate(lower, x.shape[-2:], mode="bicubic")

    def _edges(self, x: Tensor) -> Tensor:
        """How much the colour changes over a 64th of the shorter side, `[b, 1, h, w]`."""
        reach = max(round(self.short / 64), 1)
        padded = F.pad(x, (reach,) * 4, mode="replicate")
        here = slice(reach, -reach)
        across = padded[..., here, 2 * reach :] - padded[..., here, : -2 * reach]
        down = padded[..., 2 * reach :, here] - padded[..., : -2 * reach, here]
        return ((across.square() + down.square()).sum(1, keepdim=True) + 1e-8).sqrt()


def grey(x: Tensor) -> Tensor:
    """The brightness, `[b, 1, h, w]`."""
    return torch.einsum("bchw,c->bhw", x, x.new_tensor(LUMA))[:, None]


def tiles(draws: Draws, size: tuple[int, int], cells: int) -> tuple[Tensor, Tensor]:
    """Irregular tiles: for every point where its tile looks `[b, h, w, 2]`, as `grid_sample` takes
    it, and how far it is from the tile's edge, in tiles, `[b, 1, h, w]`."""
    width, height = size
    scale = cells / min(size)
    x = ((torch.arange(width) + 0.5) * scale).expand(height, width)
    y = ((torch.arange(height) + 0.5) * scale)[:, None].expand(height, width)
    rows, columns = int(height * scale) + 3, int(width * scale) + 3
    moved = 0.15 + 0.7 * draws.named("tiles").uniform(2, rows, columns)
    b = len(moved)
    nearest = torch.full((b, height, width), 9.0)
    second, at_x, at_y = nearest.clone(), nearest.clone(), nearest.clone()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            row, column = y.long() + dy, x.long() + dx
            point = moved[:, :, row + 1, column + 1]
            px, py = point[:, 0] + column, point[:, 1] + row
            far = ((px - x).square() + (py - y).square()).sqrt()
            nearer = far < nearest
            second = torch.where(nearer, nearest, torch.minimum(second, far))
            at_x, at_y = torch.where(nearer, px, at_x), torch.where(nearer, py, at_y)
            nearest = torch.where(nearer, far, nearest)
    where = torch.stack([at_x / (width * scale), at_y / (height * scale)], -1) * 2 - 1
    return where, (second - nearest)[:, None]
