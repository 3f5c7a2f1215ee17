"""Speed and memory of the cutouts, against the chain of augmentations that VQGAN+CLIP runs.

    OMP_NUM_THREADS=1 python bench/cutout_speed.py

32 views of 224 x 224 from a picture of 512 x 512, forward and backward, one thread, CPU time;
the ways take turns, and the quickest of several rounds counts. Then the growth of peak memory
when 16, 64 and 256 views are drawn in chunks of 16, each of which goes backward at once; each count
has a process of its own.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.augment.cutouts import Cutouts
from reverie.augment.moves import NAMES
from reverie.augment.presets import PRESETS, PresetName
from reverie.protocols import Draws, Moment

SIDE, SIZE, COUNT, CHUNK = 512, 224, 32, 16


def ours(spec: Cutouts) -> Callable[[Tensor, int], Tensor]:
    augment = spec.build()

    def draw(image: Tensor, step: int) -> Tensor:
        return augment(image, Moment(step, 0.0, Draws([0], step))).draw(slice(None), SIZE)

    return draw


def kornia_chain(pools: int) -> Callable[[Tensor, int], Tensor]:
    """nerdyrodent's default cutter (2021), with kornia's own modules.

    Args:
        pools: how often the picture is pooled; the original does it anew for every view.
    """
    import kornia.augmentation as K

    augment = torch.nn.Sequential(
        K.RandomAffine(degrees=15, translate=(0.1, 0.1), shear=5, p=0.7),
        K.RandomPerspective(distortion_scale=0.7, p=0.7),
        K.ColorJitter(brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1, p=0.7),
        K.RandomErasing(scale=(0.1, 0.4), ratio=(0.3, 1 / 0.3), same_on_batch=True, p=0.7),
    )

    def draw(image: Tensor, step: int) -> Tensor:
        cuts = [
            (F.adaptive_avg_pool2d(image, SIZE) + F.adaptive_max_pool2d(image, SIZE)) / 2
            for _ in range(pools)
        ]
        views = augment(torch.cat(cuts * (COUNT // pools)))
        strength = torch.empty(COUNT, 1, 1, 1).uniform_(0, 0.1)
        return views + strength * torch.randn_like(views)

    return draw


def seconds(draw: Callable[[Tensor, int], Tensor], image: Tensor, step: int) -> float:
    image.grad = None
    start = time.process_time()
    views = draw(image, step)
    views.backward(torch.ones_like(views))
    return time.process_time() - start


def speed(rounds: int) -> None:
    rng = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, SIDE, SIDE, generator=rng).requires_grad_()
    ways = {
        "kornia, as VQGAN-CLIP runs it": kornia_chain(COUNT),
        "kornia, pooled only once": kornia_chain(1),
    }
    ways |= {name: ours(Cutouts(count=COUNT, preset=name)) for name in PRESETS}
    ways["pooled, all augments"] = ours(Cutouts(count=COUNT, augments=NAMES))
    best = dict.fromkeys(ways, float("inf"))
    for step in range(rounds + 1):  # the first round warms up
        for name, draw in ways.items():
            took = seconds(draw, image, step)
            best[name] = min(best[name], took) if step else best[name]
    slowest = next(iter(best.values()))
    print(f"{COUNT} views of {SIZE} from {SIDE} x {SIDE}, forward + backward, one thread\n")
    print(f"{'':30s}{'CPU ms':>8s}{'times as fast':>16s}")
    for name, took in best.items():
        print(f"{name:30s}{1000 * took:8.1f}{slowest / took:16.1f}")


def peak() -> float:
    """The most memory this process has had since `forget_peak`, in MB. Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def growth(preset: PresetName, count: int) -> float:
    """How many MB the peak grows when `count` views are drawn and go backward chunk by chunk."""
    image = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    looks_of = Cutouts(count=count, preset=preset).build()
    image.requires_grad_()
    forget_peak()
    before = peak()
    looks = looks_of(image, Moment(0, 0.0, Draws([0], 0)))
    for start in range(0, count, CHUNK):
        looks.draw(slice(start, start + CHUNK), SIZE).square().sum().backward()
    return peak() - before


def memory() -> None:
    print(f"\ngrowth of peak memory in MB, in chunks of {CHUNK}\n")
    print(f"{'':30s}{'16 views':>10s}{'64 views':>10s}{'256 views':>11s}")
    for preset in ("pooled", "crops"):
        grown = [
            float(
                subprocess.run(
                    [sys.executable, __file__, "--growth", preset, str(count)],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for count in (16, 64, 256)
        ]
        print(f"{preset:30s}{grown[0]:10.1f}{grown[1]:10.1f}{grown[2]:11.1f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--growth", nargs=2, metavar=("PRESET", "COUNT"), help="measure one case")
    args = parser.parse_args()
    if args.growth:
        print(growth(args.growth[0], int(args.growth[1])))
    else:
        speed(args.rounds)
        memory()
