"""The models in the package are whole, or one clear line says that they are not."""

import hashlib
import json

import pytest
import torch
from safetensors.torch import save_file

from reverie.errors import WeightsError
from reverie.nets.pocket_vqgan import PocketVQGAN
from reverie.weights import pocket

SHIPPED = [
    name
    for name in pocket.NAMES
    if (pocket.FOLDER / f"{name.removeprefix('pocket-')}.safetensors").is_file()
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder in place of the package's own."""
    monkeypatch.setattr(pocket, "FOLDER", tmp_path)
    pocket.read.cache_clear()
    pocket.nearest_words.cache_clear()
    yield tmp_path
    pocket.read.cache_clear()
    pocket.nearest_words.cache_clear()


def write(folder, about='{"words": ["cat"]}'):
    path = folder / "clip.safetensors"
    save_file({"weight": torch.arange(400.0).half()}, path, {"about": about} if about else None)
    return path


def refused(does):
    with pytest.raises(WeightsError) as caught:
        does()
    message = str(caught.value)
    assert "\n" not in message and "install" in message
    return message


@pytest.mark.parametrize("name", pocket.NAMES)
def test_a_missing_model_is_one_clear_line(folder, name):
    for does in (pocket.read, pocket.file_of, pocket.digest):
        message = refused(lambda does=does: does(name))
        assert message.startswith(f"{name}: the package was installed without")


@pytest.mark.parametrize("length", [0, 5, 60, 300, -1])
def test_a_model_that_was_cut_short_is_one_clear_line(folder, length):
    path = write(folder)
    path.write_bytes(path.read_bytes()[:length])
    assert str(path) in refused(lambda: pocket.read("pocket-clip"))


@pytest.mark.parametrize("about", ["", "{", "not json"])
def test_a_model_that_does_not_say_what_it_is_is_refused(folder, about):
    path = write(folder, about)
    assert str(path) in refused(lambda: pocket.read("pocket-clip"))


def test_something_else_in_place_of_a_model_is_refused(folder):
    (folder / "clip.safetensors").write_text("<!DOCTYPE html><html>gone</html>")
    refused(lambda: pocket.read("pocket-clip"))


def test_after_it_was_mended_a_model_is_read(folder):
    refused(lambda: pocket.read("pocket-clip"))
    write(folder)
    model = pocket.read("pocket-clip")
    assert (model.name, model.about) == ("pocket-clip", {"words": ["cat"]})
    assert model.tensors["weight"].dtype == torch.float32
    assert torch.equal(model.tensors["weight"], torch.arange(400.0))


def test_a_digest_is_that_of_the_bytes(folder):
    path = write(folder)
    assert pocket.digest("pocket-clip") == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("text", [None, "", '{"a": ', "\udcff"])
def test_a_missing_or_damaged_list_of_words_is_one_clear_line(folder, text):
    if text is not None:
        (folder / "nearest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert str(folder / "nearest.json") in refused(pocket.nearest_words)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_small_finite_and_in_half_the_bytes(name):
    path, model = pocket.file_of(name), pocket.read(name)
    numbers = sum(tensor.numel() for tensor in model.tensors.values())
    assert path.stat().st_size < min(16e6, 3 * numbers + 500_000)
    assert all(tensor.isfinite().all() for tensor in model.tensors.values())
    assert json.loads(json.dumps(model.about)) == model.about


def test_the_shipped_words_are_all_different():
    for name in set(SHIPPED) & {"pocket-clip", "pocket-judge"}:
        words = pocket.read(name).about["words"]
        assert len(set(words)) == len(words)


def test_the_shipped_generator_has_a_class_for_every_name():
    about = pocket.read("pocket-biggan").about
    assert set(about["names"]) <= set(about["classes"])
    rows = pocket.read("pocket-biggan").tensors["embeddings.weight"].shape[1]
    assert rows == len(about["classes"]) + len(about["places"])


@pytest.mark.skipif("pocket-vqgan" not in SHIPPED, reason="installed without pocket-vqgan")
def test_the_shipped_vqgan_keeps_colours_and_edges_at_any_size():
    model = pocket.read("pocket-vqgan")
    net = PocketVQGAN.frozen(model.about["sizes"], model.tensors)
    assert net.scale == model.about["scale"]
    colours = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.3, 0.9], [0.95, 0.9, 0.2], [0.1, 0.1, 0.1]])
    for size in (64, 128, 200):
        pictures = colours[:, :, None, None].expand(-1, -1, size, size).clone()
        pictures[:, :, size // 4 : size // 2, size // 4 :] = 1 - colours[:, :, None, None]
        left = (net.decode(net.encode(pictures * 2 - 1)) + 1) / 2
        assert (left - pictures).abs().mean() < 0.05
