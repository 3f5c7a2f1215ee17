"""From a face to a nightmare: a StyleGAN makes a face, a VQGAN makes it spooky, then dreams on.

Source: robgon-art/SpookyGAN (2021): StyleCLIP's loop in the space of styles, 40 steps at 0.1 from
the mean face; VQGAN+CLIP on the same words, about ten steps; then on the word "nightmare", 300
pictures of 608x752 at 0.01, each shown for a thirtieth of a second.
Differs: styles are counted in standard deviations, and CLIP sees pictures as it was trained to,
with mean and deviation. What is made spooky has the size of the nightmare, which goes on from its
latents, not from a file. Where the pocket models see, they have words that they know for
"nightmare"; where they paint alone, pictures are half as wide and their steps larger.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.stylegan_start import LatentSpec
    from reverie.protocols import AugmentSpec
    from reverie.recipe import Recipe, Stage
    from reverie.recipes.words import Scenes

STAGES = ("face", "spooky", "nightmare")


@dataclass(frozen=True)
class Usual:
    """How it is painted, unless something else is asked for."""

    size: tuple[int, int]
    spooky_lr: Number
    lr: Number
    cutouts: int


ORIGINAL = Usual(size=(608, 752), spooky_lr=0.1, lr=0.01, cutouts=64)
SMALL = Usual(size=(304, 376), spooky_lr=0.05, lr=0.02, cutouts=16)


def spooky(
    prompt: str,
    *,
    nightmare: str = "auto",
    stages: str = "face,spooky,nightmare",
    init: str = "auto",
    face_model: str = "auto",
    space: Literal["auto", "w", "w+", "s"] = "auto",
    face_steps: int = 40,
    face_lr: float = 0.1,
    spooky_steps: int = 10,
    spooky_lr: Number | None = None,
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] | None = None,
    steps: int = 299,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "updated",
) -> "Recipe":
    """Paint a face, make it spooky, and turn it into a nightmare.

    Args:
        prompt: words for the face, "an old scary witch with a long pointed nose and green skin".
        nightmare: words of the nightmare: nightmare, pocket "a scary skull in a dark forest at
            night".
        stages: which of face, spooky and nightmare are painted.
        init: what the face starts from: mean, random, seed:7 or a file of latents. Without a face,
            what the VQGAN starts from: a picture, or as in `vqgan-clip`. auto: mean.
        face_model: the StyleGAN, by name or checkpoint file. auto: what is installed.
        space: what of the StyleGAN moves: w, w+ or s, the styles of all layers: s, pocket w+.
        face_steps: updates of the face.
        face_lr: learning rate of the face, in standard deviations; rises first, falls at the end.
        spooky_steps: updates of the second stage, on the same words.
        spooky_lr: its learning rate: 0.1, pocket 0.05.
        model: the VQGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height of the last two stages: 608x752, pocket 304x376.
        steps: updates of the nightmare; 299 make 300 pictures.
        lr: its learning rate: 0.01, pocket 0.02.
        cutouts: views that the last two stages are judged by at every step: 64, pocket 16.
        preset: how these views are cut, one of those of `fourier`.
    """
    from reverie import prompt as prompts
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes import vqgan
    from reverie.recipes.words import judging

    chosen, scenes = _chosen(stages), prompts.parse(prompt)
    _check_steps(face_steps=face_steps, spooky_steps=spooky_steps, steps=steps)
    usual = SMALL if vqgan.usual(model, perceptor) is vqgan.SMALL else ORIGINAL
    dream = prompts.parse(_nightmare(perceptor) if nightmare == "auto" else nightmare)
    begin = "codes" if "face" in chosen else init
    canvas = vqgan.canvas(model, size or usual.size, begin, scenes, perceptor)
    rates = usual.spooky_lr if spooky_lr is None else spooky_lr, usual.lr if lr is None else lr
    views = {"cutouts": usual.cutouts if cutouts is None else cutouts, "preset": preset}
    made: list[Stage] = []
    if "face" in chosen:
        made.append(_face(scenes, face_model, init, space, perceptor, face_steps, face_lr))
    for name, said, rate, count in (
        ("spooky", scenes, rates[0], spooky_steps),
        ("nightmare", dream, rates[1], steps),
    ):
        if name in chosen:
            stage = judging(
                said, canvas, Adam(lr=rate), perceptor=perceptor, steps=count, name=name, **views
            )
            made.append(stage)
    return Recipe(name="spooky", title=prompts.title(scenes), stages=tuple(made))


def _chosen(stages: str) -> list[str]:
    from reverie.errors import SpecError
    from reverie.spec import hint

    chosen = [name.strip() for name in stages.split(",")]
    for name in chosen:
        if name not in STAGES:
            raise SpecError(f"stages: {name!r} is not a stage{hint(name, STAGES)}")
    if chosen != [name for name in STAGES if name in chosen]:
        raise SpecError(f"stages: {stages!r}; each comes once, in the order {','.join(STAGES)}")
    return chosen


def _check_steps(**counts: int) -> None:
    from reverie.errors import SpecError

    for name, count in counts.items():
        if count < 1:
            raise SpecError(
                f"{name} must be 1 or more, got {count}; to leave a stage out, name the others: "
                "--stages face,spooky"
            )


def _nightmare(perceptor: str) -> str:
    """What a nightmare is to a perceptor."""
    from reverie.recipes import words

    seer = words.best() if perceptor == "auto" else perceptor
    return "a scary skull in a dark forest at night" if seer == "pocket-clip" else "nightmare"


def _face(
    scenes: "Scenes",
    model: str,
    init: str,
    space: Literal["auto", "w", "w+", "s"],
    perceptor: str,
    steps: int,
    lr: float,
) -> "Stage":
    """StyleCLIP's loop; or, with the pocket model, as suits it."""
    from reverie.augment.cutouts import Cutouts
    from reverie.augment.whole import WholeView
    from reverie.canvas.stylegan import StyleGAN
    from reverie.curve import Ramp
    from reverie.loss.prompts import Prompts
    from reverie.optimizer import Adam
    from reverie.recipe import Stage
    from reverie.recipes import faces, words

    model = faces.best() if model == "auto" else model
    small = model == faces.POCKET
    if space == "auto":
        space = "w+" if small else "s"
    look: AugmentSpec = Cutouts(count=16, preset="scene") if small else WholeView()
    loss = Prompts(
        scenes=scenes,
        perceptors=words.perceptors(perceptor),
        augment=look,
        distance="cosine",
    )
    canvas = StyleGAN(model=model, space=space, start=_latent(init))
    optimizer = Adam(lr=Ramp(value=lr))
    return Stage(
        canvas=canvas, losses={"prompts": loss}, optimizer=optimizer, steps=steps, name="face"
    )


def _latent(init: str) -> "LatentSpec":
    """What the face starts from."""
    from pathlib import Path

    from reverie.canvas.stylegan_start import LatentFile, MeanLatent, RandomLatent, SeedLatent
    from reverie.errors import SpecError
    from reverie.image import SUFFIXES

    word, _, number = init.partition(":")
    if word == "seed" and number.isdigit():
        return SeedLatent(seed=int(number), truncation=0.7)
    if Path(init).suffix.lower() in SUFFIXES:
        raise SpecError(
            f"init: {init} is a picture, and a face starts from latents; leave the face out: "
            f"--stages spooky,nightmare, or make latents of it: reverie invert {init}"
        )
    known = {"auto": MeanLatent(), "mean": MeanLatent(), "random": RandomLatent()}
    return known[init] if init in known else LatentFile(path=init)
