"""Generators out of files as they are published: every number, the settings, and nothing run."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.errors import WeightsError
from reverie.nets.progan import ProGAN
from reverie.nets.stylegans import frozen
from reverie.weights import bare_pickles, store
from reverie.weights.progan_layouts import progan_layout
from reverie.weights.read import read_contents, read_tensors
from reverie.weights.stylegan_layouts import stylegan_layout
from weights import published
from weights.mirror import Page, mirror

NVIDIA = [
    folder for name in ("stylegan2-ada", "stylegan3") for folder in families(name)
]  # empty where the recorded answers are not at hand
SETTINGS = {"latent_size": 4, "dlatent_size": 4, "resolution": 8, "mapping_layers": 2}
ARCHITECTURES = [("skip", 0), ("orig", 0), ("resnet", 3)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def write(folder: Path, content: bytes, name: str = "faces.pkl") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def same(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    assert got.keys() == want.keys()
    assert all(got[n].shape == want[n].shape and torch.equal(got[n], want[n]) for n in want)


def modules_that_wait() -> list[str]:
    import sys

    return [name for name in sys.modules if name.split(".")[0] in ("torch_utils", "dnnlib")]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(("architecture", "c_dim"), ARCHITECTURES)
def test_of_nvidias_pickle_the_averaged_generator_is_read(
    tmp_path: Path, architecture: str, c_dim: int, protocol: int
) -> None:
    want = published.stylegan2(8, architecture, c_dim)
    told = published.kwargs(8, c_dim, architecture=architecture)
    path = write(tmp_path, published.pickled(published.nvidia(want, told), protocol))
    got, about = read_contents(path)
    same(got, want)
    assert about["init_kwargs"] == told
    assert not modules_that_wait()
    layout, fields = stylegan_layout(got, about, str(path))
    assert frozen(fields, layout).resolution == 8


@pytest.mark.parametrize("folder", NVIDIA, ids=lambda folder: folder.name)
def test_a_pickle_of_the_recorded_network_gives_its_tensors_and_settings(
    tmp_path: Path, folder: Path
) -> None:
    told = config(folder)["init_kwargs"]
    path = write(tmp_path, published.pickled(published.nvidia(weights(folder), told)))
    got, about = read_contents(path)
    same(got, weights(folder))
    assert about["init_kwargs"] == told
    io, (layout, fields) = tensors(folder), stylegan_layout(got, about, folder.name)
    assert frozen(fields, layout).num_ws == io["wplus"].shape[1]


def test_tensors_of_every_kind_and_view_are_read_as_they_are(tmp_path: Path) -> None:
    want = published.stylegan2()
    want["synthesis.b4.const"] = want["synthesis.b4.const"].half()
    want["mapping.fc0.weight"] = torch.arange(32.0).reshape(4, 8).T[:4]
    want["mapping.fc1.weight"] = torch.arange(20.0)[4:].reshape(4, 4)
    want["mapping.w_avg"] = want["mapping.w_avg"].double()
    path = write(tmp_path, published.pickled(published.nvidia(want, published.kwargs())))
    got = read_tensors(path)
    same(got, want)
    assert got["synthesis.b4.const"].dtype == torch.float16
    assert got["mapping.w_avg"].dtype == torch.float64
    before = path.read_bytes()
    for tensor in got.values():
        tensor.zero_()
    assert path.read_bytes() == before


@pytest.mark.parametrize("protocol", [2, 4])
def test_numbers_are_looked_at_in_the_file_and_come_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.setattr(bare_pickles, "LARGE", 300)
    want = published.stylegan2()
    ours = published.pickled(published.nvidia(want, published.kwargs()), protocol)
    same(read_tensors(write(tmp_path, ours)), want)
    theirs = published.pickled(published.tensorflow(want, **SETTINGS), protocol)
    assert read_tensors(write(tmp_path, theirs)).keys() == want.keys()


def test_what_modules_state_fills_what_their_makers_left_to_defaults(tmp_path: Path) -> None:
    told = {"z_dim": 4, "c_dim": 0, "w_dim": 4, "img_resolution": 8, "img_channels": 3}
    stated = {
        "mapping": {"num_layers": 2},
        "mapping.fc0": {"bias_gain": 0.02, "activation": "lrelu"},
        "synthesis.b4": {"architecture": "skip"},
        "synthesis.b4.conv1": {"conv_clamp": None, "use_noise": True},
    }
    holds = published.nvidia(published.stylegan2(), told, stated)
    about = read_contents(write(tmp_path, published.pickled(holds)))[1]
    mapping = {"num_layers": 2, "lr_multiplier": 0.02, "activation": "lrelu"}
    more = {"architecture": "skip", "conv_clamp": None, "use_noise": True}
    assert about["init_kwargs"] == told | {"mapping_kwargs": mapping} | more


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(("architecture", "c_dim"), ARCHITECTURES)
def test_a_file_of_tensorflows_time_gives_the_same_network(
    tmp_path: Path, architecture: str, c_dim: int, protocol: int
) -> None:
    want = published.stylegan2(8, architecture, c_dim)
    settings = SETTINGS | {"architecture": architecture, "label_size": c_dim}
    path = write(tmp_path, published.pickled(published.tensorflow(want, **settings), protocol))
    got, about = read_contents(path)
    assert got.keys() == want.keys()
    for name, tensor in want.items():
        torch.testing.assert_close(got[name], tensor, msg=name)
    kwargs = about["init_kwargs"]
    assert (kwargs["z_dim"], kwargs["c_dim"], kwargs["img_resolution"]) == (4, c_dim, 8)
    layout, fields = stylegan_layout(got, about, str(path))
    assert frozen(fields, layout).resolution == 8


def test_tensorflows_weights_are_turned_as_documented(tmp_path: Path) -> None:
    """Dense transposed; mod_bias one more; HWIO to OIHW; those that double sizes flipped."""
    want = published.stylegan2(8, "resnet")
    networks = published.tensorflow(want, **SETTINGS, architecture="resnet")
    mapping, synthesis = (networks[2].state["components"][n] for n in ("mapping", "synthesis"))
    there = {
        name: torch.tensor(v) for net in (mapping, synthesis) for name, v in net.state["variables"]
    }
    got = read_tensors(write(tmp_path, published.pickled(networks)))
    assert torch.equal(got["mapping.fc1.weight"], there["Dense1/weight"].T)
    assert torch.equal(got["synthesis.b8.conv1.affine.bias"], there["8x8/Conv1/mod_bias"] + 1)
    assert torch.equal(
        got["synthesis.b8.conv1.weight"][1, 2], there["8x8/Conv1/weight"][:, :, 2, 1]
    )
    up, skip = (there[f"8x8/{name}/weight"].flip(0, 1) for name in ("Conv0_up", "Skip"))
    assert torch.equal(got["synthesis.b8.conv0.weight"][1, 2], up[:, :, 2, 1])
    assert torch.equal(got["synthesis.b8.skip.weight"][1, 2], skip[:, :, 2, 1])
    assert torch.equal(got["synthesis.b8.conv0.noise_const"], there["noise1"][0, 0])
    assert torch.equal(got["synthesis.b8.conv1.noise_const"], there["noise2"][0, 0])


def test_networks_before_stylegan2_are_refused(tmp_path: Path) -> None:
    old = published.tensorflow(published.stylegan2(), version=3, **SETTINGS)
    with pytest.raises(WeightsError, match=r"before StyleGAN2 .*version 3.*config-f\.pkl"):
        read_tensors(write(tmp_path, published.pickled(old)))
    odd = published.tensorflow(published.stylegan2(), **SETTINGS)
    odd[2].state["variables"].append(("ToRGB_lod0/weight", torch.ones(2).numpy()))
    with pytest.raises(WeightsError, match="unknown variable 'ToRGB_lod0/weight'"):
        read_tensors(write(tmp_path, published.pickled(odd)))


@pytest.mark.parametrize("place", ["g_ema", "g", ""])
def test_of_rosinalitys_files_the_best_generator_is_taken(tmp_path: Path, place: str) -> None:
    own = published.rosinality()
    other = {name: tensor + 1 for name, tensor in own.items()}
    saved: dict[str, Any] = {"d": {"x": torch.ones(2)}, "args": published.options(iter=3)}
    saved = saved | {"g": other} | {place: own} if place else own
    path = write(tmp_path, published.saved(saved), "own.pt")
    found = store.find(str(path))
    got, about = found.contents()
    same(got, own)
    layout, fields = stylegan_layout(got, about, str(path))
    assert frozen(fields, layout).resolution == 8


@pytest.mark.parametrize("layers", [1, 6])
def test_of_an_encoders_file_the_decoder_is_the_generator(tmp_path: Path, layers: int) -> None:
    own, average = published.rosinality(), torch.arange(4.0)
    state = published.within(own, "decoder.") | {"encoder.body.0.weight": torch.ones(3)}
    saved = {"state_dict": state, "latent_avg": average.repeat(layers, 1)[: layers or None]}
    saved["opts"] = published.options(start_from_latent_avg=True, device=torch.device("cpu"))
    path = write(tmp_path, published.saved(saved), "e4e.pt")
    checkpoint = store.add(path, "own e4e")
    same(checkpoint.tensors(), own | {"latent_avg": average})
    assert checkpoint.config["opts"]["start_from_latent_avg"] is True
    assert store.stored("own e4e").kind == "stylegan2"


def test_a_mapper_is_kept_without_the_generator_beside_it(tmp_path: Path) -> None:
    mapper = {f"mapper.course_mapping.mapping.{i}.weight": torch.ones(4, 4) for i in range(1, 5)}
    state = published.within(published.rosinality(), "decoder.") | mapper
    saved = {"state_dict": state, "opts": {"no_fine_mapper": True, "mapper_type": "LevelsMapper"}}
    checkpoint = store.add(write(tmp_path, published.saved(saved), "witch.pt"), "witch")
    same(checkpoint.tensors(), mapper)
    assert checkpoint.config["opts"]["no_fine_mapper"] is True
    assert store.find("witch", "mapper").path == checkpoint.path


def test_gan_zoos_file_gives_its_averaged_generator_and_settings(tmp_path: Path) -> None:
    own = published.progan()
    other = {name: tensor + 1 for name, tensor in own.items()}
    saved = {"config": published.zoo_config(), "netG": other, "netD": {"x": torch.ones(1)}}
    path = write(tmp_path, published.saved(saved | {"avgG": own}), "zoo.pth")
    checkpoint = store.add(path, "zoo")
    got, about = checkpoint.contents()
    same(got, own)
    assert about["config"] == vars(published.zoo_config())
    layout, fields = progan_layout(got, about, str(path))
    assert ProGAN.frozen(fields, layout).z_dim == published.WIDTH


def test_an_imported_pickle_is_safetensors_with_licence_source_and_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reverie.cli.models import import_

    want, told = published.stylegan2(), published.kwargs()
    path = write(tmp_path, published.pickled(published.nvidia(want, told)))
    assert import_(str(path), name="mine") == 0
    digest = hashlib.sha256(published.SOURCE.encode()).hexdigest()
    said = capsys.readouterr().out
    assert "(stylegan2)" in said and "non-commercial" in said and digest[:16] in said
    stored = store.stored("mine")
    assert stored.kind == "stylegan2" and "NVIDIA" in stored.licence
    about = json.loads((stored.folder / "model.json").read_text())
    assert about["made_from"] == {"faces.pkl": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert about["config"]["source_sha256"] == digest
    path.unlink()
    same(store.find("mine", "stylegan2", "stylegan3").tensors(), want)
    store.verify("mine")
    with pytest.raises(WeightsError, match="mine is a StyleGAN2, and a VQGAN is wanted here"):
        store.find("mine", "vqgan")


def test_source_code_seen_before_is_called_by_its_name() -> None:
    known = next(iter(bare_pickles.SOURCES))
    assert re.fullmatch("[0-9a-f]{16}", known)
    assert bare_pickles.vintage("other") == {
        "source_sha256": hashlib.sha256(b"other").hexdigest(),
        "source": "unknown",
    }


def test_a_pulled_generator_is_converted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = published.stylegan2()
    sent = published.pickled(published.nvidia(want, published.kwargs()))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with mirror() as running:
        running.pages = {"/faces.pkl": Page(sent), "/page.pkl": Page(b"<!DOCTYPE html>quota")}
        text = ""
        for name, kind in (("faces", "stylegan2"), ("turned", "stylegan3"), ("page", "stylegan2")):
            file = "page" if name == "page" else "faces"
            text += f'[{name}]\nkind = "{kind}"\nlayout = "nvidia"\nlicence = "NVIDIA"\n'
            text += f'source = "there"\n[[{name}.files]]\nname = "model.pkl"\n'
            text += f'urls = ["{running.url}/{file}.pkl"]\n'
        (tmp_path / "own.toml").write_text(text)
        monkeypatch.setenv("REVERIE_MANIFEST", str(tmp_path / "own.toml"))
        list(store.pull("faces"))
        with pytest.raises(WeightsError, match="is a StyleGAN2, and a StyleGAN3 is wanted"):
            list(store.pull("turned"))
        with pytest.raises(WeightsError, match="web page"):
            list(store.pull("page"))
    found = store.find("faces", "stylegan2")
    assert sorted(path.name for path in found.path.parent.iterdir()) == [
        "model.json",
        "model.safetensors",
    ]
    same(found.tensors(), want)
    assert found.config["init_kwargs"] == published.kwargs()


def test_a_generator_that_its_settings_do_not_describe_is_not_stored(tmp_path: Path) -> None:
    holds = published.nvidia(published.stylegan2(8), published.kwargs(16))
    path = write(tmp_path, published.pickled(holds))
    with pytest.raises(WeightsError, match="lacks tensor 'synthesis.b16"):
        store.add(path, "mine")
    assert store.installed() == []


@pytest.mark.parametrize("start", [b"<!DOCTYPE html>", b"\n <html>", b"\xef\xbb\xbf<html>"])
def test_a_web_page_saved_as_a_pickle_is_called_one(tmp_path: Path, start: bytes) -> None:
    path = write(tmp_path, start + b"<body>Google Drive - Quota exceeded</body>")
    with pytest.raises(WeightsError, match=r"faces\.pkl: this is a web page, not weights"):
        store.add(path, "faces")
