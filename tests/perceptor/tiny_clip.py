"""A random CLIP that is small enough for tests: no file, no download."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.perceptor.clip import ClipPerceptor
from reverie.perceptor.tokenizer import Tokenizer
from reverie.weights.clip_layouts import openai_layout

WIDTH, LAYERS, PATCH, SIZE, EMBED, CONTEXT, VOCAB = 64, 2, 8, 32, 32, 40, 256
RESNET_WIDTH, RESNET_LAYERS = 4, (1, 2, 1, 1)


def tiny_clip(seed: int = 0) -> ClipPerceptor:
    """A perceptor of 32 x 32 views and 32 numbers, with a vision transformer."""
    tensors, fields = openai_layout(vit_tensors(seed), {}, "tiny")
    shape = ClipShape(**fields)
    tokenizer = Tokenizer(None, shape.context, shape.vocab)
    return ClipPerceptor(ClipNetwork(shape, tensors), tokenizer).eval()


def write_tiny_clip(file: Path, seed: int = 0, vocab: int = VOCAB) -> Path:
    """The weights of `tiny_clip(seed)`, in OpenAI's layout, as a .safetensors file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(vit_tensors(seed, vocab), file)
    return file


def write_tiny_open_clip(folder: Path, seed: int = 0) -> Path:
    """The same weights as open_clip keeps them, with a config that asks for GELU."""
    write_tiny_clip(folder / "open_clip_model.safetensors", seed)
    vision = {"layers": LAYERS, "width": WIDTH, "patch_size": PATCH, "head_width": 32}
    config = {"model_cfg": {"vision_cfg": vision, "text_cfg": {"heads": 2}}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder


def vit_tensors(seed: int = 0, vocab: int = VOCAB) -> dict[str, Tensor]:
    draw = Drawn(seed)
    places = (SIZE // PATCH) ** 2 + 1
    draw("visual.conv1.weight", WIDTH, 3, PATCH, PATCH)
    draw("visual.class_embedding", WIDTH)
    draw("visual.positional_embedding", places, WIDTH)
    draw("visual.proj", WIDTH, EMBED)
    for name in ("visual.ln_pre", "visual.ln_post"):
        draw.norm(name, WIDTH)
    draw.blocks("visual.transformer")
    return draw.text(vocab)


def resnet_tensors(seed: int = 0) -> dict[str, Tensor]:
    draw = Drawn(seed)
    w = RESNET_WIDTH
    for i, (out, into) in enumerate(((w // 2, 3), (w // 2, w // 2), (w, w // 2)), 1):
        draw.convolution(f"visual.conv{i}", f"visual.bn{i}", out, into, 3)
    into = w
    for i, blocks in enumerate(RESNET_LAYERS, 1):
        planes = w * 2 ** (i - 1)
        for j in range(blocks):
            name = f"visual.layer{i}.{j}"
            draw.convolution(f"{name}.conv1", f"{name}.bn1", planes, into, 1)
            draw.convolution(f"{name}.conv2", f"{name}.bn2", planes, planes, 3)
            draw.convolution(f"{name}.conv3", f"{name}.bn3", 4 * planes, planes, 1)
            if j == 0:
                draw.convolution(
                    f"{name}.downsample.0", f"{name}.downsample.1", 4 * planes, into, 1
                )
            into = 4 * planes
    for part, out in (("q", into), ("k", into), ("v", into), ("c", EMBED)):
        draw.linear(f"visual.attnpool.{part}_proj", out, into)
    draw("visual.attnpool.positional_embedding", (SIZE // 32) ** 2 + 1, into)
    return draw.text()


class Drawn:
    """Random tensors by name, of a spread that keeps signals alive."""

    def __init__(self, seed: int) -> None:
        self.rng = torch.Generator().manual_seed(seed)
        self.tensors: dict[str, Tensor] = {}

    def __call__(self, name: str, *shape: int) -> None:
        spread = (shape[-1] if len(shape) == 2 else max(1, shape[0])) ** -0.5
        self.tensors[name] = spread * torch.randn(shape, generator=self.rng)

    def norm(self, name: str, width: int) -> None:
        self.tensors[f"{name}.weight"] = 0.5 + torch.rand(width, generator=self.rng)
        self.tensors[f"{name}.bias"] = 0.2 * torch.randn(width, generator=self.rng)

    def linear(self, name: str, out: int, into: int) -> None:
        self(f"{name}.weight", out, into)
        self(f"{name}.bias", out)

    def convolution(self, name: str, bn: str, out: int, into: int, size: int) -> None:
        weight = torch.randn(out, into, size, size, generator=self.rng)
        self.tensors[f"{name}.weight"] = weight * (into * size**2 / 2) ** -0.5
        self.norm(bn, out)
        self.tensors[f"{bn}.running_mean"] = 0.2 * torch.randn(out, generator=self.rng)
        self.tensors[f"{bn}.running_var"] = 0.5 + torch.rand(out, generator=self.rng)

    def blocks(self, name: str) -> None:
        for i in range(LAYERS):
            block = f"{name}.resblocks.{i}"
            self(f"{block}.attn.in_proj_weight", 3 * WIDTH, WIDTH)
            self(f"{block}.attn.in_proj_bias", 3 * WIDTH)
            self.linear(f"{block}.attn.out_proj", WIDTH, WIDTH)
            self.linear(f"{block}.mlp.c_fc", 4 * WIDTH, WIDTH)
            self.linear(f"{block}.mlp.c_proj", WIDTH, 4 * WIDTH)
            self.norm(f"{block}.ln_1", WIDTH)
            self.norm(f"{block}.ln_2", WIDTH)

    def text(self, vocab: int = VOCAB) -> dict[str, Tensor]:
        self("token_embedding.weight", vocab, WIDTH)
        self("positional_embedding", CONTEXT, WIDTH)
        self("text_projection", WIDTH, EMBED)
        self.blocks("transformer")
        self.norm("ln_final", WIDTH)
        self.tensors["logit_scale"] = torch.tensor(100.0).log()
        return self.tensors
