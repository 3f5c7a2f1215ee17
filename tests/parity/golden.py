"""Recorded answers of the original programs, a folder each. REVERIE_GOLDEN: another root."""

import json
import os
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

ROOT = Path(__file__).parents[1] / "golden"


def families(prefix: str) -> list[Path]:
    """The folders whose name is or begins with `prefix`, sorted; empty when there is none."""
    root = Path(os.environ.get("REVERIE_GOLDEN", ROOT))
    return sorted(path for path in root.glob(f"{prefix}*") if path.is_dir())


def tensors(folder: Path) -> dict[str, Tensor]:
    """What went in and what came out."""
    return load_file(folder / "io.safetensors")


def weights(folder: Path) -> dict[str, Tensor]:
    """The state of the network, in its original names; what a compact copy lacks, from the folder
    that its config names."""
    rest = config(folder).get("rest")
    own = load_file(folder / "weights.safetensors")
    if rest is None:
        return own
    parts = ("encoder.", "decoder.")
    shared = weights(folder.with_name(rest))
    return own | {name: x for name, x in shared.items() if name.startswith(parts)}


def config(folder: Path) -> dict[str, Any]:
    """Sizes, options and seeds."""
    return json.loads((folder / "config.json").read_text())
