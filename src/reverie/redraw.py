"""Films of drawings that are drawn: shape after shape, each stroke from its beginning to its end.

A stroke has a share of the time by its length, and a fill, which fades in, by that of its outline.
What is finished is the paper of what follows, so that a picture costs no more at the end than at
the beginning.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import PictureError
from reverie.protocols import Image
from reverie.raster.bezier import Curve, begun, cubics, measured
from reverie.raster.layout import CAPS, JOINS, PAINTS, layout
from reverie.raster.rasterize import rasterize
from reverie.raster.vector import VectorDrawing
from reverie.record import video
from reverie.record.reel import Reel
from reverie.record.video import Video

LEAST = 1.0  # pixels' worth of time for whatever is shorter: a dot takes its moment, too


def redraw_film(
    drawing: VectorDrawing,
    into: Path,
    *,
    seconds: float = 10.0,
    rate: float | None = None,
    size: int = 720,
    title: str = "",
    story: str = "",
) -> Iterator[tuple[int, int]]:
    """Writes the film of a drawing being drawn, which appears when all is done; whoever stops
    before loses nothing. Yields how many pictures are there, and how many there will be.

    Args:
        seconds: its length, the last of which the finished drawing stays.
        rate: pictures a second; None is 30, or 15 in a .gif, .webp or .apng.
        size: the longer side in pixels.
        title, story: kept inside the file.

    Raises:
        SpecError: no film can be so.
        PictureError: it cannot be written.
    """
    film = Video(path=str(into), length=seconds, rate=rate)
    speed = rate or video.kind_of(into).rate
    hold = 1 + round(min(video.HOLD, seconds / 5) * speed)
    frames = max(2, round(seconds * speed) - hold + 1)
    large = drawing.sized(film_size(drawing.size, size))
    folder = Path(film.path).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = tempfile.TemporaryDirectory(prefix=".film-", dir=folder)
    except OSError as error:
        raise PictureError(f"{folder}: cannot be written to: {error.strerror}") from error
    with kept as name:
        reel = Reel(Path(name))
        yield 0, frames
        for number, picture in enumerate(redrawn(large, frames)):
            reel.add(number, picture)
            if number < frames - 1:
                yield number + 1, frames
        video.write(into, reel, rate=speed, hold=hold, title=title, story=story)
    yield frames, frames


def film_size(painted: tuple[int, int], longest: int) -> tuple[int, int]:
    """A drawing's form with that longer side, in even numbers, as films want them."""
    w, h = (max(2 * round(longest * side / max(painted) / 2), 2) for side in painted)
    return w, h


@torch.no_grad()
def redrawn(drawing: VectorDrawing, frames: int) -> Iterator[Image]:
    """So many pictures at even times: the first is empty paper, the last the whole drawing."""
    shapes = [_shape(drawing, i) for i in range(drawing.layout.count)]
    ends = np.cumsum([max(shape.length, LEAST) for shape in shapes])
    w, h = drawing.size
    paper = torch.tensor(drawing.paper).to(drawing.points)
    done, there = paper[None, :, None, None].expand(1, 3, h, w).contiguous(), 0  # shapes in it
    for frame in range(frames):
        now = ends[-1] * frame / (frames - 1) if len(ends) else 0.0
        last = frame == frames - 1
        finished = len(ends) if last else int(np.searchsorted(ends, now, side="right"))
        if finished > there:
            done = _over(done, drawing.picked(torch.arange(there, finished)))
            there = finished
        if there == len(shapes):
            yield done
            continue
        begin = ends[there - 1] if there else 0.0
        growing = _growing(drawing, there, shapes[there], (now - begin) / (ends[there] - begin))
        yield _over(done, growing) if growing else done


def _over(paper: Image, drawing: VectorDrawing) -> Image:
    shapes = (drawing.layout, drawing.points, drawing.widths, drawing.colours)
    return rasterize(*shapes, paper, drawing.size)


@dataclass(frozen=True, eq=False)
class _Contours:
    """The curves of a shape, and how long each is."""

    curves: list[Curve]
    lengths: list[float]

    @property
    def length(self) -> float:
        return sum(self.lengths)


def _shape(drawing: VectorDrawing, i: int) -> _Contours:
    first, last = drawing.layout.shapes[i : i + 2].tolist()
    where = drawing.layout.contours[first : last + 1].tolist()
    curves = [drawing.points[a:b].cpu().double().numpy() for a, b in pairwise(where)]
    return _Contours(curves, [float(measured(cubics(curve))[:, -1].sum()) for curve in curves])


def _growing(
    drawing: VectorDrawing, i: int, shape: _Contours, share: float
) -> VectorDrawing | None:
    """A shape of which a share is there: so much of its length, or of its opacity."""
    if share <= 0:
        return None
    one = drawing.picked(torch.tensor([i]))
    if int(one.layout.paint[0]):
        return replace(one, colours=one.colours * _alpha(share).to(one.colours))
    left, parts = share * shape.length, []
    closed = []
    for curve, length, ring in zip(
        shape.curves, shape.lengths, one.layout.closed.tolist(), strict=True
    ):
        grown = begun(curve, left)
        if grown is not None:
            parts.append(grown)
            closed.append(ring and grown is curve)
        left -= length
    if not parts:
        return None
    made = layout(
        [[len(part) for part in parts]],
        paint=PAINTS[0],
        cap=CAPS[int(one.layout.cap[0])],
        join=JOINS[int(one.layout.join[0])],
        miter_limit=float(one.layout.miter_limit[0]),
        closed=closed,
    )
    points = torch.from_numpy(np.concatenate(parts)).to(one.points)
    return replace(one, layout=made, points=points)


def _alpha(share: float) -> Float[Tensor, "4"]:
    return torch.tensor([1.0, 1.0, 1.0, share])
