"""Reads the tensors out of a checkpoint of any kind, and runs nothing that is in it.

Understood: safetensors; TorchScript archives, such as OpenAI publishes for CLIP (their code is
never looked at); what torch.save writes, today's zip files and those before torch 1.6; and the
pickles in which NVIDIA publishes generators.

Source: the formats as `safetensors`, torch.serialization and torch.jit write them.
Differs: torch.load and torch.jit.load are not used; a TorchScript archive is a program.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.arrays import data
from reverie.weights.pickles import LEGACY, MAX_PICKLE, Loaded, load
from reverie.weights.records import Extent, Record, Storage, check_claim
from reverie.weights.stylegan_pickles import read_generator

MAX_DEPTH = 64  # of modules within modules, or dictionaries within dictionaries
MAX_NAME = 1024
MAX_VISITS = 200_000  # values looked at on the way to the tensors
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NOT_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError)


# Settings that training loops put beside the tensors, under their usual names.
TOLD = ("opts", "args", "config")
Wanted = Callable[[Collection[str]], Collection[str]]  # of all names, those to read
Contents = tuple[dict[str, Tensor], dict[str, Any]]


def all_of(names: Collection[str]) -> Collection[str]:
    return names


def read_tensors(path: Path, wanted: Wanted = all_of) -> dict[str, Tensor]:
    """The tensors alone of what `read_contents` reads."""
    return read_contents(path, wanted)[0]


def read_contents(path: Path, wanted: Wanted = all_of) -> Contents:
    """The tensors of a checkpoint by their state_dict names, on the CPU, in the dtypes they have;
    and the settings that lie beside them in the file, as JSON data: see TOLD.

    Args:
        wanted: chooses from the names. The numbers of the other tensors are not read.

    Raises:
        WeightsError: the file is missing, damaged, of another kind, or asks for anything that a
            checkpoint does not need.
    """
    try:
        with path.open("rb") as file:
            head = file.read(256)
            file.seek(0)
            if head.startswith(b"PK"):
                return _read_zip(file, path, wanted)
            if head.startswith(LEGACY):
                return _read_legacy(file, path, wanted)
            if _is_safetensors(head):
                return _read_safetensors(file, path, wanted), {}
            if head.startswith(b"\x80"):
                return read_generator(path, wanted)
    except SafetensorError as error:
        raise WeightsError(f"{path}: is cut short or damaged ({error}); get it again") from error
    except OSError as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    raise WeightsError(f"{path}: {_what_else(head)}")


def is_safetensors(path: Path) -> bool:
    """Whether a file is of that format, whatever it is called."""
    with path.open("rb") as file:
        return _is_safetensors(file.read(9))


def _is_safetensors(head: bytes) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 40


def is_web_page(head: bytes) -> bool:
    """Whether a file that begins with `head` is a web page: no weights and no vocabulary are."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _what_else(head: bytes) -> str:
    """What a file is that begins with `head` and that nothing here can read."""
    if not head:
        return "is an empty file; get it again"
    if is_web_page(head):
        return "this is a web page, not weights: the link it came from does not lead to the file"
    if head.startswith(b"version https://git-lfs"):
        return "is a git-lfs pointer, not weights; run `git lfs pull` where it came from"
    return (
        f"is no checkpoint (it begins with {head[:12]!r}); wanted: safetensors, or what torch.save "
        "or torch.jit.save writes"
    )


def _read_safetensors(file: io.BufferedReader, path: Path, wanted: Wanted) -> dict[str, Tensor]:
    """Every tensor has memory of its own. What safetensors gives are parts of the mapped file, all
    of which stays as long as one of them is in use."""
    with safe_open(path, "pt"):
        pass  # the header was looked at, and everything lies within the file
    size = int.from_bytes(file.read(8), "little")
    header, found = json.loads(file.read(size)), {}
    header.pop("__metadata__", None)
    for name in wanted(header):
        told = header[name]
        if told["dtype"] not in DTYPES:
            raise WeightsError(f"{path}: tensor {name!r} is of the unknown kind {told['dtype']}")
        dtype, shape = DTYPES[told["dtype"]], told["shape"]
        file.seek(8 + size + told["data_offsets"][0])
        found[name] = _filled(file, Storage(name, dtype, torch.Size(shape).numel())).view(shape)
    return found


