"""The synthesis network of the pocket StyleGAN, as it is trained. `nets/stylegan2.py` draws the
same with what `stylegan_export.py` makes of its weights.

Source: StyleGAN2, Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2019),
https://arxiv.org/abs/1912.04958: styles multiply channels, convolutions are demodulated, colours
are added up from every size.
Differs: no noise maps, for every pixel of what it learns is known.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.face_space import W_DIM

CHANNELS = {4: 256, 8: 256, 16: 192, 32: 96, 64: 32, 128: 16}
COARSE = 5  # rows of w that are the shapes', up to 16 pixels a side; the rest are the colours'
ROWS = 2 * len(CHANNELS)
TAPS = (1.0, 3.0, 3.0, 1.0)  # of the blur
SLOPE = 0.2
GAIN = math.sqrt(2)  # of a leaky ReLU
FEW = 16  # channels, for which one larger convolution is quicker than a small one and a blur
EPS = 1e-8


class Affine(nn.Module):
    """w -> a style."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, W_DIM))
        self.bias = nn.Parameter(torch.ones(out))

    def forward(self, w: Tensor) -> Tensor:
        return F.linear(w, self.weight / math.sqrt(W_DIM), self.bias)


class Convolution(nn.Module):
    """3x3, of channels scaled by a style; up: to twice the side."""

    def __init__(self, before: int, after: int, up: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, 3, 3))
        self.bias = nn.Parameter(torch.zeros(after))
        self.affine = Affine(before)
        self.up = up

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        weight = self.weight * (GAIN / math.sqrt(self.weight[0].numel()))
        norm = F.linear(style.square(), weight.square().sum((2, 3)) / GAIN**2).add(EPS).rsqrt()
        x = x * style.to(x.dtype)[:, :, None, None]
        x = upsampled(x, weight) if self.up else F.conv2d(x, weight, padding=1)
        bias = (GAIN * self.bias).to(x.dtype)[:, None, None]
        return F.leaky_relu(torch.addcmul(bias, x, norm.to(x.dtype)[:, :, None, None]), SLOPE)


class ToRGB(nn.Module):
    """Channels, scaled by a style, to colours."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, before, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.affine = Affine(before)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w) / math.sqrt(self.weight.shape[1])
        x = x * style.to(x.dtype)[:, :, None, None]
        return F.conv2d(x, self.weight, self.bias)


def upsampled(x: Tensor, weight: Tensor) -> Tensor:
    """A convolution that doubles the side, and the blur after it. [b, i, h, w] -> [b, o, 2h, 2w]"""
    if len(weight) > FEW:
        return blurred(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
    return F.pixel_shuffle(F.conv2d(x, phases(weight), padding=1), 2)


def phases(weight: Tensor) -> Tensor:
    """The kernels that give the four pixels a pixel becomes: what a doubling convolution and the
    blur after it are together. [o, i, 3, 3] -> [4o, i, 3, 3]"""
    taps = torch.tensor(TAPS)
    both = F.conv2d(weight.flatten(0, 1)[:, None], (taps.outer(taps) / 16)[None, None], padding=3)
    both = both.view(*weight.shape[:2], 3, 2, 3, 2).flip(2, 4)  # [o, i, y, row, x, column]
    return both.permute(0, 3, 5, 1, 2, 4).flatten(0, 2)  # as pixel_shuffle takes them


def blurred(x: Tensor) -> Tensor:
    """[2h+1] -> [2h], what a doubling convolution made; the taps add up to 2 each way."""
    x = F.pad(x, (1, 1, 1, 1))
    x = (x[:, :, :-3] + x[:, :, 3:]) + 3 * (x[:, :, 1:-2] + x[:, :, 2:-1])
    x = (x[..., :-3] + x[..., 3:]) + 3 * (x[..., 1:-2] + x[..., 2:-1])
    return x * (4 / 64)


def doubled(image: Tensor) -> Tensor:
    """Twice the side, between neighbours as 3 to 1."""
    for axis in (2, 3):
        n = image.shape[axis]
        zeros = torch.zeros_like(image.narrow(axis, 0, 1))
        before = torch.cat([zeros, image.narrow(axis, 0, n - 1)], axis)
        after = torch.cat([image.narrow(axis, 1, n - 1), zeros], axis)
        image = torch.stack([3 * image + before, 3 * image + after], axis + 1) / 4
        image = image.flatten(axis, axis + 1)
    return image


class Painter(nn.Module):
    """Two rows of w to pictures. size: 32, 64 or 128."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.const = nn.Parameter(torch.randn(CHANNELS[4], 4, 4))
        self.convs, self.colours = nn.ModuleDict(), nn.ModuleDict()
        before = CHANNELS[4]
        self.sides = [side for side in CHANNELS if side <= size]
        for side in self.sides:
            after = CHANNELS[side]
            if side > 4:
                self.convs[f"b{side}_conv0"] = Convolution(before, after, True)
            self.convs[f"b{side}_conv1"] = Convolution(after, after, False)
            self.colours[f"b{side}"] = ToRGB(after)
            before = after

    def forward(self, ws: Tensor) -> Tensor:
        """[b, 2, W_DIM] -> pictures in about 0..1, [b, 3, size, size]"""
        rows = [ws[:, 0]] * COARSE + [ws[:, 1]] * (ROWS - COARSE)
        x = self.const.expand(len(ws), -1, -1, -1)
        if torch.is_autocast_enabled("cpu"):  # it casts convolutions, and not what is around them
            x = x.bfloat16()
        x = x.contiguous(memory_format=torch.channels_last)
        image, row = None, 0
        for side in self.sides:
            for name in ("conv0", "conv1"):
                key = f"b{side}_{name}"
                if key in self.convs:
                    x = self.convs[key](x, rows[row])
                    row += 1
            colours = self.colours[f"b{side}"](x, rows[row]).float()
            image = colours if image is None else doubled(image) + colours
        assert image is not None
        return (image + 1) / 2
