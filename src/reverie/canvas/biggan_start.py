"""What a BigGAN dreams of before the first update.

Source: the random start of lucidrains/big-sleep (2021); the mixture of the best few of many
candidates of FuseDream (Liu et al. 2021), https://arxiv.org/abs/2112.01573.
Differs: FuseDream goes on optimising the shares of the mixture and what is mixed; here the mixture
is where noise and classes begin, and they go on as in BigSleep. Shares are those of whole rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.canvas.biggan_models import BigGANModel
from reverie.errors import SpecError
from reverie.protocols import Draws
from reverie.spec import spec

Begun = dict[str, tuple[Tensor, Tensor]]  # latents and logits of each kind of drawing
FLOOR = 1e-4  # of a class that is not in a mixture: it can come back
CEILING = 1 - 1e-3


class BigGANStart(ABC):
    """Data that describes how noise and classes begin."""

    @abstractmethod
    def draw(self, gan: BigGANModel, seeds: Sequence[int], temperature: float | None) -> Begun:
        """Of every picture, on the CPU. Each depends on its own seed alone.

        Args:
            temperature: of the softmax that classes are shares of; None: each is a sigmoid.
        """


@spec
class RandomClasses(BigGANStart):
    """Normal noise, and all classes a little."""

    def draw(self, gan: BigGANModel, seeds: Sequence[int], temperature: float | None) -> Begun:
        draws, begun = Draws(seeds, 0, "start"), {}
        for kind, at in gan.kinds.items():
            own, (mean, deviation) = draws.named(kind), gan.asleep[kind]
            luck = own.named("classes").normal(gan.network.rows, at.stop - at.start)
            begun[kind] = gan.random(kind, own), mean + deviation * luck
        return begun


@spec
class MixedClasses(BigGANStart):
    """A mixture of candidates: every row of every picture has shares of its own.

    picks: the numbers of the candidates of each kind of drawing, those that suit the words best
    among the first `among`, the best first.
    lead: how much of a share the best has before the others, as the logarithm of a factor.
    """

    picks: dict[str, tuple[int, ...]]
    among: int
    lead: float = 0.0

    def __post_init__(self) -> None:
        if self.among < 1:
            raise SpecError(f"among: got {self.among}; 1 candidate or more is wanted")
        for kind, numbers in self.picks.items():
            if not numbers or min(numbers) < 0:
                raise SpecError(f"picks: {kind}: got {list(numbers)}; name candidates, from 0 on")

    def draw(self, gan: BigGANModel, seeds: Sequence[int], temperature: float | None) -> Begun:
        if {*self.picks} != {*gan.kinds}:
            raise SpecError(
                f"picks: got {', '.join(self.picks) or 'none'}; this generator draws "
                f"{', '.join(gan.kinds)}"
            )
        return {
            kind: self._mixed(gan, kind, Draws(seeds, 0, f"start/{kind}"), temperature)
            for kind in gan.kinds
        }

    def _mixed(
        self, gan: BigGANModel, kind: str, draws: Draws, temperature: float | None
    ) -> tuple[Tensor, Tensor]:
        numbers, at = self.picks[kind], gan.kinds[kind]
        luck = draws.normal(gan.network.rows, len(numbers))  # [b, rows, k]
        luck[..., 0] += self.lead
        share = luck.softmax(-1)
        own = torch.tensor([gan.number(kind, number) for number in numbers])
        classes = share @ F.one_hot(own, at.stop - at.start).float()  # [b, rows, classes]
        classes = classes.clamp(FLOOR, CEILING)
        latents = gan.mixed(kind, numbers, share, draws)
        return latents, temperature * classes.log() if temperature else classes.logit()
