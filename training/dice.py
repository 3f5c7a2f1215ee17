"""Random numbers, each out of a generator that is handed in.

Who asks in which order decides what each gets: where that order changes, a run that was stopped
does not go on as it would have.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Generator, Tensor

T = TypeVar("T")


def stream(seed: int, step: int, device: torch.device | str = "cpu") -> Generator:
    """The numbers of one step of a run."""
    return Generator(device).manual_seed(seed * 1_000_003 + step)


def uniform(draws: Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Numbers in [low, high), on the device of `draws`."""
    return low + (high - low) * torch.rand(shape, generator=draws, device=draws.device)


def pick(draws: Generator, choices: int, *shape: int) -> Tensor:
    """Whole numbers in 0..choices-1, all as likely. long"""
    return (uniform(draws, *shape) * choices).long()


class Chance:
    """Choices out of one generator, cheap enough for a thousand captions a second."""

    def __init__(self, draws: Generator, count: int = 4096):
        self._draws, self._count = draws, count
        self._kept: list[float] = []

    def __call__(self) -> float:
        """A number in [0, 1)."""
        if not self._kept:
            self._kept = uniform(self._draws, self._count).tolist()
        return self._kept.pop()

    def of(self, choices: Sequence[T]) -> T:
        """One of the choices, all as likely."""
        return choices[int(self() * len(choices))]
