"""What the benchmarks of whole steps share: ViT-B/32 of random weights, in our way and the original
one; ways of working that are measured in turns, each in a process of its own."""

import argparse
import ctypes
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from reverie.device import fast_matmul
from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.optimize import optimize
from reverie.protocols import Canvas, Curve, Loss, Machine
from reverie.weights.clip_layouts import openai_layout
from reverie.weights.read import read_tensors

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
Shapes = Iterable[tuple[str, tuple[int, ...]]]


def write_weights(folder: Path, networks: dict[str, Shapes]) -> None:
    """Networks with random weights, a file each, in the layouts that are published."""
    rng = torch.Generator().manual_seed(0)

    def drawn(name: str, shape: tuple[int, ...]) -> Tensor:
        if ".ln_" in name or ".norm" in name or name.startswith("ln_"):
            return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
        if name.endswith("bias") or not shape:
            return torch.zeros(shape)
        rows = "embedding" in name
        fan = torch.Size(shape[1:]).numel()
        return torch.randn(shape, generator=rng) / (1 if rows else fan**0.5)

    for file, shapes in networks.items():
        tensors = {name: drawn(name, shape) for name, shape in shapes}
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


def target_row() -> Tensor:
    return F.normalize(torch.randn(1, 512, generator=torch.Generator().manual_seed(2)), dim=1)


def forget_peak() -> None:
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # give back what loading left over
    Path("/proc/self/clear_refs").write_text("5")
    print(json.dumps({"before": memory("VmRSS")}))


def painted(
    canvas: Canvas,
    losses: dict[str, Loss],
    optimizer: Optimizer,
    lr: dict[str, Curve],
    on: Machine,
    steps: int,
) -> Iterator[float]:
    """Seconds of each step of our own loop."""
    with fast_matmul(on):
        began = 0.0
        for frame in optimize(canvas, losses, optimizer, lr, steps=steps + 1):
            if frame.step:  # what came since the frame before
                yield time.process_time() - began
            if frame.step == steps:
                return
            began = time.process_time()


def memory(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def print_found(seconds: Sequence[float]) -> None:
    """Says to the process that compares what was measured in this one."""
    print(json.dumps({"seconds": min(seconds), "peak": memory("VmHWM")}))


def compare(
    title: str,
    file: str,
    ways: Sequence[str],
    networks: Callable[[], dict[str, Shapes]],
    measure: Callable[[str, int, int, Path], None],
    *,
    sizes: Sequence[int],
) -> None:
    """The command line of a benchmark, and its table.

    Args:
        file: the benchmark's, which is run again for every way and size.
        networks: every tensor of the networks that a step needs, by the name of their file.
        measure: takes the way, the size, the number of steps and the folder of weights.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=ways, choices=ways)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        return write_weights(asked.write, networks())
    if asked.one:
        way, size, folder = asked.one
        torch.set_num_threads(1)
        return measure(way, int(size), asked.steps, Path(folder))
    print(f"{title}, 1 thread, torch {torch.__version__}")
    heads = f"{'size':>6}{'CPU s':>8}{'times':>7}{'networks MiB':>14}{'peak MiB':>10}{'ratio':>7}"
    print(f"{'':20}{heads}")
    again = [sys.executable, file, "--steps", str(asked.steps)]
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
