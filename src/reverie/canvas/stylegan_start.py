"""Where a StyleGAN starts: the mean, noise, a file of latents, or a mixture of two of these.

Source: noise by seed, truncation and style mixing as in NVIDIA's stylegan2-ada-pytorch; StyleCLIP
(2021) starts from the mean or from a file.
Differs: a file of `[layers, w]` is one latent, never a batch of pictures as StyleCLIP takes it.
"""

import hashlib
import io
import math
import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import safetensors.torch
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor

from reverie.errors import SpecError, WeightsError
from reverie.nets.stylegan import (
    Labels,
    Noise,
    StyleGAN,
    Styles,
    Ws,
    latents_of_seeds,
    moments,
    numpy_normal,
)
from reverie.protocols import Draws
from reverie.spec import spec
from reverie.weights.pickles import LEGACY

Space = Literal["w", "w+", "s"]  # one row of w, one for every layer, or the styles of all layers
Numbers = Float[Tensor, "*shape"]
COUNT, SEED, CHUNK = 10_000, 123, 1000  # noise that the statistics are of, as NVIDIA's projector
LEAST = 1e-6  # a number that never varies has this deviation, so that nothing is divided by 0
MAX_BYTES = 2**26  # of a file of latents
BROKEN = (
    *(OSError, ValueError, TypeError, EOFError, MemoryError, RuntimeError, KeyError),
    *(pickle.UnpicklingError, SafetensorError),
)


class LatentSpec(ABC):
    """Data that describes where a StyleGAN starts."""

    @abstractmethod
    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws | Styles:
        """Rows of w, `[b, num_ws, w_dim]`, or points of S, `[b, s_dim]`; those of a picture
        depend on its seed alone."""


@spec
class MeanLatent(LatentSpec):
    """The mean of all w: the face that is nobody's."""

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws | Styles:
        mean, _ = statistics(network, "w", label)
        return mean.expand(len(seeds), network.num_ws, -1)


@spec
class SeedLatent(LatentSpec):
    """What NVIDIA's programs draw for a seed; without one, for each picture's own.

    truncation: 1 leaves w as it is, 0 makes it the mean; of the first `cutoff` rows.
    """

    seed: int | None = None
    truncation: float = 1.0
    cutoff: int | None = None

    def __post_init__(self) -> None:
        if self.seed is not None and not 0 <= self.seed < 1 << 32:
            raise SpecError(f"seed: got {self.seed}; NVIDIA's noise takes 0 to {(1 << 32) - 1}")
        check_truncation(self.truncation, self.cutoff)

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws | Styles:
        chosen = seeds if self.seed is None else [self.seed] * len(seeds)
        z = latents_of_seeds(chosen, network.z_dim)
        return mapped(network, z, label, self.truncation, self.cutoff)


@spec
class RandomLatent(LatentSpec):
    """Another for every picture. Truncation is as in `SeedLatent`."""

    truncation: float = 0.7
    cutoff: int | None = None

    def __post_init__(self) -> None:
        check_truncation(self.truncation, self.cutoff)

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws | Styles:
        z = Draws(seeds, 0, "start").normal(network.z_dim)
        return mapped(network, z, label, self.truncation, self.cutoff)


@spec
class LatentFile(LatentSpec):
    """A file of latents: .npy, .safetensors, or what torch.save writes, with one tensor in it.

    `[w]` and `[1, w]` are a row of w, `[layers, w]` and `[1, layers, w]` a row for every layer, and
    `[styles]` and `[1, styles]` a point of S. number: which one, where there are several.
    """

    path: str
    number: int | None = None

    def digests(self) -> dict[str, str]:
        """SHA-256 of the file, by its path."""
        return {self.path: hashlib.sha256(_bytes(self.path)).hexdigest()}

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws | Styles:
        found = read_latents(self.path)
        rows, widths = (network.num_ws, network.w_dim), (network.w_dim, network.s_dim)
        if found.shape == rows or found.shape in [(width,) for width in widths]:
            found = found[None]
        if found.ndim == 2 and found.shape[1] == network.w_dim:
            found = found[:, None].expand(-1, network.num_ws, -1)  # [n, w] -> [n, num_ws, w]
        if found.shape[1:] not in (rows, (network.s_dim,)):
            raise SpecError(
                f"{self.path}: holds {list(found.shape)}; this network takes [{network.w_dim}], "
                f"{list(rows)} or [{network.s_dim}], or several of these"
            )
        one = self._chosen(found).to(network.w_avg.device)
        return one.expand(len(seeds), *one.shape[1:])

    def _chosen(self, found: Tensor) -> Tensor:
        count = len(found)
        number = 0 if self.number is None and count == 1 else self.number
        if number is None or not 0 <= number < count:
            said = "none is chosen" if number is None else f"number {number} is wanted"
            raise SpecError(
                f"{self.path}: holds {count} latents and {said}; set number to 0 to {count - 1}"
            )
        return found[number : number + 1]


