import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from reverie import image as images
from reverie.canvas.siren import Siren
from reverie.device import machine
from reverie.errors import WeightsError
from reverie.nets.biggan import BigGANDeep, frozen
from reverie.weights.biggan_layouts import biggan_layout
from reverie.weights.store import add, find, installed

CONFIG: dict[str, Any] = {
    "output_dim": 16,
    "z_dim": 6,
    "class_embed_dim": 5,
    "channel_width": 8,
    "num_classes": 7,
    "layers": [[False, 4, 4], [True, 4, 2], [False, 2, 2], [True, 2, 1]],
    "attention_layer_position": 2,
    "eps": 1e-4,
    "n_stats": 3,
}
FIELDS = {name: value for name, value in CONFIG.items() if name != "output_dim"}
FIELDS["layers"] = tuple(map(tuple, CONFIG["layers"]))
PLAIN = ("embeddings.weight", "generator.bn.weight")  # the weights without a spectral norm


def published() -> dict[str, Tensor]:
    """Random weights in the published layout."""
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name, tensor in BigGANDeep(**FIELDS).state_dict().items():
        drawn = torch.randn(tensor.shape, generator=generator)
        if name.endswith(".weight") and name not in PLAIN:
            tensors[f"{name}_orig"] = drawn
            for vector, size in (("u", len(drawn)), ("v", drawn[0].numel())):
                tensors[f"{name}_{vector}"] = torch.randn(size, generator=generator)
        else:
            tensors[name] = drawn.exp() if name.endswith("_vars") else drawn
    return tensors


def test_every_published_weight_is_divided_by_its_spectral_norm_and_no_other() -> None:
    tensors = published()
    layout, _ = biggan_layout(tensors, CONFIG, "biggan")
    for name, got in layout.items():
        if f"{name}_orig" not in tensors:
            assert torch.equal(got, tensors[name]), name
            continue
        weight, u, v = (tensors[f"{name}_{part}"].double() for part in ("orig", "u", "v"))
        sigma = torch.einsum("i,ij,j->", u, weight.flatten(1), v)
        torch.testing.assert_close(got, (weight / sigma).float(), rtol=1e-6, atol=0)


def test_the_layout_fits_the_network_and_changes_no_tensor_given() -> None:
    for place, channels in ((2, 3), (None, 4), (0, 1)):
        told = {"attention_layer_position": place, "image_channels": channels}
        network = BigGANDeep(**FIELDS | told)
        state = network.state_dict()
        layout, fields = biggan_layout(state, CONFIG | told, "own")
        assert {*layout} == {*state} and fields["image_channels"] == channels
        picture = frozen(fields, layout)(torch.zeros(1, 6), torch.ones(1, 7))
        assert torch.equal(picture, network.eval()(torch.zeros(1, 6), torch.ones(1, 7)))
    tensors = published()
    biggan_layout(tensors, CONFIG, "biggan")
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in published().items())


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before 1.6"])
@pytest.mark.parametrize(
    "weights, config",
    [
        ("biggan-deep-128-pytorch_model.bin", "biggan-deep-128-config.json"),
        ("pytorch_model.bin", "config.json"),
    ],
)
def test_files_are_read_as_they_are_published(
    tmp_path: Path, weights: str, config: str, legacy: bool
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"z_dim": 1}))  # of another model
    (tmp_path / config).write_text(json.dumps(CONFIG))
    state = torch.nn.Module().state_dict()  # an OrderedDict that carries its _metadata
    state.update(published())
    torch.save(state, tmp_path / weights, _use_new_zipfile_serialization=not legacy)
    found = find(str(tmp_path / weights))
    layout, fields = biggan_layout(found.tensors(), found.config, weights)
    want, _ = biggan_layout(published(), CONFIG, "biggan")
    assert all(torch.equal(layout[name], tensor) for name, tensor in want.items())
    assert frozen(fields, layout)(torch.zeros(1, 6), torch.ones(1, 7)).shape == (1, 3, 16, 16)


