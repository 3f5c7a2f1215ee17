"""Where a thing may be: plain colours, patterns and simple places, drawn in batches.

Every painter takes (count, size, draws, first, second) - two colours `[n, 3]` it may use - and gives
pictures `[n, 3, size, size]` in [0, 1], on the device of `draws`.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

Painter = Callable[[int, int, Generator, Tensor, Tensor], Tensor]


def draw(kinds: Tensor, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    """One background a picture. kinds: `[n]` long, places in KINDS; first, second: `[n, 3]`."""
    pictures = torch.empty(len(kinds), 3, size, size, device=draws.device)
    for kind in kinds.unique().tolist():
        rows = (kinds == kind).nonzero()[:, 0]
        painter = PAINTERS[KINDS[kind]]
        pictures[rows] = painter(len(rows), size, draws, first[rows], second[rows])
    return pictures.clamp(0, 1)


def _uniform(draws: Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    return low + (high - low) * torch.rand(*shape, generator=draws, device=draws.device)


def _grid(size: int, draws: Generator) -> tuple[Tensor, Tensor]:
    """y, x in (0, 1), each `[1, 1, size, size]`."""
    line = (torch.arange(size, device=draws.device) + 0.5) / size
    return line[None, None, :, None].expand(1, 1, size, size), line.expand(1, 1, size, size)


def _number(draws: Generator, count: int, low: float, high: float) -> Tensor:
    return _uniform(draws, count, 1, 1, 1, low=low, high=high)


def _clouds(draws: Generator, count: int, size: int, cells: int, octaves: int = 3) -> Tensor:
    """Soft noise about [-1, 1], `[count, 1, size, size]`."""
    total = torch.zeros(count, 1, size, size, device=draws.device)
    for octave in range(octaves):
        side = min(cells * 2**octave + 2, size)
        noise = torch.randn(count, 1, side, side, generator=draws, device=draws.device)
        wide = F.interpolate(noise, (size, size), mode="bilinear", align_corners=False)
        total = total + wide / 2**octave
    return total / 1.5


def _mix(low: Tensor, high: Tensor, share: Tensor) -> Tensor:
    """low, high: `[n, 3]` or `[n, 3, h, w]`; share: `[n, 1, h, w]` in [0, 1]."""
    low = low[:, :, None, None] if low.ndim == 2 else low
    high = high[:, :, None, None] if high.ndim == 2 else high
    return low + (high - low) * share.clamp(0, 1)


def _tone(draws: Generator, count: int, *colour: float, spread: float = 0.05) -> Tensor:
    """Shades of one colour, `[n, 3]`."""
    centre = torch.tensor(colour, device=draws.device).expand(count, 3)
    both = torch.randn(count, 1, generator=draws, device=draws.device)
    each = torch.randn(count, 3, generator=draws, device=draws.device)
    return (centre + spread * both + 0.5 * spread * each).clamp(0, 1)


def _edge(distance: Tensor, size: int) -> Tensor:
    """1 inside (distance < 0), 0 outside, soft over a pixel and a half."""
    return (0.5 - distance * size / 1.5).clamp(0, 1)


def _specks(draws: Generator, count: int, size: int, share: float) -> Tensor:
    """Small bright points, `[n, 1, size, size]`."""
    points = (_uniform(draws, count, 1, size, size) < share).float()
    points = points * _uniform(draws, count, 1, size, size, low=0.4)
    return (points + 0.35 * F.avg_pool2d(points, 3, 1, 1) * 9 * 0.5).clamp(0, 1)


def _plain(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    tilt = _number(draws, count, -0.12, 0.12) * (y - 0.5) + _number(draws, count, -0.06, 0.06) * x
    return first[:, :, None, None] + tilt


def _gradient(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    angle = _number(draws, count, 0, 2 * math.pi)
    along = 0.5 + (x - 0.5) * angle.cos() + (y - 0.5) * angle.sin()
    return _mix(first, second, along)


def _stripes(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    angle, often = _number(draws, count, 0, math.pi), _number(draws, count, 4, 10)
    wave = torch.sin(2 * math.pi * often * (x * angle.cos() + y * angle.sin()))
    return _mix(first, second, wave * 3 + 0.5)


def _dots(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    often, radius = _number(draws, count, 4, 8), _number(draws, count, 0.2, 0.35)
    far = ((x * often % 1 - 0.5).square() + (y * often % 1 - 0.5).square()).sqrt()
    return _mix(first, second, _edge((far - radius) / often, size))


def _checks(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    often = _number(draws, count, 3, 8)
    odd = ((x * often).floor() + (y * often).floor()) % 2
    return _mix(first, second, odd)


def _night(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    sky = _mix(_tone(draws, count, 0.03, 0.04, 0.14), _tone(draws, count, 0.10, 0.12, 0.34), y)
    sky = sky + _specks(draws, count, size, 0.012)
    far = ((x - _number(draws, count, 0, 1)) ** 2 + (y - _number(draws, count, 0, 0.4)) ** 2).sqrt()
    moon = _edge(far - _number(draws, count, 0.04, 0.1), size) * (_number(draws, count, 0, 1) < 0.5)
    sky = _mix(sky, _tone(draws, count, 0.97, 0.95, 0.82), moon)
    hill = _number(draws, count, 0.75, 1.3) + 0.05 * _clouds(draws, count, size, 3, 1)
    return _mix(sky, _tone(draws, count, 0.03, 0.05, 0.07, spread=0.02), _edge(hill - y, size))


def _sky(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, _ = _grid(size, draws)
    sky = _mix(_tone(draws, count, 0.33, 0.62, 0.95), _tone(draws, count, 0.70, 0.88, 0.99), y)
    clouds = _clouds(draws, count, size, 3) - _number(draws, count, 0.1, 0.7)
    return _mix(sky, torch.ones_like(first), clouds * 2)


def _sunset(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    horizon = _number(draws, count, 0.6, 0.85)
    low, high = _tone(draws, count, 0.99, 0.66, 0.25), _tone(draws, count, 0.50, 0.20, 0.50)
    sky = _mix(high, _tone(draws, count, 0.95, 0.36, 0.28), y / horizon * 2)
    sky = _mix(sky, low, y / horizon * 2 - 1)
    far = ((x - _number(draws, count, 0.2, 0.8)) ** 2 + (y - horizon) ** 2).sqrt()
    sky = _mix(sky, _tone(draws, count, 1, 0.93, 0.6), _edge(far - 0.13, size))
    ground = _tone(draws, count, 0.20, 0.10, 0.22)
    return _mix(sky, ground, _edge(horizon - y, size))


def _ground(
    count: int, size: int, draws: Generator, above: Tensor, below: Tensor, texture: float
) -> Tensor:
    """A horizon somewhere below the middle, between two pictures or colours."""
    y, _ = _grid(size, draws)
    line = _number(draws, count, 0.45, 0.8) + 0.03 * _clouds(draws, count, size, 2, 1)
    below = below[:, :, None, None] + texture * _clouds(draws, count, size, 10, 2)
    return _mix(above, below, _edge(line - y, size))


def _forest(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    leaves = _tone(draws, count, 0.10, 0.36, 0.13)[:, :, None, None]
    picture = leaves + 0.13 * _clouds(draws, count, size, 7)
    for _ in range(4):
        centre, width = _number(draws, count, 0, 1), _number(draws, count, 0.015, 0.045)
        trunk = _edge((x - centre + 0.05 * (y - 0.5)).abs() - width, size) * (y > 0.15)
        picture = _mix(picture, _tone(draws, count, 0.28, 0.17, 0.09), trunk)
    return _ground(count, size, draws, picture, _tone(draws, count, 0.20, 0.30, 0.10), 0.06)


def _sea(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    sky = _sky(count, size, draws, first, second)
    waves = torch.sin(60 * y.sqrt() + 6 * torch.sin(7 * x + _number(draws, count, 0, 6)))
    water = _tone(draws, count, 0.07, 0.36, 0.66)[:, :, None, None] + 0.08 * waves
    return _mix(sky, water, _edge(_number(draws, count, 0.35, 0.75) - y, size))


def _underwater(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    water = _mix(_tone(draws, count, 0.15, 0.68, 0.80), _tone(draws, count, 0.02, 0.20, 0.46), y)
    rays = torch.sin(14 * (x + 0.4 * y) + _number(draws, count, 0, 6)) * (1 - y)
    far = torch.ones_like(y)
    for _ in range(6):
        away = (x - _number(draws, count, 0, 1)) ** 2 + (y - _number(draws, count, 0, 1)) ** 2
        far = torch.minimum(far, (away.sqrt() - _number(draws, count, 0.01, 0.05)).abs())
    return water + 0.05 * rays + 0.4 * _edge(far - 0.006, size)


def _beach(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    sea = _sea(count, size, draws, first, second)
    shore = _number(draws, count, 0.65, 0.85) + 0.03 * torch.sin(5 * x + _number(draws, count, 0, 6))
    sand = _tone(draws, count, 0.93, 0.82, 0.58)[:, :, None, None]
    sand = sand + 0.03 * _clouds(draws, count, size, 14, 1)
    return _mix(sea, sand, _edge(shore - y, size))


def _desert(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    sky = _mix(_tone(draws, count, 0.45, 0.72, 0.95), _tone(draws, count, 0.98, 0.88, 0.66), y)
    picture = sky
    for rise in (0.55, 0.72):
        dune = rise + 0.08 * torch.sin(4 * x + _number(draws, count, 0, 6))
        picture = _mix(picture, _tone(draws, count, 0.89, 0.66, 0.36), _edge(dune - y, size))
    return picture


def _grass(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    sky = _sky(count, size, draws, first, second)
    return _ground(count, size, draws, sky, _tone(draws, count, 0.33, 0.66, 0.20), 0.08)


def _mountains(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    picture = _sky(count, size, draws, first, second)
    for _ in range(3):
        peak, slope = _number(draws, count, 0.15, 0.5), _number(draws, count, 0.8, 1.6)
        high = (x - _number(draws, count, 0, 1)).abs() * slope + peak
        high = high + 0.02 * _clouds(draws, count, size, 8, 1)
        rock = _tone(draws, count, 0.42, 0.44, 0.52)
        picture = _mix(picture, rock, _edge(high - y, size))
        picture = _mix(picture, torch.ones_like(rock), _edge(high - y, size) * (y < peak + 0.14))
    return _ground(count, size, draws, picture, _tone(draws, count, 0.28, 0.48, 0.24), 0.05)


def _snow(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    sky = _tone(draws, count, 0.66, 0.78, 0.90)
    picture = _ground(count, size, draws, sky, _tone(draws, count, 0.93, 0.95, 0.99, spread=0.02), 0.02)
    return picture + 0.9 * _specks(draws, count, size, 0.025)


def _fire(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    tongues = torch.sin(x * _number(draws, count, 14, 26) + _number(draws, count, 0, 6))
    heat = y * 1.6 - 0.25 + 0.16 * tongues + 0.25 * _clouds(draws, count, size, 5)
    picture = _mix(_tone(draws, count, 0.22, 0.02, 0.02), _tone(draws, count, 0.93, 0.24, 0.03), heat * 2)
    return _mix(picture, _tone(draws, count, 1, 0.86, 0.25), heat * 2 - 1)


def _city(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    dark = (_number(draws, count, 0, 1) < 0.4).float()
    picture = _mix(_tone(draws, count, 0.62, 0.80, 0.95), _tone(draws, count, 0.08, 0.09, 0.22), dark)
    picture = picture.expand(count, 3, size, size)
    for _ in range(7):
        left, width = _number(draws, count, -0.1, 0.95), _number(draws, count, 0.1, 0.22)
        top = _number(draws, count, 0.15, 0.65)
        inside = ((x > left) & (x < left + width) & (y > top)).float()
        grey = _tone(draws, count, 0.45, 0.47, 0.54, spread=0.12)[:, :, None, None] * (1 - 0.6 * dark)
        windows = ((x - left) * 24 % 1 > 0.5) & ((y - top) * 18 % 1 > 0.5)
        lit = _mix(grey.expand(count, 3, size, size), _tone(draws, count, 0.98, 0.88, 0.5), windows * 0.7)
        picture = _mix(picture, lit, inside)
    return _mix(picture, _tone(draws, count, 0.25, 0.25, 0.28), _edge(0.9 - y, size))


def _room(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    floor = _number(draws, count, 0.6, 0.8)
    picture = first[:, :, None, None] * 0.55 + 0.4 + 0.05 * (0.5 - y)
    left, top = _number(draws, count, 0.0, 0.7), _number(draws, count, 0.08, 0.2)
    frame = torch.maximum((x - left - 0.13).abs() - 0.13, (y - top - 0.15).abs() - 0.15)
    picture = _mix(picture, _tone(draws, count, 0.97, 0.97, 0.95), _edge(frame, size))
    picture = _mix(picture, _tone(draws, count, 0.55, 0.78, 0.95), _edge(frame + 0.025, size))
    boards = _tone(draws, count, 0.60, 0.40, 0.23)[:, :, None, None]
    boards = boards - 0.08 * ((y - floor) * 30 % 1 < 0.15)
    return _mix(picture, boards, _edge(floor - y, size))


def _table(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    """A table top in the first colour before a wall in the second."""
    y, x = _grid(size, draws)
    wall = second[:, :, None, None] * 0.5 + 0.45 + 0.1 * (0.5 - y)
    back, front = _number(draws, count, 0.48, 0.68), _number(draws, count, 0.84, 1.05)
    wide = 0.38 + 0.28 * (y - back) / (front - back)
    top = torch.maximum(torch.maximum(back - y, y - front), (x - 0.5).abs() - wide)
    light = 1.08 - 0.25 * (y - back)
    picture = _mix(wall, (first[:, :, None, None] * light).clamp(0, 1), _edge(top, size))
    rim = torch.maximum(torch.maximum(front - y, y - front - 0.05), (x - 0.5).abs() - 0.66)
    return _mix(picture, first * 0.62, _edge(rim, size))


def _space(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    nebula = _clouds(draws, count, size, 3)
    picture = _mix(_tone(draws, count, 0.02, 0.01, 0.06), second * 0.6, nebula - 0.2)
    picture = picture + _specks(draws, count, size, 0.03)
    far = ((x - _number(draws, count, 0, 1)) ** 2 + (y - _number(draws, count, 0, 1)) ** 2).sqrt()
    return _mix(picture, first, _edge(far - _number(draws, count, 0.03, 0.12), size))


def _rain(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    y, x = _grid(size, draws)
    grey = _mix(_tone(draws, count, 0.40, 0.45, 0.52), _tone(draws, count, 0.60, 0.65, 0.70), y)
    thin = _uniform(draws, count, 1, max(size // 8, 1), size)
    thin = F.interpolate((thin > 0.93).float(), (size, size), mode="nearest")
    return grey + 0.35 * thin * _tone(draws, count, 0.7, 0.8, 1)[:, :, None, None]


def _blobs(count: int, size: int, draws: Generator, first: Tensor, second: Tensor) -> Tensor:
    """Soft clouds of two colours: a background that no word names."""
    noise = _clouds(draws, count, size, 2)
    grain = 0.06 * torch.randn(count, 3, size, size, generator=draws, device=draws.device)
    return _mix(first, second, 0.5 + 0.6 * noise) + grain


PAINTERS: dict[str, Painter] = {
    "plain": _plain, "gradient": _gradient, "stripes": _stripes, "dots": _dots, "checks": _checks,
    "blobs": _blobs, "night": _night, "sky": _sky, "sunset": _sunset, "forest": _forest,
    "sea": _sea, "underwater": _underwater, "beach": _beach, "desert": _desert, "grass": _grass,
    "mountains": _mountains, "snow": _snow, "fire": _fire, "city": _city, "room": _room,
    "table": _table, "space": _space, "rain": _rain,
}
KINDS = tuple(PAINTERS)
