"""CLIP against the reference implementation, on random networks with known answers."""

import json
import os
import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

from parity.golden import families
from perceptor.tiny_clip import tiny_clip
from reverie.nets.clip import ClipNetwork, ClipShape, ImageResNet, ImageTransformer
from reverie.perceptor.tokenizer import Tokenizer
from reverie.weights.clip_layouts import openai_layout

DATA = Path(os.environ.get("REVERIE_DATA", Path(__file__).parents[3] / "shared" / "data"))
NETWORKS = [*families("clip-vit"), *families("clip-rn")]
names = [folder.name for folder in NETWORKS]


def network_of(folder: Path) -> ClipNetwork:
    tensors, shape = openai_layout(load_file(folder / "weights.safetensors"), {}, folder.name)
    return ClipNetwork(ClipShape(**shape), tensors)


@pytest.fixture(params=NETWORKS, ids=names)
def known(request: pytest.FixtureRequest) -> tuple[ClipNetwork, dict[str, torch.Tensor]]:
    return network_of(request.param), load_file(request.param / "io.safetensors")


def same(got: torch.Tensor, want: torch.Tensor) -> None:
    size = max(1.0, want.abs().max().item())  # residual streams grow, and their rounding with them
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5 * size)


@pytest.mark.parametrize("folder", NETWORKS, ids=names)
def test_the_architecture_is_inferred_from_the_tensors(folder: Path) -> None:
    want = json.loads((folder / "config.json").read_text())
    _, shape = openai_layout(load_file(folder / "weights.safetensors"), {}, folder.name)
    layers = want["vision_layers"]
    assert shape["embed_dim"] == want["embed_dim"]
    assert shape["image_size"] == want["image_resolution"]
    assert shape["patch"] == want["vision_patch_size"]
    assert shape["vision_layers"] == (tuple(layers) if isinstance(layers, list) else layers)
    assert shape["vision_width"] == want["vision_width"]
    assert shape["context"] == want["context_length"]
    assert shape["vocab"] == want["vocab_size"]
    assert shape["text_heads"] == want["transformer_heads"]


def test_features_and_logits_are_those_of_the_reference(known) -> None:
    network, io = known
    image, text = network.visual(io["pixels"]), network.text(io["tokens"])
    same(image, io["encode_image"])
    same(text, io["encode_text"])
    cosine = F.normalize(image) @ F.normalize(text).T
    same(cosine, io["cosine"])
    logits = network.logit_scale * cosine
    torch.testing.assert_close(logits, io["logits_per_image"], rtol=0, atol=2e-3)
    torch.testing.assert_close(logits.T, io["logits_per_text"], rtol=0, atol=2e-3)


def test_gradients_to_the_pixels_are_those_of_the_reference(known) -> None:
    network, io = known
    text = F.normalize(network.text(io["tokens"]))
    scores = {
        "grad_pixels_sum_cosine": lambda image: (F.normalize(image) @ text.T).sum(),
        "grad_pixels_sum_sq_features": lambda image: image.square().sum(),
    }
    recorded = [name for name in io if name.startswith("grad_pixels_")]
    assert recorded
    for name in recorded:
        pixels, want = io["pixels"].clone().requires_grad_(), io[name]
        score = scores[name.removesuffix("_sub2")](network.visual(pixels))
        (grad,) = torch.autograd.grad(score, pixels)
        grad = grad[..., 1::2, ::2] if name.endswith("_sub2") else grad
        torch.testing.assert_close(grad, want, rtol=0, atol=1e-3 * want.abs().max().item())


def test_stages_of_the_image_tower_are_those_of_the_reference(known) -> None:
    network, io = known
    visual = network.visual
    if isinstance(visual, ImageTransformer):
        x = visual.embed(io["pixels"])
        same(x, io["stage.visual.ln_pre_NLD"])
        for block in visual.blocks:
            last, x = x, block(x)
        same(x, io["stage.visual.transformer_LND"].transpose(0, 1))
        same(visual.ln_post(x[:, 0]), io["stage.visual.ln_post_cls"])
        same(visual.blocks[-1](last, queries=1), x[:, :1])
        same(visual.activations(io["pixels"], len(visual.layers) - 1), x[:, 1:].mT)
    else:
        assert isinstance(visual, ImageResNet)
        x = visual.stem(io["pixels"])
        same(x, io["stage.visual.stem"])
        for i, stage in enumerate(visual.stages, 1):
            x = stage(x)
            if f"stage.visual.layer{i}" in io:
                same(x, io[f"stage.visual.layer{i}"])
                last = max(k for k, name in enumerate(visual.layers) if f"layer{i}." in name)
                same(visual.activations(io["pixels"], last), x)


def test_stages_of_the_text_tower_are_those_of_the_reference(known) -> None:
    network, io = known
    if "stage.text.transformer_LND" not in io:
        pytest.skip("this copy has no stages of the text tower")
    hidden = network.text.hidden(io["tokens"])
    same(hidden, io["stage.text.transformer_LND"].transpose(0, 1))
    if "stage.text.ln_final_NLD" in io:
        same(network.text.ln_final(hidden), io["stage.text.ln_final_NLD"])


@pytest.mark.parametrize("folder", families("clip-tokenizer"), ids=lambda folder: folder.name)
def test_token_ids_are_those_of_the_reference(folder: Path) -> None:
    known = json.loads((folder / "tokens.json").read_text())
    config = known["config"]
    file = DATA / "clip-bpe" / config["vocab_file"]
    if not file.exists():
        pytest.skip(f"CLIP's vocabulary is not at {file} (REVERIE_DATA names its folder)")
    tokenizer = Tokenizer(file, config["context_length"], config["vocab_size"])
    for row in known["rows"]:
        assert tokenizer.encode(row["text"]) == row["ids"], row["text"]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            (ids,) = tokenizer.tokens([row["text"]]).tolist()
        prefix = row["row77_truncate_true_nonzero_prefix"]
        assert ids == prefix + [0] * (config["context_length"] - len(prefix)), row["text"]
        assert bool(caught) == row["raises_without_truncate"]


@pytest.mark.parametrize("folder", families("clip-preprocess"), ids=lambda folder: folder.name)
def test_a_picture_is_prepared_to_the_bit_like_the_reference(folder: Path) -> None:
    io = load_file(folder / "io.safetensors")
    for name, want in io.items():
        if ".preprocess_" not in name:
            continue
        picture = Image.fromarray(io[f"{name.split('.')[0]}.image_u8"].numpy())
        clip = tiny_clip()
        clip.size = want.shape[-1]
        got = (clip.prepare(picture) - clip.mean) / clip.std
        torch.testing.assert_close(got, want, rtol=0, atol=1e-6)
