"""VQGAN+CLIP as the notebook had it that began it all: plain crops, small steps.

Source: Crowson, "VQGAN+CLIP (z+quantize method)" (2021): Adam at 0.05, 64 square crops of random
size, no other augmentation, 480 pixels a side.
Differs: crops are shrunk by a pyramid instead of Lanczos and bicubic; it ends, after 500 steps.
"""

from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def vqgan_notebook(
    prompt: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] = (480, 480),
    steps: int = 500,
    lr: Number = 0.05,
    cutouts: int = 64,
    preset: str = "crops",
    init: str = "auto",
    keep: Number = 0.0,
) -> "Recipe":
    """Paint with a VQGAN as Katherine Crowson's first notebook did.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        model: the VQGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, rounded to whole tiles of the VQGAN (8 or 16 pixels).
        steps: updates to make.
        lr: learning rate; 0.1..0.02 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut; crops, or one of those of `fourier`.
        init: what to start from: codes (random tiles), guess (what the pocket generator draws),
            perlin, pixels, gradient, a colour, or a picture. auto: a guess where the pocket
            models paint alone, else codes.
        keep: weight of a pull that keeps the latents near their start.
    """
    from reverie import prompt as prompts
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes import vqgan
    from reverie.recipes.words import judging

    scenes = prompts.parse(prompt)
    stage = judging(
        scenes,
        vqgan.canvas(model, size, init, scenes, perceptor),
        Adam(lr=lr),
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        more=vqgan.pulls(keep, "start", "mse"),
    )
    return Recipe(name="vqgan-notebook", title=prompts.title(scenes), stages=(stage,))
