"""Latents of a picture, roughly: a short descent on pixels, enough to begin a frame of a film with.

Source: the projector of NVIDIA's stylegan2-ada-pytorch, with its learning rate.
Differs: squared pixels of a small picture in place of VGG features, 60 steps in place of 1000, no
noise on w. `reverie invert` takes its time over the same task, and comes nearer.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie.curve import Ramp
from reverie.protocols import Image

STEPS = 60
RATE = Ramp(value=0.1)
SMALL = 64  # pixels a side that are compared, at most
Latents = Float[Tensor, "b *numbers"]


@torch.enable_grad()
def fit(draw: Callable[[Tensor], Tensor], image: Image, starts: Sequence[Latents]) -> Latents:
    """Latents that draw about `image`. Each picture's descent begins at the nearest of `starts`,
    and depends on nothing but that and the picture."""
    wanted = small(image)

    def apart(q: Tensor) -> Tensor:
        return (small(draw(q)) - wanted).square().mean((1, 2, 3))  # [b]

    with torch.no_grad():
        nearest = torch.stack([apart(q) for q in starts]).argmin(0)  # [starts, b] -> [b]
        q = torch.stack([*starts])[nearest, torch.arange(len(image), device=image.device)]
    q.requires_grad_()
    adam = torch.optim.Adam([q])
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = RATE((step + 1) / STEPS)
        (q.grad,) = torch.autograd.grad(apart(q).sum(), [q])
        adam.step()
    return q.detach()


def small(image: Image) -> Float[Tensor, "b 3 _ _"]:
    """At most SMALL pixels a side, by the mean of what falls into each."""
    height, width = (min(side, SMALL) for side in image.shape[2:])
    return F.adaptive_avg_pool2d(image, (height, width))
