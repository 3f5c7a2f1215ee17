"""Files made to do harm: nothing in them runs, nothing hangs, and the error says why."""

import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from reverie.errors import WeightsError
from reverie.weights import pickles
from reverie.weights.read import read_tensors

CANARY = "canary"  # the file that every one of these would write
COMMAND = f"touch {CANARY}"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def stacked(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def storage(numel: int, kind: str = "FloatStorage") -> bytes:
    number = b"\x8a\x08" + struct.pack("<q", numel)
    return b"(" + text("storage") + named("torch", kind) + text("0") + text("cpu") + number + b"tQ"


def tensor(numel: int, offset: int, size: list[int], stride: list[int]) -> bytes:
    def number(n: int) -> bytes:
        return b"\x8a\x08" + struct.pack("<q", n)

    def numbers(values: list[int]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    arguments = storage(numel) + number(offset) + numbers(size) + numbers(stride)
    return named("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"\x89}tR"


def entry(value: bytes) -> bytes:
    """A pickle of {"a": value}."""
    return b"\x80\x02}" + text("a") + value + b"s."


def packed(folder: Path, content: bytes, numbers: bytes = bytes(40), kind: int = 0) -> Path:
    path = folder / "evil.pt"
    with zipfile.ZipFile(path, "w", compression=kind) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/data/0", numbers)
    return path


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not Path(CANARY).exists(), "a file ran a command"


class Shell:
    def __reduce__(self):
        import os

        return os.system, (COMMAND,)


class Evaluates:
    def __reduce__(self):
        return eval, (f"open({CANARY!r}, 'w')",)


class Imports:
    def __reduce__(self):
        import importlib

        return importlib.import_module, ("antigravity",)


class Attribute:
    def __reduce__(self):
        return getattr, (Shell(), "system")


def test_the_hostile_files_would_do_harm_to_a_plain_reader():
    pickle.loads(pickle.dumps(Shell()))
    assert Path(CANARY).exists()
    Path(CANARY).unlink()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("evil", "asks"),
    [
        (Shell(), r"posix\.system|nt\.system"),
        (Evaluates(), r"(builtins|__builtin__)\.eval"),
        (Imports(), r"importlib\.import_module"),
        (Attribute(), r"(builtins|__builtin__)\.getattr"),
    ],
)
def test_a_function_called_by_reduce_is_refused_by_name(
    tmp_path: Path, evil: object, asks: str, protocol: int
):
    path = packed(tmp_path, pickle.dumps({"a": evil}, protocol=protocol))
    with pytest.raises(WeightsError, match=f"evil.pt: asks for ({asks}), which no checkpoint"):
        read_tensors(path)


def test_a_hostile_legacy_file_is_refused_by_name(tmp_path: Path):
    torch.save({"a": Shell()}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match=r"asks for (posix|nt)\.system"):
        read_tensors(tmp_path / "old.pt")


def test_a_whole_pickled_model_is_refused_with_the_remedy(tmp_path: Path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules\.linear\.Linear.*state_dict"):
        read_tensors(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (named("os", "system") + b"(" + text(COMMAND) + b"tR", r"asks for os\.system"),
        (stacked("os", "system") + text(COMMAND) + b"\x85R", r"asks for os\.system"),
        (stacked("torch", "jit.os.system") + text(COMMAND) + b"\x85R", r"torch\.jit\.os\.system"),
        (stacked("collections", "abc.sys.modules") + b")R", r"collections\.abc\.sys"),
        (stacked("__torch__", "x") + text(COMMAND) + b"\x85R", "no tensors by name"),
        (b"(" + text(COMMAND) + b"ios\nsystem\n", r"INST for os system"),
        (b"(" + named("os", "system") + text(COMMAND) + b"o", r"asks for os\.system"),
        (b"(" + named("torch", "Size") + text(COMMAND) + b"o", "operation OBJ"),
        (named("os", "system") + text(COMMAND) + b"\x85\x81", r"asks for os\.system"),
        (named("os", "system") + b")}\x92", r"asks for os\.system"),
        (named("torch", "Size") + b")}\x92", "operation NEWOBJ_EX"),
        (b"\x82\x01", "operation EXT1"),
        (b"Pos.system\n", "operation PERSID"),
        (text("x") + b"Q", "damaged"),
        (text("os.system") + text(COMMAND) + b"\x85R", "calls what is no name"),
        (stacked("o\x1b[31ms", "sys\ntem"), r"asks for 'o\\x1b\[31ms\.sys\\ntem'"),
        (named("torch.storage", "_load_from_bytes") + b")R", "_load_from_bytes"),
        (named("torch._utils", "_rebuild_tensor_v2") + b")R", "damaged"),
        (named("functools", "partial") + b")R", r"functools\.partial"),
        (named("operator", "attrgetter") + b")R", r"operator\.attrgetter"),
        (named("torch", "load") + b")R", r"asks for torch\.load"),
        (named("torch.hub", "load") + b")R", r"asks for torch\.hub\.load"),
    ],
)
def test_every_way_to_name_and_call_is_refused(tmp_path: Path, program: bytes, says: str):
    with pytest.raises(WeightsError, match=says) as caught:
        read_tensors(packed(tmp_path, entry(program)))
    assert str(caught.value).isprintable()


def test_code_hung_on_a_record_by_build_does_not_run(tmp_path: Path):
    made = stacked("__torch__.m", "Evil") + b")\x81}" + text("__setstate__") + text(COMMAND) + b"sb"
    with pytest.raises(WeightsError, match="no tensors by name"):
        read_tensors(packed(tmp_path, entry(made)))


@pytest.mark.parametrize(
    ("numel", "offset", "size", "stride", "says"),
    [
        (10, 0, [11], [1], "reaches to number 10 of 10"),
        (10, 10, [1], [1], "reaches to number 10 of 10"),
        (10, 0, [2, 6], [5, 1], "reaches to number 10 of 10"),
        (10, 0, [1 << 62, 1 << 62], [1 << 62, 1 << 62], "reaches to number"),
        (10, -1, [1], [1], "no natural number"),
        (10, 5, [3], [-1], "no natural number"),
        (10, 0, [-3], [1], "no natural number"),
        (10, 0, [1] * 17, [1] * 17, "unknown form"),
        (10, 0, [2], [1, 1], "unknown form"),
        (-10, 0, [0], [1], "unknown form"),
        (11, 0, [11], [1], "storage 0 ends after 40 of 44 bytes"),
        (1 << 60, 0, [1], [1], "claim"),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(
    tmp_path: Path, numel: int, offset: int, size: list[int], stride: list[int], says: str
):
    with pytest.raises(WeightsError, match=rf"evil\.pt: .*{says}"):
        read_tensors(packed(tmp_path, entry(tensor(numel, offset, size, stride))))


def test_a_tensor_just_inside_its_storage_is_read(tmp_path: Path):
    path = packed(tmp_path, entry(tensor(10, 1, [3, 3], [3, 1])))
    assert torch.equal(read_tensors(path)["a"], torch.zeros(3, 3))


def test_a_number_repeated_without_end_is_refused(tmp_path: Path):
    with pytest.raises(WeightsError, match="claim 4000000000040 bytes"):
        read_tensors(packed(tmp_path, entry(tensor(10, 0, [1_000_000, 1_000_000], [0, 0]))))


def test_one_storage_under_two_descriptions_is_refused(tmp_path: Path):
    both = b"}" + text("x") + storage(10) + b"s" + text("y") + storage(5, "DoubleStorage") + b"s"
    with pytest.raises(WeightsError, match="two descriptions"):
        read_tensors(packed(tmp_path, entry(both)))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    path = packed(tmp_path, b"\x80\x02" + b"N0" * (1 << 24), kind=zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match="its pickle unpacks to"):
        read_tensors(path)
    numbers = bytes(1 << 26)
    bomb = entry(tensor(1 << 24, 0, [1 << 24], [1]))
    path = packed(tmp_path, bomb, numbers, kind=zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match="claim"):
        read_tensors(path)
    path = packed(tmp_path, entry(tensor(10, 0, [10], [1])), kind=zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match="is packed, as torch never does"):
        read_tensors(path)


def test_a_huge_length_in_a_small_pickle_allocates_nothing(tmp_path: Path):
    huge = struct.pack("<Q", 1 << 40)
    for program in (
        b"\x8d" + huge,  # BINUNICODE8
        b"\x8e" + huge,  # BINBYTES8
        b"\x96" + huge,  # BYTEARRAY8
        b"\x95" + huge,  # FRAME
        b"\x8b" + struct.pack("<i", (1 << 31) - 1),  # LONG4
    ):
        with pytest.raises(WeightsError, match="damaged"):
            read_tensors(packed(tmp_path, b"\x80\x04" + program + b"."))
    with pytest.raises(WeightsError, match="no tensors by name"):
        read_tensors(packed(tmp_path, b"\x80\x02Nr\xff\xff\xff\x7f."))  # LONG_BINPUT


def test_a_pickle_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pickles, "MAX_OPERATIONS", 1000)
    with pytest.raises(WeightsError, match="over 1000 operations"):
        read_tensors(packed(tmp_path, b"\x80\x02" + b"N0" * 500 + b"."))


@pytest.mark.parametrize("depth", [100, 20_000])
def test_deep_nesting_is_refused(tmp_path: Path, depth: int):
    deep = b"\x80\x02" + (b"}" + text("a")) * depth + b"N" + b"s" * depth + b"."
    with pytest.raises(WeightsError, match="nested deeper than 64"):
        read_tensors(packed(tmp_path, deep))


def test_a_container_that_holds_itself_is_refused(tmp_path: Path):
    itself = b"\x80\x02}q\x00" + text("a") + b"h\x00s."
    with pytest.raises(WeightsError, match="within itself"):
        read_tensors(packed(tmp_path, itself))
    state = b"\x80\x02}q\x00" + text("state_dict") + b"h\x00s."
    with pytest.raises(WeightsError, match="within itself"):
        read_tensors(packed(tmp_path, state))


def test_doubling_containers_are_refused_soon(tmp_path: Path):
    dicts = b"\x80\x02}q\x00" + b"".join(
        b"}" + text("x") + b"h" + bytes([n]) + b"s" + text("y") + b"h" + bytes([n]) + b"sq"
        + bytes([n + 1])
        for n in range(40)
    )  # fmt: skip
    with pytest.raises(WeightsError, match="contain each other"):
        read_tensors(packed(tmp_path, dicts + b"."))
    tuples = b")" + b"q\x00h\x00\x86" * 60
    with pytest.raises(WeightsError, match="key of kind tuple"):
        read_tensors(packed(tmp_path, b"\x80\x02}" + tuples + b"Ns."))


def test_an_endless_name_is_refused(tmp_path: Path):
    long = text("n" * 2000)
    with pytest.raises(WeightsError, match="nested deeper"):
        read_tensors(packed(tmp_path, b"\x80\x02}" + long + tensor(10, 0, [1], [1]) + b"s."))


def test_too_many_tensors_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pickles, "MAX_TENSORS", 50)
    many = b"\x80\x02" + (tensor(1, 0, [], []) + b"0") * 51 + b"N."
    with pytest.raises(WeightsError, match="over 50 tensors"):
        read_tensors(packed(tmp_path, many))


def test_damage_anywhere_gives_tensors_or_one_clear_error(tmp_path: Path):
    path = tmp_path / "a.pt"
    for zipped in (True, False):
        torch.save({"a": torch.ones(3), "b": {"c": torch.ones(2)}}, path,
                   _use_new_zipfile_serialization=zipped)  # fmt: skip
        whole = path.read_bytes()
        for place in range(0, len(whole), 3):
            broken = bytearray(whole)
            broken[place] ^= 0x55
            path.write_bytes(broken)
            try:
                read_tensors(path)
            except WeightsError as error:
                assert str(error).isprintable()
