"""VQGAN+CLIP by lot: the chances of every word of the codebook are learnt for every tile.

Source: Crowson, "VQGAN+CLIP (codebook sampling method)" (2021): AdamW at 0.05 on logits that begin
as normal noise.
Differs: 256 pixels a side; total variation, off as there, is a mean over pixels.
"""

from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def vqgan_codes(
    prompt: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] = (256, 256),
    steps: int = 500,
    lr: Number = 0.05,
    cutouts: int = 64,
    preset: str = "crops",
    smooth: float = 0.0,
) -> "Recipe":
    """Paint with a VQGAN whose tiles are drawn by lot until they are sure.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        model: the VQGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, rounded to whole tiles of the VQGAN (8 or 16 pixels).
        steps: updates to make.
        lr: learning rate; 0.1..0.02 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut; crops, or one of those of `fourier`.
        smooth: weight of total variation, which removes speckle.
    """
    from reverie import prompt as prompts
    from reverie.canvas.vqgan_codes import VQGANCodes
    from reverie.optimizer import AdamW
    from reverie.recipe import Recipe
    from reverie.recipes import vqgan
    from reverie.recipes.words import judging

    scenes = prompts.parse(prompt)
    name = vqgan.best() if model == "auto" else model
    stage = judging(
        scenes,
        VQGANCodes(model=name, size=vqgan.rounded(size, name)),
        AdamW(lr=lr, weight_decay=0.0),
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        smooth=smooth,
    )
    return Recipe(name="vqgan-codes", title=prompts.title(scenes), stages=(stage,))
