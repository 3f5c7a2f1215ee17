"""Files of latents: what they may hold, and what is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from nets.small_stylegans import drawn, stylegan2
from reverie.canvas.stylegan_start import LatentFile, MixedLatent, SeedLatent, read_latents
from reverie.canvas.stylegan_units import Units
from reverie.errors import SpecError, WeightsError
from reverie.nets.stylegan import StyleGAN
from reverie.nets.stylegans import frozen
from reverie.weights.stylegan_layouts import stylegan_layout


@pytest.fixture(scope="module")
def network() -> StyleGAN:
    tensors, fields = stylegan_layout(*stylegan2(), "file")
    return frozen(fields, tensors)


def written(path: Path, values: torch.Tensor) -> str:
    if path.suffix == ".npy":
        np.save(path, values.numpy())
    elif path.suffix == ".safetensors":
        save_file({"w": values}, path)
    else:
        torch.save(values, path)
    return str(path)


@pytest.mark.parametrize("name", ["w.pt", "w.npy", "w.safetensors"])
def test_every_kind_of_file_gives_its_numbers(tmp_path, name):
    values = drawn(3, 5)
    assert torch.equal(read_latents(written(tmp_path / name, values)), values)


def test_a_named_tensor_in_a_torch_file_is_found(tmp_path):
    torch.save({"w": torch.arange(4.0)}, tmp_path / "w.pt")
    assert read_latents(str(tmp_path / "w.pt")).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("shape", [(10,), (1, 10), (8, 10), (1, 8, 10)])
def test_rows_of_w_may_come_in_every_usual_shape(tmp_path, network, shape):
    values = drawn(*shape)
    path = written(tmp_path / "w.npy", values)
    got = LatentFile(path=path).draw(network, None, (1, 2, 3))
    rows = values.reshape(-1, 10).expand(8, 10)
    assert torch.equal(got, rows.expand(3, 8, 10))


def test_a_row_for_every_layer_is_one_latent_and_no_batch(tmp_path, network):
    path = written(tmp_path / "w.npy", drawn(8, 10))
    assert LatentFile(path=path).draw(network, None, (1,)).shape == (1, 8, 10)


@pytest.mark.parametrize("lead", [(), (1,)])
def test_a_point_of_s_is_taken_in_s_alone(tmp_path, network, lead):
    values = drawn(*lead, network.s_dim)
    got = LatentFile(path=written(tmp_path / "s.npy", values)).draw(network, None, (1, 2))
    assert torch.equal(got, values.expand(2, -1))
    assert torch.equal(Units.of(network, "s", None, False).point(got), got)
    with pytest.raises(SpecError, match=r"is a point of space s; space w\+ takes rows"):
        Units.of(network, "w+", None, False).point(got)


def test_of_several_latents_one_is_chosen_by_its_number(tmp_path, network):
    values = drawn(3, 8, 10)
    path = written(tmp_path / "w.pt", values)
    got = LatentFile(path=path, number=2).draw(network, None, (1, 2))
    assert torch.equal(got, values[2:].expand(2, -1, -1))
    for number, said in ((None, "none is chosen"), (3, "number 3 is wanted")):
        with pytest.raises(SpecError, match=f"holds 3 latents and {said}; set number to 0 to 2"):
            LatentFile(path=path, number=number).draw(network, None, (1,))


@pytest.mark.parametrize("shape", [(11,), (7, 11), (1, 9, 10), (2, 3, 8, 10), ()])
def test_latents_of_another_network_are_refused_with_what_this_one_takes(tmp_path, network, shape):
    path = written(tmp_path / "w.npy", drawn(*shape))
    with pytest.raises(SpecError, match=r"w\.npy: holds \[.*takes \[10\], \[8, 10\] or"):
        LatentFile(path=path).draw(network, None, (1,))


def test_a_point_of_s_cannot_be_mixed(tmp_path, network):
    file = LatentFile(path=written(tmp_path / "s.npy", drawn(network.s_dim)))
    with pytest.raises(SpecError, match="a point of S has none"):
        MixedLatent(start=file, other=SeedLatent(seed=1), rows=(0,)).draw(network, None, (1,))


class Calls:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def numpy_file(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:  # under any name
        np.save(file, values, allow_pickle=True)


def hostile(kind: str, folder: Path) -> Path:
    path, called = folder / "w.pt", Calls(folder / "called")
    if kind == "pickle":
        path.write_bytes(pickle.dumps(called))
    elif kind == "torch":
        torch.save(called, path)
    elif kind == "numpy":
        numpy_file(path, np.array([called], dtype=object))
    elif kind == "too large":
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }"
        start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        path.write_bytes(start + header.encode())
    elif kind == "text":
        numpy_file(path, np.array(["a", "b"]))
    elif kind == "cut short":
        torch.save(torch.zeros(99), path)
        path.write_bytes(path.read_bytes()[:300])
    else:
        path.write_bytes({"web page": b"<html></html>", "empty": b""}[kind])
    return path


KINDS = ("pickle", "torch", "numpy", "too large", "text", "cut short", "web page", "empty")


@pytest.mark.parametrize("kind", KINDS)
def test_what_holds_no_latents_is_refused_in_one_line_and_nothing_in_it_runs(tmp_path, kind):
    path = hostile(kind, tmp_path)
    with pytest.raises(WeightsError, match="w.pt: holds no latents that can be read") as caught:
        read_latents(str(path))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "called").exists()


def test_what_is_no_one_tensor_of_finite_numbers_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    for values, said in (
        ({"a": torch.ones(2), "b": torch.ones(2)}, "holds 2 tensors; one"),
        ([1.0, 2.0], "holds no tensors"),
        (torch.tensor([1.0, float("nan")]), "not finite"),
        (torch.zeros(0), "holds no numbers"),
    ):
        torch.save(values, path)
        with pytest.raises(WeightsError, match=said):
            read_latents(str(path))


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(WeightsError, match=r"w\.npy: cannot be read: No such file"):
        LatentFile(path=str(tmp_path / "w.npy")).digests()


def test_a_file_too_large_for_latents_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.canvas.stylegan_start.MAX_BYTES", 1 << 10)
    path = written(tmp_path / "w.npy", torch.zeros(1000))
    with pytest.raises(WeightsError, match="is larger than"):
        read_latents(path)
