"""Files of generators made to do harm: nothing runs, nothing hangs, and the error says why."""

import pickle
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reverie.errors import WeightsError
from reverie.weights import arrays, bare_pickles, pickles, stylegan_pickles
from reverie.weights.read import read_contents, read_tensors
from weights import published
from weights.test_hostile_pickles import (
    CANARY,
    COMMAND,
    Attribute,
    Evaluates,
    Imports,
    Shell,
    named,
    stacked,
    storage,
    text,
)

CODE = f"open({CANARY!r}, 'w')"


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    assert not Path(CANARY).exists(), "a file ran a command"
    new = {name.split(".")[0] for name in sys.modules.keys() - before}
    assert not new & {"torch_utils", "dnnlib", "antigravity"}, "a file had modules imported"


class Calls:
    """Pickled as a call of what is named, which need not exist."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def generator(**state: Any) -> published.Persistent:
    """A whole generator, with some of its state replaced."""
    holds = published.nvidia(published.stylegan2(), published.kwargs())["G_ema"]
    holds.told["state"] |= state
    return holds


def write(content: bytes) -> Path:
    Path("evil.pkl").write_bytes(content)
    return Path("evil.pkl")


def refused(content: bytes, says: str) -> None:
    with pytest.raises(WeightsError, match=says) as caught:
        read_tensors(write(content))
    assert str(caught.value).startswith("evil.pkl: ")
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500


def program(value: bytes, tail: bytes = b"") -> bytes:
    """A pickle of {"G_ema": value}, put together by hand."""
    return b"\x80\x02}" + text("G_ema") + value + b"s" + tail + b"."


def call(module: str, name: str, arguments: bytes) -> bytes:
    return named(module, name) + b"(" + arguments + b"tR"


def raw(content: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(content)) + content


def persistent(state: bytes, class_name: bytes = text("Generator")) -> bytes:
    meta = b"}" + text("class_name") + class_name + b"s" + text("state") + state + b"s"
    meta += text("module_src") + text(published.SOURCE) + b"s"
    return call("torch_utils.persistence", "_reconstruct_persistent_obj", meta)


def state(parameters: bytes = b"}", modules: bytes = b"}") -> bytes:
    kinds = {"_buffers": b"}", "_init_kwargs": b"}"}
    kinds |= {"_parameters": parameters, "_modules": modules}
    return b"}" + b"".join(text(kind) + value + b"s" for kind, value in kinds.items())


def nested(root: bytes = b"", numbers: bytes = bytes(40), keys: bytes = b"") -> bytes:
    """A small file of torch.save's old form, of one storage of ten numbers."""
    system = b"\x80\x02}" + text("little_endian") + b"\x88s."
    head = pickles.LEGACY + b"\x80\x02M\xe9\x03." + system
    head += b"\x80\x02" + (root or storage(10)) + b"." + (keys or b"\x80\x02]" + text("0") + b"a.")
    return head + struct.pack("<q", 10) + numbers


def tensor(offset: int, size: list[int], stride: list[int], inner: bytes | None = None) -> bytes:
    def number(n: int) -> bytes:
        return b"\x8a\x08" + struct.pack("<q", n)

    def numbers(values: list[int]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    held = call("torch.storage", "_load_from_bytes", raw(nested() if inner is None else inner))
    arguments = held + number(offset) + numbers(size) + numbers(stride) + b"\x89}"
    return call("torch._utils", "_rebuild_tensor_v2", arguments)


def with_tensor(value: bytes) -> bytes:
    return program(persistent(state(b"}" + text("w") + value + b"s")))


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    ("evil", "asks"),
    [
        (Shell(), r"posix\.system|nt\.system"),
        (Evaluates(), r"(builtins|__builtin__)\.eval"),
        (Calls(exec, CODE), r"(builtins|__builtin__)\.exec"),
        (Calls(compile, CODE, "x", "exec"), r"(builtins|__builtin__)\.compile"),
        (Imports(), r"importlib\.import_module"),
        (Attribute(), r"(builtins|__builtin__)\.getattr"),
    ],
)
def test_a_call_anywhere_in_the_pickle_is_refused_by_name(
    evil: object, asks: str, protocol: int
) -> None:
    for root in (
        {"G_ema": evil},
        {"G_ema": generator(), "D": evil},
        {"G_ema": generator(extra=evil)},
        {"G_ema": published.Persistent("Generator", {"_init_kwargs": evil})},
        (evil, None, published.tensorflow(published.stylegan2())[2]),
    ):
        refused(published.pickled(root, protocol), f"asks for ({asks}), which no checkpoint")


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_pickle_older_than_any_published_one_is_no_checkpoint(protocol: int) -> None:
    refused(published.pickled({"G_ema": Shell()}, protocol), "is no checkpoint")


