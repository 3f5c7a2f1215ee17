"""The folder of a run: who may write in it, and what happens when that fails."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

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
def writing(folder: Path, hint: str) -> Generator[None]:
    """Trouble with the disk, as one line with a hint."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ReverieError):
            raise
        raise RunError(f"cannot write to {folder}: {error.strerror or error}; {hint}") from error


def pictures_in(folder: Path) -> list[Path]:
    """Pictures that runs have left in a folder, of any number and kind."""
    names = re.compile(r"picture(-\d+)?\.\w+|sheet\.png")
    return sorted(path for path in folder.glob("*.*") if names.fullmatch(path.name))


def forget(folder: Path, made: list[Path]) -> None:
    """Takes a run out of its folder that has painted nothing, and the folders `made` for it."""
    for name in ("recipe.json", "log.jsonl", ".lock"):
        (folder / name).unlink(missing_ok=True)
    for path in made:
        path.rmdir()
