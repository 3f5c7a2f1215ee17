"""A VQGAN whose tiles are drawn by lot: every tile has a probability for each word of the codebook.

Source: Crowson's "VQGAN+CLIP (codebook sampling method)" notebook (2021): logits start as normal
noise, each step draws one row a tile, the gradient goes to the probabilities, and what is shown are
the likeliest rows.
Differs: the draw of a picture depends on its seed and the update alone.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reverie.canvas.start import check_size
from reverie.canvas.vqgan import POCKET, Codec, built, digest, drawn, memory, tiles
from reverie.nets.vqgan import nearest, rows_of
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import spec

LIKELY = 20.0  # times as likely as all others: a tile's own row, at a start from a picture


class CodesCanvas(Canvas):
    """Draws tiles by their `logits`, `[b, h, w, n]`, and shows the likeliest."""

    codebook: Tensor
    seeds: Tensor
    updates: Tensor

    def __init__(self, codec: Codec, logits: Tensor, seeds: Sequence[int]) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)
        self.encode, self.decode = codec.encode, codec.decode  # shared, so no part of the state
        self.register_buffer("codebook", codec.codebook, persistent=False)
        self.register_buffer("seeds", torch.tensor(tuple(seeds)))  # a part of the state
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self) -> Image:
        draws = Draws(self.seeds.tolist(), int(self.updates), "codes")
        luck = draws.uniform(*self.logits.shape[1:3], 1, device=self.logits.device)
        chances = self.logits.softmax(-1)  # [b, h, w, n]
        rows = chances.detach().cumsum(-1).lt(luck).sum(-1)  # where the running sum passes luck
        hard = self.codebook[rows.clamp(max=len(self.codebook) - 1)]
        soft = chances @ self.codebook  # [b, h, w, d]; gives the gradient, not the value
        z = hard + (soft - soft.detach())
        return drawn(self.decode, z.permute(0, 3, 1, 2))

    def shown(self, image: Image) -> Image:
        return drawn(self.decode, rows_of(self.logits.argmax(-1), self.codebook))

    @torch.no_grad()
    def project_(self) -> None:
        self.updates.add_(1)

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        rows = nearest(self.encode(image * 2 - 1), self.codebook)  # [b, h, w]
        likely = math.log(LIKELY * self.logits.shape[-1])
        self.logits.zero_().scatter_(-1, rows[..., None], likely)


@spec
class VQGANCodes(CanvasSpec):
    """`model` is `pocket-vqgan`, a name that `reverie models` lists, or a checkpoint's path."""

    size: tuple[int, int] = (256, 256)  # width, height: whole tiles of the model
    model: str = POCKET

    def __post_init__(self) -> None:
        check_size(self.size)

    def digests(self) -> dict[str, str]:
        return {self.model: digest(self.model)}

    def memory(self, machine: Machine) -> int:
        return memory(self.model, machine) * self.size[0] * self.size[1]

    def build(self, machine: Machine, seeds: Sequence[int]) -> CodesCanvas:
        codec = built(self.model, machine)
        width, height = tiles(self.size, codec.scale, self.model)
        noise = Draws(seeds, 0, "start").normal(height, width, len(codec.codebook))
        return CodesCanvas(codec, noise.to(machine.device), seeds)


def tiny() -> VQGANCodes:
    return VQGANCodes(size=(24, 16))
