"""How far a picture is from some words, pictures and directions, as perceptors see it.

Source: Crowson's VQGAN+CLIP notebook (2021), `Prompt`: spherical distance, weight and stop;
averaging as in lucidrains/deep-daze (2021).
Differs: the distance has a true gradient at 0 and at pi, one value per picture, and comes in parts,
so that memory does not grow with the number of views. What is averaged has unit length, as all that
perceptors give here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.prompt import Prompt
from reverie.protocols import (
    Augment,
    AugmentSpec,
    Canvas,
    Curve,
    Draws,
    Embedding,
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

Distance = Literal["spherical", "cosine"]
Pairs = Float[Tensor, "n rows"]
PerView = Float[Tensor, " n"]
Rows = Float[Tensor, "_ _"]  # of any number and width


def spherical(a: Embedding, b: Float[Tensor, "rows d"]) -> Pairs:
    """Half the squared angle between every row of `a` and of `b`, 0 to pi**2 / 2.

    The half angle of unit vectors has the tangent |a - b| / |a + b|, which is accurate, and has a
    finite gradient, for near vectors (where arccos has not) and opposite ones (nor has arcsin).
    """
    a, b = a[:, None], b[None]  # [n, 1, d], [1, rows, d]
    return 2 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1)).square()


def cosine(a: Embedding, b: Float[Tensor, "rows d"]) -> Pairs:
    """1 minus the cosine, 0 to 2."""
    return 1 - a @ b.T


DISTANCES = {"spherical": spherical, "cosine": cosine}


def pull(distance: Pairs, weight: float, stop: float = float("-inf")) -> PerView:
    """|weight| times the mean over targets of the signed distance: minus it when repelled.

    Only what is at or above `stop` has a gradient; the value does not show the stop.
    """
    signed = distance if weight > 0 else -distance
    resting = signed.detach()
    return abs(weight) * torch.where(signed >= stop, signed, resting).mean(1)


@dataclass(frozen=True)
class Target:
    """A prompt as perceptors see it."""

    embeddings: tuple[Rows, ...]  # one per perceptor, a row for every view of a picture
    weight: Curve
    stop: float = float("-inf")
    scored: bool = True  # whether it counts for the similarity that is noted


class PromptLoss:
    """Weighted distance from all views of a picture to all targets of the scene that is on.

    A sum over prompts and perceptors, a mean over views; or, with a share of `averaging`, the
    distance from the mean of all views. It comes in parts: one for every `chunk` views and
    perceptor. Notes `similarity`, the mean cosine to what attracts.
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
    ) -> None:
        self.perceptors, self.augment, self.scenes = perceptors, augment, scenes
        self.every, self.fade = every, fade
        self.distance, self.chunk = DISTANCES[distance], chunk
        self.weight, self.averaging = weight or as_curve(1.0), averaging or as_curve(0.0)

    def __call__(self, image: Image, moment: Moment) -> Iterator[PerImage]:
        scale, b = self.weight(moment.t), len(image)
        scene = [
            (x, scale * share * x.weight(moment.t))
            for share, targets in self.scenes_at(moment.step, moment.t)
            for x in targets
        ]
        looks = self.augment(image, moment)
        whole = sum(weight for x, weight in scene if x.scored and weight > 0)
        averaging, pieces = self.averaging(moment.t), chunks(looks.count, self.chunk)
        totals = self._totals(looks, b, pieces) if averaging and len(pieces) > 1 else None
        for views in pieces:
            for i, perceptor in enumerate(self.perceptors):
                seen = perceptor.encode_image(looks.draw(views, perceptor.size))  # [views*b, d]
                if whole:
                    share = self._similarity(seen.detach(), scene, i) / whole
                    share = share.unflatten(0, (-1, b)).sum(0)  # [views*b] -> [b]
                    moment.note("similarity", share / looks.count / len(self.perceptors))
                value = self._pulled(seen, scene, i)
                value = value.unflatten(0, (-1, b)).sum(0) / looks.count  # [views*b] -> [b]
                if averaging:
                    own = seen.unflatten(0, (-1, b)).sum(0)  # [views*b, d] -> [b, d]
                    others = totals[i] - own.detach() if totals else torch.zeros_like(own)
                    mean = self._pulled(F.normalize(own + others, dim=1), scene, i)
                    share = (views.stop - views.start) / looks.count
                    mean = mean - (1 - share) * mean.detach()  # the parts add up to its value
                    value = torch.lerp(value, mean, averaging)
                yield value

    def _pulled(self, seen: Tensor, scene: list[tuple[Target, float]], i: int) -> PerView:
        """How far rows that a perceptor saw are from all targets of a scene."""
        value = seen.new_zeros(len(seen))
        for x, weight in scene:
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

    def _similarity(self, seen: Tensor, scene: list[tuple[Target, float]], i: int) -> PerView:
        """Weighted sum over attracting words and pictures of the mean cosine."""
        scored = [(x, weight) for x, weight in scene if x.scored and weight > 0]
        rows = [weight * (seen @ x.embeddings[i].T).mean(1) for x, weight in scored]
        return torch.stack(rows).sum(0)


