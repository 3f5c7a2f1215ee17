"""StyleGAN2 and StyleGAN3 against the reference implementations, on random networks."""

import re

import pytest
import torch
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.nets.stylegan import StyleGAN
from reverie.nets.stylegans import frozen
from reverie.weights.stylegan_layouts import stylegan_layout

FOLDERS = families("stylegan2") + families("stylegan3")
NVIDIA = [folder for folder in FOLDERS if "init_kwargs" in config(folder)]
TWO = [folder for folder in NVIDIA if (folder.name.startswith("stylegan2"))]
THREE = [folder for folder in NVIDIA if folder.name.startswith("stylegan3")]
ROSINALITY = [folder for folder in FOLDERS if folder not in NVIDIA]
Known = tuple[StyleGAN, dict[str, Tensor]]


def known(folder) -> Known:
    io, published = tensors(folder), weights(folder)
    if "latent_avg" in io:  # stands beside the weights in the published files
        published["latent_avg"] = io["latent_avg"]
    layout, fields = stylegan_layout(published, config(folder), folder.name)
    return frozen(fields, layout), io


def over(folders):
    return pytest.mark.parametrize("folder", folders, ids=lambda folder: folder.name)


def same_picture(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=0, atol=1e-4 * want.std().item())


def same_gradient(got: Tensor, want: Tensor) -> None:
    torch.testing.assert_close(got, want, rtol=0, atol=1e-3 * want.abs().max().item())


@over(NVIDIA)
def test_noise_and_labels_become_the_w_of_the_reference_under_every_truncation(folder) -> None:
    network, io = known(folder)
    names = [name for name in io if name.startswith("w_psi")]
    assert names
    for name in names:
        psi, _, cutoff = name.removeprefix("w_psi").partition("_cutoff")
        told = {"truncation": float(psi), "cutoff": int(cutoff) if cutoff else None}
        got = network.mapping(io["z"], io.get("c"), **told)
        torch.testing.assert_close(got, io[name], rtol=0, atol=1e-5)


@over(NVIDIA)
def test_pictures_of_a_truncation_are_those_of_the_reference(folder) -> None:
    network, io = known(folder)
    names = [name for name in io if re.fullmatch(r"image_(const_|none_)?psi[\d.]+", name)]
    assert names
    for name in names:
        kind, psi = name.removeprefix("image_").split("psi")
        ws = network.mapping(io["z"], io.get("c"), float(psi))
        same_picture(network.synthesis(ws, noise="none" if "none" in kind else "const"), io[name])


@over(TWO)
def test_a_picture_in_bytes_is_that_of_the_reference_to_one_level(folder) -> None:
    network, io = known(folder)
    names = [name for name in io if name.startswith("image_u8_")]
    assert names
    for name in names:
        kind, psi = name.removeprefix("image_u8_").split("_psi")
        got = network.synthesis(network.mapping(io["z"], io.get("c"), float(psi)), kind)
        levels = (got * 127.5 + 128).clamp(0, 255).floor()
        assert (levels - io[name]).abs().max() <= 1


@over(NVIDIA)
def test_pictures_of_a_w_for_each_layer_and_their_gradients_are_those_of_the_reference(
    folder,
) -> None:
    network, io = known(folder)
    for name in (name for name in io if re.fullmatch(r"image_(const_|none_)?wplus", name)):
        noise = "none" if "none" in name else "const"
        same_picture(network.synthesis(io["wplus"], noise), io[name])
    same_gradients_to_wplus(network, io)


def same_gradients_to_wplus(network: StyleGAN, io: dict[str, Tensor]) -> None:
    ws = io["wplus"].clone().requires_grad_()
    image = network.synthesis(ws)
    for name, score in (("mean_image", image), ("mean_R_image", io["R"] * image)):
        (got,) = torch.autograd.grad(score.mean(), ws, retain_graph=True)
        same_gradient(got, io[f"grad_wplus_{name}"])


@over(TWO)
def test_the_gradient_to_noise_and_the_picture_is_that_of_the_reference(folder) -> None:
    network, io = known(folder)
    names = [name for name in io if name.startswith("grad_z_")]
    assert names
    for name in names:
        weight, psi = name.removeprefix("grad_z_mean_image_times_").split("__psi")
        z = io["z"].clone().requires_grad_()
        image = network.synthesis(network.mapping(z, io.get("c"), float(psi)))
        (got,) = torch.autograd.grad((image * io[weight]).mean(), z)
        same_gradient(got, io[name])


