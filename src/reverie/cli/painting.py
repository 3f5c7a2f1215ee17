"""Painting commands: `reverie paint`, and one for every recipe, made from their signatures."""

import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from reverie.cli.options import Rate, RunOptions, Size, WorkOptions, quiet, read_setting
from reverie.curve import Number
from reverie.recipes import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

    from reverie.recipe import Recipe
    from reverie.record.video import Video
    from reverie.run import Run

TYPED: dict[Any, Any] = {  # what a recipe takes -> its option
    tuple[int, int]: Size,
    tuple[int, int] | None: quiet(Size),
    Number: Rate,
    Number | None: quiet(Rate),
}
PAINT = (
    "Paint words with the best recipe for what is installed.\n\n"
    'Together: "a fox:1.5 | fog:0.3". In places: "a fox @ left | an owl @ right". One after '
    'the other: "a fox ^ an owl". Away from: "text:-0.5". A picture or a link in place of words '
    "is a prompt too. `reverie fourier --help` and its siblings show each recipe's own "
    "defaults.\n\n"
    "Args:\n"
)


def command_for(recipe: Callable[..., "Recipe"]) -> Callable[..., int]:
    """A command that takes a recipe's own options and the run's."""

    def command(prompt: str, *, run: RunOptions | None = None, **options: Any) -> int:
        with preparing():
            made = recipe(prompt, **options)
        say_size(options.get("size"), made)
        return paint_recipe(made, run or RunOptions())

    parameters, help_ = parameters_of(recipe)
    return signed(command, recipe.__name__, help_, parameters, run=RunOptions)


def parameters_of(recipe: Callable[..., "Recipe"]) -> tuple[list[inspect.Parameter], str]:
    """What a recipe takes, as a command line takes it, and what it says of itself."""
    prompt, *options = inspect.signature(recipe).parameters.values()
    options = [p.replace(annotation=TYPED.get(p.annotation, p.annotation)) for p in options]
    head = prompt.replace(kind=inspect.Parameter.POSITIONAL_ONLY)
    help_ = re.sub(r"\n {12}(?=\S)", " ", recipe.__doc__ or "")  # one line for each option
    return [head, *options], help_


def paint_command() -> Callable[..., int]:
    """`paint`: the options of all recipes, each left to the recipe's default unless it is given."""

    def paint(
        prompt: str | None = None,
        *,
        canvas: str | None = None,
        recipe: str | None = None,
        run: RunOptions | None = None,
        **options: Any,
    ) -> int:
        from reverie.recipes.paint import best_recipe, recipe_for

        own = run or RunOptions()
        given = {name: value for name, value in options.items() if value is not None}
        with preparing():
            if recipe:
                made = saved(recipe, prompt, canvas, given)
            else:
                made = recipe_for(wanted(prompt), canvas or best_recipe(given), **given)
        say_size(given.get("size"), made)
        return paint_recipe(made, own, keep_seed=recipe is not None)

    options, about = recipe_options()
    said = about | {
        "prompt": "what to paint.",
        "canvas": "what to paint with.",
        "recipe": "paint as a .json, a picture, a run's folder or a .py (it is run) says.",
    }
    head = inspect.Parameter(
        "prompt", inspect.Parameter.POSITIONAL_ONLY, annotation=str | None, default=None
    )
    canvas, file = chosen_recipe()
    names = ("prompt", "canvas", *(p.name for p in options), "recipe")
    help_ = PAINT + "".join(f"    {name}: {said[name]}\n" for name in names)
    return signed(paint, "paint", help_, [head, canvas, *options, file], run=RunOptions)


def recipe_options() -> tuple[list[inspect.Parameter], dict[str, str]]:
    """The options of all recipes, each of which may be left out, and what is said of them."""
    known: dict[str, inspect.Parameter] = {}
    said: dict[str, str] = {}
    for recipe in RECIPES.values():
        known = dict(inspect.signature(recipe).parameters) | known
        lines = re.findall(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", recipe.__doc__ or "", re.MULTILINE)
        said = {name: " ".join(text.split()) for name, text in lines} | said
    del known["prompt"]
    options = [
        p.replace(annotation=quiet(TYPED.get(p.annotation, p.annotation)), default=None)
        for p in known.values()
    ]
    return options, said


def chosen_recipe() -> tuple[inspect.Parameter, inspect.Parameter]:
    """The options `canvas` and `recipe`."""
    names: Any = Literal[tuple(RECIPES)]  # type: ignore[valid-type]
    return option("canvas", names | None), option("recipe", str | None)


def option(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=None
    )


def signed(
    command: Callable[..., int],
    name: str,
    help_: str,
    parameters: Sequence[inspect.Parameter],
    **groups: Any,
) -> Callable[..., int]:
    """`command` with the name, the help and the parameters given, and groups of options."""
    whole = [*parameters, *(option(group, kind | None) for group, kind in groups.items())]
    command.__signature__ = inspect.Signature(whole)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in whole}
    command.__doc__, command.__name__ = help_, name
    return command


def preparing() -> AbstractContextManager[Any]:
    """Says on a terminal that a recipe is made: to choose a start among many takes its time."""
    from rich.console import Console

    console = Console(stderr=True)
    status = console.status("choosing where to start ...", spinner="line")
    return status if console.is_terminal else nullcontext()