@spec
class MixedLatent(LatentSpec):
    """Style mixing: the numbered rows of w come from `other`, the rest from `start`. The first rows
    are pose and shape, the last ones colour."""

    start: LatentSpec
    other: LatentSpec
    rows: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.rows or min(self.rows) < 0:
            raise SpecError(f"rows: got {list(self.rows)}; name rows of w, from 0 on")

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws | Styles:
        if max(self.rows) >= network.num_ws:
            raise SpecError(
                f"rows: got {list(self.rows)}; this network has rows 0 to {network.num_ws - 1}"
            )
        start, other = (one.draw(network, label, seeds) for one in (self.start, self.other))
        if start.ndim != 3 or other.ndim != 3:
            raise SpecError("rows: a point of S has none; mix latents that are rows of w")
        numbers = torch.arange(network.num_ws, device=start.device)
        chosen = torch.isin(numbers, torch.tensor(self.rows, device=start.device))
        return torch.where(chosen[:, None], other, start)


def check_truncation(truncation: float, cutoff: int | None) -> None:
    if not math.isfinite(truncation) or abs(truncation) > 2:
        raise SpecError(f"truncation: got {truncation}; -2 to 2 is wanted, and 0.7 is usual")
    if cutoff is not None and cutoff < 0:
        raise SpecError(f"cutoff: got {cutoff}; it is a number of rows of w, 0 or more")


@torch.no_grad()
def mapped(
    network: StyleGAN, z: Noise, label: int | None, truncation: float, cutoff: int | None
) -> Ws:
    z = z.to(network.w_avg.device)
    return network.mapping(z, shares(network, label, len(z)), truncation, cutoff)


def shares(network: StyleGAN, label: int | None, count: int) -> Labels | None:
    """A class as a network with classes takes it, `count` times.

    Raises:
        SpecError: the network has no classes, or not this one, or it has and none is given.
    """
    if not network.c_dim:
        if label is not None:
            raise SpecError(f"label: got {label}, and this network has no classes; leave it out")
        return None
    if label is None or not 0 <= label < network.c_dim:
        came = "got none" if label is None else f"got {label}"
        raise SpecError(f"label: {came}; this network draws classes 0 to {network.c_dim - 1}")
    numbers = torch.arange(network.c_dim, device=network.w_avg.device)
    return (numbers == label).float().expand(count, -1)


@lru_cache(maxsize=8)
@torch.no_grad()
def statistics(
    network: StyleGAN, space: Space, label: int | None
) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """Mean and standard deviation of every number of w, or of every style, of one class.

    The noise is that of NVIDIA's projector. A number that never varies has the deviation LEAST.
    """
    parts = numpy_normal(SEED, COUNT, network.z_dim).split(CHUNK)
    rows = (mapped(network, z, label, 1.0, None) for z in parts)
    mean, deviation = moments(network.styles(ws) if space == "s" else ws[:, 0] for ws in rows)
    return mean, deviation.clamp(min=LEAST)


def read_latents(path: str) -> Numbers:
    """The one tensor of a file, as float32 on the CPU. Nothing in the file is run.

    Raises:
        WeightsError: it cannot be read, or holds several tensors, or what is no finite number.
    """
    data = _bytes(path)
    try:
        if data.startswith(b"\x93NUMPY"):
            found = torch.from_numpy(np.load(io.BytesIO(data), allow_pickle=False))
        elif data[8:9] == b"{":
            found = safetensors.torch.load(data)
        elif data.startswith((b"PK", LEGACY)):
            found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        else:
            raise ValueError(f"begins with {data[:8]!r}")
    except BROKEN as error:
        raise WeightsError(
            f"{path}: holds no latents that can be read; wanted is .npy, .safetensors, or a tensor "
            "that torch.save wrote"
        ) from error
    if isinstance(found, dict) and len(found) == 1:
        found = next(iter(found.values()))
    if not isinstance(found, Tensor):
        count = len(found) if isinstance(found, dict) else "no"
        raise WeightsError(f"{path}: holds {count} tensors; one of latents is wanted")
    found = found.detach().float()
    if not found.numel() or not found.isfinite().all():
        raise WeightsError(f"{path}: holds no numbers, or some that are not finite")
    return found


def _bytes(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise WeightsError(f"{path}: is larger than {MAX_BYTES >> 20} MiB, which no latents are")
    return data
