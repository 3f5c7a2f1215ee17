"""Views between sharp and soft.

Source: kornia's RandomSharpness, after Pillow's ImageEnhance.Sharpness: the middle of its 3 x 3
blur weighs 5 and the rest 1, and the outermost pixels are left alone.
Differs: nothing is clamped.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.protocols import Draws


def softnesses(draws: Draws, count: int, probability: float, *, sharpness: float) -> Tensor:
    """How far each view goes towards its blur, `[b, count]`: 0 not at all, 1 all the way.

    Args:
        sharpness: what is kept of the difference is uniform in 0 to this.
    """
    done = draws.named("happens").uniform(count) < probability
    return (1 - sharpness * draws.named("factor").uniform(count)) * done


def softened(views: Tensor, softness: Tensor) -> Tensor:
    """Views `[n, 3, s, s]` moved towards their blur by `[n]`."""
    at = softness.nonzero()[:, 0]
    if not len(at) or views.shape[-1] < 3:
        return views
    sharp = views[at]
    high = sharp[..., :-2, :] + sharp[..., 1:-1, :] + sharp[..., 2:, :]
    nine = high[..., :-2] + high[..., 1:-1] + high[..., 2:]  # twice as fast as torch's pooling
    middle = sharp[..., 1:-1, 1:-1]
    change = (nine - 9 * middle) * (softness[at] / 13)[:, None, None, None]
    return torch.index_add(views, 0, at, F.pad(change, (1, 1, 1, 1)))
