"""Things on a background, drawn by the pocket generator, guessed and bent by a perceptor.

Source: class search and latents as in BigSleep (lucidrains/big-sleep, 2021) and FuseDream (Liu et
al. 2021); the last touches in Fourier space as in `fourier`.
Differs: several layers with places and colours; the guess is written into the recipe, so a run says
what it began with and a replay does not guess again.
"""

from typing import TYPE_CHECKING, Literal

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def scene(
    prompt: str,
    *,
    perceptor: str = "pocket-clip",
    size: tuple[int, int] = (512, 512),
    steps: int = 60,
    lr: Number = (0.004, 0.001),
    cutouts: int = 24,
    preset: str = "scene",
    smooth: float = 0.5,
    refine: int = 40,
    style: Literal["any", "fluent3d", "fluentflat", "noto", "blob"] = "any",
    art: Literal[
        "auto",
        "",
        "pixel art",
        "mosaic",
        "stained glass",
        "pencil",
        "watercolour",
        "oil",
        "black and white",
        "neon",
    ] = "auto",
    vary: float = 1.0,
) -> "Recipe":
    """Paint things in places, offline, in half a minute: what `paint` does without a big model.

    Args:
        prompt: words, "two owls in the forest at night"; the grammar of prompts works too.
        perceptor: model name or checkpoint file; several with commas.
        size: width x height in pixels.
        steps: updates of the scene: what is in it, where, in which colours.
        lr: learning rate of the things; 0.004..0.001 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut; scene, or one of those of `fourier`.
        smooth: weight of total variation while refining.
        refine: updates of the whole picture afterwards, in Fourier space; 0 leaves it clean.
        style: art style of the things; any: each picture has its own.
        art: what the scene is seen through; auto: what the words ask for.
        vary: how far pictures differ in places, sizes and turns; 0 to 3.
    """
    from reverie import prompt as prompts
    from reverie.canvas.fourier import Fourier
    from reverie.canvas.scene import Scene
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes.guess import art_of, guess
    from reverie.recipes.words import judging

    scenes = prompts.parse(prompt)
    seen = art_of(scenes[0]) if art == "auto" else art
    things = guess(scenes[0])
    canvas = Scene(arrangements=things, size=size, style=style, art=seen, vary=vary)
    slow = (0.003, 0.0005)  # a place that changes as fast as things loses its shape
    rates = Adam(lr={"things": lr, "place": slow, "pose": slow})
    judge = {"perceptor": perceptor, "cutouts": cutouts, "preset": preset}
    stages = [judging(scenes, canvas, rates, steps=steps, name="scene", **judge)]
    if refine:
        waves = Adam(lr=(0.012, 0.002))
        fine = Fourier(size=size)
        stages.append(
            judging(scenes, fine, waves, steps=refine, smooth=smooth, name="refine", **judge)
        )
    return Recipe(name="scene", title=prompts.title(scenes), stages=tuple(stages))
