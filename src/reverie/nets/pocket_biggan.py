"""What the numbers of the pocket BigGAN's noise mean, and its sizes.

The pocket BigGAN is a BigGAN-deep (see `biggan`) that was not taught by a discriminator but by
drawing known things, so its noise is no noise: each number has a meaning.
Source: Brock et al. 2018 for the layout of the network.
Differs: four channels, colour multiplied by alpha and alpha; regression; a noise with meaning.
"""

import torch
from torch import Tensor

STYLES = ("fluent3d", "fluentflat", "noto", "blob")
Z = 16
STYLE = slice(0, 4)  # which art style, shares that sum to 1
DYE = slice(4, 8)  # 1 and the colour in -1..1, or four zeros for the thing's own colours
SECOND = slice(8, 11)  # a background's second colour, -1..1
VARIANT = slice(11, 16)  # which of the variants of a background
VARIANTS = 8
SIZES = {
    "layers": (
        (False, 32, 32), (True, 32, 20), (True, 20, 12), (True, 12, 6), (True, 6, 3), (True, 3, 1),
    ),
    "z_dim": Z,
    "class_embed_dim": 128,
    "channel_width": 16,
    "attention_layer_position": None,
    "eps": 1e-4,
    "n_stats": 1,
    "image_channels": 4,
}  # fmt: skip


def thing(style: Tensor, dye: Tensor | None = None) -> Tensor:
    """The noise of a thing, `[b, 16]`. style: `[b, 4]` shares; dye: `[b, 3]` in 0..1 or None."""
    z = style.new_zeros(len(style), Z)
    z[:, STYLE] = style
    if dye is not None:
        z[:, DYE] = torch.cat([torch.ones_like(dye[:, :1]), dye * 2 - 1], 1)
    return z


def place(first: Tensor, second: Tensor, variant: Tensor) -> Tensor:
    """The noise of a background. first, second: `[b, 3]` in 0..1; variant: `[b]` long. `[b, 16]`"""
    z = first.new_zeros(len(first), Z)
    z[:, DYE] = torch.cat([torch.ones_like(first[:, :1]), first * 2 - 1], 1)
    z[:, SECOND] = second * 2 - 1
    z[:, VARIANT] = codes(first.device)[variant]
    return z


def codes(device: torch.device | str = "cpu") -> Tensor:
    """A point for each variant of a background, `[8, 5]`."""
    bits = torch.arange(VARIANTS, device=device)[:, None] >> torch.arange(3, device=device) & 1
    signs = bits.float() * 2 - 1  # [8, 3]
    return torch.cat([signs, signs[:, :1] * signs[:, 1:2], signs[:, 1:2] * signs[:, 2:]], 1)
