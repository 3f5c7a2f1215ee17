"""`film` and `restyle`: pictures that follow each other, and videos painted over."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverie.cli.options import FilmOptions, RestyleOptions, WorkOptions
from reverie.cli.painting import (
    adjusted,
    chosen_recipe,
    recipe_options,
    saved,
    say_size,
    signed,
    wanted,
)
from reverie.errors import SpecError

if TYPE_CHECKING:
    from reverie.film.plan import Film
    from reverie.film.run import FilmRun
    from reverie.recipe import Recipe

OWN = ("change_every", "fade", "keep", "keep_to", "keep_by")  # of recipes, but in frames here
FILM = (
    "Make a film: each frame begins as the one before it, moved, and is painted on.\n\n"
    'Scenes follow each other: "a forest ^ a city ^ the sea". The first frame is painted as '
    "`reverie paint` would. Frames are kept in a folder; `resume` goes on after a stop.\n\n"
    "Args:\n    prompt: what to show.\n"
)
RESTYLE = (
    "Paint over a video, or a folder of pictures, frame by frame.\n\n"
    'Such as: reverie restyle clip.mp4 "a watercolour" -o painted.mp4\n\n'
    "Args:\n    source: the video, or the folder.\n    prompt: how it should look.\n"
)
TURNING = (
    0.08  # `scene` ends with the last touches to a picture, too gentle to turn it into another
)
CHOICE = {
    "canvas": "what to paint with.",
    "recipe": "paint as a .json, a picture, a run's folder or a .py (it is run) says.",
}


def film_command() -> Callable[..., int]:
    """`film`: the options of all recipes, and those of films."""

    def film(
        prompt: str | None = None,
        *,
        canvas: str | None = None,
        recipe: str | None = None,
        film: FilmOptions | None = None,
        run: WorkOptions | None = None,
        **options: Any,
    ) -> int:
        own, how = run or WorkOptions(), film or FilmOptions()
        made = _recipe(prompt, canvas, recipe, options, own)
        plan = _plan(how, made)
        return _film(plan, _faded(made, how.change_every, how.fade), own)

    return _with_recipe(film, "film", FILM, ["prompt"], FilmOptions, set(OWN))


def restyle_command() -> Callable[..., int]:
    """`restyle`: the options of all recipes, and how a video is painted over."""

    def restyle(
        source: str,
        prompt: str | None = None,
        *,
        canvas: str | None = None,
        recipe: str | None = None,
        film: RestyleOptions | None = None,
        run: WorkOptions | None = None,
        **options: Any,
    ) -> int:
        from reverie.film.footage import Footage
        from reverie.film.plan import Film

        own, how = run or WorkOptions(), film or RestyleOptions()
        footage = Footage(
            path=source,
            first=how.begin,
            last=how.end,
            every=how.every,
            steady=how.steady,
            keep=how.keep,
            smooth=how.smooth,
        )
        facts = footage.facts()
        if not recipe:
            options["size"] = options.get("size") or facts.size
            canvas = canvas or _best(options)
        made = _recipe(prompt, canvas, recipe, options, own)
        plan = Film(
            frames=facts.frames,
            rate=facts.rate,
            steps=how.steps_per_frame,
            lr=how.lr_per_frame,
            footage=footage,
        )
        return _film(plan, made, own)

    dropped = {*OWN, "init", "steps", "smooth"}
    return _with_recipe(restyle, "restyle", RESTYLE, ["source", "prompt"], RestyleOptions, dropped)


def go_on(folder: Path, *, budget: float | None, preview: bool) -> int:
    """Goes on with the film in a folder."""
    from contextlib import chdir

    from reverie.film.run import FilmRun

    run = FilmRun.open(folder)
    if run.ended:
        sys.stderr.write(f"this film is done ({run.ended})\n")
        run.complete()
        print(run.path)
        return 0
    cwd = run.story.get("cwd")
    with chdir(cwd if cwd and Path(cwd).is_dir() else "."):  # it may name files from there
        return show(run, budget=budget, preview=preview)


def again(path: Path, story: dict[str, Any], output: str | None, *, preview: bool) -> int:
    """Makes a film again from the story inside it."""
    from reverie.device import machine
    from reverie.film.plan import Film
    from reverie.film.run import FilmRun
    from reverie.recipe import Recipe
    from reverie.record.story import same_files
    from reverie.spec import from_json

    folder = Path(output) if output else path.with_name(f"{path.stem}-replay")
    run = FilmRun.start(
        from_json(story["film"], Film, "$.film"),
        from_json(story["recipe"], Recipe),
        folder,
        machine(story["machine"]["device"], story["machine"]["precision"]),
        path=folder / path.name,
        overwrite=output is None,
    )
    same_files(story["digests"], run.story["digests"])
    return show(run, budget=None, preview=preview)


def show(run: "FilmRun", *, budget: float | None, preview: bool) -> int:
    """Makes a film with live progress, and says where it is."""
    from contextlib import closing
    from textwrap import shorten

    from rich.console import Console

    from reverie.cli.live import watch
    from reverie.recipes.words import remarks

    console, recipe, plan = Console(stderr=True), run.recipe, run.plan
    size = "x".join(map(str, recipe.stages[-1].canvas.size))
    at = run.story["machine"]
    console.print(
        f"film with {recipe.name}: {shorten(recipe.title, 60, placeholder=' ...')!r}, "
        f"{plan.frames} frames of {size}, {plan.frames / plan.rate:.3g} s, seed {recipe.seed}, "
        f"{at['device']} {at['precision']}",
        highlight=False,
        markup=False,
    )
    for remark in remarks(recipe):
        console.print(remark, style="dim", highlight=False, markup=False)
    with closing(run.frames(budget=budget)) as frames:
        last = watch(frames, console, preview=preview)
    if last is None:
        return 130
    there = len(run.reel.paths())
    console.print(last.ended or f"stopped after {there} of {plan.frames} frames", highlight=False)
    if there:
        print(run.path, flush=True)
    if not last.ended:
        console.print(f"go on with: {run.again}", highlight=False, markup=False, soft_wrap=True)
        return 0 if budget is not None else 130
    return 0


def _with_recipe(
    command: Callable[..., int],
    name: str,
    help_: str,
    heads: list[str],
    film: type,
    dropped: set[str],
) -> Callable[..., int]:
    """A command with the options of all recipes but those that mean something else here."""
    options, said = recipe_options()
    options = [p for p in options if p.name not in dropped]
    canvas, file = chosen_recipe()
    lines = {**CHOICE, **{p.name: said[p.name] for p in options}}
    help_ += "".join(f"    {option}: {text}\n" for option, text in lines.items())
    first = [
        inspect.Parameter(
            head, inspect.Parameter.POSITIONAL_ONLY, annotation=str | None, default=None
        )
        for head in heads
    ]
    if len(heads) > 1:
        first[0] = first[0].replace(annotation=str, default=inspect.Parameter.empty)
    groups = {"film": film, "run": WorkOptions}
    return signed(command, name, help_, [*first, canvas, *options, file], **groups)


def _recipe(
    prompt: str | None,
    canvas: str | None,
    file: str | None,
    options: dict[str, Any],
    own: WorkOptions,
) -> "Recipe":
    """The recipe that frames are painted by."""
    from reverie.recipes.paint import best_recipe, recipe_for

    given = {name: value for name, value in options.items() if value is not None}
    if file:
        made = saved(file, prompt, canvas, given)
    else:
        made = recipe_for(wanted(prompt), canvas or best_recipe(given), **given)
    say_size(given.get("size"), made)
    return adjusted(made, own, keep_seed=file is not None)


def _best(options: dict[str, Any]) -> str:
    """The recipe for painting over pictures: no guesses about what is in them."""
    from reverie.recipes.paint import best_recipe

    best = best_recipe({name: value for name, value in options.items() if value is not None})
    return "fourier" if best == "scene" else best


def _plan(how: FilmOptions, recipe: "Recipe") -> "Film":
    from reverie.curve import read_keyframes
    from reverie.film.motion import Motion
    from reverie.film.plan import Film

    curves = {name: getattr(how, name) for name in ("zoom", "rotate", "shift_x", "shift_y")}
    read = {}
    for name, text in curves.items():
        try:
            read[name] = read_keyframes(text)
        except SpecError as error:
            raise SpecError(f"--{name.replace('_', '-')}: {error}") from error
    return Film(
        frames=max(1, round(how.seconds * how.rate)),
        rate=how.rate,
        steps=how.steps_per_frame,
        lr=TURNING if how.lr_per_frame is None and recipe.name == "scene" else how.lr_per_frame,
        motion=Motion(edge=how.edge, **read),
        tone=how.tone,
    )


def _faded(recipe: "Recipe", every: int | None, fade: float) -> "Recipe":
    """The same recipe, whose scenes last so many frames and fade into each other."""
    import dataclasses

    from reverie.loss.prompts import Prompts

    stages = []
    for stage in recipe.stages:
        losses = {
            name: dataclasses.replace(loss, every=every, fade=fade)
            if isinstance(loss, Prompts)
            else loss
            for name, loss in stage.losses.items()
        }
        stages.append(dataclasses.replace(stage, losses=losses))
    return dataclasses.replace(recipe, stages=tuple(stages))


def _film(plan: "Film", recipe: "Recipe", own: WorkOptions) -> int:
    from reverie.device import machine
    from reverie.film.run import FilmRun
    from reverie.recipes.paint import folder_for
    from reverie.record.video import KINDS

    folder = Path(own.output) if own.output else folder_for(recipe)
    path = None
    if folder.suffix.lower() in KINDS:
        folder, path = folder.with_suffix(""), folder
    on = machine(own.device, own.precision)
    run = FilmRun.start(plan, recipe, folder, on, path=path, overwrite=own.overwrite)
    return show(run, budget=own.budget, preview=own.preview)
