"""Where a thing may be: plain colours, patterns and simple places, drawn in batches.

Every painter takes (count, size, draws, first, second), two colours `[n, 3]` that it may use, and
gives pictures `[n, 3, size, size]` on the device of `draws`; `draw` keeps them in [0, 1].
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.brushes import clouds, edge, grid, mix, number, specks, tone
from training.dice import uniform

Painter = Callable[[int, int, Generator, Tensor, Tensor], Tensor]


def draw(kinds: Tensor, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    """One background a picture. kinds: `[n]` long, places in KINDS; first, second: `[n, 3]`."""
    pictures = torch.empty(len(kinds), 3, size, size, device=draws.device)
    for kind in kinds.unique().tolist():
        rows = (kinds == kind).nonzero()[:, 0]
        painter = PAINTERS[KINDS[kind]]
        pictures[rows] = painter(len(rows), size, draws, first[rows], second[rows])
    return pictures.clamp(0, 1)


def _plain(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    tilt = number(draws, count, -0.12, 0.12) * (y - 0.5) + number(draws, count, -0.06, 0.06) * x
    return first[:, :, None, None] + tilt


def _gradient(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    angle = number(draws, count, 0, 2 * math.pi)
    along = 0.5 + (x - 0.5) * angle.cos() + (y - 0.5) * angle.sin()
    return mix(first, second, along)


def _stripes(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    angle, often = number(draws, count, 0, math.pi), number(draws, count, 4, 10)
    wave = torch.sin(2 * math.pi * often * (x * angle.cos() + y * angle.sin()))
    return mix(first, second, wave * 3 + 0.5)


def _dots(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    often, radius = number(draws, count, 4, 8), number(draws, count, 0.2, 0.35)
    far = ((x * often % 1 - 0.5).square() + (y * often % 1 - 0.5).square()).sqrt()
    return mix(first, second, edge((far - radius) / often, size))


def _checks(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    often = number(draws, count, 3, 8)
    odd = ((x * often).floor() + (y * often).floor()) % 2
    return mix(first, second, odd)


def _night(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    sky = mix(tone(draws, count, 0.03, 0.04, 0.14), tone(draws, count, 0.10, 0.12, 0.34), y)
    sky = sky + specks(draws, count, size, 0.012)
    far = ((x - number(draws, count, 0, 1)) ** 2 + (y - number(draws, count, 0, 0.4)) ** 2).sqrt()
    moon = edge(far - number(draws, count, 0.04, 0.1), size) * (number(draws, count, 0, 1) < 0.5)
    sky = mix(sky, tone(draws, count, 0.97, 0.95, 0.82), moon)
    hill = number(draws, count, 0.75, 1.3) + 0.05 * clouds(draws, count, size, 3, 1)
    return mix(sky, tone(draws, count, 0.03, 0.05, 0.07, spread=0.02), edge(hill - y, size))


def _sky(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, _ = grid(size, draws)
    sky = mix(tone(draws, count, 0.33, 0.62, 0.95), tone(draws, count, 0.70, 0.88, 0.99), y)
    cover = clouds(draws, count, size, 3) - number(draws, count, 0.1, 0.7)
    return mix(sky, torch.ones_like(first), cover * 2)


def _sunset(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    horizon = number(draws, count, 0.6, 0.85)
    low, high = tone(draws, count, 0.99, 0.66, 0.25), tone(draws, count, 0.50, 0.20, 0.50)
    sky = mix(high, tone(draws, count, 0.95, 0.36, 0.28), y / horizon * 2)
    sky = mix(sky, low, y / horizon * 2 - 1)
    far = ((x - number(draws, count, 0.2, 0.8)) ** 2 + (y - horizon) ** 2).sqrt()
    sky = mix(sky, tone(draws, count, 1, 0.93, 0.6), edge(far - 0.13, size))
    ground = tone(draws, count, 0.20, 0.10, 0.22)
    return mix(sky, ground, edge(horizon - y, size))


def _ground(
    count: int, size: int, draws: Generator, above: Tensor, below: Tensor, texture: float
) -> Tensor:
    """A horizon somewhere below the middle, between two pictures or colours."""
    y, _ = grid(size, draws)
    line = number(draws, count, 0.45, 0.8) + 0.03 * clouds(draws, count, size, 2, 1)
    below = below[:, :, None, None] + texture * clouds(draws, count, size, 10, 2)
    return mix(above, below, edge(line - y, size))


def _forest(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    leaves = tone(draws, count, 0.10, 0.36, 0.13)[:, :, None, None]
    picture = leaves + 0.13 * clouds(draws, count, size, 7)
    for _ in range(4):
        centre, width = number(draws, count, 0, 1), number(draws, count, 0.015, 0.045)
        trunk = edge((x - centre + 0.05 * (y - 0.5)).abs() - width, size) * (y > 0.15)
        picture = mix(picture, tone(draws, count, 0.28, 0.17, 0.09), trunk)
    return _ground(count, size, draws, picture, tone(draws, count, 0.20, 0.30, 0.10), 0.06)


def _sea(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    sky = _sky(count, size, draws, first, second)
    waves = torch.sin(60 * y.sqrt() + 6 * torch.sin(7 * x + number(draws, count, 0, 6)))
    water = tone(draws, count, 0.07, 0.36, 0.66)[:, :, None, None] + 0.08 * waves
    return mix(sky, water, edge(number(draws, count, 0.35, 0.75) - y, size))


def _underwater(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    water = mix(tone(draws, count, 0.15, 0.68, 0.80), tone(draws, count, 0.02, 0.20, 0.46), y)
    rays = torch.sin(14 * (x + 0.4 * y) + number(draws, count, 0, 6)) * (1 - y)
    far = torch.ones_like(y)
    for _ in range(6):
        away = (x - number(draws, count, 0, 1)) ** 2 + (y - number(draws, count, 0, 1)) ** 2
        far = torch.minimum(far, (away.sqrt() - number(draws, count, 0.01, 0.05)).abs())
    return water + 0.05 * rays + 0.4 * edge(far - 0.006, size)


def _beach(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    sea = _sea(count, size, draws, first, second)
    shore = number(draws, count, 0.65, 0.85) + 0.03 * torch.sin(5 * x + number(draws, count, 0, 6))
    sand = tone(draws, count, 0.93, 0.82, 0.58)[:, :, None, None]
    sand = sand + 0.03 * clouds(draws, count, size, 14, 1)
    return mix(sea, sand, edge(shore - y, size))


def _desert(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    sky = mix(tone(draws, count, 0.45, 0.72, 0.95), tone(draws, count, 0.98, 0.88, 0.66), y)
    picture = sky
    for rise in (0.55, 0.72):
        dune = rise + 0.08 * torch.sin(4 * x + number(draws, count, 0, 6))
        picture = mix(picture, tone(draws, count, 0.89, 0.66, 0.36), edge(dune - y, size))
    return picture


def _grass(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    sky = _sky(count, size, draws, first, second)
    return _ground(count, size, draws, sky, tone(draws, count, 0.33, 0.66, 0.20), 0.08)


def _mountains(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    picture = _sky(count, size, draws, first, second)
    for _ in range(3):
        peak, slope = number(draws, count, 0.15, 0.5), number(draws, count, 0.8, 1.6)
        high = (x - number(draws, count, 0, 1)).abs() * slope + peak
        high = high + 0.02 * clouds(draws, count, size, 8, 1)
        rock = tone(draws, count, 0.42, 0.44, 0.52)
        picture = mix(picture, rock, edge(high - y, size))
        picture = mix(picture, torch.ones_like(rock), edge(high - y, size) * (y < peak + 0.14))
    return _ground(count, size, draws, picture, tone(draws, count, 0.28, 0.48, 0.24), 0.05)


def _snow(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    sky = tone(draws, count, 0.66, 0.78, 0.90)
    picture = _ground(
        count, size, draws, sky, tone(draws, count, 0.93, 0.95, 0.99, spread=0.02), 0.02
    )
    return picture + 0.9 * specks(draws, count, size, 0.025)


def _fire(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    tongues = torch.sin(x * number(draws, count, 14, 26) + number(draws, count, 0, 6))
    heat = y * 1.6 - 0.25 + 0.16 * tongues + 0.25 * clouds(draws, count, size, 5)
    picture = mix(
        tone(draws, count, 0.22, 0.02, 0.02), tone(draws, count, 0.93, 0.24, 0.03), heat * 2
    )
    return mix(picture, tone(draws, count, 1, 0.86, 0.25), heat * 2 - 1)


def _city(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    dark = (number(draws, count, 0, 1) < 0.4).float()
    picture = mix(tone(draws, count, 0.62, 0.80, 0.95), tone(draws, count, 0.08, 0.09, 0.22), dark)
    picture = picture.expand(count, 3, size, size)
    for _ in range(7):
        left, width = number(draws, count, -0.1, 0.95), number(draws, count, 0.1, 0.22)
        top = number(draws, count, 0.15, 0.65)
        inside = ((x > left) & (x < left + width) & (y > top)).float()
        grey = tone(draws, count, 0.45, 0.47, 0.54, spread=0.12)[:, :, None, None] * (
            1 - 0.6 * dark
        )
        windows = ((x - left) * 24 % 1 > 0.5) & ((y - top) * 18 % 1 > 0.5)
        lit = mix(
            grey.expand(count, 3, size, size), tone(draws, count, 0.98, 0.88, 0.5), windows * 0.7
        )
        picture = mix(picture, lit, inside)
    return mix(picture, tone(draws, count, 0.25, 0.25, 0.28), edge(0.9 - y, size))


def _room(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    floor = number(draws, count, 0.6, 0.8)
    picture = first[:, :, None, None] * 0.55 + 0.4 + 0.05 * (0.5 - y)
    left, top = number(draws, count, 0.0, 0.7), number(draws, count, 0.08, 0.2)
    frame = torch.maximum((x - left - 0.13).abs() - 0.13, (y - top - 0.15).abs() - 0.15)
    picture = mix(picture, tone(draws, count, 0.97, 0.97, 0.95), edge(frame, size))
    picture = mix(picture, tone(draws, count, 0.55, 0.78, 0.95), edge(frame + 0.025, size))
    boards = tone(draws, count, 0.60, 0.40, 0.23)[:, :, None, None]
    boards = boards - 0.08 * ((y - floor) * 30 % 1 < 0.15)
    return mix(picture, boards, edge(floor - y, size))


def _table(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    """A table top in the first colour before a wall in the second."""
    y, x = grid(size, draws)
    wall = second[:, :, None, None] * 0.5 + 0.45 + 0.1 * (0.5 - y)
    back, front = number(draws, count, 0.48, 0.68), number(draws, count, 0.84, 1.05)
    wide = 0.38 + 0.28 * (y - back) / (front - back)
    top = torch.maximum(torch.maximum(back - y, y - front), (x - 0.5).abs() - wide)
    light = 1.08 - 0.25 * (y - back)
    picture = mix(wall, (first[:, :, None, None] * light).clamp(0, 1), edge(top, size))
    rim = torch.maximum(torch.maximum(front - y, y - front - 0.05), (x - 0.5).abs() - 0.66)
    return mix(picture, first * 0.62, edge(rim, size))


def _space(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = grid(size, draws)
    nebula = clouds(draws, count, size, 3)
    picture = mix(tone(draws, count, 0.02, 0.01, 0.06), second * 0.6, nebula - 0.2)
    picture = picture + specks(draws, count, size, 0.03)
    far = ((x - number(draws, count, 0, 1)) ** 2 + (y - number(draws, count, 0, 1)) ** 2).sqrt()
    return mix(picture, first, edge(far - number(draws, count, 0.03, 0.12), size))


def _rain(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, _ = grid(size, draws)
    grey = mix(tone(draws, count, 0.40, 0.45, 0.52), tone(draws, count, 0.60, 0.65, 0.70), y)
    thin = uniform(draws, count, 1, max(size // 8, 1), size)
    thin = F.interpolate((thin > 0.93).float(), (size, size), mode="nearest")
    return grey + 0.35 * thin * tone(draws, count, 0.7, 0.8, 1)[:, :, None, None]


def _blobs(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    """Soft clouds of two colours: a background that no word names."""
    noise = clouds(draws, count, size, 2)
    grain = 0.06 * torch.randn(count, 3, size, size, generator=draws, device=draws.device)
    return mix(first, second, 0.5 + 0.6 * noise) + grain


PAINTERS: dict[str, Painter] = {
    "plain": _plain,
    "gradient": _gradient,
    "stripes": _stripes,
    "dots": _dots,
    "checks": _checks,
    "blobs": _blobs,
    "night": _night,
    "sky": _sky,
    "sunset": _sunset,
    "forest": _forest,
    "sea": _sea,
    "underwater": _underwater,
    "beach": _beach,
    "desert": _desert,
    "grass": _grass,
    "mountains": _mountains,
    "snow": _snow,
    "fire": _fire,
    "city": _city,
    "room": _room,
    "table": _table,
    "space": _space,
    "rain": _rain,
}
KINDS = tuple(PAINTERS)
