"""One thing in the shape of another: coarse blocks of a BigGAN take the class of the first, fine
ones that of the second, as BigSleep may by itself.

    python examples/crossing.py castle rocket crossed.png
"""

import sys

import torch
from torch import Tensor

from reverie import BigGAN, machine
from reverie import image as images


def crossed(shape: str, surface: str, size: tuple[int, int] = (256, 256), seed: int = 0) -> Tensor:
    """Seven pictures: from all blocks of the one to all blocks of the other. `[7, 3, h, w]`"""
    on = machine("cpu", "fp32")
    spec = BigGAN(size=size)
    names, rows = spec.gan(on).names["thing"], spec.gan(on).network.rows
    canvas = spec.build(on, [seed] * rows)  # the same place, the same art style
    with torch.no_grad():
        logits = canvas.conditions["thing"].logits.fill_(-20)  # [pictures, rows, classes]
        canvas.conditions["place"].logits.fill_(-20)[..., 0] = 20
        for k in range(rows):
            logits[k, : rows - k, names.index(shape)] = 20
            logits[k, rows - k :, names.index(surface)] = 20
        return canvas()


if __name__ == "__main__":
    shape, surface, path = sys.argv[1:]
    images.save(images.sheet(crossed(shape, surface), columns=7), path, None)
