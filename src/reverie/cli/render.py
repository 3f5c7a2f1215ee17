"""`reverie render`: what has no size of its own, drawn again at any."""

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from reverie.cli.options import Device, typed


def read_side(_: Any, tokens: Sequence[Token]) -> tuple[int, int | None]:
    """`2048`, the longer side of a picture of the shape that was painted; or `2048x1024`."""
    text = tokens[0].value.strip().lower()
    found = re.fullmatch(r"(\d+)(?:[x,](\d+))?", text)
    if not found:
        raise ValueError(
            f"write a size as the longer side, such as 2048, or as 2048x1024, not {text!r}"
        )
    return int(found[1]), int(found[2]) if found[2] else None


Side = Annotated[
    tuple[int, int | None],
    typed(read_side, "SIDE|WxH", lambda size: "x".join(str(n) for n in size if n)),
]
Flag = Annotated[bool, Parameter(negative="")]


def render(
    file: str,
    /,
    *,
    size: Side = (2048, None),
    output: Annotated[str | None, Parameter(alias="-o", metavar="FILE")] = None,
    beyond: Flag = False,
    overwrite: Flag = False,
    device: Device = "auto",
) -> int:
    """Draw a picture again at any size, from what it is made of: reverie render picture.png

    Drawings are shapes, kept as picture.svg beside the picture, and pictures of deep-daze functions
    of the place, kept as picture.safetensors; that file alone is enough. An SVG of any other
    program will do, too.

    Args:
        file: such a file, or the picture that it lies beside.
        size: the longer side in pixels; or width x height, cut out of the middle if need be.
        output: the picture to write; beside the file, with the size in its name, if left out.
        beyond: of another shape, show what lies around the painted picture and cut nothing off.
        overwrite: write over a picture that is there.
        device: where to compute.
    """
    from reverie.cli.counting import counted
    from reverie.device import machine
    from reverie.render import drawing_in
    from reverie.render import render as rendered

    drawing = drawing_in(Path(file))
    width, height = wanted(size, drawing.size)
    path = Path(output or Path(file).with_name(f"{Path(file).stem}-{width}x{height}.png"))
    check_place(path, overwrite)
    rows = rendered(drawing, (width, height), path, machine(device), beyond=beyond)
    if not counted(rows, "rows"):
        sys.stderr.write("stopped; nothing was written\n")
        return 130
    print(path)
    return 0


def wanted(size: tuple[int, int | None], painted: tuple[int, int]) -> tuple[int, int]:
    """The size to draw at: as asked for, or with that longer side and the painted shape."""
    first, second = size
    if second is not None:
        return first, second
    width, height = (max(round(first * side / max(painted)), 1) if first else 0 for side in painted)
    return width, height


def check_place(path: Path, overwrite: bool, suffixes: Sequence[str] = ()) -> None:
    """Refuses a place that nothing can be written to, before there is anything to write.

    Args:
        suffixes: that are written; none are those of pictures.

    Raises:
        PictureError: it is one.
    """
    import os

    from reverie import image as images
    from reverie.errors import PictureError

    if path.is_dir():
        raise PictureError(f"{path} is a folder; name the file to write with -o")
    if path.suffix.lower() not in (suffixes or images.SUFFIXES):
        what = "this is" if suffixes else "pictures are"
        raise PictureError(f"{path}: {what} written as {', '.join(suffixes or images.SUFFIXES)}")
    if path.exists() and not overwrite:
        again = shlex.quote(str(path))
        raise PictureError(f"{again} is there already; choose another with -o, or use --overwrite")
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise PictureError(f"{there}: nothing can be written there; choose another place with -o")
