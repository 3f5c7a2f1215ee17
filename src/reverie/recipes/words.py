"""What the recipes share: words, judged by CLIP, pull at a canvas."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reverie.optimizer import OptimizerSpec
    from reverie.protocols import CanvasSpec, PerceptorSpec
    from reverie.recipe import Recipe


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
    from reverie.augment.cutouts import Cutouts
    from reverie.loss.prompts import Prompts
    from reverie.loss.smooth import TotalVariation
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe, Stage
    from reverie.spec import from_json

    scenes = prompts.parse(prompt)
    cut = {"kind": "Cutouts", "count": cutouts, "preset": preset}
    losses: dict[str, LossSpec] = {
        "prompts": Prompts(
            scenes=scenes,
            perceptors=perceptors(perceptor),
            augment=from_json(cut, Cutouts, "$.cutouts"),
        )
    }
    if smooth:
        losses["smooth"] = TotalVariation(weight=smooth)
    stage = Stage(canvas=canvas, losses=losses, optimizer=optimizer, steps=steps)
    return Recipe(name=name, title=prompts.title(scenes), stages=(stage,))


def perceptors(names: str) -> "tuple[PerceptorSpec, ...]":
    """The perceptors named, with commas between; `auto` is the best one that is installed."""
    from reverie.errors import SpecError
    from reverie.perceptor.clip import Clip
    from reverie.perceptor.siglip import Transformers, serves

    chosen = [best()] if names == "auto" else [n.strip() for n in names.split(",") if n.strip()]
    if not chosen:
        raise SpecError(f"perceptor: {names!r} names no model; see reverie models list")
    return tuple(
        Transformers(folder=name) if serves(name) else Clip(weights=name) for name in chosen
    )


def best() -> str:
    """The installed model that comes first in the manifest, or else the first imported one.

    Raises:
        WeightsError: none is installed.
    """
    from reverie.errors import WeightsError
    from reverie.weights.manifest import entries
    from reverie.weights.store import installed

    order = list(entries())
    names = [model.name for model in installed() if model.kind == "clip"]
    if not names:
        raise WeightsError(
            "no CLIP model is installed; fetch one with: reverie models pull ViT-B/32, or name a "
            "checkpoint file with --perceptor"
        )
    return min(names, key=lambda name: order.index(name) if name in order else len(order))


def reworded(recipe: "Recipe", prompt: str) -> "Recipe":
    """The same recipe for other words."""
    import dataclasses

    from reverie import prompt as prompts
    from reverie.loss.prompts import Prompts

    scenes = prompts.parse(prompt)
    stages = tuple(
        dataclasses.replace(
            stage,
            losses={
                name: dataclasses.replace(loss, scenes=scenes)
                if isinstance(loss, Prompts)
                else loss
                for name, loss in stage.losses.items()
            },
        )
        for stage in recipe.stages
    )
    return dataclasses.replace(recipe, stages=stages, title=prompts.title(scenes))
