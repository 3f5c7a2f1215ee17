"""What the recipes share: words, judged by CLIP, pull at a canvas."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.augment.cutouts import Cutouts
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
    cut: "Mapping[str, Any] | None" = None,
    how: "Mapping[str, Any] | None" = None,
) -> "Stage":
    """A stage in which `perceptor` judges cutouts of `canvas` against parsed prompts, beside
    `more` losses.

    Args:
        cut, how: other fields of `Cutouts` and of `Prompts`.
    """
    from reverie.loss.prompts import Prompts
    from reverie.loss.smooth import TotalVariation
    from reverie.recipe import Stage

    losses: dict[str, LossSpec] = {
        "prompts": Prompts(
            scenes=scenes,
            perceptors=perceptors(perceptor),
            augment=views(cutouts, preset, augments=augments, **(cut or {})),
            every=change_every,
            fade=fade,
            **(how or {}),
        )
    }
    if smooth:
        losses["smooth"] = TotalVariation(weight=smooth)
    losses |= dict(more or {})
    return Stage(canvas=canvas, losses=losses, optimizer=optimizer, steps=steps, name=name)


def views(count: int, preset: str, *, augments: str = "", **more: Any) -> "Cutouts":
    """So many cutouts of a preset; `more` are other fields of theirs."""
    from reverie.augment.cutouts import Cutouts
    from reverie.augment.moves import read_augments
    from reverie.spec import from_json, to_json

    chosen = to_json(read_augments(augments)) if augments else None
    fields = {"kind": "Cutouts", "count": count, "preset": preset, "augments": chosen}
    return from_json(fields | to_json(more), Cutouts, "$.cutouts")


def start(init: str, scenes: "Scenes", more: Sequence[str] = ("guess",)) -> "StartSpec":
    """What a canvas starts from. `guess` is what the pocket generator draws for the words. A
    message of what can be said names `more`, too."""
    from reverie.canvas.drawing import Drawing
    from reverie.canvas.start import start_from
    from reverie.recipes.guess import guess

    return Drawing(arrangements=guess(scenes[0])) if init == "guess" else start_from(init, more)


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


REAL = {  # a pocket model -> what to fetch in its place
    "pocket-clip": "ViT-B/32",
    "pocket-vqgan": "vqgan_imagenet_f16_16384",
    "pocket-biggan": "biggan-deep-256",
    "pocket-stylegan": "stylegan2-ada-ffhq",
}


def remarks(recipe: "Recipe") -> list[str]:
    """What a user should know before it paints: with which models, and how far those of the
    package reach."""
    from reverie.loss.prompts import Prompts
    from reverie.perceptor.pocket import understood
    from reverie.recipe import digests
    from reverie.weights.pocket import LIMITS, NAMES

    used = [name for name in digests(recipe) if name in NAMES]
    others = [name for name in digests(recipe) if name not in NAMES and not is_picture(name)]
    own = [f"with {' and '.join(others)}"] if others else []
    if not used:
        return own
    losses = [loss for stage in recipe.stages for loss in stage.losses.values()]
    scenes = [scene for loss in losses if isinstance(loss, Prompts) for scene in loss.scenes]
    texts = dict.fromkeys(prompt.words for scene in scenes for prompt in scene if prompt.words)
    said = understood(list(texts))
    pulls = [f"reverie models pull {REAL[name]}" for name in used if name in REAL]
    limits = f"with {' and '.join(used)}: {LIMITS}"
    if pulls:
        limits += f"; for all else: {' and '.join(pulls)}"
    return [*own, said, limits] if said else [*own, limits]


def is_picture(name: str) -> bool:
    from reverie.prompt import PICTURE

    return bool(PICTURE.search(name))
