"""What a command on faces leaves in its folder: pictures, their latents, and before and after.

picture.png             with the story inside; picture-1.png and so on, and sheet.png
picture.safetensors     the latents of each, to go on with
before-after.png        above as they were, below as they are; of one face, side by side
strip.png               each face in a row, from as it was to as it is
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

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
        return unused(title)
    folder = Path(output)
    if folder.is_file():
        raise RunError(f"{output}: is a file; name a folder with -o")
    if pictures_in(folder) and not overwrite:
        raise RunError(
            f"{output}: holds pictures already; choose another folder, or use --overwrite"
        )
    return folder


def unused(title: str, suffix: str = "") -> Path:
    """A folder or a file under pictures/ that is not there yet, named after a title."""
    words = re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:60].rstrip("-") or "face"
    names = (words, *(f"{words}-{n}" for n in range(2, 10_000)))
    paths = (Path("pictures") / f"{name}{suffix}" for name in names)
    return next(path for path in paths if not path.exists())


def keep(
    folder: Path,
    drawn: Float[Tensor, "faces 3 h w"],
    latents: Sequence[Ws | Styles],
    model: FaceModel,
    story: dict[str, Any],
) -> list[Path]:
    """Writes pictures, each with its latents beside it. Returns the pictures, and their sheet."""
    for name, one in zip(pictures.names(len(latents), SUFFIX), latents, strict=True):
        save_latents(folder / name, one, model.name, model.digest)
    return pictures.save(drawn, folder, story, [])


def keep_sheet(path: Path, sheet: Image, story: dict[str, Any]) -> Path:
    """Writes one picture with its story."""
    images.save(sheet, path, json.dumps(story, ensure_ascii=False))
    return path


def compared(before: Image, after: Image) -> Float[Tensor, "1 3 height width"]:
    """Pictures above what they became; of one, side by side."""
    if len(before) == 1:
        return images.sheet(torch.cat([before, after]), columns=2)
    across = min(len(before), ACROSS)
    rows = zip(before.split(across), after.split(across), strict=True)
    blocks = [
        images.sheet(torch.cat([_filled(a, across), _filled(b, across)]), across) for a, b in rows
    ]
    return torch.cat(blocks, 2)


def crossed(
    heads: Float[Tensor, "columns 3 h w"],
    sides: Float[Tensor, "rows 3 h w"],
    inner: Float[Tensor, "all 3 h w"],
) -> Float[Tensor, "1 3 height width"]:
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


def _filled(row: Image, across: int) -> Float[Tensor, "_ 3 h w"]:
    """A row with white in the places that are free."""
    return torch.cat([row, row.new_ones(across - len(row), *row.shape[1:])])
