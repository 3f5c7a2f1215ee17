"""Files of latents that know the network they are of: safetensors of one tensor, `latents`, with
`[n, num_ws, w]` or `[n, s]` in it. `LatentFile` reads them, and others that know nothing."""

import uuid
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from reverie.errors import WeightsError
from reverie.nets.stylegan import Styles, Ws

SUFFIX = ".safetensors"


def save_latents(path: Path, latents: Ws | Styles, model: str, generator: str) -> None:
    """Writes latents, whole or not at all.

    Args:
        model, generator: the name of the network's file, and its SHA-256.

    Raises:
        WeightsError: it cannot be written.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.part")
    told = {"model": model, "generator": generator}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # save_file would let none but its owner read the file
        partial.write_bytes(save({"latents": latents.detach().float().cpu().contiguous()}, told))
        partial.replace(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def check_generator(path: str, generator: str) -> None:
    """Refuses a file of latents that says it is of another network.

    Raises:
        WeightsError: it is.
    """
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
    except (OSError, SafetensorError):  # no safetensors: nothing is told
        return
    if told.get("generator", generator) != generator:
        raise WeightsError(
            f"{path}: is of {told.get('model')} (sha256 {told['generator'][:12]}), and this "
            f"generator is another (sha256 {generator[:12]}); name the right one with --model"
        )
