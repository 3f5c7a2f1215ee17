"""Networks that were painted, kept beside their pictures: safetensors with one float32 tensor for
each weight and bias, and texts in the header that say what draws them."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from reverie.errors import WeightsError

SUFFIX = ".safetensors"
Shapes = Mapping[str, tuple[int, ...]]


def save_network(path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, str]) -> None:
    """Writes a network, whole or not at all.

    Raises:
        WeightsError: it cannot be written.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.part")
    plain = {name: x.detach().float().cpu().contiguous() for name, x in tensors.items()}
    try:
        # save_file would let none but its owner read the file
        partial.write_bytes(save(plain, dict(told)))
        partial.replace(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def told_by(path: Path) -> dict[str, str]:
    """The texts in the header of a file.

    Raises:
        WeightsError: it is no such file.
    """
    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _broken(path, error) from error


def read_network(path: Path, wanted: Shapes) -> dict[str, Tensor]:
    """The tensors of a network, if the file has these and no others.

    Raises:
        WeightsError: one is missing, is none of them, or is not as it should be.
    """
    try:
        with safe_open(path, "pt") as file:
            for name in sorted({*file.keys()} ^ {*wanted}):
                what = "is missing" if name in wanted else "is none of its network's"
                raise WeightsError(f"{path}: tensor {name!r} {what}; nothing is drawn")
            found = {}
            for name, shape in wanted.items():
                told = file.get_slice(name)
                kind, has = told.get_dtype(), tuple(told.get_shape())
                if (kind, has) != ("F32", shape):
                    raise WeightsError(
                        f"{path}: tensor {name!r} is {kind} {list(has)}; wanted is F32 "
                        f"{list(shape)}"
                    )
                found[name] = file.get_tensor(name).clone()
    except SafetensorError as error:
        raise _broken(path, error) from error
    for name, tensor in found.items():
        if not tensor.isfinite().all():
            raise WeightsError(f"{path}: tensor {name!r} has numbers that are not finite")
    return found


def _broken(path: Path, error: Exception) -> WeightsError:
    why = getattr(error, "strerror", None) or error
    return WeightsError(f"{path}: cannot be read as a painted network ({why})")
