"""The state of unfinished work, in a file that is whole or not there."""

from pathlib import Path
from typing import Any

import torch

from reverie.errors import RunError


def save(state: dict[str, Any], path: Path) -> None:
    """Writes tensors and plain values by name.

    Raises:
        OSError: the disk is full, or will not be written.
    """
    temporary = path.with_suffix(".tmp")
    try:
        torch.save(state, temporary)
        temporary.replace(path)
    except RuntimeError as error:  # how torch reports a full disk
        raise OSError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any] | None:
    """What `save` wrote, on the CPU, or None when nothing is there. Runs no code from the file.

    Raises:
        RunError: it is not a state.
    """
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise RunError(
            f"{path} cannot be read ({type(error).__name__}); delete it to start this run from "
            "the beginning"
        ) from error
