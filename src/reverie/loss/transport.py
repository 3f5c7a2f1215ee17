"""How far two clouds of vectors are from one another: relaxed transport, moments, palettes.

Source: Kolkin, Salavon and Shakhnarovich, "Style Transfer by Relaxed Optimal Transport and
Self-Similarity" (2019), https://arxiv.org/abs/1904.12785, sections 2.2 and 2.3.
Differs: what is the same for all pictures, the goal's lengths, mean and covariance, is computed
once; the gradient goes through the pairs that count, and a covariance is never differentiated twice
for being symmetric.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Cloud = Float[Tensor, "n d"]
Goal = Float[Tensor, "m d"]
Square = Float[Tensor, "d d"]
Colours = Float[Tensor, "n 3"]
Value = Float[Tensor, ""]

# Grey, and two differences of colours, at right angles.
OPPONENTS = (
    (0.577350, 0.577350, 0.577350),
    (-0.577350, 0.788675, -0.211325),
    (-0.577350, -0.211325, 0.788675),
)
NEAREST, FARTHEST = 1e-5, 1e5  # squared distances of colours are kept between them
EPS = 1e-8  # of lengths
ROWS = 1024  # of a table of costs that are in memory at a time
BLOCK = 512  # channels of a covariance that are worked on at a time


@dataclass(frozen=True, eq=False)
class Clouded:
    """A goal, and what is the same for all that goes there."""

    unit: Goal
    mean: Float[Tensor, " d"]
    covariance: Square
    colours: Float[Tensor, "m 3"]

    @classmethod
    def of(cls, goal: Goal, colours: Float[Tensor, "m 3"]) -> "Clouded":
        centred = goal - goal.mean(0)
        covariance = centred.T @ centred / (len(goal) - 1)
        return cls(F.normalize(goal, dim=1, eps=EPS), goal.mean(0), covariance, turned(colours))


def turned(colours: Colours) -> Colours:
    """Colours as grey and two differences."""
    return colours @ torch.tensor(OPPONENTS, device=colours.device).T


def cosine_transport(x: Cloud, unit: Goal) -> Value:
    """Relaxed earth mover's distance by cosines: how far it is to the nearest, from here or from
    there, whichever is more on average.

    Args:
        unit: the goal, of unit length.
    """
    x = F.normalize(x, dim=1, eps=EPS)
    with torch.no_grad():
        nearest, forth, back = [], [], x.new_full((len(unit),), -2.0)
        best = torch.zeros(len(unit), dtype=torch.long, device=x.device)
        for first in range(0, len(x), ROWS):
            cosines = x[first : first + ROWS] @ unit.T
            most, at = cosines.max(1)
            forth.append(most)
            nearest.append(at)
            most, at = cosines.max(0)
            best = torch.where(most > back, at + first, best)
            back = torch.maximum(most, back)
        if torch.cat(forth).mean() < back.mean():
            pairs = unit[torch.cat(nearest)] / len(x)
        else:  # the sum of all that have the same nearest
            pairs = torch.zeros_like(x).index_add_(0, best, unit) / len(unit)
    return 1 - (x * pairs).sum()


def moments(x: Cloud, goal: Clouded) -> Value:
    """The mean difference of means, and of covariances."""
    means = (x.mean(0) - goal.mean).abs().mean()
    return means + CovarianceGap.apply(x - x.mean(0), goal.covariance)


class CovarianceGap(torch.autograd.Function):
    """The mean absolute difference of a covariance and another one. Half of either is enough."""

    @staticmethod
    def forward(ctx: Any, centred: Cloud, other: Square) -> Value:
        n, d = centred.shape
        signs = torch.empty_like(other)
        total = centred.new_zeros(())
        columns = [slice(i, min(i + BLOCK, d)) for i in range(0, d, BLOCK)]
        for i, rows in enumerate(columns):
            for k, some in enumerate(columns[i:]):
                gap = centred[:, rows].T @ centred[:, some] / (n - 1) - other[rows, some]
                total = total + gap.abs().sum() * (2 if k else 1)
                signs[rows, some] = gap.sign_()
                if k:
                    signs[some, rows] = gap.T
        ctx.save_for_backward(centred, signs)
        return total / d**2

    @staticmethod
    def backward(ctx: Any, grad: Value) -> tuple[Tensor, None]:  # type: ignore[override]
        centred, signs = ctx.saved_tensors
        n, d = centred.shape
        return (centred @ signs).mul_(grad * 2 / (n - 1) / d**2), None


def palette(colours: Colours, goal: Float[Tensor, "m 3"]) -> Value:
    """Relaxed earth mover's distance of colours: their cosines, and how far they are apart.

    Args:
        goal: turned, as `Clouded` has it.
    """
    x = turned(colours)
    with torch.no_grad():
        squared = torch.cdist(x, goal, compute_mode="donot_use_mm_for_euclid_dist").square_()
        cosine = F.normalize(x, dim=1, eps=EPS) @ F.normalize(goal, dim=1, eps=EPS).T
        cost = _cost(cosine, squared)  # [n, m]
        (forth, nearest), (back, best) = cost.min(1), cost.min(0)
        onward = bool(forth.mean() >= back.mean())
    a, b = (x, goal[nearest]) if onward else (x[best], goal)
    cosine = F.cosine_similarity(a, b, dim=1, eps=EPS)
    return _cost(cosine, (a - b).square().sum(1)).mean()


def _cost(cosine: Tensor, squared: Tensor) -> Tensor:
    return 1 - cosine + (squared.clamp(NEAREST, FARTHEST) / 3).sqrt()
