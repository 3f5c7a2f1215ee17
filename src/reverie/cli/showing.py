"""A run as it is painted: what it will be, live progress, and where its files are."""

from contextlib import closing
from textwrap import shorten

from rich.console import Console

from reverie.canvas.strokes import Strokes
from reverie.cli.live import watch
from reverie.loss.prompts import Prompts
from reverie.prompt import line
from reverie.recipe import Recipe
from reverie.recipes.invert import compared
from reverie.recipes.words import remarks
from reverie.run import Run


def show(run: Run, *, budget: float | None, preview: bool) -> int:
    """Paints a run with live progress, and says where the pictures are."""
    console = Console(stderr=True)
    recipe = run.recipe
    several = f" to {recipe.seeds[-1]}" if recipe.count > 1 else ""
    title = shorten(recipe.title, 60, placeholder=" ...")
    at = run.story["machine"]
    console.print(
        f"{recipe.name}: {title!r}, {recipe.sizes}, seed {recipe.seed}{several}, "
        f"{at['device']} {at['precision']}",
        highlight=False,
        markup=False,
    )
    for remark in [*remarks(recipe), *_stages(recipe), *_planned(run)]:
        console.print(remark, style="dim", highlight=False, markup=False)
    _ready_to_draw(recipe, console)
    with closing(run.frames(budget=budget)) as frames:
        last = watch(frames, console, preview=preview)
    if last is None:
        return 130
    score = "" if last.score is None else f", score {last.score:.3f}"
    within = f", in {last.part}" if last.part else ""
    done = last.ended or f"stopped at step {last.step} of {last.steps}{within}"
    console.print(f"{done}{score}", highlight=False)
    if run.stills:
        names = ", ".join(path.name for path in run.stills)
        console.print(f"stages before: {names}", highlight=False, markup=False)
    if run.story.get("best") and last.score is None:
        console.print("no best picture: nothing in this recipe gives a score", highlight=False)
    for path in [*run.files, *compared(run)]:
        print(path, flush=True)
    if not last.ended:
        console.print(f"go on with: {run.again}", highlight=False, markup=False, soft_wrap=True)
        return 0 if budget is not None else 130
    return 0


def _ready_to_draw(recipe: Recipe, console: Console) -> None:
    """Compiles what draws strokes, and says so: the first time it takes some seconds."""
    from reverie.raster import fast

    bare = [getattr(stage.canvas, "canvas", stage.canvas) for stage in recipe.stages]
    if console.is_terminal and any(isinstance(canvas, Strokes) for canvas in bare):
        with console.status("getting ready to draw (slow the first time) ...", spinner="line"):
            fast.ready()


def _stages(recipe: Recipe) -> list[str]:
    """The stages of a recipe whose stages have names, with their words where these differ."""
    said, parts = None, []
    for stage in recipe.stages:
        losses = [loss for loss in stage.losses.values() if isinstance(loss, Prompts)]
        words = line(losses[0].scenes) if losses else said
        other = f', "{words}"' if said and words != said else ""
        parts.append(f"{stage.name} ({stage.steps} steps{other})")
        said = words
    return [f"stages: {', '.join(parts)}"] if len(parts) > 1 and recipe.stages[0].name else []


def _planned(run: Run) -> list[str]:
    """What the film of a run will be, if there is to be one."""
    plan = run.recorder.plan
    if not plan:
        return []
    every = run.recorder.video and run.recorder.video.length is None  # which is no surprise
    few = not every and len(plan.pictures) > run.recipe.steps  # where there might have been more
    why = f", from {run.recipe.steps} steps" if few else ""
    return [f"film: {plan.seconds:.3g} s at {plan.rate:.3g} pictures a second{why}"]
