"""`reverie words effect`: what modifiers do to a picture, painted and measured."""

import json as json_text
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.looking import Json
from reverie.cli.options import WorkOptions
from reverie.cli.painting import adjusted, chosen_recipe, preparing, recipe_options, signed
from reverie.cli.words_measured import as_data, kept, measured, show

if TYPE_CHECKING:
    from rich.console import Console

    from reverie.protocols import Machine
    from reverie.recipe import Recipe
    from reverie.recipes.trials import Trial

SIZE = (256, 256)  # unless another is asked for: the pictures are compared, and small on the sheet
EFFECT = (
    "Paint a subject with and without modifiers at equal seeds, and measure what they do.\n\n"
    'Such as: reverie words effect "a castle" --modifiers "oil painting, neon, 4k"\n\n'
    "A table says how far each moves the picture, and effect.png shows all pictures. Every prompt "
    "has a run of its own in the folder: the same command and --output FOLDER goes on after a "
    "stop, and paints of other modifiers only what is not there.\n\n"
    "Args:\n"
    "    subject: what to paint; the grammar of prompts works too.\n"
    "    modifiers: with commas between; templates and wildcards work too: __lighting__.\n"
    "    judge: model that says whether the subject survives; not the one that paints.\n"
    "    json: print JSON instead of a table.\n"
    "    canvas: what to paint with.\n"
)


@Parameter(name="*", group="Run")
@dataclass(frozen=True, kw_only=True)
class EffectOptions(WorkOptions):
    """What belongs to the runs of a comparison."""

    count: Annotated[int, Parameter(alias="-n")] = 3
    "Seeds of every prompt: so many pictures, painted together."


def effect_command() -> Callable[..., int]:
    """`effect`: the options of all recipes, and those of a comparison."""
    import inspect

    def effect(
        subject: str,
        *,
        modifiers: str,
        judge: str = "pocket-judge",
        json: Json = False,
        canvas: str | None = None,
        run: EffectOptions | None = None,
        **options: Any,
    ) -> int:
        given = {name: value for name, value in options.items() if value is not None}
        return compared(subject, modifiers, judge, json, canvas, given, run or EffectOptions())

    own = inspect.signature(effect).parameters
    heads = [own[name] for name in ("modifiers", "judge", "json")]
    subject = own["subject"].replace(kind=inspect.Parameter.POSITIONAL_ONLY)
    more, said = recipe_options()
    help_ = EFFECT + "".join(f"    {option.name}: {said[option.name]}\n" for option in more)
    help_ = help_.replace(f"    size: {said['size']}", f"    size: {said['size']} 256x256 here.")
    parameters = [subject, *heads, chosen_recipe()[0], *more]
    return signed(effect, "effect", help_, parameters, run=EffectOptions)


def compared(
    subject: str,
    modifiers: str,
    judge: str,
    json: bool,
    canvas: str | None,
    given: dict[str, Any],
    own: EffectOptions,
) -> int:
    """Paints, measures, and shows. Returns the exit code."""
    import dataclasses

    from rich.console import Console

    from reverie.device import machine
    from reverie.errors import SpecError
    from reverie.recipes.trials import trials
    from reverie.recipes.words import perceptors
    from reverie.words.wildcards import usual_folders, wildcards

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    on = machine(own.device, own.precision)
    judging, *more = perceptors(judge)
    if more:
        raise SpecError(f"--judge {judge}: is several; name one")
    judging.build(on)  # what is wrong with it is said before anything is painted
    folder, seed = _place(subject, own)
    tried = trials(subject, split(modifiers), folder, wildcards(*usual_folders()))
    own = dataclasses.replace(own, seed=seed)

    def recipe_of(prompt: str) -> "Recipe":
        return adjusted(_recipe(prompt, canvas, given), own, keep_seed=False)

    done: list[Recipe] = []
    with suppress(KeyboardInterrupt):  # between two steps, too, what is done is shown
        for recipe in _painted(tried, recipe_of, judge, own, on, console):
            done.append(recipe)
    if len(done) > 1:
        found = measured(tried[: len(done)], done[0], judge, on)
        files = kept(found)  # before anything is printed, for the reader may go
        if json:
            print(json_text.dumps(as_data(found), indent=2, ensure_ascii=False))
        else:
            show(found, console)
        for path in files:
            print(path, file=sys.stderr if json else sys.stdout)
    if len(done) < len(tried):
        said = f"{len(done)} of {len(tried)} done; go on with the same command and"
        console.print(f"{said} -o {shlex.quote(str(folder))}")
        return 0 if own.budget is not None else 130
    return 0


