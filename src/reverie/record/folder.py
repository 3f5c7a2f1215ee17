"""The folder of a run: who may write in it, and what happens when that fails."""

import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from reverie.errors import ReverieError, RunError
from reverie.weights.lock import lock_file


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """One process at a time paints in a folder.

    Raises:
        RunError: another one does.
    """
    with lock_file(folder / ".lock") as taken:
        if not taken():
            raise RunError(f"another process is painting in {folder}; stop that first")
        yield


@contextmanager
def claimed(folder: Path) -> Generator[list[Path]]:
    """A folder to begin in, locked. Gives the folders that had to be made, the innermost first."""
    with writing(folder, "choose another folder"):
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            yield made


@contextmanager
def writing(folder: Path, hint: str) -> Generator[None]:
    """Trouble with the disk, as one line with a hint."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ReverieError):
            raise
        raise RunError(f"cannot write to {folder}: {error.strerror or error}; {hint}") from error


def pictures_in(folder: Path) -> list[Path]:
    """Pictures that runs have left in a folder, of any stage, number and kind."""
    names = re.compile(r"(picture|best)(-\d+)?\.\w+|sheet\.png|stage-\d+(-[\w-]+)?\.\w+")
    return sorted(path for path in folder.glob("*.*") if names.fullmatch(path.name))


def write_json(path: Path, data: Any) -> None:
    """Writes JSON that is whole or not there."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path, what: str, missing: str) -> Any:
    """
    Args:
        what: what it should be, for an error.
        missing: how to say that it is not there.

    Raises:
        RunError: it is not there, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(missing) from error
    except (OSError, RecursionError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise RunError(f"{path} is not {what}: {error}") from error


@contextmanager
def forgotten_unless(
    begun: Callable[[], object], folder: Path, made: list[Path]
) -> Generator[None]:
    """Work that fails before it has begun leaves no trace in `folder`, nor the folders `made`."""
    try:
        yield
    except BaseException:
        if not begun():
            with suppress(OSError):
                forget(folder, made)
        raise


def forget(folder: Path, made: list[Path]) -> None:
    """Takes a run out of its folder that has painted nothing, and the folders `made` for it."""
    for name in ("recipe.json", "film.json", "log.jsonl", ".lock"):
        (folder / name).unlink(missing_ok=True)
    for path in made:
        path.rmdir()
