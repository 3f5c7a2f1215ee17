"""numpy's arrays and numbers, and JSON data, out of what a pickle says of them.

Source: what `numpy.ndarray.__reduce__` and `numpy.generic.__reduce__` write.
Differs: numpy's own functions are not called; arrays of objects and of text do not exist here.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from reverie.weights.records import MAX_DIMENSIONS, Extent, Record, Storage, extent

MAX_VALUES = 2000  # in the data beside the tensors
MAX_TEXT = 1000
MAX_DEPTH = 16
CORES = ("numpy.core", "numpy._core")  # before numpy 2, and since
ARRAYS = {f"{core}.multiarray._reconstruct" for core in CORES}
SCALARS = {f"{core}.multiarray.scalar" for core in CORES}
NAMES = {*ARRAYS, *SCALARS, "numpy.ndarray", "numpy.dtype", "_codecs.encode"}
KINDS = {
    "f8": torch.float64,
    "f4": torch.float32,
    "f2": torch.float16,
    "i8": torch.int64,
    "i4": torch.int32,
    "i2": torch.int16,
    "i1": torch.int8,
    "u1": torch.uint8,
    "b1": torch.bool,
}
Raw = bytes | memoryview | Record  # a Record is text that stands for bytes, as in old protocols


def is_array(value: Any) -> bool:
    return isinstance(value, Record) and value.kind in ARRAYS


def array(record: Record) -> tuple[Extent, Raw]:
    """An array as a tensor of a storage, and the bytes of that storage.

    Raises:
        ValueError: it is not one that numpy writes, or it is of objects, or does not fit.
    """
    _version, shape, kind, columns_first, raw = record.state
    if len(shape) > MAX_DIMENSIONS or not all(type(n) is int and 0 <= n < 1 << 63 for n in shape):
        raise ValueError("an array of an unknown form")
    dtype, sides = _dtype(kind), list(shape)
    strides, step = [], 1
    for side in sides if columns_first else reversed(sides):
        strides.append(step)
        step *= max(side, 1)
    storage = Storage(f"{id(raw)} {dtype}", dtype, length(raw) // dtype.itemsize)
    found = extent(storage, 0, sides, strides if columns_first else strides[::-1])
    if found.nbytes != length(raw):
        raise ValueError(f"an array of {found.nbytes} bytes and {length(raw)} bytes for it")
    return found, raw


def length(raw: Any) -> int:
    """How many bytes they are."""
    if isinstance(raw, bytes | memoryview):
        return len(raw)
    return len(_text(raw))


def part(raw: Raw, at: int, count: int) -> bytes | memoryview:
    """Some of the bytes."""
    if isinstance(raw, Record):
        return _text(raw)[at : at + count].encode("latin-1")
    return raw[at : at + count]


def filled(raw: Raw, at: int, storage: Storage) -> Tensor:
    """The numbers of a storage that begin at byte `at`, in memory of their own."""
    buffer = torch.empty(storage.nbytes, dtype=torch.uint8)
    if storage.nbytes:
        buffer.numpy().data[:] = part(raw, at, storage.nbytes)
    return buffer.view(storage.dtype)


def number(record: Record) -> float | int | bool:
    """What a numpy scalar is."""
    kind, raw = record.arguments
    dtype = _dtype(kind)
    if length(raw) != dtype.itemsize:
        raise ValueError(f"a number of {length(raw)} bytes, and {dtype.itemsize} are wanted")
    return filled(raw, 0, Storage("", dtype, 1)).item()


def data(value: Any) -> Any:
    """What stands beside the tensors, as JSON data. What has no form there becomes text.

    Raises:
        ValueError: it is more than any checkpoint has.
    """
    return _data(value, 0, iter(range(MAX_VALUES)))


def _data(value: Any, depth: int, left: Iterator[int]) -> Any:
    if depth > MAX_DEPTH or next(left, None) is None:
        raise ValueError("its settings are nested too deeply, or too many")
    if isinstance(value, Record) and value.kind in SCALARS:
        value = number(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list | tuple | dict) and len(value) > MAX_VALUES:
        raise ValueError("its settings are too many")
    if isinstance(value, list | tuple):
        return [_data(item, depth + 1, left) for item in value]
    if isinstance(value, dict):
        named = {key: item for key, item in value.items() if isinstance(key, str)}
        return {key[:MAX_TEXT]: _data(item, depth + 1, left) for key, item in named.items()}
    what = value.kind if isinstance(value, Record) else type(value).__name__
    return f"<{what[:MAX_TEXT]}>"


def _dtype(record: Any) -> torch.dtype:
    if not isinstance(record, Record) or record.kind != "numpy.dtype":
        raise ValueError("an array without a kind of numbers")
    kind, order = record.arguments[0], record.state[1] if record.state else "<"
    if not isinstance(kind, str) or not isinstance(order, str):  # and what else may take long
        raise ValueError("an array of an unknown form")
    if kind not in KINDS or order not in ("<", "|", "="):
        what = (order + kind)[:20]
        raise ValueError(f"an array of the kind {what!r}, which is none of {', '.join(KINDS)}")
    return KINDS[kind]


def _text(raw: Any) -> str:
    text, code = raw.arguments if isinstance(raw, Record) else (None, None)
    if not isinstance(text, str) or code not in ("latin1", "latin-1"):
        raise ValueError("an array without its bytes")
    return text
