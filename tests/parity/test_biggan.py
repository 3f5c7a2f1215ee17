"""BigGAN-deep against the reference implementation, on a random network with known answers."""

import re

import pytest
import torch
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.nets.biggan import BigGANDeep, frozen, stats_rows
from reverie.weights.biggan_layouts import biggan_layout

FOLDERS = families("biggan-deep")
Known = tuple[BigGANDeep, dict[str, Tensor]]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest):
    return request.param


@pytest.fixture
def known(folder) -> Known:
    layout, fields = biggan_layout(weights(folder), config(folder), folder.name)
    return frozen(fields, layout), tensors(folder)


def sampled(x: Tensor, name: str) -> Tensor:
    """The part of a tensor that the name of a recorded one speaks of."""
    if "_first2ch" in name:
        x = x[:, :2]
    return x[:, :, 1::4, 2::4] if "_sub4" in name else x


def same_gradients(got: tuple[Tensor, ...], *want: Tensor) -> None:
    for one, other in zip(got, want, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-3 * other.abs().max().item())


def test_pictures_are_those_of_the_reference_at_every_truncation(known: Known) -> None:
    network, io = known
    names = [name for name in io if name.startswith("image_") and "_u8_" not in name]
    assert names
    for name in names:
        kind, t = name.removeprefix("image_").removesuffix("_sub4").split("_trunc")
        got = network(io["z"] * float(t), io[f"class_{kind}"], float(t), "published")
        torch.testing.assert_close(sampled(got, name), io[name], rtol=0, atol=2e-4)


def test_a_picture_in_bytes_is_that_of_the_reference_to_one_level(known: Known) -> None:
    network, io = known
    names = [name for name in io if name.startswith("image_u8_")]
    assert names
    for name in names:
        kind, t = name.removeprefix("image_u8_").removesuffix("_sub4").split("_trunc")
        want = io[name].permute(0, 3, 1, 2)  # [b, h, w, 3] -> [b, 3, h, w]
        got = network(io["z"] * float(t), io[f"class_{kind}"], float(t), "published")[: len(want)]
        levels = ((sampled(got, name) + 1) / 2 * 256).clamp(0, 255).floor()
        assert (levels - want).abs().max() <= 1


def test_gradients_to_noise_and_classes_are_those_of_the_reference(known: Known) -> None:
    network, io = known
    truncations = [name.removeprefix("R_rows_trunc") for name in io if name.startswith("R_rows_")]
    assert truncations
    for t in truncations:
        z = (io["z"] * float(t)).requires_grad_()
        classes = io["class_soft"].clone().requires_grad_()
        image = network(z, classes, float(t), "published")
        r = io[f"R_rows_trunc{t}"] * io[f"R_cols_trunc{t}"]
        for mean, score in (("mean_image", image), ("mean_R_image", r * image)):
            got = torch.autograd.grad(score.mean(), (z, classes), retain_graph=True)
            same_gradients(got, *(io[f"grad_{of}_{mean}_trunc{t}"] for of in ("z", "class")))


def test_stages_are_those_of_the_reference(known: Known) -> None:
    network, io = known
    names = [name for name in io if name.startswith("stage.")]
    seen: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        short = name.removeprefix("generator.").replace("embeddings", "embed")
        module.register_forward_hook(lambda _, __, out, key=short: seen.update({key: out}))
    network(io["z"] * 0.4, io["class_soft"], 0.4)
    assert names
    for name in names:
        key = re.sub(r"^stage\.|_flat$|(_first2ch)?_sub4$", "", name)
        size = max(1.0, io[name].abs().max().item())  # these grow where pictures end at 1
        torch.testing.assert_close(sampled(seen[key], name), io[name], rtol=0, atol=2e-4 * size)


def test_a_row_for_each_block_gives_the_pictures_and_gradients_of_big_sleep(known: Known) -> None:
    network, io = known
    latents = io["bigsleep.latents"].clone().requires_grad_()
    logits = io["bigsleep.class_logits"].clone().requires_grad_()
    image = (network(latents[None], logits.sigmoid()[None]) + 1) / 2
    (name,) = (name for name in io if name.startswith("bigsleep.image01"))
    torch.testing.assert_close(sampled(image, name), io[name], rtol=0, atol=2e-4)
    r = io["bigsleep.R_rows"] * io["bigsleep.R_cols"]
    same_gradients(
        torch.autograd.grad((r * image).mean(), (latents, logits)),
        io["bigsleep.grad_latents_mean_R_image01"],
        io["bigsleep.grad_class_logits_mean_R_image01"],
    )


def test_the_rows_of_the_statistics_are_those_of_the_reference(folder) -> None:
    told = config(folder)
    used = tensors(folder)["stats_rows_used"].tolist()
    for t, (row, share) in zip(told["_meta"]["truncations"], used, strict=True):
        assert stats_rows(t, told["n_stats"], "published") == (row, share)


def test_spectral_norms_are_those_of_the_reference(folder) -> None:
    io, original = tensors(folder), weights(folder)
    layout, _ = biggan_layout(original, config(folder), folder.name)
    names = [name.removeprefix("sigma.") for name in io if name.startswith("sigma.")]
    assert names
    for name in names:
        got = layout[f"{name}.weight"] * io[f"sigma.{name}"]
        torch.testing.assert_close(got, original[f"{name}.weight_orig"], rtol=1e-5, atol=1e-7)
