"""Put the models of finished runs into the package: `python -m training.ship clip RUN`.

fp16 safetensors with all that is needed to build them in their metadata.
"""

import argparse
import json

import torch
from safetensors.torch import save_file

from reverie.nets import pocket_biggan
from training import backgrounds, captions
from training.pocket import DATA, RUNS, SHIPPED, words_for
from training.sprites import sprites


def about(model: str, run: str, tensors: dict) -> dict:
    """What the package must know beside the weights."""
    things = sprites(DATA, ("fluent3d",)).concepts
    if model == "biggan":
        return {
            "classes": [thing.name for thing in things],
            "names": {thing.name: thing.names for thing in things},
            "places": {kind: captions.place_words(kind) for kind in backgrounds.KINDS},
            "styles": pocket_biggan.STYLES,
            "blocks": len({name.split(".")[2] for name in tensors if ".layers." in name}),
        }
    words = words_for(model, json.loads((RUNS / run / "words.json").read_text()))
    return {"words": words.vocabulary, "buckets": words.buckets, "length": words.length}


def main() -> None:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=("clip", "judge", "biggan"))
    parser.add_argument("run")
    options = parser.parse_args()
    state = torch.load(RUNS / options.run / "state.pt", weights_only=True, map_location="cpu")["mean"]
    tensors = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }
    if any(not value.isfinite().all() for value in tensors.values()):
        raise SystemExit(f"{options.run}: some weights do not fit fp16")
    SHIPPED.mkdir(exist_ok=True)
    path = SHIPPED / f"{options.model}.safetensors"
    told = json.dumps(about(options.model, options.run, tensors), separators=(",", ":"))
    save_file(tensors, path.with_suffix(".part"), {"about": told, "format": "pt"})
    path.with_suffix(".part").replace(path)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
