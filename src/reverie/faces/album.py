"""What a command on faces leaves in its folder: pictures, their latents, and before and after.

picture.png             with the story inside; picture-1.png and so on, and sheet.png
picture.safetensors     the latents of each, to go on with
before-after.png        above as they were, below as they are; of one face, side by side
strip.png               each face in a row, alpha from 0 to its end
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from reverie import image as images
from reverie.canvas.stylegan_files import SUFFIX, save_latents
from reverie.errors import RunError
from reverie.faces.model import FaceModel
from reverie.nets.stylegan import Styles, Ws
from reverie.protocols import Image
from reverie.record import pictures
from reverie.record.folder import pictures_in

ACROSS = 8  # faces of a row before and after


def new_folder(title: str, output: str | None, *, overwrite: bool) -> Path:
    """Where to put the files: `output`, or a folder under pictures/ that is not there yet.

    Raises:
        RunError: there are pictures in it, and no leave to `overwrite` them.
    """
    if output is None:
        words = re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:60].rstrip("-") or "face"
        base = Path("pictures") / words
        others = (base.with_name(f"{words}-{n}") for n in range(2, 10_000))
        return next(folder for folder in (base, *others) if not folder.exists())
    folder = Path(output)
    if folder.is_file():
        raise RunError(f"{output}: is a file; name a folder with -o")
    if pictures_in(folder) and not overwrite:
        raise RunError(
            f"{output}: holds pictures already; choose another folder, or use --overwrite"
        )
    return folder


def keep(
    folder: Path,
    drawn: Image,
    latents: Sequence[Ws | Styles],
    model: FaceModel,
    story: dict[str, Any],
) -> list[Path]:
    """Writes pictures, each with its latents beside it. Returns the pictures, and their sheet."""
    for name, one in zip(pictures.names(len(latents), SUFFIX), latents, strict=True):
        save_latents(folder / name, one, model.name, model.digest)
    return pictures.save(drawn, folder, story, [])


def keep_pairs(folder: Path, before: Image, after: Image, story: dict[str, Any]) -> Path:
    """Writes before-after.png."""
    rows = [torch.cat(part) for part in zip(before.split(ACROSS), after.split(ACROSS), strict=True)]
    if len(before) == 1:
        sheet = images.sheet(rows[0], columns=2)
    else:
        across = min(len(before), ACROSS)
        blocks = [images.sheet(_padded(row, across), columns=across) for row in rows]
        sheet = torch.cat(blocks, dim=2)
    path = folder / "before-after.png"
    images.save(sheet, path, json.dumps(story, ensure_ascii=False))
    return path


def keep_strip(folder: Path, drawn: Image, steps: int, story: dict[str, Any]) -> Path:
    """Writes strip.png: pictures face by face, each at so many steps."""
    path = folder / "strip.png"
    images.save(images.sheet(drawn, columns=steps), path, json.dumps(story, ensure_ascii=False))
    return path


def crossed(heads: Image, sides: Image, inner: Image) -> Image:
    """A table of pictures: `heads` above its columns, `sides` before its rows, and a free corner.

    Args:
        inner: row by row.
    """
    corner = torch.ones_like(heads[:1])
    rows = [
        torch.cat([side[None], row])
        for side, row in zip(sides, inner.split(len(heads)), strict=True)
    ]
    return images.sheet(torch.cat([corner, heads, *rows]), columns=len(heads) + 1)


def _padded(pair: Image, across: int) -> Image:
    """Before and after, each filled up with white to a whole row."""
    rows = pair.chunk(2)
    blank = pair.new_ones(across - len(rows[0]), *pair.shape[1:])
    return torch.cat([part for row in rows for part in (row, blank)])
