"""The pocket judge: another eye than pocket CLIP's, for measuring and never for painting.

Source: the picture tower is a plain stack of convolutions in VGG's manner (Simonyan & Zisserman
2014) with group norm (Wu & He 2018); the text tower is a convolution over words with a maximum over
places (Kim 2014).
Differs: other layers, other pooling, other normalisation, other seed and other training than pocket
CLIP, so that a picture that fools one does not fool both.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


class ImageTower(nn.Module):
    """`[b, 3, s, s]` in [0, 1] -> `[b, dim]`, not normalised."""

    def __init__(self, widths: tuple[int, ...], dim: int):
        super().__init__()
        blocks: list[nn.Module] = []
        self.ends: list[int] = []  # how many modules there are up to the end of each layer
        inside = 3
        for place, outside in enumerate(widths):
            blocks += [
                nn.Conv2d(inside, outside, 4 if place == 0 else 3, 2 if place == 0 else 1, 1)
            ]
            blocks += [nn.GroupNorm(8, outside), nn.ReLU()]
            if place > 0:
                blocks += [nn.Conv2d(outside, outside, 3, padding=1), nn.GroupNorm(8, outside)]
                blocks += [nn.ReLU(), nn.MaxPool2d(2)]
            inside = outside
            self.ends.append(len(blocks))
        self.blocks = nn.Sequential(*blocks)
        self.spread = nn.BatchNorm1d(2 * inside)  # else all pictures begin in one narrow cone
        self.out = nn.Linear(2 * inside, dim)

    @property
    def layers(self) -> list[str]:
        return ["stem", *(f"block{i}" for i in range(1, len(self.ends)))]

    def activations(self, pictures: Tensor, place: int) -> Tensor:
        """`[b, c, h, w]` of the layer that stands there in `layers`."""
        return self.blocks[: self.ends[place]]((pictures - 0.5) * 3)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.blocks((pictures - 0.5) * 3).float()
        return self.out(self.spread(torch.cat([x.mean((2, 3)), x.amax((2, 3))], -1)))


class TextTower(nn.Module):
    """Word places and letter groups -> `[b, dim]`, not normalised. See `pocket_clip.TextTower`."""

    def __init__(self, words: int, buckets: int, width: int, hidden: int, dim: int):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.pieces = nn.Embedding(buckets, width)
        self.single = nn.Conv1d(width, hidden, 1)
        self.triple = nn.Conv1d(width, hidden, 3, padding=1)
        self.out = nn.Sequential(nn.Linear(3 * hidden, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))
        nn.init.normal_(self.words.weight, std=0.3)
        nn.init.normal_(self.pieces.weight, std=0.3)

    def forward(self, words: Tensor, pieces: Tensor) -> Tensor:
        here = (words > 0)[..., None]
        spelt = (pieces > 0).float()
        spelling = (self.pieces(pieces) * spelt[..., None]).sum(2)
        spelling = spelling / spelt.sum(2).clamp(min=1).sqrt()[..., None]
        x = torch.where((words == 1)[..., None], spelling, self.words(words)) * here
        x = x.transpose(1, 2)  # [b, n, d] -> [b, d, n]
        single = F.relu(self.single(x)).float() * here.transpose(1, 2)
        triple = F.relu(self.triple(x)).float() * here.transpose(1, 2)
        mean = single.sum(-1) / here.sum(1).clamp(min=1)
        return self.out(torch.cat([mean, single.amax(-1), triple.amax(-1)], -1))


class PocketJudge(nn.Module):
    """Both towers. All arguments but the first have the sizes of the shipped model."""

    def __init__(
        self,
        words: int,
        *,
        buckets: int = 2048,
        text_width: int = 128,
        hidden: int = 192,
        widths: tuple[int, ...] = (32, 64, 112, 192),
        dim: int = 192,
    ):
        super().__init__()
        self.image = ImageTower(widths, dim)
        self.text = TextTower(words, buckets, text_width, hidden, dim)

    def encode_image(self, pictures: Tensor) -> Tensor:
        """`[b, 3, s, s]` in [0, 1] -> unit vectors `[b, dim]`."""
        return F.normalize(self.image(pictures), dim=-1)

    def encode_text(self, words: Tensor, pieces: Tensor) -> Tensor:
        """Places of words and letter groups -> unit vectors `[b, dim]`."""
        return F.normalize(self.text(words, pieces), dim=-1)
