"""Pocket CLIP: two small towers that put 64x64 pictures and short texts in one space.

Source: the objective is CLIP's (Radford et al. 2021); the picture tower is a plain residual
network (He et al. 2015) that pools with blur (Zhang 2019) and reads out with attention; hashed
letter groups for words never seen are fastText's (Bojanowski et al. 2016).
Differs: trained from scratch on drawn scenes by `training/`, against small attacks (Madry et al.
2017): that is what makes its gradient draw shapes and not noise.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

PIECES = 10  # letter groups of one unknown word


class Residual(nn.Module):
    """Two 3x3 convolutions beside an identity."""

    def __init__(self, width: int):
        super().__init__()
        self.conv_0 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_0 = nn.BatchNorm2d(width)
        self.conv_1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_1 = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm_1.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.norm_0(self.conv_0(x)))
        return F.silu(x + self.norm_1(self.conv_1(y)))


class Narrow(nn.Module):
    """Half the side, another width: a blur, then a convolution."""

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outside)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.norm(self.conv(F.avg_pool2d(x, 2))))


class ImageTower(nn.Module):
    """`[b, 3, s, s]` in [0, 1] -> `[b, dim]`, not normalised. s is a multiple of 16."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], dim: int):
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 5, stride=2, padding=2, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        blocks: list[nn.Module] = [Residual(widths[0]) for _ in range(depths[0])]
        for inside, outside, depth in zip(widths, widths[1:], depths[1:], strict=False):
            blocks += [Narrow(inside, outside), *(Residual(outside) for _ in range(depth))]
        self.blocks = nn.Sequential(*blocks)
        self.look = nn.Conv2d(widths[-1], 4, 1)  # four heads of attention
        self.out = nn.Linear(5 * widths[-1], dim, bias=False)

    @property
    def layers(self) -> list[str]:
        return ["stem", *(f"block{i}" for i in range(1, len(self.blocks) + 1))]

    def activations(self, pictures: Tensor, place: int) -> Tensor:
        """`[b, c, h, w]` of the layer that stands there in `layers`."""
        x = F.silu(self.norm(self.stem(pictures * 4 - 2)))
        return self.blocks[:place](x)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.activations(pictures, len(self.blocks))
        weights = self.look(x).flatten(2).float().softmax(-1)  # [b, 4, hw]
        places = x.flatten(2).float()  # [b, c, hw]
        seen = torch.einsum("bkp,bcp->bkc", weights, places).flatten(1)
        return self.out(torch.cat([places.mean(-1), seen], -1))


class TextTower(nn.Module):
    """Word places and letter groups -> `[b, dim]`, not normalised."""

    def __init__(self, words: int, buckets: int, width: int, depth: int, length: int, dim: int):
        super().__init__()
        self.words = nn.Embedding(words, width)  # row 0 pads, row 1 stands for the unknown
        self.pieces = nn.Embedding(buckets, width)  # row 0 pads
        self.places = nn.Parameter(torch.zeros(length, width))
        layer = nn.TransformerEncoderLayer(
            width, width // 48, 2 * width, dropout=0.0, activation="gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.layers = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, dim, bias=False)
        nn.init.normal_(self.words.weight, std=0.3)
        nn.init.normal_(self.pieces.weight, std=0.3)

    def forward(self, words: Tensor, pieces: Tensor) -> Tensor:
        """words: `[b, n]` long, 0 pads, 1 is unknown; pieces: `[b, n, PIECES]` long, the letter
        groups of each unknown word, 0 elsewhere."""
        here = words > 0
        spelt = (pieces > 0).float()
        spelling = (self.pieces(pieces) * spelt[..., None]).sum(2)
        spelling = spelling / spelt.sum(2).clamp(min=1).sqrt()[..., None]
        x = torch.where((words == 1)[..., None], spelling, self.words(words))
        x = x + self.places[: words.shape[1]]
        x = self.layers(x, src_key_padding_mask=~here)
        x = self.norm(x).float() * here[..., None]
        return self.out(x.sum(1) / here.sum(1, keepdim=True).clamp(min=1))


class PocketClip(nn.Module):
    """Both towers. All arguments but the first have the sizes of the shipped model."""

    def __init__(
        self,
        words: int,
        *,
        buckets: int = 4096,
        text_width: int = 192,
        text_depth: int = 2,
        length: int = 32,
        widths: tuple[int, ...] = (32, 64, 128, 256),
        depths: tuple[int, ...] = (0, 1, 2, 2),
        dim: int = 256,
    ):
        super().__init__()
        self.image = ImageTower(widths, depths, dim)
        self.text = TextTower(words, buckets, text_width, text_depth, length, dim)

    def encode_image(self, pictures: Tensor) -> Tensor:
        """`[b, 3, s, s]` in [0, 1] -> unit vectors `[b, dim]`."""
        return F.normalize(self.image(pictures), dim=-1)

    def encode_text(self, words: Tensor, pieces: Tensor) -> Tensor:
        """Places of words and letter groups (see `TextTower`) -> unit vectors `[b, dim]`."""
        return F.normalize(self.text(words, pieces), dim=-1)
