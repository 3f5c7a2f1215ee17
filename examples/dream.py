"""What the neurons of a layer like to see: each makes a dream of its own from the same clouds.

    python examples/dream.py block5
    python examples/dream.py layer3.2 RN50

Layers are listed by `reverie models layers pocket-clip`.
"""

import sys
from pathlib import Path

import torch

from reverie import image as images
from reverie.device import machine
from reverie.painting import Painting
from reverie.recipes.deep_dream import deep_dream


def liked(layer: str, neuron: int, perceptor: str, **options) -> torch.Tensor:
    """A picture `[1, 3, h, w]`."""
    recipe = deep_dream(
        "clouds", words=0, layer=layer, neuron=neuron, perceptor=perceptor, **options
    )
    painting = None
    for stage in recipe.stages:
        painting = Painting(stage, recipe.seeds, machine(), before=painting)
        for _ in painting.frames():
            pass
    return painting.shown


if __name__ == "__main__":
    layer, perceptor = [*sys.argv[1:], *("block5", "pocket-clip")[len(sys.argv) - 1 :]][:2]
    pictures = [liked(layer, i, perceptor, size=(128, 128), octaves=3) for i in range(16)]
    images.save(images.sheet(torch.cat(pictures)), Path("neurons.png"), None)
    print("neurons.png")
