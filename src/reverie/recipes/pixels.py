"""Plain pixels under CLIP: the simplest canvas, grainy and direct.

Source: the pixel drawers of the family, such as `RGB` in sportsracer48/pytti (2021).
Differs: pixels stay in range by projection; a saturated pixel still feels the way back.
"""

from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def pixels(
    prompt: str,
    *,
    perceptor: str = "auto",
    size: tuple[int, int] = (256, 256),
    steps: int = 300,
    lr: Number = 0.03,
    cutouts: int = 32,
    preset: str = "augmented",
    init: str = "noise",
    smooth: float = 1.0,
) -> "Recipe":
    """Paint with plain pixels, each its own parameter.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels.
        steps: updates to make.
        lr: learning rate; 0.05..0.01 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut: augmented, pooled, crops, updated, nrupdated, updated-pooling,
            mse, eai, pytti, pixray, big-sleep, deep-daze, deep-daze-normal, clipdraw,
            stylegan3-clip, scene, whole.
        init: what to start from: noise, pixels, perlin, gradient, guess (what the pocket
            generator draws), a colour, or a picture.
        smooth: weight of total variation, which removes speckle.
    """
    from reverie.canvas.pixels import Pixels
    from reverie.optimizer import Adam
    from reverie.prompt import parse
    from reverie.recipes.words import judged, start

    return judged(
        "pixels",
        prompt,
        Pixels(size=size, start=start(init, parse(prompt))),
        Adam(lr=lr),
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        smooth=smooth,
    )
