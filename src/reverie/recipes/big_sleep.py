"""BigSleep: noise and classes of a BigGAN, a row of each for every block, pulled towards the words.

Source: lucidrains/big-sleep (2021), with its defaults: Adam at 0.07, 128 square cutouts of half to
nearly all of the picture, a hundred times the cosine, and the pulls to normal noise and to few
classes. A start from the best of many, mixed: FuseDream (Liu et al. 2021).
Differs: one epoch of its twenty; cutouts are smoothed where they shrink (theirs take the nearest
pixel); seeds count for cutouts too. The pocket generator draws a thing before a place, begins with
a mixture that suits the words, and its noise, which has meanings, is held to where it began.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.biggan import BigGAN
    from reverie.canvas.biggan_start import BigGANStart
    from reverie.loss.prompts import Prompts
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe

DECAY = 0.99  # of the running mean of noise and classes, whose picture is shown
MIXED, SMALL_MIXED = 5, 3  # candidates that a start mixes
LEAD = 2.0  # of the best candidate, in the pocket generator
HOLD = 10.0  # weight that holds the pocket generator's noise to where it began


@dataclass(frozen=True)
class Usual:
    """How a BigGAN is painted with, unless something else is asked for."""

    steps: int
    lr: Number
    cutouts: int
    preset: str
    init: str


ORIGINAL = Usual(steps=1050, lr=0.07, cutouts=128, preset="big-sleep", init="random")
SMALL = Usual(steps=60, lr=(0.03, 0.005), cutouts=16, preset="scene", init="best:48")


def big_sleep(
    prompt: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] | None = None,
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    centre: bool = False,
    init: str = "auto",
    max_classes: int | None = None,
    temperature: float = 2.0,
    smooth: float = 0.0,
    change_every: int | None = None,
    fade: float = 0.0,
) -> "Recipe":
    """Dream with a BigGAN, which mixes the classes of things that it has seen.

    What is left out is as in BigSleep; or, where the pocket models paint alone, as suits them.

    Args:
        prompt: words, "a fox:1.5 | fog:-0.3 ^ next scene"; pictures and links work too.
        model: the BigGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels; what the network draws if left out, pocket 256x256.
        steps: updates to make: 1050, pocket 60.
        lr: learning rate: 0.07, pocket 0.03..0.005, which falls over the run.
        cutouts: views of the picture judged at every step: 128, pocket 16.
        preset: how views are cut, one of those of `fourier`: big-sleep, pocket scene.
        centre: views rather near the centre, so that the thing comes to be there.
        init: random, or best:200, a mixture of the 5 of 200 drawings that suit the words best:
            random, pocket best:48.
        max_classes: how many classes may mix in each block; all if left out.
        temperature: how evenly, where max_classes is given.
        smooth: weight of total variation.
        change_every: steps until the next ^ scene; each has an equal share if left out.
        fade: share of a scene over which it turns into the next.
    """
    from reverie import prompt as prompts
    from reverie.canvas.averaged import Averaged
    from reverie.canvas.biggan import BigGAN
    from reverie.loss.prompts import Prompts
    from reverie.loss.smooth import TotalVariation
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe, Stage
    from reverie.recipes.words import perceptors, views

    scenes = prompts.parse(prompt)
    model = best() if model == "auto" else model
    usual = usual_for(model, perceptor)
    if preset == "auto":
        preset = ORIGINAL.preset if centre else usual.preset  # that of the pocket sees all anyway
    words = Prompts(
        scenes=scenes,
        perceptors=perceptors(perceptor),
        augment=views(
            usual.cutouts if cutouts is None else cutouts,
            preset,
            centre=True if centre else None,
        ),
        distance="cosine",
        weight=100.0,
        every=change_every,
        fade=fade,
    )
    canvas = BigGAN(model=model, max_classes=max_classes, temperature=temperature)
    canvas = dataclasses.replace(canvas, size=size or canvas.size)
    losses: dict[str, LossSpec] = {"prompts": words, **pulls(model)}
    if smooth:
        losses["smooth"] = TotalVariation(weight=smooth)
    stage = Stage(
        canvas=canvas,
        losses=losses,
        optimizer=Adam(lr=usual.lr if lr is None else lr),
        steps=usual.steps if steps is None else steps,
    )
    begun = start(canvas, words, usual.init if init == "auto" else init)  # takes its time
    canvas = Averaged(canvas=dataclasses.replace(canvas, start=begun), decay=DECAY)
    stage = dataclasses.replace(stage, canvas=canvas)
    return Recipe(name="big-sleep", title=prompts.title(scenes), stages=(stage,))


def usual_for(model: str, perceptor: str) -> Usual:
    """As BigSleep has it; or, where the pocket generator dreams, as suits it."""
    from reverie.canvas.biggan_models import POCKET
    from reverie.recipes import words

    seer = words.best() if perceptor == "auto" else perceptor
    if model != POCKET:
        return ORIGINAL
    return SMALL if seer == "pocket-clip" else dataclasses.replace(ORIGINAL, init=SMALL.init)


def best() -> str:
    """The installed BigGAN that comes first in the manifest, or else the first imported one; or
    else the one in the package."""
    from reverie.recipes.words import first_installed

    return first_installed("biggan") or "pocket-biggan"


def start(canvas: "BigGAN", words: "Prompts", init: str) -> "BigGANStart":
    """What `init` names.

    Raises:
        SpecError: nothing.
    """
    from reverie.canvas.biggan_models import POCKET
    from reverie.canvas.biggan_start import RandomClasses
    from reverie.errors import SpecError
    from reverie.recipes.candidates import MOST, mixed

    found = re.fullmatch(r"best:(\d+)", init)
    if init == "random":
        return RandomClasses()
    if not found or not 1 <= int(found[1]) <= MOST:
        raise SpecError(
            f"init: {init!r} is not random, nor best:N with N from 1 to {MOST}; a BigGAN cannot "
            "begin with a picture, but be led by one: words + picture.png"
        )
    how = (SMALL_MIXED, LEAD) if canvas.model == POCKET else (MIXED, 0.0)
    return mixed(canvas, words, int(found[1]), *how)


def pulls(model: str) -> "dict[str, LossSpec]":
    """To few classes; and to normal noise, or in the pocket generator to where its noise began."""
    from reverie.canvas.biggan_models import POCKET
    from reverie.loss.biggan import FewClasses, NormalNoise
    from reverie.loss.latent import LatentPull

    noise = LatentPull(weight=HOLD) if model == POCKET else NormalNoise()
    return {"noise": noise, "classes": FewClasses()}
