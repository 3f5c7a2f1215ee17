"""The space W of the pocket StyleGAN: what is known of a face, as one point.

Every choice of every attribute is a number, 1 where it is chosen; measures are numbers as they are.
About their means over all faces, and turned by a rotation that treats all directions alike, these
are w. So w is linear in what is seen, its mean is what faces have in common, and every direction of
it means something.

A face has two rows of w: the shapes follow the first, in the coarse layers, and the colours the
second, in the fine ones. Where they are of two faces, the picture has the shapes of the one in the
colours of the other, as style mixing wants it.
"""

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training import portraits
from training.dice import pick, uniform
from training.portrait_parts import COLOURS
from training.portraits import ATTRIBUTES, Portraits

MEASURES = tuple(f.name for f in fields(Portraits) if f.name not in ATTRIBUTES)
UNITS = {"roll": 0.16, "zoom": 0.07}  # of measures that do not go from -1 to 1
MIDDLE = {"zoom": 1.0, "line": 0.5}
TINTS = ("line", "shade", "tint")  # measures that belong to the colours
SMALL = ("nose", "fangs", "wrinkles", "freckles", "scar")  # takes more practice
SAMPLE = 50_000  # faces that the means are of
# What is drawn where an attribute is at its mean. Colours are drawn as the mean of all colours.
TYPICAL = {name: choices[0] for name, choices in ATTRIBUTES.items()} | {
    "gender": "female",
    "age": "adult",
    "hair_style": "short",
    "clothes": "t shirt",
    "backdrop": "gradient",
}


@dataclass(frozen=True)
class Block:
    """Where an attribute or a measure lies among all numbers; whether it is one of colour."""

    name: str
    at: slice
    colour: bool

    @property
    def chosen(self) -> bool:
        return self.name in ATTRIBUTES


def blocks() -> list[Block]:
    """All numbers of a face, in order."""
    found, start = [], 0
    for name in (*ATTRIBUTES, *MEASURES):
        stop = start + len(ATTRIBUTES.get(name, "1"))
        found.append(Block(name, slice(start, stop), name in COLOURS or name in TINTS))
        start = stop
    return found


BLOCKS = blocks()
NUMBERS = BLOCKS[-1].at.stop
COLOURED = torch.cat(
    [torch.full((block.at.stop - block.at.start,), block.colour) for block in BLOCKS]
)
W_DIM = NUMBERS - len(ATTRIBUTES)  # what is chosen adds up to 1


def numbers(people: Portraits) -> Tensor:
    """[b, NUMBERS]"""
    found = []
    for block in BLOCKS:
        value = getattr(people, block.name)
        if block.chosen:
            found.append(F.one_hot(value, len(ATTRIBUTES[block.name])).float())
        else:
            unit, middle = UNITS.get(block.name, 1.0), MIDDLE.get(block.name, 0.0)
            found.append((value[:, None] - middle) / unit)
    return torch.cat(found, 1)


def measured(numbers: Tensor, name: str) -> Tensor:
    """A measure back from its number, `[b, 1]` -> `[b]`."""
    value = numbers[:, 0] * UNITS.get(name, 1.0) + MIDDLE.get(name, 0.0)
    return value.clamp(0, 1) if name == "line" else value


@dataclass(frozen=True)
class Space:
    """mean: of all numbers; axes: `[W_DIM, NUMBERS]`, orthonormal."""

    mean: Tensor
    axes: Tensor

    def point(self, numbers: Tensor) -> Tensor:
        """`[b, NUMBERS]` -> w, `[b, W_DIM]`."""
        return (numbers - self.mean) @ self.axes.T

    def numbers(self, w: Tensor) -> Tensor:
        """Back again."""
        return w @ self.axes + self.mean


@lru_cache(maxsize=1)
def space() -> Space:
    """The one space, always the same."""
    draws = Generator().manual_seed(77)
    mean = numbers(portraits.sample(SAMPLE, draws)).mean(0)
    free = torch.eye(NUMBERS)
    for block in BLOCKS:
        if block.chosen:  # what adds up to 1 cannot all grow
            free[block.at, block.at] -= 1 / (block.at.stop - block.at.start)
    values, vectors = torch.linalg.eigh(free)
    basis = vectors[:, values > 0.5].T  # [W_DIM, NUMBERS]
    turn, _ = torch.linalg.qr(torch.randn(W_DIM, W_DIM, generator=draws))
    return Space(mean, turn @ basis)


