"""A picture as a network that tells the colour of every place: painted at one size, drawn at any.

Source: lucidrains/deep-daze (2021) on siren-pytorch; see `nets/siren.py`.
Differs: pictures of every shape, the longer side from -1 to 1; what leaves 0..1 feels the way back
only; drawn once a step, however many views look. What is kept can be drawn anew, see `render.py`.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from reverie import image as images
from reverie.canvas.siren_files import SUFFIX, save_network
from reverie.canvas.start import check_size
from reverie.errors import SpecError
from reverie.image import clamp_with_gradient
from reverie.nets.siren import KEPT, Points, bound, places, points, shapes
from reverie.nets.siren import Siren as Network
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import canonical, spec

DEEPEST, WIDEST = 128, 4096  # layers, and numbers in each
FIT_STEPS, FIT_RATE = 12, 5e-3  # of the descent towards a picture that is taken over


class SirenCanvas(Canvas):
    """Draws what `network` shows at `points`, row by row."""

    points: Tensor

    def __init__(self, network: Network, points: Points, size: tuple[int, int]) -> None:
        super().__init__()
        self.network, self.size = network, size
        self.register_buffer("points", points, persistent=False)

    def forward(self) -> Image:
        return drawn(self.network, self.points, self.size)

    @torch.no_grad()
    def go_on_(self, other: Canvas) -> bool:
        """The network is the same at every size."""
        if not isinstance(other, SirenCanvas) or not self.network.is_like(other.network):
            return False
        self.network.load_state_dict(other.network.state_dict())
        return True

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        """Some steps of descent for what is waves, then the best mixture of them."""
        goal = (image * 2 - 1).permute(0, 2, 3, 1).flatten(1, 2)  # [b, 3, h, w] -> [b, h*w, 3]
        rate = FIT_RATE / len(self.network.layers)  # deep networks bear less
        adam = torch.optim.Adam(self.network.parameters(), lr=rate)
        for _ in range(FIT_STEPS):
            adam.zero_grad()
            with torch.enable_grad():
                (self.network(self.points) - goal).square().mean((1, 2)).sum().backward()
            adam.step()
        adam.zero_grad()
        self.network.mix_(self.points, goal)


def drawn(network: Network, points: Points, size: tuple[int, int]) -> Image:
    """What a network shows at the points of a picture of some width and height."""
    width, height = size
    rows = network(points).unflatten(1, (height, width))  # [b, h*w, 3] -> [b, h, w, 3]
    return clamp_with_gradient((rows.permute(0, 3, 1, 2) + 1) / 2, 0.0, 1.0).contiguous()


@spec
class Siren(CanvasSpec):
    """`layers` sines of `hidden` numbers each; `w0` is how fast they turn, `w0_first` those of the
    first layer: the higher, the finer what there is to begin with."""

    size: tuple[int, int] = (256, 256)  # width, height
    layers: int = 16
    hidden: int = 256
    w0: float = 30.0
    w0_first: float = 30.0

    def __post_init__(self) -> None:
        check_size(self.size)
        for name, value, most in (
            ("layers", self.layers, DEEPEST),
            ("hidden", self.hidden, WIDEST),
        ):
            if not 1 <= value <= most:
                raise SpecError(f"{name}: got {value}; 1 to {most} are wanted")
        for name, rate in (("w0", self.w0), ("w0_first", self.w0_first)):
            if not 0 < rate < math.inf:
                raise SpecError(f"{name}: got {rate}; it is above 0, and 30 is usual")

    def memory(self, machine: Machine) -> int:
        """Weights with what an optimiser keeps of them, layers of a tile, and the picture."""
        weights = sum(math.prod(shape) for shape in shapes(self.layers, self.hidden).values())
        return 24 * weights + 2 * KEPT + super().memory(machine)

    def build(self, machine: Machine, seeds: Sequence[int]) -> SirenCanvas:
        draws, made = Draws(seeds, 0, "start"), shapes(self.layers, self.hidden)
        tensors: dict[str, Tensor] = {}
        for name, shape in made.items():
            into = made[name.replace("bias", "weight")][1]
            even = draws.named(name).uniform(*shape) * 2 - 1  # [b, *shape], -1 to 1
            tensors[name] = even * bound(name, into, self.w0)
        where = points(*places(self.size)).to(machine.device)
        return SirenCanvas(self.network(tensors, machine), where, self.size)

    def network(self, tensors: Mapping[str, Tensor], machine: Machine) -> Network:
        """The networks of some pictures from their tensors, `[b, ...]` each."""
        return Network(tensors, (self.w0_first, self.w0), machine.precision).to(machine.device)

    def keep(self, canvas: Canvas, pictures: Sequence[Path]) -> list[Path]:
        """The network of every picture, in a file of its name, with the story in the picture."""
        assert isinstance(canvas, SirenCanvas)
        state, kept = canvas.network.state_dict(), [path.with_suffix(SUFFIX) for path in pictures]
        for i, (picture, path) in enumerate(zip(pictures, kept, strict=True)):
            told = {"canvas": canonical(self), "story": images.read_text(picture)}
            own = {name: x[i] for name, x in state.items()}
            save_network(path, own, {name: text for name, text in told.items() if text})
        return kept


def tiny() -> Siren:
    return Siren(size=(9, 6), layers=2, hidden=64)
