"""A small random StyleGAN as it lies in a folder, and what a small random CLIP sees in it."""

import json
import re
from pathlib import Path

from safetensors.torch import save_file

from nets import small_stylegans as small
from reverie.device import machine
from reverie.faces.survey import Survey
from reverie.perceptor.clip import Clip

CPU = machine("cpu", "fp32")
CLIP = Clip(weights=str(Path(__file__).parent.parent / "golden/clip-vit/weights.safetensors"))
WS, W, S = 8, small.WIDTH, 62  # rows of w, numbers of each, and of a point of S


def saved(folder: Path) -> str:
    """Its colours are mostly within 0..1."""
    tensors, config = small.stylegan2()
    for name in tensors:
        if re.search(r"torgb\.(weight|bias)", name):
            tensors[name] = tensors[name] / 10
    folder.mkdir(exist_ok=True)
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(whole, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def survey(model: str, *, codes: int = 2, seed: int = 5) -> Survey:
    return Survey(model=model, perceptor=CLIP, codes=codes, seed=seed, count=500)
