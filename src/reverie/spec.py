"""Specs: frozen data that describes a live object, and survives a trip through JSON.

A spec holds names, numbers and paths. Its `build` is the only place that reads weights, uses a
device or allocates tensors. Reading JSON is strict: an unknown key or kind is an error, and a
`kind` is looked up among the known specs only, never imported, so a stranger's file runs no code.
"""

import dataclasses
import difflib
import json
import math
import re
import types
import typing
from collections.abc import Iterable
from typing import Any, TypeVar, dataclass_transform

from reverie.errors import SpecError

KINDS: dict[str, type] = {}
T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def spec(cls: type[T]) -> type[T]:
    """Makes `cls` a frozen, keyword-only dataclass that `from_json` can name.

    Raises:
        SpecError: another module has a spec of this name, so a recipe could mean either.
    """
    known = KINDS.get(cls.__name__)
    if known and known.__module__ != cls.__module__:
        raise SpecError(f"{cls.__module__}: {known.__module__} has a {cls.__name__} already")
    cls = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    KINDS[cls.__name__] = cls
    return cls


def to_json(value: Any, at: str = "$") -> Any:
    """`value` as plain JSON data. Specs become objects with a `kind`, tuples become lists."""
    if dataclasses.is_dataclass(value) and type(value).__name__ in KINDS:
        fields = {
            f.name: to_json(getattr(value, f.name), f"{at}.{f.name}")
            for f in dataclasses.fields(value)
        }
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, tuple | list):
        return [to_json(item, f"{at}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {str(key): to_json(item, f"{at}.{key}") for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{at}: {value} is not a finite number")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise SpecError(f"{at}: a spec may not hold a {type(value).__name__}: {value!r}")


def from_json(value: Any, want: Any = Any, at: str = "$") -> Any:
    """Rebuilds what `to_json` wrote, checked against the type `want`.

    Raises:
        SpecError: with the path of the value, what came, and what was wanted.
    """
    if isinstance(value, dict) and "kind" in value:
        return _of(_spec_from(dict(value), want, at), want, at)
    origin, args = typing.get_origin(want), typing.get_args(want)
    if origin in (typing.Union, types.UnionType):
        return _any_of(value, args, want, at)
    if origin is tuple or (want is Any and isinstance(value, list)):
        return _tuple_of(value, args, want, at)
    if origin is dict or (want is Any and isinstance(value, dict)):
        if not isinstance(value, dict):
            raise SpecError(f"{at}: expected an object, got {value!r}")
        return {k: from_json(v, args[1] if args else Any, f"{at}.{k}") for k, v in value.items()}
    if origin is typing.Literal:
        if value not in args:
            raise SpecError(f"{at}: {value!r} is not a choice{hint(value, args)}")
        return value
    if want is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _of(value, want, at)


def edited(value: Any, path: str, new: Any) -> Any:
    """A copy of a spec in which the field at `path`, such as `stages[0].canvas.size`, is `new`.
    A new name may be added where names are free, as among `losses`.

    Args:
        new: as JSON data, so a nested spec is an object with a `kind`.
    """
    data = to_json(value)
    keys = [int(i) if i else name for name, i in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]
    if not keys:
        raise SpecError(f"$: the path {path!r} names no field")
    place, at = data, "$"
    for n, key in enumerate(keys):
        known = range(len(place)) if isinstance(place, list) else place
        if isinstance(place, list) and str(key).isdigit():
            key = int(key)
        last = n == len(keys) - 1
        named = isinstance(place, dict) and "kind" not in place  # names in it are free
        if not isinstance(place, list | dict) or (key not in known and not (last and named)):
            raise SpecError(f"{at}: there is no {key!r} here{hint(key, known)}")
        if last:
            place[key] = new
        else:
            at = f"{at}[{key}]" if isinstance(key, int) else f"{at}.{key}"
            place = place[key]
    return from_json(data, type(value))


def canonical(value: Any) -> str:
    """A spec as JSON text that is the same for equal specs."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"))


def hint(name: Any, known: Iterable[Any]) -> str:
    """What a message adds when `name` is not among `known`."""
    names = [str(k) for k in known] if isinstance(known, Iterable) else []
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f" (known: {', '.join(sorted(names))})" if names else ""


def _spec_from(value: dict[str, Any], want: Any, at: str) -> Any:
    kind = value.pop("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        wanted = [n for n, c in KINDS.items() if isinstance(want, type) and issubclass(c, want)]
        raise SpecError(f"{at}: unknown kind {kind!r}{hint(kind, wanted or KINDS)}")
    hints = {f.name: f.type for f in dataclasses.fields(KINDS[kind])}
    hints |= {k: v for k, v in typing.get_type_hints(KINDS[kind]).items() if k in hints}
    for name in value:
        if name not in hints:
            raise SpecError(f"{at}: {kind} has no field {name!r}{hint(name, hints)}")
    fields = {n: from_json(v, hints[n], f"{at}.{n}") for n, v in value.items()}
    try:
        return KINDS[kind](**fields)
    except (TypeError, ValueError) as error:
        if isinstance(error, SpecError) and str(error).startswith("$"):
            raise
        raise SpecError(f"{at}: {error}".replace(f"{kind}.__init__() ", "")) from error


def _any_of(value: Any, choices: tuple[Any, ...], want: Any, at: str) -> Any:
    for choice in choices:
        if choice is float and isinstance(value, int) and int in choices:
            continue
        try:
            return from_json(value, choice, at)
        except SpecError:
            continue
    raise SpecError(f"{at}: expected {_name(want)}, got {value!r}")


def _tuple_of(value: Any, args: tuple[Any, ...], want: Any, at: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise SpecError(f"{at}: expected a list, got {value!r}")
    if (len(args) == 2 and args[1] is Ellipsis) or not args:
        types_ = [args[0] if args else Any] * len(value)
    elif len(args) != len(value):
        raise SpecError(f"{at}: expected {len(args)} values, got {len(value)}: {value!r}")
    else:
        types_ = list(args)
    return tuple(
        from_json(v, t, f"{at}[{i}]") for i, (v, t) in enumerate(zip(value, types_, strict=True))
    )


def _of(value: Any, want: Any, at: str) -> Any:
    if want is Any or want is object:
        return value
    if want is None or want is type(None):
        good = value is None
    elif want in (int, float):
        good = isinstance(value, want) and not isinstance(value, bool)
    else:
        good = any(
            isinstance(value, choice)
            for choice in (typing.get_args(want) or (want,))
            if isinstance(choice, type) and not typing.get_args(choice)
        )
    if not good:
        came = type(value).__name__ if type(value).__name__ in KINDS else repr(value)
        raise SpecError(f"{at}: expected {_name(want)}, got {came}")
    return value


def _name(want: Any) -> str:
    if isinstance(want, type) and not typing.get_args(want):
        return (
            want.__name__.removesuffix("Spec").lower()
            if "Spec" in want.__name__
            else (want.__name__)
        )
    if typing.get_origin(want) in (typing.Union, types.UnionType):
        return " or ".join(_name(arg) for arg in typing.get_args(want))
    return str(want).replace("typing.", "")
