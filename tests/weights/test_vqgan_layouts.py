"""Checkpoints of VQGANs: as published, in every wrapping, and wrong in every usual way."""

import copy
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from reverie.errors import WeightsError
from reverie.nets.vqgan import VQGAN
from reverie.weights import store
from reverie.weights.read import read_tensors
from reverie.weights.vqgan_layouts import scale, shapes, vqgan_layout

DDCONFIG: dict[str, Any] = {
    "double_z": False,
    "z_channels": 8,
    "resolution": 16,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 32,
    "ch_mult": [1, 2],
    "num_res_blocks": 1,
    "attn_resolutions": [8],
    "dropout": 0.0,
}
PARAMS: dict[str, Any] = {"embed_dim": 8, "n_embed": 12, "ddconfig": DDCONFIG}
TAMING = "taming.models.vqgan."


def config(target: str = TAMING + "VQModel", **ddconfig: Any) -> dict[str, Any]:
    told = copy.deepcopy(PARAMS)
    told["ddconfig"] |= ddconfig
    return {"model": {"base_learning_rate": 4.5e-6, "target": target, "params": told}}


def drawn(told: dict[str, Any] | None = None) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(1)
    model = (told or config())["model"]
    named = shapes(model["params"], gumbel=model["target"].endswith("GumbelVQ"))
    return {name: torch.randn(shape, generator=rng) for name, shape in named}


def nested(told: dict[str, Any]) -> dict[str, Any]:
    """The yaml of a transformer on top of a VQGAN."""
    stages = {"first_stage_config": told["model"], "cond_stage_config": told["model"]}
    params = {"transformer_config": {"target": "mingpt.GPT"}, **stages}
    target = "taming.models.cond_transformer.Net2NetTransformer"
    return {"model": {"target": target, "params": params}}


def lightning(tensors: dict[str, Tensor], **more: Any) -> dict[str, Any]:
    """A training checkpoint, with losses and what a transformer would add."""
    extra = {"loss.discriminator.main.0.weight": torch.zeros(2, 3)}
    return {"epoch": 3, "global_step": 99, "state_dict": tensors | extra, **more}


