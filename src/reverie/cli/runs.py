"""`resume`, `replay`, `info`: what runs and pictures remember."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.options import Duration
from reverie.errors import PictureError, RunError, SpecError

if TYPE_CHECKING:
    from rich.console import Console

    from reverie.film.run import FilmRun
    from reverie.recipe import Recipe
    from reverie.record.video import Video
    from reverie.run import Run


def resume(folder: str, /, *, budget: Duration | None = None, preview: bool = True) -> int:
    """Go on with a run that was stopped or killed, to the picture it would have become.

    Args:
        folder: the run's folder, or a picture in it.
        budget: stop after so long, such as 90s or 5m.
        preview: show the picture in the terminal while it is painted.
    """
    from contextlib import chdir

    from reverie.cli import film
    from reverie.cli.showing import show
    from reverie.run import Run

    path = Path(folder)
    where = (path.parent if path.is_file() else path).absolute()
    if (where / "film.json").exists():
        return film.go_on(where, budget=budget, preview=preview)
    run = Run.open(where)
    if run.ended:
        sys.stderr.write(f"this run is done ({run.ended})\n")
        run.write_video()  # unless it is there
        for path in run.files:
            print(path)
        return 0
    cwd = run.story.get("cwd")
    with chdir(cwd if cwd and Path(cwd).is_dir() else "."):  # its recipe may name files from there
        return show(run, budget=budget, preview=preview)


def replay(
    picture: str,
    /,
    *,
    output: Annotated[str | None, Parameter(alias="-o")] = None,
    preview: bool = True,
) -> int:
    """Paint a picture again from the recipe inside it: the same bits on the same machine.

    Args:
        picture: a picture painted by reverie, or the film of a run.
        output: folder for the new run; NAME-replay beside the picture if left out.
        preview: show the picture in the terminal while it is painted.
    """
    from contextlib import chdir

    import torch
    from rich.console import Console

    from reverie import image as images
    from reverie.cli import film
    from reverie.device import machine
    from reverie.recipe import Recipe
    from reverie.run import Run
    from reverie.spec import from_json

    path = Path(picture)
    story = _story(path)
    if "film" in story:
        return film.again(path, story, output, preview=preview)
    recipe: Recipe = from_json(story["recipe"], Recipe)
    if not 0 <= story.get("picture", 0) < recipe.count:
        raise SpecError(f"$.picture: {story['picture']} is not one of {recipe.count}")
    at = story["machine"]
    torch.set_num_threads(at.get("threads") or torch.get_num_threads())
    folder = Path(output) if output else path.with_name(f"{path.stem}-replay")
    on = machine(at["device"], at["precision"])
    console = Console(stderr=True)
    where = _started_in(path)
    folder, path = folder.absolute(), path.absolute()
    moving = _film_again(story, folder / path.name)
    suffix = path.suffix.lower() if path.suffix.lower() in images.SUFFIXES else ".png"  # of an SVG
    files: dict[str, Any] = {"film": moving} if moving else {"suffix": suffix}
    with chdir(where):  # its recipe may name files from there
        run = Run.start(recipe, folder, on, overwrite=output is None, **files)
        run.expect(story["digests"])
        return _replayed(run, story, path, console, preview)


def _film_again(story: dict[str, Any], path: Path) -> "Video | None":
    """The film that a story is about, made anew at `path`; None when it is about a picture."""
    from dataclasses import replace

    from reverie.record.video import Video
    from reverie.spec import from_json

    if "video" not in story:
        return None
    return replace(from_json(story["video"], Video, "$.video"), path=str(path))


def _replayed(
    run: "Run", story: dict[str, Any], path: Path, console: "Console", preview: bool
) -> int:
    from contextlib import closing

    from reverie.cli.live import watch

    recipe = run.recipe
    if recipe.count > 1:
        which = f"picture {story.get('picture', 0) + 1} of {recipe.count}, painted together"
        console.print(f"{which}: all are painted again", highlight=False)
    last = (story["ended"]["stage"], story["ended"]["step"])
    with closing(run.frames(last=last)) as frames:
        end = watch(frames, console, preview=preview)
    if end is None or not end.ended:
        console.print(f"stopped; go on with: {run.again}", highlight=False, soft_wrap=True)
        return 130
    again = run.film or run.pictures[story["picture"]]
    if path.suffix.lower() == ".svg":
        again = again.with_suffix(".svg")
    if size := story.get("rendered"):  # from what was painted, at another size
        more = f"reverie render {shlex.quote(str(again))} --size {size[0]}x{size[1]}"
        console.print(f"painted again; for the size of the one you gave: {more}", soft_wrap=True)
    else:
        console.print(_compared(path, again), highlight=False)
    print(again)
    return 0


def info(path: str, /, *, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Show how a picture or a run was made.

    Args:
        path: a picture, a drawing (.svg) or a film made by reverie, or a run's folder.
        json: print everything as JSON instead of a table.
    """
    import json as json_text

    from reverie.cli.telling import tell
    from reverie.record.story import change_in

    where = Path(path)
    story = _work_in(where).story if where.is_dir() else change_in(where) or _story(where)
    if json:
        print(json_text.dumps(story, indent=2, ensure_ascii=False))
        return 0
    tell(story, where)
    return 0


