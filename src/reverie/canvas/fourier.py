"""A picture as its spectrum: waves that are adjusted, coarse ones faster than fine ones.

Source: Olah et al., "Feature Visualization" (2017), https://distill.pub/2017/feature-visualization;
the colour matrix is that of Lucid (tensorflow/lucid): the square root of the covariance of the
colours of ImageNet, divided by its longest column. The decay is that of eps696/aphantasia.
Differs: frequencies count waves across the longer side, and coefficients of 1 draw a picture of
natural contrast, so a learning rate means the same at every size; every picture has its own noise.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.canvas.start import Noise, StartSpec, check_size
from reverie.errors import SpecError
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import spec

COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))  # to red, green, blue
EDGE = 1 / 1024  # a quarter of a grey level: nearer to 0 and 1 the sigmoid hardly moves

SLOPE = 1 / 4  # of the sigmoid at grey

Spectrum = Float[Tensor, "b 3 h half 2"]  # real and imaginary parts, half = w // 2 + 1


class FourierCanvas(Canvas):
    """Sums waves of amplitude `spectrum / frequency**decay`, mixes colours, squashes to 0..1."""

    scale: Tensor
    colours: Tensor
    inverse: Tensor

    def __init__(self, spectrum: Spectrum, width: int, decay: float) -> None:
        super().__init__()
        self.spectrum = nn.Parameter(spectrum.detach().clone())
        self.width, self.height = width, spectrum.shape[-3]
        scale = amplitudes(width, self.height, decay).to(spectrum.device)
        self.register_buffer("scale", scale[..., None], persistent=False)  # [h, half, 1]
        matrix = torch.tensor(COLOURS, device=spectrum.device)
        matrix = matrix / matrix.norm(dim=0).max()
        self.register_buffer("colours", matrix, persistent=False)
        self.register_buffer("inverse", torch.linalg.inv(matrix), persistent=False)

    def forward(self) -> Image:
        waves = torch.view_as_complex(self.spectrum * self.scale)
        plain = torch.fft.irfft2(waves, s=(self.height, self.width), norm="forward")
        return mix(self.colours, plain).sigmoid()

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        plain = mix(self.inverse, image.clamp(EDGE, 1 - EDGE).logit())
        waves = torch.fft.rfft2(plain, norm="forward")
        self.spectrum.copy_(torch.view_as_real(waves) / self.scale)


def amplitudes(width: int, height: int, decay: float) -> Float[Tensor, "h half"]:
    """Of the waves of an rfft spectrum: in proportion to 1 / frequency**decay.

    Frequencies are in waves across the longer side; the mean counts as a wave of frequency 1.
    Standard normal coefficients add up to a standard deviation of 1 before colours are mixed.
    """
    longer = max(width, height)
    down = torch.fft.fftfreq(height)[:, None] * longer
    across = torch.fft.rfftfreq(width) * longer
    scale = (down**2 + across**2).sqrt().clamp(min=1) ** -decay  # [h, half]
    return scale / (2 * scale.square().sum()).sqrt()  # each coefficient stands for two waves


def mix(matrix: Tensor, x: Tensor) -> Tensor:
    """`matrix` times the colour of every pixel."""
    return torch.einsum("ij,bjhw->bihw", matrix, x)


@spec
class Fourier(CanvasSpec):
    """`decay` above 1 favours broad shapes. A start of noise is noise in the spectrum."""

    size: tuple[int, int] = (512, 512)  # width, height
    decay: float = 1.5
    start: StartSpec = Noise()

    def __post_init__(self) -> None:
        check_size(self.size)
        if not 0 <= self.decay <= 4:
            raise SpecError(f"decay: {self.decay} is outside 0 to 4; 1 to 2 paints well")

    def build(self, machine: Machine, seeds: Sequence[int]) -> FourierCanvas:
        width, height = self.size
        shape = (3, height, width // 2 + 1, 2)
        if isinstance(self.start, Noise):  # white noise in pixels would be huge in fine waves
            noise = Draws(seeds, 0, "start").normal(*shape).to(machine.device)
            spectrum = self.start.strength / SLOPE * noise / math.sqrt(2)
            return FourierCanvas(spectrum, width, self.decay)
        canvas = FourierCanvas(
            torch.zeros(len(seeds), *shape, device=machine.device), width, self.decay
        )
        canvas.encode_(self.start.draw(self.size, seeds, machine.device))
        return canvas


def tiny() -> Fourier:
    return Fourier(size=(9, 6))
