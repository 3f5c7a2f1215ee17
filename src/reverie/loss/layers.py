"""How differently the deep layers of an image tower see a picture and another one.

Source: Vinker et al., "CLIPasso" (2022), https://arxiv.org/abs/2202.05822: squared differences of
the outputs of two deep layers (of RN101 the third and the fourth stage, weight 1), a tenth of the
cosine distance of the embeddings, and views that are the same of both pictures, bent and cropped.
Differs: differences are counted in units of what the layer sees in the other picture, so that all
networks weigh alike; `square` is theirs. Any perceptor looks whose layers can be read. Its views
come in parts. The other picture stays as it is; theirs is first cut out of its background.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import torch

from reverie.augment.cutouts import Cutouts
from reverie.canvas.start import StartSpec
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.loss.pixel import check_target, target, target_digests
from reverie.loss.prompts import chunks
from reverie.perceptor.layers import layered, place
from reverie.perceptor.pocket import Pocket
from reverie.protocols import (
    Augment,
    AugmentSpec,
    Canvas,
    Curve,
    Image,
    Layered,
    LossSpec,
    Machine,
    Moment,
    PerceptorSpec,
    PerImage,
    Views,
)
from reverie.spec import spec

Measure = Literal["relative", "square"]
FAINT = 1e-6  # the least unit, where a layer sees nothing in the other picture


class LayerLoss:
    """The mean squared difference of every layer, and the cosine distance of the embeddings: a mean
    over views. It comes in parts. Notes `likeness`, the mean cosine.

    Args:
        layers: names and weights.
        embedding: weight of the embeddings.
        anchor: for each picture another one, of the same size; or what draws it.
    """

    def __init__(
        self,
        perceptor: Layered,
        layers: Sequence[tuple[str, float]],
        augment: Augment,
        anchor: Image | StartSpec,
        weight: Curve,
        *,
        embedding: float = 0.1,
        measure: Measure = "relative",
        chunk: int = 16,
    ) -> None:
        self.perceptor, self.layers, self.augment = perceptor, layers, augment
        self.anchor, self.weight, self.embedding = anchor, weight, embedding
        self.measure, self.chunk = measure, chunk

    def __call__(self, image: Image, moment: Moment) -> Iterator[PerImage]:
        b, weight = len(image), self.weight(moment.t)
        if isinstance(self.anchor, StartSpec):  # which depends on the seeds
            size = (image.shape[-1], image.shape[-2])
            self.anchor = self.anchor.draw(size, moment.draws.seeds, image.device)
        looks, others = (
            self.augment(x, Moment(moment.step, moment.t, moment.draws.named("views")))
            for x in (image, self.anchor)
        )
        for views in chunks(looks.count, self.chunk):
            seen, wanted = (x.draw(views, self.perceptor.size) for x in (looks, others))
            far, cosine = self._apart(seen, wanted)
            far, cosine = (x.unflatten(0, (-1, b)).sum(0) for x in (far, cosine))  # [views*b] -> b
            moment.note("likeness", cosine / looks.count)
            yield weight * far / looks.count

    def _apart(self, seen: Views, wanted: Views) -> tuple[PerImage, PerImage]:
        """How far each view is from its other, and the cosine of their embeddings."""
        with torch.no_grad():
            goal = self.perceptor.encode_image(wanted)
        cosine = (self.perceptor.encode_image(seen) * goal).sum(1)
        far = self.embedding * (1 - cosine)
        for layer, weight in self.layers:
            with torch.no_grad():
                goal = self.perceptor.activations(wanted, layer).flatten(1)
            gap = (self.perceptor.activations(seen, layer).flatten(1) - goal).square().mean(1)
            if self.measure == "relative":
                gap = gap / goal.square().mean(1).clamp(min=FAINT)
            far = far + weight * gap
        return far, cosine.detach()


@spec
class LayerPull(LossSpec):
    """Towards `start`, what the canvas first showed, a picture, by path or link, or what would
    start another canvas.

    Args:
        layers: None: two deep ones.
        weights: of the layers; one for each, or one for all.
        embedding: weight of the cosine distance beside them.
    """

    perceptor: PerceptorSpec
    augment: AugmentSpec
    towards: str | StartSpec = "start"
    layers: tuple[str, ...] | None = None
    weights: tuple[float, ...] = (1.0,)
    embedding: float = 0.1
    weight: Number = 1.0
    measure: Measure = "relative"
    chunk: int = 16  # views that are in memory at a time

    def __post_init__(self) -> None:
        if isinstance(self.towards, str):
            check_target(self.towards)
        if self.layers is not None and not self.layers:
            raise SpecError("layers: none is given; name one, or leave it out for two deep ones")
        count = 2 if self.layers is None else len(self.layers)
        if len(self.weights) not in (1, count):
            raise SpecError(
                f"weights: {len(self.weights)} for {count} layers; one for each, or one for all"
            )
        if self.chunk < 1:
            raise SpecError(f"chunk: {self.chunk} views at a time; it must be 1 or more")

    def digests(self) -> dict[str, str]:
        return target_digests(self.towards) if isinstance(self.towards, str) else {}

    def build(self, canvas: Canvas, machine: Machine) -> LayerLoss:
        perceptor = layered(self.perceptor, machine)
        names = self.layers or deep(perceptor.layers)
        for name in names:
            place(name, perceptor.layers)
        weights = self.weights * len(names) if len(self.weights) == 1 else self.weights
        return LayerLoss(
            perceptor,
            list(zip(names, weights, strict=True)),
            self.augment.build(),
            self.towards if isinstance(self.towards, StartSpec) else target(canvas, self.towards),
            as_curve(self.weight),
            embedding=self.embedding,
            measure=self.measure,
            chunk=self.chunk,
        )


def deep(layers: Sequence[str]) -> tuple[str, str]:
    """The last layer, and one two thirds of the way there: of a network in stages, the last of the
    stage before. Layers inside of others are not meant."""
    outer = [name for name in layers if not name.endswith(".mlp")]
    stages = list({name.partition(".")[0]: name for name in outer if "." in name}.values())
    if len(stages) > 1:
        return stages[-2], stages[-1]
    return outer[(len(outer) - 1) * 2 // 3], outer[-1]


def tiny() -> LayerPull:
    return LayerPull(perceptor=Pocket(), augment=Cutouts(count=2, preset="clipdraw"))