def _read_zip(file: io.BufferedReader, path: Path, wanted: Wanted) -> Contents:
    where = str(path)
    try:
        with zipfile.ZipFile(file) as archive:
            names = [n for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")]
            if len(names) != 1:
                raise WeightsError(f"{where}: is a zip file, but not one that torch writes")
            folder = names[0].removesuffix("data.pkl")
            loaded = load(io.BytesIO(_pickle_bytes(archive, names[0], where)), where)
            extents = _extents(loaded, path, wanted)
            tensors = _assemble(extents, lambda storage: _stored(archive, folder, storage, path))
            return tensors, _told(loaded.root)
    except NOT_ZIP as error:
        raise WeightsError(f"{where}: is cut short or damaged ({error}); get it again") from error


def _pickle_bytes(archive: zipfile.ZipFile, name: str, where: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > MAX_PICKLE:
        raise WeightsError(
            f"{where}: its pickle unpacks to {size} bytes, and no checkpoint needs over "
            f"{MAX_PICKLE}; nothing was run"
        )
    order = name.replace("data.pkl", "byteorder")
    if order in archive.namelist() and archive.open(order).read(8) != b"little":
        raise WeightsError(f"{where}: was written by a big-endian machine, which is not supported")
    return archive.read(name)


def _stored(archive: zipfile.ZipFile, folder: str, storage: Storage, path: Path) -> Tensor:
    """The bytes of a storage. torch never packs them, so they are no more than the file holds."""
    try:
        entry = archive.getinfo(f"{folder}data/{storage.key}")
    except KeyError as error:
        raise WeightsError(f"{path}: lacks the numbers of storage {storage.key!r}") from error
    if entry.compress_type != zipfile.ZIP_STORED:
        raise WeightsError(
            f"{path}: storage {storage.key!r} is packed, as torch never does; nothing was run"
        )
    with archive.open(entry) as content:
        return _filled(content, storage)


def _read_legacy(file: io.BufferedReader, path: Path, wanted: Wanted) -> Contents:
    """The format before torch 1.6: five pickles, then every storage as its length and numbers."""
    where = str(path)
    start = io.BytesIO(file.read(MAX_PICKLE))
    _magic, _protocol, system, loaded, keys = (load(start, where) for _ in range(5))
    if not isinstance(system.root, dict) or system.root.get("little_endian") is not True:
        raise WeightsError(f"{where}: was written by a big-endian machine, which is not supported")
    places, at, end = {}, start.tell(), path.stat().st_size
    for key in keys.root if isinstance(keys.root, list) else ():
        storage = loaded.storages.get(key) if isinstance(key, str) else None
        if storage is None or at + 8 + storage.nbytes > end:
            raise WeightsError(f"{where}: is cut short or damaged; get it again")
        places[key] = at + 8
        at += 8 + storage.nbytes

    def stored(storage: Storage) -> Tensor:
        if storage.key not in places:
            raise WeightsError(f"{where}: lacks the numbers of storage {storage.key!r}")
        file.seek(places[storage.key])
        return _filled(file, storage)

    return _assemble(_extents(loaded, path, wanted), stored), _told(loaded.root)


def _filled(content: Any, storage: Storage) -> Tensor:
    buffer = torch.empty(storage.nbytes, dtype=torch.uint8)
    view, at = buffer.numpy().data, 0
    while at < storage.nbytes:
        count = content.readinto(view[at : at + (1 << 24)])
        if not count:
            raise EOFError(f"storage {storage.key} ends after {at} of {storage.nbytes} bytes")
        at += count
    return buffer.view(storage.dtype)


def _extents(loaded: Loaded, path: Path, wanted: Wanted) -> dict[str, Extent]:
    """Where the wanted tensors lie, by name."""
    named = _named(loaded.root, str(path))
    extents = {name: named[name] for name in wanted(named)}
    check_claim(extents.values(), path)
    return extents


def _assemble(
    extents: Mapping[str, Extent], stored: Callable[[Storage], Tensor]
) -> dict[str, Tensor]:
    blocks: dict[str, Tensor] = {}
    tensors = {}
    for name, e in extents.items():
        if e.storage.key not in blocks:
            blocks[e.storage.key] = stored(e.storage)
        tensors[name] = blocks[e.storage.key].as_strided(e.size, e.stride, e.offset)
    return tensors


def _named(root: Any, where: str) -> dict[str, Extent]:
    """The tensors of a module tree or of nested dictionaries, by their dotted names.

    A `state_dict` inside a training checkpoint is taken alone, or with the `latent_avg` that some
    put beside it, and the `module.` that DataParallel puts before every name goes away.
    """
    if isinstance(root, dict) and isinstance(root.get("state_dict"), dict):
        beside = {key: root[key] for key in ("latent_avg",) if key in root}
        root = root["state_dict"] | beside
    found: dict[str, Extent] = {}
    for visits, (name, value) in enumerate(_walk(root, "", 0, where)):
        if visits == MAX_VISITS:
            raise WeightsError(f"{where}: its containers contain each other; nothing was run")
        if isinstance(value, Extent):
            found[name] = value
    if not found or "" in found:
        raise WeightsError(f"{where}: holds no tensors by name; a state_dict is wanted")
    if all(name.startswith("module.") for name in found):
        return {name.removeprefix("module."): extent for name, extent in found.items()}
    return found


def _told(root: Any) -> dict[str, Any]:
    """The settings beside the tensors; what is no such thing, or more than that, is left out."""
    told = {}
    for key in TOLD if isinstance(root, dict) else ():
        value = root.get(key)
        value = value.state if isinstance(value, Record) else value
        if isinstance(value, dict):
            with suppress(ValueError, TypeError, LookupError, AttributeError):
                told[key] = data(value)
    return told


def _walk(value: Any, name: str, depth: int, where: str) -> Iterator[tuple[str, Any]]:
    if depth > MAX_DEPTH or len(name) > MAX_NAME:
        raise WeightsError(
            f"{where}: nested deeper than {MAX_DEPTH} levels, or within itself; nothing was run"
        )
    yield name, value
    items = value.state if isinstance(value, Record) else value
    if isinstance(items, dict):
        for key, item in items.items():
            if isinstance(key, str):
                yield from _walk(item, f"{name}.{key}" if name else key, depth + 1, where)
