"""From a face to a nightmare: a StyleGAN makes a face, a VQGAN makes it spooky, then dreams on.

Source: robgon-art/SpookyGAN (2021): StyleCLIP's loop in the space of styles, 40 steps at 0.1 from
the mean face; VQGAN+CLIP on the same words, about ten steps; then on the word "nightmare", 300
pictures of 608x752 at 0.01, each shown for a thirtieth of a second.
Differs: styles are counted in standard deviations, and CLIP sees pictures as it was trained to,
with mean and deviation. What is made spooky has the size of the nightmare, which goes on from its
latents, not from a file. Where the pocket models see, they have words that they know for
"nightmare"; where they paint alone, the face moves in w, pictures are half as wide, and steps are
larger.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reverie.curve import Number, Ramp
from reverie.recipes.faces import Usual as Face

if TYPE_CHECKING:
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


ORIGINAL_FACE = Face(steps=40, lr=Ramp(value=0.1), cutouts=1, preset="styleclip", init="mean")
SMALL_FACE = Face(steps=40, lr=Ramp(value=0.02), cutouts=12, preset="scene", init="guess")
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
    face_steps: int | None = None,
    face_lr: float | None = None,
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
        init: what the face starts from, as in `clip-stylegan`: mean, seed:7, best:32, a picture of
            a face ... Without a face, what the VQGAN starts from: a picture, or as in `vqgan-clip`.
            auto: mean, pocket guess.
        face_model: the StyleGAN, by name or checkpoint file. auto: what is installed.
        space: what of the StyleGAN moves: w, w+ or s, the styles of all layers: s, pocket w.
        face_steps: updates of the face: 40.
        face_lr: its learning rate, in standard deviations, which rises first and falls at the end:
            0.1, pocket 0.02.
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
        made.extend(_face(scenes, face_model, init, space, perceptor, face_steps, face_lr))
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


def _check_steps(**counts: int | None) -> None:
    from reverie.errors import SpecError

    for name, count in counts.items():
        if count is not None and count < 1:
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
    steps: int | None,
    lr: float | None,
) -> "list[Stage]":
    """StyleCLIP's loop, after what finds the latents of a picture; or, where the pocket models
    paint alone, as suits them."""
    import dataclasses

    from reverie.canvas.stylegan import StyleGAN
    from reverie.optimizer import Adam
    from reverie.recipes import faces

    model = faces.best() if model == "auto" else model
    usual = SMALL_FACE if faces.small(model, perceptor) else ORIGINAL_FACE
    if space == "auto":
        space = "w" if usual is SMALL_FACE else "s"
    *before, last = faces.painted(
        StyleGAN(model=model, space=space),
        faces.wanted(scenes, perceptor, usual, None, "auto", "cosine"),
        Adam(lr=usual.lr if lr is None else Ramp(value=lr)),
        init=usual.init if init == "auto" else init,
        steps=usual.steps if steps is None else steps,
        pulls={},
    )
    return [*before, dataclasses.replace(last, name="face")]
