"""Wildcards: names in templates that stand for the lines of a file, or of the library."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from reverie import prompt as prompts
from reverie.errors import WordsError
from reverie.prompt import Prompt
from reverie.spec import hint
from reverie.words.library import modifiers
from reverie.words.lists import read_list

NAME = r"[A-Za-z][\w/-]*?"  # of a wildcard
Lookup = Callable[[str], Sequence[str]]  # the lines that a wildcard stands for


def wildcards(*folders: str | Path) -> Lookup:
    """Looks names up: `__birds__` is `birds.txt` in the first of the folders that has one, and
    `__sea/birds__` is in a folder of theirs; else the category of the library.

    Raises:
        WordsError: a folder is not there.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            raise WordsError(f"{folder}: is not a folder; name one with wildcard files in it")

    def lookup(name: str) -> Sequence[str]:
        for folder in folders:
            file = Path(folder) / f"{name}.txt"
            if file.is_file():
                return read_list(file)
        found = [plain(modifier.words) for modifier in modifiers() if modifier.category == name]
        if not found:
            raise WordsError(f"there is no wildcard __{name}__{hint(name, _names(folders))}")
        return found

    return lookup


def usual_folders() -> list[str]:
    """`wildcards` in the working directory, if it is there."""
    return ["wildcards"] if Path("wildcards").is_dir() else []


def _names(folders: Sequence[str | Path]) -> list[str]:
    """Every name that can be looked up, once."""
    files = [file.relative_to(f) for f in map(Path, folders) for file in sorted(f.rglob("*.txt"))]
    names = [file.with_suffix("").as_posix() for file in files]
    names += [modifier.category for modifier in modifiers()]
    return list(dict.fromkeys(name for name in names if re.fullmatch(NAME, name)))


def plain(words: str) -> str:
    """Words as they stand for themselves in a template and in a prompt."""
    line = prompts.line(((Prompt(words=words),),))
    return re.sub(r"__|[{}]", lambda found: "".join(f"\\{x}" for x in found[0]), line)