def test_a_call_in_the_numbers_of_a_tensor_is_refused_by_name() -> None:
    for evil in (Shell(), Evaluates()):
        for protocol in range(6):
            inner = nested(root=pickle.dumps(evil, protocol)[:-1].removeprefix(b"\x80\x02"))
            refused(with_tensor(tensor(0, [1], [1], inner)), "in the numbers of a tensor: asks for")
    within = call("torch.storage", "_load_from_bytes", raw(nested()))
    inner = nested(root=within)
    refused(with_tensor(tensor(0, [1], [1], inner)), r"asks for torch\.storage\._load_from_bytes")


def test_the_numbers_of_a_tensor_in_another_form_are_refused() -> None:
    file = Path("zipped.pt")
    torch.save(torch.ones(2).untyped_storage(), file)
    for inner in (file.read_bytes(), b"", bytes(400), pickle.dumps(Shell())):
        refused(with_tensor(tensor(0, [1], [1], inner)), "in an unknown form")


def test_source_code_in_the_file_is_not_run() -> None:
    holds = published.nvidia(published.stylegan2(), published.kwargs())
    holds["G_ema"] = published.module(
        published.stylegan2(), {"": {"_init_kwargs": published.kwargs()}}, f"{CODE}\n"
    )
    got, about = read_contents(write(published.pickled(holds)))
    assert got.keys() == published.stylegan2().keys()
    assert about["source"] == "unknown"
    networks = published.tensorflow(published.stylegan2())
    networks[2].state["build_module_src"] = CODE
    assert read_tensors(write(published.pickled(networks)))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (named("os", "system") + b"(" + text(COMMAND) + b"tR", r"asks for os\.system"),
        (stacked("torch_utils.persistence", "os.system") + b")R", "persistence.os.system"),
        (stacked("dnnlib.util", "EasyDict.__init__.__globals__") + b")R", "EasyDict.__init__"),
        (stacked("torch.storage", "_load_from_bytes.__globals__") + b")R", "__globals__"),
        (stacked("numpy", "ndarray.tofile") + b")R", r"asks for numpy\.ndarray\.tofile"),
        (named("numpy", "load") + b"(" + text("x") + b"tR", r"asks for numpy\.load"),
        (named("dnnlib.util", "open_url") + b"(" + text("x") + b"tR", "open_url"),
        (named("dnnlib.util", "call_func_by_name") + b")R", "call_func_by_name"),
        (named("dnnlib.tflib.network", "import_handler") + b")R", "import_handler"),
        (named("training.networks", "Generator") + b")\x81", r"training\.networks\.Generator"),
        (named("torch.nn.modules.linear", "Linear") + b")\x81", "modules.linear.Linear"),
        (named("dill._dill", "_load_type") + b")R", r"dill\._dill\._load_type"),
        (named("copyreg", "_reconstructor") + b")R", r"copyreg\._reconstructor"),
        (named("copy_reg", "__newobj__") + b")R", r"copy_reg\.__newobj__"),
        (b"(" + text(COMMAND) + b"ios\nsystem\n", "INST for os system"),
        (b"\x82\x01", "operation EXT1"),
        (b"Pos.system\n", "operation PERSID"),
        (text("x") + b"Q", "damaged"),
        (named("dnnlib.util", "EasyDict") + b")}\x92", "operation NEWOBJ_EX"),
        (stacked("o\x1b[31ms", "sys\ntem"), r"asks for 'o\\x1b\[31ms\.sys\\ntem'"),
    ],
)
def test_every_way_to_name_and_call_is_refused(value: bytes, says: str) -> None:
    refused(program(value), says)


