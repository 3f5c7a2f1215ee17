"""Numbers that vary over a run. Each curve is a function of t, from 0 (start) to 1 (end).

Wherever a curve is wanted, a plain number is a constant and a pair is a straight line.
Keyframes are for films: a function of the number of the frame.
"""

import math
import re
from dataclasses import replace
from itertools import pairwise
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


@spec
class Keyframes:
    """Values at frame numbers, straight lines between them: `Keyframes(at=((0, 1.02), (120, 1)))`.
    Before the first and after the last, their values hold."""

    at: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        frames = [frame for frame, _ in self.at]
        if not frames or any(b <= a for a, b in pairwise(frames)):
            raise SpecError(f"keyframes: the frames must ascend, got {frames}")
        if not all(math.isfinite(n) for pair in self.at for n in pair):
            raise SpecError(f"keyframes: {self.at} are not all finite numbers")

    def __call__(self, frame: float) -> float:
        before = next((p for p in reversed(self.at) if p[0] <= frame), self.at[0])
        after = next((p for p in self.at if p[0] > frame), self.at[-1])
        if before == after or frame <= before[0]:
            return before[1]
        return before[1] + (after[1] - before[1]) * (frame - before[0]) / (after[0] - before[0])


def read_keyframes(text: str) -> Keyframes:
    """Reads `0: 1.02, 120: 0.98`, or a number that holds for the whole film.

    Raises:
        SpecError: it is neither.
    """
    try:
        if ":" not in text:
            return Keyframes(at=((0.0, float(text)),))
        pairs = [re.split(r"\s*:\s*", piece.strip()) for piece in text.strip(" ,").split(",")]
        return Keyframes(at=tuple((float(frame), float(value)) for frame, value in pairs))
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(
            f"keyframes: {text!r} is not a number, nor FRAME: NUMBER, ... such as "
            "0: 1.02, 120: 0.98"
        ) from error


Number: TypeAlias = float | tuple[float, float] | Constant | Linear | Cosine | Ramp | Steps


def as_curve(value: Number) -> Constant | Linear | Cosine | Ramp | Steps:
    """A plain number as a constant curve, a pair as a straight line."""
    if isinstance(value, tuple):
        return Linear(start=value[0], end=value[1])
    return Constant(value=float(value)) if isinstance(value, int | float) else value


def scaled(value: Number, by: float) -> Number:
    """A number that is so many times as large all the way."""
    if isinstance(value, tuple):
        return (value[0] * by, value[1] * by)
    if isinstance(value, int | float):
        return value * by
    if isinstance(value, Steps):
        return Steps(at=tuple((t, each * by) for t, each in value.at))
    if isinstance(value, Constant | Ramp):
        return replace(value, value=value.value * by)
    return replace(value, start=value.start * by, end=value.end * by)
