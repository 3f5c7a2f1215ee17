"""Random shapes, gradients both ways, and the backends that there are."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from reverie.raster.layout import Layout, layout
from reverie.raster.rasterize import rasterize

BACKENDS = ("eager", "fast")


def use(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `rasterize` draw with one backend; skips the test where it cannot."""
    try:
        backend = importlib.import_module(f"reverie.raster.{name}")
    except ImportError:
        pytest.skip(f"there is no backend {name}")
    if name == "fast" and not backend.ready():
        pytest.skip("numba is not installed")
    monkeypatch.setattr("reverie.raster.rasterize.backend", lambda vertices: backend)


class Dice:
    """Random numbers of one seed."""

    def __init__(self, seed: int) -> None:
        self.stream = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.stream, dtype=torch.float64)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.stream, dtype=torch.float64)

    def whole(self, low: int, high: int) -> int:
        return int(torch.randint(low, high, (1,), generator=self.stream))


def walks(dice: Dice, shapes: Layout, size: float, stride: float) -> Tensor:
    """Control points of every contour: each a step of at most `stride` pixels from the last."""
    found = []
    for n in shapes.contours.diff().tolist():
        start = dice(1, 2) * size
        steps = (dice(n - 1, 2) - 0.5) * 2 * stride
        found.append(torch.cat([start, start + steps.cumsum(0)]))
    return torch.cat(found)


def straight(*places: tuple[float, float]) -> Tensor:
    """Control points of the lines between places."""
    at = torch.tensor(places, dtype=torch.float64)
    thirds = torch.arange(3, dtype=torch.float64)[:, None] / 3
    lines = at[:-1, None] + thirds * at.diff(dim=0)[:, None]  # [lines, 3, 2]
    return torch.cat([lines.flatten(0, 1), at[-1:]])


def draw(
    points: Tensor,
    widths: Tensor | list[float],
    size: tuple[int, int],
    softness: float = 1.0,
    **kinds: Any,
) -> Tensor:
    """The cover `[h, w]` of one black shape of one contour, on white."""
    shapes = layout([[len(points)]], **kinds)
    black = torch.tensor([[0.0, 0, 0, 1]], dtype=torch.float64)
    paper = torch.ones(3, dtype=torch.float64)
    widths = torch.as_tensor(widths, dtype=torch.float64)
    return 1 - rasterize(shapes, points, widths, black, paper, size, softness=softness)[0, 0]


def gradients(draw: Callable[..., Tensor], given: list[Tensor], seed: int = 1) -> list[Tensor]:
    """The picture, and the gradient of a random sum of it to everything that is given."""
    given = [x.clone().requires_grad_() for x in given]
    image = draw(*given)
    noise = Dice(seed).normal(*image.shape).to(image)
    slopes = torch.autograd.grad(
        (image * noise).sum(), given, allow_unused=True, materialize_grads=True
    )
    return [image.detach(), *slopes]


def differences(
    loss: Callable[..., Tensor], given: list[Tensor], k: int, elements: list[int], step: float
) -> Tensor:
    """Central differences of a number by some elements of `given[k]`."""
    found = []
    for i in elements:
        sides = []
        for way in (step, -step):
            moved = [x.clone() for x in given]
            moved[k].view(-1)[i] += way
            sides.append(loss(*moved))
        found.append((sides[0] - sides[1]) / (2 * step))
    return torch.stack(found)


def apart(a: Tensor, b: Tensor) -> float:
    """How far a is from b, relative to b."""
    return float((a - b).norm() / b.norm().clamp(min=1e-6))


def clipdraw(n: int, size: int, full: str, seed: int = 0) -> tuple[Layout, list[Tensor]]:
    """CLIPDraw's start: 1 to 3 joined cubics, a walk of a tenth of the canvas; half a width is 1
    pixel, or log-uniform or uniform from 1 to 50."""
    dice = Dice(seed)
    shapes = layout([[3 * dice.whole(1, 4) + 1] for _ in range(n)])
    points = walks(dice, shapes, size, 0.05 * size)
    half = {"init": torch.ones(n), "log": 50 ** dice(n), "uni": 1 + 49 * dice(n)}[full]
    return shapes, [x.float() for x in (points, 2 * half, dice(n, 4))]
