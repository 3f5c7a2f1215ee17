"""The latents of a VQGAN: every tile of the picture is a word of a learnt codebook.

Source: Esser et al., "Taming Transformers" (2021), https://arxiv.org/abs/2012.09841, optimised as
in Crowson's "VQGAN+CLIP (z+quantize method)" notebook (2021): the nearest rows are drawn, the
gradient passes as if they were the latents themselves, and every channel is kept within the range
that it has in the codebook.
Differs: every picture of a batch has its own start; a Gumbel VQGAN encodes without noise.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from reverie.canvas.start import StartSpec, check_size
from reverie.errors import SpecError
from reverie.image import clamp_with_gradient
from reverie.nets.pocket_vqgan import PocketVQGAN
from reverie.nets.vqgan import VQGAN as Network
from reverie.nets.vqgan import rows_of, straight_through
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import spec
from reverie.weights import pocket
from reverie.weights.store import find
from reverie.weights.vqgan_layouts import vqgan_layout

POCKET = "pocket-vqgan"


Codec = Network | PocketVQGAN  # pictures of -1..1 into rows of a codebook, and back


class VQGANCanvas(Canvas):
    """Draws the rows of the codebook that are nearest to `z`, `[b, d, h / scale, w / scale]`."""

    codebook: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, codec: Codec, z: Tensor) -> None:
        super().__init__()
        self.z = nn.Parameter(z.detach().clone())
        self.encode, self.decode = codec.encode, codec.decode  # shared, so no part of the state
        bounds = codec.codebook.aminmax(dim=0)
        for name, value in (("low", bounds.min), ("high", bounds.max)):
            self.register_buffer(name, value[:, None, None], persistent=False)  # [d, 1, 1]
        self.register_buffer("codebook", codec.codebook, persistent=False)

    def forward(self) -> Image:
        return drawn(self.decode, straight_through(self.z, self.codebook))

    @torch.no_grad()
    def project_(self) -> None:
        self.z.copy_(torch.minimum(torch.maximum(self.z, self.low), self.high))

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        self.z.copy_(self.latents_of(image))

    def latents(self) -> Tensor:
        return self.z

    def latents_of(self, image: Image) -> Tensor:
        return self.encode(image * 2 - 1)


def drawn(decode: Callable[[Tensor], Tensor], rows: Tensor) -> Image:
    """What a decoder makes of rows of its codebook. What leaves 0..1 feels the way back only."""
    return clamp_with_gradient((decode(rows) + 1) / 2, 0.0, 1.0)


@spec
class VQGAN(CanvasSpec):
    """`model` is `pocket-vqgan`, a name that `reverie models` lists, or a checkpoint's path.

    Without a `start`, every tile is a random row of the codebook.
    """

    size: tuple[int, int] = (256, 256)  # width, height: whole tiles of the model
    model: str = POCKET
    start: StartSpec | None = None

    def __post_init__(self) -> None:
        check_size(self.size)

    def digests(self) -> dict[str, str]:
        return {self.model: digest(self.model)}

    def memory(self, machine: Machine) -> int:
        return memory(self.model, machine) * self.size[0] * self.size[1]

    def build(self, machine: Machine, seeds: Sequence[int]) -> VQGANCanvas:
        codec = built(self.model, machine)
        width, height = tiles(self.size, codec.scale, self.model)
        rows = random_rows(len(codec.codebook), (height, width), seeds)
        canvas = VQGANCanvas(codec, rows_of(rows.to(machine.device), codec.codebook))
        if self.start is not None:
            canvas.encode_(self.start.draw(self.size, seeds, machine.device))
        return canvas


def random_rows(count: int, shape: tuple[int, int], seeds: Sequence[int]) -> Tensor:
    """Numbers from 0 to `count - 1`, `[b, *shape]`; those of a picture depend on its seed alone."""
    share = Draws(seeds, 0, "start").uniform(*shape).double()
    return (share * count).long().clamp(max=count - 1)


def tiles(size: tuple[int, int], scale: int, model: str) -> tuple[int, int]:
    """How many tiles a picture is wide and high.

    Raises:
        SpecError: the size is not made of whole tiles.
    """
    if any(side % scale for side in size):
        near = "x".join(str(max(round(side / scale), 1) * scale) for side in size)
        raise SpecError(
            f"size: {size[0]}x{size[1]} is not made of whole tiles of {scale} pixels, as {model} "
            f"draws them; {near} is the nearest"
        )
    return size[0] // scale, size[1] // scale


def memory(model: str, machine: Machine) -> int:
    """Bytes a pixel that a step takes, as measured on CPUs at 256 to 1024 pixels a side."""
    full, reduced = (1100, 700) if model == POCKET else (4800, 3000)
    return reduced if machine.precision is torch.bfloat16 else full


def digest(model: str) -> str:
    """SHA-256 of a model's weights."""
    return pocket.digest(model) if model == POCKET else find(model, "vqgan").digest()


@lru_cache(maxsize=2)
def built(model: str, machine: Machine) -> Codec:
    """A model, built once for every machine."""
    if model == POCKET:
        read = pocket.read(POCKET)
        codec = PocketVQGAN.frozen(read.about["sizes"], read.tensors, machine.precision)
    else:
        found = find(model, "vqgan")
        tensors, fields = vqgan_layout(found.tensors(), found.config, str(found.path))
        codec = Network.frozen(fields, tensors, machine.precision)
    return codec.to(machine.device)


def tiny() -> VQGAN:
    return VQGAN(size=(24, 16))