@over(TWO)
def test_every_block_of_stylegan2_gives_what_it_gives_in_the_reference(folder) -> None:
    network, io = known(folder)
    seen: dict[str, Tensor] = {}
    for block in network.get_submodule("blocks").children():
        block.register_forward_hook(
            lambda block, _, out: seen.update(
                {f"stage.b{block.size}.x": out[0], f"stage.b{block.size}.img": out[1]}
            )
        )
    network.synthesis(io["wplus"][:1])
    same_stages(seen, io)


@over(THREE)
def test_every_layer_of_stylegan3_gives_what_it_gives_in_the_reference(folder) -> None:
    network, io = known(folder)
    seen: dict[str, Tensor] = {}
    modules = [network.get_submodule("input"), *network.get_submodule("layers").children()]
    modules.append(network.get_submodule("torgb"))
    names = ["input", *config(folder)["derived"]["layer_names"]]
    for name, module in zip(names, modules, strict=True):
        module.register_forward_hook(
            lambda _, __, out, name=name: seen.update({f"stage.{name}": out})
        )
    network.synthesis(io["wplus"][:1])
    same_stages(seen, io)


def same_stages(seen: dict[str, Tensor], io: dict[str, Tensor]) -> None:
    names = [name for name in io if name.startswith("stage.")]
    assert names
    for name in names:
        got = seen[name.removesuffix("_first2ch")]
        same_picture(got[:, :2] if name.endswith("_first2ch") else got, io[name])


@over(THREE)
def test_a_picture_turned_and_moved_by_the_user_is_that_of_the_reference(folder) -> None:
    network, io = known(folder)
    network.get_buffer("input.transform").copy_(io["user_transform"])
    same_picture(network.synthesis(io["wplus"]), io["image_wplus_user_transform"])


@over(NVIDIA)
def test_a_network_has_as_many_rows_of_w_as_the_reference(folder) -> None:
    network, io = known(folder)
    kwargs = config(folder)["init_kwargs"]
    assert network.num_ws == config(folder)["derived"]["num_ws"] == io["wplus"].shape[1]
    assert (network.z_dim, network.w_dim) == (kwargs["z_dim"], kwargs["w_dim"])
    assert (network.c_dim, network.resolution) == (kwargs["c_dim"], kwargs["img_resolution"])


@over(ROSINALITY)
def test_rosinality_noise_becomes_w_and_pictures_as_in_the_reference(folder) -> None:
    network, io = known(folder)
    full = network.mapping(io["z"])
    torch.testing.assert_close(full[:, 0], io["w"], rtol=0, atol=1e-5)
    near = [name for name in io if name.startswith("latents_z_trunc")]
    assert near
    for name in near:
        psi = name.removeprefix("latents_z_trunc")
        ws = network.mapping(io["z"], truncation=float(psi))
        torch.testing.assert_close(ws, io[name], rtol=0, atol=1e-5)
        same_picture(network.synthesis(ws), io[f"image_z_trunc{psi}_bufnoise"])
    for name in ("image_z_bufnoise", "image_w_bufnoise"):
        same_picture(network.synthesis(full), io[name])


@over(ROSINALITY)
def test_rosinality_noise_maps_give_the_pictures_of_the_reference(folder) -> None:
    network, io = known(folder)
    ws = network.mapping(io["z"])
    maps = [io[f"explicit_noise.{i}"] for i in range(len(network.noise_sizes))]
    same_picture(network.synthesis(ws, maps), io["image_w_explicit_noise"])
    same_picture(network.synthesis(ws, "none"), io["image_w_zero_noise"])


@over(ROSINALITY)
def test_rosinality_w_for_each_layer_give_pictures_and_gradients_of_the_reference(folder) -> None:
    network, io = known(folder)
    mixes = [name for name in io if name.startswith("image_mix_w0_w1_inject")]
    assert mixes
    for name in mixes:
        rows = int(name.removeprefix("image_mix_w0_w1_inject").removesuffix("_bufnoise"))
        first, second = network.mapping(io["z"])[:2]
        ws = torch.cat([first[:rows], second[rows:]])[None]
        same_picture(network.synthesis(ws), io[name])
    same_picture(network.synthesis(io["wplus"]), io["image_wplus_bufnoise"])
    same_gradients_to_wplus(network, io)
