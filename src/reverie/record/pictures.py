"""The pictures of a run, each with the story of its making inside the file."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from reverie import image as images

PICTURE = "picture"  # what the files of a run's pictures are called
SUFFIXES = (".png", ".webp", ".jpg", ".jpeg")


def names(count: int, suffix: str = ".png", stem: str = PICTURE) -> list[str]:
    """File names of a run's pictures: `picture.png`, or `picture-1.png` and so on."""
    width = len(str(count))
    if count == 1:
        return [f"{stem}{suffix}"]
    return [f"{stem}-{i + 1:0{width}d}{suffix}" for i in range(count)]


def files(count: int, suffix: str, stem: str) -> list[str]:
    """As `names`, and the contact sheet when there are several."""
    return names(count, suffix, stem) + ([sheet_name(stem)] if count > 1 else [])


def sheet_name(stem: str) -> str:
    return "sheet.png" if stem == PICTURE else f"{stem}-sheet.png"


def save(
    pictures: Tensor,
    folder: Path,
    story: dict[str, Any],
    scores: list[float],
    suffix: str = ".png",
    stem: str = PICTURE,
) -> list[Path]:
    """Writes every picture of a batch and, when there are several, a contact sheet. Returns all.

    Args:
        pictures: `[b, 3, h, w]`, 0 to 1.
        story: what made them, as JSON data; each file gets it with its own `picture` and `score`.
        scores: similarity of each, or empty.
    """
    paths = []
    for i, name in enumerate(names(len(pictures), suffix, stem)):
        own = story | {"picture": i} | ({"score": round(scores[i], 6)} if scores else {})
        images.save(pictures[i], folder / name, json.dumps(own, ensure_ascii=False))
        paths.append(folder / name)
    if len(pictures) > 1:
        paths.append(folder / sheet_name(stem))
        images.save(images.sheet(pictures), paths[-1], None)
    return paths
