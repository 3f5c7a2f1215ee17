"""The models that come with the package: small, and trained by `training/`."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from reverie.errors import WeightsError

FOLDER = Path(__file__).parent
NAMES = ("pocket-clip", "pocket-judge", "pocket-biggan", "pocket-vqgan", "pocket-stylegan")
LIMITS = "some 1,000 drawn things, 12 colours, 20 places, cartoon faces"


@dataclass(frozen=True)
class PocketModel:
    """One model as it lies in the package. about: what its network is built from, its words ..."""

    name: str
    tensors: dict[str, Tensor]
    about: dict[str, Any]


@lru_cache(maxsize=len(NAMES))
def read(name: str) -> PocketModel:
    """A pocket model, its tensors in float32.

    Raises:
        WeightsError: the package was installed without it, or its file was cut short.
    """
    path = file_of(name)
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise WeightsError(
            f"{path}: this pocket model is damaged ({error}); install the package again"
        ) from error
    return PocketModel(name, tensors, about)


def file_of(name: str) -> Path:
    """Where a pocket model lies.

    Raises:
        WeightsError: it is not there.
    """
    path = FOLDER / f"{name.removeprefix('pocket-')}.safetensors"
    if not path.is_file():
        raise WeightsError(
            f"{name}: the package was installed without {path.name}; install it again"
        )
    return path


def digest(name: str) -> str:
    """SHA-256 of a pocket model's file."""
    return hashlib.sha256(file_of(name).read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def nearest_words() -> dict[str, str]:
    """Common words, and the known ones that mean nearly the same. Made by `training.thesaurus`.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    path = FOLDER / "nearest.json"
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: this list of words is damaged ({error}); install the package again"
        ) from error
