"""The latents of a StyleGAN2 or StyleGAN3: one style vector w, one for every layer, or all styles.

Source: w as in vipermu/StyleCLIP (Perez, 2021) and NVIDIA's projector; W+ and S as in Patashnik et
al., "StyleCLIP" (2021), https://arxiv.org/abs/2103.17249, which leaves the styles that make colours
alone; units of a standard deviation as in nshepperd's StyleGAN3+CLIP notebook (2021).
Differs: these units hold in every space. Optimised noise maps begin as drawn for each picture, and
are kept at mean 0 and variance 1 as in NVIDIA's projector, without its loss on them.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from reverie import image as images
from reverie.canvas.averaged import AveragedCanvas
from reverie.canvas.start import check_size
from reverie.canvas.stylegan_files import SUFFIX, check_generator, save_latents
from reverie.canvas.stylegan_fit import fit
from reverie.canvas.stylegan_start import LatentFile, LatentSpec, MeanLatent, Space
from reverie.canvas.stylegan_units import Units
from reverie.errors import SpecError
from reverie.nets.stylegan import NoiseMap, NoiseMaps, Pixels, Styles, Ws
from reverie.nets.stylegan import StyleGAN as Network
from reverie.nets.stylegans import frozen
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import spec
from reverie.weights import pocket
from reverie.weights.store import find
from reverie.weights.stylegan_layouts import stylegan_layout

POCKET = "pocket-stylegan"
KINDS = ("stylegan2", "stylegan3")
TOLERANCE = 1e-4  # a noise map this near to mean 0 and variance 1 is left as it is
EPS = 1e-12
BYTES = {  # that a step takes for each row of the picture, in float32 and in bfloat16
    "stylegan2": (1_250_000, 750_000),
    "stylegan3": (4_300_000, 2_600_000),
}
NoiseKind = Literal["const", "none", "random", "optimised"]


class StyleGANCanvas(Canvas):
    """Draws the latents `q`, in standard deviations from the mean: `[b, 1, w]` in space w,
    `[b, layers, w]` in w+, `[b, s]` in s.

    Args:
        start: rows of w, or points of S.
        noise: as `synthesis` takes it; given maps are one for every picture.
        optimised: the noise maps are parameters.
        size: width and height; a picture is scaled, and its middle cut where the shape is another.
        reach: no latent goes further from the mean, in standard deviations.
    """

    first: Tensor | None

    def __init__(
        self,
        units: Units,
        start: Ws | Styles,
        *,
        noise: NoiseMaps = "const",
        optimised: bool = False,
        size: tuple[int, int] | None = None,
        reach: float | None = None,
    ) -> None:
        super().__init__()
        self.units, self.reach = units, reach  # shared by all canvases, so no part of the state
        side = units.network.resolution
        self.size = size or (side, side)
        point = units.point(start).detach()
        self.q = nn.Parameter(units.latents(point).clone())
        self.register_buffer("first", point.clone() if units.space == "s" else None)
        self.given: NoiseMaps = noise if isinstance(noise, str) else ()
        self.maps: list[str] = []
        for values in () if isinstance(noise, str) else noise:
            self.maps.append(f"noise{len(self.maps)}")
            if optimised:
                self.register_parameter(self.maps[-1], nn.Parameter(normal(values)))
            else:
                self.register_buffer(self.maps[-1], values)

    def forward(self) -> Image:
        return self._drawn(self.q)

    def _drawn(self, q: Tensor) -> Image:
        styles = self.units.styles(q, self.first)
        return fitted(self.units.network.synthesis_from_styles(styles, self._noise()), self.size)

    def styles(self) -> Styles:
        """The point of S that is drawn, with gradient."""
        return self.units.styles(self.q, self.first)

    def latents(self) -> Tensor:
        return self.q

    def latents_of(self, image: Image) -> Tensor:
        """Roughly, from the mean; see `stylegan_fit`."""
        return fit(self._drawn, image.expand(len(self.q), -1, -1, -1), [torch.zeros_like(self.q)])

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        """Roughly, from the mean or from where the latents are; see `stylegan_fit`."""
        self.q.copy_(fit(self._drawn, image, [torch.zeros_like(self.q), self.q]))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        maps = [p for name, p in self.named_parameters() if name in self.maps]
        return {"all": [self.q]} | ({"noise": maps} if maps else {})

    @torch.no_grad()
    def project_(self) -> None:
        if self.reach is not None:
            self.q.clamp_(-self.reach, self.reach)
        for values in self.groups().get("noise", []):
            values.copy_(normal(values))

    @torch.no_grad()
    def go_on_(self, other: Canvas) -> bool:
        """From the latents of the same network in another space, and its noise maps.

        Raises:
            SpecError: this space has no such point.
        """
        if isinstance(other, AveragedCanvas):
            other = other.canvas
        if not isinstance(other, StyleGANCanvas) or other.units.network is not self.units.network:
            return False
        self._move_to(self.units.point(other.point()))
        for name, maps in other.named_maps().items():
            if name in self.maps:
                getattr(self, name).copy_(maps)
        return True

    def point(self) -> Ws | Styles:
        """What is drawn, as rows of w; in space s, as a point of S."""
        return self.units.rows(self.q) if self.first is None else self.styles()

    def named_maps(self) -> dict[str, NoiseMap]:
        return {name: getattr(self, name) for name in self.maps}

    def _move_to(self, point: Ws | Styles) -> None:
        """To a point of this space."""
        self.q.copy_(self.units.latents(point))
        if self.first is not None:
            self.first.copy_(point)

    def _noise(self) -> NoiseMaps:
        return self.given or [*self.named_maps().values()]


def fitted(pixels: Pixels, size: tuple[int, int]) -> images.Resized:
    """A picture of what a network draws, at any size. What leaves 0..1 feels the way back only."""
    picture = images.clamp_with_gradient((pixels + 1) / 2, 0.0, 1.0)
    width, height = size
    return picture if pixels.shape[2:] == (height, width) else images.fit(picture, size)


def normal(values: NoiseMap) -> NoiseMap:
    """Each picture's map at mean 0 and variance 1; one that is so already as it is."""
    mean = values.mean((2, 3), keepdim=True)
    about = values - mean
    variance = about.square().mean((2, 3), keepdim=True)
    near = (mean.abs() < TOLERANCE) & ((variance - 1).abs() < TOLERANCE)
    return torch.where(near, values, about * (variance + EPS).rsqrt())


