"""What shall be in a batch of pictures, and where, before it is drawn: chances, as tensors."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from training import backgrounds, colours, filters
from training.dice import pick, uniform
from training.sprites import Sprites


@dataclass(frozen=True)
class Layout:
    """How things stand in a picture.

    things: how many different ones there are; count: how many there are of the first; low, high:
    their least and largest side; centres: x, y of each. In parts of the picture.
    """

    things: int
    count: int = 1
    low: float = 1.0
    high: float = 1.0
    centres: tuple[tuple[float, float], ...] = ()


TABLE = {
    "one": Layout(1, 1, 0.5, 0.98, ((0.5, 0.5),)),
    "two": Layout(1, 2, 0.34, 0.54, ((0.27, 0.5), (0.73, 0.5))),
    "three": Layout(1, 3, 0.26, 0.42, ((0.2, 0.55), (0.5, 0.42), (0.8, 0.55))),
    "beside": Layout(2, 1, 0.34, 0.54, ((0.28, 0.5), (0.72, 0.5))),
    "left": Layout(2, 1, 0.34, 0.54, ((0.28, 0.5), (0.72, 0.5))),
    "above": Layout(2, 1, 0.34, 0.52, ((0.5, 0.27), (0.5, 0.73))),
    "portrait": Layout(0),
    "empty": Layout(0),
}
LAYOUTS = tuple(TABLE)
SAME = LAYOUTS.index("three")  # up to this one, all things of a picture are the same
SLOTS = 3  # most things in a picture
MORE_PLAIN = 6  # plain backgrounds come so many times more often than others


@dataclass(frozen=True)
class Shares:
    """How often each kind of scene comes; the rest shows one thing.

    pair: two different things; dyed: of the things; filtered: of the pictures; hard: of the
    batches, whose pictures have one background and one art style, so that only the thing itself
    tells them apart. other_hands: whether things are bent and recoloured, as in training.
    """

    two: float = 0.06
    three: float = 0.05
    pair: float = 0.12
    portrait: float = 0.18
    empty: float = 0.02
    dyed: float = 0.22
    filtered: float = 0.3
    hard: float = 0.5
    other_hands: bool = True


@dataclass
class Plan:
    """A batch before it is drawn. Index tensors are `[b]` or `[b, SLOTS]`; -1 means none."""

    layout: Tensor
    things: Tensor
    style: Tensor
    dyes: Tensor
    pose: Tensor  # [b, SLOTS, 5]: x, y, size, turn, flip; in parts of the picture
    place: Tensor
    first: Tensor
    second: Tensor
    art: Tensor


def plan(sprites: Sprites, shares: Shares, count: int, draws: Generator) -> Plan:
    """What shall be where in `count` pictures. Equal shares of all things, as far as that goes."""
    layout = _layouts(shares, count, draws)
    hard = float(uniform(draws)) < shares.hard
    things = _things(layout, len(sprites.concepts), draws)
    style = _styles(sprites, things, draws)
    dyed = uniform(draws, count, SLOTS) < shares.dyed
    dyes = torch.where(dyed, pick(draws, len(colours.NAMES), count, SLOTS), -1)
    dyes = torch.where((layout <= SAME)[:, None], dyes[:, :1], dyes)
    place, art = _surroundings(shares, count, draws)
    first, second = _shades(count, draws)
    if hard:
        place, art = place[:1].repeat(count), art[:1].repeat(count)
        if float(uniform(draws)) < 0.5:
            first, second = first[:1].repeat(count), second[:1].repeat(count)
    return Plan(layout, things, style, dyes, poses(layout, draws), place, first, second, art)


def poses(layout: Tensor, draws: Generator) -> Tensor:
    """Where each thing stands, and how. `[b, SLOTS, 5]`, see Plan"""
    count, rows = len(layout), TABLE.values()
    filled = [[*row.centres, *[(0.0, 0.0)] * (SLOTS - len(row.centres))] for row in rows]
    centres = torch.tensor(filled, device=draws.device)[layout]  # [b, SLOTS, 2]
    low = torch.tensor([row.low for row in rows], device=draws.device)[layout]
    high = torch.tensor([row.high for row in rows], device=draws.device)[layout]
    # the two things of "beside" may change places
    swap = (layout == LAYOUTS.index("beside")) & (uniform(draws, count) < 0.5)
    centres = torch.where(swap[:, None, None], centres[:, [1, 0, 2]], centres)
    size = low + (high - low) * uniform(draws, count)
    size = size[:, None] * (0.9 + 0.2 * uniform(draws, count, SLOTS))
    free = torch.where(layout == LAYOUTS.index("one"), 0.5 - 0.42 * size[:, 0], 0.05)
    where = centres + (uniform(draws, count, SLOTS, 2) * 2 - 1) * free[:, None, None]
    turn = (uniform(draws, count, SLOTS) - 0.5) * 0.5
    flip = (uniform(draws, count, SLOTS) < 0.5).float() * 2 - 1
    return torch.cat([where, torch.stack([size, turn, flip], -1)], -1)


def _layouts(shares: Shares, count: int, draws: Generator) -> Tensor:
    """`[b]`, places in LAYOUTS"""
    pair = shares.pair / 3  # beside, left, above
    widths = [shares.two, shares.three, pair, pair, pair, shares.portrait, shares.empty]
    ends = torch.tensor(widths, device=draws.device).cumsum(0)
    kind = torch.searchsorted(ends, uniform(draws, count)) + 1
    return torch.where(kind == len(LAYOUTS), LAYOUTS.index("one"), kind)


def _things(layout: Tensor, concepts: int, draws: Generator) -> Tensor:
    """`[b, SLOTS]`, places in the list of concepts"""
    count = len(layout)
    order = torch.randperm(concepts, generator=draws, device=draws.device)
    first = order.repeat(-(-count // concepts))[:count]
    things = torch.stack([first, pick(draws, concepts, count), first], 1)
    things = torch.where((layout <= SAME)[:, None], first[:, None], things)
    slots = torch.tensor([len(row.centres) for row in TABLE.values()], device=draws.device)
    here = torch.arange(SLOTS, device=draws.device) < slots[layout][:, None]
    return torch.where(here, things, -1)


def _styles(sprites: Sprites, things: Tensor, draws: Generator) -> Tensor:
    """One art style a picture, in which all its things exist. `[b]`"""
    scores = uniform(draws, len(things), len(sprites.styles))
    here = sprites.here[things.clamp(min=0)] | (things < 0)[:, :, None]
    return (scores * here.all(1)).argmax(1)


def _surroundings(shares: Shares, count: int, draws: Generator) -> tuple[Tensor, Tensor]:
    """Places in backgrounds.KINDS, and in filters.KINDS or -1. `[b]` each"""
    kinds = len(backgrounds.KINDS)
    place, art = pick(draws, kinds + MORE_PLAIN, count), pick(draws, len(filters.KINDS), count)
    art = torch.where(uniform(draws, count) < shares.filtered, art, -1)
    return torch.where(place >= kinds, backgrounds.KINDS.index("plain"), place), art


def _shades(count: int, draws: Generator) -> tuple[Tensor, Tensor]:
    """Two different colours a picture. `[b]` each, places in colours.NAMES"""
    names = len(colours.NAMES)
    first, second = pick(draws, names, 2, count)
    return first, torch.where(second == first, (second + 5) % names, second)
