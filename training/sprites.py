"""The drawings the pocket models learn from, as one tensor: concept x style x RGBA.

The drawings are emoji of several projects (see NOTICE). `twemoji` is never trained on: it is the
art style on which the models are measured.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from PIL import Image
from torch import Tensor

from training.concepts import Concept, concepts

TRAIN_STYLES = ("fluent3d", "fluentcolor", "fluentflat", "noto", "blob")
TEST_STYLE = "twemoji"
CACHE = Path(__file__).parent / ".cache"


@dataclass(frozen=True)
class Sprites:
    """What to draw and how it is called.

    concepts: the things, C of them; styles: the art styles, S of them.
    pictures: `[C, S, 4, size, size]` uint8, colour already multiplied by alpha; zero where missing.
    here: `[C, S]` bool, whether that style draws that thing.
    """

    concepts: list[Concept]
    styles: tuple[str, ...]
    pictures: Tensor
    here: Tensor

    def to(self, device: torch.device | str) -> "Sprites":
        """The same sprites on another device."""
        return Sprites(self.concepts, self.styles, self.pictures.to(device), self.here.to(device))


def sprites(data: Path, styles: tuple[str, ...] = TRAIN_STYLES, *, size: int = 64) -> Sprites:
    """Read (and keep in `training/.cache`) the sprites below `data`, scaled to `size`."""
    things = concepts(data)
    key = json.dumps([[thing.code for thing in things], styles, size])
    path = CACHE / f"sprites-{'-'.join(styles)}-{size}.pt"
    if path.exists():
        kept = torch.load(path, weights_only=True)
        if kept["key"] == key:
            return Sprites(things, styles, kept["pictures"], kept["here"])
    pictures = torch.zeros(len(things), len(styles), 4, size, size, dtype=torch.uint8)
    here = torch.zeros(len(things), len(styles), dtype=torch.bool)
    for row, thing in enumerate(things):
        for column, style in enumerate(styles):
            file = data / style / f"{thing.code}.webp"
            if file.exists():
                pictures[row, column] = _read(file, size)
                here[row, column] = True
    CACHE.mkdir(exist_ok=True)
    torch.save({"key": key, "pictures": pictures, "here": here}, path)
    return Sprites(things, styles, pictures, here)


def _read(path: Path, size: int) -> Tensor:
    with Image.open(path) as file:
        straight = numpy.asarray(file.convert("RGBA"), dtype=numpy.float32)
    alpha = straight[..., 3:] / 255
    whole = numpy.concatenate([straight[..., :3] * alpha, straight[..., 3:]], axis=-1)
    channels = [
        Image.fromarray(whole[..., channel]).resize((size, size), Image.Resampling.BOX)
        for channel in range(4)
    ]
    stacked = numpy.stack([numpy.asarray(channel) for channel in channels])
    return torch.from_numpy(stacked).round().clamp(0, 255).to(torch.uint8)