def paint_recipe(
    recipe: "Recipe",
    options: RunOptions,
    *,
    keep_seed: bool = False,
    usual_film: "Video | None" = None,
) -> int:
    """Paints a recipe as the run's options say, showing progress. Arguments as in `started`."""
    from reverie.cli.showing import show

    run = started(recipe, options, keep_seed=keep_seed, usual_film=usual_film)
    return show(run, budget=options.budget, preview=options.preview)


def started(
    recipe: "Recipe",
    options: RunOptions,
    *,
    keep_seed: bool = False,
    usual_film: "Video | None" = None,
) -> "Run":
    """A run of a recipe as the run's options say.

    Args:
        keep_seed: without a seed among the options, take the recipe's and not a new one.
        usual_film: the film to make unless the options say otherwise, in the run's folder.
    """
    from pathlib import Path

    from reverie.device import machine
    from reverie.recipes.paint import folder_for
    from reverie.run import Run

    recipe = adjusted(recipe, options, keep_seed)
    folder = Path(options.output) if options.output else folder_for(recipe)
    refuse_file(folder)
    return Run.start(
        recipe,
        folder,
        machine(options.device, options.precision),
        suffix=f".{options.format}",
        film=film_of(options, folder, usual_film),
        best=options.best,
        overwrite=options.overwrite,
    )


def refuse_file(folder: "Path") -> None:
    """Refuses a folder whose name is that of a file, before there are pictures in it.

    Raises:
        SpecError: with what is meant, perhaps.
    """
    from reverie import image as images
    from reverie.errors import SpecError

    if folder.is_file():
        raise SpecError(f"--output {folder}: is a file; a folder for the run is wanted")
    if folder.suffix.lower() in (".svg", ".pdf", *images.SUFFIXES) and not folder.is_dir():
        raise SpecError(
            f"--output {folder}: a folder for the run is wanted; draw, clipdraw, styleclipdraw and "
            f"clip-sketch take a file, too: .svg, {', '.join(images.SUFFIXES)}"
        )


def film_of(options: RunOptions, folder: "Path", usual: "Video | None") -> "Video | None":
    """The film of the run that the options ask for, or the usual one as they change it."""
    import dataclasses

    from reverie.errors import SpecError
    from reverie.record.video import Video

    asked = {"length": options.video_length, "rate": options.video_rate}
    given = {name: value for name, value in asked.items() if value is not None}
    if options.video:
        return dataclasses.replace(usual or Video(path="film.mp4"), path=options.video, **given)
    if usual:
        return dataclasses.replace(usual, path=str(folder / usual.path), **given)
    if given:
        raise SpecError("--video-length and --video-rate go with --video FILE")
    return None


def adjusted(recipe: "Recipe", options: WorkOptions, keep_seed: bool) -> "Recipe":
    """The recipe with the run's seed, count, stops, average, optimiser and --set changes."""
    import dataclasses

    from reverie.canvas.averaged import Averaged
    from reverie.recipe import Until
    from reverie.recipes.paint import fresh_seed
    from reverie.spec import KINDS, edited

    seed = options.seed
    if seed is None:
        seed = recipe.seed if keep_seed else fresh_seed()
    stages = list(recipe.stages)
    for i, stage in enumerate(stages):
        changes: dict[str, Any] = {}
        if options.until is not None or options.patience is not None:
            changes["until"] = Until(score=options.until, patience=options.patience)
        if options.ema is not None:
            bare = stage.canvas.canvas if isinstance(stage.canvas, Averaged) else stage.canvas
            changes["canvas"] = Averaged(canvas=bare, decay=options.ema)
        if options.optimizer:
            changes["optimizer"] = KINDS[options.optimizer](lr=stage.optimizer.lr)
        stages[i] = dataclasses.replace(stage, **changes)
    recipe = dataclasses.replace(recipe, stages=tuple(stages), seed=seed, count=options.count)
    for text in options.set:
        recipe = edited(recipe, *read_setting(text))
    return recipe


def say_size(asked: tuple[int, int] | None, recipe: "Recipe") -> None:
    """Tells that a canvas made of tiles cannot have just the size that was asked for."""
    import sys

    made = recipe.stages[-1].canvas.size
    if asked and asked != made:
        was, now = ("x".join(map(str, size)) for size in (asked, made))
        sys.stderr.write(f"reverie: note: {was} is not made of whole tiles; painting {now}\n")


def wanted(prompt: str | None) -> str:
    from reverie.errors import PromptError

    if prompt is None:
        raise PromptError('say what to paint: reverie paint "a lighthouse in fog"', "", 1)
    return prompt


def saved(source: str, prompt: str | None, canvas: str | None, given: dict[str, Any]) -> "Recipe":
    """A recipe from a file, with other words and other options where they are given."""
    from reverie.cli.runs import read_recipe
    from reverie.errors import SpecError
    from reverie.recipes.saved import reworded, varied

    if canvas:
        raise SpecError("--canvas cannot go with --recipe, which has its own")
    recipe = varied(read_recipe(source), **given)
    return reworded(recipe, prompt) if prompt is not None else recipe
