"""How unlike two pictures are to a person's eye, by the features of VGG16.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"
(2018), https://arxiv.org/abs/1801.03924, version 0.1.
Differs: pictures are 0 to 1, and the features of one can be kept.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.nets.vgg import GROUPS, VGG16
from reverie.protocols import Image, PerImage

Features = list[Float[Tensor, "b _ _ _"]]  # of unit length along the channels
ENDS = tuple(group[-1] for group in GROUPS)
EPS = 1e-10


class LPIPS(nn.Module):
    """Frozen.

    Args:
        vgg: `features.0.weight` and so on.
        heads: `lin0.model.1.weight` to `lin4.model.1.weight`, a number for every channel.
    """

    def __init__(self, vgg: Mapping[str, Tensor], heads: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.vgg = VGG16(vgg)
        for i in range(len(GROUPS)):
            head = heads[f"lin{i}.model.1.weight"].detach().float()
            self.register_buffer(f"head{i}", head.flatten())  # [1, c, 1, 1] -> [c]

    def features(self, image: Image) -> Features:
        """What is seen at the end of each group."""
        seen = self.vgg(self.vgg.normalised(image), ENDS)
        return [x * (x.square().sum(1, keepdim=True) + EPS**2).rsqrt() for x in seen]

    def apart(self, a: Features, b: Features) -> PerImage:
        """The squared differences, weighted by channel: a mean over places, a sum over groups."""
        return torch.stack(
            [
                torch.einsum("bchw,c->bhw", (x - y).square(), self.get_buffer(f"head{i}")).mean(
                    (1, 2)
                )
                for i, (x, y) in enumerate(zip(a, b, strict=True))
            ]
        ).sum(0)  # [groups, b] -> [b]
