"""Generators that dream: what they draw from, and how a picture comes of their drawings.

Source: the noise of lucidrains/big-sleep (2021), and the candidates of FuseDream (Liu et al. 2021,
https://arxiv.org/abs/2112.01573): one class, and noise truncated at 2 deviations.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie.canvas.compositing import background, placed
from reverie.canvas.scene import painter
from reverie.canvas.stylegan import fitted
from reverie.nets import pocket_biggan as meaning
from reverie.nets.biggan import BigGANDeep, Interpolation, frozen
from reverie.protocols import Draws, Image, Machine
from reverie.weights import pocket
from reverie.weights.biggan_layouts import biggan_layout
from reverie.weights.store import find

POCKET = "pocket-biggan"
Size = tuple[int, int]
Noise = Float[Tensor, "n z"]
Drawn = Float[Tensor, "kinds b c s s"]
TAILS = 2.0  # of the noise of a candidate, in deviations
POSE = (0.5, 0.52, math.log(0.86), 0.0)  # of the pocket generator's thing


@dataclass(frozen=True)
class BigGANModel:
    """A generator, and the kinds of its drawings that together make a picture, from back to front.

    kinds: the classes that a drawing of each kind may have.
    asleep: mean and deviation of the logits of a random start, by kind.
    names: what the classes are called, where that is known, by kind.
    noise: of candidates of a kind, by their numbers.
    random: noise for every row of a kind, `[b, rows, z]`.
    mixed: noise for every row, of candidates by their numbers and their shares `[b, rows, k]`.
    picture: of the drawings, at any size.
    bound: no noise goes further from 0; None: anywhere.
    """

    network: BigGANDeep
    kinds: dict[str, slice]
    asleep: dict[str, tuple[float, float]]
    names: dict[str, tuple[str, ...]]
    noise: Callable[[str, Sequence[int]], Noise]
    random: Callable[[str, Draws], Tensor]
    mixed: Callable[[str, Sequence[int], Tensor, Draws], Tensor]
    picture: Callable[[Drawn, Size], Image]
    bound: float | None = None

    def drawn(
        self,
        latents: Sequence[Float[Tensor, "b rows z"]],
        classes: Sequence[Float[Tensor, "b rows _"]],
        truncation: float = 1.0,
        interpolation: Interpolation = "linear",
    ) -> Drawn:
        """What the generator makes of the conditions of each kind."""
        n = self.network.num_classes
        wide = [
            F.pad(each, (at.start, n - at.stop))  # the classes of other kinds are 0
            for each, at in zip(classes, self.kinds.values(), strict=True)
        ]
        drawn = self.network(torch.cat([*latents]), torch.cat(wide), truncation, interpolation)
        return drawn.unflatten(0, (len(self.kinds), -1))

    def number(self, kind: str, candidate: int) -> int:
        """The class of a candidate, among those of its kind: each has its turn."""
        at = self.kinds[kind]
        return candidate % (at.stop - at.start)


def published_model(model: str, machine: Machine) -> BigGANModel:
    """A BigGAN-deep as it was published."""
    found = find(model, "biggan")
    tensors, fields = biggan_layout(found.tensors(), found.config, str(found.path))
    return model_of(frozen(fields, tensors, machine.precision).to(machine.device))


def model_of(network: BigGANDeep) -> BigGANModel:
    """A network one drawing of which is the picture."""
    return BigGANModel(
        network,
        {"picture": slice(0, network.num_classes)},
        {"picture": (-3.9, 0.3)},
        {},
        lambda kind, numbers: truncated(numbers, network.z_dim),
        lambda kind, draws: draws.normal(network.rows, network.z_dim),
        lambda kind, numbers, share, draws: normal(share, truncated(numbers, network.z_dim)),
        lambda drawn, size: fitted(drawn[0], size),
    )


def pocket_model(machine: Machine) -> BigGANModel:
    """The generator of the package: a place, and a thing before it."""
    made, about = painter(machine), pocket.read(POCKET).about
    things, places = about["classes"], about["places"]
    many = {"place": len(places), "thing": len(things)}
    return BigGANModel(
        made.net,
        {
            "place": slice(len(things), len(things) + len(places)),
            "thing": slice(0, len(things)),
        },
        {kind: (-math.log(n), 0.3) for kind, n in many.items()},  # together about one class
        {"place": tuple(places), "thing": tuple(things)},
        meant,
        lambda kind, draws: meant_for(kind, draws)[:, None].expand(-1, made.net.rows, -1),
        unmixed,
        composed,
        bound=1.2,
    )


def truncated(numbers: Sequence[int], z: int) -> Noise:
    """Normal noise of each number, without its tails."""
    low, high = (0.5 * (1 + math.erf(x / math.sqrt(2))) for x in (-TAILS, TAILS))
    chance = Draws(numbers, 0, "candidate").uniform(z).double()
    return torch.special.ndtri(low + (high - low) * chance).float()


def normal(share: Float[Tensor, "b rows k"], noise: Noise) -> Float[Tensor, "b rows z"]:
    """A mixture that is as far from 0 as what is mixed."""
    return share @ noise / share.square().sum(-1, keepdim=True).sqrt()


def unmixed(kind: str, numbers: Sequence[int], share: Tensor, draws: Draws) -> Tensor:
    """Noise with a meaning is not mixed, for colours would turn grey: a place has that of the best
    candidate, and a thing an art style of its own."""
    if kind == "thing":
        own = meant_for(kind, draws)
    else:
        own = meant(kind, numbers[:1]).expand(len(share), -1)
    return own[:, None].expand(-1, share.shape[1], -1)


def meant(kind: str, numbers: Sequence[int]) -> Noise:
    """Noise with a meaning for candidates of the pocket generator."""
    return meant_for(kind, Draws(numbers, 0, "candidate"))


def meant_for(kind: str, draws: Draws) -> Noise:
    """Noise with a meaning: of a thing, an art style; of a place, its colours and its variant."""
    luck = draws.named(kind)
    if kind == "thing":
        style = luck.uniform(len(meaning.STYLES)).argmax(1)
        return meaning.thing(F.one_hot(style, len(meaning.STYLES)).float())
    first, second = luck.uniform(2, 3).unbind(1)
    variant = (draws.named("variant").uniform() * meaning.VARIANTS).long()
    return meaning.place(first, second, variant)


def composed(drawn: Drawn, size: Size) -> Image:
    """The drawings of the pocket generator, of -1 to 1, as a picture."""
    place, thing = (drawn + 1) / 2
    near = placed(thing, thing.new_tensor(POSE).expand(len(thing), -1), size)
    return (near[:, :3] + background(place, size) * (1 - near[:, 3:])).clamp(0, 1)


@lru_cache
def side_of(model: str) -> int:
    """Pixels a side of what a model draws. No tensors are read.

    Raises:
        WeightsError: it is not there, or is no BigGAN.
    """
    if model == POCKET:
        return 256  # things are drawn at 128, and enlarged with sharp edges
    found = find(model, "biggan")
    _, fields = biggan_layout(found.tensors(), found.config, str(found.path))
    return 4 << sum(upsample for upsample, _, _ in fields["layers"])
