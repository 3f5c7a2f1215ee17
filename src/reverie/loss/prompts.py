"""How far a picture is from some words, pictures and directions, as perceptors see it.

Source: Crowson's VQGAN+CLIP notebook (2021), `Prompt`: spherical distance, weight and stop;
averaging as in lucidrains/deep-daze (2021).
Differs: one value per picture, and it comes in parts, so that memory does not grow with the number
of views. What is averaged has unit length, as all that perceptors give here. A prompt may have a
place: then the views are of that part of the picture alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.loss.targets import DISTANCES, Distance, PerView, Target, chunks, embedded, pull
from reverie.place import Box, cropped, narrowed
from reverie.prompt import Prompt
from reverie.protocols import (
    Augment,
    AugmentSpec,
    Canvas,
    Curve,
    Draws,
    Image,
    Looks,
    LossSpec,
    Machine,
    Moment,
    Perceptor,
    PerceptorSpec,
    PerImage,
)
from reverie.spec import spec

FEWEST = 4  # cutouts of each part of a picture
LOOSE = 0.15  # how far its edges move, at most, as a share of its sides
Pull = tuple[Target, float]  # with its weight at a moment


class PromptLoss:
    """Weighted distance from all views of a picture to all targets of the scene that is on.

    A sum over prompts and perceptors, a mean over views; or, with a share of `averaging`, the
    distance from the mean of all views. It comes in parts: one for every `chunk` views and
    perceptor. Notes `similarity`, the mean cosine to what attracts. Each part of the picture that
    targets are for has views of its own, chosen as those of a whole picture are.
    """

    def __init__(
        self,
        perceptors: Sequence[Perceptor],
        augment: Augment,
        scenes: Sequence[Sequence[Target]],
        *,
        distance: Distance = "spherical",
        weight: Curve | None = None,
        every: int | None = None,
        fade: float = 0.0,
        averaging: Curve | None = None,
        chunk: int = 16,
        shared: Mapping[int, Augment] | None = None,  # number of parts -> for each of so many
    ) -> None:
        self.perceptors, self.augment, self.scenes = perceptors, augment, scenes
        self.shared = shared or {}
        self.every, self.fade = every, fade
        self.distance, self.chunk = DISTANCES[distance], chunk
        self.weight, self.averaging = weight or as_curve(1.0), averaging or as_curve(0.0)

    def __call__(self, image: Image, moment: Moment) -> Iterator[PerImage]:
        scale = self.weight(moment.t)
        scene = [
            (x, scale * share * x.weight(moment.t))
            for share, targets in self.scenes_at(moment.step, moment.t)
            for x in targets
        ]
        whole = sum(weight for x, weight in scene if x.scored and weight > 0)
        groups = by_place(scene)
        augment = self.shared.get(len(groups), self.augment)
        for box, pulls in groups.items():
            looks = _looks(image, box, augment, moment)
            yield from self._judged(looks, len(image), pulls, moment, whole)

    def _judged(
        self, looks: Looks, b: int, pulls: list[Pull], moment: Moment, whole: float
    ) -> Iterator[PerImage]:
        """How far views of one part of a picture are from what pulls at that part.

        Args:
            whole: the weight of all that attracts and is scored, in all parts.
        """
        averaging, pieces = self.averaging(moment.t), chunks(looks.count, self.chunk)
        totals = self._totals(looks, b, pieces) if averaging and len(pieces) > 1 else None
        for views in pieces:
            for i, perceptor in enumerate(self.perceptors):
                seen = perceptor.encode_image(looks.draw(views, perceptor.size))  # [views*b, d]
                if whole:
                    share = self._similarity(seen.detach(), pulls, i) / whole
                    share = share.unflatten(0, (-1, b)).sum(0)  # [views*b] -> [b]
                    moment.note("similarity", share / looks.count / len(self.perceptors))
                value = self._pulled(seen, pulls, i)
                value = value.unflatten(0, (-1, b)).sum(0) / looks.count  # [views*b] -> [b]
                if averaging:
                    own = seen.unflatten(0, (-1, b)).sum(0)  # [views*b, d] -> [b, d]
                    others = totals[i] - own.detach() if totals else torch.zeros_like(own)
                    mean = self._pulled(F.normalize(own + others, dim=1), pulls, i)
                    share = (views.stop - views.start) / looks.count
                    mean = mean - (1 - share) * mean.detach()  # the parts add up to its value
                    value = torch.lerp(value, mean, averaging)
                yield value

    def _pulled(self, seen: Tensor, pulls: list[Pull], i: int) -> PerView:
        """How far rows that a perceptor saw are from all that pulls."""
        value = seen.new_zeros(len(seen))
        for x, weight in pulls:
            value = value + pull(self.distance(seen, x.embeddings[i]), weight, x.stop)
        return value

    @torch.no_grad()
    def _totals(self, looks: Looks, b: int, pieces: Sequence[slice]) -> list[Tensor]:
        """What every perceptor sees in all views of a picture together, `[b, d]`."""
        return [
            sum(
                perceptor.encode_image(looks.draw(views, perceptor.size))
                .unflatten(0, (-1, b))
                .sum(0)
                for views in pieces
            )
            for perceptor in self.perceptors
        ]  # type: ignore[return-value]

    def scenes_at(self, step: int, t: float) -> list[tuple[float, Sequence[Target]]]:
        """The scene that is on, or the two that are while one fades into the next, and the share
        of each. Scenes last `every` steps, the last one to the end; or equal shares of the run."""
        last = len(self.scenes) - 1
        at = step / self.every if self.every else t * len(self.scenes)
        border = min(max(round(at), 1), last)  # the change of scenes that is nearest
        gone = (at - border) / self.fade + 0.5 if self.fade else 1.0
        if last and 0 < gone < 1:
            return [(1 - gone, self.scenes[border - 1]), (gone, self.scenes[border])]
        on = int(at + 1e-9)  # step / steps falls a hair short of a border
        return [(1.0, self.scenes[min(on, last)])]

    def _similarity(self, seen: Tensor, pulls: list[Pull], i: int) -> PerView:
        """Weighted sum over attracting words and pictures of the mean cosine."""
        scored = [(x, weight) for x, weight in pulls if x.scored and weight > 0]
        rows = [weight * (seen @ x.embeddings[i].T).mean(1) for x, weight in scored]
        return torch.stack(rows).sum(0) if rows else seen.new_zeros(len(seen))


def _looks(image: Image, box: Box | None, augment: Augment, moment: Moment) -> Looks:
    """Views of one part of the pictures. Its edges move a little inwards, anew at every step: views
    see them repeated outwards, so that what stays at one place becomes a line in the picture."""
    if box is None:
        return augment(image, moment)
    name = f"box {box}"
    alike = Draws((0,), moment.draws.step, name).uniform(4)[0]  # for pictures are cut as a batch
    part = cropped(image, narrowed(box, (LOOSE * alike).tolist()))
    return augment(part, replace(moment, draws=moment.draws.named(name)))


def by_place(scene: Sequence[Pull]) -> dict[Box | None, list[Pull]]:
    """What pulls at the whole picture first, and what pulls at each part of it."""
    parts = dict.fromkeys(sorted({x.box for x, _ in scene}, key=lambda box: box or ()))
    return {box: [pull for pull in scene if pull[0].box == box] for box in parts}


def shared(augment: AugmentSpec, most: int) -> dict[int, Augment]:
    """What shows each of several parts, by how many there are, up to `most`: cutouts are shared out
    among them, so that parts cost nothing, and other views are all shown."""
    if not isinstance(augment, Cutouts):
        return {}
    few = min(augment.count, FEWEST)
    counts = {parts: max(-(-augment.count // parts), few) for parts in range(2, most + 1)}
    return {parts: replace(augment, count=count).build() for parts, count in counts.items()}


@spec
class Prompts(LossSpec):
    """`perceptors` are summed; all see the same views, each at its own size.

    Scenes have equal shares of the run, or `every` steps each; `fade` is the share of a scene's
    length over which one turns into the next, half of it before the change. `averaging` is the
    share of the distance from the mean of all views, which leaves the views free to differ. Where
    prompts have boxes, cutouts are shared out evenly among the boxes and the whole.
    """

    scenes: tuple[tuple[Prompt, ...], ...]
    perceptors: tuple[PerceptorSpec, ...]
    augment: AugmentSpec
    distance: Distance = "spherical"
    weight: Number = 1.0
    every: int | None = None
    fade: float = 0.0
    averaging: Number = 0.0
    chunk: int = 16  # views that are in memory at a time

    def __post_init__(self) -> None:
        if not self.scenes or not all(self.scenes):
            raise SpecError("scenes: every scene needs a prompt, and there must be one scene")
        if not self.perceptors:
            raise SpecError("perceptors: none is given; at least one must look")
        if self.every is not None and self.every < 1:
            raise SpecError(f"every: {self.every} steps a scene; it must be 1 or more")
        if not 0 <= self.fade <= 1:
            raise SpecError(f"fade: {self.fade} is not a share of a scene's length, 0 to 1")
        shares = [as_curve(self.averaging)(t) for t in (0.0, 0.5, 1.0)]
        if not all(0 <= share <= 1 for share in shares):
            raise SpecError(f"averaging: {self.averaging} is not a share, 0 to 1")
        if self.chunk < 1:
            raise SpecError(f"chunk: {self.chunk} views at a time; it must be 1 or more")

    def digests(self) -> dict[str, str]:
        """SHA-256 of the pictures among the prompts, by path. Links have none."""
        pictures = {p.picture for scene in self.scenes for p in scene if p.picture}
        return {path: images.digest(path) for path in sorted(pictures) if not images.is_link(path)}

    def build(self, canvas: Canvas, machine: Machine) -> PromptLoss:
        perceptors = [perceptor.build(machine) for perceptor in self.perceptors]
        augment = self.augment.build()
        prompts = list(dict.fromkeys(prompt for scene in self.scenes for prompt in scene))
        targets = embedded(prompts, perceptors, canvas, augment, machine, self.chunk)
        return PromptLoss(
            perceptors,
            augment,
            [[targets[prompt] for prompt in scene] for scene in self.scenes],
            distance=self.distance,
            weight=as_curve(self.weight),
            every=self.every,
            fade=self.fade,
            averaging=as_curve(self.averaging),
            chunk=self.chunk,
            shared=shared(self.augment, len({prompt.box for prompt in prompts})),
        )
