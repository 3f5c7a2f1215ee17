"""Which tensors of a checkpoint are a generator of faces, and of which kind it is.

Source: what the training loops of rosinality's StyleGAN2, of pSp, e4e and StyleCLIP's mapper, and
of pytorch_GAN_zoo write.
Differs: weights that were averaged over the training are taken before those that were not.
"""

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from reverie.weights.progan_layouts import is_progan, progan_layout
from reverie.weights.stylegan_layouts import FREQS, is_stylegan, stylegan_layout

KINDS = ("stylegan2", "stylegan3", "progan", "mapper")
NVIDIA = "NVIDIA Source Code License (non-commercial)"
UNKNOWN = "unknown; weights that come from NVIDIA's stay non-commercial"
MAPPER, AVERAGE = "mapper.", "latent_avg"
PREFIXES = ("g_ema.", "avgG.", "decoder.", "G_ema.", "netG.", "g.", "")  # the best first


def kind_of(names: Collection[str]) -> str:
    """One of KINDS; empty for anything else."""
    return _parts(names)[0]


def parts(names: Collection[str]) -> dict[str, str]:
    """The names of the generator's tensors, and what each is called in the file; empty if there
    is none. Of StyleCLIP's mapper it is the mapper, and the generator beside it is left out."""
    return _parts(names)[1]


def _parts(names: Collection[str]) -> tuple[str, dict[str, str]]:
    if any(name.startswith(MAPPER) for name in names):
        return "mapper", {name: name for name in names if name.startswith(MAPPER)}
    for prefix in PREFIXES:
        found = _within(names, prefix)
        if is_progan(found):
            return "progan", found
        if is_stylegan(found):
            beside = {AVERAGE: AVERAGE} if AVERAGE in names else {}
            return "stylegan3" if FREQS in found else "stylegan2", found | beside
    return "", {}


def _within(names: Collection[str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}


def generator(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the generator by their own names."""
    found = {name: tensors[there] for name, there in parts(tensors).items()}
    if (average := found.get(AVERAGE)) is not None and average.ndim == 2:
        found[AVERAGE] = average[0]  # pSp writes one row for every layer, all the same
    return found


def check(kind: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any], file: str) -> None:
    """Refuses a generator that is not what its config describes.

    Raises:
        WeightsError: the tensors are not those that it should have.
    """
    if kind == "progan":
        progan_layout(tensors, config, file)
    elif kind != "mapper":
        stylegan_layout(tensors, config, file)


def licence(kind: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """The licence of a model that somebody brings, as far as its file tells, and a note."""
    if "source_sha256" not in config:
        return UNKNOWN if kind.startswith("stylegan") else "unknown", ""
    source, digest = config["source"], config["source_sha256"][:16]
    code = f"code of {source}" if source != "unknown" else "code that is not known here"
    return NVIDIA, f"its file carries {code} (SHA-256 {digest}...), which was not run"
