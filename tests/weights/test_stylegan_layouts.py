"""The layouts of StyleGAN and ProGAN take whole files, and say what is wrong with others."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nets.small_stylegans import CHANNELS, WIDTH, drawn, progan, stylegan2, stylegan3
from reverie.errors import WeightsError
from reverie.nets.progan import ProGAN
from reverie.nets.stylegans import frozen
from reverie.weights.progan_layouts import progan_layout
from reverie.weights.stylegan_layouts import is_stylegan, stylegan_layout

KINDS = {
    "skip": lambda: stylegan2(),
    "resnet": lambda: stylegan2("resnet", c_dim=3),
    "three": lambda: stylegan3(),
}


def picture(tensors: dict[str, Tensor], config: dict[str, Any]) -> Tensor:
    layout, fields = stylegan_layout(tensors, config, "file")
    network = frozen(fields, layout)
    return network.synthesis(network.mapping(drawn(1, WIDTH)))


def as_rosinality(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network, written down as rosinality does."""
    t = tensors
    found = {"latent_avg": t["mapping.w_avg"], "input.input": t["synthesis.b4.const"][None]}
    for i in range(2):
        for part in ("weight", "bias"):
            found[f"style.{i + 1}.{part}"] = t[f"mapping.fc{i}.{part}"]
    convolutions = [f"synthesis.b{n}.conv{i}" for n in CHANNELS for i in (0, 1)][1:]
    for i, name in enumerate(convolutions):
        to = f"convs.{i - 1}" if i else "conv1"
        weight = t[f"{name}.weight"]
        found[f"{to}.conv.weight"] = weight[None] * math.sqrt(weight[0].numel())
        found[f"{to}.noise.weight"] = t[f"{name}.noise_strength"][None]
        found[f"{to}.activate.bias"] = t[f"{name}.bias"]
        found[f"noises.noise_{i}"] = t[f"{name}.noise_const"][None, None]
        if i % 2:
            found[f"{to}.conv.blur.kernel"] = 4 * t["synthesis.b8.resample_filter"]
        for part in ("weight", "bias"):
            found[f"{to}.conv.modulation.{part}"] = t[f"{name}.affine.{part}"]
    for i, size in enumerate(CHANNELS):
        name, to = f"synthesis.b{size}.torgb", f"to_rgbs.{i - 1}" if i else "to_rgb1"
        found[f"{to}.conv.weight"] = t[f"{name}.weight"][None]
        found[f"{to}.bias"] = t[f"{name}.bias"][None, :, None, None]
        if i:
            found[f"{to}.upsample.kernel"] = 4 * t["synthesis.b8.resample_filter"]
        for part in ("weight", "bias"):
            found[f"{to}.conv.modulation.{part}"] = t[f"{name}.affine.{part}"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_taken_whole_and_left_as_it_is(kind) -> None:
    tensors, config = KINDS[kind]()
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    assert is_stylegan(tensors)
    assert picture(tensors, config).isfinite().all()
    assert before.keys() == tensors.keys()
    assert all(tensors[name].equal(tensor) for name, tensor in before.items())


def test_rosinality_tensors_draw_the_picture_of_nvidias() -> None:
    tensors, config = stylegan2()
    del config["init_kwargs"]["mapping_kwargs"]["lr_multiplier"]  # rosinality has the usual one
    for name in tensors:
        if ".conv" in name and name.count(".") == 3 and name.endswith(".weight"):
            tensors[name] *= 1e-5  # so small that the eps of the demodulation counts
    want = picture(tensors, config)
    torch.testing.assert_close(picture(as_rosinality(tensors), {}), want, rtol=0, atol=1e-4)


def test_an_old_rosinality_file_gets_the_same_noise_every_time() -> None:
    tensors = as_rosinality(stylegan2()[0])
    old = {name: t for name, t in tensors.items() if not name.startswith("noises.")}
    assert picture(old, {}).equal(picture(old, {}))
    del tensors["noises.noise_3"]  # but a file that has some must have all
    with pytest.raises(WeightsError, match=r"lacks tensor 'synthesis\.b16\.conv0\.noise_const'"):
        picture(tensors, {})


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_that_is_missing_or_of_another_shape_is_named(kind) -> None:
    tensors, config = KINDS[kind]()
    told = [name for name in tensors if not name.endswith("resample_filter")]
    for name in told:
        if name not in ("mapping.w_avg", "synthesis.b4.const", "synthesis.input.freqs"):
            less = {other: t for other, t in tensors.items() if other != name}
            with pytest.raises(WeightsError, match=r"file: .*"):
                picture(less, config)
        with pytest.raises(WeightsError, match=r"file: .*"):
            picture(tensors | {name: torch.zeros(() if tensors[name].ndim else (2,))}, config)
        larger = tensors | {name: tensors[name][..., None].expand(*tensors[name].shape, 2)}
        with pytest.raises(WeightsError, match=r"file: .*"):
            picture(larger, config)


def test_a_tensor_of_no_place_is_refused_by_its_name() -> None:
    for make in (*KINDS.values(), lambda: (as_rosinality(stylegan2()[0]), {})):
        tensors, config = make()
        with pytest.raises(WeightsError, match="has the unknown tensor 'a.stranger'"):
            picture(tensors | {"a.stranger": torch.zeros(1)}, config)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"img_channels": 1}, "img_channels is 1 in its config; wanted: 3"),
        ({"img_resolution": 33}, "a power of two"),
        ({"img_resolution": True}, "a power of two"),
        ({"z_dim": 0}, "z_dim is 0"),
        ({"z_dim": WIDTH + 1}, r"'mapping.fc0.weight' is \[10, 10\].*\[10, 11\]"),
        ({"mapping_kwargs": {"activation": "relu"}}, "mapping.activation is 'relu'"),
        ({"mapping_kwargs": 3}, "must be objects"),
        ({"synthesis_kwargs": {"architecture": "unet"}}, "skip, orig or resnet"),
        ({"synthesis_kwargs": {"conv_clamp": -1}}, "conv_clamp is -1"),
    ],
)
def test_a_config_of_another_network_is_refused(changes, said) -> None:
    tensors, config = stylegan2()
    with pytest.raises(WeightsError, match=said):
        picture(tensors, {"init_kwargs": config["init_kwargs"] | changes})


