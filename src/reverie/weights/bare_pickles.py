"""Opens a pickle that is a whole file, as NVIDIA publishes its generators, as data.

Its tensors lie in it as bytes: those of torch are each a small file of torch.save's old form, those
of TensorFlow's time are numpy's arrays. Their numbers stay in the file until they are wanted.

Source: what `pickle.dump` writes of torch's tensors and numpy's arrays.
Differs: torch loads the small files with a reader that runs what they ask for; nothing runs here.
"""

import hashlib
import mmap
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.arrays import NAMES, Raw, array, filled, is_array, length, part
from reverie.weights.pickles import LEGACY, load
from reverie.weights.records import BUILDERS, LEFTOVERS, TORCH, Extent, Names, Storage, check_claim

T = TypeVar("T")
LARGE = 1 << 16  # bytes that are looked at in the file instead of being read
HEADER = 1 << 12  # bytes before the numbers of a nested file; torch writes 300
HEADER_OPERATIONS = 100
MAX_NESTED = 10_000
PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
NETWORK = "dnnlib.tflib.network.Network"
MAX_NAME = 1000
SOURCES = {  # what source code has been seen in published files, by the start of its SHA-256
    "53b4e1ec457171d4": "StyleGAN2-ADA",
    "06082fb3e8929e47": "StyleGAN3",
    "b6f14e8fa2a95de4": "StyleGAN2 of StyleGAN3's repository",
}


class BarePickle:
    """What a file's pickle holds, as records, and the way from them to tensors.

    Raises:
        WeightsError: it is damaged, or asks for anything that such a file does not need.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers: dict[str, tuple[Raw, int]] = {}  # where a storage's are, and from which byte
        self._nested: dict[int, tuple[Raw, Storage]] = {}  # what came of each nested file
        builders = BUILDERS | {
            "torch.storage._load_from_bytes": self._storage,
            "dnnlib.util.EasyDict": lambda: {},
        }
        names = Names(builders, LEFTOVERS | NAMES | {PERSISTENT, NETWORK}, others=False)
        with _Mapped(FileIO(path)) as file:
            self.root = load(file, str(path), names).root

    def tensor(self, value: Any) -> Extent | None:
        """Where the numbers of a tensor or an array lie; None for anything else."""
        if is_array(value):
            value, raw = array(value)
            self._numbers[value.storage.key] = raw, 0
        return value if isinstance(value, Extent) else None

    def tensors(self, extents: Mapping[str, Extent]) -> dict[str, Tensor]:
        """The tensors themselves, which together are no larger than the file allows for."""
        check_claim(extents.values(), self.path)
        blocks: dict[str, Tensor] = {}
        for e in extents.values():
            if e.storage.key not in blocks:
                blocks[e.storage.key] = filled(*self._numbers[e.storage.key], e.storage)
        return {
            name: blocks[e.storage.key].as_strided(e.size, e.stride, e.offset)
            for name, e in extents.items()
        }

    def _storage(self, raw: Raw) -> Storage:
        """The storage that a nested file is, as torch writes one outside of torch.save."""
        if id(raw) in self._nested:
            return self._nested[id(raw)][1]
        if len(self._nested) == MAX_NESTED:
            raise WeightsError(f"{self.path}: holds over {MAX_NESTED} tensors; nothing was run")
        head = bytes(part(raw, 0, HEADER))
        if not head.startswith(LEGACY):
            raise ValueError("the numbers of a tensor in an unknown form")
        stream, where = BytesIO(head), f"{self.path}: in the numbers of a tensor"
        roots = [load(stream, where, TORCH, HEADER_OPERATIONS).root for _ in range(5)]
        _magic, _protocol, system, told, keys = roots
        if not isinstance(told, Storage) or keys != [told.key]:
            raise ValueError("the numbers of a tensor are more than one storage")
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise ValueError("numbers of a big-endian machine, which are not supported")
        start = stream.tell() + 8
        if start + told.nbytes > length(raw):
            raise ValueError(f"storage of {told.nbytes} bytes is cut short")
        storage = Storage(f"nested {len(self._nested)}", told.dtype, told.numel)
        self._nested[id(raw)] = raw, storage
        self._numbers[storage.key] = raw, start
        return storage


def named(pairs: Iterable[tuple[Any, Any]], before: str) -> Iterator[tuple[str, Any]]:
    """Keys with what comes before them, and values.

    Raises:
        ValueError: a key is no name.
    """
    for key, value in pairs:
        if not isinstance(key, str) or len(before) + len(key) > MAX_NAME:
            raise ValueError("a name that is no text, or has no end")
        yield before + key, value


def at_most(count: int, items: Iterator[T], what: str) -> Iterator[T]:
    """The items, which are not more than `count`.

    Raises:
        ValueError: they are.
    """
    for i, item in enumerate(items):
        if i == count:
            raise ValueError(f"over {count} {what}, or such as contain each other")
        yield item


def vintage(source: str) -> dict[str, str]:
    """What a config says of the source code in a file. The code is hashed and nothing else."""
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    return {"source_sha256": digest, "source": SOURCES.get(digest[:16], "unknown")}


class _Mapped(BufferedReader):
    """A file whose large parts are not read: `read` gives a view of them."""

    def __init__(self, raw: FileIO) -> None:
        super().__init__(raw)
        self._view = memoryview(mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ))

    def read(self, size: int | None = -1, /) -> Any:
        if size is None or size < LARGE:
            return super().read(size)
        at = self.tell()
        return self._view[at : self.seek(min(at + size, len(self._view)))]
