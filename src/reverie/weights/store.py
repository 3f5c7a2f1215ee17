"""The models on this computer: find one, fetch one, bring one's own, check and delete.

Nothing is fetched but by `pull`.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.download import Progress, digest_of, fetch
from reverie.weights.generators import generator, licence
from reverie.weights.kinds import called, check_kind, missing, of_use, recognised, unknown
from reverie.weights.lock import lock_file
from reverie.weights.manifest import Entry, entries
from reverie.weights.models import (
    SUFFIXES,
    VOCABULARIES,
    VOCABULARY,
    WEIGHTS,
    config_of,
    description,
    finish,
    hidden,
    home,
    named_config,
    new_folder,
    plain,
    read_config,
    save,
    stored_folders,
)
from reverie.weights.pocket import read as pocket_model
from reverie.weights.read import is_safetensors, read_contents
from reverie.weights.vqgan_layouts import scale


@dataclass(frozen=True)
class Checkpoint:
    """Weights on this disk. `config` is the JSON or yaml that came beside them, as data, empty if
    none did."""

    name: str
    path: Path
    config: dict[str, Any]
    vocabulary: Path | None

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name, on the CPU, in the dtypes of the file. Of a file that holds a VQGAN
        or a generator of faces and more, only that is read."""
        return self.contents()[0]

    def contents(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The tensors, and the config; a generator's with the settings that lie in its file."""
        tensors, told = read_contents(self.path, of_use)
        own = generator(tensors)
        return (own, told | self.config) if own else (tensors, self.config)

    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        stated = description(self.path.parent).get("files", {}).get(self.path.name)
        if stated:
            return stated
        stat = self.path.stat()
        return _digest_of(self.path, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True)
class Stored:
    """A model or vocabulary of the store, as its model.json describes it."""

    name: str
    kind: str
    folder: Path
    bytes: int
    licence: str
    source: str
    note: str
    files: Mapping[str, str]  # SHA-256 by name


def find(name_or_path: str, *kinds: str) -> Checkpoint:
    """A checkpoint by file, by folder, or by the name of a stored model in any usual spelling.

    Args:
        kinds: such as "clip" or "vqgan", where a name may not mean a model of another kind.

    Raises:
        WeightsError: it is not there; the message says what is, and how to get it.
    """
    check_kind(name_or_path, kinds, _kinds())
    path = Path(name_or_path).expanduser()
    folders = [path, *stored_folders(name_or_path)]
    for weights in [path, *(folder / name for folder in folders for name in WEIGHTS)]:
        if weights.is_file():
            return _checkpoint(weights)
    if path.is_dir():
        only = [file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file()]
        if len(only) == 1:
            return _checkpoint(only[0])
        raise WeightsError(
            f"{path}: holds {len(only) or 'no'} weights; name the file, or a folder with "
            f"{' or '.join(WEIGHTS)}"
        )
    raise WeightsError(missing(name_or_path, kinds, _kinds()))


def scale_of(name_or_path: str) -> int:
    """How many pixels a side one latent of a VQGAN covers. No tensors are read.

    Raises:
        WeightsError: it is not there, or is no VQGAN.
    """
    if name_or_path == "pocket-vqgan":
        return pocket_model(name_or_path).about["scale"]
    found = find(name_or_path, "vqgan")
    return scale(found.config, str(found.path))


def installed() -> list[Stored]:
    """What the store holds, by name."""
    return [_stored(folder) for folder in stored_folders()]


def stored(name: str) -> Stored:
    """What the store holds under a name, in any usual spelling.

    Raises:
        WeightsError: nothing.
    """
    return _stored(_existing(name))


def pull(name: str) -> Iterator[Progress]:
    """Fetches a model of the manifest, and the vocabulary if it is not here, into the store.

    Nothing happens if the model is stored already. After a failure, the next call goes on.

    Raises:
        WeightsError: the name is not known, the download fails, or what came cannot be read.
    """
    known = entries()
    entry = next((known[n] for n in known if plain(n) == plain(name)), None)
    if entry is None:
        raise WeightsError(unknown(name))
    if entry.kind == "clip" and VOCABULARY in known:
        yield from _pull(known[VOCABULARY])
    yield from _pull(entry)


def add(path: Path, name: str, config: Path | None = None) -> Checkpoint:
    """Stores a checkpoint of the user's own, of any kind, as safetensors, under `name`.

    Args:
        config: the JSON or yaml that describes it, where none lies beside it.

    Raises:
        WeightsError: it cannot be read, or the name is taken or not fit for a folder.
    """
    source, folder = find(str(path)), new_folder(name)
    if config is not None:
        source = replace(source, config=read_config(config))
    with lock_file(hidden(folder, "lock")) as taken:
        if not taken() or folder.exists() or stored_folders(name):
            raise WeightsError(
                f"the name {name!r} is taken; choose another, or: reverie models remove {name}"
            )
        with tempfile.TemporaryDirectory(dir=home(), prefix=".import-") as work:
            new = Path(work) / folder.name
            new.mkdir()
            tensors, told = source.contents()
            kind, tensors = recognised(tensors, told, str(source.path))
            save(tensors, new / WEIGHTS[0])
            if source.vocabulary and source.vocabulary.parent == source.path.parent:
                shutil.copy(source.vocabulary, new)
            terms, note = licence(kind, told)
            about = {"name": name, "kind": kind, "layout": "", "licence": terms, "note": note}
            about |= {"source": source.path.name, "config": told}
            finish(new, folder, about, {source.path.name: source.digest()})
    return _checkpoint(folder / WEIGHTS[0])


def verify(name: str) -> None:
    """Reads a stored model again and compares its digests.

    Raises:
        WeightsError: the model is not stored, or a file of it is not what it was.
    """
    model = stored(name)
    for file, want in model.files.items():
        path = model.folder / file
        got = digest_of(path) if path.is_file() else "nothing"
        if got != want:
            raise WeightsError(
                f"{path}: SHA-256 {want[:12]}... is expected and {got[:12]}... is found; mend it "
                f"with: reverie models remove {name}, then get it again"
            )


def remove(name: str) -> None:
    """Deletes a model from the store, or what is here of its download.

    Raises:
        WeightsError: it is not here.
    """
    new = new_folder(name)
    part = hidden(new, "part")
    with lock_file(hidden(new, "lock")) as taken:
        if not taken():
            raise WeightsError(f"{name}: another process is fetching it; stop that first")
        folder = part if part.exists() else _existing(name)
        gone = hidden(folder, "gone")
        shutil.rmtree(gone, ignore_errors=True)
        folder.replace(gone)  # first out of sight, so that half a model is never found
        shutil.rmtree(gone)


def _pull(entry: Entry) -> Iterator[Progress]:
    folder = new_folder(entry.name)
    work = hidden(folder, "part")
    with lock_file(hidden(folder, "lock")) as taken:
        while not taken():
            yield Progress(f"{entry.name} (another process is fetching it)")
            time.sleep(0.2)
        if description(folder):
            return
        work.mkdir(exist_ok=True)
        for file in entry.files:
            yield from fetch(file, work)
        yield Progress(f"{entry.name} (checking and converting)")
        came = {file.name: digest_of(work / file.name) for file in entry.files}
        config = _convert(work, entry) if entry.kind != "vocabulary" else {}
        about = {key: getattr(entry, key) for key in ("name", "kind", "layout", "licence", "note")}
        finish(work, folder, about | {"source": entry.source, "config": config}, came)


def _convert(work: Path, entry: Entry) -> dict[str, Any]:
    """Leaves safetensors and a vocabulary in `work`; gives the config that was there."""
    weights = work / entry.files[0].name
    try:
        source = replace(_checkpoint(weights), config=config_of(weights))
        tensors, config = source.contents()
        kind, tensors = recognised(tensors, config, str(weights))
        if kind != entry.kind:
            raise WeightsError(
                f"{weights}: is {called([kind])}, and {called([entry.kind])} is wanted"
            )
    except WeightsError:
        shutil.rmtree(work)  # it came as it was sent, so going on would not mend it
        raise
    if is_safetensors(weights):
        weights.replace(work / WEIGHTS[0])  # the bytes stay those that the publisher signed
    else:
        save(tensors, work / WEIGHTS[0])
    for path in work.iterdir():
        if path.name not in (WEIGHTS[0], *VOCABULARIES):
            path.unlink()
    return config


def _checkpoint(weights: Path) -> Checkpoint:
    folder, about = weights.parent, description(weights.parent)
    read = config_of if weights.name in WEIGHTS else named_config
    config = about["config"] if about else read(weights)
    name = folder.resolve().name if weights.name in WEIGHTS else weights.stem
    shared = home() / VOCABULARY / VOCABULARIES[0]
    words = [path for v in VOCABULARIES if (path := folder / v).is_file()]
    vocabulary = words[0] if words else shared if shared.is_file() else None
    return Checkpoint(about.get("name", name), weights, config, vocabulary)


def _stored(folder: Path) -> Stored:
    about = description(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    fields = {key: about[key] for key in ("name", "kind", "licence", "source", "note", "files")}
    return Stored(folder=folder, bytes=size, **fields)


def _existing(name: str) -> Path:
    folders = stored_folders(name)
    if not folders:
        raise WeightsError(missing(name, (), _kinds()))
    return folders[0]


def _kinds() -> dict[str, str]:
    return {model.name: model.kind for model in installed()}


@lru_cache
def _digest_of(path: Path, _size: int, _changed: int) -> str:
    return digest_of(path)
