"""Words to pictures in one call."""

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.recipe import Recipe
    from reverie.run import Run


def recipe_for(prompt: str, canvas: str, **options: Any) -> "Recipe":
    """The recipe of the name `canvas`, with its own defaults for what is not given.

    Raises:
        SpecError: there is no such recipe, or it has no such option.
    """
    from reverie.errors import SpecError
    from reverie.recipes import RECIPES
    from reverie.spec import hint

    if canvas not in RECIPES:
        raise SpecError(f"canvas: {canvas!r} is not a recipe{hint(canvas, RECIPES)}")
    known = inspect.signature(RECIPES[canvas]).parameters
    for name in options:
        if name not in known:
            raise SpecError(f"{canvas} has no option {name!r}{hint(name, known)}")
    return RECIPES[canvas](prompt, **options)


def best_recipe(options: Mapping[str, Any]) -> str:
    """The recipe for what is installed and asked: `scene` for the pocket models, `vqgan-clip` where
    a VQGAN is installed, if it has all the options; else `fourier`. A face, which the words may not
    want, is painted where the model or an option is of faces alone."""
    from reverie.recipes import RECIPES
    from reverie.recipes.faces import draws_faces
    from reverie.recipes.words import best, first_installed

    perceptor = options.get("perceptor", "auto")
    small = (best() if perceptor == "auto" else perceptor) == "pocket-clip"
    wanted = "scene" if small else "vqgan-clip" if first_installed("vqgan") else "fourier"
    plain = "vqgan-clip" if "model" in options else "fourier"
    if draws_faces(options.get("model", "")):
        wanted = plain = "clip-stylegan"
    for name in (wanted, plain, "clip-stylegan", "styleclip", "deep-dream"):
        if {*options} <= {*inspect.signature(RECIPES[name]).parameters}:
            return name
    return plain


def paint(
    prompt: str,
    *,
    canvas: str = "auto",
    seed: int | None = None,
    count: int = 1,
    output: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    **options: Any,
) -> "Run":
    """Paints words, and returns the run when it is done.

        import reverie
        run = reverie.paint("a lighthouse in fog", perceptor="ViT-B/32", steps=300)
        run.pictures[0]  # the path of the picture

    Args:
        prompt: the words, in the grammar of `reverie.prompt`.
        canvas: the recipe: scene, fourier or pixels; auto: the best for what is installed.
        seed: of the first picture; None takes a new one, which the run records.
        count: pictures painted together; picture i has the seed `seed + i`.
        output: the run's folder; None makes one under `pictures/`.
        device: auto, cpu, cuda or mps.
        precision: auto, fp32 or bf16, for the networks.
        options: whatever the recipe takes: size, steps, lr, cutouts, preset, init, perceptor ...

    Raises:
        ReverieError: bad words, missing weights, a folder in use, no memory, a diverging loss.
    """
    import dataclasses

    from reverie.device import machine
    from reverie.run import Run

    if canvas == "auto":
        canvas = best_recipe(options)
    recipe = recipe_for(prompt, canvas, **options)
    recipe = dataclasses.replace(recipe, seed=fresh_seed() if seed is None else seed, count=count)
    folder = Path(output) if output else folder_for(recipe)
    run = Run.start(recipe, folder, machine(device, precision))
    for _ in run.frames():
        pass
    return run


def fresh_seed() -> int:
    """A seed nobody has used, short enough to type."""
    import secrets

    return secrets.randbelow(1_000_000)


def folder_for(recipe: "Recipe", under: Path = Path("pictures")) -> Path:
    """A folder named after words and seed that does not exist yet."""
    return free_folder(recipe.title, recipe.seed, under)


def free_folder(title: str, seed: int, under: Path = Path("pictures")) -> Path:
    """As `folder_for`, for what is no single recipe."""
    words = re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:48].rstrip("-") or "untitled"
    base = under / f"{words}-{seed}"
    return next(
        folder
        for folder in (base, *(base.with_name(f"{base.name}-{n}") for n in range(2, 10_000)))
        if not folder.exists()
    )
