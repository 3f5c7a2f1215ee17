"""The convolutions of VGG16, and what they see after any of them.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks" (2014),
https://arxiv.org/abs/1409.1556, as torchvision publishes it.
Differs: pictures are 0 to 1, there is no classifier, and nothing beyond the last convolution that
is asked for is computed.
"""

from collections.abc import Collection, Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.protocols import Image

# The convolutions by their place in torchvision's list; each group but the first halves the sides.
GROUPS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Seen = list[Float[Tensor, "b _ _ _"]]


class VGG16(nn.Module):
    """Frozen.

    Args:
        tensors: `features.0.weight` and so on.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        for place in (place for group in GROUPS for place in group):
            for part in ("weight", "bias"):
                name = f"features.{place}.{part}"
                self.register_buffer(name.replace(".", "_"), tensors[name].detach().float())
        for name, value in (("mean", MEAN), ("std", STD)):
            self.register_buffer(name, torch.tensor(value)[:, None, None])

    def computing(self, precision: torch.dtype) -> "VGG16":
        """Itself, whose convolutions are of another precision."""
        for name, value in [*self.named_buffers()]:
            if name.startswith("features_"):
                setattr(self, name, value.to(precision))
        return self

    def normalised(self, image: Image) -> Float[Tensor, "b 3 h w"]:
        """As the first convolution wants it."""
        return (image - self.mean) / self.std

    def forward(self, x: Float[Tensor, "b 3 h w"], after: Collection[int]) -> Seen:
        """What is seen in a normalised picture after some convolutions, once it is rectified.

        Args:
            after: their places in torchvision's list.
        """
        seen, last = [], max(after)
        x = x.to(self.get_buffer("features_0_weight").dtype)
        for i, group in enumerate(GROUPS):
            if group[0] > last:
                break
            x = F.max_pool2d(x, 2) if i else x
            for place in (place for place in group if place <= last):
                weight, bias = (
                    self.get_buffer(f"features_{place}_{part}") for part in ("weight", "bias")
                )
                x = F.relu_(F.conv2d(x, weight, bias, padding=1))
                if place in after:
                    seen.append(x)
        return seen
