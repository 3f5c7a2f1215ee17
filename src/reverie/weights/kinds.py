"""Of which kind a model is, what is said where another is wanted, and where there is none."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights import feature_layouts, generators
from reverie.weights.biggan_layouts import biggan_layout, is_biggan
from reverie.weights.manifest import entries
from reverie.weights.models import SUFFIXES, plain
from reverie.weights.vqgan_layouts import is_vqgan, vqgan_layout, wanted

USUAL = {
    "clip": "ViT-B/32",
    "vqgan": "vqgan_imagenet_f16_16384",
    "stylegan2": "stylegan2-ada-ffhq",
    "stylegan3": "stylegan3-t-ffhq-1024x1024",
    "progan": "progan-celebahq",
    "biggan": "biggan-deep-256",
}
PAINTED = {"layers.0.weight", "last_layer.weight"}  # what a picture of deep-daze is made of


def of_use(names: Collection[str]) -> Collection[str]:
    """Of the tensors of a file, those to read: a network of a kind that is known, and all of
    anything else."""
    if is_vqgan(names):
        return wanted(names).values()
    return generators.parts(names).values() or feature_layouts.parts(names) or names


def kind_of(names: Collection[str]) -> str:
    """The kind of a model by the names of its tensors. What is none of the others is a CLIP."""
    if is_vqgan(names):
        return "vqgan"
    if is_biggan(names):
        return "biggan"
    return generators.kind_of(names) or feature_layouts.kind_of(names) or "clip"


def recognised(
    tensors: Mapping[str, Tensor], config: Mapping[str, Any], file: str
) -> tuple[str, dict[str, Tensor]]:
    """The kind of a model, and the tensors to keep of it.

    Raises:
        WeightsError: the tensors are not those that the config describes, or are a picture.
    """
    refuse_painted(tensors, file)
    kind = kind_of(tensors)
    if kind == "vqgan":
        return kind, vqgan_layout(tensors, config, file)[0]
    if kind == "biggan":
        return kind, biggan_layout(tensors, config, file)[0]
    if kind in feature_layouts.KINDS:
        return kind, feature_layouts.feature_layout(kind, tensors, file)
    if kind in generators.KINDS:
        generators.check(kind, tensors, config, file)
    return kind, dict(tensors)


def refuse_painted(names: Collection[str], file: str) -> None:
    """Refuses tensors that are no model but a picture.

    Raises:
        WeightsError: they are.
    """
    if {*names} >= PAINTED:
        raise WeightsError(
            f"{file}: is a picture that deep-daze has painted, and no model; draw it with: "
            "reverie render FILE"
        )


def called(kinds: Collection[str]) -> str:
    """Kinds as they are called in a sentence: a CLIP, a StyleGAN2 or StyleGAN3."""
    names = {"clip": "CLIP", "vqgan": "VQGAN", "progan": "ProGAN", "biggan": "BigGAN"}
    names |= {"vgg16": "VGG16", "lpips": "set of LPIPS heads", "arcface": "network ArcFace"}
    return "a " + " or ".join(names.get(k, k.replace("stylegan", "StyleGAN")) for k in kinds)


def check_kind(name: str, kinds: Collection[str], here: Mapping[str, str]) -> None:
    """Refuses the name of a model that is known to be of another kind.

    Args:
        here: the kinds of the stored models, by name.
    """
    if not kinds or Path(name).expanduser().exists():
        return
    known = {**here, **{entry.name: entry.kind for entry in entries().values()}}
    for other, kind in known.items():
        if plain(other) == plain(name) and kind not in kinds:
            such = next((f", such as {USUAL[k]}" for k in kinds if USUAL.get(k) in known), "")
            raise WeightsError(
                f"{other} is {called([kind])}, and {called(kinds)} is wanted here{such}"
            )


def missing(name: str, kinds: Collection[str], here: Mapping[str, str]) -> str:
    """Why a model is not found, and how to get it."""
    if Path(name).suffix in SUFFIXES or name.startswith((".", "/", "~")):
        return f"there is no file {name}"
    known = entries()
    for entry in known:
        if plain(entry) == plain(name):
            return f"{entry} is not installed; get it with: reverie models pull {entry}"
    kinds = kinds or ("clip",)
    stored = [model for model, kind in here.items() if kind in kinds]
    names = [model for model, entry in known.items() if entry.kind in kinds]
    close = difflib.get_close_matches(name, [*stored, *names], n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    usual = next((f"pull {USUAL[k]}" for k in kinds if USUAL.get(k) in known), "import FILE")
    return (
        f"there is no model {name!r}; {hint}installed: {', '.join(stored) or 'none'}; "
        f"get one with: reverie models {usual}"
    )


def unknown(name: str) -> str:
    """Why a model cannot be fetched."""
    close = difflib.get_close_matches(name, entries(), n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no model {name!r} to pull; {hint}see: reverie models list"
