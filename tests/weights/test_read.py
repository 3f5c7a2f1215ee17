"""Checkpoints of every kind that torch and safetensors write are read as they were."""

import warnings
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from reverie.errors import WeightsError
from reverie.weights.read import read_tensors


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 5), nn.BatchNorm1d(5)])
        self.register_buffer("input_resolution", torch.tensor(224))
        self.scale = nn.Parameter(torch.tensor(2.5))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x * self.scale


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.visual = Block()
        self.proj = nn.Parameter(torch.arange(6.0).reshape(2, 3).t())  # not contiguous

    def forward(self, x: Tensor) -> Tensor:
        return self.visual(x)


@pytest.fixture
def model() -> nn.Module:
    return Nested().eval()


def archive(path: Path, model: nn.Module, how: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, and the published files are its
        x = torch.zeros(2, 3)
        made = torch.jit.script(model) if how == "script" else torch.jit.trace(model, x)
        torch.jit.save(made, path)
    return path


def same(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    assert set(got) == set(want)
    for name in want:
        assert got[name].dtype == want[name].dtype
        assert torch.equal(got[name], want[name])


@pytest.mark.parametrize("how", ["script", "trace"])
def test_a_torchscript_archive_gives_the_state_dict(tmp_path: Path, model: nn.Module, how: str):
    same(read_tensors(archive(tmp_path / "a.pt", model, how)), model.state_dict())


def test_a_half_precision_torchscript_archive_keeps_its_dtypes(tmp_path: Path, model: nn.Module):
    model.half()
    same(read_tensors(archive(tmp_path / "a.pt", model, "script")), model.state_dict())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_saved_state_dict_is_read_in_its_dtype(
    tmp_path: Path, model: nn.Module, dtype: torch.dtype, zipped: bool
):
    want = model.to(dtype).state_dict()
    torch.save(want, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    same(read_tensors(tmp_path / "a.pth"), want)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol_is_read(tmp_path: Path, model: nn.Module, protocol: int):
    torch.save(model.state_dict(), tmp_path / "a.pth", pickle_protocol=protocol)
    same(read_tensors(tmp_path / "a.pth"), model.state_dict())


@pytest.mark.parametrize("zipped", [True, False])
def test_views_and_shared_storages_are_read(tmp_path: Path, zipped: bool):
    base = torch.arange(24.0)
    want = {
        "all": base.reshape(2, 3, 4),
        "part": base[5:9],
        "steps": base[::7],
        "turned": base.reshape(4, 6).t(),
        "empty": torch.zeros(0, 3),
        "flags": torch.tensor([True, False]),
        "bytes": torch.arange(5, dtype=torch.uint8),
    }
    torch.save(want, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    same(read_tensors(tmp_path / "a.pth"), want)


def test_a_training_checkpoint_gives_its_state_dict_without_the_prefix(tmp_path: Path):
    optimizer = torch.optim.Adam([nn.Parameter(torch.ones(2))])
    saved = {
        "epoch": 3,
        "state_dict": {"module.a": torch.ones(2), "module.b.c": torch.zeros(3)},
        "optimizer": optimizer.state_dict(),
        "best": [1.0, {"x", "y"}],
    }
    torch.save(saved, tmp_path / "a.ckpt")
    same(read_tensors(tmp_path / "a.ckpt"), {"a": torch.ones(2), "b.c": torch.zeros(3)})


def test_only_a_prefix_that_every_name_has_goes_away(tmp_path: Path):
    want = {"module.a": torch.ones(2), "b": torch.zeros(3)}
    torch.save(want, tmp_path / "a.ckpt")
    same(read_tensors(tmp_path / "a.ckpt"), want)


def test_parameters_are_read_as_plain_tensors(tmp_path: Path):
    torch.save({"a": nn.Parameter(torch.ones(2))}, tmp_path / "a.pth")
    got = read_tensors(tmp_path / "a.pth")["a"]
    assert type(got) is Tensor
    assert not got.requires_grad


def test_nested_dictionaries_become_dotted_names(tmp_path: Path):
    torch.save({"g_ema": {"w": torch.ones(2)}, "latent_avg": torch.zeros(3)}, tmp_path / "a.pt")
    want = {"g_ema.w": torch.ones(2), "latent_avg": torch.zeros(3)}
    same(read_tensors(tmp_path / "a.pt"), want)


def test_safetensors_are_read_whatever_the_file_is_called(tmp_path: Path):
    want = {"a": torch.ones(2, 3).half(), "b": torch.tensor(7)}
    safetensors.torch.save_file(want, tmp_path / "a.bin")
    same(read_tensors(tmp_path / "a.bin"), want)


def test_what_is_read_can_be_changed_without_changing_the_file(tmp_path: Path):
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pth")
    read_tensors(tmp_path / "a.pth")["a"].zero_()
    same(read_tensors(tmp_path / "a.pth"), {"a": torch.ones(2)})


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_file_cut_anywhere_is_refused_with_its_path(tmp_path: Path, kind: str):
    path, want = tmp_path / "a.pt", {"a": torch.ones(50), "b": torch.ones(60)}
    if kind == "safetensors":
        safetensors.torch.save_file(want, path)
    else:
        torch.save(want, path, _use_new_zipfile_serialization=kind == "zip")
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"a\.pt: "):
            read_tensors(path)


def test_a_flipped_bit_in_the_numbers_is_noticed(tmp_path: Path):
    path = tmp_path / "a.pt"
    torch.save({"a": torch.full((50,), 1.0)}, path)
    data = bytearray(path.read_bytes())
    data[data.index(torch.full((50,), 1.0).numpy().tobytes()) + 9] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="damaged"):
        read_tensors(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty file"),
        (b"\n  <!DOCTYPE html><html><body>Sign in</body></html>", "web page, not weights"),
        (b"<html>404</html>", "web page, not weights"),
        (b"\xef\xbb\xbf<html>", "web page, not weights"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab", "git lfs pull"),
        (b"\x80\x04\x95\x00", "pickle is damaged"),
        (b"\x89HDF\r\n\x1a\n and so on", "no checkpoint .it begins with"),
        (b"Entry not found", "no checkpoint"),
        (b"PK\x05\x06" + bytes(18), "not one that torch writes"),
    ],
)
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_other_files_are_called_what_they_are(tmp_path: Path, content: bytes, says: str, name: str):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=says) as caught:
        read_tensors(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"none\.pt: cannot be read: No such file"):
        read_tensors(tmp_path / "none.pt")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_tensors(tmp_path)


def test_a_file_without_named_tensors_is_refused(tmp_path: Path):
    for number, content in enumerate([torch.ones(3), {"a": 1}, [torch.ones(2)]]):
        path = tmp_path / f"{number}.pt"
        torch.save(content, path)
        with pytest.raises(WeightsError, match="no tensors by name"):
            read_tensors(path)
