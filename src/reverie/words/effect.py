"""What a modifier does to a picture, measured: pictures with it beside pictures without, at equal
seeds.

Source: Liu and Chilton, "Design Guidelines for Prompt Engineering Text-to-Image Generative Models"
(2022), who compared pictures of many seeds by eye; `kept` is after the zero-shot choice of CLIP.
Differs: the perceptor that painted says how far a picture moved; another one, the judge, says so
too, and whether the subject is still there: a picture can please its own perceptor by tricks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.perceptor.compare import embed_labels, embed_pictures
from reverie.protocols import Embedding, Perceptor

OTHERS = (
    *("a dog", "a cat", "a bird", "a fish", "a frog", "a horse", "a butterfly", "a spider"),
    *("a tree", "a flower", "a mushroom", "a mountain", "the sea", "the moon", "a star"),
    *("a car", "a ship", "a train", "a bicycle", "a rocket", "a house", "a lamp", "a clock"),
    *("a book", "a guitar", "an apple", "a cake", "a pizza", "a cup", "a chair", "a shoe"),
    *("a hat", "a key", "an umbrella", "a crown", "a face", "a hand", "a heart", "a robot"),
    "a ghost",
)
ALIKE = 0.85  # cosine of two texts from which they say nearly the same
UNCLEAR = 0.02  # a difference of cosines: less is no subject that could be lost


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a modifier did, one value per seed.

    moved: 1 - cosine of the pictures with and without it, in the perceptor's space; 0 is none.
    towards: by how much the cosine to the modifier's own words rose, in that space.
    judged: the same in the judge's space.
    kept: how much clearer than other things the judge sees the subject, as a share of what it was
    without the modifier; 1 is all of it. Empty where it saw none.
    named: whether the judge takes the subject, of all things it is offered.
    """

    modifier: str
    moved: tuple[float, ...]
    towards: tuple[float, ...]
    judged: tuple[float, ...]
    kept: tuple[float, ...]
    named: tuple[bool, ...]


class Measure:
    """Compares pictures of a subject with those without a modifier.

    Args:
        eye: the perceptor that painted.
        judge: another perceptor.
        subject: the words without the modifier.
        without: pictures of these words, one for each seed.
    """

    def __init__(
        self, eye: Perceptor, judge: Perceptor, subject: str, without: Sequence[Path]
    ) -> None:
        self.eye, self.judge = eye, judge
        self.seen, self.judged = embed_pictures(eye, without), embed_pictures(judge, without)
        with torch.no_grad():
            labels = embed_labels(judge, [subject, *OTHERS])
        self.subject, others = labels[0], labels[1:]
        different = others[others @ self.subject < ALIKE]
        self.others = different if len(different) else others
        clear, self.named = self._clear(self.judged)
        self.clear = clear.mean()  # of one seed alone it may be near nothing

    @property
    def between_seeds(self) -> float:
        """How far pictures without it are from each other: the mean of 1 - cosine; 0 for one."""
        n = len(self.seen)
        apart = 1 - self.seen @ self.seen.T
        return apart.sum().item() / (n * (n - 1)) if n > 1 else 0.0

    def of(self, modifier: str, pictures: Sequence[Path]) -> Effect:
        """The effect of a modifier.

        Args:
            pictures: with it, of the same seeds in the same order.
        """
        seen, judged = embed_pictures(self.eye, pictures), embed_pictures(self.judge, pictures)
        clear, named = self._clear(judged)
        return Effect(
            modifier=modifier,
            moved=_values(1 - (seen * self.seen).sum(1)),
            towards=self._rise(self.eye, modifier, seen - self.seen),
            judged=self._rise(self.judge, modifier, judged - self.judged),
            kept=_values(clear / self.clear) if self.clear > UNCLEAR else (),
            named=named,
        )

    @torch.no_grad()
    def _rise(
        self, perceptor: Perceptor, modifier: str, change: Float[Tensor, "n d"]
    ) -> tuple[float, ...]:
        return _values(change @ perceptor.encode_text([modifier])[0])

    def _clear(self, pictures: Embedding) -> tuple[Tensor, tuple[bool, ...]]:
        """By how much the subject's cosine is above the mean of the other things', and whether it
        is the highest."""
        own, others = pictures @ self.subject, pictures @ self.others.T  # [n], [n, others]
        return own - others.mean(1), tuple((own > others.amax(1)).tolist())


def error_of(values: Sequence[float]) -> float:
    """The standard error of a mean; not a number for one value."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")


def as_data(effect: Effect) -> dict[str, object]:
    """An effect as JSON data: the means, and the values of every seed."""
    seeds = {name: getattr(effect, name) for name in ("moved", "towards", "judged", "kept")}
    means = {name: round(mean(v), 4) if v else None for name, v in seeds.items()}
    rounded = {name: [round(value, 4) for value in values] for name, values in seeds.items()}
    return {
        "modifier": effect.modifier,
        **means,
        "named": sum(effect.named),
        "seeds": {**rounded, "named": [*effect.named]},
    }


def _values(tensor: Tensor) -> tuple[float, ...]:
    return tuple(tensor.float().cpu().tolist())