def split(modifiers: str) -> list[str]:
    """Modifiers at their commas, but for those in braces.

    Raises:
        WordsError: there are none.
    """
    from reverie.errors import WordsError

    parts, depth = [""], 0
    for part in re.findall(r"\\.|\d,(?=\d)|.", modifiers, re.DOTALL):  # not in "1,000"
        depth += {"{": 1, "}": -1}.get(part, 0)
        if part == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += part
    named = [part.strip() for part in parts if part.strip()]
    if not named:
        raise WordsError(f'--modifiers {modifiers!r}: name some, such as "oil painting, mosaic"')
    return named


def _place(subject: str, own: EffectOptions) -> tuple[Path, int]:
    """The folder, and the first seed: of what is in the folder already, unless one is given."""
    from reverie import prompt as prompts
    from reverie.cli.painting import refuse_file
    from reverie.recipes.paint import free_folder, fresh_seed
    from reverie.recipes.trials import WITHOUT
    from reverie.run import Run

    if own.output is None:
        seed = fresh_seed() if own.seed is None else own.seed
        title = prompts.title(prompts.parse(subject))
        return free_folder(f"effect {title}", seed), seed
    folder = Path(own.output)
    refuse_file(folder)
    before = folder / WITHOUT
    if own.seed is None and not own.overwrite and (before / "recipe.json").exists():
        return folder, Run.open(before).recipe.seed
    return folder, fresh_seed() if own.seed is None else own.seed


def _painted(
    tried: "Sequence[Trial]",
    recipe_of: "Callable[[str], Recipe]",
    judge: str,
    own: EffectOptions,
    on: "Machine",
    console: "Console",
) -> "Iterator[Recipe]":
    """Paints every trial that is not done yet, until one is stopped: the recipes of the done."""
    from reverie.cli.live import watch
    from reverie.recipes.trials import begun

    begin = time.monotonic()
    for number, trial in enumerate(tried, 1):
        with preparing():
            recipe = recipe_of(trial.prompt)
        if number == 1:
            _announce(tried, recipe, judge, on, console)
        run = begun(trial, recipe, on, overwrite=own.overwrite)
        console.print(f"{number} of {len(tried)}: {trial.prompt}{' (done)' if run.ended else ''}")
        if not run.ended:
            left = None if own.budget is None else own.budget - (time.monotonic() - begin)
            with closing(run.frames(budget=left)) as frames:
                watch(frames, console, preview=own.preview)
            if not run.ended:
                return
        yield recipe


def _recipe(prompt: str, canvas: str | None, given: dict[str, Any]) -> "Recipe":
    import inspect

    from reverie.recipes import RECIPES
    from reverie.recipes.paint import best_recipe, recipe_for

    name = canvas or best_recipe(given)
    sized = "size" in inspect.signature(RECIPES[name]).parameters
    return recipe_for(prompt, name, **({"size": SIZE} if sized else {}) | given)


def _announce(
    tried: "Sequence[Trial]", recipe: "Recipe", judge: str, on: "Machine", console: "Console"
) -> None:
    """Says what will be painted, and which words the perceptor does not know.

    Raises:
        SpecError: words do not lead the recipe, or its perceptor is to be the judge, too.
    """
    from reverie.errors import SpecError
    from reverie.perceptor.pocket import Pocket, understood
    from reverie.recipes.trials import eyes
    from reverie.recipes.words import remarks

    eye = eyes(recipe)
    if judge in eye.digests():
        raise SpecError(f"--judge {judge}: it leads these pictures itself; name another model")
    console.print(
        f"{recipe.name}: {len(tried)} prompts with {recipe.count} picture(s) each, {recipe.sizes}, "
        f"seed {recipe.seed}, {on.device.type}; in {tried[0].folder.parent}"
    )
    for remark in remarks(recipe):
        console.print(remark, style="dim")
    said = isinstance(eye, Pocket) and understood([t.modifier for t in tried], eye.model)
    if said:
        console.print(f"of the modifiers: {said}", style="dim")
