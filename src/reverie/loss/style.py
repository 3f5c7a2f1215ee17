"""How far a picture is from the colours, strokes and textures of another one.

Source: StyleCLIPDraw (Schaldenbrand, Liu and Oh 2022), https://arxiv.org/abs/2202.12362, whose
style loss is that of STROTSS (Kolkin et al. 2019), without what keeps a content there.
Differs: VGG16 sees pictures at full contrast, as it was trained to; `half` is theirs, see
`columns.py`. Places are drawn one by one (theirs are every second one of a grid, rows and columns
shuffled apart). The style's side is computed once. A style is made as large as the drawing, and no
longer than `longest`. A perceptor's layers may take the place of VGG16.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.canvas.start import Perlin, StartSpec
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.loss.columns import Columns, Contrast, Seer, TileSeer, VGGSeer
from reverie.loss.transport import Clouded, cosine_transport, moments, palette
from reverie.nets.vgg import VGG16
from reverie.perceptor.layers import layered, place
from reverie.perceptor.pocket import Pocket
from reverie.protocols import (
    Canvas,
    Curve,
    Draws,
    Image,
    LossSpec,
    Machine,
    Moment,
    PerceptorSpec,
    PerImage,
)
from reverie.spec import spec
from reverie.weights.feature_layouts import feature_layout
from reverie.weights.store import find

FAINT = 1e-6  # the least unit, where a layer sees nothing in a style
DEPTH = 0.5  # of all layers of a perceptor are looked at unless others are named


class StyleLoss:
    """Half the sum of how far columns must travel, how their moments differ, and how far colours
    must travel. Every picture is a part. Notes `style`, the same without weight.

    Args:
        style: one picture.
        known: columns of it to compare with.
        longest: side of a picture that is looked at; larger ones are shrunk.
        alike: whether channels are first counted in units of their own spread in the style, about
            their mean there, so that all layers weigh alike.
    """

    def __init__(
        self,
        seer: Seer,
        style: Image,
        weight: Curve,
        *,
        samples: int = 1024,
        known: int = 5000,
        longest: int = 224,
        alike: bool = False,
    ) -> None:
        self.seer, self.weight, self.samples, self.longest = seer, weight, samples, longest
        with torch.no_grad():
            columns = seer(style, Draws((0,), 0, "style"), known, smooth=False)
            width = columns.shape[1]
            self.middle, self.unit = columns.new_zeros(width), columns.new_ones(width)
            if alike:
                self.middle, self.unit = spread(columns, seer.widths)
            self.goal = Clouded.of((columns - self.middle) / self.unit, columns[:, :3])

    def __call__(self, image: Image, moment: Moment) -> Iterator[PerImage]:
        weight = self.weight(moment.t)
        if not weight:
            yield image.new_zeros(len(image))
            return
        for i, seed in enumerate(moment.draws.seeds):
            draws = Draws((seed,), moment.draws.step, moment.draws.name)
            picture = reduced(image[i : i + 1], self.longest)
            columns = self.seer(picture, draws, self.samples, smooth=True)
            own = torch.arange(len(image), device=image.device) == i
            far = own * self.apart(columns)
            moment.note("style", far)
            yield weight * far

    def apart(self, columns: Columns) -> Float[Tensor, ""]:
        """How far the columns of a picture are from those of the style."""
        seen = (columns - self.middle) / self.unit
        far = cosine_transport(seen, self.goal.unit) + moments(seen, self.goal)
        return (far + palette(columns[:, :3], self.goal.colours)) / 2


def spread(columns: Columns, widths: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The mean of every channel, and a unit for it: the root mean square spread of its layer, as
    large as makes all layers alike."""
    middle = columns.mean(0)
    layers = (columns - middle).split(list(widths), dim=1)
    units = [x.square().mean().sqrt().clamp(min=FAINT).expand(x.shape[1]) for x in layers]
    shares = [(x.shape[1] * len(widths) / columns.shape[1]) ** 0.5 for x in layers]
    return middle, torch.cat([u * share for u, share in zip(units, shares, strict=True)])


