"""Pocket VQGAN: pictures of any size as a grid of codes, each of 8x8 pixels, and back.

Source: VQGAN (Esser et al. 2021); codes on a sphere are those of ViT-VQGAN (Yu et al. 2021); pixels
are folded into channels (Shi et al. 2016).
Differs: no normalisation and no attention, so that a piece of a picture looks the same in a picture
of any size; nearly all of the work is done on the small grids.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from reverie.nets.vqgan import Latents, Pixels, nearest, rows_of

Levels = Sequence[Sequence[int]]  # width and residual blocks of each grid
SIZES = {
    "codes": 1024,
    "dim": 16,
    "encoder": ((32, 0), (64, 1), (128, 2)),
    "decoder": ((192, 2), (96, 2), (48, 2)),
    "thin": 12,
}


class Residual(nn.Module):
    """Two 3x3 convolutions beside an identity."""

    def __init__(self, width: int):
        super().__init__()
        self.conv_0 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_1 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv_1.weight)
        nn.init.zeros_(self.conv_1.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_1(F.silu(self.conv_0(F.silu(x))))


class Encoder(nn.Module):
    """`[b, 3, h, w]` -> `[b, dim, h/8, w/8]`, of any length."""

    def __init__(self, levels: Levels, dim: int):
        super().__init__()
        width = 3
        steps: list[nn.Module] = []
        for at, (wider, depth) in enumerate(levels):
            side = 3 if at == 0 else 1
            folded = nn.Conv2d(4 * width, wider, side, padding=side // 2)
            steps += [nn.PixelUnshuffle(2), folded, *(Residual(wider) for _ in range(depth))]
            width = wider
        self.steps = nn.Sequential(*steps, nn.SiLU(), nn.Conv2d(width, dim, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.steps(pixels)


class Decoder(nn.Module):
    """`[b, dim, h, w]` -> `[b, 3, 8 h, 8 w]`."""

    def __init__(self, levels: Levels, dim: int, thin: int):
        super().__init__()
        widths = [*(width for width, _ in levels), thin]
        steps: list[nn.Module] = [nn.Conv2d(dim, widths[0], 3, padding=1)]
        for at, (width, depth) in enumerate(levels, 1):
            side = 3 if at == len(levels) else 1
            unfolded = nn.Conv2d(width, 4 * widths[at], side, padding=side // 2)
            steps += [*(Residual(width) for _ in range(depth)), nn.SiLU(), unfolded]
            steps += [nn.PixelShuffle(2)]
        self.steps = nn.Sequential(*steps, nn.SiLU(), nn.Conv2d(thin, 3, 3, padding=1))

    def forward(self, latents: Tensor) -> Tensor:
        return self.steps(latents)


class PocketVQGAN(nn.Module):
    """Encoder, codebook and decoder. Picture values are nominally -1 to 1.

    encoder, decoder: (width, residual blocks) of each grid, in the order in which they are passed;
    thin: the width at full size.
    """

    codebook: Tensor

    def __init__(self, codes: int, dim: int, encoder: Levels, decoder: Levels, thin: int):
        super().__init__()
        self.scale = 2 ** len(decoder)
        self.encoder = Encoder(encoder, dim)
        self.decoder = Decoder(decoder, dim, thin)
        self.register_buffer("codebook", on_sphere(torch.randn(codes, dim)))

    def encode(self, pixels: Pixels) -> Latents:
        """`[b, 3, h, w]` in [-1, 1], h and w multiples of 8 -> rows of the codebook,
        `[b, dim, h/8, w/8]`."""
        return rows_of(nearest(self.latents(pixels), self.codebook), self.codebook)

    def latents(self, pixels: Pixels) -> Latents:
        """What the nearest rows are chosen for: points on their sphere, `[b, dim, h/8, w/8]`."""
        own = self.encoder(pixels.to(self.encoder.steps[1].weight.dtype))  # type: ignore[arg-type]
        return on_sphere(own.float(), dim=1)

    def decode(self, latents: Latents) -> Pixels:
        """`[b, dim, h, w]` -> `[b, 3, 8 h, 8 w]` float32, not clamped."""
        return self.decoder(latents.to(self.decoder.steps[0].weight.dtype)).float()  # type: ignore[arg-type]

    @classmethod
    def frozen(
        cls,
        fields: Mapping[str, Any],
        tensors: Mapping[str, Tensor],
        precision: torch.dtype = torch.float32,
    ) -> "PocketVQGAN":
        """The network with these weights, of any dtype, to be used but not trained. The codebook
        stays float32."""
        with torch.device("meta"):  # draws no numbers
            net = cls(**fields)
        cast = {
            name: tensor.to(torch.float32 if name == "codebook" else precision)
            for name, tensor in tensors.items()
        }
        net.load_state_dict(cast, assign=True)
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return net.eval().requires_grad_(False)


def on_sphere(vectors: Tensor, dim: int = -1) -> Tensor:
    """Vectors whose numbers have a mean square of 1 along `dim`."""
    return F.normalize(vectors, dim=dim) * vectors.shape[dim] ** 0.5
