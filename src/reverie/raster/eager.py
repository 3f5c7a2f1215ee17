"""The backend in plain torch: any device, any precision."""

import torch
from torch import Tensor

from reverie.raster.scene import Scene


def draw(scene, vertices, radii, colours, paper):
    return plain(scene, vertices, radii, colours, paper), None


def slopes(scene, vertices, radii, colours, paper, saved, grad):
    given = [x.detach().requires_grad_() for x in (vertices, radii, colours, paper)]
    with torch.enable_grad():
        image = plain(scene, *given)
        return torch.autograd.grad(image, given, grad, materialize_grads=True)


def plain(scene: Scene, vertices: Tensor, radii: Tensor, colours: Tensor, paper: Tensor) -> Tensor:
    (w, h), softness = scene.size, scene.softness
    y = torch.arange(h, device=vertices.device, dtype=vertices.dtype) + 0.5
    x = torch.arange(w, device=vertices.device, dtype=vertices.dtype) + 0.5
    pictures = []
    for i in range(len(scene.pictures) - 1):
        picture = paper[i]
        for shape in range(int(scene.pictures[i]), int(scene.pictures[i + 1])):
            lo, hi = int(scene.shapes[shape]), int(scene.shapes[shape + 1])
            parts = [vertices[int(scene.chains[c]) : int(scene.chains[c + 1])] for c in range(lo, hi)]
            paint = int(scene.paint[shape])
            reach = softness + (float(radii[shape].detach()) if paint == 0 else 0)
            every = torch.cat(parts).detach()
            if not len(every) or not every.isfinite().all():
                continue
            low, high = every.amin(0) - reach, every.amax(0) + reach
            x0, x1 = max(int(low[0]), 0), min(int(high[0]) + 1, w)
            y0, y1 = max(int(low[1]), 0), min(int(high[1]) + 1, h)
            if x0 >= x1 or y0 >= y1:
                continue
            where = torch.cartesian_prod(y[y0:y1], x[x0:x1]).flip(1)  # [p, 2]
            if paint == 0:
                cover = stroked(parts, where, radii[shape], softness)
            else:
                cover = filled(parts, where, softness, evenodd=paint == 2)
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


