"""Lists of prompts, and of other words: text files, one on each line.

UTF-8; empty lines and lines that begin with `#`, without a space before it, say nothing.
"""

import os
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
        if path.exists() and not path.is_file():
            raise WordsError(f"{path}: is no file; a list is a text file")
        with path.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WordsError(
            f"{path}: is not text in UTF-8 (byte {error.start}); save it as UTF-8, a prompt on "
            "each line"
        ) from error
    except OSError as error:
        raise WordsError(f"{path}: cannot be read ({error.strerror}); name a text file") from error
    if len(data) > LARGEST:
        raise WordsError(f"{path}: is larger than {LARGEST >> 20} MB; a list of words is not")
    if "\0" in text:
        raise WordsError(f"{path}: is no text; a list has a prompt on each line")
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    kept = [line for line in lines if line]
    if not kept:
        raise WordsError(f"{path}: has no lines; a list has a prompt on each line")
    return kept


def write_list(file: str | Path, lines: Iterable[str]) -> Path:
    """Writes a list, whole or not at all, and returns its path. What is no file, such as a pipe, is
    written to.

    Raises:
        WordsError: it is a folder.
    """
    path = Path(file)
    if path.is_dir():
        raise WordsError(f"{path}: is a folder; name a file for the list")
    # behind a space "#1 poster" is no remark
    text = "".join(f" {line}\n" if line.startswith("#") else f"{line}\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return path
    target = path.resolve()  # where a link leads
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8") as opened:
            opened.write(text)
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return path
