"""What the names in a checkpoint's pickle stand for: records and functions of ours, a closed list.

Source: the names that torch.save, torch.jit.save and common training loops write.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reverie.errors import WeightsError

MAX_DIMENSIONS = 16


@dataclass(frozen=True, eq=False, slots=True)
class Name:
    """A function or class that a pickle asks for, such as `collections.OrderedDict`."""

    full: str


@dataclass(eq=False, slots=True)
class Record:
    """An object of a class that we know by name only: a TorchScript module, training leftovers."""

    kind: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


@dataclass(frozen=True, slots=True)
class Storage:
    """A block of numbers that lies outside the pickle, under `key`."""

    key: str
    dtype: torch.dtype
    numel: int

    @property
    def nbytes(self) -> int:
        return self.numel * self.dtype.itemsize


@dataclass(frozen=True, eq=False, slots=True)
class Extent:
    """A tensor as a place in a storage; it is known to lie inside."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.size) * self.storage.dtype.itemsize


def extent(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Extent:
    """A tensor that lies inside its storage; anything else is a ValueError."""
    if not isinstance(storage, Storage) or not len(size) == len(stride) <= MAX_DIMENSIONS:
        raise ValueError("a tensor of an unknown form")
    if not all(type(n) is int and 0 <= n < 1 << 63 for n in (offset, *size, *stride)):
        raise ValueError("a tensor with a size, stride or offset that is no natural number")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if all(size) and last >= storage.numel:
        raise ValueError(f"a tensor reaches to number {last} of {storage.numel} in its storage")
    return Extent(storage, offset, tuple(size), tuple(stride))


def check_claim(extents: Collection[Extent], path: Path) -> None:
    """Refuses tensors that together are far larger than their file."""
    total = sum(extent.nbytes for extent in extents)
    total += sum(storage.nbytes for storage in {e.storage for e in extents})
    if total > 8 * path.stat().st_size:
        raise WeightsError(
            f"{path}: its tensors claim {total} bytes, and the file is far smaller; nothing was run"
        )


def _same(value: Any, *_: Any) -> Any:
    return value


STORAGES = {
    f"torch.{name}Storage": dtype
    for name, dtype in {
        "Double": torch.float64,
        "Float": torch.float32,
        "Half": torch.float16,
        "BFloat16": torch.bfloat16,
        "Long": torch.int64,
        "Int": torch.int32,
        "Short": torch.int16,
        "Char": torch.int8,
        "Byte": torch.uint8,
        "Bool": torch.bool,
    }.items()
}
BUILDERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": extent,
    "torch._utils._rebuild_tensor_v2": extent,
    "torch._utils._rebuild_parameter": _same,
    "collections.OrderedDict": lambda: {},  # torch writes it empty and fills it afterwards
    "torch.Size": _same,
    "torch.jit._pickle.restore_type_tag": _same,
    **{
        f"torch.jit._pickle.build_{kind}list": _same for kind in ("int", "double", "bool", "tensor")
    },
}
# What training loops leave in their checkpoints beside the tensors. It becomes a Record.
LEFTOVERS = {
    "__builtin__.set",
    "builtins.set",
    "collections.defaultdict",
    "argparse.Namespace",
    "torch.device",
    "torch.float16",
    "torch.bfloat16",
    "torch.float32",
    "torch.float64",
    "_codecs.encode",
    "datetime.datetime",
    "datetime.timedelta",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.WindowsPath",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
}


@dataclass(frozen=True)
class Names:
    """The names that a pickle may ask for.

    Args:
        builders: what is called instead of a function.
        records: of these, Records are made.
        others: whether other libraries' classes, such as the callbacks that old training loops left
            in their files, become Records, too. They are never looked up.
    """

    builders: Mapping[str, Callable[..., Any]]
    records: Collection[str]
    others: bool


TORCH = Names(BUILDERS, STORAGES.keys() | LEFTOVERS, others=True)
