"""What svgelements has read, as contours of cubics."""

import math
from collections.abc import Iterator
from typing import Any

Point = tuple[float, float]


def contours(shape: Any) -> Iterator[tuple[list[Point], bool]]:
    """The contours of a shape, each 3k + 1 control points, and whether it is closed. One that has
    a number that is not finite is left out; one of a single place is a cubic of no length."""
    import svgelements

    points: list[Point] = []
    closed = False
    for segment in abs(svgelements.Path(shape)):
        if isinstance(segment, svgelements.Move):
            yield from _whole(points, closed)
            points, closed = [_xy(segment.end)], False
            continue
        if isinstance(segment, svgelements.Close):
            if segment.end is not None and _xy(segment.end) != points[-1]:
                points += _line(points[-1], _xy(segment.end))
            closed = True
            continue
        if closed:  # what follows a Z begins where the contour began
            yield from _whole(points, closed)
            points, closed = [_xy(segment.start)], False
        points += _cubics(segment)
    yield from _whole(points, closed)


def _whole(points: list[Point], closed: bool) -> Iterator[tuple[list[Point], bool]]:
    if len(points) == 1 and closed:
        points = points * 4
    if len(points) >= 4 and all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        yield points, closed


def _cubics(segment: Any) -> list[Point]:
    """The control points of a segment after its first."""
    import svgelements

    if isinstance(segment, svgelements.CubicBezier):
        return [_xy(segment.control1), _xy(segment.control2), _xy(segment.end)]
    start, end = _xy(segment.start), _xy(segment.end)
    if isinstance(segment, svgelements.QuadraticBezier):
        control = _xy(segment.control)
        return [_towards(start, control, 2 / 3), _towards(end, control, 2 / 3), end]
    if isinstance(segment, svgelements.Arc):
        curves = list(segment.as_cubic_curves())
        return [p for curve in curves for p in _cubics(curve)] or _line(start, end)
    return _line(start, end)


def _line(start: Point, end: Point) -> list[Point]:
    return [_towards(start, end, 1 / 3), _towards(start, end, 2 / 3), end]


def _towards(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _xy(point: Any) -> Point:
    return float(point.x), float(point.y)
