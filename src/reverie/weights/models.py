"""The folder of a stored model: where it is, what is in it, and how it comes to be.

    ViT-B-32/model.safetensors    the tensors, in the dtypes and under the names of their source
    ViT-B-32/model.json           name, layout, config, licence, source, digests
    clip-bpe/...                  the vocabulary that the models share
    .ViT-B-32.part/               a download that is not finished

All lie in REVERIE_HOME, else in `models` of the user's cache. A model appears there whole, by the
renaming of a finished folder.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights.download import digest_of

WEIGHTS = (  # what a folder's weights are called, the best first
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
CONFIGS = ("open_clip_config.json", "config.json")
SUFFIXES = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".safetensors"}
YAML = (".yaml", ".yml")
MAX_YAML, MAX_ALIASES = 1 << 16, 16  # a model's has about a thousand characters
VOCABULARIES = ("bpe_simple_vocab_16e6.txt.gz", "merges.txt")
VOCABULARY = "clip-bpe"  # the entry that has the first of them
ABOUT = "model.json"
FORMAT = "reverie model 1"


def home() -> Path:
    """The folder of the store. It need not exist yet."""
    own = os.environ.get("REVERIE_HOME")
    return Path(own) if own else platformdirs.user_cache_path("reverie") / "models"


def stored_folders(name: str | None = None) -> list[Path]:
    """Folders of the store: all of them, or those whose model `name` may mean."""
    root = home()
    folders = sorted(root.iterdir()) if root.is_dir() else []
    folders = [f for f in folders if not f.name.startswith(".") and description(f)]
    return [f for f in folders if name is None or plain(description(f)["name"]) == plain(name)]


def new_folder(name: str) -> Path:
    """Where a model of that name is stored. Slashes, and what else files cannot be called, go."""
    folder = re.sub(r"[^\w.@+-]+", "-", name).strip("-.")
    if not folder:
        raise WeightsError(f"{name!r} cannot be the name of a model; use letters and digits")
    try:
        home().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(
            f"{home()}: cannot be made ({error.strerror}); set REVERIE_HOME to another folder"
        ) from error
    return home() / folder


def hidden(folder: Path, kind: str) -> Path:
    return home() / f".{folder.name.lstrip('.')}.{kind}"


def plain(name: str) -> str:
    """What spellings of one name have in common: ViT-B/32, vit-b-32, ViT_B_32."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def description(folder: Path) -> dict[str, Any]:
    """What model.json says of a stored model; nothing of any other folder."""
    try:
        told = json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) and told.get("format") == FORMAT else {}


def config_of(weights: Path) -> dict[str, Any]:
    """The JSON beside weights, else their yaml. A folder may have weights in two layouts: then each
    has its own JSON."""
    own = weights.name.startswith("open_clip")
    names = sorted(CONFIGS, key=lambda name: name.startswith("open_clip") != own)
    for path in (weights.with_name(name) for name in names):
        if path.is_file():
            return read_config(path)
    return yaml_of(weights)


def named_config(weights: Path) -> dict[str, Any]:
    """What lies beside weights of a name of their own: `X-config.json` beside
    `X-pytorch_model.bin`, `X.json` beside `X.bin`, a yaml, or the config.json of the only ones."""
    prefix = weights.name.removesuffix("pytorch_model.bin")
    for own in (f"{prefix}config.json", f"{weights.stem}.json"):
        if (path := weights.with_name(own)).is_file():
            return read_config(path)
    only, path = not others_beside(weights), weights.with_name("config.json")
    return yaml_of(weights) or (read_config(path) if only and path.is_file() else {})


def yaml_of(weights: Path) -> dict[str, Any]:
    """The yaml beside weights: called as they are, or model.yaml or config.yaml, or the only one
    beside the only weights."""
    for stem in (weights.stem, "model", "config"):
        for path in (weights.with_name(f"{stem}{suffix}") for suffix in YAML):
            if path.is_file():
                return read_config(path)
    only = [path for path in weights.parent.iterdir() if path.suffix in YAML and path.is_file()]
    return read_config(only[0]) if len(only) == 1 and not others_beside(weights) else {}


def others_beside(weights: Path) -> list[Path]:
    """Other weights in the same folder."""
    beside = [path for path in weights.parent.iterdir() if path.is_file() and path != weights]
    return [path for path in beside if path.suffix in SUFFIXES]


def read_config(path: Path) -> dict[str, Any]:
    """A JSON or yaml file, as JSON data. Nothing that a yaml asks for is built or run.

    Raises:
        WeightsError: it cannot be read, or it is no object.
    """
    is_yaml = path.suffix in YAML
    try:
        text = path.read_text("utf-8")
        read = _yaml(text) if is_yaml else json.loads(text)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        kind = "yaml" if is_yaml else "JSON"
        raise WeightsError(f"{path}: cannot be read as {kind}: {said}") from error
    if not isinstance(read, dict):
        raise WeightsError(f"{path}: an object is wanted, and this is something else")
    return read


def _yaml(text: str) -> Any:
    import yaml  # only few models come with one

    if len(text) > MAX_YAML:
        raise ValueError(f"it has {len(text)} characters, and a model's has not {MAX_YAML}")
    try:
        # Parts that come again, and in parts that come again, make a short text mean a huge one.
        aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text))
        if aliases > MAX_ALIASES:
            raise ValueError(f"it has {aliases} aliases, and a model's has not {MAX_ALIASES}")
        return json.loads(json.dumps(yaml.safe_load(text), default=str))
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise ValueError(str(error) or "it is nested too deeply") from error


def save(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Writes safetensors. Tensors that share numbers, as they may not there, get their own."""
    alone, seen = {}, set()
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        own = tensor.is_contiguous() and tensor.nbytes == storage.nbytes()
        if not own or storage.data_ptr() in seen:
            tensor = tensor.clone(memory_format=torch.contiguous_format)
        seen.add(storage.data_ptr())
        alone[name] = tensor
    try:
        save_file(alone, path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be written: {error}") from error


def finish(work: Path, folder: Path, told: Mapping[str, Any], came: Mapping[str, str]) -> None:
    """Describes the files in `work`, and makes it the stored model `folder`."""
    files = {path.name: digest_of(path) for path in sorted(work.iterdir()) if path.name != ABOUT}
    told = {"format": FORMAT, **told, "files": files, "made_from": came}
    (work / ABOUT).write_text(json.dumps(told, indent=2, ensure_ascii=False), "utf-8")
    try:
        work.replace(folder)
    except OSError as error:
        raise WeightsError(f"{folder}: cannot be put there: {error.strerror}") from error
