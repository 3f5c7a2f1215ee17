"""A saved recipe with other words, or with some options changed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.loss.prompts import Prompts
    from reverie.protocols import CanvasSpec, LossSpec
    from reverie.recipe import Recipe, Stage
    from reverie.recipes.words import Scenes

FIELDS = {  # an option of the plain recipes -> the field of a saved recipe that it changes
    "size": "canvas.size",
    "steps": "steps",
    "lr": "optimizer.lr",
    "init": "canvas.start",
    "perceptor": "losses.prompts.perceptors",
    "cutouts": "losses.prompts.augment.count",
    "preset": "losses.prompts.augment.preset",
    "augments": "losses.prompts.augment.augments",
    "smooth": "losses.smooth.weight",
    "decay": "canvas.decay",
    "style": "canvas.style",
    "vary": "canvas.vary",
    "art": "canvas.art",
    "model": "canvas.model",
    "max_classes": "canvas.max_classes",
    "temperature": "canvas.temperature",
    "keep": "losses.keep.weight",
    "keep_to": "losses.keep.towards",
    "keep_by": "losses.keep.measure",
    "change_every": "losses.prompts.every",
    "fade": "losses.prompts.fade",
    "space": "canvas.space",
    "label": "canvas.label",
    "layers": "canvas.layers",
    "hidden": "canvas.hidden",
    "averaging": "losses.prompts.averaging",
    "smallest": "losses.prompts.augment.smallest",
    "largest": "losses.prompts.augment.largest",
    "centre": "losses.prompts.augment.centre",
    "noise": "canvas.noise",
    "colours": "canvas.colours",
    "reach": "canvas.reach",
    "truncation": "canvas.start.truncation",
    "strokes": "canvas.count",
    "segments": "canvas.segments",
    "paper": "canvas.paper",
    "palette": "canvas.pens",
    "hold": "losses.hold.weight",
    "identity": "losses.identity.weight",
    "strength": "losses.style.weight",
}
CHOSEN_BY = {"model", "label", "truncation", "perceptor"}  # what decides about starts that suit


def brought(stage: "Stage", options: Mapping[str, Any]) -> "dict[str, LossSpec]":
    """The losses that options speak of and a saved stage lacks, or has of another kind.

    Raises:
        SpecError: a pull is spoken of that has no weight.
    """
    from reverie.errors import SpecError
    from reverie.loss.identity import IdentityPull
    from reverie.loss.latent import LatentPull
    from reverie.loss.pixel import PixelPull
    from reverie.loss.smooth import TotalVariation

    made: dict[str, LossSpec] = {}
    if "hold" in options and "hold" not in stage.losses:
        made["hold"] = LatentPull(towards="zero")
    if "identity" in options and "identity" not in stage.losses:
        made["identity"] = IdentityPull()
    if "smooth" in options and "smooth" not in stage.losses:
        made["smooth"] = TotalVariation()
    if not {"keep", "keep_to", "keep_by"} & {*options}:
        return made
    keep, by = stage.losses.get("keep"), options.get("keep_by")
    kind = PixelPull if by == "pixels" else LatentPull
    if keep is None:
        if "keep" not in options:
            raise SpecError("nothing keeps this picture near anything yet; give --keep 1, too")
        made["keep"] = kind()
    elif by and isinstance(keep, LatentPull | PixelPull) and not isinstance(keep, kind):
        made["keep"] = kind(weight=keep.weight, towards=keep.towards)
    return made


def varied(recipe: "Recipe", **options: Any) -> "Recipe":
    """The same recipe with some options of the plain recipes changed, in its only stage.

    Raises:
        SpecError: it has several stages, or lacks the field.
    """
    from reverie.augment.moves import read_augments
    from reverie.canvas.averaged import Averaged
    from reverie.errors import SpecError
    from reverie.recipes import vqgan
    from reverie.recipes.clipdraw import pens
    from reverie.recipes.words import perceptors
    from reverie.spec import edited, to_json

    stage, *more = recipe.stages
    if options and more:
        names = ", ".join(f"--{name}" for name in options)
        at = len(more)
        raise SpecError(
            f"{names}: this recipe has several stages, from 0 to {at}; set what is meant in each, "
            f"such as --set stages[{at}].steps=50 --set stages[{at}].canvas.size=[512,384]"
        )
    for name, loss in brought(stage, options).items():
        recipe = edited(recipe, f"stages[0].losses.{name}", to_json(loss))
    if options.get("keep_by") == "pixels":
        del options["keep_by"]  # pixels are measured in one way
    read: dict[str, Callable[[Any], Any]] = {
        "init": partial(_start, stage, options.get("truncation")),
        "perceptor": perceptors,
        "augments": read_augments,
        "palette": pens,
        "size": partial(vqgan.fitted, stage.canvas),
    }
    for name, value in options.items():
        if name not in FIELDS:
            raise SpecError(f"--{name} cannot go with --recipe, whose stages are made already")
        inner = FIELDS[name].startswith("canvas.") and isinstance(stage.canvas, Averaged)
        path = FIELDS[name].replace("canvas.", "canvas.canvas.") if inner else FIELDS[name]
        if name == "style" and "style" in stage.losses:
            path = "losses.style.picture"
        new = to_json(read[name](value) if name in read else value)
        recipe = edited(recipe, f"stages[0].{path}", new)
    return _chosen_anew(recipe) if CHOSEN_BY & {*options} else recipe


def _start(stage: "Stage", truncation: float | None, init: str) -> Any:
    """What the canvas of a saved stage starts from."""
    from reverie.canvas.biggan import BigGAN
    from reverie.canvas.stylegan import StyleGAN
    from reverie.canvas.vqgan import VQGAN
    from reverie.recipes import faces, vqgan, words
    from reverie.recipes.big_sleep import start as dream

    canvas, said = _bare(stage.canvas), _said(stage)
    if said and isinstance(canvas, StyleGAN):
        return faces.start(canvas, init, said, truncation)
    if said and isinstance(canvas, BigGAN):
        return dream(canvas, said, init)
    begin = vqgan.start if isinstance(canvas, VQGAN) else words.start  # codes are of tiles alone
    return begin(init, said.scenes if said else ())


def _bare(canvas: "CanvasSpec") -> "CanvasSpec":
    """A canvas without its running mean."""
    from reverie.canvas.averaged import Averaged

    return canvas.canvas if isinstance(canvas, Averaged) else canvas


def _said(stage: "Stage") -> "Prompts | None":
    """The first loss on words."""
    from reverie.loss.prompts import Prompts

    return next((loss for loss in stage.losses.values() if isinstance(loss, Prompts)), None)


def reworded(recipe: "Recipe", prompt: str) -> "Recipe":
    """The same recipe for other words. What it begins with is guessed or chosen anew; its art
    stays, unless the words ask for another, and so do other words of later stages, such as a
    nightmare's.

    Raises:
        SpecError: there are no words in it.
    """
    import dataclasses

    from reverie import prompt as prompts
    from reverie.errors import SpecError
    from reverie.loss.prompts import Prompts

    scenes = prompts.parse(prompt)
    before = next((loss.scenes for stage in recipe.stages if (loss := _said(stage))), None)
    if before is None:
        raise SpecError(f"there are no words in this recipe, so {prompt!r} can replace none")
    stages = tuple(
        dataclasses.replace(
            stage,
            canvas=_guessed(stage.canvas, scenes),
            losses={
                name: dataclasses.replace(loss, scenes=scenes)
                if isinstance(loss, Prompts) and loss.scenes == before
                else _aimed(loss, scenes)
                for name, loss in stage.losses.items()
            },
        )
        for stage in recipe.stages
    )
    recipe = dataclasses.replace(recipe, stages=stages, title=prompts.title(scenes))
    return _chosen_anew(recipe)


def _chosen_anew(recipe: "Recipe") -> "Recipe":
    """The same recipe, where starts that were chosen among many are chosen again."""
    import dataclasses

    from reverie.canvas.averaged import Averaged
    from reverie.canvas.biggan import BigGAN
    from reverie.canvas.stylegan import StyleGAN
    from reverie.recipes import candidates, choosing

    stages: list[Stage] = []
    for stage in recipe.stages:
        canvas, said = _bare(stage.canvas), _said(stage)
        if said and isinstance(canvas, StyleGAN | BigGAN):
            new: CanvasSpec
            if isinstance(canvas, BigGAN):
                new = candidates.anew(canvas, said)
            else:
                new = choosing.anew(canvas, said)
            if isinstance(stage.canvas, Averaged):
                new = dataclasses.replace(stage.canvas, canvas=new)
            stage = dataclasses.replace(stage, canvas=new)
        stages.append(stage)
    return dataclasses.replace(recipe, stages=tuple(stages))


def _aimed(loss: "LossSpec", scenes: "Scenes") -> "LossSpec":
    """A loss for other words: itself, unless it leads to a guess."""
    import dataclasses

    from reverie.loss.pixel import PixelPull

    if isinstance(loss, PixelPull) and not isinstance(loss.towards, str):
        return dataclasses.replace(loss, towards=_drawn(loss.towards, scenes))
    return loss


def _guessed(canvas: "CanvasSpec", scenes: "Scenes") -> "CanvasSpec":
    """A canvas for other words: itself, unless it began with a guess."""
    import dataclasses

    from reverie.canvas.averaged import Averaged
    from reverie.canvas.drawing import Drawing
    from reverie.canvas.outlined import Outlined
    from reverie.canvas.scene import Scene
    from reverie.recipes.guess import art_of, guess

    if isinstance(canvas, Averaged):
        return dataclasses.replace(canvas, canvas=_guessed(canvas.canvas, scenes))
    if isinstance(canvas, Scene):
        art = art_of(scenes[0]) or canvas.art
        return dataclasses.replace(canvas, arrangements=guess(scenes[0]), art=art)
    begun = getattr(canvas, "start", None)
    if isinstance(begun, Drawing | Outlined):
        return dataclasses.replace(canvas, start=_drawn(begun, scenes))  # type: ignore[call-arg]
    return canvas


def _drawn(start: "StartSpec", scenes: "Scenes") -> "StartSpec":
    """A start for other words: itself, unless it is a guess, or the outline of one."""
    import dataclasses

    from reverie.canvas.drawing import Drawing
    from reverie.canvas.outlined import Outlined
    from reverie.recipes.guess import guess

    if isinstance(start, Outlined):
        return dataclasses.replace(start, start=_drawn(start.start, scenes))
    if isinstance(start, Drawing):
        return dataclasses.replace(start, arrangements=guess(scenes[0]))
    return start
