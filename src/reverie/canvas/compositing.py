"""What the pocket BigGAN draws, put into a picture of any size: a background, and things before it.

Source: sprites on a plane, as in any compositor (Porter and Duff, 1984), premultiplied.
Differs: outlines are cut clean and soft edges made steep where a thing is enlarged.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Size = tuple[int, int]  # width, height
Layer = Float[Tensor, "b 4 s s"]  # colour times alpha, and alpha, 0 to 1


def background(layer: Layer, size: Size) -> Float[Tensor, "b 3 h w"]:
    """A layer that fills the picture, without its rim, where the generator saw nothing beyond."""
    rim = layer.shape[-1] // 32
    return F.interpolate(layer[:, :3, rim:-rim, rim:-rim], size[::-1], mode="bicubic")


def placed(layer: Layer, pose: Float[Tensor, "b 4"], size: Size) -> Float[Tensor, "b 4 h w"]:
    """One thing of every picture where it stands, with sharp edges. Colour times alpha.

    Args:
        pose: x, y, the logarithm of the size, both in parts of the shorter side of the picture,
            and the turn in radians.
    """
    width, height = size
    short = min(width, height)
    x, y, scale, turn = pose.unbind(1)
    sharp = sharpened(layer, short)
    step = 2 / (scale.exp() * short)  # the thing is 2 wide, a pixel is `step`
    across = torch.arange(width, device=pose.device) + 0.5 - width / 2
    down = torch.arange(height, device=pose.device) + 0.5 - height / 2
    dx = (across - (x[:, None] - 0.5) * short) * step[:, None]  # [b, w]
    dy = (down - (y[:, None] - 0.5) * short) * step[:, None]  # [b, h]
    cos, sin = turn.cos()[:, None, None], turn.sin()[:, None, None]
    grid_x = dx[:, None, :] * cos + dy[:, :, None] * sin
    grid_y = dy[:, :, None] * cos - dx[:, None, :] * sin
    grid = torch.stack([grid_x, grid_y], -1)  # [b, h, w, 2]
    return F.grid_sample(sharp, grid, align_corners=False)


def sharpened(layer: Layer, side: int) -> Float[Tensor, "b 4 side side"]:
    """A drawn thing at another size: its outline is cut clean, its colours reach up to it, and
    inside soft edges are made steep without halos."""
    alpha = layer[:, 3:].clamp(0, 1)
    around = F.avg_pool2d(F.pad(layer, (3, 3, 3, 3), mode="replicate"), 7, 1)
    around = around[:, :3] / around[:, 3:].clamp(min=0.02)  # colours of the thing, spread outwards
    solid = alpha**3
    colour = layer[:, :3] / alpha.clamp(min=0.3) * solid + around * (1 - solid)
    colour = colour.clamp(0, 1)
    padded = F.pad(colour, (1, 1, 1, 1), mode="replicate")
    soft = F.avg_pool2d(padded, 3, 1)
    high, low = F.max_pool2d(padded, 3, 1), -F.max_pool2d(-padded, 3, 1)
    grown = F.interpolate(torch.cat([colour, soft, alpha], 1), (side, side), mode="bicubic")
    colour, soft, alpha = grown.split([3, 3, 1], 1)
    bounds = torch.cat([high, low], 1).detach()  # bilinear, for bicubic would overshoot them
    high, low = F.interpolate(bounds, (side, side), mode="bilinear").chunk(2, 1)
    factor = max(side / layer.shape[-1], 1)
    if factor > 1:
        colour = torch.minimum(torch.maximum(colour + 1.5 * factor * (colour - soft), low), high)
    alpha = ((alpha - 0.5) * min(1.5 * factor, 5) + 0.5).clamp(0, 1)
    return torch.cat([colour.clamp(0, 1) * alpha, alpha], 1)
