"""Put the models of finished runs into the package: `python -m training.ship clip RUN`. The
StyleGAN takes two: `python -m training.ship stylegan RUN --mapping RUN`.

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
from training.stylegan_export import about, exported, meaning
from training.stylegan_mapping import Mapping


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


def generator_of_faces(run: str, mapping: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The StyleGAN of two runs, by NVIDIA's names, and what the package must know of it."""
    net = Mapping()
    net.load_state_dict(_mean(mapping))
    size = json.loads((pocket.RUNS / run / "phase.json").read_text())["size"]
    return exported(_mean(run), net), about(size)


def ship(model: str, run: str, mapping: str | None = None) -> Path:
    """Write a model into the package, whole or not at all; gives its file.

    mapping: the run of the StyleGAN's mapping network.
    """
    if model == "stylegan":
        state, told = generator_of_faces(run, str(mapping))
        return _written(model, halves(state | meaning()), told)
    folder = pocket.RUNS / run
    tensors = halves(_mean(run))
    if model == "biggan":
        told = about_generator(concepts(pocket.DATA), tensors)
    elif model == "vqgan":
        told = about_codec()
    else:
        size = json.loads((folder / "phase.json").read_text())["size"]
        told = about_perceptor(model, json.loads((folder / "words.json").read_text()), size)
    return _written(model, tensors, told)


def _mean(run: str) -> dict[str, Tensor]:
    path = pocket.RUNS / run / "state.pt"
    return torch.load(path, weights_only=True, map_location="cpu")["mean"]


def _written(model: str, tensors: dict[str, Tensor], told: dict[str, Any]) -> Path:
    pocket.SHIPPED.mkdir(exist_ok=True)
    path = pocket.SHIPPED / f"{model}.safetensors"
    part = path.with_suffix(".part")
    save_file(tensors, part, {"about": json.dumps(told, separators=(",", ":")), "format": "pt"})
    part.chmod(0o644)  # as safetensors writes it, nobody else could read it
    return part.replace(path)


def main() -> None:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=("clip", "judge", "biggan", "vqgan", "stylegan"))
    parser.add_argument("run")
    parser.add_argument("--mapping", help="the run of the StyleGAN's mapping network")
    options = parser.parse_args()
    if (options.model == "stylegan") != (options.mapping is not None):
        parser.error("--mapping: the StyleGAN needs it, and no other model has one")
    path = ship(options.model, options.run, options.mapping)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