@spec
class Prompts(LossSpec):
    """`perceptors` are summed; all see the same views, each at its own size.

    Scenes have equal shares of the run, or `every` steps each; `fade` is the share of a scene's
    length over which one turns into the next, half of it before the change. `averaging` is the
    share of the distance from the mean of all views, which leaves the views free to differ.
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
        with torch.no_grad():
            looks = _looks(prompts, canvas, augment, machine)
            seen = [_embed(prompts, looks, p, self.chunk) for p in perceptors]
        targets = {
            prompt: Target(
                embeddings=tuple(rows[prompt] for rows in seen),
                weight=as_curve(prompt.weight),
                stop=float("-inf") if prompt.stop is None else prompt.stop,
                scored=prompt.noise is None,
            )
            for prompt in prompts
        }
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
        )


def chunks(count: int, chunk: int) -> list[slice]:
    """`count` things, `chunk` at a time."""
    return [slice(i, min(i + chunk, count)) for i in range(0, count, chunk)]


def _looks(
    prompts: Sequence[Prompt], canvas: Canvas, augment: Augment, machine: Machine
) -> dict[str, Looks]:
    """Views of every picture among the prompts, cut like those of the canvas, once and for all."""
    paths = dict.fromkeys(prompt.picture for prompt in prompts if prompt.picture)
    size = canvas().shape[:-3:-1] if paths else (0, 0)  # width, height
    return {
        path: augment(
            images.resize(images.load(path), size).to(machine.device),
            Moment(0, 0.0, Draws((0,), 0, f"prompt/{path}")),
        )
        for path in paths
    }


def _embed(
    prompts: Sequence[Prompt], looks: dict[str, Looks], perceptor: Perceptor, chunk: int
) -> dict[Prompt, Rows]:
    """Where a perceptor sees every prompt. A picture has a row for each of its views; together with
    words it has one, midway between the words and the mean of its views."""
    words = [prompt.words for prompt in prompts if prompt.words]
    texts = perceptor.encode_text(words or ["a picture"])  # without words, for its width
    rows = iter(texts.split(1))
    found: dict[Prompt, Rows] = {}
    for prompt in prompts:
        if prompt.words:
            found[prompt] = next(rows)
        if prompt.picture:
            look = looks[prompt.picture]
            parts = chunks(look.count, chunk)
            seen = [perceptor.encode_image(look.draw(part, perceptor.size)) for part in parts]
            views = torch.cat(seen)
            if prompt.words:
                mean = F.normalize(views.mean(0, keepdim=True), dim=1)
                views = F.normalize(found[prompt] + mean, dim=1)
            found[prompt] = views
        elif prompt.noise is not None:
            noise = Draws((prompt.noise,), 0, "noise").normal(texts.shape[1])
            found[prompt] = F.normalize(noise.to(texts), dim=-1)
    return found
