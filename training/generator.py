"""Train the pocket BigGAN: `python -m training.generator --run biggan-a --size 32 --steps 5000`.

It learns to draw every concept in every art style, in its own colours or dyed, with alpha, and
every background in any two colours, by regression. Phases and folders are as in `training.clip`;
begin at 32 pixels, then go on with `--from RUN --size 64`, then 128: each time the network gets one
block more.

Source: the layout of BigGAN-deep (Brock et al. 2018).
Differs: no discriminator. What stands where is known, so a picture can simply be compared.
"""

import argparse
import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from reverie.nets import pocket_biggan as meaning
from reverie.nets.biggan import BigGANDeep
from training import backgrounds, colours, loop, pocket
from training.dice import pick, stream, uniform
from training.sprites import Sprites, sprites

PLACES = backgrounds.KINDS
SIZES = (32, 64, 128)
WARM = 100  # steps in which the learning rate rises
NAMES_FASTER = 3.0  # a class is seen seldom, so its embedding learns in larger steps


@dataclass(frozen=True)
class Lesson:
    """What to draw, and how it should look.

    z: `[b, 16]`; classes: `[b]` long; pictures: `[b, 4, s, s]`, colour multiplied by alpha.
    """

    z: Tensor
    classes: Tensor
    pictures: Tensor


