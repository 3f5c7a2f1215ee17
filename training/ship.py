"""Put the models of finished runs into the package: `python -m training.ship clip RUN`.

fp16 safetensors with all that is needed to build them in their metadata.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from reverie.nets import pocket_biggan, pocket_vqgan
from training import backgrounds, pocket
from training.concepts import Concept, concepts


def about_generator(things: list[Concept], tensors: dict[str, Tensor]) -> dict[str, Any]:
    """What the package must know of a generator beside its weights."""
    return {
        "classes": [thing.name for thing in things],
        "names": {thing.name: thing.names for thing in things},
        "places": backgrounds.KINDS,
        "styles": pocket_biggan.STYLES,
        "blocks": len({name.split(".")[2] for name in tensors if ".layers." in name}),
    }


def about_perceptor(model: str, vocabulary: list[str], size: int) -> dict[str, Any]:
    """What the package must know of a perceptor beside its weights: also the side of its views."""
    words = pocket.words_for(model, vocabulary)
    told = {"words": words.vocabulary, "buckets": words.buckets, "length": words.length}
    return {**told, "size": size}


def about_codec() -> dict[str, Any]:
    """What the package must know of a VQGAN beside its weights."""
    sizes = pocket_vqgan.SIZES
    return {"scale": 2 ** len(sizes["decoder"]), "sizes": sizes}


def halves(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights in fp16, without what only training counts.

    Raises:
        ValueError: some do not fit.
    """
    tensors = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }
    lost = [name for name, value in tensors.items() if not value.isfinite().all()]
    if lost:
        raise ValueError(f"these weights do not fit fp16: {', '.join(lost)}")
    return tensors


def ship(model: str, run: str) -> Path:
    """Write a model into the package, whole or not at all; gives its file."""
    folder = pocket.RUNS / run
    state = torch.load(folder / "state.pt", weights_only=True, map_location="cpu")["mean"]
    tensors = halves(state)
    if model == "biggan":
        told = about_generator(concepts(pocket.DATA), tensors)
    elif model == "vqgan":
        told = about_codec()
    else:
        size = json.loads((folder / "phase.json").read_text())["size"]
        told = about_perceptor(model, json.loads((folder / "words.json").read_text()), size)
    pocket.SHIPPED.mkdir(exist_ok=True)
    path = pocket.SHIPPED / f"{model}.safetensors"
    part = path.with_suffix(".part")
    save_file(tensors, part, {"about": json.dumps(told, separators=(",", ":")), "format": "pt"})
    part.chmod(0o644)  # as safetensors writes it, nobody else could read it
    return part.replace(path)


def main() -> None:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=("clip", "judge", "biggan", "vqgan"))
    parser.add_argument("run")
    options = parser.parse_args()
    path = ship(options.model, options.run)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
