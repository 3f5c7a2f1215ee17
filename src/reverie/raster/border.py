"""Strokes cut off at a rectangle: what remains of them is exactly on their curves."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from reverie.raster.bezier import Cubic, Cubics, Stroke, cubics, joined, part

Box = tuple[float, float, float, float]  # left, top, right, bottom
APART = 1e-9  # parameters that are nearer are one


def inside(stroke: Stroke, box: Box) -> list[Stroke]:
    """The pieces of a stroke in a rectangle: cubics are cut where they cross its sides."""
    parts = cubics(stroke.points)
    low, high = np.array(box[:2]), np.array(box[2:])
    if (stroke.points >= low).all() and (stroke.points <= high).all():
        return [stroke]
    if any((stroke.points[:, i] < low[i]).all() for i in (0, 1)):
        return []
    if any((stroke.points[:, i] > high[i]).all() for i in (0, 1)):
        return []
    runs: list[list[Cubic]] = [[]]
    for piece, kept in _pieces(parts, box):
        if kept:
            runs[-1].append(piece)
        elif runs[-1]:
            runs.append([])
    whole_end = bool(runs[-1])  # the last piece is kept
    runs = [run for run in runs if run]
    if stroke.closed and len(runs) > 1 and whole_end and _meet(runs[-1][-1], runs[0][0]):
        runs[0] = runs.pop() + runs[0]
    closed = stroke.closed and len(runs) == 1 and _meet(runs[0][-1], runs[0][0])
    return [Stroke(joined(np.stack(run)), closed) for run in runs]


def _pieces(parts: Cubics, box: Box) -> Iterator[tuple[Cubic, bool]]:
    """Every cubic, cut where it crosses the sides, and whether a piece is inside."""
    low, high = np.array(box[:2]), np.array(box[2:])
    for cubic in parts:
        if (cubic >= low).all() and (cubic <= high).all():
            yield cubic, True
            continue
        places = [0.0, *_crossings(cubic, box), 1.0]
        for a, b in pairwise(places):
            middle = part(cubic, a, (a + b) / 2)[3]
            yield part(cubic, a, b), bool((middle >= low).all() and (middle <= high).all())


def _crossings(cubic: Cubic, box: Box) -> list[float]:
    """The parameters where a cubic meets the lines that the sides lie on, in order."""
    p0, p1, p2, p3 = cubic  # power basis, highest first
    powers = np.stack([p3 - 3 * p2 + 3 * p1 - p0, 3 * p2 - 6 * p1 + 3 * p0, 3 * (p1 - p0), p0])
    found: list[float] = []
    for axis, at in ((0, box[0]), (1, box[1]), (0, box[2]), (1, box[3])):
        if cubic[:, axis].min() <= at <= cubic[:, axis].max():
            roots = np.roots(powers[:, axis] - np.array([0, 0, 0, at]))
            found += [float(r.real) for r in roots if abs(r.imag) < APART]
    found = sorted(t for t in found if APART < t < 1 - APART)
    return [t for t, before in zip(found, [0.0, *found], strict=False) if t - before > APART]


def _meet(last: Cubic, first: Cubic) -> bool:
    return bool((last[3] == first[0]).all())
