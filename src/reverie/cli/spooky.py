"""`reverie spooky`: the recipe of that name, with a film of it unless none is wanted."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from reverie.cli.options import RunOptions
from reverie.cli.painting import paint_recipe, parameters_of, say_size, signed
from reverie.recipes.spooky import spooky

if TYPE_CHECKING:
    from reverie.recipe import Recipe
    from reverie.record.video import Video

Shown = Literal["chain", "nightmare", "none"]
PAUSE = 0.5  # seconds that the last picture of a stage stays
FILM = (
    "        film: what spooky.mp4 shows, which is made in the run's folder unless --video names "
    "another file: the whole chain, the nightmare alone, as in the original, or none."
)


def spooky_command() -> Callable[..., int]:
    def command(
        prompt: str, *, film: Shown = "chain", run: RunOptions | None = None, **options: Any
    ) -> int:
        made = spooky(prompt, **options)
        say_size(options.get("size"), made)
        return paint_recipe(made, run or RunOptions(), usual_film=film_of_chain(made, film))

    own = inspect.Parameter(
        "film", inspect.Parameter.KEYWORD_ONLY, annotation=Shown, default="chain"
    )
    parameters, help_ = parameters_of(spooky)
    return signed(
        command, "spooky", f"{help_.rstrip()}\n{FILM}", [*parameters, own], run=RunOptions
    )


def film_of_chain(recipe: "Recipe", shown: Shown) -> "Video | None":
    """The film of every picture of the chain, or of its nightmare; its path is in the run's folder.

    Raises:
        SpecError: there is no nightmare.
    """
    from reverie.errors import SpecError
    from reverie.record.video import Video

    if shown == "none":
        return None
    if shown == "chain":
        return Video(path="spooky.mp4", length=None, pause=PAUSE)
    if recipe.stages[-1].name != "nightmare":
        raise SpecError("film: no nightmare is among the stages; take --film chain, or none")
    return Video(path="spooky.mp4", length=None, first=len(recipe.stages) - 1)
