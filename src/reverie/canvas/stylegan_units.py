"""A space of a StyleGAN, and the units in which a canvas moves through it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.canvas.stylegan_start import Space, statistics
from reverie.errors import SpecError
from reverie.nets.stylegan import StyleGAN as Network
from reverie.nets.stylegan import Styles, Ws


@dataclass(frozen=True)
class Units:
    """A space of a network, and what its latents are counted in: q deviations from the mean."""

    network: Network
    space: Space
    mean: Tensor  # [w_dim] or [s_dim]
    deviation: Tensor
    free: Tensor  # which of these numbers the latents are; the others stay as they start

    @classmethod
    def of(cls, network: Network, space: Space, label: int | None, colours: bool) -> "Units":
        mean, deviation = statistics(network, space, label)
        free = torch.ones_like(mean, dtype=torch.bool)
        for style in network.layout if space == "s" and not colours else ():
            free[style.at] = not style.to_rgb
        return cls(network, space, mean, deviation, free.nonzero()[:, 0])

    def point(self, start: Ws | Styles) -> Tensor:
        """A start as a point of the space: `[b, 1, w_dim]`, `[b, num_ws, w_dim]`, `[b, s_dim]`.

        Raises:
            SpecError: the space has no such point.
        """
        if self.space == "s":
            return start if start.ndim == 2 else self.network.styles(start)
        if start.ndim == 2:
            raise SpecError(f"start: is a point of space s; space {self.space} takes rows of w")
        if self.space == "w+":
            return start
        if not torch.equal(start, start[:, :1].expand_as(start)):
            raise SpecError("start: its rows of w differ, and space w has one; take space w+ or s")
        return start[:, :1]

    def latents(self, point: Tensor) -> Tensor:
        return ((point - self.mean) / self.deviation)[..., self.free]

    def styles(self, q: Tensor, first: Styles | None) -> Styles:
        """What is drawn. first: in space s, the point that the latents began at."""
        if first is None:
            return self.network.styles(self.rows(q))
        return first.index_copy(1, self.free, self._counted(q))

    def rows(self, q: Tensor) -> Ws:
        """In space w or w+, a row of w for every layer."""
        return self._counted(q).expand(-1, self.network.num_ws, -1)

    def _counted(self, q: Tensor) -> Tensor:
        return self.mean[self.free] + self.deviation[self.free] * q
