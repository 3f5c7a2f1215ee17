"""CPU time and peak memory of a whole step of BigSleep, against the original way of working.

    OMP_WAIT_POLICY=PASSIVE python bench/biggan_step.py [--sizes 256 512] [--steps 2]

BigGAN-deep and ViT-B/32 of random weights, 128 square views, one prompt, Adam; one thread, process
time, the quickest step counts; each way in a process of its own, in turns. The original way is
float32 in plain torch: spectral norms are divided out at every step, no weight is frozen, so that
all get gradients that nobody reads, and all views are one batch. Ours shows the running mean at
every step, which draws the picture once more; the original does so every 50 steps. Linux only: the
peak is what /proc says (VmHWM), counted from after the networks are loaded.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from reverie.canvas.averaged import AveragedCanvas
from reverie.canvas.biggan import BigGANCanvas, Conditions
from reverie.canvas.biggan_models import model_of
from reverie.curve import as_curve
from reverie.device import machine
from reverie.loss.biggan import FewClasses, NormalNoise, many_classes, unlike_noise
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target
from reverie.nets.biggan import BigGANDeep, frozen
from reverie.optimizer import Adam
from reverie.weights.biggan_layouts import shapes

WAYS = ("original fp32", "reverie fp32", "reverie bf16")
VIEWS, LR, DECAY = 128, 0.07, 0.99
UPPER = ((False, 16, 16), (True, 16, 16), (False, 16, 16), (True, 16, 8))
MIDDLE = ((False, 8, 8), (True, 8, 8), (False, 8, 8), (True, 8, 4))
LOWER = ((False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1))
LAYERS = {256: UPPER + MIDDLE + LOWER, 512: UPPER + MIDDLE + LOWER + ((False, 1, 1), (True, 1, 1))}


def fields(size: int) -> dict[str, Any]:
    """The architecture of the published network of a size."""
    return {
        "layers": LAYERS[size],
        "z_dim": 128,
        "class_embed_dim": 128,
        "channel_width": 128,
        "num_classes": 1000,
        "attention_layer_position": 8,
        "eps": 1e-4,
        "n_stats": 51,
        "image_channels": 3,
    }


def weights(folder: Path, size: int) -> dict[str, Tensor]:
    """Random weights, with statistics that leave what comes in as it is."""
    tensors = load_file(folder / f"biggan-{size}.safetensors")
    told = {"running_means": torch.zeros_like, "running_vars": torch.ones_like}
    return {n: told.get(n.rpartition(".")[2], lambda x: x)(x) for n, x in tensors.items()}


class SpectralNorm(nn.Module):
    """Divides a weight by its norm, whenever it is read."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        flat = weight.flatten(1)
        self.u = nn.Buffer(F.normalize(flat.new_ones(len(flat)), dim=0))
        self.v = nn.Buffer(F.normalize(flat.T @ self.u, dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        return weight / (self.u @ weight.flatten(1) @ self.v)


def plain_biggan(size: int, tensors: dict[str, Tensor]) -> BigGANDeep:
    """The generator as the port has it: nothing is folded, and nothing is frozen."""
    network = BigGANDeep(**fields(size))
    network.load_state_dict(tensors)
    for layer in network.generator.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            norm = SpectralNorm(layer.weight.detach())
            nn.utils.parametrize.register_parametrization(layer, "weight", norm)
    return network.eval()


def original(folder: Path, size: int, steps: int) -> Iterator[float]:
    """Seconds of each step."""
    generator = plain_biggan(size, weights(folder, size))
    encode, target = PlainCLIP(load_file(folder / "clip.safetensors")), target_row()
    encode.requires_grad_(True)
    rows = generator.rows
    latents = torch.randn(rows, 128).requires_grad_()
    logits = (torch.randn(rows, 1000) * 0.3 - 3.9).requires_grad_()
    adam = torch.optim.Adam([latents, logits], lr=LR)
    forget_peak()
    for _ in range(steps):
        began = time.process_time()
        classes = logits.sigmoid()
        image = (generator(latents[None], classes[None]) + 1) / 2
        cuts = []
        for _ in range(VIEWS):
            side = int(size * torch.zeros(1).normal_(0.8, 0.3).clip(0.5, 0.95))
            top, left = (int(torch.randint(0, size - side + 1, ())) for _ in range(2))
            cuts.append(
                F.interpolate(image[:, :, top : top + side, left : left + side], (224, 224))
            )
        likeness = F.cosine_similarity(target, encode(torch.cat(cuts))).mean()
        loss = unlike_noise(latents[None]) + many_classes(classes[None]) - 100 * likeness
        adam.zero_grad(set_to_none=True)
        loss.sum().backward()
        adam.step()
        yield time.process_time() - began


def reverie(folder: Path, size: int, steps: int, precision: str) -> Iterator[float]:
    """Seconds of each step."""
    on = machine("cpu", precision)
    eyes = Eyes(folder, on.precision)
    tensors = weights(folder, size)
    gan = model_of(frozen(fields(size), tensors, on.precision))
    rows = gan.network.rows
    begun = Conditions(torch.randn(1, rows, 128), torch.randn(1, rows, 1000) * 0.3 - 3.9)
    canvas = AveragedCanvas(BigGANCanvas(gan, (size, size), {"picture": begun}), DECAY)
    losses = {
        "prompts": PromptLoss(
            [eyes],
            Cutouts(count=VIEWS, preset="big-sleep").build(),
            [[Target(embeddings=(target_row(),), weight=as_curve(1.0))]],
            distance="cosine",
            weight=as_curve(100.0),
        ),
        "noise": NormalNoise().build(canvas, on),
        "classes": FewClasses().build(canvas, on),
    }
    optimizer, lr = Adam(lr=LR).build(canvas.groups())
    del tensors
    forget_peak()
    yield from painted(canvas, losses, optimizer, lr, on, steps)


def networks() -> dict[str, Shapes]:
    return {"clip": clip_shapes()} | {f"biggan-{s}": shapes(fields(s)) for s in LAYERS}


def measure(way: str, size: int, steps: int, folder: Path) -> None:
    """Prints seconds and MiB as JSON."""
    if way == WAYS[0]:
        seconds = list(original(folder, size, steps))
    else:
        seconds = list(reverie(folder, size, steps, way.split()[1]))
    print_found(seconds)


if __name__ == "__main__":
    compare(f"a step of BigSleep, {VIEWS} views", __file__, WAYS, networks, measure, sizes=(256,))
