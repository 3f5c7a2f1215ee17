"""Train the pocket VQGAN: `python -m training.vqgan --run vqgan-a --steps 4000`.

It learns to keep pictures as grids of codes, from crops of scenes: so things have the size they
have in whole pictures. Phases and folders are as in `training.clip`; `--from RUN` goes on with the
weights of another, and may add a critic that tells crops from what was decoded.

Source: VQGAN (Esser et al. 2021); codes that follow the mean of what chose them (van den Oord et
al. 2017), and are set anew where nothing does (Dhariwal et al. 2020).
Differs: the features that are compared are those of `pocket-clip`; codes are swapped in training.
"""

import argparse
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from reverie.nets import pocket_biggan
from reverie.nets.pocket_vqgan import SIZES, PocketVQGAN, on_sphere
from reverie.nets.vqgan import nearest, rows_of
from training import loop, pocket, reconstruction
from training.dice import pick, stream, uniform
from training.likeness import Critic, Eyes, distance, perceived
from training.plans import Shares
from training.scenes import Composer
from training.sprites import TEST_STYLE, sprites

CROPS = 2  # so many are taken from each scene
SHARES = Shares(portrait=0.15, filtered=0.15, hard=0.0)
WARM = 200  # steps in which the learning rate rises
STEADY = 0.99  # how much of a code's mean stays at each step
SELDOM = 0.05  # codes that are chosen less than that, in parts of an equal share, are set anew
CALM = 0.3  # the critic's learning rate, in parts of the network's
COMMITMENT = 0.1
PERCEPTION = 0.12
TESTED = 48  # pictures that are measured now and then


