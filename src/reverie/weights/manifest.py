"""Which weights can be fetched by name, from where, and what they should be when they arrive."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverie.errors import WeightsError

KINDS = ("clip", "vocabulary", "vqgan", "stylegan2", "stylegan3", "progan", "biggan")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to fetch. `urls` are tried in turn; `bytes` and `sha256` are None where unknown.

    The contents, not the name, say of which kind the file is, so one mirror may have safetensors
    and another what torch.save writes.
    """

    name: str
    urls: tuple[str, ...]
    bytes: int | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w][\w.@-]*", self.name):
            raise ValueError(f"{self.name!r} is not a plain file name")
        if not self.urls or not all(re.match(r"https?://", url) for url in self.urls):
            raise ValueError(f"{self.name}: links that begin with https:// are wanted")
        if self.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"{self.name}: {self.sha256!r} is not a SHA-256 in hexadecimal")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A model, whose first file is its weights, or the vocabulary that models share."""

    name: str
    kind: str  # one of KINDS
    layout: str  # whose: "openai", "taming", "nvidia" ...; "bpe" for the vocabulary
    licence: str
    source: str
    note: str = ""
    files: tuple[File, ...]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; choices: {', '.join(KINDS)}")
        if not self.files:
            raise ValueError("it has no files")


def entries() -> dict[str, Entry]:
    """Every entry by name: our own, and those of the file that REVERIE_MANIFEST names.

    Raises:
        WeightsError: that file cannot be read, or an entry in it is not valid.
    """
    found = _read(Path(__file__).with_name("manifest.toml"))
    if own := os.environ.get("REVERIE_MANIFEST"):
        found |= _read(Path(own))
    return found


def _read(path: Path) -> dict[str, Entry]:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as a manifest: {error}") from error
    return {name: _entry(name, fields, path) for name, fields in data.items()}


def _entry(name: str, fields: Mapping[str, Any], path: Path) -> Entry:
    try:
        rest = {key: value for key, value in fields.items() if key != "files"}
        files = tuple(
            File(**{**file, "urls": tuple(file.get("urls", ()))}) for file in fields["files"]
        )
        return Entry(name=name, files=files, **rest)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        what = str(error).replace("File.__init__() ", "").replace("Entry.__init__() ", "")
        raise WeightsError(f"{path}: entry {name!r}: {what}") from error