class NativeSize:
    """The size of a spec: as given, else that of its `native()`. A recipe has it in numbers once
    it is written, and so can be read where the model is not."""

    def __get__(self, spec: Any, kind: type) -> Any:
        return None if spec is None else vars(spec)["size"] or spec.native()

    def __set__(self, spec: Any, size: tuple[int, int] | None) -> None:
        if size is not None:
            check_size(size)
        vars(spec)["size"] = size


@spec
class StyleGAN(CanvasSpec):
    """`model` is `pocket-stylegan`, a name that `reverie models` lists, or a checkpoint's path.

    size: what the network draws, unless given; another is scaled, and its middle cut.
    space: `w`, one style vector; `w+`, one for every layer; `s`, the styles of all layers.
    colours: in space s, the styles that make colours move too.
    label: the class, of a network that has classes.
    noise: the fine detail: the network's own, none, drawn for every picture, or optimised.
    reach: no latent goes further from the mean, in standard deviations.
    """

    model: str
    size: tuple[int, int] = NativeSize()  # type: ignore[assignment]
    space: Space = "w+"
    start: LatentSpec = MeanLatent()
    label: int | None = None
    noise: NoiseKind = "const"
    colours: bool = False
    reach: float | None = None

    def __post_init__(self) -> None:
        if self.reach is not None and not 0 < self.reach < math.inf:
            raise SpecError(f"reach: got {self.reach}; it is above 0, in standard deviations")
        if self.colours and self.space != "s":
            raise SpecError(f"colours: space {self.space} moves them already; only s leaves them")

    def native(self) -> tuple[int, int]:
        _, side = outline(self.model)
        return side, side

    def digests(self) -> dict[str, str]:
        return {self.model: digest(self.model)}

    def memory(self, machine: Machine) -> int:
        """As measured on CPUs with networks of NVIDIA's usual widths, of 256 to 1024 pixels a side:
        the larger a layer, the fewer its channels. StyleGAN3-R takes up to twice as much as T."""
        network, side = outline(self.model)
        full, reduced = BYTES[network]
        each = reduced if machine.precision is torch.bfloat16 else full
        return each * side + super().memory(machine)

    def keep(self, canvas: Canvas, pictures: Sequence[Path]) -> list[Path]:
        """The latents of every picture, in a file of its name."""
        assert isinstance(canvas, StyleGANCanvas)
        paths = [path.with_suffix(SUFFIX) for path in pictures]
        for path, point in zip(paths, canvas.point().split(1), strict=True):
            save_latents(path, point, self.model, self.digests()[self.model])
        return paths

    def build(self, machine: Machine, seeds: Sequence[int]) -> StyleGANCanvas:
        network = built(self.model, machine)
        if isinstance(self.start, LatentFile):
            check_generator(self.start.path, self.digests()[self.model])
        noise: NoiseMaps = "none" if self.noise == "none" else "const"
        if self.noise in ("random", "optimised"):
            if not network.noise_sizes:
                raise SpecError(f"noise: {self.model} takes no maps, so none can be {self.noise}")
            noise = network.drawn_noise(Draws(seeds, 0, "noise"))
        return StyleGANCanvas(
            Units.of(network, self.space, self.label, self.colours),
            self.start.draw(network, self.label, seeds),
            noise=noise,
            optimised=self.noise == "optimised",
            size=self.size,
            reach=self.reach,
        )


@lru_cache
def outline(model: str) -> tuple[str, int]:
    """Of KINDS, which one a model is, and the pixels a side of what it draws.

    Raises:
        WeightsError: it is not there, or is no StyleGAN.
    """
    fields = read(model)[0]
    return fields["network"], fields.get("geometry", fields)["resolution"]


@lru_cache(maxsize=2)
def built(model: str, machine: Machine) -> Network:
    """A model, built once for every machine."""
    return frozen(*read(model), machine.precision).to(machine.device)


def read(model: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a model's network is built from, and its tensors."""
    if model == POCKET:
        inside, file = pocket.read(POCKET), str(pocket.file_of(POCKET))
        meaning = ("faces.mean", "faces.axes")  # what w means, see portrait.py
        tensors = {name: t for name, t in inside.tensors.items() if name not in meaning}
        config = inside.about
    else:
        found = find(model, *KINDS)
        (tensors, config), file = found.contents(), str(found.path)
    tensors, fields = stylegan_layout(tensors, config, file)
    return fields, tensors


def digest(model: str) -> str:
    """SHA-256 of a model's weights."""
    return pocket.digest(model) if model == POCKET else find(model, *KINDS).digest()
