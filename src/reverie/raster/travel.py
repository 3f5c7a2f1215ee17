"""The order and the ways of strokes in which a plotter's pen travels little while it is lifted.

Source: for the nearest end, then 2-opt (Croes 1958) on strokes that may be turned round.
Differs: the work is bounded, and the same strokes always give the same order.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex

from reverie.raster.bezier import Stroke

HOME = 0j  # where the pen comes from and goes back to: the upper left corner
TOGETHER = 4000  # strokes that are looked through for the nearest; more are taken in bands
REACH = 2000  # strokes between two that 2-opt exchanges, at most
WORK = 100_000_000  # exchanges that are looked at

Places = Complex[np.ndarray, " n"]  # x + iy


def lifted(strokes: Sequence[Stroke]) -> float:
    """How far the pen travels lifted: from home, between the strokes, and home again."""
    if not strokes:
        return 0.0
    starts, ends = _ends(strokes)
    return float(np.abs(np.append(starts, HOME) - np.append(HOME, ends)).sum())


def shortened(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The same strokes in a better order, some turned, closed ones begun elsewhere; or, where
    nothing better is found, as they were."""
    made = _untangled(_nearest(strokes))
    return made if lifted(made) < lifted(strokes) else list(strokes)


def _ends(strokes: Sequence[Stroke]) -> tuple[Places, Places]:
    both = np.array([(*stroke.points[0], *stroke.points[-1]) for stroke in strokes])
    return both[:, 0] + 1j * both[:, 1], both[:, 2] + 1j * both[:, 3]


def _nearest(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Always on to the nearest place where a stroke can begin."""
    tops = np.array([stroke.points[:, 1].mean() for stroke in strokes])
    bands = np.array_split(tops.argsort(kind="stable"), -(-len(strokes) // TOGETHER) or 1)
    made: list[Stroke] = []
    at = HOME
    for band in bands:
        some = [strokes[i] for i in sorted(band.tolist())]
        begins = [s.points[:-1:3] if s.closed else s.points[[0, -1]] for s in some]
        first = np.cumsum([0, *map(len, begins)])
        owner = np.repeat(np.arange(len(some)), np.diff(first))
        places = np.concatenate([begin @ [1, 1j] for begin in begins]) if some else np.array([])
        for _ in some:
            k = int(np.abs(places - at).argmin())
            i = int(owner[k])
            number, stroke = k - int(first[i]), some[i]
            if stroke.closed:
                stroke = stroke.from_joint(number)
            elif number == 1:
                stroke = stroke.turned()
            made.append(stroke)
            at = complex(*stroke.points[-1])
            places[first[i] : first[i + 1]] = np.inf
    return made


def _untangled(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Turns stretches of the order round as long as that shortens the way."""
    n = len(strokes)
    if n < 2:
        return list(strokes)
    starts, ends = _ends(strokes)
    order, turned = np.arange(n), np.zeros(n, dtype=bool)
    after = np.append(starts[1:], HOME)  # where the pen comes down after each stroke
    gaps = np.abs(ends - after)
    for _ in range(max(1, WORK // (n * min(n, REACH)))):
        better = False
        for i in range(n):
            span = slice(i, i + REACH)
            before = ends[i - 1] if i else HOME
            gains = np.abs(before - starts[i]) + gaps[span]
            gains -= np.abs(before - ends[span]) + np.abs(starts[i] - after[span])
            j = int(gains.argmax())
            if gains[j] <= 1e-9:
                continue
            better, span = True, slice(i, i + j + 1)
            starts[span], ends[span] = ends[span][::-1].copy(), starts[span][::-1].copy()
            order[span], turned[span] = order[span][::-1].copy(), ~turned[span][::-1]
            after = np.append(starts[1:], HOME)
            gaps = np.abs(ends - after)
        if not better:
            break
    return [
        strokes[i].turned() if back else strokes[i]
        for i, back in zip(order.tolist(), turned.tolist(), strict=True)
    ]
