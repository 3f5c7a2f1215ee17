"""Numbers that vary over a run. Each curve is a function of t, from 0 (start) to 1 (end).

Wherever a curve is wanted, a plain number is a constant and a pair is a straight line.
"""

import math
from typing import TypeAlias

from reverie.errors import SpecError
from reverie.spec import spec


@spec
class Constant:
    value: float

    def __call__(self, t: float) -> float:
        return self.value


@spec
class Linear:
    """A straight line from `start` to `end`."""

    start: float
    end: float

    def __call__(self, t: float) -> float:
        return self.start + (self.end - self.start) * t


@spec
class Cosine:
    """Goes from `start` to `end` along half a cosine: slow, fast, slow."""

    start: float
    end: float = 0.0

    def __call__(self, t: float) -> float:
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * t)) / 2


@spec
class Ramp:
    """Rises linearly over the first `up` of the run, holds, and falls along half a cosine over
    the last `down`.

    Source: the learning rate of Karras et al., StyleGAN2's projector (2020).
    """

    value: float
    up: float = 0.05
    down: float = 0.25

    def __post_init__(self) -> None:
        if not (0 <= self.up <= 1 and 0 <= self.down <= 1):
            raise SpecError(f"up and down are shares of the run, 0 to 1: {self.up}, {self.down}")

    def __call__(self, t: float) -> float:
        down = min(1.0, (1 - t) / self.down) if self.down else 1.0
        up = min(1.0, t / self.up) if self.up else 1.0
        return self.value * up * (1 - math.cos(math.pi * down)) / 2


@spec
class Steps:
    """Holds each value from its t on: `Steps(at=((0, 1.0), (0.5, 0.4)))`."""

    at: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        starts = [start for start, _ in self.at]
        if not starts or starts[0] != 0 or starts != sorted(starts):
            raise SpecError(f"the steps must begin at t = 0 and ascend, got t = {starts}")

    def __call__(self, t: float) -> float:
        return next(value for start, value in reversed(self.at) if t >= start)


Number: TypeAlias = float | tuple[float, float] | Constant | Linear | Cosine | Ramp | Steps


def as_curve(value: Number) -> Constant | Linear | Cosine | Ramp | Steps:
    """A plain number as a constant curve, a pair as a straight line."""
    if isinstance(value, tuple):
        return Linear(start=value[0], end=value[1])
    return Constant(value=float(value)) if isinstance(value, int | float) else value
