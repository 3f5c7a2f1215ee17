"""What the recipes share: words, judged by CLIP, pull at a canvas."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.optimizer import OptimizerSpec
    from reverie.prompt import Prompt
    from reverie.protocols import CanvasSpec, LossSpec, PerceptorSpec
    from reverie.recipe import Recipe, Stage

    Scenes = tuple[tuple[Prompt, ...], ...]


def judged(
    name: str,
    prompt: str,
    canvas: "CanvasSpec",
    optimizer: "OptimizerSpec",
    *,
    perceptor: str,
    steps: int,
    cutouts: int,
    preset: str,
    smooth: float,
) -> "Recipe":
    """One stage in which `perceptor` judges cutouts of `canvas` against `prompt`."""
    from reverie import prompt as prompts
    from reverie.recipe import Recipe

    scenes = prompts.parse(prompt)
    stage = judging(
        scenes,
        canvas,
        optimizer,
        perceptor=perceptor,
        steps=steps,
        cutouts=cutouts,
        preset=preset,
        smooth=smooth,
    )
    return Recipe(name=name, title=prompts.title(scenes), stages=(stage,))


def judging(
    scenes: "Scenes",
    canvas: "CanvasSpec",
    optimizer: "OptimizerSpec",
    *,
    perceptor: str,
    steps: int,
    cutouts: int,
    preset: str,
    augments: str = "",
    smooth: float = 0.0,
    change_every: int | None = None,
    fade: float = 0.0,
    more: "Mapping[str, LossSpec] | None" = None,
    name: str = "",
) -> "Stage":
    """A stage in which `perceptor` judges cutouts of `canvas` against parsed prompts, beside
    `more` losses."""
    from reverie.augment.cutouts import Cutouts
    from reverie.augment.moves import read_augments
    from reverie.loss.prompts import Prompts
    from reverie.loss.smooth import TotalVariation
    from reverie.recipe import Stage
    from reverie.spec import from_json, to_json

    chosen = to_json(read_augments(augments)) if augments else None
    cut = {"kind": "Cutouts", "count": cutouts, "preset": preset, "augments": chosen}
    losses: dict[str, LossSpec] = {
        "prompts": Prompts(
            scenes=scenes,
            perceptors=perceptors(perceptor),
            augment=from_json(cut, Cutouts, "$.cutouts"),
            every=change_every,
            fade=fade,
        )
    }
    if smooth:
        losses["smooth"] = TotalVariation(weight=smooth)
    losses |= dict(more or {})
    return Stage(canvas=canvas, losses=losses, optimizer=optimizer, steps=steps, name=name)


def start(init: str, scenes: "Scenes", more: Sequence[str] = ("guess",)) -> "StartSpec":
    """What a canvas starts from. `guess` is what the pocket generator draws for the words. A
    message of what can be said names `more`, too."""
    from reverie.canvas.drawing import Drawing
    from reverie.canvas.start import start_from
    from reverie.recipes.guess import guess

    return Drawing(arrangements=guess(scenes[0])) if init == "guess" else start_from(init, more)


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
    "keep": "losses.keep.weight",
    "keep_to": "losses.keep.towards",
    "keep_by": "losses.keep.measure",
    "change_every": "losses.prompts.every",
    "fade": "losses.prompts.fade",
}


def brought(stage: "Stage", options: Mapping[str, Any]) -> "dict[str, LossSpec]":
    """The losses that options speak of and a saved stage lacks, or has of another kind.

    Raises:
        SpecError: a pull is spoken of that has no weight.
    """
    from reverie.errors import SpecError
    from reverie.loss.latent import LatentPull
    from reverie.loss.pixel import PixelPull
    from reverie.loss.smooth import TotalVariation

    made: dict[str, LossSpec] = {}
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


REAL = {  # a pocket model -> what to fetch in its place
    "pocket-clip": "ViT-B/32",
    "pocket-vqgan": "vqgan_imagenet_f16_16384",
}


def varied(recipe: "Recipe", **options: Any) -> "Recipe":
    """The same recipe with some options of the plain recipes changed, in its only stage.

    Raises:
        SpecError: it has several stages, or lacks the field.
    """
    from reverie.augment.moves import read_augments
    from reverie.canvas.averaged import Averaged
    from reverie.canvas.vqgan import VQGAN
    from reverie.errors import SpecError
    from reverie.loss.prompts import Prompts
    from reverie.recipes import vqgan
    from reverie.spec import edited, to_json

    stage, *more = recipe.stages
    if options and more:
        names = ", ".join(f"--{name}" for name in options)
        raise SpecError(f"{names}: this recipe has several stages; use --set stages[0]....=VALUE")
    for name, loss in brought(stage, options).items():
        recipe = edited(recipe, f"stages[0].losses.{name}", to_json(loss))
    if options.get("keep_by") == "pixels":
        del options["keep_by"]  # pixels are measured in one way
    bare = stage.canvas.canvas if isinstance(stage.canvas, Averaged) else stage.canvas
    begin = vqgan.start if isinstance(bare, VQGAN) else start  # only tiles begin with codes
    said = [loss.scenes for loss in stage.losses.values() if isinstance(loss, Prompts)]
    read: dict[str, Callable[[Any], Any]] = {
        "init": partial(begin, scenes=said[0] if said else ()),
        "perceptor": perceptors,
        "augments": read_augments,
        "size": partial(vqgan.fitted, stage.canvas),
    }
    for name, value in options.items():
        if name not in FIELDS:
            raise SpecError(f"--{name} cannot go with --recipe, whose stages are made already")
        inner = FIELDS[name].startswith("canvas.") and isinstance(stage.canvas, Averaged)
        path = FIELDS[name].replace("canvas.", "canvas.canvas.") if inner else FIELDS[name]
        new = to_json(read[name](value) if name in read else value)
        recipe = edited(recipe, f"stages[0].{path}", new)
    return recipe


def perceptors(names: str) -> "tuple[PerceptorSpec, ...]":
    """The perceptors named, with commas between; `auto` is the best one that is installed."""
    from reverie.errors import SpecError
    from reverie.perceptor.clip import Clip
    from reverie.perceptor.pocket import NETWORKS, Pocket
    from reverie.perceptor.siglip import Transformers, serves

    chosen = [best()] if names == "auto" else [n.strip() for n in names.split(",") if n.strip()]
    if not chosen:
        raise SpecError(f"perceptor: {names!r} names no model; see reverie models list")
    made: list[PerceptorSpec] = []
    for name in chosen:
        if name in NETWORKS:
            made.append(Pocket(model=name))  # type: ignore[arg-type]
        else:
            made.append(Transformers(folder=name) if serves(name) else Clip(weights=name))
    return tuple(made)


def best() -> str:
    """The installed model that comes first in the manifest, or else the first imported one; or
    else the one in the package."""
    return first_installed("clip") or "pocket-clip"


def first_installed(*kinds: str) -> str | None:
    """The installed model of some kinds that comes first in the manifest, or the first imported
    one."""
    from reverie.weights.manifest import entries
    from reverie.weights.store import installed

    order = list(entries())
    names = [model.name for model in installed() if model.kind in kinds]
    place = {name: order.index(name) if name in order else len(order) for name in names}
    return min(names, key=place.__getitem__, default=None)


def remarks(recipe: "Recipe") -> list[str]:
    """What a user should know before the pocket models paint; empty when they do not."""
    from reverie.loss.prompts import Prompts
    from reverie.perceptor.pocket import understood
    from reverie.recipe import digests
    from reverie.weights.pocket import LIMITS, NAMES

    used = [name for name in digests(recipe) if name in NAMES]
    if not used:
        return []
    losses = [loss for stage in recipe.stages for loss in stage.losses.values()]
    scenes = [scene for loss in losses if isinstance(loss, Prompts) for scene in loss.scenes]
    texts = dict.fromkeys(prompt.words for scene in scenes for prompt in scene if prompt.words)
    said = understood(list(texts))
    pulls = [f"reverie models pull {REAL[name]}" for name in used if name in REAL]
    limits = f"with {' and '.join(used)}: {LIMITS}"
    if pulls:
        limits += f"; for all else: {' and '.join(pulls)}"
    return [said, limits] if said else [limits]


def reworded(recipe: "Recipe", prompt: str) -> "Recipe":
    """The same recipe for other words. What a scene begins with is guessed anew; its art stays,
    unless the words ask for another. So do other words of later stages, such as a nightmare's."""
    import dataclasses

    from reverie import prompt as prompts
    from reverie.loss.prompts import Prompts

    scenes = prompts.parse(prompt)
    losses = [loss for stage in recipe.stages for loss in stage.losses.values()]
    said = next((loss.scenes for loss in losses if isinstance(loss, Prompts)), None)
    stages = tuple(
        dataclasses.replace(
            stage,
            canvas=_guessed(stage.canvas, scenes),
            losses={
                name: dataclasses.replace(loss, scenes=scenes)
                if isinstance(loss, Prompts) and loss.scenes == said
                else loss
                for name, loss in stage.losses.items()
            },
        )
        for stage in recipe.stages
    )
    return dataclasses.replace(recipe, stages=stages, title=prompts.title(scenes))


def _guessed(canvas: "CanvasSpec", scenes: "Scenes") -> "CanvasSpec":
    """A canvas for other words: itself, unless it began with a guess."""
    import dataclasses

    from reverie.canvas.averaged import Averaged
    from reverie.canvas.drawing import Drawing
    from reverie.canvas.scene import Scene
    from reverie.recipes.guess import art_of, guess

    if isinstance(canvas, Averaged):
        return dataclasses.replace(canvas, canvas=_guessed(canvas.canvas, scenes))
    if isinstance(canvas, Scene):
        art = art_of(scenes[0]) or canvas.art
        return dataclasses.replace(canvas, arrangements=guess(scenes[0]), art=art)
    begun = getattr(canvas, "start", None)
    if isinstance(begun, Drawing):
        begun = dataclasses.replace(begun, arrangements=guess(scenes[0]))
        return dataclasses.replace(canvas, start=begun)  # type: ignore[call-arg]
    return canvas
