"""A real if very small perceptor, and an augment of views that differ."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.protocols import (
    AugmentSpec,
    Embedding,
    Machine,
    Moment,
    PerceptorSpec,
    Views,
    digest,
)
from reverie.spec import spec

COUNT = 5


class Projected:
    """Pixels and letters through fixed random matrices."""

    def __init__(self, size: int, width: int) -> None:
        self.size, self.width, self.largest = size, width, 0
        rng = torch.Generator().manual_seed(size)
        self.matrix = torch.randn(3 * size * size, width, generator=rng)

    def encode_image(self, views: Views) -> Embedding:
        self.largest = max(self.largest, len(views))
        return F.normalize((views - 0.4).flatten(1) @ self.matrix, dim=-1)

    def encode_text(self, texts: Sequence[str]) -> Embedding:
        rngs = [torch.Generator().manual_seed(digest(text)) for text in texts]
        return F.normalize(torch.stack([torch.randn(self.width, generator=g) for g in rngs]))


class Shifted:
    """Views of a whole picture, each rolled and brightened by its own draw."""

    def __init__(self, image: Tensor, moment: Moment) -> None:
        self.image, self.count = image, COUNT
        self.light = moment.draws.named("light").uniform(COUNT, 1, 1, 1)  # [b, count, 1, 1, 1]

    def draw(self, views: slice, size: int) -> Views:
        small = F.interpolate(self.image, (size, size), mode="area")
        light = self.light.to(small)[:, views].transpose(0, 1)  # [views, b, 1, 1, 1]
        return (small * (0.5 + light)).flatten(0, 1)  # view-major: [views*b, 3, s, s]


@spec
class ProjectedSpec(PerceptorSpec):
    side: int = 4
    width: int = 8

    def build(self, machine: Machine) -> Projected:
        return Projected(self.side, self.width)

    def digests(self) -> dict[str, str]:
        return {}


@spec
class ShiftedSpec(AugmentSpec):
    def build(self) -> type[Shifted]:
        return Shifted
