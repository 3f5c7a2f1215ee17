"""A drawing that grows: a few large shapes first, then finer ones where something is missing.

Source: shapes and rates of CLIPDraw (see `clipdraw.py`); growing as in LIVE (Ma et al., "Towards
Layer-wise Image Vectorization", 2022, https://arxiv.org/abs/2206.04655).
Differs: shapes are added many at a time, in places that are shared out among them, and those that
nobody sees any more are given up; pens of a palette draw along edges.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from reverie.curve import Number
from reverie.recipes.clipdraw import ORIGINAL, SMALL

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.canvas.strokes import Strokes
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe, Stage

ShapeName = Literal["strokes", "lines", "filled", "triangles"]
COUNTS = {"strokes": 192, "lines": 256, "filled": 96, "triangles": 128}
PENNED = 64  # shapes that pens draw
PEN = 1.6 / 100  # of the short side: how wide a pen's line is
LOOSE = (2.0, 1.0)  # the pull to the start, where a style changes colours
LINE = (0.5 / 100, 4.0 / 100)  # of the short side: lines are to look like lines
BRUSH = (0.5 / 100, 20.0 / 100)  # of the short side: the finest and the widest stroke


LARGE = replace(ORIGINAL, steps=500, lr=(1.0, 0.2), cutouts=16)


def draw(
    prompt: str,
    *,
    perceptor: str = "auto",
    size: tuple[int, int] = (512, 512),
    shape: ShapeName = "strokes",
    strokes: int | None = None,
    grow: int | None = None,
    palette: str = "",
    paper: str = "auto",
    width: float | None = None,
    opacity: Literal["auto", "free", "full"] = "auto",
    style: str = "",
    strength: Number = 2.0,
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    init: str = "auto",
    start_steps: int | None = None,
    keep: Number | None = None,
    change_every: int | None = None,
    fade: float = 0.0,
    mm: float | None = None,
) -> "Recipe":
    """Draw with strokes, lines, cut paper or triangles; the drawing is an SVG, too.

    Args:
        prompt: words, "a fox:1.5 | fog:0.3 ^ next scene"; pictures and links work too.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height in pixels, to draw at; the SVG has every size.
        shape: strokes of a brush, straight lines, filled outlines, or triangles.
        strokes: how many shapes there are in the end: 192 strokes, 256 lines, 96 filled, 128
            triangles; 64 of pens.
        grow: stages in which they come to be there, 3, of pens 2; with 1, all are there from the
            first step.
        palette: colours of the only pens that there are, with commas (black,#c0392b,teal), or a
            file of them.
        paper: its colour. auto: that of the margin of the start; for pens, or from nothing, white.
        width: of all strokes, in hundredths of the short side; if left out, a brush has every width
            and a pen 1.6.
        opacity: free lets what is below show through; full does not. auto: free, pens full.
        style: a picture, by path or link, whose colours and strokes it is to have, or an art of the
            pocket generator, such as mosaic or pencil; see styleclipdraw.
        strength: weight of the style.
        steps: updates that the words pull for: 500, pocket 80.
        lr: pixels that points move at most in a step, at 224 pixels: 1..0.2, pocket 0.8..0.2.
        cutouts: views of the picture judged at every step: 16.
        preset: how views are cut, one of those of `fourier`: clipdraw, pocket scene.
        init: what to start from: none (random strokes), guess (what the pocket generator draws),
            noise, pixels, perlin, gradient, a colour, a picture, or an SVG, whose
            shapes are taken: none, pocket guess.
        start_steps: updates that fit the shapes to that, before the words pull: 150.
        keep: weight of a pull, in squares of pixels, that keeps the picture near its start: 0,
            pocket 90..60, which lets go over the run.
        change_every: steps until the next ^ scene; each has an equal share if left out.
        fade: share of a scene over which it turns into the next.
        mm: width of the drawing on paper in millimetres; if left out, 96 pixels are an inch.
    """
    from reverie import prompt as prompts
    from reverie.canvas.outlined import Outlined
    from reverie.canvas.strokes import Strokes
    from reverie.canvas.vectors import Vectors
    from reverie.loss.pixel import PixelPull
    from reverie.loss.style import StyleTransfer
    from reverie.recipe import Recipe
    from reverie.recipes import words
    from reverie.recipes.clipdraw import SCALES, SIDE, pens, rates
    from reverie.recipes.guess import attracting
    from reverie.recipes.styleclipdraw import seeing, styled

    scenes = prompts.parse(prompt)
    seer = words.best() if perceptor == "auto" else perceptor
    usual = SMALL if seer == "pocket-clip" else LARGE
    init = usual.init if init == "auto" else init
    if init == "guess" and not attracting(scenes[0]):
        init = "none"
    start = None if init == "none" else words.start(init, scenes, ("none", "guess"))
    short, inks = min(size), pens(palette)
    penned = bool(inks) and shape in ("strokes", "lines")
    fixed = (PEN if penned else None) if width is None else width / 100
    brush = LINE if shape == "lines" else BRUSH
    thin, thick = brush if fixed is None else (fixed, fixed)
    usual_count, usual_parts = (PENNED, 2) if penned else (COUNTS[shape], 3)
    drawn = isinstance(start, Vectors)
    if inks and not drawn and paper == "auto":
        paper = "#ffffff"
    if start and penned and not drawn:
        start = Outlined(start=start, pens=inks, paper=paper, width=thin)
    canvas = Strokes(
        size=size,
        count=usual_count if strokes is None else strokes,
        shape=shape,
        segments=(3, 4) if shape == "filled" else (1, 3),
        width=short * (0.02 if fixed is None else fixed),
        widths=(short * thin, short * thick),
        paper=paper,
        pens=inks,
        opacity="free" if opacity == "auto" else opacity,
        start=start,
        mm=mm,
    )
    parts = growing(canvas, usual_parts if grow is None else grow)
    more: dict[str, LossSpec] = {}
    held = (usual.keep if keep is None else keep) if start or keep else 0
    if held:
        more["keep"] = PixelPull(weight=held, scales=SCALES, measure="square")
    if style:
        more["style"] = StyleTransfer(
            picture=styled(style, scenes),
            features=seeing("auto", words.perceptors(perceptor)),
            weight=strength,
        )
        if held and keep is None:  # colours are to change
            more["keep"] = PixelPull(weight=LOOSE, scales=SCALES)

    def judged(canvas: "Strokes", share: float, name: str) -> "Stage":
        return words.judging(
            scenes,
            canvas,
            rates(usual.lr if lr is None else lr, short / SIDE),
            perceptor=perceptor,
            steps=max(round((usual.steps if steps is None else steps) * share), 1),
            cutouts=usual.cutouts if cutouts is None else cutouts,
            preset=usual.preset if preset == "auto" else preset,
            change_every=change_every,
            fade=fade,
            more=more,
            name=name,
            how={"distance": "cosine"},
        )

    if start and not drawn:
        count = usual.start_steps if start_steps is None else start_steps
        stages = (*fitting(parts, start, count), judged(canvas, 1.0, "paint"))
    elif start:
        stages = (judged(canvas, 1.0, ""),)
    else:
        names = [f"part-{i + 1}" for i in range(len(parts))] if len(parts) > 1 else [""]
        stages = tuple(
            judged(part, 1 / len(parts), n) for part, n in zip(parts, names, strict=True)
        )
    return Recipe(name="draw", title=prompts.title(scenes), stages=stages)


def growing(canvas: "Strokes", parts: int) -> "list[Strokes]":
    """A canvas with ever more shapes, twice as many each time, in so many parts.

    Raises:
        SpecError: there can be no such number of parts.
    """
    from reverie.errors import SpecError

    if not 1 <= parts <= 8:
        raise SpecError(f"grow: got {parts}; 1 to 8 parts are wanted")
    counts = [max(canvas.count >> (parts - 1 - i), 1) for i in range(parts)]
    return [replace(canvas, count=n) for n in dict.fromkeys(counts)]


def fitting(parts: "list[Strokes]", start: "StartSpec", steps: int) -> "tuple[Stage, ...]":
    """Stages that bring ever more shapes near to the picture that they begin on."""
    from reverie.recipes.clipdraw import fitted

    each = fitted(parts[0], start, steps)  # refuses too few
    share = max(steps // len(parts), 1)
    return tuple(
        replace(
            each, canvas=part, steps=share, name=f"start-{i + 1}" if len(parts) > 1 else "start"
        )
        for i, part in enumerate(parts)
    )
