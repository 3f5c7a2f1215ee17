"""Curves as chords: each cubic becomes as many as it needs to stay true."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from reverie.raster.layout import Ends, Layout, Points, owners

TOLERANCE = 0.05  # pixels between a chord and its curve
MOST = 64  # chords of one cubic
FEW = 4  # chords of one cubic
ENOUGH = 8  # chords of a straight one


@dataclass(frozen=True, eq=False)
class Polylines:
    """Contours as vertices `[v, 2]`: contour i is `vertices[where[i]:where[i + 1]]`."""

    vertices: Float[Tensor, "v 2"]
    where: Ends
    cubic: Int[Tensor, " v"]  # that a vertex lies on, of two the second; on the CPU
    corner: Bool[Tensor, " v"]  # where a cubic begins or ends; on the CPU


def flatten(layout: Layout, points: Points, tolerance: float = TOLERANCE) -> Polylines:
    """Chords of every contour, differentiable with respect to its points.

    A cubic has the number of chords of Wang's bound (1984) on its second differences, within
    limits; it changes where a curve does, but not for the derivative.
    """
    corners, contour, last = cubics(layout)
    counts = chord_counts(points.detach()[corners.to(points.device)], tolerance).cpu()  # [s]

    vertices = counts + last  # the last cubic of a contour has its end, too
    of = torch.repeat_interleave(torch.arange(len(counts)), vertices)  # [v], the cubic of a vertex
    place = torch.arange(len(of)) - (vertices.cumsum(0) - vertices)[of]
    t = (place / counts[of])[:, None].to(points)
    weights = torch.cat([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], 1)
    control = points[corners[of].to(points.device)]  # [v, 4, 2]
    where = torch.zeros_like(layout.contours)
    where[1:] = torch.bincount(contour, weights=vertices, minlength=len(where) - 1).cumsum(0)
    corner = (place == 0) | (place == counts[of])
    return Polylines((weights[:, :, None] * control).sum(1), where, of, corner)


def cubics(layout: Layout) -> tuple[Tensor, Tensor, Tensor]:
    """Of every cubic: its control points `[s, 4]`, its contour, whether it is the last there."""
    counts = torch.div(layout.contours.diff() - 1, 3, rounding_mode="floor")
    contour = torch.repeat_interleave(torch.arange(len(counts)), counts)
    place = torch.arange(len(contour)) - (counts.cumsum(0) - counts)[contour]
    begin = layout.contours[:-1][contour] + 3 * place
    return begin[:, None] + torch.arange(4), contour, place == counts[contour] - 1


def tangents(layout: Layout, points: Points, shortest: float) -> Float[Tensor, "s 2 2"]:
    """Where every cubic sets out to and arrives from, of any length; 0 where all is one point.

    Args:
        shortest: pixels to a control point that has a direction.
    """
    control = points[cubics(layout)[0].to(points.device)]  # [s, 4, 2]
    found = []
    for ways in (control[:, 1:] - control[:, :1], (control[:, 3:] - control[:, :3]).flip(1)):
        near = (ways.detach().norm(dim=2) > shortest).to(torch.int8).argmax(1)  # the first
        found.append(ways[torch.arange(len(ways), device=ways.device), near])
    return torch.stack(found, 1)


def chord_counts(control: Float[Tensor, "s 4 2"], tolerance: float) -> Tensor:
    """`[s]`, FEW to MOST: those that keep the curve true, and those that let all four points pull
    at it: a straight line as one chord could never learn to bend. Of points that are not finite,
    FEW.
    """
    bend = control[:, 2:] - 2 * control[:, 1:-1] + control[:, :-2]  # [s, 2, 2]
    most = bend.norm(dim=2).amax(1)
    counts = (most * (6 / 8) / tolerance).sqrt().ceil()
    length = (control[:, 1:] - control[:, :-1]).norm(dim=2).sum(1)
    counts = torch.maximum(counts, (length / 3).ceil().clamp(max=ENOUGH))
    return counts.nan_to_num(FEW, FEW, FEW).clamp(FEW, MOST).long()


def shape_of(layout: Layout) -> Tensor:
    """The shape of every contour."""
    return owners(layout.shapes)
