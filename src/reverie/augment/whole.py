"""The whole picture as one view, every pixel of it by its share.

Source: what StyleCLIP (Patashnik et al. 2021, https://arxiv.org/abs/2103.17249) shows CLIP: its
"upsample by 7, then average" is this, see `nets/filters.py`.
"""

from dataclasses import dataclass

from reverie.nets.filters import area_resized
from reverie.protocols import Augment, AugmentSpec, Image, Moment, Views
from reverie.spec import spec


@dataclass
class WholeLooks:
    image: Image
    count: int = 1

    def draw(self, views: slice, size: int) -> Views:
        return area_resized(self.image, size).repeat(len(range(1)[views]), 1, 1, 1)


@spec
class WholeView(AugmentSpec):
    """One view of every picture, at every step the same: all of it, made a square."""

    def build(self) -> Augment:
        return look


def look(image: Image, moment: Moment) -> WholeLooks:
    return WholeLooks(image)


def tiny() -> WholeView:
    return WholeView()
