"""Shapes as flat lists: which points make which contour, shape and picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from reverie.errors import SpecError

Paint = Literal["stroke", "nonzero", "evenodd"]
Cap = Literal["round", "butt", "square"]
Join = Literal["round", "bevel", "miter"]
PAINTS: tuple[Paint, ...] = ("stroke", "nonzero", "evenodd")
CAPS: tuple[Cap, ...] = ("round", "butt", "square")
JOINS: tuple[Join, ...] = ("round", "bevel", "miter")
MITER_LIMIT = 4.0  # of SVG, unless it says otherwise

Points = Float[Tensor, "points 2"]  # x to the right, y down, in pixels; (0, 0) is a corner
Widths = Float[Tensor, " shapes"]  # full painted width of strokes in pixels; of fills it is unused
Colours = Float[Tensor, "shapes 4"]  # straight alpha, 0 to 1
Ends = Int[Tensor, " _"]  # where each of some ranges begins, and where the last one ends


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """What does not change while shapes are improved. All tensors lie on the CPU.

    Contour i is `points[contours[i]:contours[i + 1]]`: 3k + 1 control points of k joined cubic
    Bezier curves. Shape i is the contours `shapes[i]` to `shapes[i + 1]`, stroked or filled.
    Picture i shows the shapes `pictures[i]` to `pictures[i + 1]`, each above those before it.
    A contour that is filled is closed by a straight line where its ends differ.
    """

    contours: Ends
    shapes: Ends
    pictures: Ends
    paint: Int[Tensor, " shapes"]  # place in PAINTS
    cap: Int[Tensor, " shapes"]  # place in CAPS, of strokes
    join: Int[Tensor, " shapes"]  # place in JOINS, of strokes
    miter_limit: Float[Tensor, " shapes"]
    closed: Bool[Tensor, " contours"]  # a stroke that meets itself has a join there, and no caps

    @property
    def count(self) -> int:
        """Shapes of all pictures together."""
        return len(self.paint)

    @property
    def batch(self) -> int:
        return len(self.pictures) - 1

    def picked(self, chosen: Tensor, counts: Sequence[int]) -> "tuple[Layout, Tensor]":
        """Some shapes, in the order of `chosen`, the first `counts[0]` for the first picture; and
        the numbers of their points."""
        contours = spans(self.shapes, chosen)
        layout = Layout(
            contours=ends(self.contours.diff()[contours]),
            shapes=ends(self.shapes.diff()[chosen]),
            pictures=ends(counts),
            paint=self.paint[chosen],
            cap=self.cap[chosen],
            join=self.join[chosen],
            miter_limit=self.miter_limit[chosen],
            closed=self.closed[contours],
        )
        return layout, spans(self.contours, contours)


def layout(
    shapes: Sequence[Sequence[int]],
    *,
    paint: Paint | Sequence[Paint] = "stroke",
    cap: Cap | Sequence[Cap] = "round",
    join: Join | Sequence[Join] = "round",
    miter_limit: float | Sequence[float] = MITER_LIMIT,
    closed: bool | Sequence[bool] = False,
    pictures: Sequence[int] | None = None,
) -> Layout:
    """The layout of shapes given by the numbers of control points of their contours.

    Args:
        shapes: for each shape its contours, each 3k + 1 points: `[[4], [7, 7]]`.
        closed: of every contour, or of each.
        pictures: how many shapes each picture shows; None is one picture with all.

    Raises:
        SpecError: a contour is not of 3k + 1 points.
    """
    lengths = [n for contours in shapes for n in contours]
    for n in lengths:
        if n < 4 or n % 3 != 1:
            raise SpecError(f"a contour of {n} points is not made of cubics; 4, 7, 10 ... make one")
    if not all(shapes):
        raise SpecError("a shape needs at least one contour")
    n = len(shapes)

    def numbers(given: object, names: Sequence[str]) -> Tensor:
        each = [given] * n if isinstance(given, str) else list(given)  # type: ignore[call-overload]
        return torch.tensor([names.index(name) for name in each], dtype=torch.int64)

    limits = [miter_limit] * n if isinstance(miter_limit, int | float) else list(miter_limit)
    return Layout(
        contours=ends(lengths),
        shapes=ends([len(contours) for contours in shapes]),
        pictures=ends([n] if pictures is None else pictures),
        paint=numbers(paint, PAINTS),
        cap=numbers(cap, CAPS),
        join=numbers(join, JOINS),
        miter_limit=torch.tensor(limits, dtype=torch.float32),
        closed=torch.tensor(
            [closed] * len(lengths) if isinstance(closed, bool) else list(closed), dtype=torch.bool
        ),
    )


def ends(lengths: Sequence[int] | Tensor) -> Ends:
    """Where ranges of these lengths begin, one after the other, and where the last one ends."""
    return torch.cat(
        [torch.zeros(1, dtype=torch.int64), torch.as_tensor(lengths, dtype=torch.int64).cumsum(0)]
    )


def spans(where: Ends, chosen: Tensor) -> Tensor:
    """All that lies in the chosen ranges, one after the other."""
    lengths = where.diff()[chosen]
    first = where[:-1][chosen] - (lengths.cumsum(0) - lengths)
    return torch.repeat_interleave(first, lengths) + torch.arange(int(lengths.sum()))


def owners(where: Ends) -> Int[Tensor, " _"]:
    """For every item of some ranges, the number of its range."""
    return torch.repeat_interleave(torch.arange(len(where) - 1), where.diff())
