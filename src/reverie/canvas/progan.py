"""The noise of a ProGAN, on the sphere where it was trained.

Source: z optimised under CLIP, as in the BigSleep line of systems (2021), for the networks of
https://github.com/facebookresearch/pytorch_GAN_zoo.
Differs: z is brought back to mean square 1 after each update, where the network would do so anyway;
otherwise it grows, and each step moves it less.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from reverie.canvas.stylegan import NativeSize, fitted
from reverie.nets.progan import Noise
from reverie.nets.progan import ProGAN as Network
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import spec
from reverie.weights.progan_layouts import progan_layout
from reverie.weights.store import find

TOLERANCE = 1e-4  # noise this near to the sphere is left where it is


class ProGANCanvas(Canvas):
    """Draws the noise `z`, `[b, z_dim]`."""

    def __init__(self, network: Network, z: Noise, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.networks = (network,)  # shared by all canvases, so no part of the state
        self.size = size or (network.resolution, network.resolution)
        self.z = nn.Parameter(on_sphere(z) if network.normalized else z.detach().clone())

    def forward(self) -> Image:
        return fitted(self.networks[0](self.z), self.size)

    def latents(self) -> Tensor:
        return self.z

    @torch.no_grad()
    def project_(self) -> None:
        if self.networks[0].normalized:
            self.z.copy_(on_sphere(self.z))


def on_sphere(z: Noise) -> Noise:
    """Each row at mean square 1; one that is so already as it is."""
    square = z.detach().square().mean(1, keepdim=True)
    return torch.where((square - 1).abs() < TOLERANCE, z, z * square.rsqrt()).detach()


@spec
class ProGAN(CanvasSpec):
    """`model` is a name that `reverie models` lists, or a checkpoint's path. Every picture starts
    from noise of its own.

    size: what the network draws, unless given; another is scaled, and its middle cut.
    """

    model: str
    size: tuple[int, int] = NativeSize()  # type: ignore[assignment]

    def native(self) -> tuple[int, int]:
        return resolution(self.model), resolution(self.model)

    def digests(self) -> dict[str, str]:
        return {self.model: find(self.model, "progan").digest()}

    def memory(self, machine: Machine) -> int:
        """As measured on CPUs with networks of GAN-Zoo's widths, of 256 and 512 pixels a side: the
        larger a layer, the fewer its channels."""
        each = 650_000 if machine.precision is torch.bfloat16 else 1_000_000
        return each * resolution(self.model) + super().memory(machine)

    def build(self, machine: Machine, seeds: Sequence[int]) -> ProGANCanvas:
        network = built(self.model, machine)
        z = Draws(seeds, 0, "start").normal(network.z_dim).to(machine.device)
        return ProGANCanvas(network, z, self.size)


@lru_cache
def resolution(model: str) -> int:
    """Pixels a side of what a model draws."""
    return built(model, Machine(torch.device("cpu"), torch.float32)).resolution


@lru_cache(maxsize=2)
def built(model: str, machine: Machine) -> Network:
    """A model, built once for every machine."""
    found = find(model, "progan")
    tensors, fields = progan_layout(*found.contents(), str(found.path))
    return Network.frozen(fields, tensors, machine.precision).to(machine.device)
