"""Draws shapes, differentiably: `rasterize`."""

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.protocols import Image
from reverie.raster.flatten import flatten
from reverie.raster.layout import PAINTS, Colours, Layout, Points, Widths, owners

Paper = Float[Tensor, "3"] | Float[Tensor, "b 3"] | Float[Tensor, "b 3 h w"]


def rasterize(
    layout: Layout,
    points: Points,
    widths: Widths,
    colours: Colours,
    paper: Paper,
    size: tuple[int, int],
    *,
    softness: float = 1.0,
) -> Image:
    """Draws every picture's shapes over its paper, a colour or a picture.

    Args:
        size: width and height in pixels.
        softness: width in pixels of the ramp from inside to outside at every edge.
    """
    b, (w, h) = layout.batch, size
    if paper.ndim < 4:
        paper = paper.expand(b, 3)[:, :, None, None]
    polylines = flatten(layout, points)
    y = torch.arange(h, device=points.device, dtype=points.dtype) + 0.5
    x = torch.arange(w, device=points.device, dtype=points.dtype) + 0.5
    pictures = []
    for i in range(b):
        picture = paper[i].expand(3, h, w)
        for shape in range(int(layout.pictures[i]), int(layout.pictures[i + 1])):
            lo, hi = int(layout.shapes[shape]), int(layout.shapes[shape + 1])
            parts = [
                polylines.vertices[int(polylines.where[c]) : int(polylines.where[c + 1])]
                for c in range(lo, hi)
            ]
            paint = PAINTS[int(layout.paint[shape])]
            reach = softness + (float(widths[shape].detach()) / 2 if paint == "stroke" else 0)
            every = torch.cat(parts).detach()
            if not every.isfinite().all():
                continue
            low, high = every.amin(0) - reach, every.amax(0) + reach
            x0, x1 = max(int(low[0]), 0), min(int(high[0]) + 1, w)
            y0, y1 = max(int(low[1]), 0), min(int(high[1]) + 1, h)
            if x0 >= x1 or y0 >= y1:
                continue
            where = torch.cartesian_prod(y[y0:y1], x[x0:x1]).flip(1)  # [p, 2]
            if paint == "stroke":
                cover = stroked(parts, where, widths[shape] / 2, softness)
            else:
                cover = filled(parts, where, softness, evenodd=paint == "evenodd")
            alpha = (cover * colours[shape, 3]).view(1, y1 - y0, x1 - x0)
            region = picture[:, y0:y1, x0:x1]
            mixed = region + alpha * (colours[shape, :3, None, None] - region)
            picture = torch.slice_scatter(
                picture, torch.slice_scatter(picture[:, y0:y1], mixed, 2, x0, x1), 1, y0, y1
            )
        pictures.append(picture)
    return torch.stack(pictures)


def stroked(parts: list[Tensor], where: Tensor, radius: Tensor, softness: float) -> Tensor:
    """Share of every pixel that a round stroke covers, by the distance from its chords."""
    a = torch.cat([part[:-1] for part in parts])
    along = torch.cat([part.diff(dim=0) for part in parts])
    way = where[:, None] - a  # [p, chords, 2]
    u = ((way * along).sum(2) / along.square().sum(1).clamp(min=1e-12)).clamp(0, 1).detach()
    squared = (way - u[..., None] * along).square().sum(2).amin(1)
    distance = squared.clamp(min=1e-12).sqrt()
    ramp = ((radius - distance) / softness + 0.5).clamp(0, 1)
    return ramp - ((-radius - distance) / softness + 0.5).clamp(0, 1)


def filled(parts: list[Tensor], where: Tensor, softness: float, *, evenodd: bool) -> Tensor:
    """Share of a box of side `softness` about every pixel that lies inside closed contours: the sum
    over edges of the signed area to their right."""
    a = torch.cat(parts)
    b = torch.cat([part.roll(-1, 0) for part in parts])
    down, across = (b - a)[:, 1], (b - a)[:, 0]
    top = where[:, None, 1] - softness / 2
    bottom = top + softness
    safe = torch.where(down == 0, 1, down)
    t0 = ((torch.where(down > 0, top, bottom) - a[:, 1]) / safe).clamp(0, 1)
    t1 = ((torch.where(down > 0, bottom, top) - a[:, 1]) / safe).clamp(0, 1)
    right = where[:, None, 0] + softness / 2
    u0 = (right - a[:, 0] - t0 * across) / softness
    u1 = (right - a[:, 0] - t1 * across) / softness
    change = u1 - u0
    flat = change.abs() < 1e-6
    inside = (u1.clamp(0, 1).square() - u0.clamp(0, 1).square()) / 2
    beyond = (u1 - 1).relu() - (u0 - 1).relu()
    mean = torch.where(flat, u0.clamp(0, 1), (inside + beyond) / torch.where(flat, 1, change))
    area = (mean * (t1 - t0) * down / softness * (down != 0)).sum(1)
    if evenodd:
        return 1 - (area.remainder(2) - 1).abs()
    return area.abs().clamp(max=1)


def picture_of(layout: Layout) -> Tensor:
    """The picture of every shape."""
    return owners(layout.pictures)