def crops(composer: Composer, count: int, size: int, *, seed: int, step: int) -> Tensor:
    """Pieces of new scenes. `[count, 3, size, size]` in [0, 1]"""
    scenes = composer.unworn(-(-count // CROPS), seed=seed, step=step)
    draws = stream(seed + 1, step, scenes.device)
    y, x = pick(draws, composer.size - size + 1, 2, count).tolist()
    rows = [
        scenes[at // CROPS, :, top : top + size, left : left + size]
        for at, (top, left) in enumerate(zip(y, x, strict=True))
    ]
    return torch.stack(rows)


def damaged(rows: Tensor, codebook: Tensor, share: float, draws: Generator) -> Tensor:
    """Latents in which up to that share of each picture's rows are any others. `[b, d, h, w]`"""
    b, _, h, w = rows.shape
    hurt = uniform(draws, b, 1, h, w) < share * uniform(draws, b, 1, 1, 1)
    return torch.where(hurt, rows_of(pick(draws, len(codebook), b, h, w), codebook), rows)


def _points(latents: Tensor) -> Tensor:
    return latents.permute(0, 2, 3, 1).flatten(0, 2)  # [b, d, h, w] -> [b h w, d]


class Codes:
    """The codebook of a network in training: each code is the mean of the latents that chose it."""

    def __init__(self, codebook: Tensor):
        self.codebook = codebook
        self.counts = torch.zeros(len(codebook), device=codebook.device)  # nobody chose them yet
        self.sums = torch.zeros_like(codebook)

    @torch.no_grad()
    def follow(self, latents: Tensor, chosen: Tensor, draws: Generator) -> None:
        """Move the codes to where the latents `[n, d]` are that chose them `[n]`; codes that
        hardly anything chooses become some of the latents."""
        self.counts.mul_(STEADY).index_add_(0, chosen, latents.new_full(chosen.shape, 1 - STEADY))
        self.sums.mul_(STEADY).index_add_(0, chosen, latents * (1 - STEADY))
        share = len(latents) / len(self.codebook)
        unused = (self.counts < SELDOM * share).nonzero()[:, 0]
        if len(unused):
            self.sums[unused] = latents[pick(draws, len(latents), len(unused))] * share / 4
            self.counts[unused] = share / 4
        self.codebook.copy_(on_sphere(self.sums))


class Learner:
    """The network, the counts of its codes, its running mean, and a critic.

    tests: pictures that are measured now and then; adversary: how much the critic counts, in parts
    of all else; damage: up to so many of the codes of a picture are swapped for others, so that
    what does not fit is drawn clean too.
    """

    def __init__(
        self, rate: loop.Rate, tests: Tensor, *, seed: int, adversary: float, damage: float
    ):
        torch.manual_seed(seed)
        self.rate, self.tests, self.seed, device = rate, tests, seed, tests.device
        self.adversary, self.damage = adversary, damage
        self.net, self.mean = (
            PocketVQGAN(**SIZES).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            for _ in range(2)
        )
        self.mean.load_state_dict(self.net.state_dict())
        self.eyes = Eyes().to(device)
        self.codes = Codes(self.net.codebook)
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), rate.high, betas=(0.9, 0.98), weight_decay=0.0, fused=True
        )
        self.critic = Critic().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.critical = torch.optim.Adam(self.critic.parameters(), rate.high, betas=(0.5, 0.98))
        self.step = 0

    def warm(self, state: dict[str, Any]) -> None:
        """Begin with the running mean and the critic of another run."""
        self.net.load_state_dict(state["mean"])
        self.mean.load_state_dict(state["mean"])
        self.critic.load_state_dict(state["critic"])
        self.codes.counts.copy_(state["counts"])
        self.codes.sums.copy_(state["sums"])

    def learn(self, given: Tensor) -> dict[str, float]:
        """One step; gives what it measured."""
        rate = self.rate(self.step)
        self.optimizer.param_groups[0]["lr"] = rate
        self.critical.param_groups[0]["lr"] = CALM * rate
        draws = stream(self.seed + 2, self.step, given.device)
        given = given.to(memory_format=torch.channels_last)
        with self._fast():
            latents = self.net.latents(given * 2 - 1)
        chosen = nearest(latents, self.net.codebook)  # in float32
        rows = rows_of(chosen, self.net.codebook)
        codes = damaged(latents + (rows - latents).detach(), self.net.codebook, self.damage, draws)
        with self._fast():
            pictures = (self.net.decode(codes) + 1) / 2
        commitment = (latents - rows).square().mean()
        told, wish = self._wish(pictures, given)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward([pictures, COMMITMENT * commitment], [wish, None])
        told["gradient"] = float(nn.utils.clip_grad_norm_(self.net.parameters(), 1.0))
        self.optimizer.step()
        if self.adversary:
            told["critic"] = self._criticise(given, pictures.detach())
        self.codes.follow(_points(latents.detach()), chosen.flatten(), draws)
        self.step += 1
        loop.follow(self.mean, self.net, self.step)
        far = float((pictures.detach().clamp(0, 1) - given).square().mean())
        told |= {"commitment": float(commitment.detach()), "psnr": -10 * math.log10(far)}
        used = reconstruction.perplexity(self.codes.counts)
        return {"step": self.step, **told, "perplexity": used, "lr": rate}

    def _wish(self, pictures: Tensor, given: Tensor) -> tuple[dict[str, float], Tensor]:
        """How far off the pictures are, and the gradient by them. The critic's part in it is as
        long as `adversary` says, in parts of the rest."""
        with self._fast():
            seen = self.eyes(pictures)
            with torch.no_grad():
                wanted = self.eyes(given)
        far, strange = distance(pictures, given), perceived(seen, wanted)
        (wish,) = torch.autograd.grad(far + PERCEPTION * strange, pictures)
        if self.adversary:
            with self._fast():
                doubt = -self.critic(pictures).mean()
            (push,) = torch.autograd.grad(doubt, pictures)
            wish = wish + self.adversary * wish.norm() / push.norm().clamp(min=1e-12) * push
        return {"distance": float(far.detach()), "perception": float(strange.detach())}, wish

    def _criticise(self, given: Tensor, pictures: Tensor) -> float:
        """The critic learns from what was drawn and what was decoded."""
        with self._fast():
            error = self.critic.error(given, pictures)
        self.critical.zero_grad(set_to_none=True)
        error.backward()
        self.critical.step()
        return float(error.detach())

    def _fast(self) -> torch.autocast:
        return torch.autocast(self.tests.device.type, torch.bfloat16)

    def measure(self) -> dict[str, float]:
        """What the mean network keeps of pictures in a style it never saw."""
        kept = reconstruction.kept(self.mean, self.tests)
        return {"unseen psnr": kept.psnr, "unseen perplexity": reconstruction.perplexity(kept.used)}

    def shown(self, given: Tensor) -> tuple[Tensor, list[str]]:
        """Crops beside what is left of them, then dreams: any codes, alike where they are near."""
        some = given[:12]
        both = torch.stack([some, reconstruction.again(self.mean, some)], 1).flatten(0, 1)
        draws = Generator(given.device).manual_seed(self.step)
        dreamt = dreams(self.mean, 24, given.shape[-1], draws)
        return torch.cat([both, dreamt]), ["crop", "left"] * len(some) + ["dream"] * len(dreamt)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "critic": self.critic.state_dict(),
            "critical": self.critical.state_dict(),
            "counts": self.codes.counts,
            "sums": self.codes.sums,
            "step": self.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.critic.load_state_dict(state["critic"])
        self.critical.load_state_dict(state["critical"])
        self.codes.counts.copy_(state["counts"])
        self.codes.sums.copy_(state["sums"])
        self.step = state["step"]


@torch.no_grad()
def dreams(net: PocketVQGAN, count: int, side: int, draws: Generator) -> Tensor:
    """Decoded codes that nobody encoded: near places have like codes. `[count, 3, side, side]`"""
    cells = side // net.scale
    shape = (count, net.codebook.shape[1], max(cells // 2, 1), max(cells // 2, 1))
    noise = torch.randn(shape, generator=draws, device=net.codebook.device)
    smooth = F.interpolate(noise, (cells, cells), mode="bicubic")
    rows = rows_of(nearest(smooth, net.codebook), net.codebook)
    return ((net.decode(rows) + 1) / 2).clamp(0, 1)


def main() -> None:
    """Train one phase."""
    options = _options()
    folder = pocket.RUNS / options.run
    device = loop.begin(options, folder)
    known = sprites(options.data, pocket_biggan.STYLES, size=reconstruction.SIDE).to(device)
    composer = Composer(known, size=reconstruction.SIDE, shares=SHARES)
    rate = loop.Rate(options.lr, options.end, WARM, options.steps)
    tests = reconstruction.scenes(options.data, TEST_STYLE, TESTED).to(device)
    learner = Learner(
        rate, tests, seed=options.seed, adversary=options.adversary, damage=options.damage
    )
    if not loop.resume(learner, folder, device) and options.start:
        path = pocket.RUNS / options.start / "state.pt"
        learner.warm(torch.load(path, weights_only=True, map_location=device))

    def make(step: int) -> Tensor:
        return crops(composer, options.batch, options.size, seed=options.seed, step=step)

    every = loop.Every(told=25, kept=options.every)
    loop.train(learner, make, folder, steps=options.steps, batch=options.batch, every=every)


def _options() -> argparse.Namespace:
    parser = loop.parser(__doc__, steps=4000, batch=64, lr=1.5e-3, end=1e-5, seed=21)
    parser.add_argument("--size", type=int, default=64, help="side of the crops")
    parser.add_argument("--adversary", type=float, default=0.0, help="how much a critic counts")
    parser.add_argument("--damage", type=float, default=0.0, help="most codes that are swapped")
    return parser.parse_args()


if __name__ == "__main__":
    main()
