"""CLIPasso: a picture as a few strokes of black ink, by what CLIP sees in both.

Source: Vinker et al., "CLIPasso" (2022), https://arxiv.org/abs/2202.05822: single cubics of one
width, black, that begin on salient edges; Adam at 1 pixel a step for points; two deep layers and a
tenth of the embeddings, four views; the best of three seeds.
Differs: places are drawn from the edges of the picture (theirs are edges weighed by what CLIP
attends to); a pen may be lifted; views show the whole picture, too, and white outside; words may
pull beside the picture; without a picture, what the pocket generator draws for the words is
sketched. --count 3 makes three, and the run says which is best.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe
    from reverie.recipes.words import Scenes

INK = 3.0  # pixels of a picture of 224 a side: a stroke's whole width


@dataclass(frozen=True)
class Usual:
    """How it is sketched, unless something else is asked for."""

    steps: int
    cutouts: int
    layers: tuple[str, ...] | None
    lr: Number


ORIGINAL = Usual(steps=2000, cutouts=4, layers=None, lr=1.0)
SMALL = Usual(steps=200, cutouts=4, layers=("block2", "block5", "block8"), lr=(1.0, 0.2))


def clip_sketch(
    prompt: str,
    *,
    perceptor: str = "auto",
    layers: str = "auto",
    size: tuple[int, int] = (224, 224),
    strokes: int = 24,
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "clipdraw",
    width: float = INK,
    palette: str = "black",
    paper: str = "white",
    words: float = 0.2,
) -> "Recipe":
    """Sketch a picture with a few strokes of ink: the sketch is an SVG, too.

    Args:
        prompt: the picture to sketch, a path or a link; words beside it, "photo.jpg | a fox", pull,
            too. Words alone: what the pocket generator draws for them is sketched.
        perceptor: who looks: model name or checkpoint file. auto: what is installed; RN101 is best.
        layers: of the perceptor, as reverie models layers names them, with commas. auto: two deep
            ones, pocket block2,block5,block8.
        size: width x height in pixels, to draw at; the SVG has every size.
        strokes: how many there are at the most: 32 and more show details, 8 and fewer the idea.
        steps: updates to make: 2000, pocket 200.
        lr: pixels that points move at most in a step, at 224 pixels: 1, pocket 1..0.2, which falls
            over the run.
        cutouts: views of both pictures that are compared at every step: 4.
        preset: how views are cut, one of those of `fourier`.
        width: of all strokes, in pixels of a picture of 224 a side.
        palette: colours of the pens that there are, with commas (black,#c0392b,teal), or a file of
            them.
        paper: its colour.
        words: weight of words beside the picture.
    """
    from reverie import prompt as prompts
    from reverie.canvas.strokes import Strokes
    from reverie.loss.layers import LayerPull
    from reverie.loss.prompts import Prompts
    from reverie.perceptor.pocket import Pocket
    from reverie.recipe import Recipe, Stage
    from reverie.recipes.clipdraw import SIDE, pens, rates
    from reverie.recipes.words import perceptors, views

    scenes = prompts.parse(prompt)
    seers = perceptors(perceptor)
    usual = SMALL if isinstance(seers[0], Pocket) else ORIGINAL
    goal, start, said = sketched(scenes)
    scale = min(size) / SIDE
    canvas = Strokes(
        size=size,
        count=strokes,
        segments=(1, 1),
        width=width * scale,
        widths=(width * scale, width * scale),
        paper=paper,
        pens=pens(palette),
        start=start,
        follow="edges",
    )
    cuts = views(usual.cutouts if cutouts is None else cutouts, preset)
    names = tuple(name.strip() for name in layers.split(",") if name.strip())
    losses: dict[str, LossSpec] = {
        "layers": LayerPull(
            perceptor=seers[0],
            augment=cuts,
            towards=goal,
            layers=usual.layers if layers == "auto" else names,
        )
    }
    if said and words:
        losses["prompts"] = Prompts(
            scenes=said, perceptors=seers, augment=cuts, weight=words, distance="cosine"
        )
    stage = Stage(
        canvas=canvas,
        losses=losses,
        optimizer=rates(usual.lr if lr is None else lr, scale),
        steps=usual.steps if steps is None else steps,
    )
    return Recipe(name="clip-sketch", title=prompts.title(scenes), stages=(stage,))


def sketched(scenes: "Scenes") -> "tuple[str | StartSpec, StartSpec, Scenes]":
    """What is sketched, what strokes begin on, and the words beside a picture.

    Raises:
        SpecError: there are several pictures, or words that nothing can be drawn for.
    """
    from reverie.canvas.drawing import Drawing
    from reverie.canvas.start import Picture
    from reverie.errors import SpecError
    from reverie.recipes.guess import attracting, guess

    pictures = {prompt.picture for scene in scenes for prompt in scene if prompt.picture}
    if len(pictures) > 1:
        raise SpecError(f"prompt: there are {len(pictures)} pictures, and one can be sketched")
    words = tuple(tuple(p for p in scene if not p.picture) for scene in scenes)
    said = words if all(words) else ()
    if pictures:
        (path,) = pictures
        return path, Picture(path=path), said
    if not attracting(scenes[0]):
        raise SpecError("prompt: name a picture to sketch, or a thing that can be drawn")
    drawing = Drawing(arrangements=guess(scenes[0]))
    return drawing, drawing, said
