"""Whether it is still the same person, as ArcFace sees it, from weights that the user brings.

Source: the identity loss of Patashnik et al., "StyleCLIP" (2021), with its cut of an aligned face.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F

from reverie.curve import Number, as_curve
from reverie.loss.pixel import check_target, target, target_digests
from reverie.nets.arcface import SIDE, ArcFace
from reverie.protocols import Canvas, Embedding, Image, Loss, LossSpec, Machine, Moment, PerImage
from reverie.spec import spec
from reverie.weights.feature_layouts import feature_layout
from reverie.weights.store import find

WHOLE = 256  # pixels a side of the picture that the face is cut out of
ROWS, COLUMNS = slice(35, 223), slice(32, 220)


@spec
class IdentityPull(LossSpec):
    """1 minus the cosine to the face of `start`, what the canvas first showed, or of a picture, by
    path or link: 0 to 2. `model` is a name that `reverie models list` shows, or a file. Notes
    `identity`, the cosine."""

    weight: Number = 1.0
    towards: str = "start"
    model: str = "arcface"

    def __post_init__(self) -> None:
        check_target(self.towards)

    def digests(self) -> dict[str, str]:
        own = {self.model: find(self.model, "arcface").digest()}
        return own | target_digests(self.towards)

    def build(self, canvas: Canvas, machine: Machine) -> Loss:
        weight, network = as_curve(self.weight), built(self.model, machine)
        with torch.no_grad():
            anchor = seen(network, target(canvas, self.towards))

        def loss(image: Image, moment: Moment) -> PerImage:
            cosine = (seen(network, image) * anchor).sum(1)
            moment.note("identity", cosine)
            return weight(moment.t) * (1 - cosine)

        return loss


def seen(network: ArcFace, image: Image) -> Embedding:
    """Whose face is in pictures that are aligned as FFHQ is."""
    whole = F.adaptive_avg_pool2d(image, (WHOLE, WHOLE))
    face = F.adaptive_avg_pool2d(whole[..., ROWS, COLUMNS], (SIDE, SIDE))
    return network(face * 2 - 1)


@lru_cache(maxsize=1)
def built(model: str, machine: Machine) -> ArcFace:
    """The network, built once."""
    tensors = find(model, "arcface").tensors()
    return ArcFace(feature_layout("arcface", tensors, model)).to(machine.device)
