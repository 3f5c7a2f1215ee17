"""How unlike two pictures are to a person's eye, by the features of VGG16.

Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"
(2018), https://arxiv.org/abs/1801.03924, version 0.1; Simonyan and Zisserman, "Very Deep
Convolutional Networks" (2014), https://arxiv.org/abs/1409.1556, as torchvision publishes it.
Differs: pictures are 0 to 1, and the features of one can be kept.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.protocols import Image, PerImage

Features = list[Float[Tensor, "b _ _ _"]]  # of unit length along the channels
# The convolutions by their place in torchvision's list; each group but the first halves the sides.
GROUPS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
EPS = 1e-10


class LPIPS(nn.Module):
    """Frozen.

    Args:
        vgg: `features.0.weight` and so on.
        heads: `lin0.model.1.weight` to `lin4.model.1.weight`, a number for every channel.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, vgg: Mapping[str, Tensor], heads: Mapping[str, Tensor]) -> None:
        super().__init__()
        for place in (place for group in GROUPS for place in group):
            for part in ("weight", "bias"):
                name = f"features.{place}.{part}"
                self.register_buffer(name.replace(".", "_"), vgg[name].detach().float())
        for i in range(len(GROUPS)):
            head = heads[f"lin{i}.model.1.weight"].detach().float()
            self.register_buffer(f"head{i}", head.flatten())  # [1, c, 1, 1] -> [c]
        for name, value in (("mean", MEAN), ("std", STD)):
            self.register_buffer(name, torch.tensor(value)[:, None, None])

    def features(self, image: Image) -> Features:
        """What is seen at the end of each group."""
        x, seen = (image - self.mean) / self.std, []
        for i, group in enumerate(GROUPS):
            x = F.max_pool2d(x, 2) if i else x
            for place in group:
                weight, bias = (
                    self.get_buffer(f"features_{place}_{part}") for part in ("weight", "bias")
                )
                x = F.conv2d(x, weight, bias, padding=1).relu()
            seen.append(x * (x.square().sum(1, keepdim=True) + EPS**2).rsqrt())
        return seen

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
