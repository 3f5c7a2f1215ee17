"""StyleCLIPDraw: strokes pulled towards the words, and towards the style of a picture, at once.

Source: Schaldenbrand, Liu and Oh, "StyleCLIPDraw" (2022), https://arxiv.org/abs/2202.12362, which
is three programs: `fast`, what the notebook runs (RMSprop, content fading at 80 %); `slow`, the
notebook's other function (Adam as in CLIPDraw); `replicate`, its web version (ten views, style
twice as strong, content dropped at 90 %).
Differs: one optimiser follows both pulls. In `slow` theirs is another, which takes 50 steps for the
style at every fifth step; here the style pulls at every step, as strong as all views together.
`fast` there jumps to its last fifth when words have not come nearer for 50 steps; here --patience
ends a run. Larger pictures are no other run, for a drawing is an SVG, too. Without VGG16 the layers
of the perceptor see the style. Where the pocket perceptor judges, strokes begin on a drawing.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from reverie.curve import Number, Steps

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.optimizer import OptimizerSpec
    from reverie.protocols import LossSpec, PerceptorSpec
    from reverie.recipe import Recipe
    from reverie.recipes.words import Scenes

Variant = Literal["auto", "fast", "slow", "replicate"]
FAST_RATES = {"points": 0.3, "widths": 0.6, "colours": 0.03}  # widths are whole, theirs half
SLOW_WIDTHS, SLOW_COLOURS = 0.2, 0.01
ART = "watercolour"


@dataclass(frozen=True)
class Usual:
    """How strokes are drawn, unless something else is asked for."""

    steps: int
    cutouts: int
    words: Number  # the weight of the mean over views
    strength: Number
    adam: bool
    preset: str = "clipdraw"
    init: str = "none"
    keep: Number = 0.0
    contrast: Literal["full", "half"] = "half"


USUAL = {
    "fast": Usual(
        steps=500,
        cutouts=4,
        words=Steps(at=((0.0, 1.0), (0.8, 0.1))),
        strength=1.0,
        adam=False,
    ),
    "slow": Usual(steps=1000, cutouts=4, words=4.0, strength=4.0, adam=True),
    "replicate": Usual(
        steps=500,
        cutouts=10,
        words=Steps(at=((0.0, 10.0), (0.9, 0.0))),
        strength=2.0,
        adam=True,
    ),
}
SMALL = Usual(
    steps=100,
    cutouts=8,
    words=1.0,
    strength=4.0,
    adam=True,
    preset="scene",
    init="guess",
    keep=(2.0, 1.0),
    contrast="full",
)


def styleclipdraw(
    prompt: str,
    *,
    style: str = "auto",
    strength: Number | None = None,
    variant: Variant = "auto",
    features: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] = (224, 224),
    strokes: int = 256,
    steps: int | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    width: float = 2.0,
    widest: float = 100.0,
    paper: str = "auto",
    init: str = "auto",
    start_steps: int = 150,
    keep: Number | None = None,
) -> "Recipe":
    """Draw the words with strokes, in the style of a picture: the drawing is an SVG, too.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        style: a picture, by path or link, or an art in which the pocket generator draws the words:
            pixel art, mosaic, stained glass, pencil, watercolour, oil, black and white, neon.
            auto: the art that the words name, or watercolour.
        strength: weight of the style: fast 1, slow 4, replicate 2, pocket 4.
        variant: which of the three programs: fast, slow, replicate. auto: fast, or as suits the
            pocket perceptor.
        features: who sees the style: vgg16, once it is imported, its file, or a perceptor. auto:
            vgg16 if it is imported, or else the first perceptor.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, to draw at; the SVG has every size.
        strokes: how many there are.
        steps: updates to make: fast 500, slow 1000, replicate 500, pocket 100.
        cutouts: views of the picture judged at every step: 4, replicate 10, pocket 8.
        preset: how views are cut, one of those of `fourier`: clipdraw, pocket scene.
        width: of strokes at first, and the least, in pixels of a picture of 224 a side.
        widest: the most that they may be wide.
        paper: its colour. auto: white, or that of the margin of what it starts from.
        init: what to start from: none (random strokes), guess (what the pocket generator draws),
            noise, pixels, perlin, gradient, a colour, or a picture: none, pocket guess.
        start_steps: updates that fit the strokes to that, before the words pull.
        keep: weight of a pull, in pixels, that keeps the picture near its start: 0, pocket 2..1.
    """
    from reverie import prompt as prompts
    from reverie.canvas.strokes import Strokes
    from reverie.loss.pixel import PixelPull
    from reverie.loss.style import StyleTransfer
    from reverie.recipe import Recipe
    from reverie.recipes import words
    from reverie.recipes.clipdraw import SCALES, SIDE, fitted
    from reverie.recipes.guess import attracting

    scenes = prompts.parse(prompt)
    seers = words.perceptors(perceptor)
    usual = usual_of(variant, seers)
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
        start=start,
    )
    more: dict[str, LossSpec] = {
        "style": StyleTransfer(
            picture=styled(style, scenes),
            features=seeing(features, seers),
            weight=usual.strength if strength is None else strength,
            contrast=usual.contrast,
        )
    }
    held = (usual.keep if keep is None else keep) if start or keep else 0
    if held:
        more["keep"] = PixelPull(weight=held, scales=SCALES)
    stage = words.judging(
        scenes,
        canvas,
        rates(usual, scale),
        perceptor=perceptor,
        steps=usual.steps if steps is None else steps,
        cutouts=usual.cutouts if cutouts is None else cutouts,
        preset=usual.preset if preset == "auto" else preset,
        more=more,
        name="paint" if start else "",
        how={"weight": usual.words, "distance": "cosine"},
    )
    stages = (fitted(canvas, start, start_steps), stage) if start else (stage,)
    return Recipe(name="styleclipdraw", title=prompts.title(scenes), stages=stages)


def usual_of(variant: Variant, seers: "tuple[PerceptorSpec, ...]") -> Usual:
    """How a variant draws."""
    from reverie.errors import SpecError
    from reverie.perceptor.pocket import Pocket
    from reverie.spec import hint

    if variant == "auto":
        return SMALL if isinstance(seers[0], Pocket) else replace(USUAL["fast"], contrast="full")
    if variant not in USUAL:
        raise SpecError(f"variant: {variant!r} is unknown{hint(variant, ['auto', *USUAL])}")
    return USUAL[variant]


def rates(usual: Usual, scale: float) -> "OptimizerSpec":
    """An optimiser, where a picture is so many times as large as theirs."""
    from reverie.curve import scaled
    from reverie.optimizer import Adam, RMSprop
    from reverie.recipes.clipdraw import FALLING

    if not usual.adam:
        grow = {"points": scale, "widths": scale, "colours": 1.0}
        return RMSprop(lr={name: scaled(FAST_RATES[name], by) for name, by in grow.items()})
    points = (1.0, 0.2) if usual is SMALL else FALLING
    return Adam(
        lr={
            "points": scaled(points, scale),
            "widths": SLOW_WIDTHS * scale,
            "colours": SLOW_COLOURS,
        }
    )


def styled(style: str, scenes: "Scenes") -> "str | StartSpec":
    """The picture with the style: itself, or what the pocket generator draws in an art.

    Raises:
        SpecError: it is neither.
    """
    from pathlib import Path

    from reverie.canvas.art import ARTS
    from reverie.canvas.drawing import Drawing
    from reverie.errors import SpecError
    from reverie.prompt import PICTURE, parse
    from reverie.recipes.guess import art_of, attracting, guess
    from reverie.spec import hint

    if style == "auto":
        style = art_of(scenes[0]) or ART
    if style in ARTS:
        some = scenes[0] if attracting(scenes[0]) else parse("a house and a tree")[0]
        return Drawing(arrangements=guess(some), art=style)  # type: ignore[arg-type]
    if PICTURE.search(style) or Path(style).is_file():
        return style
    raise SpecError(f"style: {style!r} is no picture, and no art{hint(style, ARTS)}")


def seeing(features: str, seers: "tuple[PerceptorSpec, ...]") -> "str | PerceptorSpec":
    """Who sees the style."""
    from reverie.perceptor.pocket import NETWORKS
    from reverie.recipes.words import first_installed, perceptors
    from reverie.weights.kinds import kind_of
    from reverie.weights.models import plain
    from reverie.weights.store import find, installed

    if features == "auto":
        return first_installed("vgg16") or seers[0]
    if features in NETWORKS:
        return perceptors(features)[0]
    kinds = {plain(model.name): model.kind for model in installed()}
    kind = kinds.get(plain(features)) or kind_of(find(features).tensors())
    return features if kind == "vgg16" else perceptors(features)[0]
