"""CPU time and peak memory of a whole step of VQGAN+CLIP, against the original way of working.

    OMP_WAIT_POLICY=PASSIVE python bench/vqgan_step.py [--sizes 256 512] [--steps 2]

Random weights of an f16 VQGAN of 16,384 rows and of ViT-B/32, 32 pooled views, one prompt, Adam;
one thread, process time, the quickest step counts; each way in a process of its own, in turns. The
original way is float32 in plain torch: a one-hot choice of rows, modules whose autograd keeps all
that it likes, one batch of views. The views and the loss are the same everywhere. Linux only: the
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
from reverie.canvas.vqgan import VQGANCanvas
from reverie.curve import as_curve
from reverie.device import machine
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target, spherical
from reverie.nets.vqgan import VQGAN, rows_of
from reverie.optimizer import Adam
from reverie.protocols import Draws, Moment
from reverie.weights.read import read_tensors
from reverie.weights.vqgan_layouts import shapes, vqgan_layout

PARAMS: dict[str, Any] = {
    "embed_dim": 256,
    "n_embed": 16384,
    "ddconfig": {
        "z_channels": 256,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 128,
        "ch_mult": [1, 1, 2, 2, 4],
        "num_res_blocks": 2,
        "attn_resolutions": [16],
    },
}
CONFIG = {"model": {"target": "taming.models.vqgan.VQModel", "params": PARAMS}}
WAYS = ("original fp32", "reverie fp32", "reverie bf16")
VIEWS, F16 = 32, 16


def all_shapes() -> dict[str, Shapes]:
    return {"vqgan": shapes(PARAMS), "clip": clip_shapes()}


class PlainBlock(nn.Module):
    """A residual block of the VQGAN, as plain torch has it."""

    def __init__(self, t: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.norms = nn.ModuleList(group_norm(t, f"{name}.norm{i}") for i in (1, 2))
        self.convs = nn.ModuleList(convolution(t, f"{name}.conv{i}") for i in (1, 2))
        side = f"{name}.nin_shortcut"
        self.side = convolution(t, side) if f"{side}.weight" in t else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            h = norm(h)
            h = conv(h * h.sigmoid())
        return self.side(x) + h


class PlainAttention(nn.Module):
    def __init__(self, t: dict[str, Tensor], name: str) -> None:
        super().__init__()
        self.norm = group_norm(t, f"{name}.norm")
        self.parts = nn.ModuleList(convolution(t, f"{name}.{part}") for part in "qkv")
        self.proj_out = convolution(t, f"{name}.proj_out")

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (part(h).flatten(2) for part in self.parts)  # [b, c, h*w]
        share = (q.mT @ k * q.shape[1] ** -0.5).softmax(2)
        return x + self.proj_out((v @ share.mT).unflatten(2, x.shape[2:]))


def convolution(t: dict[str, Tensor], name: str) -> nn.Conv2d:
    weight = t[f"{name}.weight"]
    out, into, side, _ = weight.shape
    conv = nn.Conv2d(into, out, side, padding=side // 2)
    conv.load_state_dict({"weight": weight, "bias": t[f"{name}.bias"]})
    return conv


def group_norm(t: dict[str, Tensor], name: str) -> nn.GroupNorm:
    norm = nn.GroupNorm(32, len(t[f"{name}.weight"]), eps=1e-6)
    norm.load_state_dict({"weight": t[f"{name}.weight"], "bias": t[f"{name}.bias"]})
    return norm


def plain_decoder(t: dict[str, Tensor]) -> nn.Sequential:
    layers: list[nn.Module] = [convolution(t, "post_quant_conv"), convolution(t, "decoder.conv_in")]
    layers += [PlainBlock(t, "decoder.mid.block_1"), PlainAttention(t, "decoder.mid.attn_1")]
    layers += [PlainBlock(t, "decoder.mid.block_2")]
    for level in (4, 3, 2, 1, 0):
        for i in range(3):
            layers.append(PlainBlock(t, f"decoder.up.{level}.block.{i}"))
            if level == 4:
                layers.append(PlainAttention(t, f"decoder.up.4.attn.{i}"))
        if level:
            layers += [nn.Upsample(scale_factor=2.0)]
            layers += [convolution(t, f"decoder.up.{level}.upsample.conv")]
    layers += [group_norm(t, "decoder.norm_out"), nn.SiLU(), convolution(t, "decoder.conv_out")]
    return nn.Sequential(*layers).requires_grad_(False)


def original(folder: Path, size: int, steps: int) -> Iterator[float]:
    """Seconds of each step."""
    vqgan, clip = (load_file(folder / f"{name}.safetensors") for name in ("vqgan", "clip"))
    decode, encode = plain_decoder(vqgan), PlainCLIP(clip)
    codebook, target = vqgan["quantize.embedding.weight"].clone(), target_row()
    z = rows_of(start(size), codebook).clone().requires_grad_()
    low, high = (x[:, None, None] for x in (codebook.amin(0), codebook.amax(0)))
    cutter, adam = Cutouts(count=VIEWS).build(), torch.optim.Adam([z], lr=0.1)
    del vqgan, clip
    forget_peak()
    for step in range(steps):
        began = time.process_time()
        flat = z.permute(0, 2, 3, 1)
        distances = flat.square().sum(-1, keepdim=True) + codebook.square().sum(1)
        distances = distances - 2 * flat @ codebook.T  # [b, h, w, n]
        chosen = F.one_hot(distances.argmin(-1), len(codebook)).to(z.dtype) @ codebook
        rows = flat + (chosen - flat).detach()
        image = ((decode(rows.permute(0, 3, 1, 2)) + 1) / 2).clamp(0, 1)
        looks = cutter(image, Moment(step, 0.0, Draws((0,), step, "prompts")))
        loss = spherical(encode(looks.draw(slice(0, VIEWS), 224)), target).mean()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        with torch.no_grad():
            z.copy_(z.clamp(low, high))
        yield time.process_time() - began


def reverie(folder: Path, size: int, steps: int, precision: str) -> Iterator[float]:
    """Seconds of each step."""
    on = machine("cpu", precision)
    eyes = Eyes(folder, on.precision)
    tensors, fields = vqgan_layout(read_tensors(folder / "vqgan.safetensors"), CONFIG, "")
    network = VQGAN.frozen(fields, tensors, on.precision)
    canvas = VQGANCanvas(network, rows_of(start(size), network.codebook))
    scene = [Target(embeddings=(target_row(),), weight=as_curve(1.0))]
    loss = PromptLoss([eyes], Cutouts(count=VIEWS).build(), [scene])
    optimizer, lr = Adam(lr=0.1).build(canvas.groups())
    del tensors
    forget_peak()
    yield from painted(canvas, {"prompts": loss}, optimizer, lr, on, steps)


def start(size: int) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    side = size // F16
    return torch.randint(PARAMS["n_embed"], (1, side, side), generator=rng)


def measure(way: str, size: int, steps: int, folder: Path) -> None:
    """Prints seconds and MiB as JSON."""
    if way == WAYS[0]:
        seconds = list(original(folder, size, steps))
    else:
        seconds = list(reverie(folder, size, steps, way.split()[1]))
    print_found(seconds)


if __name__ == "__main__":
    compare(
        f"a step of VQGAN+CLIP, {VIEWS} views",
        __file__,
        WAYS,
        all_shapes,
        measure,
        sizes=(256, 512),
    )