def test_a_painted_picture_is_no_model(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "store"))
    spec = Siren(size=(8, 8), layers=2, hidden=4)
    images.save(torch.rand(1, 3, 8, 8), tmp_path / "a.png", None)
    (network,) = spec.keep(spec.build(machine("cpu", "fp32"), (1,)), [tmp_path / "a.png"])
    with pytest.raises(WeightsError, match="is a picture that deep-daze has painted, and no model"):
        add(network, "mine")
    assert not installed()


def test_no_tensor_may_be_missing_or_of_another_shape() -> None:
    for name, tensor in published().items():
        without = {key: t for key, t in published().items() if key != name}
        for tensors in (without, without | {name: torch.zeros(*tensor.shape, 2)}):
            with pytest.raises(WeightsError, match=r"^a\.bin: .*'[\w.]+'") as caught:
                biggan_layout(tensors, CONFIG, "a.bin")
            assert "\n" not in str(caught.value)


def test_no_unknown_tensor_is_ignored() -> None:
    with pytest.raises(WeightsError, match=r"has the unknown tensor 'generator\.layers\.9\.gamma'"):
        biggan_layout(published() | {"generator.layers.9.gamma": torch.ones(1)}, CONFIG, "a.bin")


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_spectral_norm_that_divides_nothing_is_refused(value: float) -> None:
    tensors = published()
    tensors["generator.gen_z.weight_u"] *= value
    with pytest.raises(WeightsError, match=r"spectral norm of 'generator\.gen_z\.weight_orig' is"):
        biggan_layout(tensors, CONFIG, "a.bin")


@pytest.mark.parametrize(
    "told, about",
    [
        ({"z_dim": "6"}, "z_dim is '6'"),
        ({"n_stats": 0}, "n_stats is 0"),
        ({"num_classes": True}, "num_classes is True"),
        ({"eps": -1e-4}, "eps is "),
        ({"attention_layer_position": 2.0}, "attention_layer_position is 2.0"),
        ({"layers": []}, "layers is "),
        ({"layers": [[1, 4, 4]]}, "layers is "),
        ({"layers": [[True, 4]]}, "layers is "),
        ({"output_dim": 128}, "says pictures of 128 pixels a side, and its layers make 16"),
        ({"channel_width": 16}, r"asks for \["),
    ],
)
def test_a_config_that_does_not_fit_is_refused(told: dict, about: str) -> None:
    with pytest.raises(WeightsError, match=f"^a.bin: .*{about}") as caught:
        biggan_layout(published(), CONFIG | told, "a.bin")
    assert "\n" not in str(caught.value)


def test_a_config_that_lacks_a_field_or_is_not_there_is_refused(tmp_path: Path) -> None:
    for name in FIELDS:
        rest = {key: value for key, value in CONFIG.items() if key != name}
        with pytest.raises(WeightsError, match=f"lacks '{name}'"):
            biggan_layout(published(), rest, "a.bin")
    with pytest.raises(WeightsError, match="has no config beside it"):
        biggan_layout(published(), {}, "a.bin")
    torch.save(published(), tmp_path / "x-pytorch_model.bin")
    for text in ("{", "[]"):
        (tmp_path / "x-config.json").write_text(text)
        with pytest.raises(WeightsError, match="x-config.json: "):
            find(str(tmp_path / "x-pytorch_model.bin"))


def test_an_import_divides_by_the_spectral_norm_once_and_for_all(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "store"))
    torch.save(published(), tmp_path / "my.bin")
    (tmp_path / "my.json").write_text(json.dumps(CONFIG))
    add(tmp_path / "my.bin", "mine")
    found, want = find("mine", "biggan"), biggan_layout(published(), CONFIG, "a.bin")[0]
    tensors = found.tensors()
    assert {*tensors} == {*want} and all(torch.equal(tensors[name], want[name]) for name in want)
    biggan_layout(tensors, found.config, "mine")
    assert installed()[0].kind == "biggan"
    with pytest.raises(WeightsError, match="mine is a BigGAN, and a CLIP is wanted here"):
        find("mine", "clip")
