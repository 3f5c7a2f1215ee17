"""The sheet that portraits are painted on: windows of it, and distances to simple shapes.

A distance is negative inside. The head's frame has its origin between the ears, x to the right,
y down; the chin is at y = 0.95. Nothing loops over pictures: a patch is a window of all pictures
that have the part, and parts few have are painted for those few alone.
"""

import math

import torch
from torch import Tensor

from training.portrait_traits import ATTRIBUTES, Portraits

# The head's size in the picture, and how low it stands: room for what it wears.
FRAMES = {
    "none": (0.69, 0.09),
    "hood": (0.66, 0.08),
    "top hat": (0.55, 0.28),
    "witch hat": (0.56, 0.29),
    "wizard hat": (0.56, 0.29),
}
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Sheet:
    """The canvas of a batch and the frames of its pictures."""

    def __init__(self, portraits: Portraits, size: int, device: torch.device | str):
        self.portraits, self.size, self.device = portraits, size, device
        count = len(portraits)
        self.everybody = torch.arange(count)
        self.canvas = torch.zeros(count, 3, size, size, device=device)
        self.axis = (torch.arange(size, device=device) + 0.5) * (2 / size) - 1
        baby = (portraits.age == 0).float()
        child = (portraits.age <= 1).float() + 0.7 * baby
        frames = torch.tensor([FRAMES.get(hat, (0.64, 0.16)) for hat in ATTRIBUTES["hat"]])
        scale, low = frames[portraits.hat].unbind(1)
        topped = ((portraits.top != 0) & (portraits.hat == 0)).float()
        self.scale = portraits.zoom * (scale - 0.07 * topped)
        self.x = 0.03 * portraits.yaw
        self.y = low + 0.09 * topped + 0.03 * portraits.pitch
        self.roll = portraits.roll
        self.values: dict[str, Tensor] = {}
        self.set("child", child)
        self.set("width", 0.78 + 0.05 * portraits.width + 0.05 * child)
        for name in ("yaw", "pitch", "light", "jaw", "eye_size", "eye_gap", "brow", "side", "tint"):
            self.set(name, getattr(portraits, name))
        self.low = 0.05 * child  # a small child's face sits low
        self.set("low", self.low)
        self.set("line", 0.032 * portraits.line)

    def set(self, name: str, value: Tensor) -> None:
        """Remember a number [b] or a colour [b,3] of each picture under a name."""
        self.values[name] = value.to(self.device).reshape(len(value), -1, 1, 1)

    def patch(
        self, box: Box, rows: Tensor | None = None, depth: float = 0.0, upright: bool = False
    ) -> "Patch":
        return Patch(self, box, self.everybody if rows is None else rows, depth, upright)

    def features(self, box: Box, rows: Tensor | None = None, depth: float = 0.0) -> "Patch":
        """A patch of the face, which moves with age."""
        rows = self.everybody if rows is None else rows
        return Patch(self, box, rows, depth, False, self.low[rows])


