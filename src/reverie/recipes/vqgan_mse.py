"""VQGAN+CLIP held calm: latents are first pulled to zero or to the start, then let go in stages.

Source: jbusted1's "VQGAN+CLIP (MSE regularized z+quantize method)" notebook and its version by
justinjohn0306 (2021): a pull of 1.5 that falls to 0 in five equal stages of 50 steps, to zero
unless there is a picture to begin with; Adam at 0.1; shown is the average of the latents, with a
decay of 0.99.
Differs: the optimiser is not begun anew at every stage.
"""

from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.recipe import Recipe


def vqgan_mse(
    prompt: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] = (256, 256),
    steps: int = 500,
    lr: Number = 0.1,
    cutouts: int = 64,
    preset: str = "mse",
    init: str = "auto",
    keep: float = 1.5,
    keep_stages: int = 5,
    keep_every: int = 50,
    average: float = 0.99,
) -> "Recipe":
    """Paint with a VQGAN whose latents are let go little by little: calm, clear compositions.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        model: the VQGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, rounded to whole tiles of the VQGAN (8 or 16 pixels).
        steps: updates to make.
        lr: learning rate; 0.2..0.05 falls over the run.
        cutouts: views of the picture judged at every step.
        preset: how views are cut; mse, or one of those of `fourier`.
        init: what to start from: codes (random tiles), guess (what the pocket generator draws),
            perlin, pixels, gradient, a colour, or a picture. auto: a guess where the pocket
            models paint alone, else codes.
        keep: weight of the pull at the beginning, to a picture given by `init`, else to zero.
        keep_stages: equal steps in which it falls to nothing.
        keep_every: updates that each of them lasts.
        average: decay of the running average of the latents that is shown; 0 shows the latents.
    """
    from reverie import prompt as prompts
    from reverie.canvas.averaged import Averaged
    from reverie.canvas.drawing import Drawing
    from reverie.canvas.start import Picture
    from reverie.curve import Steps
    from reverie.errors import SpecError
    from reverie.loss.latent import LatentPull
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes import vqgan
    from reverie.recipes.words import judging

    for name, count in (("steps", steps), ("keep_stages", keep_stages), ("keep_every", keep_every)):
        if count < 1:
            raise SpecError(f"{name} must be 1 or more, got {count}")
    scenes = prompts.parse(prompt)
    canvas = vqgan.canvas(model, size, init, scenes, perceptor)
    towards = "start" if isinstance(canvas.start, Drawing | Picture) else "zero"
    falls = tuple(
        (i * keep_every / steps, keep * (1 - i / keep_stages)) for i in range(keep_stages + 1)
    )
    stage = judging(
        scenes,
        Averaged(canvas=canvas, decay=average) if average else canvas,
        Adam(lr=lr),
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        more={"keep": LatentPull(weight=Steps(at=falls), towards=towards)},
    )
    return Recipe(name="vqgan-mse", title=prompts.title(scenes), stages=(stage,))
