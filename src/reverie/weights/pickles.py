"""Reads the pickle of a torch checkpoint as data: nothing that it names is imported or called.

A pickle is a program for a small stack machine, and the usual machine imports and calls whatever
the program names. This one knows a closed list of operations and a closed list of names, and every
name stands for a record or a function of ours. Work and memory are bounded by the pickle's length.

Source: the operations as Python's `pickletools` describes them; the names that torch.save and
torch.jit.save write.
Differs: torch.load(weights_only=True) also keeps a list of names, but calls torch's own functions,
and does not read TorchScript archives at all; pickle.Unpickler with a guarded `find_class` can be
made to allocate gigabytes or to hash for hours by a file of a hundred bytes.
"""

import pickletools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from typing import Any

from reverie.errors import WeightsError
from reverie.weights.records import STORAGES, TORCH, Extent, Name, Names, Record, Storage

LEGACY = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")  # torch.save before 1.6 begins so
MAX_PICKLE = 1 << 24  # bytes; a checkpoint of 5000 tensors needs about 1 MB
# Of these only the names that are known may be asked for, whatever a Names says of others.
OURS = sys.stdlib_module_names | {"__builtin__", "copy_reg", "exceptions", "torch", "numpy"}
MAX_OPERATIONS = 2_000_000
MAX_TENSORS = 25_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a pickle holds, and every storage that it mentions."""

    root: Any
    storages: dict[str, Storage]


def load(
    stream: BytesIO | BufferedReader, where: str, names: Names = TORCH, most: int | None = None
) -> Loaded:
    """Reads one pickle from where `stream` stands, to just behind it.

    Args:
        stream: may give a view instead of bytes.
        most: operations; MAX_OPERATIONS if left out.

    Raises:
        WeightsError: it is broken, too large, or asks for something that no checkpoint needs.
    """
    machine, most = _Machine(where, names), most or MAX_OPERATIONS
    try:
        for count, (operation, argument, _) in enumerate(pickletools.genops(stream)):
            if count == most:
                raise WeightsError(
                    f"{where}: the pickle has over {most} operations, "
                    "more than any checkpoint needs; nothing was run"
                )
            if operation.name not in OPERATIONS:
                what = operation.name + (f" for {_shown(argument)}" if argument else "")
                raise WeightsError(
                    f"{where}: uses the pickle operation {what}, which no checkpoint needs; "
                    "nothing was run"
                )
            OPERATIONS[operation.name](machine, argument)
        return Loaded(machine.stack.pop(), machine.storages)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise WeightsError(
            f"{where}: the pickle is damaged ({_shown(str(error))}); get the file again"
        ) from error


class _Machine:
    """The stack machine. Its methods are the operations that do more than push a value."""

    def __init__(self, where: str, names: Names) -> None:
        self.where = where
        self.names = names
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}
        self.tensors = 0

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self, _: Any) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def last(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise IndexError("the stack is too short")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        self.push(self.memo[index])

    def append(self, items: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(items)
        elif not isinstance(self.stack[-1], Record):
            raise TypeError("appends to what is no list")

    def set_items(self, items: list[Any]) -> None:
        pairs = _pairs(items)
        if isinstance(self.stack[-1], dict):
            self.stack[-1].update(pairs)
        elif not isinstance(self.stack[-1], Record):
            raise TypeError("sets items of what is no dictionary")

    def name(self, full: str) -> None:
        parts, known = full.split("."), self.names
        ordinary = parts[0] not in OURS and all(part.isidentifier() for part in parts)
        if (
            full not in known.builders
            and full not in known.records
            and not (known.others and ordinary)
        ):
            raise WeightsError(
                f"{self.where}: asks for {_shown(full)}, which no checkpoint needs; nothing was "
                "run. Get the file elsewhere, or save only the model's state_dict()"
            )
        self.push(Name(full))

    def stack_name(self, _: Any) -> None:
        module, name = self.last(2)
        if not (isinstance(module, str) and isinstance(name, str)):
            raise TypeError("a name is no text")
        self.name(f"{module}.{name}")

    def call(self, _: Any) -> None:
        name, arguments = self.last(2)
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise TypeError("calls what is no name")
        if name.full not in self.names.builders:
            self.push(Record(name.full, arguments))
            return
        built = self.names.builders[name.full](*arguments)
        if isinstance(built, Extent):
            self.tensors += 1
            if self.tensors > MAX_TENSORS:
                raise WeightsError(f"{self.where}: holds over {MAX_TENSORS} tensors")
        self.push(built)

    def build(self, _: Any) -> None:
        target, state = self.last(2)
        if isinstance(target, Record):
            target.state = state  # what torch hangs on a dict or a tensor here is of no use to us
        self.push(target)

    def storage(self, _: Any) -> None:
        tag, kind, key, _place, numel, *view = self.stack.pop()
        if tag != "storage" or not isinstance(kind, Name) or any(view):
            raise ValueError("a storage of an unknown form")
        if type(key) is not str or type(numel) is not int or numel < 0:
            raise ValueError("a storage of an unknown form")
        storage = Storage(key, STORAGES[kind.full], numel)
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError("one storage under two descriptions")
        self.push(storage)


def _shown(text: object) -> str:
    """What a stranger wrote, safe and short enough for a terminal."""
    return (text if isinstance(text, str) and text.isprintable() else ascii(text))[:100]


def _pairs(items: list[Any]) -> dict[Any, Any]:
    """A dictionary of keys and values in turn. Keys are those that hash in no time."""
    keys, values = items[::2], items[1::2]
    for key in keys:
        plain = key is None or isinstance(key, str | bytes | Name | Record)
        if not plain and not (isinstance(key, int) and abs(key) < 1 << 60):
            raise TypeError(f"a dictionary key of kind {type(key).__name__}")
    return dict(zip(keys, values, strict=True))


PLAIN = (
    "INT",
    "BININT",
    "BININT1",
    "BININT2",
    "LONG",
    "LONG1",
    "LONG4",
    "FLOAT",
    "BINFLOAT",
    "UNICODE",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
    "STRING",
    "BINSTRING",
    "SHORT_BINSTRING",
    "BINBYTES",
    "SHORT_BINBYTES",
    "BINBYTES8",
)
OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(PLAIN, _Machine.push),
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda *_: None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.call),
    "GLOBAL": lambda m, full: m.name(full.replace(" ", ".", 1)),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE1": lambda m, _: m.push(tuple(m.last(1))),
    "TUPLE2": lambda m, _: m.push(tuple(m.last(2))),
    "TUPLE3": lambda m, _: m.push(tuple(m.last(3))),
    "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "LIST": lambda m, _: m.push(m.since_mark()),
    "DICT": lambda m, _: m.push(_pairs(m.since_mark())),
    "APPEND": lambda m, _: m.append(m.last(1)),
    "APPENDS": lambda m, _: m.append(m.since_mark()),
    "SETITEM": lambda m, _: m.set_items(m.last(2)),
    "SETITEMS": lambda m, _: m.set_items(m.since_mark()),
    "MARK": _Machine.mark,
    "POP": lambda m, _: m.last(1).clear(),
    "EMPTY_SET": lambda m, _: m.push(Record("builtins.set")),
    "ADDITEMS": lambda m, _: m.append(m.since_mark()),
    "FROZENSET": lambda m, _: m.push(Record("builtins.frozenset", tuple(m.since_mark()))),
    "MEMOIZE": _Machine.memoize,
    "STACK_GLOBAL": _Machine.stack_name,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.storage,
}