def write(folder: Path, name: str = "mine.ckpt", told: Any = None, saved: Any = None) -> Path:
    told = config() if told is None else told
    path = folder / name
    torch.save(lightning(drawn()) if saved is None else saved, path)
    path.with_suffix(".yaml").write_text(yaml.safe_dump(told))
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def layout(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    found = store.find(str(path))
    return vqgan_layout(found.tensors(), found.config, str(path))


def same(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    assert got.keys() == want.keys()
    assert all(torch.equal(got[name], want[name]) for name in want)


@pytest.mark.parametrize("target", ["VQModel", "GumbelVQ", "VQModelInterface"])
def test_a_published_checkpoint_gives_the_network_that_its_yaml_describes(
    tmp_path: Path, target: str
) -> None:
    told = config(TAMING + target)
    tensors, fields = layout(write(tmp_path, told=told, saved=lightning(drawn(told))))
    same(tensors, drawn(told))
    network = VQGAN.frozen(fields, tensors)
    assert network.scale == 2 and network.codebook.shape == (12, 8)
    assert network.decode(network.encode(torch.zeros(1, 3, 16, 8))).shape == (1, 3, 16, 8)


def test_of_a_transformer_only_the_first_stage_is_taken(tmp_path: Path) -> None:
    stages = {f"first_stage_model.{name}": t for name, t in drawn().items()}
    stages |= {f"cond_stage_model.{name}": t + 1 for name, t in drawn().items()}
    stages["transformer.head.weight"] = torch.zeros(4, 4)
    stages["first_stage_model.loss.logvar"] = torch.zeros(())
    same(layout(write(tmp_path, told=nested(config()), saved={"state_dict": stages}))[0], drawn())


def test_only_the_wanted_tensors_of_a_large_file_are_read(tmp_path: Path) -> None:
    for name in ("zip.ckpt", "old.ckpt", "flat.safetensors"):
        kept = {f"first_stage_model.{key}": t for key, t in drawn().items()}
        more = {"transformer.head.weight": torch.zeros(1000)}
        if name == "flat.safetensors":
            save_file(kept | more, tmp_path / name)
        else:
            new = name == "zip.ckpt"
            torch.save(kept | more, tmp_path / name, _use_new_zipfile_serialization=new)
        assert store.find(str(tmp_path / name)).tensors().keys() == kept.keys()
        assert len(read_tensors(tmp_path / name)) == len(kept) + 1


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml", "model.yaml", "config.yaml", "odd.yaml"])
def test_the_yaml_is_found_by_its_stem_or_usual_name_or_alone(tmp_path: Path, name: str) -> None:
    path = write(tmp_path)
    path.with_suffix(".yaml").rename(tmp_path / name)
    assert store.find(str(path)).config == json.loads(json.dumps(config()))
    assert store.scale_of(str(path)) == 2


def test_the_yaml_of_other_weights_is_not_guessed_to_be_ones_own(tmp_path: Path) -> None:
    write(tmp_path, "other.ckpt")
    torch.save(drawn(), tmp_path / "mine.ckpt")
    with pytest.raises(WeightsError, match=r"mine\.ckpt: has no yaml beside it.*--config"):
        layout(tmp_path / "mine.ckpt")


def test_a_callback_pickled_in_the_file_stays_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "written"

    class Callback:
        def __init__(self) -> None:
            self.best, self.folder = torch.tensor(0.5), Path("/logs")

        def __setstate__(self, state: dict[str, Any]) -> None:
            there.write_text("run")

    module = types.ModuleType("some_trainer.callbacks")
    Callback.__module__, Callback.__qualname__ = module.__name__, "Callback"
    vars(module)["Callback"] = Callback
    monkeypatch.setitem(sys.modules, "some_trainer", types.ModuleType("some_trainer"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    saved = lightning(drawn(), callbacks={Callback: {"best": 1.0}}, hyper=Callback())
    path = write(tmp_path, saved=saved)
    torch.load(path, weights_only=False)
    assert there.exists()  # so it would do something
    there.unlink()
    same(layout(path)[0], drawn())
    assert not there.exists()


def refused(path: Path, *said: str) -> None:
    with pytest.raises(WeightsError) as caught:
        layout(path)
    assert "\n" not in str(caught.value)
    for part in said:
        assert part in str(caught.value)


def test_the_yaml_of_another_model_is_refused_with_both_figures(tmp_path: Path) -> None:
    told = config()
    told["model"]["params"]["n_embed"] = 99
    refused(write(tmp_path, told=told), "'quantize.embedding.weight' is [12, 8]", "[99, 8]")
    refused(write(tmp_path, told=config(ch=64)), "[32, 3, 3, 3]", "[64, 3, 3, 3]")
    refused(write(tmp_path, told=config(num_res_blocks=2)), "lacks tensor", "block.2", "yaml")
    refused(write(tmp_path, told=config(attn_resolutions=[])), "unknown tensor", "attn.0")


@pytest.mark.parametrize(
    "told, said",
    [
        (config("ldm.models.autoencoder.AutoencoderKL"), "KL autoencoder, which has no codebook"),
        (config("some.Other"), "describes Other"),
        ({"model": 3}, "no model with params"),
        ({"some": "thing"}, "no model with params"),
        (config(ch=33), "multiples of 32"),
        (config(ch_mult=[]), "ch_mult is []"),
        (config(ch="32"), "ch is '32'"),
        (config(resamp_with_conv=False), "resamp_with_conv is False"),
        (config(attn_type="none"), "attn_type is 'none'"),
        ({"model": {"target": "VQModel", "params": {"embed_dim": 8}}}, "no ddconfig"),
    ],
)
def test_a_yaml_that_is_no_vqgans_is_refused_by_what_is_wrong(
    tmp_path: Path, told: dict[str, Any], said: str
) -> None:
    refused(write(tmp_path, told=told), said)
    if "ddconfig" not in said:
        with pytest.raises(WeightsError):
            scale(told, "mine")


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1, 1]\nb: [" + 17 * "*a, " + "]",
        "a: !!python/object/apply:os.getcwd []",
        "a: [",
        "- 1",
    ],
)
def test_a_yaml_that_is_broken_or_wants_more_than_data_is_refused(
    tmp_path: Path, text: str
) -> None:
    path = write(tmp_path)
    path.with_suffix(".yaml").write_text(text)
    refused(path, "mine.yaml: ")


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-5000])
    refused(path, "cut short or damaged")


def test_a_clip_is_no_vqgan(tmp_path: Path) -> None:
    path = write(tmp_path, saved={"visual.conv1.weight": torch.zeros(8, 3, 4, 4)})
    refused(path, "is a CLIP; wanted is a VQGAN")
