"""Deep Daze: a network that tells the colour of every place, pulled towards the words.

Source: lucidrains/deep-daze (2021), with its defaults: 16 sines of 256 numbers, AdamP at 1e-5, 4
times 4 square cutouts a step, three tenths of the loss from the mean of what CLIP sees in them.
Differs: 256 pixels a side (theirs: 512), and any shape; the picture is drawn once a step for all
cutouts; distances are 1 less the cosine (theirs: -100 times the cosine, which leads the same way);
what it starts from is fitted for longer; seeds always count. Where the pocket perceptor judges, a
small, slowly turning network paints in larger steps, and starts from a drawing.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.siren import Siren
    from reverie.canvas.start import StartSpec
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe, Stage

SCALES = 4  # that a picture is held to its start at


@dataclass(frozen=True)
class Usual:
    """How a SIREN is painted with, unless something else is asked for."""

    layers: int
    hidden: int
    w0_first: float
    steps: int
    lr: Number
    cutouts: int
    preset: str
    smooth: float
    start_steps: int
    start_lr: float
    keep: Number
    start_share: float  # of the side of the picture, at which a start is fitted


ORIGINAL = Usual(
    layers=16,
    hidden=256,
    w0_first=30.0,
    steps=20 * 1050,
    lr=1e-5,
    cutouts=4 * 4,
    preset="deep-daze",
    smooth=0.0,
    start_steps=200,
    start_lr=3e-4,
    keep=0.0,
    start_share=1.0,
)
SMALL = Usual(
    layers=4,
    hidden=64,
    w0_first=20.0,
    steps=70,
    lr=(4e-4, 1e-4),
    cutouts=16,
    preset="scene",
    smooth=0.5,
    start_steps=80,
    start_lr=3e-3,
    keep=(2.0, 0.5),
    start_share=0.5,
)
SMALL_STEPS = replace(SMALL, start_steps=200, start_lr=3e-4, lr=(1e-4, 3e-5))
DEEP = 8  # networks of more layers forget themselves at the steps of small ones


def deep_daze(
    prompt: str,
    *,
    perceptor: str = "auto",
    size: tuple[int, int] = (256, 256),
    steps: int | None = None,
    lr: Number | None = None,
    layers: int | None = None,
    hidden: int | None = None,
    w0: float = 30.0,
    w0_first: float | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    smallest: Number | None = None,
    largest: float | None = None,
    centre: bool | None = None,
    averaging: Number = 0.3,
    smooth: float | None = None,
    init: str = "auto",
    start_steps: int | None = None,
    start_lr: float | None = None,
    keep: Number | None = None,
    story: bool = False,
    story_words: int = 5,
    story_more: int = 5,
    story_mark: str = "",
    change_every: int | None = None,
    fade: float = 0.0,
) -> "Recipe":
    """Paint with a SIREN, a network of sines: flowing shapes that reverie render draws at any size.

    What is left out is as in deep-daze; or, where the pocket perceptor judges, as suits it.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, to paint at; reverie render draws the picture larger.
        steps: updates to make: 21000 (the picture is there long before), pocket 70.
        lr: learning rate: 0.00001, pocket 0.0004..0.0001, which falls over the run.
        layers: sines that follow each other; more show finer things: 16, pocket 4.
        hidden: numbers that each of them holds: 256, pocket 64.
        w0: how fast the sines turn; the faster, the finer the grain.
        w0_first: the same of the first of them: 30, pocket 20.
        cutouts: views of the picture judged at every step: 16.
        preset: how views are cut, one of those of `fourier`: deep-daze, pocket scene. With
            deep-daze-normal their sizes are normal; whole takes the whole picture.
        smallest: smallest side of views, as a share of the short side: 0.1; 0.1..0.75 rises over
            the run.
        largest: largest side of views, as a share: 1.
        centre: cut views rather near the centre.
        averaging: share of the loss that judges what is seen in all views together.
        smooth: weight of total variation, which removes speckle: 0, pocket 0.5.
        init: what to start from: none (nearly grey), guess (what the pocket generator draws),
            noise, pixels, perlin, gradient, a colour, or a picture: none, pocket guess.
        start_steps: updates that fit the network to that, before the words pull: 200, pocket 80.
        start_lr: learning rate of those: 0.0003, pocket 0.003.
        keep: weight of a pull, in pixels, that keeps the picture near its start: 0, pocket 2..0.5,
            which lets go over the run.
        story: tell a long prompt part by part: a few words first, and more with each part.
        story_words: words of its first part.
        story_more: words that every other part adds; the oldest go where there are too many.
        story_mark: parts end with this mark, such as a full stop, and not after so many words.
        change_every: steps until the next part or ^ scene; each has an equal share if left out.
        fade: share of a scene over which it turns into the next.
    """
    from reverie import prompt as prompts
    from reverie.canvas.siren import Siren
    from reverie.errors import SpecError
    from reverie.loss.pixel import PixelPull
    from reverie.optimizer import AdamP
    from reverie.recipe import Recipe
    from reverie.recipes import words
    from reverie.recipes.guess import attracting
    from reverie.recipes.story import room_of, told

    scenes = prompts.parse(prompt)
    seer = words.best() if perceptor == "auto" else perceptor
    usual = SMALL if seer == "pocket-clip" else ORIGINAL
    if usual is SMALL and layers is not None and layers > DEEP:
        usual = SMALL_STEPS
    if init == "auto":
        init = "guess" if usual is not ORIGINAL and attracting(scenes[0]) else "none"
    canvas = Siren(
        size=size,
        layers=usual.layers if layers is None else layers,
        hidden=usual.hidden if hidden is None else hidden,
        w0=w0,
        w0_first=usual.w0_first if w0_first is None else w0_first,
    )
    if preset == "auto":
        sized = (smallest, largest, centre) != (None, None, None)
        preset = ORIGINAL.preset if sized else usual.preset  # that of the pocket has no such sizes
    begun = () if init == "none" else (words.start(init, scenes, ("none", "guess")),)
    count = usual.start_steps if start_steps is None else start_steps
    if count < 1:
        raise SpecError(
            f"start_steps: got {count}; 1 or more, or --init none to start from nothing"
        )
    held = (usual.keep if keep is None else keep) if begun or keep else 0
    pull: dict[str, LossSpec] = {"keep": PixelPull(weight=held, scales=SCALES)} if held else {}
    title = prompts.title(scenes)
    if story or story_mark:
        scenes = told(scenes, story_words, story_more, story_mark, room_of(perceptor))
    paint = words.judging(
        scenes,
        canvas,
        AdamP(lr=usual.lr if lr is None else lr),
        perceptor=perceptor,
        steps=usual.steps if steps is None else steps,
        cutouts=usual.cutouts if cutouts is None else cutouts,
        preset=preset,
        smooth=usual.smooth if smooth is None else smooth,
        change_every=change_every,
        fade=fade,
        more=pull,
        name="paint" if begun else "",
        cut={"smallest": smallest, "largest": largest, "centre": centre},
        how={"distance": "cosine", "averaging": averaging},
    )
    rate = usual.start_lr if start_lr is None else start_lr
    stages = (*(fitted(canvas, start, count, rate, usual.start_share) for start in begun), paint)
    return Recipe(name="deep-daze", title=title, stages=stages)


def fitted(canvas: "Siren", start: "StartSpec", steps: int, lr: float, share: float) -> "Stage":
    """A stage that brings a network near to what it is to start from.

    Args:
        share: of the side of the picture, at which it is fitted.
    """
    import dataclasses

    from reverie.loss.pixel import PixelPull
    from reverie.optimizer import DiffGrad
    from reverie.recipe import Stage

    width, height = (max(round(side * share), 1) for side in canvas.size)
    return Stage(
        canvas=dataclasses.replace(canvas, size=(width, height)),
        losses={"start": PixelPull(towards=start, measure="square")},
        optimizer=DiffGrad(lr=lr),
        steps=steps,
        name="start",
    )