def reduced(image: Image, longest: int) -> Float[Tensor, "b 3 _ _"]:
    """At most `longest` pixels on its longer side, by the mean of what falls into each."""
    height, width = image.shape[2:]
    share = min(1.0, longest / max(height, width))
    return F.adaptive_avg_pool2d(image, (round(height * share) or 1, round(width * share) or 1))


@spec
class StyleTransfer(LossSpec):
    """Towards the style of a picture, by path or link, or of what would start a canvas.

    Args:
        features: who looks: vgg16, once it is imported, its file, or a perceptor.
        layers: of a perceptor. None: the shallower half.
        samples: places of a picture that are looked at in each step.
        known: places of the style.
        longest: pixels of the longer side of what is looked at.
        contrast: how VGG16 sees pictures; half is as in StyleCLIPDraw.
    """

    picture: str | StartSpec
    features: str | PerceptorSpec = "vgg16"
    layers: tuple[str, ...] | None = None
    weight: Number = 1.0
    samples: int = 1024
    known: int = 5000
    longest: int = 224
    contrast: Contrast = "full"

    def __post_init__(self) -> None:
        if isinstance(self.picture, str) and not self.picture.strip():
            raise SpecError("picture: is empty; write the path or link of one with the style")
        if self.layers is not None and (not self.layers or isinstance(self.features, str)):
            raise SpecError("layers: of a perceptor some can be named; those of VGG16 are its nine")
        if min(self.samples, self.known) < 2 or self.longest < 16:
            raise SpecError(
                f"samples: {self.samples}, known: {self.known}, longest: {self.longest}; at least "
                "2 places and 16 pixels are wanted"
            )

    def digests(self) -> dict[str, str]:
        """SHA-256 of VGG16 and of the picture; what is behind a link may change and has none."""
        found: dict[str, str] = {}
        if isinstance(self.features, str):
            found[self.features] = find(self.features, "vgg16").digest()
        if isinstance(self.picture, str) and not images.is_link(self.picture):
            found[self.picture] = images.digest(self.picture)
        return found

    def build(self, canvas: Canvas, machine: Machine) -> StyleLoss:
        with torch.no_grad():
            height, width = canvas().shape[2:]
        long = min(self.longest, max(height, width))
        return StyleLoss(
            self._seer(machine, min(height, width)),
            self._style(long, (width, height)).to(machine.device),
            as_curve(self.weight),
            samples=self.samples,
            known=self.known,
            longest=self.longest,
            alike=not isinstance(self.features, str),
        )

    def _style(self, long: int, size: tuple[int, int]) -> Image:
        """The picture, its longer side as long as that of the drawing that is looked at."""
        if isinstance(self.picture, StartSpec):
            picture = self.picture.draw(size, (0,), torch.device("cpu"))
        else:
            picture = images.load(self.picture)
        height, width = picture.shape[2:]
        share = long / max(height, width)
        return images.resize(picture, (max(1, round(width * share)), max(1, round(height * share))))

    def _seer(self, machine: Machine, short: int) -> Seer:
        if isinstance(self.features, str):
            return VGGSeer(vgg(self.features, machine), self.contrast)
        perceptor = layered(self.features, machine)
        names = self.layers or perceptor.layers[: max(1, round(len(perceptor.layers) * DEPTH))]
        for name in names:
            place(name, perceptor.layers)
        return TileSeer(perceptor, names, min(perceptor.size, short), machine.device)


@lru_cache(maxsize=1)
def vgg(name: str, machine: Machine) -> VGG16:
    """The network, built once."""
    network = VGG16(feature_layout("vgg16", find(name, "vgg16").tensors(), name))
    return network.to(machine.device).computing(machine.precision)


def tiny() -> StyleTransfer:
    return StyleTransfer(picture=Perlin(), features=Pocket(), samples=60, known=80)
