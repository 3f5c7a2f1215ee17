"""Lists of prompts, and of other words: text files, one on each line.

UTF-8; empty lines and lines that begin with `#` say nothing.
"""

from collections.abc import Iterable
from pathlib import Path

from reverie.errors import WordsError

LARGEST = 16 << 20  # bytes: a list of words is not larger


def read_list(file: str | Path) -> list[str]:
    """The lines of a list, without the space around them.

    Raises:
        WordsError: the file is not there, is no text, is too large, or says nothing.
    """
    path = Path(file)
    try:
        if path.stat().st_size > LARGEST:
            raise WordsError(f"{path}: is larger than {LARGEST >> 20} MB; a list of words is not")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WordsError(
            f"{path}: is not text in UTF-8 (byte {error.start}); save it as UTF-8, a prompt on "
            "each line"
        ) from error
    except OSError as error:
        raise WordsError(f"{path}: cannot be read ({error.strerror}); name a text file") from error
    if "\0" in text:
        raise WordsError(f"{path}: is no text; a list has a prompt on each line")
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith("#")]
    if not kept:
        raise WordsError(f"{path}: has no lines; a list has a prompt on each line")
    return kept


def write_list(file: str | Path, lines: Iterable[str]) -> Path:
    """Writes a list, whole or not at all, and returns its path."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
