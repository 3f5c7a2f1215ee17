"""Train the pocket VQGAN: `python -m training.vqgan --run vqgan-a --steps 4000`.

It learns to keep pictures as grids of codes, from crops of scenes: so things have the size they
have in whole pictures. Phases and folders are as in `training.clip`; `--from RUN` goes on with the
weights of another.

Source: VQGAN (Esser et al. 2021); codes that follow the mean of what chose them (van den Oord et
al. 2017), and are set anew where nothing does (Dhariwal et al. 2020).
Differs: the features that are compared are those of `pocket-clip`.
"""

import argparse
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from reverie.nets import pocket_biggan
from reverie.nets.pocket_clip import ImageTower
from reverie.nets.pocket_vqgan import SIZES, PocketVQGAN, on_sphere
from reverie.nets.vqgan import nearest, rows_of
from reverie.weights import pocket as shipped
from training import loop, pocket, reconstruction
from training.dice import pick, stream
from training.plans import Shares
from training.scenes import Composer
from training.sprites import sprites

CROPS = 2  # so many are taken from each scene
SHARES = Shares(portrait=0.15, filtered=0.15, hard=0.0)
WARM = 200  # steps in which the learning rate rises
STEADY = 0.99  # how much of a code's mean stays at each step
SELDOM = 0.05  # codes that are chosen less than that, in parts of an equal share, are set anew
COMMITMENT = 0.1
PERCEPTION = 0.12
TESTED = 48  # pictures that are measured now and then
STAGES = (1, 3, 4)  # blocks of the perceptor after which features are compared


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


class Eyes(nn.Module):
    """What the picture tower of `pocket-clip` makes of pictures in [0, 1], at several stages."""

    def __init__(self) -> None:
        super().__init__()
        model = shipped.read("pocket-clip")
        net = pocket.build("clip", pocket.sizes_of("clip", len(model.about["words"]) + 2))
        net.load_state_dict(model.tensors, strict=False)  # the counts of training are not shipped
        assert isinstance(net.image, ImageTower)
        self.stem, self.norm = net.image.stem, net.image.norm
        self.blocks = nn.ModuleList(net.image.blocks.children())[: max(STAGES) + 1]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        x = F.silu(self.norm(self.stem(pictures * 4 - 2)))
        seen = [x]
        for at, block in enumerate(self.blocks):
            x = block(x)
            if at in STAGES:
                seen.append(x)
        return [F.normalize(features.float(), dim=1) for features in seen]


def distance(pictures: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of colours, and of steps between neighbours at two sizes. For [0, 1]."""
    apart = pictures - wanted
    total = apart.abs().mean() + 2 * apart.square().mean()
    for scaled in (apart, 2 * F.avg_pool2d(apart, 2)):
        for axis in (2, 3):
            total = total + 0.5 * scaled.diff(dim=axis).abs().mean()
    return total


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
    """The network, the counts of its codes, and its running mean."""

    def __init__(self, rate: loop.Rate, tests: Tensor, *, seed: int):
        torch.manual_seed(seed)
        self.rate, self.tests, self.seed, device = rate, tests, seed, tests.device
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
        self.step = 0

    def warm(self, state: dict[str, Any]) -> None:
        """Begin with the running mean of another run."""
        self.net.load_state_dict(state["mean"])
        self.mean.load_state_dict(state["mean"])
        self.codes.counts.copy_(state["counts"])
        self.codes.sums.copy_(state["sums"])

    def learn(self, given: Tensor) -> dict[str, float]:
        """One step; gives what it measured."""
        rate = self.rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        given = given.to(memory_format=torch.channels_last)
        fast = torch.autocast(given.device.type, torch.bfloat16)
        with fast:
            latents = self.net.latents(given * 2 - 1)
        chosen = nearest(latents, self.net.codebook)  # in float32
        rows = rows_of(chosen, self.net.codebook)
        with fast:
            pictures = (self.net.decode(latents + (rows - latents).detach()) + 1) / 2
            seen = self.eyes(pictures)
            with torch.no_grad():
                wanted = self.eyes(given)
        losses = {
            "distance": distance(pictures, given),
            "perception": sum_of_squares(seen, wanted),
            "commitment": (latents - rows).square().mean(),
        }
        weights = {"distance": 1.0, "perception": PERCEPTION, "commitment": COMMITMENT}
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack([weights[name] * loss for name, loss in losses.items()]).sum().backward()
        size = nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        draws = stream(self.seed + 2, self.step, given.device)
        self.codes.follow(
            latents.detach().permute(0, 2, 3, 1).flatten(0, 2), chosen.flatten(), draws
        )
        self.step += 1
        loop.follow(self.mean, self.net, self.step)
        far = float((pictures.detach().clamp(0, 1) - given).square().mean())
        told = {name: float(loss.detach()) for name, loss in losses.items()}
        told |= {"psnr": -10 * math.log10(far), "gradient": float(size)}
        used = reconstruction.perplexity(self.codes.counts)
        return {"step": self.step, **told, "perplexity": used, "lr": rate}

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
            "counts": self.codes.counts,
            "sums": self.codes.sums,
            "step": self.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.codes.counts.copy_(state["counts"])
        self.codes.sums.copy_(state["sums"])
        self.step = state["step"]


def sum_of_squares(seen: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Squared distance of unit vectors at each place, the mean over places, summed over stages."""
    apart = [(a - b).square().sum(1).mean() for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(apart).sum()


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
    tests = reconstruction.unseen(options.data, TESTED).to(device)
    learner = Learner(rate, tests, seed=options.seed)
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
    return parser.parse_args()


if __name__ == "__main__":
    main()
