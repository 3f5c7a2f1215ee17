"""Any canvas, shown through the running mean of its parameters: the jitter of the steps cancels.

Source: the EMA of lucidrains/big-sleep, `ema.py` (2021), after Kingma and Ba's bias correction.
Differs: wraps any canvas, and is updated once per step, after the projection.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call

from reverie.canvas import pixels
from reverie.errors import SpecError
from reverie.protocols import Canvas, CanvasSpec, Image, Machine
from reverie.spec import spec


class AveragedCanvas(Canvas):
    """Draws `canvas`, and shows it with averaged parameters.

    After n updates the weight of the k-th value is proportional to decay**(n - k).
    """

    updates: Tensor

    def __init__(self, canvas: Canvas, decay: float) -> None:
        super().__init__()
        self.canvas, self.decay = canvas, decay
        self.names = [name for name, p in canvas.named_parameters() if p.requires_grad]
        for i, p in enumerate(self._live()):
            self.register_buffer(f"average{i}", p.detach().clone())
        self.register_buffer("updates", torch.ones((), device=canvas.device))

    def forward(self) -> Image:
        return self.canvas()

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return self.canvas.groups()

    @torch.no_grad()
    def project_(self) -> None:
        self.canvas.project_()
        self.updates.add_(1)
        # expm1 keeps 1 - decay**updates accurate in float32
        weight = (1 - self.decay) / -torch.expm1(self.updates * math.log(self.decay))
        for average, p in zip(self._averages(), self._live(), strict=True):
            average.lerp_(p, weight)

    def shown(self, image: Image) -> Image:
        averages = dict(zip(self.names, self._averages(), strict=True))
        return self.canvas.shown(functional_call(self.canvas, averages, ()))

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        self.canvas.encode_(image)
        self._begin()

    def _begin(self) -> None:
        """The mean begins anew with what the canvas is now."""
        self.updates.fill_(1)
        for average, p in zip(self._averages(), self._live(), strict=True):
            average.copy_(p)

    @torch.no_grad()
    def go_on_(self, other: Canvas) -> bool:
        took = self.canvas.go_on_(other.canvas if isinstance(other, AveragedCanvas) else other)
        if took:
            self._begin()
        return took

    def latents(self) -> Tensor:
        return self.canvas.latents()

    def latents_of(self, image: Image) -> Tensor:
        return self.canvas.latents_of(image)

    @torch.no_grad()
    def settle_(self) -> None:
        """Makes the canvas what is shown of it."""
        for average, p in zip(self._averages(), self._live(), strict=True):
            p.copy_(average)

    def _live(self) -> list[nn.Parameter]:
        return [self.canvas.get_parameter(name) for name in self.names]

    def _averages(self) -> list[Tensor]:
        return [self.get_buffer(f"average{i}") for i in range(len(self.names))]


@spec
class Averaged(CanvasSpec):
    canvas: CanvasSpec
    decay: float = 0.99

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            raise SpecError(f"decay: {self.decay} is not between 0 and 1; 0.9 to 0.99 is usual")

    @property
    def size(self) -> tuple[int, int]:  # type: ignore[override]
        return self.canvas.size

    def memory(self, machine: Machine) -> int:
        return self.canvas.memory(machine)

    def keep(self, canvas: Canvas, pictures: Sequence[Path]) -> list[Path]:
        assert isinstance(canvas, AveragedCanvas)
        canvas.settle_()
        return self.canvas.keep(canvas.canvas, pictures)

    def build(self, machine: Machine, seeds: Sequence[int]) -> AveragedCanvas:
        return AveragedCanvas(self.canvas.build(machine, seeds), self.decay)


def tiny() -> Averaged:
    return Averaged(canvas=pixels.tiny(), decay=0.9)