@dataclass(frozen=True)
class Faces:
    """What is learnt from: two rows of w, the shapes' and the colours', and what to draw of them.

    ws: `[b, 2, W_DIM]`
    """

    ws: Tensor
    people: Portraits
    mixes: dict[str, Tensor]

    def drawn(self, size: int) -> Tensor:
        return portraits.draw(self.people, size, mixes=self.mixes)


@dataclass(frozen=True)
class Loosely:
    """How far training goes from faces as they are sampled.

    apart: share of faces whose colours and shapes are of two; changed: share of faces some of whose
    attributes are any others; untold: share of attributes that are at their mean; vague: share of
    faces of which more are; faint: share of faces that are nearer to the mean; noise: deviation of
    each number.
    """

    apart: float = 0.5
    changed: float = 0.35
    untold: float = 0.1
    vague: float = 0.14
    faint: float = 0.2
    noise: float = 0.09


def faces(count: int, draws: Generator, loosely: Loosely = Loosely()) -> Faces:
    """New faces to learn from."""
    people = _changed(portraits.sample(count, draws), loosely.changed, draws)
    told, mean = numbers(people), space().mean
    faint = _now_and_then(loosely.faint, 0.55, 1.0, 1.0, count, draws)
    untold = _now_and_then(loosely.vague, 0.3, 1.3, loosely.untold, count, draws)
    for block in BLOCKS:
        own, near = told[:, block.at], mean[block.at]
        if block.chosen and not block.colour:
            own, codes = _loosened(own, block, untold, draws)
            people = replace(people, **{block.name: codes})
        elif block.chosen:
            own = _blended(own, near, untold, draws)
        own = near.lerp(own, faint) + loosely.noise * _normal(own.shape, draws)
        if not block.chosen:
            people = replace(people, **{block.name: measured(own, block.name)})
        told[:, block.at] = own
    apart = uniform(draws, count, 1) < loosely.apart
    other = torch.where(apart, told[torch.randperm(count, generator=draws)], told)
    rows = [torch.where(COLOURED, other, told), torch.where(COLOURED, told, other)]
    mixes = {block.name: told[:, block.at] for block in BLOCKS if block.chosen and block.colour}
    return Faces(torch.stack([space().point(row) for row in rows], 1), people, mixes)


def _now_and_then(
    often: float, low: float, high: float, else_: float, count: int, draws: Generator
) -> Tensor:
    """Of so many faces a number in low..high, of the others another one. `[count, 1]`"""
    some = uniform(draws, count, 1) < often
    return torch.where(some, uniform(draws, count, 1, low=low, high=high), else_)


def _changed(people: Portraits, share: float, draws: Generator) -> Portraits:
    """Some faces with any values of some attributes."""
    some = uniform(draws, len(people)) < share
    for name, choices in ATTRIBUTES.items():
        here = some & (uniform(draws, len(people)) < (0.4 if name in SMALL else 0.15))
        other = torch.where(here, pick(draws, len(choices), len(people)), getattr(people, name))
        people = replace(people, **{name: other})
    return people


def _loosened(own: Tensor, block: Block, untold: Tensor, draws: Generator) -> tuple[Tensor, Tensor]:
    """The numbers of an attribute that is a shape, and what is drawn of it: near its mean what is
    typical, else what was chosen."""
    count = len(own)
    hidden = uniform(draws, count, 1) < untold
    far = uniform(draws, count, 1, low=0.65, high=1.2)
    far = torch.where(hidden, uniform(draws, count, 1, low=0.0, high=0.2), far)
    typical = ATTRIBUTES[block.name].index(TYPICAL[block.name])
    codes = torch.where(hidden[:, 0], typical, own.argmax(1))
    return space().mean[block.at].lerp(own, far), codes


def _blended(own: Tensor, mean: Tensor, untold: Tensor, draws: Generator) -> Tensor:
    """The numbers of an attribute that is a colour: chosen, between two colours, or nearer to the
    mean of all."""
    count = len(own)
    other = own[torch.randperm(count, generator=draws)]
    mixed = uniform(draws, count, 1) < 0.2
    own = torch.where(mixed, own.lerp(other, uniform(draws, count, 1)), own)
    hidden = uniform(draws, count, 1) < untold
    return torch.where(hidden, mean.lerp(own, uniform(draws, count, 1) ** 2), own)


def _normal(shape: tuple[int, ...], draws: Generator) -> Tensor:
    return torch.randn(shape, generator=draws)