def test_without_a_config_or_without_a_stylegan_the_error_says_so() -> None:
    tensors, config = stylegan2()
    with pytest.raises(WeightsError, match="no init_kwargs beside it"):
        picture(tensors, {})
    del config["init_kwargs"]["w_dim"]
    with pytest.raises(WeightsError, match="lack 'w_dim'"):
        picture(tensors, config)
    with pytest.raises(WeightsError, match="is no StyleGAN2 and no StyleGAN3"):
        picture({"weight": torch.zeros(1)}, config)


def test_later_files_of_nvidia_clamp_unless_they_say_otherwise() -> None:
    tensors, config = stylegan2()
    kwargs = config["init_kwargs"]
    assert "conv_clamp" not in stylegan_layout(tensors, config, "file")[1]
    flat = {k: v for k, v in kwargs.items() if k != "synthesis_kwargs"}
    later = {"init_kwargs": flat | kwargs["synthesis_kwargs"]}
    assert stylegan_layout(tensors, later, "file")[1]["conv_clamp"] == 256


def test_filters_that_are_no_product_of_one_row_are_refused() -> None:
    tensors, config = stylegan2()
    for name in tensors:
        if name.endswith("resample_filter"):
            tensors[name] = torch.eye(4)
    with pytest.raises(WeightsError, match="outer product"):
        picture(tensors, config)


def test_sizes_in_the_names_that_the_geometry_does_not_come_to_are_refused() -> None:
    tensors, config = stylegan3()
    config["init_kwargs"]["margin_size"] = 5
    with pytest.raises(ValueError, match="sizes: the layers are of"):
        picture(tensors, config)


def progan_picture(tensors: dict[str, Tensor], config: dict[str, Any]) -> Tensor:
    layout, fields = progan_layout(tensors, config, "file")
    network = ProGAN.frozen(fields, layout)
    return network(drawn(1, network.z_dim))


def test_every_tensor_of_a_progan_that_is_missing_or_of_another_shape_is_named() -> None:
    tensors, config = progan(2)
    assert progan_picture(tensors, config).shape == (1, 3, 16, 16)
    for name in tensors:
        less = {other: t for other, t in tensors.items() if other != name}
        with pytest.raises(WeightsError, match=r"file: .*"):
            progan_picture(less, config)
        with pytest.raises(WeightsError, match=r"file: .*"):
            progan_picture(tensors | {name: tensors[name][None]}, config)
        with pytest.raises(WeightsError, match=r"file: .*"):
            progan_picture(tensors | {name: torch.zeros(())}, config)
    with pytest.raises(WeightsError, match="has the unknown tensor 'a.stranger'"):
        progan_picture(tensors | {"a.stranger": torch.zeros(1)}, config)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("lossCriterion", "Best", "wanted: WGANGP, MSE, DCGAN"),
        ("alpha", 2, "alpha is 2"),
        ("equalizedlR", 1, "true or false"),
    ],
)
def test_a_progan_of_an_unknown_kind_is_refused(name, value, said) -> None:
    tensors, config = progan()
    with pytest.raises(WeightsError, match=said):
        progan_picture(tensors, {"config": config["config"] | {name: value}})
