"""Faces, and what they become."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from reverie.faces.model import FaceModel
from reverie.nets.stylegan import Styles, Ws
from reverie.protocols import Image


@dataclass(frozen=True)
class Change:
    """Between before and after lies a straight line, in the space of both.

    title: in words.
    story: what the pictures remember of it.
    """

    model: FaceModel
    before: Sequence[Ws | Styles]
    after: Sequence[Ws | Styles]
    title: str
    story: dict[str, Any]

    def at(self, share: float) -> Image:
        """The faces at 0, before, to 1, after."""
        pairs = zip(self.before, self.after, strict=True)
        return self.model.draw(self.model.styles([a.lerp(b, share) for a, b in pairs]))

    def strip(self, steps: int) -> Image:
        """Every face in so many steps, face by face: `[faces * steps, 3, h, w]`."""
        along = [self.at(i / (steps - 1)) for i in range(steps)]
        return torch.stack(along, 1).flatten(0, 1)  # [faces, steps, ...] -> [faces*steps, ...]
