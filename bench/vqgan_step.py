"""CPU time and peak memory of a whole step of VQGAN+CLIP, against the original way of working.

    OMP_WAIT_POLICY=PASSIVE python bench/vqgan_step.py [--sizes 256 512] [--steps 2]

Random weights of an f16 VQGAN of 16,384 rows and of ViT-B/32, 32 pooled views, one prompt, Adam;
one thread, process time, the quickest step counts; each way in a process of its own, in turns. The
original way is float32 in plain torch: a one-hot choice of rows, modules whose autograd keeps all
that it likes, one batch of views. The views and the loss are the same everywhere. Linux only: the
peak is what /proc says (VmHWM), counted from after the networks are loaded.
"""

import argparse
import ctypes
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from reverie.augment.cutouts import Cutouts
from reverie.canvas.vqgan import VQGANCanvas
from reverie.curve import as_curve
from reverie.device import fast_matmul, machine
from reverie.loss.prompts import PromptLoss, Target, spherical
from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.nets.vqgan import VQGAN, rows_of
from reverie.optimize import optimize
from reverie.optimizer import Adam
from reverie.protocols import Draws, Moment
from reverie.weights.clip_layouts import openai_layout
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
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
VIEWS, F16 = 32, 16


def write_weights(folder: Path) -> None:
    """Both networks with random weights, as files in the layouts that are published."""
    rng = torch.Generator().manual_seed(0)

    def drawn(name: str, shape: tuple[int, ...]) -> Tensor:
        if ".ln_" in name or ".norm" in name or name.startswith("ln_"):
            return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
        if name.endswith("bias") or not shape:
            return torch.zeros(shape)
        rows = "embedding" in name
        fan = torch.Size(shape[1:]).numel()
        return torch.randn(shape, generator=rng) / (1 if rows else fan**0.5)

    for file, all_shapes in (("vqgan", shapes(PARAMS)), ("clip", clip_shapes())):
        tensors = {name: drawn(name, shape) for name, shape in all_shapes}
        save_file(tensors, folder / f"{file}.safetensors")


