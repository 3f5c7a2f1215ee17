"""What a BigGAN dreams of: noise and classes of their own for every block of the generator.

Source: lucidrains/big-sleep (2021), `Latents` and `Model`: classes as sigmoids of logits, or as the
largest k of their softmax; truncation 1.
Differs: pictures of a batch have rows of their own; a size that the network does not draw is
scaled. The pocket generator draws a place and a thing before it, each from conditions of its own,
and its noise, which has meanings, stays within them.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.canvas.biggan_models import POCKET, BigGANModel, pocket_model, published_model, side_of
from reverie.canvas.biggan_start import BigGANStart, RandomClasses
from reverie.canvas.stylegan import NativeSize
from reverie.errors import SpecError
from reverie.nets.biggan import Interpolation
from reverie.protocols import Canvas, CanvasSpec, Image, Machine
from reverie.spec import spec
from reverie.weights import pocket
from reverie.weights.store import find


class Conditions(nn.Module):
    """What one drawing of the generator is made from.

    latents: `[b, rows, z]`; logits: `[b, rows, classes]`, of the classes that it may have.
    """

    def __init__(self, latents: Tensor, logits: Tensor) -> None:
        super().__init__()
        self.latents = nn.Parameter(latents.detach().clone())
        self.logits = nn.Parameter(logits.detach().clone())


class BigGANCanvas(Canvas):
    """Draws `conditions`, one for each kind of drawing that together make a picture.

    Args:
        max_classes: only so many classes of each row count, as shares that softmax gives them at
            `temperature`; None: all, each by the sigmoid of its own logit.
    """

    def __init__(
        self,
        gan: BigGANModel,
        size: tuple[int, int],
        conditions: dict[str, Conditions],
        *,
        max_classes: int | None = None,
        temperature: float = 2.0,
        truncation: float = 1.0,
        interpolation: Interpolation = "linear",
    ) -> None:
        super().__init__()
        self.gans = (gan,)  # shared by all canvases, so no part of the state
        self.size, self.max_classes, self.temperature = size, max_classes, temperature
        self.truncation = truncation
        self.interpolation: Interpolation = interpolation
        self.conditions = nn.ModuleDict(conditions)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        every = self._conditions()
        return {"latents": [c.latents for c in every], "classes": [c.logits for c in every]}

    def forward(self) -> Image:
        gan, classes = self.gans[0], self.classes()
        latents = [c.latents for c in self._conditions()]
        drawn = gan.drawn(latents, classes, self.truncation, self.interpolation)
        return gan.picture(drawn, self.size)

    def classes(self) -> list[Float[Tensor, "b rows _"]]:
        """The value of every class, 0 to 1, for each kind of drawing."""
        if self.max_classes is None:
            return [c.logits.sigmoid() for c in self._conditions()]
        k, temperature = self.max_classes, self.temperature
        return [soft_top_k(c.logits, k, temperature) for c in self._conditions()]

    def latents(self) -> Float[Tensor, "b rows z"]:
        """Of all kinds of drawings, one after the other."""
        return torch.cat([c.latents for c in self._conditions()], 1)

    @torch.no_grad()
    def project_(self) -> None:
        if (bound := self.gans[0].bound) is not None:
            for c in self._conditions():
                c.latents.clamp_(-bound, bound)

    def _conditions(self) -> list[Conditions]:
        return [c for c in self.conditions.values() if isinstance(c, Conditions)]


def soft_top_k(
    logits: Float[Tensor, "*rows n"], k: int, temperature: float
) -> Float[Tensor, "*rows n"]:
    """The largest k of each row, the first with its share of a softmax over all, the next with its
    share among those that are left, and so on; the others 0."""
    left, kept = logits / temperature, torch.zeros_like(logits)
    for _ in range(k):
        share, at = left.softmax(-1).max(-1, keepdim=True)
        kept = kept.scatter(-1, at, share)
        left = left.scatter(-1, at, float("-inf"))
    return kept


@spec
class BigGAN(CanvasSpec):
    """`model` is `pocket-biggan`, a name that `reverie models` lists, or a checkpoint's path.

    size: what the network draws, unless given; another is scaled, and its middle cut.
    max_classes: how many classes may mix in each row; None: all of them.
    temperature: of the softmax among classes, where `max_classes` is given.
    truncation, interpolation: which recorded statistics are used, see `nets/biggan.py`.
    """

    model: str = POCKET
    size: tuple[int, int] = NativeSize()  # type: ignore[assignment]
    start: BigGANStart = RandomClasses()
    max_classes: int | None = None
    temperature: float = 2.0
    truncation: float = 1.0
    interpolation: Interpolation = "linear"

    def __post_init__(self) -> None:
        if self.max_classes is not None and self.max_classes < 1:
            raise SpecError(f"max_classes: got {self.max_classes}; 1 or more can mix, or None: all")
        if not 0 < self.temperature <= 1000:
            raise SpecError(f"temperature: got {self.temperature}; it is above 0, such as 2")
        if not 0 <= self.truncation <= 1:
            raise SpecError(f"truncation: got {self.truncation}; it is 0 to 1")

    def native(self) -> tuple[int, int]:
        return side_of(self.model), side_of(self.model)

    def digests(self) -> dict[str, str]:
        small = self.model == POCKET
        return {self.model: pocket.digest(POCKET) if small else find(self.model, "biggan").digest()}

    def memory(self, machine: Machine) -> int:
        """As measured on CPUs with networks of the published widths, of 128 to 512 pixels a side:
        the larger a layer, the fewer its channels."""
        side = side_of(self.model)
        if self.model == POCKET:
            return 60_000_000 + 280 * self.size[0] * self.size[1]
        each = 1_500_000 if machine.precision is torch.bfloat16 else 2_300_000
        return each * side + super().memory(machine)

    def gan(self, machine: Machine) -> BigGANModel:
        return built(self.model, machine)

    def build(self, machine: Machine, seeds: Sequence[int]) -> BigGANCanvas:
        gan = self.gan(machine)
        for kind, columns in gan.kinds.items():
            if self.max_classes and self.max_classes > columns.stop - columns.start:
                raise SpecError(
                    f"max_classes: got {self.max_classes}, and {self.model} has only "
                    f"{columns.stop - columns.start} classes for a {kind}"
                )
        one = self.temperature if self.max_classes else None
        begun = self.start.draw(gan, seeds, one)
        conditions = {
            kind: Conditions(*(x.to(machine.device) for x in begun[kind])) for kind in gan.kinds
        }
        return BigGANCanvas(
            gan,
            self.size,
            conditions,
            max_classes=self.max_classes,
            temperature=self.temperature,
            truncation=self.truncation,
            interpolation=self.interpolation,
        )


@lru_cache(maxsize=2)
def built(model: str, machine: Machine) -> BigGANModel:
    """A model, built once for every machine."""
    return pocket_model(machine) if model == POCKET else published_model(model, machine)


def tiny() -> BigGAN:
    return BigGAN(size=(24, 16))
