"""What pulls at a picture: words, pictures and directions as perceptors see them, and how far.

Source: Crowson's VQGAN+CLIP notebook (2021), `Prompt`: spherical distance, weight and stop.
Differs: the distance has a true gradient at 0 and at pi.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie import place
from reverie.curve import as_curve
from reverie.place import Box
from reverie.prompt import Prompt
from reverie.protocols import (
    Augment,
    Canvas,
    Curve,
    Draws,
    Embedding,
    Looks,
    Machine,
    Moment,
    Perceptor,
)

Distance = Literal["spherical", "cosine"]
Pairs = Float[Tensor, "n rows"]
PerView = Float[Tensor, " n"]
Rows = Float[Tensor, "_ _"]  # of any number and width
Shown = tuple[str, Box | None]  # a picture and the part that it is for


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
    box: Box | None = None  # the part of the picture that it pulls at; None: all of it


def chunks(count: int, chunk: int) -> list[slice]:
    """`count` things, `chunk` at a time."""
    return [slice(i, min(i + chunk, count)) for i in range(0, count, chunk)]


@torch.no_grad()
def embedded(
    prompts: Sequence[Prompt],
    perceptors: Sequence[Perceptor],
    canvas: Canvas,
    augment: Augment,
    machine: Machine,
    chunk: int,
) -> dict[Prompt, Target]:
    """Every prompt as the perceptors see it. Pictures among them are looked at in views like those
    of the canvas, or of the part of it that they are for, once and for all."""
    looks = _looks(prompts, canvas, augment, machine)
    seen = [_embed(prompts, looks, perceptor, chunk) for perceptor in perceptors]
    return {
        prompt: Target(
            embeddings=tuple(rows[prompt] for rows in seen),
            weight=as_curve(prompt.weight),
            stop=float("-inf") if prompt.stop is None else prompt.stop,
            scored=prompt.noise is None,
            box=None if prompt.box == place.WHOLE else prompt.box,
        )
        for prompt in prompts
    }


def _looks(
    prompts: Sequence[Prompt], canvas: Canvas, augment: Augment, machine: Machine
) -> dict[Shown, Looks]:
    """Views of every picture among the prompts, by its path and the part that it is for."""
    shown = dict.fromkeys((p.picture, p.box) for p in prompts if p.picture)
    width, height = canvas().shape[:-3:-1] if shown else (0, 0)
    looks: dict[Shown, Looks] = {}
    for path, box in shown:
        left, top, right, bottom = place.pixels(box, (width, height))
        fitted = images.resize(images.load(path), (right - left, bottom - top))
        moment = Moment(0, 0.0, Draws((0,), 0, f"prompt/{path}"))
        looks[path, box] = augment(fitted.to(machine.device), moment)
    return looks


def _embed(
    prompts: Sequence[Prompt], looks: dict[Shown, Looks], perceptor: Perceptor, chunk: int
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
            look = looks[prompt.picture, prompt.box]
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
