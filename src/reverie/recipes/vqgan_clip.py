"""VQGAN+CLIP: the latents of a VQGAN, pulled towards the words.

Source: nerdyrodent/VQGAN-CLIP, `generate.py` (2021), with its defaults: Adam at 0.1, 32 pooled
cutouts of the whole picture, random rows of the codebook to begin with.
Differs: 256 pixels a side (theirs: by the memory of the graphics card); one sampling for all moves
of a cutout; `keep` pulls to the start (their `-iw` to zero, fading away); seeds always count.
"""

from typing import TYPE_CHECKING, Literal

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def vqgan_clip(
    prompt: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] = (256, 256),
    steps: int = 500,
    lr: Number = 0.1,
    cutouts: int = 32,
    preset: str = "pooled",
    augments: str = "",
    init: str = "codes",
    keep: Number = 0.0,
    keep_to: str = "start",
    keep_by: Literal["mse", "spherical", "cosine", "pixels"] = "mse",
    smooth: float = 0.0,
    change_every: int | None = None,
    fade: float = 0.0,
) -> "Recipe":
    """Paint with a VQGAN, tile by tile, from a codebook of things it has seen.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        model: the VQGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, rounded to whole tiles of the VQGAN (8 or 16 pixels).
        steps: updates to make.
        lr: learning rate; 0.2..0.05 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut; pooled, or one of those of `fourier`.
        augments: what may happen to views, such as affine,perspective,jitter,erase, or none.
        init: what to start from: codes (random tiles), perlin, pixels, gradient, a colour, or a
            picture.
        keep: weight of a pull that keeps the picture near its start; 1..0 lets go over the run.
        keep_to: what it keeps near to instead: a picture, or zero.
        keep_by: how the distance is measured: mse, spherical or cosine of latents, or pixels.
        smooth: weight of total variation, which removes speckle.
        change_every: steps until the next ^ scene; each has an equal share if left out.
        fade: share of a scene over which it turns into the next.
    """
    from reverie import prompt as prompts
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes import vqgan
    from reverie.recipes.words import judging

    scenes = prompts.parse(prompt)
    stage = judging(
        scenes,
        vqgan.canvas(model, size, init),
        Adam(lr=lr),
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        augments=augments,
        smooth=smooth,
        change_every=change_every,
        fade=fade,
        more=vqgan.pulls(keep, keep_to, keep_by),
    )
    return Recipe(name="vqgan-clip", title=prompts.title(scenes), stages=(stage,))
