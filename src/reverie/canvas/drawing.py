"""A start from what the pocket generator draws: things on a background.

Source: see `scene.py`.
"""

from collections.abc import Sequence

import torch

from reverie.canvas.art import ArtName
from reverie.canvas.scene import Arrangement, Scene, Style
from reverie.canvas.start import Size, StartSpec
from reverie.errors import SpecError
from reverie.protocols import Image, Machine
from reverie.spec import spec


@spec
class Drawing(StartSpec):
    """Every picture takes one of the arrangements, and varies it, as in a `Scene`."""

    arrangements: tuple[Arrangement, ...]
    style: Style = "any"
    art: ArtName = ""

    def __post_init__(self) -> None:
        if not self.arrangements:
            raise SpecError("arrangements: a drawing needs at least one")

    def digests(self) -> dict[str, str]:
        return Scene(arrangements=self.arrangements).digests()

    @torch.no_grad()
    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        scene = Scene(arrangements=self.arrangements, size=size, style=self.style, art=self.art)
        return scene.build(Machine(device, torch.float32), seeds)()