class Patch:
    """A window of some pictures, with their coordinates; leaving it writes the colours back.

    `depth` shifts what stands before the head's centre as the head turns; `upright` leaves the
    head's roll out.
    """

    def __init__(
        self, sheet: Sheet, box: Box, rows: Tensor, depth: float, upright: bool,
        low: Tensor | float = 0.0,
    ):  # fmt: skip
        self.sheet, self.whole = sheet, len(rows) == len(sheet.everybody)
        scale, centre_x, centre_y = sheet.scale[rows], sheet.x[rows], sheet.y[rows]
        roll = sheet.roll[rows] * (0.0 if upright else 1.0)
        cos, sin = roll.cos(), roll.sin()
        move_x = depth * sheet.portraits.yaw[rows]
        move_y = depth * 0.6 * sheet.portraits.pitch[rows] + low
        left, top, right, bottom = self._window(box, scale, cos, sin, move_x, move_y, rows)
        self.rows = rows.to(sheet.device, non_blocking=True)
        numbers = torch.stack([scale, centre_x, centre_y, cos, sin, move_x, move_y])
        scale, centre_x, centre_y, cos, sin, move_x, move_y = numbers.to(
            sheet.device, non_blocking=True
        )[:, :, None, None]
        u = (sheet.axis[left:right].view(1, 1, -1) - centre_x) / scale
        v = (sheet.axis[top:bottom].view(1, -1, 1) - centre_y) / scale
        self.x = (u * cos - move_x) + v * sin
        self.y = (v * cos - move_y) - u * sin
        self.sharp = sheet.size / 2 * scale  # pixels per unit
        self.place = (slice(None), slice(top, bottom), slice(left, right))
        view = sheet.canvas[(slice(None), *self.place)]
        self.colours = view if self.whole else view[self.rows]

    def _window(
        self, box: Box, scale: Tensor, cos: Tensor, sin: Tensor, dx: Tensor, dy: Tensor,
        rows: Tensor,
    ) -> tuple[int, int, int, int]:  # fmt: skip
        """Pixels that hold the box in every picture of the patch (numbers of the CPU)."""
        size = self.sheet.size
        x = torch.tensor([box[0], box[2], box[0], box[2]])[:, None] + dx
        y = torch.tensor([box[1], box[1], box[3], box[3]])[:, None] + dy
        u = (x * cos - y * sin) * scale + self.sheet.x[rows]
        v = (x * sin + y * cos) * scale + self.sheet.y[rows]
        ends = torch.stack([u.amin(), v.amin(), u.amax(), v.amax()]).add(1).mul(size / 2)
        left, top, right, bottom = ends.clamp(0, size).tolist()
        left, top = min(int(left), size - 2), min(int(top), size - 2)
        return left, top, max(math.ceil(right), left + 2), max(math.ceil(bottom), top + 2)

    def __enter__(self) -> "Patch":
        return self

    def __exit__(self, *error: object) -> None:
        if not self.whole:
            _, rows, columns = self.place
            self.sheet.canvas[:, :, rows, columns][self.rows] = self.colours

    def value(self, name: str) -> Tensor:
        """[rows,1,1] of a number."""
        value = self.sheet.values[name]
        return (value if self.whole else value[self.rows]).squeeze(1)

    def colour(self, name: str) -> Tensor:
        """[rows,3,1,1] of a colour."""
        value = self.sheet.values[name]
        return value if self.whole else value[self.rows]

    def mask(self, distance: Tensor) -> Tensor:
        return (0.5 - distance * self.sharp).clamp_(0, 1)

    def soft(self, distance: Tensor, width: float | Tensor) -> Tensor:
        """1 inside, 0 beyond `width`, smooth between."""
        t = (1 - distance / width).clamp_(0, 1)
        return t * t * (3 - 2 * t)

    def fill(self, alpha: Tensor, colour: Tensor | tuple[float, float, float]) -> None:
        """Lay a colour over the window, [rows,h,w] of it."""
        if isinstance(colour, tuple):
            colour = torch.tensor(colour, device=self.x.device).view(1, 3, 1, 1)
        self.colours.lerp_(colour.expand_as(self.colours), alpha[:, None])

    def shape(
        self, distance: Tensor, colour: Tensor | tuple[float, float, float], opacity: float = 1.0
    ) -> Tensor:
        """Fill a shape, with a darker line around it where the picture has lines."""
        if isinstance(colour, tuple):
            colour = torch.tensor(colour, device=self.x.device).view(1, 3, 1, 1)
        self.fill(self.mask(distance - self.value("line")), colour * 0.45)
        alpha = self.mask(distance)
        self.fill(alpha, colour)
        return alpha


def ellipse(x: Tensor, y: Tensor, a: float | Tensor, b: float | Tensor) -> Tensor:
    """Nearly a distance where the two radii are nearly equal."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        least = torch.minimum(x.new_ones(1) * a, x.new_ones(1) * b)
    else:
        least = min(a, b)
    return ((x / a).square() + (y / b).square()).sqrt_().sub_(1).mul_(least)


def box(x: Tensor, y: Tensor, a: float | Tensor, b: float | Tensor) -> Tensor:
    return torch.maximum(x.abs() - a, y.abs() - b)


def stroke(
    x: Tensor, y: Tensor, start: tuple[float, float], end: tuple[float, float], radius: float
) -> Tensor:
    """A line with round ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    t = ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy)
    t = t.clamp_(0, 1)
    return (x - start[0] - t * dx).hypot(y - start[1] - t * dy) - radius


def polygon(x: Tensor, y: Tensor, *corners: tuple[float, float]) -> Tensor:
    """A convex polygon, its corners clockwise on the screen."""
    distance: Tensor | None = None
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = math.hypot(bx - ax, by - ay)
        side = ((x - ax) * (by - ay) - (y - ay) * (bx - ax)) / length
        distance = side if distance is None else torch.maximum(distance, side)
    assert distance is not None
    return distance


def zigzag(t: Tensor) -> Tensor:
    """A triangle wave of period 1 in 0..1."""
    return (t - (t + 0.5).floor()).abs() * 2
