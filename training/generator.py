"""Train the pocket BigGAN: `python -m training.generator --run biggan-a --size 32 --steps 5000`.

It learns to draw every concept in every art style, in its own colours or dyed, with alpha, and every
background in any two colours, by regression. Phases and folders are as in `training.clip`; begin at 32
pixels, then go on with `--from RUN --size 64`, then 128: each time the network gets one block more.

Source: the layout of BigGAN-deep (Brock et al. 2018).
Differs: no discriminator. What stands where is known, so a picture can simply be compared.
"""

import argparse
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from reverie.nets import pocket_biggan as meaning
from reverie.nets.biggan import BigGANDeep
from training import backgrounds, colours, page
from training.pocket import DATA, RUNS, keep
from training.sprites import Sprites, sprites

PLACES = backgrounds.KINDS


@dataclass(frozen=True)
class Lesson:
    """What to draw, and how it should look. z `[b, 16]`, classes `[b]`, pictures `[b, 4, s, s]`."""

    z: Tensor
    classes: Tensor
    pictures: Tensor


def network(concepts: int, size: int) -> BigGANDeep:
    """The untrained generator of 32, 64 or 128 pixels. Its classes: the concepts, then the places."""
    layers = meaning.SIZES["layers"]
    kept = layers[: int(math.log2(size // 4)) + 1]
    return BigGANDeep(**{**meaning.SIZES, "layers": kept}, num_classes=concepts + len(PLACES))


def lesson(known: Sprites, count: int, size: int, *, seed: int, step: int) -> Lesson:
    """Things and, one in nine, places to draw."""
    device = known.pictures.device
    draws = Generator(device).manual_seed(seed * 1_000_003 + step)
    rand = lambda *shape: torch.rand(*shape, generator=draws, device=device)  # noqa: E731
    things, places = count - count // 9, count // 9
    which = torch.randperm(len(known.concepts), generator=draws, device=device)[:things]
    style = (rand(things, len(known.styles)) * known.here[which]).argmax(1)
    pictures = known.pictures[which, style].float() / 255
    dyed = (rand(things) < 0.2).nonzero()[:, 0]
    dye = colours.shade((rand(len(dyed)) * len(colours.NAMES)).long(), draws, spread=0.12)
    pictures[dyed] = colours.dyed(pictures[dyed], dye)
    z = meaning.thing(F.one_hot(style, len(known.styles)).float())
    z[dyed] = meaning.thing(z[dyed, meaning.STYLE], dye)
    kinds = (rand(places) * len(PLACES)).long()
    first, second = (
        colours.shade((rand(places) * len(colours.NAMES)).long(), draws, spread=0.1) for _ in "ab"
    )
    variant = (rand(places) * meaning.VARIANTS).long()
    scenes = place(kinds, variant, first, second, size)
    scenes = torch.cat([scenes, torch.ones_like(scenes[:, :1])], 1)
    return Lesson(
        torch.cat([z, meaning.place(first, second, variant)]),
        torch.cat([which, kinds + len(known.concepts)]),
        torch.cat([pictures, scenes]),
    )


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


def main() -> None:
    """Train one phase."""
    options = _options()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    torch.manual_seed(options.seed)
    folder = RUNS / options.run
    folder.mkdir(parents=True, exist_ok=True)
    known = sprites(options.data, meaning.STYLES, size=options.size).to(device)
    net, mean = (
        network(len(known.concepts), options.size).to(device).to(memory_format=torch.channels_last)
        for _ in range(2)
    )
    names = [net.embeddings.weight]  # each class is seen seldom, so it learns in larger steps
    rest = [weight for weight in net.parameters() if weight is not names[0]]
    optimizer = torch.optim.AdamW([{"params": rest, "times": 1.0}, {"params": names, "times": 12.0}],
                                  options.lr, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    step = 0
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=True, map_location=device)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        mean.load_state_dict(state["mean"])
        step = state["step"]
    else:
        if options.start:
            state = torch.load(RUNS / options.start / "state.pt", weights_only=True)["mean"]
            fresh = net.state_dict()
            net.load_state_dict({**fresh, **{name: value for name, value in state.items()
                                             if value.shape == fresh[name].shape}})
        mean.load_state_dict(net.state_dict())
    log = (folder / "log.jsonl").open("a")
    began, start = time.monotonic(), step
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        ask = lambda at: pool.submit(lesson, known, options.batch, options.size,  # noqa: E731
                                     seed=options.seed, step=at)
        coming = ask(step)
        while step < options.steps:
            given, coming = coming.result(), ask(step + 1)
            rate = options.end + (options.lr - options.end) * 0.5 * (1 + math.cos(math.pi * step / options.steps))
            rate *= min(1.0, (step + 1) / 100)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["times"]
            with torch.autocast(device.type, torch.bfloat16):
                pictures = drawn(net, given.z, given.classes)
            loss = distance(pictures.float(), given.pictures)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            _follow(mean, net, min(0.998, (step + 1) / (step + 20)))
            last = step == options.steps
            if step % 50 == 0 or last:
                far = (pictures.detach().float() - given.pictures).square().mean()
                told = {"step": step, "loss": float(loss.detach()), "psnr": -10 * math.log10(float(far)),
                        "lr": rate, "images/s": (step - start) * options.batch / (time.monotonic() - began)}
                log.write(json.dumps(told) + "\n")
                log.flush()
                print(" ".join(f"{name} {value:.4g}" for name, value in told.items()), flush=True)
            if step % options.every == 0 or last:
                keep(folder / "state.pt", {"net": net.state_dict(), "mean": mean.state_dict(),
                                           "optimizer": optimizer.state_dict(), "step": step})
                page.write(folder, *_shown(mean, given, known))


@torch.no_grad()
def _follow(mean: BigGANDeep, net: BigGANDeep, share: float) -> None:
    for slow, now in zip(mean.parameters(), net.parameters(), strict=True):
        slow.lerp_(now, 1 - share)
    for slow, now in zip(mean.buffers(), net.buffers(), strict=True):
        slow.copy_(now)


@torch.no_grad()
def _shown(mean: BigGANDeep, given: Lesson, known: Sprites) -> tuple[Tensor, list[str]]:
    """What the mean network draws beside what was wanted, on white."""
    mean.eval()
    pair = torch.stack([drawn(mean, given.z, given.classes), given.pictures], 1).flatten(0, 1)
    names = [*(concept.name for concept in known.concepts), *PLACES]
    said = [names[at] + end for at in given.classes.tolist() for end in ("", " (wanted)")]
    places = [*range(0, 36), *range(len(pair) - 12, len(pair))]
    white = pair[:, :3] + 1 - pair[:, 3:]
    return white[places].clamp(0, 1), [said[at] for at in places]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", required=True, help="name of the folder of this phase")
    parser.add_argument("--from", dest="start", help="a run to begin with")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--size", type=int, default=64, choices=(32, 64, 128))
    parser.add_argument("--batch", type=int, default=90)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--end", type=float, default=1e-5, help="learning rate at the end")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--every", type=int, default=250, help="steps between pages")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", help="cpu, cuda ...; default: what is there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
