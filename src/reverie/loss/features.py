"""How far a picture has gone from another one, as perceptors see both.

Source: the CLIP distance to a picture in ouhenio's StyleGAN3 inversion notebook (2021).
Differs: every view of the picture is compared with the very same view of the other one, so that
what is where counts; the mean over views in parts, so that memory does not grow with their number.
"""

from collections.abc import Iterator, Sequence

import torch

from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.loss.pixel import check_target, target, target_digests
from reverie.loss.targets import chunks
from reverie.protocols import (
    Augment,
    AugmentSpec,
    Canvas,
    Curve,
    Image,
    LossSpec,
    Machine,
    Moment,
    Perceptor,
    PerceptorSpec,
    PerImage,
)
from reverie.spec import spec


class FeatureLoss:
    """1 minus the cosine of both pictures' embeddings, 0 to 2: a mean over views, a sum over
    perceptors. Notes `likeness`, the mean cosine.

    Args:
        anchor: for each picture another one, of the same size.
    """

    def __init__(
        self,
        perceptors: Sequence[Perceptor],
        augment: Augment,
        anchor: Image,
        weight: Curve,
        chunk: int,
    ) -> None:
        self.perceptors, self.augment, self.anchor = perceptors, augment, anchor
        self.weight, self.chunk = weight, chunk

    def __call__(self, image: Image, moment: Moment) -> Iterator[PerImage]:
        b, weight = len(image), self.weight(moment.t)
        looks, others = (
            self.augment(x, Moment(moment.step, moment.t, moment.draws.named("views")))
            for x in (image, self.anchor)
        )
        for views in chunks(looks.count, self.chunk):
            for perceptor in self.perceptors:
                with torch.no_grad():
                    wanted = perceptor.encode_image(others.draw(views, perceptor.size))
                seen = perceptor.encode_image(looks.draw(views, perceptor.size))
                cosine = (seen * wanted).sum(1).unflatten(0, (-1, b)).sum(0)  # [views*b] -> [b]
                count = views.stop - views.start
                moment.note("likeness", cosine / looks.count / len(self.perceptors))
                yield weight * (count - cosine) / looks.count


@spec
class FeaturePull(LossSpec):
    """Towards `start`, what the canvas first showed, or a picture, by path or link. All perceptors
    see the same views, each at its own size."""

    perceptors: tuple[PerceptorSpec, ...]
    augment: AugmentSpec
    weight: Number = 1.0
    towards: str = "start"
    chunk: int = 16  # views that are in memory at a time

    def __post_init__(self) -> None:
        check_target(self.towards)
        if not self.perceptors:
            raise SpecError("perceptors: none is given; at least one must look")
        if self.chunk < 1:
            raise SpecError(f"chunk: {self.chunk} views at a time; it must be 1 or more")

    def digests(self) -> dict[str, str]:
        return target_digests(self.towards)

    def build(self, canvas: Canvas, machine: Machine) -> FeatureLoss:
        return FeatureLoss(
            [perceptor.build(machine) for perceptor in self.perceptors],
            self.augment.build(),
            target(canvas, self.towards),
            as_curve(self.weight),
            self.chunk,
        )
