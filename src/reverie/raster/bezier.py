"""Joined cubics, measured and cut; in numpy, for what is made once and not improved."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

CHORDS = 32  # by which a cubic is measured

Curve = Float[np.ndarray, "_ 2"]  # 3k + 1 control points of k joined cubics
Cubics = Float[np.ndarray, "_ 4 2"]
Cubic = Float[np.ndarray, "4 2"]


@dataclass(frozen=True, eq=False)
class Stroke:
    """What is drawn without lifting the pen. A closed one ends where it begins."""

    points: Curve
    closed: bool = False

    @property
    def length(self) -> float:
        return float(measured(cubics(self.points))[:, -1].sum())

    def turned(self) -> "Stroke":
        """The same, from its end."""
        return Stroke(self.points[::-1], self.closed)

    def from_joint(self, number: int) -> "Stroke":
        """The same closed stroke, beginning where its cubic of this number does."""
        ring = self.points[:-1]
        ring = np.roll(ring, -3 * number, axis=0)
        return Stroke(np.concatenate([ring, ring[:1]]), self.closed)


def cubics(points: Curve) -> Cubics:
    return np.stack([points[:-1:3], points[1::3], points[2::3], points[3::3]], 1)


def joined(parts: Cubics) -> Curve:
    """Cubics, each of which begins where the one before it ends."""
    return np.concatenate([parts[0, :1], parts[:, 1:].reshape(-1, 2)])


def ring(points: Curve) -> Curve:
    """The same curve, closed by a straight line if its ends differ."""
    if (points[0] == points[-1]).all():
        return points
    return np.concatenate([points, np.linspace(points[-1], points[0], 4)[1:]])


def part(cubic: Cubic, first: float, last: float) -> Cubic:
    """From one parameter to another, by de Casteljau's corner cutting (as blossoms)."""

    def corner(*parameters: float) -> Float[np.ndarray, "2"]:
        points = cubic
        for t in parameters:
            points = points[:-1] * (1 - t) + points[1:] * t
        return points[0]

    a, b = first, last
    return np.stack([corner(a, a, a), corner(a, a, b), corner(a, b, b), corner(b, b, b)])


def measured(parts: Cubics) -> Float[np.ndarray, "k steps"]:
    """Length along each cubic at CHORDS + 1 even parameters; the last one is all of it."""
    t = np.linspace(0, 1, CHORDS + 1)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], 1)
    places = weights @ parts  # [k, steps, 2]
    chords = np.hypot(*np.moveaxis(np.diff(places, axis=1), -1, 0))
    return np.pad(chords.cumsum(1), ((0, 0), (1, 0)))


def begun(points: Curve, length: float) -> Curve | None:
    """The first part of a curve, of that length; None where there is nothing of it yet."""
    parts = cubics(points)
    along = measured(parts)
    ends = along[:, -1].cumsum()
    if length >= ends[-1]:
        return points
    if length <= 0:
        return None
    k = int(np.searchsorted(ends, length, side="right"))
    rest = length - (ends[k - 1] if k else 0.0)
    t = float(np.interp(rest, along[k], np.linspace(0, 1, CHORDS + 1)))
    return joined(np.concatenate([parts[:k], part(parts[k], 0.0, t)[None]]))