def read_recipe(source: str) -> "Recipe":
    """The recipe in a .json, a picture, a film, a run's folder, or a .py that sets `recipe`.

    Raises:
        SpecError: there is none, or it is not valid.
    """
    import json as json_text
    import runpy

    from reverie.recipe import Recipe
    from reverie.spec import from_json

    path = Path(source)
    if path.is_dir():
        return _work_in(path).recipe
    if not path.exists():
        raise RunError(f"--recipe {source}: there is no such file")
    if path.suffix == ".py":
        try:
            recipe = runpy.run_path(source).get("recipe")
        except Exception as error:  # whatever is in the user's file
            raise SpecError(f"{source}: {type(error).__name__}: {error}") from error
        if not isinstance(recipe, Recipe):
            raise SpecError(f"{source}: set `recipe` to a reverie.Recipe in this file")
        return recipe
    if path.suffix == ".json":
        try:
            data = json_text.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SpecError(f"{source}: not JSON: {error}") from error
        data = data.get("recipe", data) if isinstance(data, dict) else data
        return from_json(data, Recipe)
    return from_json(_story(path)["recipe"], Recipe)


def _work_in(folder: Path) -> "Run | FilmRun":
    """The run or the film in a folder."""
    from reverie.film.run import FilmRun
    from reverie.run import Run

    return (FilmRun if (folder / "film.json").exists() else Run).open(folder)


def _story(path: Path) -> dict[str, Any]:
    from reverie.record.story import change_in, story_in

    if change := change_in(path):
        raise PictureError(
            f"{path} was left by `reverie {change['faces']['command']}`, and carries no recipe to "
            f"paint by; reverie info {shlex.quote(str(path))} tells how it was made"
        )
    story = story_in(path)
    if story is None:
        raise PictureError(
            f"{path} carries no recipe: it was not painted by reverie, or was edited"
        )
    return story


def _compared(old: Path, new: Path) -> str:
    from reverie import image as images

    if old.suffix.lower() in (".mp4", ".webm", ".gif", ".apng"):
        same = old.read_bytes() == new.read_bytes()
        return "the same film, bit for bit" if same else "painted again"
    if old.suffix.lower() == ".svg":
        same = _shapes(old) == _shapes(new)
        return "the same drawing, to the last digit" if same else "drawn again, and not the same"
    if old.suffix.lower() != ".png":
        return "painted again (only PNG keeps every bit, so there is nothing to compare)"
    before, after = images.load(old), images.load(new)
    if before.shape != after.shape:
        return "painted again; the picture you gave has another size, so it was edited"
    gap = (before - after).abs().max().item() * 255
    if gap == 0:
        return "the same picture, bit for bit"
    why = "another machine, or other versions" if gap <= 16 else "it was edited, or versions differ"
    much = "nearly the same picture" if gap <= 16 else "not the same picture"
    return f"{much}: colours differ by up to {gap:.0f} of 255 ({why})"


def _shapes(path: Path) -> list[str]:
    """The lines of a drawing without its title and what it remembers of its making."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith(("<title>", "<metadata>"))]


def _started_in(picture: Path) -> Path:
    """Where the run of a picture was started, if its folder still says so; else here."""
    from reverie.run import Run

    try:
        cwd = Path(Run.open(picture.parent).story["cwd"])
    except (RunError, SpecError, KeyError):
        return Path()
    return cwd if cwd.is_dir() else Path()
