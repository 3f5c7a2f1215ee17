"""Drawings of the tests' own: the training can be tried without the real ones."""

import pytest
import torch
from torch import Tensor

from training.concepts import Concept
from training.sprites import Sprites

NAMES = ("ball", "cat", "dog", "house", "key", "apple")
STYLES = ("fluent3d", "fluentflat", "noto", "blob")
SIZE = 32


def shape(thing: int, style: int) -> Tensor:
    """A shaded figure of a colour of its own, `[4, SIZE, SIZE]` in 0..1, premultiplied."""
    line = (torch.arange(SIZE) + 0.5) / SIZE - 0.5
    y, x = line[:, None], line[None]
    round_, square, narrow = (x**2 + y**2).sqrt(), torch.maximum(x.abs(), y.abs()), x.abs() + 0 * y
    inside = [round_ < 0.4, square < 0.35, narrow < 0.15, (round_ < 0.45) & (round_ > 0.2),
              y + 2 * x.abs() < 0.3, y.abs() < 0.12 + 0 * x][thing]  # fmt: skip
    alpha = inside.float()
    hue = torch.tensor([thing % 3 == k for k in range(3)]).float() * 0.6 + 0.1 + 0.05 * style
    light = 1 - 0.3 * (y + 0.5 + 0 * x)
    return torch.cat([hue[:, None, None] * light * alpha, alpha[None]])


@pytest.fixture(scope="session")
def toys() -> Sprites:
    """Six things in four styles; the second lacks one style."""
    groups = zip(NAMES, range(len(NAMES)), strict=True)
    things = [Concept(f"{at:x}", name, (name,), ("toy",), "Objects") for name, at in groups]
    pictures = [torch.stack([shape(at, k) for k in range(len(STYLES))]) for at in range(len(NAMES))]
    here = torch.ones(len(NAMES), len(STYLES), dtype=torch.bool)
    here[1, 2] = False
    stacked = torch.stack(pictures) * here[:, :, None, None, None]
    return Sprites(things, STYLES, (stacked * 255).round().to(torch.uint8), here)