def network(concepts: int, size: int) -> BigGANDeep:
    """The untrained generator of 32, 64 or 128 pixels. Its classes: the concepts, then the
    places."""
    layers = meaning.SIZES["layers"]
    kept = layers[: int(math.log2(size // 4)) + 1]
    return BigGANDeep(**{**meaning.SIZES, "layers": kept}, num_classes=concepts + len(PLACES))


def lesson(known: Sprites, count: int, size: int, *, seed: int, step: int) -> Lesson:
    """Things and, one in nine, places to draw."""
    draws = stream(seed, step, known.pictures.device)
    things = _things(known, count - count // 9, draws)
    places = _places(len(known.concepts), count // 9, size, draws)
    return Lesson(*(torch.cat(parts) for parts in zip(things, places, strict=True)))


def _things(known: Sprites, count: int, draws: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """z, classes and pictures of sprites, one in five of them dyed."""
    which = torch.randperm(len(known.concepts), generator=draws, device=draws.device)[:count]
    style = (uniform(draws, len(which), len(known.styles)) * known.here[which]).argmax(1)
    pictures = known.pictures[which, style].float() / 255
    dyed = (uniform(draws, len(which)) < 0.2).nonzero()[:, 0]
    dye = colours.shade(pick(draws, len(colours.NAMES), len(dyed)), draws, spread=0.12)
    pictures[dyed] = colours.dyed(pictures[dyed], dye)
    z = meaning.thing(F.one_hot(style, len(known.styles)).float())
    z[dyed] = meaning.thing(z[dyed, meaning.STYLE], dye)
    return z, which, pictures


def _places(
    concepts: int, count: int, size: int, draws: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """z, classes and pictures of backgrounds in any two colours."""
    kinds = pick(draws, len(PLACES), count)
    first, second = (
        colours.shade(pick(draws, len(colours.NAMES), count), draws, spread=0.1) for _ in "ab"
    )
    variant = pick(draws, meaning.VARIANTS, count)
    scenes = place(kinds, variant, first, second, size)
    scenes = torch.cat([scenes, torch.ones_like(scenes[:, :1])], 1)  # all of it is there
    return meaning.place(first, second, variant), kinds + concepts, scenes


def first_embeddings(known: Sprites, like: Tensor) -> Tensor:
    """Where the classes begin: things that look alike near each other. Principal components of the
    small pictures of things, each scaled by the root of what it explains. `[dim, classes]`"""
    small = F.adaptive_avg_pool2d(known.pictures.flatten(0, 1).float() / 255, 16)
    small = small.unflatten(0, known.here.shape) * known.here[:, :, None, None, None]
    looks = (small.sum(1) / known.here.sum(1)[:, None, None, None]).flatten(1)  # [C, 4*16*16]
    _, sizes, axes = torch.linalg.svd(looks - looks.mean(0), full_matrices=False)
    axes, sizes = axes[: len(like)], sizes[: len(like)]
    parts = (looks - looks.mean(0)) @ axes.T / sizes * len(looks) ** 0.5  # variance 1
    parts = parts * (sizes / sizes[0]).sqrt()
    draws = Generator(like.device).manual_seed(5)
    rest = torch.randn(like.shape[1] - len(parts), len(like), generator=draws, device=like.device)
    return torch.cat([parts, rest * (sizes / sizes[0]).sqrt()]).T


def place(kinds: Tensor, variant: Tensor, first: Tensor, second: Tensor, size: int) -> Tensor:
    """Backgrounds whose chances are fixed by their variant. `[n, 3, size, size]`"""
    drawn = []
    for row, (kind, number) in enumerate(zip(kinds.tolist(), variant.tolist(), strict=True)):
        draws = Generator(first.device).manual_seed(1000 + 100 * kind + number)
        one = slice(row, row + 1)
        drawn.append(backgrounds.draw(kinds[one], size, draws, first[one], second[one]))
    return torch.cat(drawn) if drawn else first.new_zeros(0, 3, size, size)


def drawn(net: BigGANDeep, z: Tensor, classes: Tensor) -> Tensor:
    """Pictures in 0..1, `[b, 4, s, s]`."""
    return (net(z, F.one_hot(classes, net.num_classes).to(z.dtype)) + 1) / 2


def distance(pictures: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of colours, of steps between neighbours and of the whole at coarser sizes."""
    total = (pictures - wanted).abs().mean()
    for axis in (2, 3):
        total = total + (pictures.diff(dim=axis) - wanted.diff(dim=axis)).abs().mean()
    coarse = F.avg_pool2d(pictures, 8) - F.avg_pool2d(wanted, 8)
    return total + 0.5 * coarse.abs().mean()


class Learner:
    """The generator and its running mean. known: the sprites it learns to draw."""

    def __init__(self, known: Sprites, size: int, rate: loop.Rate, *, seed: int):
        torch.manual_seed(seed)
        self.known, self.rate, device = known, rate, known.pictures.device
        self.net, self.mean = (
            network(len(known.concepts), size).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            for _ in range(2)
        )
        names = self.net.embeddings.weight
        rest = [weight for weight in self.net.parameters() if weight is not names]
        self.optimizer = torch.optim.AdamW(
            [{"params": rest, "times": 1.0}, {"params": [names], "times": NAMES_FASTER}],
            rate.high,
            betas=(0.9, 0.98),
            weight_decay=0.0,
            fused=True,
        )
        self.step = 0

    def warm(self, state: dict[str, Tensor] | None) -> None:
        """Begin with those weights, of as many blocks as they have; without, with embeddings by
        what things look like."""
        fresh = self.net.state_dict()
        if state is None:
            name = "embeddings.weight"
            state = {name: first_embeddings(self.known, fresh[name])}
        fitting = {name: to for name, to in state.items() if to.shape == fresh[name].shape}
        self.net.load_state_dict({**fresh, **fitting})
        self.mean.load_state_dict(self.net.state_dict())

    def learn(self, given: Lesson) -> dict[str, float]:
        """One step; gives what it measured."""
        rate = self.rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["times"]
        with torch.autocast(given.pictures.device.type, torch.bfloat16):
            pictures = drawn(self.net, given.z, given.classes)
        pictures = pictures.float()
        loss = distance(pictures, given.pictures)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        loop.follow(self.mean, self.net, self.step)
        far = float((pictures.detach() - given.pictures).square().mean())
        psnr = -10 * math.log10(far)
        return {"step": self.step, "loss": float(loss.detach()), "psnr": psnr, "lr": rate}

    def measure(self) -> dict[str, float]:
        """Nothing: what is learnt is measured at each step."""
        return {}

    @torch.no_grad()
    def shown(self, given: Lesson) -> tuple[Tensor, list[str]]:
        """What the mean network draws beside what was wanted, on white."""
        self.mean.eval()
        pair = [drawn(self.mean, given.z, given.classes), given.pictures]
        pictures = torch.stack(pair, 1).flatten(0, 1)
        names = [*(concept.name for concept in self.known.concepts), *PLACES]
        said = [names[at] + end for at in given.classes.tolist() for end in ("", " (wanted)")]
        rows = [*range(min(36, len(said))), *range(max(36, len(said) - 12), len(said))]
        white = pictures[:, :3] + 1 - pictures[:, 3:]
        return white[rows].clamp(0, 1), [said[at] for at in rows]

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def main() -> None:
    """Train one phase."""
    options = _options()
    folder = pocket.RUNS / options.run
    device = loop.begin(options, folder)
    known = sprites(options.data, meaning.STYLES, size=options.size).to(device)
    rate = loop.Rate(options.lr, options.end, WARM, options.steps)
    learner = Learner(known, options.size, rate, seed=options.seed)
    if not loop.resume(learner, folder, device):
        learner.warm(_mean_of(options.start) if options.start else None)

    def make(step: int) -> Lesson:
        return lesson(known, options.batch, options.size, seed=options.seed, step=step)

    every = loop.Every(told=50, kept=options.every)
    loop.train(learner, make, folder, steps=options.steps, batch=options.batch, every=every)


def _mean_of(run: str) -> dict[str, Tensor]:
    path = pocket.RUNS / run / "state.pt"
    return torch.load(path, weights_only=True, map_location="cpu")["mean"]


def _options() -> argparse.Namespace:
    parser = loop.parser(__doc__, steps=5000, batch=90, lr=2e-3, end=1e-5, seed=3)
    parser.add_argument("--size", type=int, default=64, choices=SIZES, help="side of the pictures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
