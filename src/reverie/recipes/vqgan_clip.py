"""VQGAN+CLIP: the latents of a VQGAN, pulled towards the words.

Source: nerdyrodent/VQGAN-CLIP, `generate.py` (2021), with its defaults: Adam at 0.1, 32 pooled
cutouts of the whole picture, random rows of the codebook to begin with.
Differs: 256 pixels a side (theirs: by the memory of the graphics card); one sampling for all moves
of a cutout; `keep` pulls to the start (their `-iw` to zero, fading away); seeds always count. Where
the pocket models paint alone, they begin with a drawing of theirs, hold on to it, and are done
sooner: their perceptor is easily led astray from random tiles.
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
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    augments: str = "",
    init: str = "auto",
    keep: Number | None = None,
    keep_to: str = "start",
    keep_by: Literal["mse", "spherical", "cosine", "pixels"] = "mse",
    smooth: float = 0.0,
    change_every: int | None = None,
    fade: float = 0.0,
) -> "Recipe":
    """Paint with a VQGAN, tile by tile, from a codebook of things it has seen.

    What is left out is as in generate.py; or, where the pocket models paint alone, as suits them.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        model: the VQGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, rounded to whole tiles of the VQGAN (8 or 16 pixels).
        steps: updates to make: 500, pocket 120.
        lr: learning rate: 0.1, pocket 0.12..0.04, which falls over the run.
        cutouts: views of the picture judged at every step: 32, pocket 16.
        preset: how views are cut, one of those of `fourier`: pooled, pocket scene.
        augments: what may happen to views, such as affine,perspective,jitter,erase, or none.
        init: what to start from: codes (random tiles), guess (what the pocket generator draws),
            perlin, pixels, gradient, a colour, or a picture: codes, pocket guess.
        keep: weight of a pull that keeps the picture near its start: 0, pocket 1..0, which lets
            go over the run.
        keep_to: what it keeps near to instead: a picture, or zero.
        keep_by: how the distance is measured: mse, spherical or cosine of latents, or pixels.
        smooth: weight of total variation, which removes speckle.
        change_every: steps until the next ^ scene; each has an equal share if left out.
        fade: share of a scene over which it turns into the next.
    """
    from reverie import prompt as prompts
    from reverie.errors import SpecError
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes import vqgan
    from reverie.recipes.words import judging

    scenes = prompts.parse(prompt)
    usual = vqgan.usual(model, perceptor)
    if keep is None and not usual.keep and keep_to != "start":
        raise SpecError(f"keep_to: nothing is kept near {keep_to!r} without a weight; try --keep 1")
    stage = judging(
        scenes,
        vqgan.canvas(model, size, init, scenes, perceptor),
        Adam(lr=usual.lr if lr is None else lr),
        perceptor=perceptor,
        steps=usual.steps if steps is None else steps,
        cutouts=usual.cutouts if cutouts is None else cutouts,
        preset=usual.preset if preset == "auto" else preset,
        augments=augments,
        smooth=smooth,
        change_every=change_every,
        fade=fade,
        more=vqgan.pulls(usual.keep if keep is None else keep, keep_to, keep_by),
    )
    return Recipe(name="vqgan-clip", title=prompts.title(scenes), stages=(stage,))