@pytest.mark.parametrize(
    ("offset", "size", "stride", "says"),
    [
        (0, [11], [1], "reaches to number 10 of 10"),
        (10, [1], [1], "reaches to number 10 of 10"),
        (0, [2, 6], [5, 1], "reaches to number 10 of 10"),
        (0, [1 << 62, 1 << 62], [1 << 62, 1 << 62], "reaches to number"),
        (-1, [1], [1], "no natural number"),
        (5, [3], [-1], "no natural number"),
        (0, [-3], [1], "no natural number"),
        (0, [1] * 17, [1] * 17, "unknown form"),
        (0, [2], [1, 1], "unknown form"),
        (0, [1_000_000_000], [0], "claim 4000000040 bytes"),
        (0, [1 << 40, 1 << 40], [0, 0], "claim"),
    ],
)
def test_a_tensor_outside_its_storage_or_too_large_is_refused(
    offset: int, size: list[int], stride: list[int], says: str
) -> None:
    refused(with_tensor(tensor(offset, size, stride)), says)


def test_a_storage_that_the_file_does_not_hold_is_refused() -> None:
    for inner in (
        nested(storage(11)),
        nested(storage(1 << 60)),
        nested(numbers=bytes(39)),
        nested(storage(-1)),
    ):
        refused(with_tensor(tensor(0, [1], [1], inner)), "damaged")
    refused(with_tensor(tensor(0, [1], [1], nested(keys=b"\x80\x02]."))), "more than one storage")
    got = read_tensors(write(with_tensor(tensor(1, [3, 3], [3, 1]))))
    assert torch.equal(got["w"], torch.zeros(3, 3))


def as_array(kind: bytes, shape: bytes, content: bytes, version: bytes = b"K\x01") -> bytes:
    """An array, put together by hand. kind: what numpy.dtype is called with."""
    dtype = call("numpy", "dtype", kind + b"K\x00K\x01")
    dtype += b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    start = named("numpy", "ndarray") + b"K\x00\x85" + raw(b"b")
    array = call("numpy.core.multiarray", "_reconstruct", start)
    return array + b"(" + version + shape + dtype + b"\x89" + raw(content) + b"tb"


@pytest.mark.parametrize(
    ("kind", "shape", "content", "says"),
    [
        (text("O8"), b"K\x02\x85", bytes(16), "an array of the kind '<O8'"),
        (text("M8"), b"K\x02\x85", bytes(16), "an array of the kind '<M8'"),
        (text("V8"), b"K\x02\x85", bytes(16), "an array of the kind '<V8'"),
        (text("U8"), b"K\x02\x85", bytes(16), "an array of the kind '<U8'"),
        (b")", b"K\x02\x85", bytes(16), "unknown form"),
        (text("f4"), b"K\x05\x85", bytes(16), "reaches to number 4 of 4"),
        (text("f4"), b"K\x03\x85", bytes(16), "12 bytes and 16 bytes"),
        (text("f4"), b"J\xff\xff\xff\xff\x85", bytes(16), "unknown form"),
        (text("f4"), b"(" + b"K\x01" * 17 + b"t", bytes(4), "unknown form"),
        (text("f4"), b"(" + b"J\xff\xff\xff\x7f" * 8 + b"t", bytes(4), "no natural number"),
    ],
)
def test_an_array_of_objects_or_of_another_size_is_refused(
    kind: bytes, shape: bytes, content: bytes, says: str
) -> None:
    refused(with_tensor(as_array(kind, shape, content)), says)
    good = as_array(text("f4"), b"K\x02K\x02\x86", np.arange(4, dtype="f4").tobytes())
    got = read_tensors(write(with_tensor(good)))
    assert torch.equal(got["w"], torch.arange(4.0).reshape(2, 2))


