"""The colours that have a name here, and how a thing is dyed in one."""

import torch
from torch import Tensor

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.86, 0.10, 0.13),
    "orange": (0.97, 0.52, 0.07),
    "yellow": (0.98, 0.84, 0.12),
    "green": (0.16, 0.64, 0.22),
    "turquoise": (0.10, 0.74, 0.72),
    "blue": (0.12, 0.32, 0.86),
    "purple": (0.50, 0.18, 0.70),
    "pink": (0.97, 0.50, 0.72),
    "brown": (0.46, 0.27, 0.13),
    "black": (0.06, 0.06, 0.08),
    "grey": (0.52, 0.53, 0.55),
    "white": (0.96, 0.96, 0.97),
}
NAMES = tuple(COLOURS)
SYNONYMS = {
    "grey": ("grey", "gray"),
    "turquoise": ("turquoise", "cyan", "teal"),
    "purple": ("purple", "violet"),
}
_LUMA = (0.299, 0.587, 0.114)


def palette(device: torch.device | str = "cpu") -> Tensor:
    """The named colours, `[12, 3]` in [0, 1]."""
    return torch.tensor([COLOURS[name] for name in NAMES], device=device)


def shade(which: Tensor, draws: torch.Generator, *, spread: float = 0.07) -> Tensor:
    """A shade of each named colour. which: `[n]` long; gives `[n, 3]`."""
    colour = palette(which.device)[which]
    both = torch.randn(len(which), 1, generator=draws, device=which.device)
    each = torch.randn(len(which), 3, generator=draws, device=which.device)
    return (colour + spread * both + 0.6 * spread * each).clamp(0, 1)


def dyed(sprite: Tensor, colour: Tensor) -> Tensor:
    """Sprites in one colour, their light and shadow kept.

    sprite: `[n, 4, h, w]` premultiplied, in [0, 1]; colour: `[n, 3]`. The mean brightness of the
    sprite takes the colour itself; darker parts go to black, lighter ones to white.
    """
    alpha = sprite[:, 3:]
    light = torch.einsum("nchw,c->nhw", sprite[:, :3], sprite.new_tensor(_LUMA))[:, None]
    light = light / alpha.clamp(min=1e-3)
    mean = (light * alpha).sum((2, 3), keepdim=True) / alpha.sum((2, 3), keepdim=True).clamp(min=1)
    mean = mean.clamp(0.15, 0.85)
    below = (light / mean).clamp(0, 1)
    above = ((light - mean) / (1 - mean)).clamp(0, 1)
    tone = colour[:, :, None, None]
    tone = tone * (0.25 + 0.75 * below)
    tone = tone + (1 - tone) * 0.8 * above
    return torch.cat([tone * alpha, alpha], 1)


def plain_colour(pictures: Tensor) -> Tensor:
    """Which named colour covers most of each sprite, or -1 where none does.

    pictures: `[n, 4, h, w]` premultiplied in [0, 1]; gives `[n]` long.
    """
    return torch.cat([_plain_colour(part) for part in pictures.split(128)])  # in little memory


def _plain_colour(pictures: Tensor) -> Tensor:
    alpha = pictures[:, 3]
    straight = pictures[:, :3] / alpha[:, None].clamp(min=1e-3)
    far = straight[:, None] - palette(pictures.device)[None, :, :, None, None]
    nearest = far.square().sum(2).argmin(1)  # [n, 12, 3, h, w] -> [n, h, w]
    share = torch.stack([(alpha * (nearest == k)).sum((1, 2)) for k in range(len(NAMES))], 1)
    share = share / share.sum(1, keepdim=True).clamp(min=1)
    most, which = share.max(1)
    return torch.where(most > 0.55, which, -1)
