"""Train the pocket StyleGAN: `python -m training.stylegan --run faces-32 --size 32 --steps 1600`.

It learns to draw portraits from points of W, see `face_space.py`, by regression. Phases and folders
are as in `training.clip`; begin at 32 pixels, then go on with `--from RUN --size 64`, then 128:
each time the network gets one block more.

Source: StyleGAN2, Karras et al. (2019), https://arxiv.org/abs/1912.04958, grown as ProGAN is.
Differs: nothing is drawn from noise while it learns, so that every picture can simply be compared
with the portrait it should be; a critic may help at the end.
"""

import argparse
import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from training import face_space, loop, pocket
from training.dice import stream
from training.face_space import W_DIM
from training.likeness import Critic, Eyes, perceived
from training.muon import Muon
from training.stylegan_net import Painter

SIZES = (32, 64, 128)
WARM = 50  # steps in which the learning rate rises
SEEN = 64  # the longest side of pictures that the perceptor looks at
ADAM, CRITIC = 0.4, 0.02  # of the rate of Muon: for what is no convolution, and for the critic
SHOWN = 20
DETAIL = 4.0
# Half the width and height, and how far below the middle.
FACE, NOSE = (0.55, 0.5, 0.25), (0.2, 0.25, 0.25)


@dataclass(frozen=True)
class Lesson:
    """What to draw, and how it should look.

    ws: `[b, 2, W_DIM]`; pictures: `[b, 3, s, s]`.
    """

    ws: Tensor
    pictures: Tensor


def lesson(count: int, size: int, *, seed: int, step: int) -> Lesson:
    """New faces, drawn."""
    given = face_space.faces(count, stream(seed, step))
    return Lesson(given.ws, given.drawn(size))


def weights(size: int, detail: float) -> Tensor:
    """How much a pixel counts: most where the face is, and nose and mouth by `detail` more.
    `[1, 1, size, size]`, of mean 1."""
    axis = (torch.arange(size) + 0.5) * (2 / size) - 1
    counts = torch.ones(size, size)
    for (width, height, low), more in ((FACE, 2.0), (NOSE, detail)):
        far = (axis / width).square() + ((axis - low) / height).square()[:, None]
        counts = counts + more * torch.exp(-far)
    return (counts / counts.mean())[None, None]


