"""CPU time of CLIP's image tower, forward and backward to the pixels, against transformers.

    OMP_WAIT_POLICY=PASSIVE python bench/clip_speed.py [--views 32] [--repeats 5]

Random ViT-B/32 weights, the same in both; one thread; process time; the ways take turns and the
quickest turn counts. `transformers` runs as it ships: float32, its own attention.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from reverie.device import fast_matmul, machine
from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.weights.clip_layouts import openai_layout


def ours(model: CLIPModel) -> ClipNetwork:
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tensors = load_file(Path(folder) / "model.safetensors")
    tensors, shape = openai_layout(tensors, model.config.to_dict(), "transformers")
    return ClipNetwork(ClipShape(**shape), tensors)


def step(encode: Callable[[Tensor], Tensor], views: Tensor, target: Tensor) -> tuple[float, Tensor]:
    """Seconds of CPU, and the gradient of the summed cosines to `target`."""
    pixels = views.clone().requires_grad_()
    began = time.process_time()
    features = encode(pixels).float()
    torch.nn.functional.cosine_similarity(features, target).sum().backward()
    seconds = time.process_time() - began
    assert pixels.grad is not None
    return seconds, pixels.grad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig()).eval().requires_grad_(False)
    fp32, bf16 = ours(model), ours(model).to(torch.bfloat16)
    here = machine("cpu", "fp32")
    ways = {
        "transformers fp32": (
            lambda x: model.get_image_features(pixel_values=x).pooler_output,
            nullcontext,
        ),
        "reverie fp32": (fp32.visual, lambda: fast_matmul(here)),
        "reverie bf16": (lambda x: bf16.visual(x.bfloat16()), lambda: fast_matmul(here)),
    }
    views = torch.randn(asked.views, 3, 224, 224)
    target = torch.randn(1, 512)
    best: dict[str, float] = {}
    grads: dict[str, Tensor] = {}
    for _ in range(asked.repeats):
        for name, (encode, context) in ways.items():
            with context():
                seconds, grads[name] = step(encode, views, target)
            best[name] = min(seconds, best.get(name, seconds))

    base = "transformers fp32"
    print(f"ViT-B/32, {asked.views} views, forward + backward, 1 thread, torch {torch.__version__}")
    print(f"{'':20}{'CPU ms':>8}{'times':>8}{'gradient cosine':>18}")
    for name, seconds in best.items():
        cosine = torch.cosine_similarity(*(grads[n].double().flatten() for n in (base, name)), 0)
        print(f"{name:20}{1e3 * seconds:8.0f}{best[base] / seconds:8.2f}{cosine:18.6f}")


if __name__ == "__main__":
    main()