def clip_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor of ViT-B/32."""
    yield from (("visual.conv1.weight", (768, 3, 32, 32)), ("visual.class_embedding", (768,)))
    yield from (("visual.positional_embedding", (50, 768)), ("visual.proj", (768, 512)))
    yield from (("positional_embedding", (77, 512)), ("token_embedding.weight", (49408, 512)))
    yield from (("text_projection", (512, 512)), ("logit_scale", ()))
    for name, width in (("visual.ln_pre", 768), ("visual.ln_post", 768), ("ln_final", 512)):
        yield from ((f"{name}.weight", (width,)), (f"{name}.bias", (width,)))
    for tower, width in (("visual.transformer", 768), ("transformer", 512)):
        for i in range(12):
            at = f"{tower}.resblocks.{i}"
            for part in ("ln_1", "ln_2"):
                yield from ((f"{at}.{part}.weight", (width,)), (f"{at}.{part}.bias", (width,)))
            for part, rows, columns in (
                ("attn.in_proj_", 3, 1),
                ("attn.out_proj.", 1, 1),
                ("mlp.c_fc.", 4, 1),
                ("mlp.c_proj.", 1, 4),
            ):
                yield f"{at}.{part}weight", (rows * width, columns * width)
                yield f"{at}.{part}bias", (rows * width,)


class Eyes:
    """Our CLIP. The target is a random direction, so no words are needed."""

    size = 224

    def __init__(self, folder: Path, precision: torch.dtype) -> None:
        tensors, fields = openai_layout(read_tensors(folder / "clip.safetensors"), {}, "ViT-B/32")
        self.network = ClipNetwork(ClipShape(**fields), tensors)
        del self.network.text  # as our perceptor does, once the words are read
        self.network.visual.to(precision)
        self.precision = precision

    def encode_image(self, views: Tensor) -> Tensor:
        pixels = normalised(views).to(self.precision)
        return F.normalize(self.network.visual(pixels).float(), dim=1)

    def encode_text(self, texts: object) -> Tensor:
        raise NotImplementedError


def normalised(views: Tensor) -> Tensor:
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (MEAN, STD))
    return (views - mean) / std


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


class PlainLayer(nn.Module):
    """A block of ViT-B/32."""

    def __init__(self, t: dict[str, Tensor], name: str, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)}
        )
        self.load_state_dict(
            {n.removeprefix(f"{name}."): x for n, x in t.items() if n.startswith(f"{name}.")}
        )

    def forward(self, x: Tensor) -> Tensor:
        h = self.ln_1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        h = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](h * torch.sigmoid(1.702 * h))


class PlainCLIP(nn.Module):
    """Both towers, of which a step needs the first."""

    def __init__(self, t: dict[str, Tensor]) -> None:
        super().__init__()
        self.t = {name: t[f"visual.{name}"] for name in ("class_embedding", "proj")}
        self.t |= {name: t[name] for name in ("token_embedding.weight", "text_projection")}
        self.places = t["visual.positional_embedding"]
        self.conv1 = nn.Conv2d(3, 768, 32, stride=32, bias=False)
        self.conv1.weight.data.copy_(t["visual.conv1.weight"])
        self.ln_pre, self.ln_post = nn.LayerNorm(768), nn.LayerNorm(768)
        at = "resblocks"
        self.visual = nn.Sequential(
            *(PlainLayer(t, f"visual.transformer.{at}.{i}", 768, 12) for i in range(12))
        )
        self.text = nn.Sequential(
            *(PlainLayer(t, f"transformer.{at}.{i}", 512, 8) for i in range(12))
        )
        self.requires_grad_(False)

    def forward(self, views: Tensor) -> Tensor:
        x = self.conv1(normalised(views)).flatten(2).permute(2, 0, 1)  # [tokens, n, width]
        first = self.t["class_embedding"].expand(1, x.shape[1], -1)
        x = self.ln_pre(torch.cat([first, x]) + self.places[:, None])
        return F.normalize(self.ln_post(self.visual(x)[0]) @ self.t["proj"], dim=1)


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
    with fast_matmul(on):
        began = 0.0
        for frame in optimize(canvas, {"prompts": loss}, optimizer, lr, steps=steps + 1):
            if frame.step:  # what came since the frame before
                yield time.process_time() - began
            if frame.step == steps:
                return
            began = time.process_time()


def start(size: int) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    side = size // F16
    return torch.randint(PARAMS["n_embed"], (1, side, side), generator=rng)


def target_row() -> Tensor:
    return F.normalize(torch.randn(1, 512, generator=torch.Generator().manual_seed(2)), dim=1)


def forget_peak() -> None:
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # give back what loading left over
    Path("/proc/self/clear_refs").write_text("5")
    print(json.dumps({"before": memory("VmRSS")}))


def memory(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def measure(way: str, size: int, steps: int, folder: Path) -> None:
    """Prints seconds and MiB as JSON."""
    torch.set_num_threads(1)
    if way == WAYS[0]:
        seconds = list(original(folder, size, steps))
    else:
        seconds = list(reverie(folder, size, steps, way.split()[1]))
    print(json.dumps({"seconds": min(seconds), "peak": memory("VmHWM")}))


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time and memory of a step of VQGAN+CLIP")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        return write_weights(asked.write)
    if asked.one:
        way, size, folder = asked.one
        return measure(way, int(size), asked.steps, Path(folder))
    print(f"a step of VQGAN+CLIP, {VIEWS} views, 1 thread, torch {torch.__version__}")
    heads = f"{'size':>6}{'CPU s':>8}{'times':>7}{'networks MiB':>14}{'peak MiB':>10}{'ratio':>7}"
    print(f"{'':20}{heads}")
    again = [sys.executable, __file__, "--steps", str(asked.steps)]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.check_call([*again, "--write", folder])
        for size in asked.sizes:
            base: dict[str, float] = {}
            for way in asked.ways:
                out = subprocess.check_output([*again, "--one", way, str(size), folder], text=True)
                found = {key: v for line in out.splitlines() for key, v in json.loads(line).items()}
                base = base or found
                print(
                    f"{way:20}{size:6}{found['seconds']:8.2f}"
                    f"{base['seconds'] / found['seconds']:7.2f}{found['before']:14.0f}"
                    f"{found['peak']:10.0f}{found['peak'] / base['peak']:7.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
