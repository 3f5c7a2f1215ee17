"""Train the mapping network of the pocket StyleGAN: noise to w.

Every noise is given a face: a Gaussian number for every choice of every attribute says which is
chosen, one for every measure how large it is, so that faces are as `portraits.sample` draws them.
The network learns the w of that face. Where a choice changes, it gives something in between.

Source: the layout of Karras et al., "A Style-Based Generator Architecture" (2018); the choice among
weighted things by noise is the Gumbel-max trick.
Differs: learnt by regression, for what a noise should become is known.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from training import face_space, loop, pocket, portraits
from training.dice import stream
from training.face_space import BLOCKS, NUMBERS, W_DIM
from training.muon import Muon
from training.portraits import Portraits

Z_DIM = NUMBERS  # a number of noise for each number of a face
WIDTHS = (Z_DIM, 448, 448, 448, W_DIM)
SIGNS = ("line", "side")
EDGE = 1e-6  # no chance is nearer to 0 or 1
WARM = 50
ADAM = 0.5  # of the rate, for the biases
TESTED = 2048  # noises that are never learnt from
SLOPE = 0.2


class Mapping(nn.Module):
    """The mapping network, by the names of NVIDIA's files."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*widths) for widths in pairwise(WIDTHS))

    def forward(self, z: Tensor) -> Tensor:
        x = unit(z)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * math.sqrt(2)
        return x

    def exported(self) -> dict[str, Tensor]:
        """The tensors, scaled as the layout wants them."""
        tensors = {"mapping.w_avg": torch.zeros(W_DIM)}
        for name, value in self.state_dict().items():
            _, number, what = name.split(".")
            gain = math.sqrt(value.shape[1]) if what == "weight" else 1.0
            tensors[f"mapping.fc{number}.{what}"] = value * gain
        return tensors


def unit(z: Tensor) -> Tensor:
    """Of mean square 1."""
    return z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def people(z: Tensor) -> Portraits:
    """The faces that noise stands for, `[b, Z_DIM]`."""
    chance = torch.special.ndtr(unit(z)).clamp(EDGE, 1 - EDGE)
    codes: dict[str, Tensor] = {}
    even, signs = [], []
    for block in BLOCKS:
        here = chance[:, block.at]
        if block.chosen:
            likely = portraits.weights(block.name, codes, len(z)).log()
            codes[block.name] = (likely - (-here.log()).log()).argmax(1)
        elif block.name in SIGNS:
            signs.append((here[:, 0] > 0.5).float())
        else:
            even.append(2 * here[:, 0] - 1)
    return portraits.made(codes, torch.stack(even), torch.stack(signs))


@dataclass(frozen=True)
class Lesson:
    """Noise, `[b, Z_DIM]`, and the w it should become, `[b, W_DIM]`."""

    z: Tensor
    w: Tensor


def lesson(count: int, draws: Generator) -> Lesson:
    """New noise."""
    z = torch.randn(count, Z_DIM, generator=draws)
    return Lesson(z, face_space.space().point(face_space.numbers(people(z))))


class Learner:
    """The mapping network and its running mean."""

    def __init__(self, rate: loop.Rate, *, seed: int) -> None:
        torch.manual_seed(seed)
        self.rate, self.net, self.mean = rate, Mapping(), Mapping()
        self.mean.load_state_dict(self.net.state_dict())
        weights = [weight for weight in self.net.parameters() if weight.ndim > 1]
        biases = [bias for bias in self.net.parameters() if bias.ndim == 1]
        self.turning = Muon(weights, rate.high)
        self.optimizer = torch.optim.Adam(biases, rate.high, betas=(0.9, 0.98))
        self.tests = lesson(TESTED, stream(seed + 1, 0))
        self.step = 0

    def learn(self, given: Lesson) -> dict[str, float]:
        """One step; gives what it measured."""
        rate = self.rate(self.step)
        self.turning.param_groups[0]["lr"] = rate
        self.optimizer.param_groups[0]["lr"] = ADAM * rate
        with torch.autocast(given.z.device.type, torch.bfloat16):
            found = self.net(given.z)
        error = (found.float() - given.w).square().mean()
        for weight in self.net.parameters():
            weight.grad = None
        error.backward()
        self.turning.step()
        self.optimizer.step()
        self.step += 1
        loop.follow(self.mean, self.net, self.step)
        return {"step": self.step, "error": float(error.detach()), "lr": rate}

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """The share of the variance of w that the mean network gives, of noise it never saw."""
        far = (self.mean(self.tests.z) - self.tests.w).square().mean()
        return {"explained": float(1 - far / self.tests.w.var(0).mean())}

    @torch.no_grad()
    def shown(self, given: Lesson) -> tuple[Tensor, list[str]]:
        """Faces that noise stands for."""
        some = people(given.z[:40])
        return portraits.draw(some, 64), ["wanted"] * len(some)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {name: getattr(self, name).state_dict() for name in KEPT} | {"step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        for name in KEPT:
            getattr(self, name).load_state_dict(state[name])
        self.step = state["step"]


KEPT = ("net", "mean", "turning", "optimizer")


def main() -> None:
    """Train it."""
    options = loop.parser(__doc__, steps=3000, batch=2048, lr=4e-3, end=5e-5, seed=41).parse_args()
    folder = pocket.RUNS / options.run
    loop.begin(options, folder)
    learner = Learner(loop.Rate(options.lr, options.end, WARM, options.steps), seed=options.seed)
    loop.resume(learner, folder, torch.device("cpu"))

    def make(step: int) -> Lesson:
        return lesson(options.batch, stream(options.seed, step))

    every = loop.Every(told=50, kept=options.every)
    loop.train(learner, make, folder, steps=options.steps, batch=options.batch, every=every)


if __name__ == "__main__":
    main()
