"""Which channels of S go the way that words go, without a survey: by gradients, in seconds.

Source: gradients of CLIP in S, as StyleMC (Kocasari et al., 2021), https://arxiv.org/abs/2112.08493,
descends them; that a random direction has the length of a row on average, Hutchinson (1989).
Differs: from a survey, in that channels are not moved: what they do is taken from how they would
begin to. It is as sure about colours, and less so about what comes only after a long way.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.canvas.stylegan_start import mapped
from reverie.device import fast_matmul, memory_errors
from reverie.faces.model import FaceModel
from reverie.faces.survey import Channels, Survey, channels, statistics
from reverie.nets.stylegan import Styles, numpy_normal
from reverie.protocols import Draws, Embedding, Perceptor

FACES, PROBES = 16, 8  # that are asked, and random directions for each
COUNT = 10_000  # faces that the deviations are of
AT_ONCE = 2**17  # pixels


@dataclass(frozen=True)
class Slopes:
    """What `Directions` know, measured when it is asked for.

    codes: faces, as points of S.
    deviation: of each of `channels`.
    """

    model: FaceModel
    perceptor: Perceptor
    codes: Styles
    channels: Channels
    deviation: Float[Tensor, " channels"]

    @classmethod
    def of(cls, model: FaceModel, perceptor: Perceptor, faces: int = FACES) -> "Slopes":
        network, usual = model.network, Survey  # whose faces these are
        z = numpy_normal(usual.seed, faces, network.z_dim)
        ws = mapped(network, z, model.label, usual.truncation, usual.cutoff)
        _, deviation = statistics(network, COUNT, usual.seed, usual.truncation)
        free = channels(network)
        return cls(model, perceptor, model.styles([ws]), free, deviation[free.to(deviation.device)])

    def relevance(self, change: Float[Tensor, " d"]) -> Float[Tensor, " channels"]:
        """How far each channel goes the way that an embedding is to go, -1 to 1."""
        way = change.expand(len(self.codes), 1, -1)
        return (self._along(way).mean((0, 1)) / self.lengths).clamp(-1, 1)

    @cached_property
    def lengths(self) -> Float[Tensor, " channels"]:
        """How far an embedding goes as each channel begins to move, over all faces."""
        width = self._seen(self.codes[:1]).shape[1]
        draws = Draws(range(len(self.codes)), 0, "probes")
        probes = draws.normal(PROBES, width, device=self.codes.device)
        return self._along(probes).square().mean((0, 1)).sqrt().clamp(min=1e-12)

    def _along(self, ways: Float[Tensor, "n k d"]) -> Float[Tensor, "n k channels"]:
        """How faces go, each along ways of its own, as each channel begins to move."""
        each = max(1, AT_ONCE // self.model.network.resolution**2)
        found: list[Tensor] = []
        with fast_matmul(self.model.on), memory_errors(f"the slopes of {self.model.name}"):
            for codes, own in zip(self.codes.split(each), ways.split(each), strict=True):
                styles = codes.clone().requires_grad_()
                along = torch.einsum("nd,nkd->k", self._seen(styles), own)  # faces stay apart
                slopes = [torch.autograd.grad(one, styles, retain_graph=True)[0] for one in along]
                found.append(torch.stack(slopes, 1)[:, :, self.channels.to(codes.device)])
        return torch.cat(found)

    def _seen(self, styles: Styles) -> Embedding:
        pixels = self.model.network.synthesis_from_styles(styles)
        picture = ((pixels + 1) / 2).clamp(0, 1)  # the true slope: none, where nothing changes
        size = (self.perceptor.size, self.perceptor.size)
        return self.perceptor.encode_image(images.resize(picture, size))
