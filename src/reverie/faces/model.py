"""A StyleGAN at work: its name and digest, faces as points of S, and the pictures of these."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.canvas.stylegan import StyleGAN as StyleGANSpec
from reverie.canvas.stylegan import built
from reverie.device import fast_matmul, memory_errors
from reverie.errors import SpecError
from reverie.faces.latents import Face, points
from reverie.faces.survey import drawn
from reverie.nets.stylegan import StyleGAN, Styles, Ws
from reverie.protocols import Image, Machine


@dataclass(frozen=True)
class FaceModel:
    """What draws faces.

    digest: SHA-256 of its file.
    label: the class, of a generator that has classes.
    """

    name: str
    digest: str
    network: StyleGAN
    on: Machine
    label: int | None = None

    @classmethod
    def of(cls, model: str, on: Machine, label: int | None = None) -> "FaceModel":
        """
        Raises:
            WeightsError: the model is not there, or is no StyleGAN.
        """
        digest = StyleGANSpec(model=model).digests()[model]
        return cls(model, digest, built(model, on), on, label)

    def points(self, faces: Sequence[Face]) -> list[Ws | Styles]:
        """The latents of faces, as they come: rows of w, or a point of S."""
        return points(self.network, faces, self.digest, self.label)

    @torch.no_grad()
    def styles(self, latents: Sequence[Ws | Styles]) -> Float[Tensor, "n s_dim"]:
        """The points of S of latents, `[n, s_dim]`."""
        found = [one if one.ndim == 2 else self.network.styles(one) for one in latents]
        return torch.cat(found)

    def rows(self, latents: Sequence[Ws | Styles]) -> Float[Tensor, "n num_ws w_dim"]:
        """Latents as rows of w, `[n, num_ws, w_dim]`.

        Raises:
            SpecError: one is a point of S.
        """
        if any(one.ndim == 2 for one in latents):
            raise SpecError(
                "a face that was edited by words is a point of S, which has no rows of w; take "
                "seeds, or latents that an inversion or a mapper made"
            )
        return torch.cat(list(latents))

    def draw(self, styles: Styles) -> Image:
        """The pictures of points of S."""
        with fast_matmul(self.on), memory_errors(f"a picture of {self.name}"):
            return drawn(self.network, styles)


def mixed(start: Ws, other: Ws, rows: Sequence[int]) -> Ws:
    """Style mixing: the numbered rows of `other`, and the rest of `start`. The first rows are pose
    and shape, the last ones colour.

    Raises:
        SpecError: there are no such rows.
    """
    count = start.shape[1]
    wrong = [row for row in rows if not 0 <= row < count]
    if wrong or not rows:
        said = f"got {wrong[0]}" if wrong else "none are given"
        raise SpecError(f"rows: {said}; this generator has 0 to {count - 1}")
    chosen = torch.zeros(count, dtype=torch.bool, device=start.device)
    chosen[list(rows)] = True
    return torch.where(chosen[:, None], other, start)
