"""Whose face it is: a unit vector that is nearly the same for all pictures of one person.

Source: Deng et al., "ArcFace" (2018), https://arxiv.org/abs/1801.07698; the network IR-SE50 with
the weights and names of TreB1eN/InsightFace_Pytorch, as StyleCLIP takes it.
Differs: the weights are frozen buffers; what a batch's statistics did is multiplied in beforehand.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.protocols import Embedding

GROUPS = ((64, 3), (128, 4), (256, 14), (512, 3))  # channels and units; the first unit strides 2
SIDE = 112  # pixels of the faces it sees
EPS = 1e-5
Tensors = Mapping[str, Tensor]


class Normed(nn.Module):
    """What is left of a batch normalisation once it is trained."""

    scale: Tensor
    shift: Tensor

    def __init__(self, tensors: Tensors, name: str) -> None:
        super().__init__()
        mean, variance = (tensors[f"{name}.running_{n}"].float() for n in ("mean", "var"))
        scale = (variance + EPS).rsqrt()
        if f"{name}.weight" in tensors:  # a head may be trained without
            scale = scale * tensors[f"{name}.weight"].float()
        shift = -mean * scale
        if f"{name}.bias" in tensors:
            shift = shift + tensors[f"{name}.bias"].float()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return x * self.scale + self.shift
        return x * self.scale[:, None, None] + self.shift[:, None, None]


class Unit(nn.Module):
    """A residual unit whose channels weigh themselves."""

    conv: Tensor
    slope: Tensor
    second: Tensor
    squeeze: Tensor
    excite: Tensor
    across: Tensor | None

    def __init__(self, tensors: Tensors, name: str, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.before = Normed(tensors, f"{name}.res_layer.0")
        self.after = Normed(tensors, f"{name}.res_layer.4")
        for own, theirs in (
            ("conv", "1"),
            ("slope", "2"),
            ("second", "3"),
            ("squeeze", "5.fc1"),
            ("excite", "5.fc2"),
        ):
            self.register_buffer(own, tensors[f"{name}.res_layer.{theirs}.weight"].float())
        across = tensors.get(f"{name}.shortcut_layer.0.weight")
        self.register_buffer("across", None if across is None else across.float())
        self.normed = None if across is None else Normed(tensors, f"{name}.shortcut_layer.1")

    def forward(self, x: Tensor) -> Tensor:
        y = F.prelu(F.conv2d(self.before(x), self.conv, padding=1), self.slope)
        y = self.after(F.conv2d(y, self.second, stride=self.stride, padding=1))
        gate = F.conv2d(y.mean((2, 3), keepdim=True), self.squeeze).relu()
        y = y * F.conv2d(gate, self.excite).sigmoid()
        if self.across is None or self.normed is None:
            return y + x[:, :, :: self.stride, :: self.stride]
        return y + self.normed(F.conv2d(x, self.across, stride=self.stride))


class ArcFace(nn.Module):
    """Frozen.

    Args:
        tensors: by the names of `model_ir_se50.pth`.
    """

    conv: Tensor
    slope: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        tensors = {name: value.detach() for name, value in tensors.items()}
        self.register_buffer("conv", tensors["input_layer.0.weight"].float())
        self.register_buffer("slope", tensors["input_layer.2.weight"].float())
        self.first = Normed(tensors, "input_layer.1")
        strides = [2 if not i else 1 for _, count in GROUPS for i in range(count)]
        self.units = nn.Sequential(
            *(Unit(tensors, f"body.{i}", stride) for i, stride in enumerate(strides))
        )
        self.normed = Normed(tensors, "output_layer.0")
        self.register_buffer("weight", tensors["output_layer.3.weight"].float())
        self.register_buffer("bias", tensors["output_layer.3.bias"].float())
        self.last = Normed(tensors, "output_layer.4")

    def forward(self, faces: Float[Tensor, "n 3 112 112"]) -> Embedding:
        """faces: -1 to 1."""
        x = F.prelu(self.first(F.conv2d(faces, self.conv, padding=1)), self.slope)
        x = self.normed(self.units(x)).flatten(1)  # [n, 512, 7, 7] -> [n, 25088]
        return F.normalize(self.last(F.linear(x, self.weight, self.bias)), dim=1)