def distance(pictures: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
    """As in `likeness.distance`, where pixels count more or less."""
    apart = pictures - wanted
    total = (counts * (apart.abs() + 2 * apart.square())).mean()
    for scaled, own in ((apart, counts), (2 * F.avg_pool2d(apart, 2), F.avg_pool2d(counts, 2))):
        total = total + 0.5 * (scaled.diff(dim=2).abs() * own[:, :, 1:]).mean()
        total = total + 0.5 * (scaled.diff(dim=3).abs() * own[..., 1:]).mean()
    return total + 0.5 * F.avg_pool2d(apart, 8).abs().mean()


def at_most(pictures: Tensor, side: int) -> Tensor:
    """Pictures, made smaller where their sides are longer than that."""
    return F.avg_pool2d(pictures, max(pictures.shape[-1] // side, 1))


class Learner:
    """The network and its running mean, and the critic.

    perception, adversary, detail: how much features count, the critic, and nose and mouth.
    """

    def __init__(
        self,
        size: int,
        rate: loop.Rate,
        *,
        seed: int,
        perception: float = 0.0,
        adversary: float = 0.0,
        detail: float = DETAIL,
    ) -> None:
        torch.manual_seed(seed)
        self.rate, self.perception, self.adversary = rate, perception, adversary
        self.net, self.mean = (
            Painter(size).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            for _ in range(2)
        )
        self.mean.load_state_dict(self.net.state_dict())
        self.counts, self.eyes = weights(size, detail), Eyes()
        named = list(self.net.named_parameters())
        turned = [w for name, w in named if name.startswith("convs") and w.ndim > 1]
        rest = [w for name, w in named if not (name.startswith("convs") and w.ndim > 1)]
        self.turning = Muon(turned, rate.high)
        self.optimizer = torch.optim.Adam(rest, rate.high, betas=(0.9, 0.98), fused=True)
        self.critic = Critic().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.critical = torch.optim.Adam(self.critic.parameters(), rate.high, betas=(0.5, 0.98))
        self.step = 0

    def warm(self, state: dict[str, Any]) -> None:
        """Begin with the running mean of another run, which may have fewer blocks. What a new block
        adds to the colours is nothing at first."""
        fresh = self.net.state_dict()
        for name, value in fresh.items():
            if name not in state["mean"] and name.startswith("colours") and "affine" not in name:
                fresh[name] = torch.zeros_like(value)
        self.net.load_state_dict(fresh | state["mean"])
        self.mean.load_state_dict(self.net.state_dict())
        self.critic.load_state_dict(state["critic"])

    def learn(self, given: Lesson) -> dict[str, float]:
        """One step; gives what it measured."""
        rate = self.rate(self.step)
        self.turning.param_groups[0]["lr"] = rate
        self.optimizer.param_groups[0]["lr"] = ADAM * rate
        with self._fast():
            pictures = self.net(given.ws)
        told, wish = self._wish(pictures.detach().requires_grad_(), given.pictures)
        for weight in self.net.parameters():
            weight.grad = None
        pictures.backward(wish)
        self.turning.step()
        self.optimizer.step()
        if self.adversary:
            self.critical.param_groups[0]["lr"] = CRITIC * rate
            told["critic"] = self._criticise(given.pictures, pictures.detach())
        self.step += 1
        loop.follow(self.mean, self.net, self.step)
        far = float((pictures.detach() - given.pictures).square().mean())
        return {"step": self.step, **told, "psnr": -10 * math.log10(far), "lr": rate}

    def _wish(self, pictures: Tensor, wanted: Tensor) -> tuple[dict[str, float], Tensor]:
        """How far off the pictures are, and the gradient by them. The critic's part in it is as
        long as `adversary` says, in parts of the rest."""
        total = distance(pictures, wanted, self.counts)
        told = {"distance": float(total.detach())}
        if self.perception:
            with self._fast():
                seen = self.eyes(at_most(pictures, SEEN))
                with torch.no_grad():
                    real = self.eyes(at_most(wanted, SEEN))
            strange = perceived(seen, real)
            told["perception"] = float(strange.detach())
            total = total + self.perception * strange
        (wish,) = torch.autograd.grad(total, pictures)
        if self.adversary:
            with self._fast():
                doubt = -self.critic(pictures).mean()
            (push,) = torch.autograd.grad(doubt, pictures)
            wish = wish + self.adversary * wish.norm() / push.norm().clamp(min=1e-12) * push
        return told, wish

    def _criticise(self, wanted: Tensor, pictures: Tensor) -> float:
        """The critic learns from what was wanted and what was drawn."""
        with self._fast():
            error = self.critic.error(wanted, pictures)
        self.critical.zero_grad(set_to_none=True)
        error.backward()
        self.critical.step()
        return float(error.detach())

    def _fast(self) -> torch.autocast:
        return torch.autocast(self.counts.device.type, torch.bfloat16)

    def measure(self) -> dict[str, float]:
        """Nothing: what it learns from it never sees again."""
        return {}

    @torch.no_grad()
    def shown(self, given: Lesson) -> tuple[Tensor, list[str]]:
        """Faces as the mean network draws them, beside the portraits; then the mean of W."""
        ws, wanted = given.ws[:SHOWN], given.pictures[:SHOWN]
        both = torch.stack([self.mean(ws), wanted], 1).flatten(0, 1)
        middle = self.mean(torch.zeros(1, 2, W_DIM))
        texts = ["drawn", "wanted"] * len(ws) + ["the mean of W"]
        return torch.cat([both, middle]).clamp(0, 1), texts

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {name: getattr(self, name).state_dict() for name in KEPT} | {"step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        for name in KEPT:
            getattr(self, name).load_state_dict(state[name])
        self.step = state["step"]


KEPT = ("net", "mean", "optimizer", "turning", "critic", "critical")


def main() -> None:
    """Train one phase."""
    options = _options()
    folder = pocket.RUNS / options.run
    loop.begin(options, folder)
    rate = loop.Rate(options.lr, options.end, WARM, options.steps)
    learner = Learner(
        options.size,
        rate,
        seed=options.seed,
        perception=options.perception,
        adversary=options.adversary,
        detail=options.detail,
    )
    if not loop.resume(learner, folder, torch.device("cpu")) and options.start:
        learner.warm(torch.load(pocket.RUNS / options.start / "state.pt", weights_only=True))

    def make(step: int) -> Lesson:
        return lesson(options.batch, options.size, seed=options.seed, step=step)

    every = loop.Every(told=50, kept=options.every)
    loop.train(learner, make, folder, steps=options.steps, batch=options.batch, every=every)


def _options() -> argparse.Namespace:
    parser = loop.parser(__doc__, steps=1600, batch=48, lr=1e-2, end=1e-3, seed=31)
    parser.add_argument("--size", type=int, default=64, choices=SIZES, help="side of the pictures")
    parser.add_argument("--perception", type=float, default=0.0, help="how much features count")
    parser.add_argument("--adversary", type=float, default=0.0, help="how much a critic counts")
    parser.add_argument(
        "--detail", type=float, default=DETAIL, help="how much more nose and mouth count"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