def test_arrays_that_numpy_wrote_of_objects_or_backwards_are_refused() -> None:
    for array, says in (
        (np.array([Shell()], dtype=object), r"asks for (posix|nt)\.system"),
        (np.array([{}], dtype=object), "unknown form|of the kind"),
        (np.arange(4, dtype=">f4"), "of the kind '>f4'"),
        (np.array(["a", "b"]), "of the kind '<U1'"),
    ):
        networks = published.tensorflow(published.stylegan2())
        networks[2].state["variables"].append(("dlatent_avg", array))
        refused(published.pickled(networks), says)
    fortran = np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3))
    networks = published.tensorflow(published.stylegan2())
    networks[2].state["variables"].append(("dlatent_avg", fortran))
    got = read_tensors(write(published.pickled(networks)))
    assert torch.equal(got["mapping.w_avg"], torch.arange(6.0).reshape(2, 3))


def test_a_module_of_an_unknown_class_is_refused_by_name() -> None:
    for name in ("Discriminator", "os.system", "G\x1b[31m", "x" * 10_000):
        evil = published.Persistent(name, generator().told["state"])
        refused(published.pickled({"G_ema": evil}), "is of the unknown class .*SynthesisLayer")
        inner = generator(_modules=OrderedDict(mapping=evil))
        refused(published.pickled({"G_ema": inner}), "mapping is of the unknown class")


@pytest.mark.parametrize(
    "root",
    [
        {"state_dict": {}},
        {"G": generator()},
        {"G_ema": None},
        {"G_ema": {"w": torch.ones(2)}},
        (generator(), generator()),
        [1, 2, 3],
        "G_ema",
        None,
    ],
)
def test_a_pickle_without_a_generator_says_what_is_wanted(root: object) -> None:
    refused(published.pickled(root), "holds no generator .*StyleGAN2-ADA or StyleGAN3")


