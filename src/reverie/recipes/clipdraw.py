"""CLIPDraw: 256 strokes, pulled towards the words.

Source: Frans, Soros and Witkowski, "CLIPDraw" (2021), https://arxiv.org/abs/2106.14843, with the
constants of kvfrans/clipdraw: strokes of 1 to 3 cubics that begin as random walks, Adam at 1 pixel
a step for points (0.4 from half of the run on, 0.1 from three quarters), 0.2 for widths (0.1 for
half of them) and 0.01 for colours, four views a step, whose cosines are summed.
Differs: pictures are normalised as CLIP was trained (as in their program; their notebook, and so
the figures of the paper, leave it out); edges over the paper are mixed as they should be (theirs
are darker, for a colour without its alpha is taken for one with it); gradients are exact (theirs
are samples); seeds count. Lengths and rates in pixels grow with the picture. Where the pocket
perceptor judges, strokes begin on a drawing, and are held to it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverie.curve import Number, Steps

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.canvas.strokes import Strokes
    from reverie.optimizer import Adam
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe, Stage
    from reverie.recipes.words import Scenes

SIDE = 224  # pixels of the short side, at which lengths and rates are given
FALLING = Steps(at=((0.0, 1.0), (0.5, 0.4), (0.75, 0.1)))
WIDTH_RATE, COLOUR_RATE = 0.2, 0.01
SCALES = 4  # that a drawing is held to its start at
NEGATIVE = ("A badly drawn sketch.", "Many ugly, messy drawings.")
NEGATIVE_WEIGHT = -0.3


@dataclass(frozen=True)
class Usual:
    """How strokes are drawn, unless something else is asked for."""

    steps: int
    lr: Number
    cutouts: int
    preset: str
    init: str
    start_steps: int
    keep: Number


ORIGINAL = Usual(
    steps=1000, lr=FALLING, cutouts=4, preset="clipdraw", init="none", start_steps=150, keep=0.0
)
SMALL = Usual(
    steps=80,
    lr=(0.8, 0.2),
    cutouts=16,
    preset="scene",
    init="guess",
    start_steps=150,
    keep=(90.0, 60.0),
)


def clipdraw(
    prompt: str,
    *,
    perceptor: str = "auto",
    size: tuple[int, int] = (224, 224),
    strokes: int = 256,
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    width: float = 2.0,
    widest: float = 100.0,
    paper: str = "auto",
    palette: str = "",
    init: str = "auto",
    start_steps: int | None = None,
    keep: Number | None = None,
    negative: bool = False,
    change_every: int | None = None,
    fade: float = 0.0,
) -> "Recipe":
    """Draw with strokes of every colour and width, as CLIPDraw does: the drawing is an SVG, too.

    What is left out is as in CLIPDraw; or, where the pocket perceptor judges, as suits it.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, to draw at; the SVG has every size.
        strokes: how many there are.
        steps: updates to make: 1000, pocket 80.
        lr: pixels that points move at most in a step, at 224 pixels: 1, then 0.4 and 0.1, pocket
            0.8..0.2, which falls over the run.
        cutouts: views of the picture judged at every step: 4, pocket 16.
        preset: how views are cut, one of those of `fourier`: clipdraw, pocket scene.
        width: of strokes at first, and the least, in pixels of a picture of 224 a side.
        widest: the most that they may be wide; as much as width, and it does not change.
        paper: its colour. auto: white, or that of the margin of what it starts from.
        palette: colours of the only pens that there are, with commas, or a file of them.
        init: what to start from: none (random strokes), guess (what the pocket generator draws),
            noise, pixels, perlin, gradient, a colour, a picture, or an SVG, whose
            shapes are taken: none, pocket guess.
        start_steps: updates that fit the strokes to that, before the words pull: 150.
        keep: weight of a pull, in squares of pixels, that keeps the picture near its start: 0,
            pocket 90..60.
        negative: push away from badly drawn sketches and messy drawings, too.
        change_every: steps until the next ^ scene; each has an equal share if left out.
        fade: share of a scene over which it turns into the next.
    """
    from reverie import prompt as prompts
    from reverie.canvas.strokes import Strokes
    from reverie.canvas.vectors import Vectors
    from reverie.loss.pixel import PixelPull
    from reverie.recipe import Recipe
    from reverie.recipes import words
    from reverie.recipes.guess import attracting

    scenes = prompts.parse(prompt)
    seer = words.best() if perceptor == "auto" else perceptor
    usual = SMALL if seer == "pocket-clip" else ORIGINAL
    init = usual.init if init == "auto" else init
    if init == "guess" and not attracting(scenes[0]):
        init = "none"
    start = None if init == "none" else words.start(init, scenes, ("none", "guess"))
    scale = min(size) / SIDE
    canvas = Strokes(
        size=size,
        count=strokes,
        width=width * scale,
        widths=(width * scale, max(width, widest) * scale),
        paper=paper,
        pens=pens(palette),
        start=start,
    )
    held = (usual.keep if keep is None else keep) if start or keep else 0
    near = PixelPull(weight=held, scales=SCALES, measure="square")
    pull: dict[str, LossSpec] = {"keep": near} if held else {}
    count = usual.cutouts if cutouts is None else cutouts
    stage = words.judging(
        repelled(scenes) if negative else scenes,
        canvas,
        rates(usual.lr if lr is None else lr, scale),
        perceptor=perceptor,
        steps=usual.steps if steps is None else steps,
        cutouts=count,
        preset=usual.preset if preset == "auto" else preset,
        change_every=change_every,
        fade=fade,
        more=pull,
        name="paint" if start else "",
        how={"distance": "cosine", "weight": float(count)} if usual is ORIGINAL else None,
    )
    first = usual.start_steps if start_steps is None else start_steps
    fit = start and not isinstance(start, Vectors)
    stages = (fitted(canvas, start, first), stage) if start and fit else (stage,)
    return Recipe(name="clipdraw", title=prompts.title(scenes), stages=stages)


def rates(points: Number, scale: float) -> "Adam":
    """Adam with CLIPDraw's three rates, where a picture is so many times as large as theirs."""
    from reverie.curve import scaled
    from reverie.optimizer import Adam

    return Adam(
        lr={
            "points": scaled(points, scale),
            "widths": WIDTH_RATE * scale,
            "colours": COLOUR_RATE,
        }
    )


def fitted(canvas: "Strokes", start: "StartSpec", steps: int) -> "Stage":
    """A stage that brings shapes near to the picture that they begin on."""
    from reverie.errors import SpecError
    from reverie.loss.pixel import PixelPull
    from reverie.recipe import Stage

    if steps < 1:
        raise SpecError(
            f"start_steps: got {steps}; 1 or more, or --init none to start from nothing"
        )
    return Stage(
        canvas=canvas,
        losses={"start": PixelPull(towards=start, scales=SCALES)},
        optimizer=rates((1.0, 0.2), min(canvas.size) / SIDE),
        steps=steps,
        name="start",
    )


def repelled(scenes: "Scenes") -> "Scenes":
    """The scenes, each with what CLIPDraw pushes away from."""
    from reverie.prompt import Prompt

    away = tuple(Prompt(words=words, weight=NEGATIVE_WEIGHT) for words in NEGATIVE)
    return tuple((*scene, *away) for scene in scenes)


def pens(palette: str) -> tuple[str, ...]:
    """The colours of a palette, in a file or with commas between; none of an empty one."""
    from reverie.raster.pens import read_pens

    return tuple(pen.colour for pen in read_pens(palette)) if palette.strip() else ()
