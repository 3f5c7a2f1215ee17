"""Which pictures of a run its film shows, and for how long each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from reverie.record.reel import Reel


@dataclass(frozen=True)
class Plan:
    """`pictures` are counted over all stages, each of which has one more than it has steps."""

    pictures: frozenset[int]
    rate: float
    hold: int  # times that the last picture is shown
    ends: frozenset[int] = frozenset()  # the last pictures of the stages before the last
    pause: int = 1  # times that those are shown

    @property
    def seconds(self) -> float:
        still = len(self.ends) * (self.pause - 1) + self.hold - 1
        return (len(self.pictures) + still) / self.rate


@dataclass(frozen=True)
class Played:
    """The pictures of a reel as a film shows them, but for the last one's hold."""

    reel: Reel
    plan: Plan

    def __iter__(self) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        for number, picture in self.reel.numbered():
            for _ in range(self.plan.pause if number in self.plan.ends else 1):
                yield picture
