"""A recipe is a whole run as data: what to draw on, what to aim for, how long."""

import dataclasses
import itertools
import re
from collections.abc import Iterator
from typing import Any

import reverie.augment.cutouts
import reverie.augment.tiles
import reverie.augment.whole
import reverie.canvas.averaged
import reverie.canvas.biggan
import reverie.canvas.drawing
import reverie.canvas.dream
import reverie.canvas.fourier
import reverie.canvas.outlined
import reverie.canvas.pixels
import reverie.canvas.portrait
import reverie.canvas.progan
import reverie.canvas.scene
import reverie.canvas.siren
import reverie.canvas.strokes
import reverie.canvas.stylegan
import reverie.canvas.stylegan_chosen
import reverie.canvas.vectors
import reverie.canvas.vqgan
import reverie.canvas.vqgan_codes
import reverie.loss.activation
import reverie.loss.biggan
import reverie.loss.colour
import reverie.loss.features
import reverie.loss.identity
import reverie.loss.latent
import reverie.loss.layers
import reverie.loss.lpips
import reverie.loss.pixel
import reverie.loss.prompts
import reverie.loss.smooth
import reverie.loss.style
import reverie.perceptor.clip
import reverie.perceptor.pocket
import reverie.perceptor.siglip  # noqa: F401  (importing a component makes its spec known)
from reverie.device import refuse_beyond_memory
from reverie.errors import SpecError
from reverie.optimizer import Adam, OptimizerSpec
from reverie.protocols import CanvasSpec, LossSpec, Machine
from reverie.spec import spec
from reverie.version import __version__


@spec
class Until:
    """When a stage may end before its last step. The score is the similarity, -1 to 1.

    `score` ends it as soon as every picture is that similar to its prompts; `patience` when the
    best score, averaged over the last steps, has not risen for so many steps.
    """

    score: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.score is not None and not -1 <= self.score <= 1:
            raise SpecError(f"the score is a cosine, -1 to 1, got {self.score}")
        if self.patience is not None and self.patience < 1:
            raise SpecError(f"patience is a number of steps, 1 or more, got {self.patience}")


@spec
class Stage:
    """One optimisation. A stage after the first goes on with the canvas before it where its own is
    the same or can take it over, and else starts from its picture."""

    canvas: CanvasSpec
    losses: dict[str, LossSpec]
    optimizer: OptimizerSpec = Adam()
    steps: int = 300
    until: Until = Until()
    name: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w-]{0,32}", self.name):
            raise SpecError(
                f"name: {self.name!r}; a stage has letters, digits and - in it, or none"
            )
        if self.steps < 1:
            raise SpecError(f"steps must be 1 or more, got {self.steps}")
        if not self.losses:
            raise SpecError("a stage needs at least one loss")


@spec
class Recipe:
    """A whole run. Picture i of `count` has the seed `seed + i`."""

    name: str
    title: str
    stages: tuple[Stage, ...]
    seed: int = 0
    count: int = 1
    version: str = __version__

    def __post_init__(self) -> None:
        if not self.stages:
            raise SpecError("a recipe needs at least one stage")
        if not 1 <= self.count <= 65536:
            raise SpecError(f"count must be 1 to 65536, got {self.count}")
        if not 0 <= self.seed < 2**63:
            raise SpecError(f"the seed must be 0 or more, and below 2**63, got {self.seed}")

    @property
    def seeds(self) -> range:
        return range(self.seed, self.seed + self.count)

    @property
    def steps(self) -> int:
        """Of all stages together."""
        return sum(stage.steps for stage in self.stages)

    @property
    def sizes(self) -> str:
        """Of the stages, in words: `128x128, then 256x256`."""
        texts = ["x".join(map(str, stage.canvas.size)) for stage in self.stages]
        return ", then ".join(text for text, _ in itertools.groupby(texts))


def refuse_beyond_room(recipe: Recipe, on: Machine) -> None:
    """Refuses what the machine has no memory for, before the system kills us for trying.

    Raises:
        CapacityError: with what would fit.
    """
    for canvas in (stage.canvas for stage in recipe.stages):
        refuse_beyond_memory(canvas.memory(on), canvas.size, recipe.count, on)


def digests(value: Any) -> dict[str, str]:
    """SHA-256 of every file that a recipe reads: weights and pictures, by name."""
    return {name: sha for part in _parts(value) for name, sha in part.digests().items()}


def _parts(value: Any) -> Iterator[Any]:
    if hasattr(value, "digests"):
        yield value
    if dataclasses.is_dataclass(value):
        for f in dataclasses.fields(value):
            yield from _parts(getattr(value, f.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _parts(item)


class Patience:
    """Watches the score of a stage, and says when it may end."""

    WINDOW = 20  # steps the score is averaged over: cutouts make one step's score noisy

    def __init__(self, until: Until, state: dict[str, Any] | None = None) -> None:
        self.until = until
        self.recent: list[float] = list(state["recent"]) if state else []
        self.best: float = state["best"] if state else float("-inf")
        self.since: int = state["since"] if state else 0

    def state(self) -> dict[str, Any]:
        return {"recent": list(self.recent), "best": self.best, "since": self.since}

    def enough(self, scores: list[float]) -> str | None:
        """Why the stage may end, given the score of every picture at this step, else None."""
        if self.until.score is not None and scores and min(scores) >= self.until.score:
            return f"the score has reached {self.until.score:g}"
        if self.until.patience is None or not scores:
            return None
        self.recent = [*self.recent, sum(scores) / len(scores)][-self.WINDOW :]
        mean = sum(self.recent) / len(self.recent)
        if mean > self.best + 1e-4:
            self.best, self.since = mean, 0
        else:
            self.since += 1
        if self.since >= self.until.patience:
            return f"the score has not risen for {self.until.patience} steps"
        return None
