"""CPU time of drawing strokes, alone and with the gradient, by every backend that is there.

    OMP_WAIT_POLICY=PASSIVE python bench/raster_speed.py [--repeats 9] [--plain]

CLIPDraw's start (256 strokes at 224x224, and 512 at 512x512) with half-widths of 1 pixel, and
log-uniform and uniform from 1 to 50; the loss is the mean square to noise, over white. One thread,
process time; the backends take turns and the median counts. `--plain` adds the whole work by
torch's own autograd, shape by shape (minutes). Then how far pictures and gradients are from those
of the first backend, relative to their size.
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from reverie.raster import rasterize as ours
from reverie.raster.gradient import Backend

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from raster.plain import rasterize as plain
from raster.scenes import apart, clipdraw

SCENES = [
    (n, size, full) for n, size in ((256, 224), (512, 512)) for full in ("init", "log", "uni")
]
Way = Callable[..., Tensor]


def by(backend: Backend) -> Way:
    """`rasterize` with a certain backend."""

    def draw(*given: object) -> Tensor:
        before = ours.backend
        ours.backend = lambda vertices: backend
        try:
            return ours.rasterize(*given)  # type: ignore[arg-type]
        finally:
            ours.backend = before

    return draw


def ways(with_plain: bool) -> dict[str, Way]:
    found: dict[str, Way] = {"torch": by(importlib.import_module("reverie.raster.eager"))}
    try:
        fast = importlib.import_module("reverie.raster.fast")
        if fast.ready():
            found["numba"] = by(fast)
    except ImportError:
        pass
    return found | ({"plain autograd": plain} if with_plain else {})


def step(draw: Way, scene: tuple[int, int, str]) -> tuple[float, float, list[Tensor]]:
    """Seconds of drawing, and with the gradient; the picture and its gradients."""
    n, size, full = scene
    shapes, numbers = clipdraw(n, size, full)
    noise = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    given = [x.requires_grad_() for x in numbers]
    began = time.process_time()
    image = draw(shapes, *given, torch.ones(3), (size, size))
    drawn = time.process_time()
    (image - noise).square().mean().backward()
    seconds = drawn - began, time.process_time() - began
    return *seconds, [image.detach(), *(x.grad for x in given if x.grad is not None)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--plain", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    chosen = ways(asked.plain)
    print(f"CPU ms, drawing / with the gradient, 1 thread, torch {torch.__version__}")
    print(f"{'':24}" + "".join(f"{name:>22}" for name in chosen))
    for scene in SCENES:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen}
        made: dict[str, list[Tensor]] = {}
        for turn in range(asked.repeats + 1):  # the first warms up
            for name, draw in chosen.items():
                if name == "plain autograd" and turn > 1:
                    continue
                *seconds, made[name] = step(draw, scene)
                if turn:
                    times[name].append((seconds[0], seconds[1]))
        first, *others = made.values()
        line = "{} strokes, {}, {}".format(*scene)
        for each in times.values():
            f, fb = (1e3 * statistics.median(column) for column in zip(*each, strict=True))
            line = f"{line:24}" + f"{f'{f:.1f} / {fb:.1f}':>22}"
        print(line)
        for other in others:
            far = max(apart(a, b) for a, b in zip(other, first, strict=True))
            assert far < 5e-3, f"pictures or gradients differ by {far}"
            print(f"{'':24}{f'apart by {far:.0e}':>22}")


if __name__ == "__main__":
    main()
