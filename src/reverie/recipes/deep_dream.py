"""A picture in which a perceptor sees what it likes to see, and is shown more of it, in octaves.

Source: Mordvintsev, Olah and Tyka, "Inceptionism" (2015), and the DeepDream notebook: 4 octaves of
1.4, 10 steps each of 1.5 grey levels on average, a jitter, and guides; single neurons as in Olah
et al., "Feature Visualization" (2017).
Differs: any perceptor dreams; words guide, too; pictures are dreamt in tiles of the perceptor's own
size; no octave is left out where a picture is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.protocols import AugmentSpec, LossSpec, PerceptorSpec
    from reverie.recipe import Recipe
    from reverie.recipes.words import Scenes

LONGEST = 768  # pixels a side of a picture whose size is not asked for
PLAIN = (512, 384)  # size where there is no picture
SHORTEST = 8  # pixels a side of an octave
DEPTH = 0.6  # of the usual layer among all
WORDS = 3.0  # weight of words beside it


@dataclass(frozen=True)
class Usual:
    """How it is dreamt, unless something else is asked for."""

    octaves: int
    lr: Number


ORIGINAL = Usual(octaves=4, lr=0.006)
SMALL = Usual(octaves=5, lr=0.008)


def deep_dream(
    prompt: str,
    *,
    init: str = "auto",
    perceptor: str = "auto",
    layer: str = "auto",
    neuron: int | None = None,
    octaves: int | None = None,
    octave_scale: float = 1.4,
    size: tuple[int, int] | None = None,
    steps: int = 10,
    lr: Number | None = None,
    words: float | None = None,
    cutouts: int = 0,
    preset: str = "scene",
) -> "Recipe":
    """Dream on a picture: patterns, eyes and creatures grow out of its shapes.

    Args:
        prompt: the picture to dream on; or, where --init gives that, what guides the dream: words,
            or a picture, whose shapes come up everywhere.
        init: what to dream on: a picture, or perlin, guess and all else that `fourier` starts from.
            auto: the prompt, if it is one picture, and else perlin.
        perceptor: who dreams: model name or checkpoint file. auto: what is installed.
        layer: which of its layers, as reverie models layers names them: shallow ones like strokes,
            deep ones things; several with commas, and weights: block3,block7:0.5. auto: one
            behind the middle.
        neuron: one neuron of the layer, by its number, in place of all.
        octaves: sizes to dream in, one after the other, up to that of the picture: 4, pocket 5,
            or fewer where it is tiny.
        octave_scale: how much larger each is than the one before.
        size: width x height in pixels; if left out, that of the picture, or 768 on the longer side
            where it is larger; 512x384 without one.
        steps: updates in each octave.
        lr: how far pixels move at each on average, where white is 1: 0.006, pocket 0.008.
        words: weight of the words beside the layer: 3; 0 dreams without them.
        cutouts: so many views of the picture judged by the words, for a thing that fills it; 0:
            its tiles, for many all over.
        preset: how these views are cut, one of those of `fourier`.
    """
    from reverie import prompt as prompts
    from reverie.augment.tiles import Tiles
    from reverie.canvas.dream import Dream
    from reverie.device import machine
    from reverie.errors import SpecError
    from reverie.optimizer import NormalizedDescent
    from reverie.perceptor.layers import check_neuron, layered
    from reverie.recipe import Recipe, Stage

    scenes = prompts.parse(prompt)
    picture = alone(scenes)
    start = _start(scenes, picture, init)
    dreamer = _dreamer(perceptor)
    usual = SMALL if "pocket-clip" in dreamer.digests() else ORIGINAL
    whole = size or usual_size(start)
    count = octaves_in(whole, usual.octaves, octave_scale) if octaves is None else octaves
    sizes = octave_sizes(whole, count, octave_scale)
    on = machine()
    eye = layered(dreamer, on)
    tiles, layers = Tiles(side=eye.size), chosen(layer, eye.layers)
    if neuron is not None:
        check_neuron(neuron, eye, layers[0][0], on.device)
    losses = _seen(dreamer, layers, neuron, None if init == "auto" else picture, tiles)
    weight = WORDS if words is None else words
    if picture is None and weight:
        losses["prompts"] = _said(scenes, dreamer, weight, cutouts, preset, tiles)
    elif picture and (words or cutouts):
        raise SpecError(f"words, cutouts: {prompt!r} is a picture; there are no words to weigh")
    stages = tuple(
        Stage(
            canvas=Dream(size=shape, start=start),
            losses=losses,
            optimizer=NormalizedDescent(lr=usual.lr if lr is None else lr),
            steps=steps,
            name=f"octave-{number}",
        )
        for number, shape in enumerate(sizes, 1)
    )
    title = Path(picture).stem if picture else prompts.title(scenes)
    return Recipe(name="deep-dream", title=title, stages=stages)


def alone(scenes: "Scenes") -> str | None:
    """The picture that is the whole of a prompt, if it is one.

    Raises:
        SpecError: it has a place.
    """
    from reverie.errors import SpecError

    (first, *_), *more = scenes
    if first.picture and first.box and not (more or len(scenes[0]) > 1 or first.words):
        raise SpecError(f"{first.picture!r} is dreamt of as a whole; leave out its place")
    return None if more or len(scenes[0]) > 1 or first.words else first.picture


def usual_layer(layers: Sequence[str]) -> str:
    """Somewhat behind the middle, where strokes have become parts of things. Of a transformer's
    block the middle of its perceptron is taken, whose neurons stand for something each.

    Source: Ghiasi et al., "What do Vision Transformers Learn?" (2022),
    https://arxiv.org/abs/2212.06727, on these neurons.
    """
    layer = layers[round(DEPTH * (len(layers) - 1))]
    return f"{layer}.mlp" if f"{layer}.mlp" in layers else layer


def described(name: str) -> dict[str, tuple[int, ...]]:
    """The layers of a perceptor, with how many neurons each has, and places in a view."""
    from reverie.device import machine
    from reverie.perceptor.layers import layered, shape

    on = machine("cpu", "fp32")
    eye = layered(_dreamer(name), on)
    return {layer: shape(eye, layer, on.device) for layer in eye.layers}


def chosen(text: str, layers: Sequence[str]) -> list[tuple[str, float]]:
    """Reads layers with their weights, `block3,block7:0.5`, or `auto`."""
    from reverie.errors import SpecError
    from reverie.perceptor.layers import place

    if text == "auto":
        return [(usual_layer(layers), 1.0)]
    found = []
    for piece in text.split(","):
        name, colon, weight = piece.strip().partition(":")
        place(name, layers)
        try:
            found.append((name, float(weight) if colon else 1.0))
        except ValueError as error:
            raise SpecError(f"layer: {piece!r}; a number is wanted after the colon") from error
    return found


def octave_sizes(size: tuple[int, int], octaves: int, scale: float) -> list[tuple[int, int]]:
    """Of all octaves, the smallest first."""
    from reverie.errors import SpecError

    if octaves < 1:
        raise SpecError(f"octaves must be 1 or more, got {octaves}")
    if not 1 < scale <= 4:
        raise SpecError(f"octave_scale: {scale} is not above 1, and at most 4; 1.4 is usual")
    sizes = [
        (round(size[0] / scale**k), round(size[1] / scale**k)) for k in reversed(range(octaves))
    ]
    if min(sizes[0]) < SHORTEST:
        raise SpecError(
            f"octaves: the first of {octaves} would have {sizes[0][0]}x{sizes[0][1]} pixels, and "
            f"{SHORTEST} a side are the least; take fewer, or a larger size"
        )
    return sizes


def octaves_in(size: tuple[int, int], most: int, scale: float) -> int:
    """How many octaves a picture has room for, at least 1."""
    count = 1
    while count < most and scale > 1 and round(min(size) / scale**count) >= SHORTEST:
        count += 1
    return count


def usual_size(start: "StartSpec") -> tuple[int, int]:
    """That of the picture, or the same shape within `LONGEST`."""
    from reverie import image as images
    from reverie.canvas.start import Picture

    if not isinstance(start, Picture):
        return PLAIN
    width, height = images.open_upright(start.path).size
    share = min(1.0, LONGEST / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))


def _start(scenes: "Scenes", picture: str | None, init: str) -> "StartSpec":
    """What is dreamt on."""
    from reverie.canvas.start import Perlin, Picture
    from reverie.recipes import words

    if init == "auto":
        return Picture(path=picture) if picture else Perlin()
    return words.start(init, scenes)


def _dreamer(name: str) -> "PerceptorSpec":
    from reverie.errors import SpecError
    from reverie.recipes.words import perceptors

    first, *more = perceptors(name)
    if more:
        raise SpecError(f"perceptor: {name!r} are several; one dreams, and is told its layers")
    return first


def _seen(
    dreamer: "PerceptorSpec",
    layers: Sequence[tuple[str, float]],
    neuron: int | None,
    guide: str | None,
    tiles: "AugmentSpec",
) -> "dict[str, LossSpec]":
    """What makes layers stronger."""
    from reverie.errors import SpecError
    from reverie.loss.activation import Activation

    if neuron is not None and len(layers) > 1:
        raise SpecError("neuron: it is a number in one layer, and several layers are given")
    return {
        "dream" if len(layers) == 1 else f"dream-{number}": Activation(
            perceptor=dreamer,
            layer=layer,
            augment=tiles,
            neuron=neuron,
            guide=guide,
            weight=weight,
        )
        for number, (layer, weight) in enumerate(layers, 1)
    }


def _said(
    scenes: "Scenes",
    dreamer: "PerceptorSpec",
    weight: float,
    cutouts: int,
    preset: str,
    tiles: "AugmentSpec",
) -> "LossSpec":
    """What leads to words."""
    from reverie.loss.prompts import Prompts
    from reverie.recipes.words import views

    return Prompts(
        scenes=scenes,
        perceptors=(dreamer,),
        augment=views(cutouts, preset) if cutouts else tiles,
        weight=weight,
    )
