"""Peak memory of a whole step, by number of cutouts: the seam keeps it flat.

    OMP_WAIT_POLICY=PASSIVE python bench/seam_memory.py [--cutouts 16 256] [--size 512]

A Fourier canvas under ViT-B/32 with random weights in bf16, two steps of the real loop, each count
in a process of its own. The last column is the same with the loss in one part, as if there were no
seam. Linux only: the peak is what /proc says (VmHWM), counted from after the networks are loaded.
"""

import argparse
import ctypes
import json
import re
import subprocess
import sys
from pathlib import Path

import torch

from reverie.augment.cutouts import Cutouts
from reverie.canvas.fourier import Fourier
from reverie.curve import as_curve
from reverie.device import fast_matmul, machine
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target
from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.optimize import optimize
from reverie.optimizer import Adam

SHAPE = {"width": 768, "layers": 12, "patch": 32, "embed": 512, "places": 50}
SMALL = {"width": 64, "layers": 1}  # of the text tower, which takes no part in a step


def random_network() -> ClipNetwork:
    """ViT-B/32's image tower with random weights, in bf16."""
    from reverie.weights.clip_layouts import openai_layout

    rng = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=rng) / shape[-1] ** 0.5

    def norm(name: str, width: int) -> dict[str, torch.Tensor]:
        return {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}

    def blocks(prefix: str, width: int, layers: int) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor] = {}
        for i in range(layers):
            at = f"{prefix}.resblocks.{i}"
            found |= norm(f"{at}.ln_1", width) | norm(f"{at}.ln_2", width)
            for name, rows, columns in (
                ("attn.in_proj_", 3 * width, width),
                ("attn.out_proj.", width, width),
                ("mlp.c_fc.", 4 * width, width),
                ("mlp.c_proj.", width, 4 * width),
            ):
                found[f"{at}.{name}weight"] = draw(rows, columns)
                found[f"{at}.{name}bias"] = torch.zeros(rows)
        return found

    width, patch = SHAPE["width"], SHAPE["patch"]
    tensors = {
        "visual.conv1.weight": draw(width, 3, patch, patch),
        "visual.class_embedding": draw(width),
        "visual.positional_embedding": draw(SHAPE["places"], width),
        "visual.proj": draw(width, SHAPE["embed"]),
        "positional_embedding": draw(77, SMALL["width"]),
        "token_embedding.weight": draw(512, SMALL["width"]),
        "text_projection": draw(SMALL["width"], SHAPE["embed"]),
        "logit_scale": torch.tensor(4.6),
        **norm("visual.ln_pre", width),
        **norm("visual.ln_post", width),
        **norm("ln_final", SMALL["width"]),
        **blocks("visual.transformer", width, SHAPE["layers"]),
        **blocks("transformer", SMALL["width"], SMALL["layers"]),
    }
    tensors, fields = openai_layout(tensors, {}, "random ViT-B/32")
    network = ClipNetwork(ClipShape(**fields), tensors)
    network.visual.to(torch.bfloat16)
    return network


class Eyes:
    """The image side of a perceptor; the target is a random direction, so no words are needed."""

    size = 224

    def __init__(self) -> None:
        self.network = random_network()

    def encode_image(self, views: torch.Tensor) -> torch.Tensor:
        seen = self.network.visual(views.bfloat16()).float()
        return torch.nn.functional.normalize(seen, dim=1)

    def encode_text(self, texts: object) -> torch.Tensor:
        raise NotImplementedError


def peak(count: int, size: int, chunk: int) -> dict[str, float]:
    """MiB before the first step, and the most there were until after the second."""
    on = machine("cpu", "bf16")
    canvas = Fourier(size=(size, size)).build(on, (0,))
    target = torch.nn.functional.normalize(torch.randn(1, SHAPE["embed"]), dim=1)
    scene = [Target(embeddings=(target,), weight=as_curve(1.0))]
    augment = Cutouts(count=count, preset="augmented").build()
    loss = PromptLoss([Eyes()], augment, [scene], chunk=chunk)
    optimizer, lr = Adam(lr=0.1).build(canvas.groups())
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # give back what loading left over,
    Path("/proc/self/clear_refs").write_text("5")  # and forget its peak
    before = memory("VmRSS")
    with fast_matmul(on):
        for frame in optimize(canvas, {"prompts": loss}, optimizer, lr, steps=3):
            if frame.step == 2:
                break
    return {"before": before, "peak": memory("VmHWM")}


def memory(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cutouts", type=int, nargs="+", default=[16, 256])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--one", type=int, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(peak(asked.one[0], asked.size, asked.one[1])))
        return
    print(f"one step, {asked.size}x{asked.size}, ViT-B/32 bf16, torch {torch.__version__}")
    print(f"{'cutouts':>8}{'networks MiB':>14}{'peak MiB':>10}{'ratio':>8}{'no seam MiB':>13}")
    first = None
    for count in asked.cutouts:
        found = []
        for chunk in (16, count):
            again = [sys.executable, __file__, "--size", str(asked.size)]
            out = subprocess.check_output([*again, "--one", str(count), str(chunk)], text=True)
            found.append(json.loads(out))
        first = first or found[0]["peak"]
        print(
            f"{count:8}{found[0]['before']:14.0f}{found[0]['peak']:10.0f}"
            f"{found[0]['peak'] / first:8.2f}{found[1]['peak']:13.0f}"
        )


if __name__ == "__main__":
    main()