@pytest.mark.parametrize("depth", [100, 5_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    deep = b"}" + (text("a") + b"}") * depth + b"s" * depth
    refused(program(deep), "holds no generator")
    kwargs = state().replace(text("_init_kwargs") + b"}", text("_init_kwargs") + deep)
    refused(program(persistent(kwargs)), "nested too deeply")
    tuples = b")" + b"\x85" * depth
    kwargs = state().replace(text("_init_kwargs") + b"}", text("_init_kwargs") + tuples)
    refused(program(persistent(kwargs)), "damaged")


def doubled(times: int, start: bytes = b")") -> bytes:
    """A tuple that holds one twice, which holds one twice ..."""
    return start + b"q\x00h\x00\x86" * times


def test_doubling_values_are_refused_soon() -> None:
    bomb = doubled(60)
    kwargs = b"}" + text("x") + bomb + b"s"
    evil = state().replace(text("_init_kwargs") + b"}", text("_init_kwargs") + kwargs)
    refused(program(persistent(evil)), "nested too deeply, or too many")
    refused(program(persistent(state(), bomb)), "of the unknown class tuple")
    refused(program(persistent(state(b"}" + bomb + b"Ns"))), "key of kind tuple")
    refused(with_tensor(as_array(bomb, b"K\x01\x85", bytes(4))), "unknown form")
    refused(with_tensor(as_array(text("f4"), bomb, bytes(4))), "unknown form")
    refused(program(bomb), "holds no generator")
    variables = b"]" + bomb + b"N\x86a"
    network = named("dnnlib.tflib.network", "Network") + b")\x81}"
    for key, value in (("version", b"K\x04"), ("variables", variables), ("components", b"}")):
        network += text(key) + value + b"s"
    refused(program(network + b"b"), "a name that is no text")


def test_modules_within_each_other_are_refused_soon() -> None:
    def holding(*keys: str) -> bytes:
        modules = b"}" + b"".join(text(key) + b"h\x00s" for key in keys)
        return persistent(state(modules=modules)) + b"q\x00"

    first = persistent(state()) + b"q\x00"
    doubling = b"".join(holding("a", "b") + b"0" for _ in range(15))
    refused(program(first + b"0" + doubling + holding("a", "b")), "over 2000 modules")
    chain = b"".join(holding("a") + b"0" for _ in range(30))
    refused(program(first + b"0" + chain + holding("a")), "nested deeper than 16 levels")
    itself = persistent(state(modules=b"}q\x01"))
    itself += b"q\x02" + b"h\x01" + text("a") + b"h\x02s0"
    refused(program(itself), "nested deeper than 16 levels, or within themselves")


def test_too_many_tensors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stylegan_pickles, "MAX_TENSORS", 10)
    holds = published.nvidia(published.stylegan2(), published.kwargs())
    refused(published.pickled(holds), "over 10 tensors")
    monkeypatch.setattr(bare_pickles, "MAX_NESTED", 5)
    refused(published.pickled(holds), "holds over 5 tensors")


def test_a_pickle_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    long = b"0".join([b"N"] * 200)
    inner = nested(root=long + b"0" + storage(10))
    refused(with_tensor(tensor(0, [1], [1], inner)), "numbers of a tensor: the pickle has over 100")
    monkeypatch.setattr(pickles, "MAX_OPERATIONS", 1000)
    refused(b"\x80\x02" + b"N0" * 500 + b".", "over 1000 operations")


def test_a_huge_length_in_a_small_pickle_allocates_nothing() -> None:
    huge = struct.pack("<Q", 1 << 40)
    for operation in (
        b"\x8d" + huge,  # BINUNICODE8
        b"\x8e" + huge,  # BINBYTES8
        b"\x96" + huge,  # BYTEARRAY8
        b"\x95" + huge,  # FRAME
        b"\x8b" + struct.pack("<i", (1 << 31) - 1),  # LONG4
        b"B" + struct.pack("<I", (1 << 32) - 1),  # BINBYTES
    ):
        refused(b"\x80\x04" + operation + b".", "damaged")


def test_long_text_is_cut_and_long_lists_are_refused() -> None:
    long = published.kwargs() | {"note": "x" * 1_000_000}
    holds = published.nvidia(published.stylegan2(), long)
    about = read_contents(write(published.pickled(holds)))[1]
    assert len(about["init_kwargs"]["note"]) == arrays.MAX_TEXT
    numbered = dict.fromkeys(range(5000), 0)
    for many in (
        [numbered] * 1000,
        [0] * 5000,
        {str(i): 0 for i in range(5000)},
        [["a"] * 100] * 1000,
    ):
        holds = published.nvidia(published.stylegan2(), published.kwargs() | {"note": many})
        refused(published.pickled(holds), "too many")


def test_an_endless_name_is_refused() -> None:
    named_long = generator(_modules={"n" * 2000: generator()})
    refused(published.pickled({"G_ema": named_long}), "a name that is no text, or has no end")


def test_settings_that_are_no_data_are_told_by_their_kind() -> None:
    told = published.kwargs() | {"when": torch.device("cpu"), "nan": float("nan"), "big": 1 << 99}
    holds = published.nvidia(published.stylegan2(), told)
    kwargs = read_contents(write(published.pickled(holds)))[1]["init_kwargs"]
    assert (kwargs["when"], kwargs["nan"], kwargs["big"]) == ("<torch.device>", "nan", "<int>")


@pytest.mark.parametrize("key", ["opts", "args", "config"])
def test_settings_beside_tensors_run_nothing_and_do_not_hang(key: str) -> None:
    own = published.rosinality()
    bomb: list[Any] = []
    for _ in range(60):
        bomb = [bomb, bomb]
    for settings in (bomb, {"a": bomb}, published.options(a=bomb), dict.fromkeys(range(9999))):
        Path("bomb.pt").write_bytes(published.saved({"g_ema": own, key: settings}))
        got, told = read_contents(Path("bomb.pt"))
        assert len(got) == len(own) and not told
    for settings in (Shell(), published.options(a=Evaluates())):
        Path("evil.pt").write_bytes(published.saved({"g_ema": own, key: settings}))
        with pytest.raises(WeightsError, match=r"evil\.pt: asks for .*nothing was run"):
            read_contents(Path("evil.pt"))


def test_damage_anywhere_gives_tensors_or_one_clear_error() -> None:
    small = {"mapping.fc0.weight": torch.ones(2, 2), "synthesis.b4.const": torch.ones(2)}
    roots = (published.nvidia(small, published.kwargs()), published.tensorflow(small))
    for whole in map(published.pickled, roots):
        places = range(0, len(whole), max(len(whole) // 60, 1))
        for place in places:
            broken = bytearray(whole)
            broken[place] ^= 0x55
            for content in (bytes(broken), whole[:place] or b"\x80"):
                try:
                    read_contents(write(content))
                except WeightsError as error:
                    assert str(error).isprintable()
