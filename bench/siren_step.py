"""CPU time and peak memory of a whole step of Deep Daze, against the original way of working.

    OMP_WAIT_POLICY=PASSIVE python bench/siren_step.py [--sizes 256] [--steps 2]

16 sines of 256 numbers, ViT-B/32 of random weights, 16 square views, one prompt, AdamP; one thread,
process time, the quickest step counts; each way in a process of its own, in turns. The original way
is float32 in plain torch: four times a step, the picture is drawn with a graph of all its layers,
and four views are cut from it one by one. Linux only: the peak is what /proc says (VmHWM), counted
from after the networks are loaded.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from steps import (
    Eyes,
    PlainCLIP,
    Shapes,
    clip_shapes,
    compare,
    forget_peak,
    painted,
    print_found,
    target_row,
)
from torch import Tensor, nn

from reverie.augment.cutouts import Cutouts
from reverie.canvas.siren import Siren
from reverie.curve import as_curve
from reverie.device import machine
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target
from reverie.nets.siren import places, points
from reverie.optimizer import AdamP, AdamPOptimizer

WAYS = ("original fp32", "reverie fp32", "reverie bf16")
LAYERS, HIDDEN, RATE, DRAWINGS, VIEWS, AVERAGING = 16, 256, 30.0, 4, 4, 0.3
LR = 1e-5


class PlainSine(nn.Module):
    """A layer as plain torch has it."""

    def __init__(self, into: int, out: int, bound: float) -> None:
        super().__init__()
        self.linear = nn.Linear(into, out)
        for p in self.linear.parameters():
            nn.init.uniform_(p, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(RATE * self.linear(x))


def plain_siren() -> nn.Sequential:
    bound = (6 / HIDDEN) ** 0.5 / RATE
    hidden = [PlainSine(HIDDEN, HIDDEN, bound) for _ in range(LAYERS - 1)]
    last = PlainSine(HIDDEN, 3, bound).linear
    return nn.Sequential(PlainSine(2, HIDDEN, 1 / 2), *hidden, last)


def original(folder: Path, size: int, steps: int) -> Iterator[float]:
    """Seconds of each step."""
    torch.manual_seed(0)
    network, encode = plain_siren(), PlainCLIP(load_file(folder / "clip.safetensors"))
    where, target = points(*places((size, size))), target_row()
    adam = AdamPOptimizer([{"params": network.parameters(), "lr": LR}])
    forget_peak()
    for _ in range(steps):
        began = time.process_time()
        adam.zero_grad(set_to_none=True)
        for _ in range(DRAWINGS):
            rows = network(where).unflatten(0, (size, size)).permute(2, 0, 1)[None]
            image = ((rows + 1) / 2).clamp(0, 1)
            cuts = []
            for _ in range(VIEWS):
                side = int(torch.randint(size // 10, size + 1, ()))
                top, left = (int(torch.randint(0, size - side + 1, ())) for _ in range(2))
                cut = image[:, :, top : top + side, left : left + side]
                cuts.append(F.interpolate(cut, (224, 224), mode="bilinear", align_corners=False))
            seen = encode(torch.cat(cuts))
            together = F.cosine_similarity(target, seen.mean(0, keepdim=True)).mean()
            apart = F.cosine_similarity(target, seen).mean()
            loss = -100 * (AVERAGING * together + (1 - AVERAGING) * apart)
            (loss / DRAWINGS).backward()
        adam.step()
        yield time.process_time() - began


def reverie(folder: Path, size: int, steps: int, precision: str) -> Iterator[float]:
    """Seconds of each step."""
    on = machine("cpu", precision)
    eyes = Eyes(folder, on.precision)
    canvas = Siren(size=(size, size), layers=LAYERS, hidden=HIDDEN).build(on, (0,))
    scene = [Target(embeddings=(target_row(),), weight=as_curve(1.0))]
    cutter = Cutouts(count=DRAWINGS * VIEWS, preset="deep-daze").build()
    averaging = as_curve(AVERAGING)
    loss = PromptLoss([eyes], cutter, [scene], distance="cosine", averaging=averaging)
    optimizer, lr = AdamP(lr=LR).build(canvas.groups())
    forget_peak()
    yield from painted(canvas, {"prompts": loss}, optimizer, lr, on, steps)


def networks() -> dict[str, Shapes]:
    return {"clip": clip_shapes()}


def measure(way: str, size: int, steps: int, folder: Path) -> None:
    """Prints seconds and MiB as JSON."""
    if way == WAYS[0]:
        seconds = list(original(folder, size, steps))
    else:
        seconds = list(reverie(folder, size, steps, way.split()[1]))
    print_found(seconds)


if __name__ == "__main__":
    compare(
        f"a step of Deep Daze, {DRAWINGS * VIEWS} views",
        __file__,
        WAYS,
        networks,
        measure,
        sizes=(256,),
    )
