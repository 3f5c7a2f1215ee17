"""StyleGAN3+CLIP: the best of 32 seeds, a row of w for every layer, cutouts, a running mean.

Source: nshepperd's StyleGAN3+CLIP notebook (2021), github.com/ouhenio/StyleGAN3-CLIP-notebook:
AdamW at 0.03 with betas 0 and 0.999 on latents in standard deviations, which its decay of weights
leads back to the mean; 32 cutouts; the picture that is shown is drawn from a running mean.
Differs: any StyleGAN; the running mean has no bias to its start; seeds are looked at in the very
same views. Where the pocket models paint alone, views are milder and steps fewer.
"""

from typing import TYPE_CHECKING, Literal

from reverie.curve import Number
from reverie.recipes.faces import Noise, Usual

if TYPE_CHECKING:
    from reverie.recipe import Recipe

ORIGINAL = Usual(steps=300, lr=0.03, cutouts=32, preset="stylegan3-clip", init="best:32")
SMALL = Usual(steps=40, lr=0.04, cutouts=8, preset="scene", init="best:256", keep=1.5)
BETAS, DECAY = (0.0, 0.999), 0.01


def stylegan3_clip(
    prompt: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] | None = None,
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    init: str = "auto",
    space: Literal["auto", "w", "w+", "s"] = "auto",
    truncation: float | None = None,
    average: float = 0.9,
    keep: Number | None = None,
    hold: Number = 0.0,
    reach: float | None = None,
    noise: Noise = "const",
    colours: bool = False,
    label: int | None = None,
) -> "Recipe":
    """Paint a face with a StyleGAN3, or a StyleGAN2, seen in many cutouts.

    Args:
        prompt: words, "a woman with red hair"; the grammar of prompts and pictures work too.
        model: the StyleGAN, by name or checkpoint file. auto: the StyleGAN3 that is installed, or
            else any.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height, if not what the network draws: scaled, and its middle cut.
        steps: updates to make: 300, pocket 40.
        lr: learning rate, in standard deviations: 0.03, pocket 0.04.
        cutouts: views that are judged at every step: 32, pocket 8.
        preset: how they are cut, one of those of `fourier`: stylegan3-clip, pocket scene.
        init: what to start from: mean, random, seed:7, best:32 (of so many seeds), centres:64 (the
            best of so many typical faces), a file of latents, or a picture of a face. auto:
            best:32, pocket best:256.
        space: w, one style for all layers; w+, one for each; s, the channels of all layers.
            auto: w+.
        truncation: of seeds: 1 leaves them as they are, 0 makes all the mean: 0.7, pocket 1.
        average: decay of the running mean that is shown: 0.99 is calmer, 0 shows what is there.
        keep: weight of a pull to where it starts: 0, pocket 1.5.
        hold: weight of a pull to the mean face, which softens what is extreme.
        reach: how far from the mean any number may go, in standard deviations.
        noise: fine detail: const (the network's own), none, random or optimised.
        colours: in space s, move the channels that make colours, too.
        label: the class, of a network that has classes.
    """
    from reverie import prompt as prompts
    from reverie.optimizer import AdamW
    from reverie.recipe import Recipe
    from reverie.recipes import faces
    from reverie.recipes.words import first_installed

    scenes = prompts.parse(prompt)
    if model == "auto":
        model = first_installed("stylegan3") or faces.best()
    usual = SMALL if faces.small(model, perceptor) else ORIGINAL
    own = {"space": space, "reach": reach, "noise": noise, "colours": colours, "label": label}
    stages = faces.painted(
        faces.canvas(model, size, usual, **own),
        faces.wanted(scenes, perceptor, usual, cutouts, preset, "spherical"),
        AdamW(lr=usual.lr if lr is None else lr, betas=BETAS, weight_decay=DECAY),
        init=usual.init if init == "auto" else init,
        steps=usual.steps if steps is None else steps,
        pulls=faces.pulls(hold, usual.keep if keep is None else keep),
        truncation=truncation,
        decay=average,
    )
    return Recipe(name="stylegan3-clip", title=prompts.title(scenes), stages=stages)
