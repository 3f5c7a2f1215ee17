"""Starts that were chosen among many because they suit the words.

Source: the best of 32 seeds of nshepperd's StyleGAN3+CLIP notebook (2021), and the best of 64
centres of clusters of w of l4rz/stylegan2-clip-approach (2021).
Differs: what was chosen is written down, so that it is not chosen again; pictures take turns.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.canvas.stylegan_start import (
    CHUNK,
    COUNT,
    SEED,
    LatentSpec,
    check_truncation,
    mapped,
)
from reverie.errors import SpecError
from reverie.nets.stylegan import StyleGAN, Ws, latents_of_seeds, numpy_normal
from reverie.spec import spec

MOST = 1024  # candidates
ROUNDS = 20  # of k-means: 10,000 w's hardly move any more


@spec
class ChosenSeeds(LatentSpec):
    """The best of the seeds 0 to `among` - 1, the best first, as `SeedLatent` draws them. The
    picture of seed s takes number s, and after the last the first again."""

    seeds: tuple[int, ...]
    among: int
    truncation: float = 0.7
    cutoff: int | None = None

    def __post_init__(self) -> None:
        check_choice("seeds", self.seeds, self.among)
        check_truncation(self.truncation, self.cutoff)

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws:
        z = latents_of_seeds(turns(self.seeds, seeds), network.z_dim)
        return mapped(network, z, label, self.truncation, self.cutoff)


@spec
class ChosenCentres(LatentSpec):
    """The best of the centres of `among` clusters of w, the best first. The picture of seed s takes
    number s, and after the last the first again."""

    centres: tuple[int, ...]
    among: int

    def __post_init__(self) -> None:
        check_choice("centres", self.centres, self.among)

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws:
        rows = cluster_centres(network, label, self.among)[turns(self.centres, seeds)]
        return rows[:, None].expand(-1, network.num_ws, -1)  # [b, w] -> [b, num_ws, w]


def check_choice(name: str, chosen: Sequence[int], among: int) -> None:
    if not 1 <= among <= MOST:
        raise SpecError(f"among: got {among}; 1 to {MOST} candidates are wanted")
    if not chosen or min(chosen) < 0 or max(chosen) >= among:
        raise SpecError(f"{name}: got {list(chosen)}; name some of 0 to {among - 1}")


def turns(chosen: Sequence[int], seeds: Sequence[int]) -> list[int]:
    """What each picture takes, by its seed."""
    return [chosen[seed % len(chosen)] for seed in seeds]


@lru_cache(maxsize=8)
@torch.no_grad()
def cluster_centres(
    network: StyleGAN, label: int | None, count: int
) -> Float[Tensor, "count w_dim"]:
    """The means of clusters of w, found by k-means: Lloyd, "Least squares quantization in PCM"
    (1982). In float64 on the CPU, from the first w's on, so the same everywhere."""
    noise = numpy_normal(SEED, COUNT, network.z_dim)
    rows = [mapped(network, z, label, 1.0, None)[:, 0].cpu() for z in noise.split(CHUNK)]
    points = torch.cat(rows).double()
    centres = points[:count].clone()
    for _ in range(ROUNDS):
        near = torch.cdist(points, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, near, points)
        sizes = torch.bincount(near, minlength=count)[:, None]
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return centres.float().to(network.w_avg.device)
