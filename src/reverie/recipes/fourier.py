"""Fourier coefficients under CLIP: any size, no generator, flowing shapes everywhere.

Source: eps696/aphantasia, `clip_fft.py` (2021), after Olah et al., "Feature Visualization" (2017).
Differs: a fused low-passed warp for cutouts, half squared angle for distance, plain Adam.
"""

from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def fourier(
    prompt: str,
    *,
    perceptor: str = "auto",
    size: tuple[int, int] = (512, 512),
    steps: int = 300,
    lr: Number = 0.3,
    cutouts: int = 32,
    preset: str = "augmented",
    init: str = "noise",
    smooth: float = 0.5,
    decay: float = 2.0,
) -> "Recipe":
    """Paint with waves: a spectrum that is bent towards the words.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels.
        steps: updates to make.
        lr: learning rate; 0.3..0.05 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut: augmented, pooled, crops, updated, nrupdated, updated-pooling,
            mse, eai, pytti, pixray, big-sleep, deep-daze, deep-daze-normal, clipdraw,
            stylegan3-clip, scene, whole.
        init: what to start from: noise, pixels, perlin, gradient, guess (what the pocket
            generator draws), a colour, or a picture.
        smooth: weight of total variation, which removes speckle.
        decay: how much coarse waves are favoured; 1.5 is rougher, 2.5 calmer.
    """
    from reverie.canvas.fourier import Fourier
    from reverie.optimizer import Adam
    from reverie.prompt import parse
    from reverie.recipes.words import judged, start

    return judged(
        "fourier",
        prompt,
        Fourier(size=size, decay=decay, start=start(init, parse(prompt))),
        Adam(lr=lr),
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        smooth=smooth,
    )
