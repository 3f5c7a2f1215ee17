"""How unlike another picture it is to a person's eye: LPIPS, from weights that the user brings.

Source: the loss of NVIDIA's projector in stylegan2-ada-pytorch, which sees 256 pixels a side.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie.curve import Number, as_curve
from reverie.loss.pixel import check_target, target, target_digests
from reverie.nets.lpips import LPIPS
from reverie.protocols import Canvas, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec
from reverie.weights.feature_layouts import feature_layout
from reverie.weights.store import find

LARGEST = 256  # pixels a side that are looked at


@spec
class LPIPSPull(LossSpec):
    """Towards `start`, what the canvas first showed, or a picture, by path or link. `vgg` and
    `heads` are names that `reverie models list` shows, or files."""

    weight: Number = 1.0
    towards: str = "start"
    vgg: str = "vgg16"
    heads: str = "lpips"

    def __post_init__(self) -> None:
        check_target(self.towards)

    def digests(self) -> dict[str, str]:
        files = {self.vgg: find(self.vgg, "vgg16"), self.heads: find(self.heads, "lpips")}
        found = {name: file.digest() for name, file in files.items()}
        return found | target_digests(self.towards)

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, network = as_curve(self.weight), built(self.vgg, self.heads, machine)
        with torch.no_grad():
            anchor = network.features(reduced(target(canvas, self.towards)))

        def loss(image: Image, moment: Moment) -> PerImage:
            seen = network.features(reduced(image))
            return weight(moment.t) * network.apart(seen, anchor)

        return loss


def reduced(image: Image) -> Float[Tensor, "b 3 _ _"]:
    """At most LARGEST pixels a side, by the mean of what falls into each."""
    height, width = (min(side, LARGEST) for side in image.shape[2:])
    return F.adaptive_avg_pool2d(image, (height, width))


@lru_cache(maxsize=1)
def built(vgg: str, heads: str, machine: Machine) -> LPIPS:
    """The network, built once."""
    parts = [
        feature_layout(kind, find(name, kind).tensors(), name)
        for name, kind in ((vgg, "vgg16"), (heads, "lpips"))
    ]
    return LPIPS(*parts).to(machine.device)
