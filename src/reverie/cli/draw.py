"""`reverie draw` and its kin: a drawing of shapes, as an SVG, and perhaps a film of it."""

import inspect
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.options import Duration, RunOptions
from reverie.cli.painting import parameters_of, preparing, say_size, signed, started

if TYPE_CHECKING:
    from reverie.recipe import Recipe
    from reverie.run import Run

RECIPES = ("draw", "clipdraw", "styleclipdraw", "clip-sketch")  # whose runs leave an SVG

File = Annotated[str | None, Parameter(metavar="FILE")]
SVG = ".svg"
RECENT = 20  # steps that a score is averaged over: views make that of one step noisy
MORE = (
    "        redraw: make a film of the drawing being drawn, stroke by stroke, too: a .mp4, .webm, "
    ".gif, .webp or .apng.\n"
    "        redraw_length: how long it is drawn for."
)


def draw_command(recipe: "Callable[..., Recipe]") -> Callable[..., int]:
    """A command that takes a recipe's own options and the run's, and a file for the drawing."""

    def command(
        prompt: str,
        *,
        redraw: str | None = None,
        redraw_length: float = 10.0,
        run: RunOptions | None = None,
        **options: Any,
    ) -> int:
        import dataclasses

        from reverie.cli.showing import show

        own = run or RunOptions()
        target = file_of(own)
        film = Path(redraw) if redraw else None
        check_film(film, own.overwrite)
        with preparing():
            made = recipe(prompt, **options)
        say_size(options.get("size"), made)
        drawn = started(made, dataclasses.replace(own, output=None) if target else own)
        code = show(drawn, budget=own.budget, preview=own.preview)
        best = best_of(drawn)
        if target and best.exists():
            place(best, target)
            print(target)
        if not drawn.ended:
            for line in afterwards(best, target, film):
                sys.stderr.write(f"{line}\n")
        elif film:
            return redrawn(best.with_suffix(SVG), film, redraw_length)
        return code

    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, kind, default in (("redraw", File, None), ("redraw_length", Duration, 10.0))
    ]
    parameters, help_ = parameters_of(recipe)
    whole = [*parameters, *more]
    return signed(command, recipe.__name__, f"{help_.rstrip()}\n{MORE}", whole, run=RunOptions)


def afterwards(picture: Path, target: Path | None, film: Path | None) -> list[str]:
    """What is still to do by hand when a run that was stopped has gone on to its end."""
    svg = shlex.quote(str(picture.with_suffix(SVG)))
    lines = []
    if target:
        source = svg if target.suffix.lower() == SVG else shlex.quote(str(picture))
        to = shlex.quote(str(target))
        lines.append(f"{target} is the drawing so far; when it has ended: cp {source} {to}")
    if film:
        to = shlex.quote(str(film))
        lines.append(f"there is no film yet; when it has ended: reverie redraw {svg} -o {to}")
    return lines


def file_of(options: RunOptions) -> Path | None:
    """The file that `--output` names; None where it is a folder, or is left out.

    Raises:
        PictureError: nothing can be written there.
    """
    from reverie import image as images
    from reverie.cli.render import check_place

    path = Path(options.output or "")
    if path.suffix.lower() not in (SVG, *images.SUFFIXES):
        return None
    check_place(path, options.overwrite, (SVG, *images.SUFFIXES))
    return path


def check_film(path: Path | None, overwrite: bool) -> None:
    """Refuses a film that cannot be made, before there is anything to show in it."""
    from reverie.cli.render import check_place
    from reverie.record.video import KINDS, kind_of, library

    if path:
        kind_of(path)
        library()
        check_place(path, overwrite, tuple(KINDS))


def best_of(run: "Run") -> Path:
    """The picture of a run whose score was best in its last steps, which it says where there are
    several."""
    if len(run.pictures) == 1:
        return run.pictures[0]
    rows = [row["score"] for row in run.log.rows() if row["score"]][-RECENT:]
    if not rows:
        return run.pictures[0]
    scores = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    best = max(range(len(scores)), key=scores.__getitem__)
    told = ", ".join(f"{x:.3f}" for x in scores)
    sys.stderr.write(f"best of {len(scores)}: {run.pictures[best].name} (scores {told})\n")
    return run.pictures[best]


def place(picture: Path, target: Path) -> None:
    """Puts a copy of a picture, or of its SVG, where it was wanted: whole or not at all.

    A PNG is copied with its SVG beside it, from which it can be drawn at any size.
    """
    import shutil

    from reverie import image as images

    target.parent.mkdir(parents=True, exist_ok=True)
    svg = picture.with_suffix(SVG)
    wanted = {target: svg if target.suffix.lower() == SVG else picture}
    if target.suffix.lower() != SVG:
        wanted[target.with_suffix(SVG)] = svg
    for to, source in wanted.items():
        part = to.with_name(f".{to.stem}.part{to.suffix}")
        if source.suffix == to.suffix.lower():
            shutil.copyfile(source, part)
        else:
            images.save(images.load(source), part, images.read_text(source))
        part.replace(to)


def redrawn(svg: Path, film: Path, seconds: float) -> int:
    """Makes a film of a drawing, stroke by stroke."""
    from reverie.cli.redraw import redraw

    if not svg.exists():
        sys.stderr.write(f"no film: this recipe leaves no drawing; {shlex.quote(str(svg))}\n")
        return 0
    return redraw(str(svg), output=str(film), seconds=seconds, overwrite=True)
