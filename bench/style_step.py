"""CPU time and peak memory of a step of the style loss, against the formulas as they stand.

    OMP_WAIT_POLICY=PASSIVE python bench/style_step.py [--sizes 224] [--steps 2]

VGG16 of random weights, 1024 places of a picture against 5000 of a style, loss and gradient to the
pixels; one thread, process time, the quickest step counts; each way in a process of its own, in
turns. The plain way is float32 in plain torch: whole tables of costs are differentiated, and the
covariance of the style is computed at every step, as StyleCLIPDraw does. Linux only: the peak is
what /proc says (VmHWM), counted from after the network is loaded.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from steps import Shapes, compare, forget_peak, print_found
from torch import Tensor

from reverie.curve import as_curve
from reverie.device import fast_matmul, machine
from reverie.loss.columns import LAYERS, RATIOS, VGGSeer
from reverie.loss.style import StyleLoss
from reverie.loss.transport import OPPONENTS
from reverie.nets.vgg import GROUPS, MEAN, STD, VGG16
from reverie.protocols import Draws, Moment
from reverie.weights.feature_layouts import vgg16_shapes

WAYS = ("plain fp32", "reverie fp32", "reverie bf16")
SAMPLES, KNOWN = 1024, 5000


def levels(image: Tensor, t: dict[str, Tensor]) -> list[Tensor]:
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (MEAN, STD))
    x = (image - mean) / std
    seen = [x]
    for i, group in enumerate(GROUPS):
        x = F.max_pool2d(x, 2) if i else x
        for place in group:
            weight, bias = (t[f"features.{place}.{part}"] for part in ("weight", "bias"))
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
            if place in LAYERS:
                seen.append(x)
    return seen


def columns(seen: list[Tensor], rows: Tensor, across: Tensor) -> Tensor:
    """Bilinear, from four gathers of each level."""
    found = []
    for level, ratio in zip(seen, RATIOS, strict=True):
        flat, (h, w) = level[0].flatten(1), level.shape[2:]
        y, x = rows / ratio, across / ratio
        total: Tensor | float = 0.0
        for down in (0, 1):
            for right in (0, 1):
                share = (1 - down + (2 * down - 1) * (y - y.floor())) * (
                    1 - right + (2 * right - 1) * (x - x.floor())
                )
                at = (y.long() + down).clamp(max=h - 1) * w + (x.long() + right).clamp(max=w - 1)
                total = total + flat[:, at] * share
        found.append(total)
    return torch.cat(found).T  # type: ignore[arg-type]


def relaxed(cost: Tensor) -> Tensor:
    return torch.maximum(cost.amin(1).mean(), cost.amin(0).mean())


def centred(x: Tensor) -> Tensor:
    return x - x.mean(0)


def plain_loss(x: Tensor, y: Tensor) -> Tensor:
    turn = torch.tensor(OPPONENTS)
    total = relaxed(1 - (x / x.norm(dim=1, keepdim=True)) @ (y / y.norm(dim=1, keepdim=True)).T)
    gap = centred(x).T @ centred(x) / (len(x) - 1) - centred(y).T @ centred(y) / (len(y) - 1)
    total = total + (x.mean(0) - y.mean(0)).abs().mean() + gap.abs().mean()
    a, b = x[:, :3] @ turn.T, y[:, :3] @ turn.T
    cosine = (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T
    squared = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
    return (total + relaxed(1 - cosine + (squared.clamp(1e-5, 1e5) / 3).sqrt())) / 2


def pictures(size: int) -> tuple[Tensor, Tensor]:
    drawn, style = torch.rand(2, 1, 3, size, size, generator=torch.Generator().manual_seed(1))
    return drawn, style


def plain(folder: Path, size: int, steps: int) -> Iterator[float]:
    """Seconds of each step."""
    t = load_file(folder / "vgg.safetensors")
    drawn, style = pictures(size)
    rng = torch.Generator().manual_seed(2)
    with torch.no_grad():
        y, x = (torch.randint(size, (KNOWN,), generator=rng).float() for _ in range(2))
        known = columns(levels(style, t), y, x)
    forget_peak()
    for _ in range(steps):
        began = time.process_time()
        image = drawn.clone().requires_grad_()
        y, x = (torch.randint(size, (SAMPLES,), generator=rng).float() for _ in range(2))
        plain_loss(columns(levels(image, t), y, x), known).backward()
        yield time.process_time() - began


def reverie(folder: Path, size: int, steps: int, precision: str) -> Iterator[float]:
    """Seconds of each step."""
    on = machine("cpu", precision)
    seer = VGGSeer(VGG16(load_file(folder / "vgg.safetensors")).computing(on.precision))
    drawn, style = pictures(size)
    with fast_matmul(on):
        loss = StyleLoss(seer, style, as_curve(1.0), samples=SAMPLES, known=KNOWN)
        forget_peak()
        for step in range(steps):
            began = time.process_time()
            image = drawn.clone().requires_grad_()
            for part in loss(image, Moment(step, 0.0, Draws((0,), step, "style"))):
                part.sum().backward()
            yield time.process_time() - began


def networks() -> dict[str, Shapes]:
    return {"vgg": vgg16_shapes().items()}


def measure(way: str, size: int, steps: int, folder: Path) -> None:
    """Prints seconds and MiB as JSON."""
    if way == WAYS[0]:
        seconds = list(plain(folder, size, steps))
    else:
        seconds = list(reverie(folder, size, steps, way.split()[1]))
    print_found(seconds)


if __name__ == "__main__":
    compare(
        f"a step of the style loss, {SAMPLES} places against {KNOWN}",
        __file__,
        WAYS,
        networks,
        measure,
        sizes=(224,),
    )
