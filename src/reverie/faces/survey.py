"""What a survey of a generator is: every channel of S moved up and down, and what CLIP sees of it.

Source: Patashnik et al., "StyleCLIP" (2021), https://arxiv.org/abs/2103.17249, section 6 and its
global directions: 100,000 codes for the statistics, five deviations up and down, RandomState(5).
Differs: 32 codes see each channel rather than 100, unless asked; the picture reaches the perceptor
at the generator's own size, scaled as our losses scale.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from reverie import image as images
from reverie.canvas.stylegan import StyleGAN as StyleGANSpec
from reverie.canvas.stylegan import built, fitted
from reverie.canvas.stylegan_start import mapped
from reverie.errors import SpecError
from reverie.nets.stylegan import StyleGAN, Styles, numpy_normal
from reverie.protocols import Embedding, Image, Machine, Perceptor, PerceptorSpec
from reverie.spec import spec, to_json

Channels = Int[Tensor, " channels"]
Rows = Float[Tensor, "channels d"]
AT_ONCE = 16  # pictures


@spec
class Survey:
    """How a generator is looked over.

    codes: faces in which each channel is moved.
    reach: so many standard deviations up and down from the mean.
    seed, truncation, cutoff: of these faces, and of the `count` that mean and deviation are of.
    label: the class, of a generator that has classes.
    """

    model: str
    perceptor: PerceptorSpec
    codes: int = 32
    reach: float = 5.0
    seed: int = 5
    truncation: float = 0.7
    cutoff: int = 8
    count: int = 100_000
    label: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.codes <= 10_000:
            raise SpecError(f"codes: got {self.codes}; 1 to 10000 is wanted, and 32 is usual")
        if not 0 < self.reach < math.inf:
            raise SpecError(f"reach: got {self.reach}; it is above 0, in standard deviations")
        if self.count < 2:
            raise SpecError(f"count: got {self.count}; 2 or more have a deviation")

    def about(self) -> dict[str, Any]:
        """All that the outcome depends on, as JSON data."""
        generator = StyleGANSpec(model=self.model).digests()[self.model]
        return {
            "survey": to_json(self),
            "generator": generator,
            "perceptor": self.perceptor.digests(),
        }


@dataclass(frozen=True)
class Surveyor:
    """Moves channels, and looks. codes: points of S, `[codes, s_dim]`."""

    network: StyleGAN
    perceptor: Perceptor
    codes: Styles
    mean: Tensor  # [s_dim]
    deviation: Tensor
    reach: float

    @classmethod
    def of(cls, survey: Survey, on: Machine) -> "Surveyor":
        network = built(survey.model, on)
        drawn = numpy_normal(survey.seed, survey.codes, network.z_dim)
        ws = mapped(network, drawn, survey.label, survey.truncation, survey.cutoff)
        mean, deviation = statistics(network, survey.count, survey.seed, survey.truncation)
        with torch.no_grad():
            codes = network.styles(ws)
        eye = survey.perceptor.build(on)
        return cls(network, eye, codes, mean, deviation, survey.reach)

    @torch.no_grad()
    def row(self, channel: int) -> Float[Tensor, " d"]:
        """Where moving a channel up takes the embedding of a picture: the mean of unit steps, the
        shorter the less the faces agree."""
        styles = self.codes.repeat(2, 1)  # [2*codes, s_dim], up and then down
        step = self.reach * self.deviation[channel]
        up, down = self.mean[channel] + step, self.mean[channel] - step
        styles[: len(self.codes), channel], styles[len(self.codes) :, channel] = up, down
        above, below = self._seen(styles).chunk(2)
        return F.normalize(above - below, dim=1).mean(0)

    def _seen(self, styles: Styles) -> Embedding:
        size = (self.perceptor.size, self.perceptor.size)
        pictures = (drawn(self.network, part) for part in styles.split(AT_ONCE))
        return torch.cat([self.perceptor.encode_image(images.resize(p, size)) for p in pictures])


@torch.no_grad()
def drawn(network: StyleGAN, styles: Styles) -> Image:
    """The pictures of points of S, AT_ONCE at a time."""
    side = (network.resolution, network.resolution)
    parts = styles.split(AT_ONCE)
    return torch.cat([fitted(network.synthesis_from_styles(part), side) for part in parts])


def channels(network: StyleGAN) -> Channels:
    """The channels that are surveyed and moved: all but those that make colours of channels."""
    free = torch.ones(network.s_dim, dtype=torch.bool)
    for style in network.layout:
        free[style.at] = not style.to_rgb
    return free.nonzero()[:, 0]


@lru_cache(maxsize=2)
def statistics(
    network: StyleGAN, count: int, seed: int, truncation: float
) -> tuple[Float[Tensor, " s"], Float[Tensor, " s"]]:
    return network.style_statistics(count, seed, truncation)
