"""A drawing: strokes, outlines or triangles on a paper, each with its points, width and colour.

Source: Frans, Soros and Witkowski, "CLIPDraw" (2021), https://arxiv.org/abs/2106.14843; pens as in
plotters; triangles as in Tian and Ha, "Modern Evolution Strategies for Creativity" (2021).
Differs: all shapes are three tensors, drawn by `raster`; widths are what is painted (theirs are
half of it); a pen is chosen, and put down or not, by the gradient that passes straight through
(Bengio, Leonard and Courville 2013); shapes that nobody sees give way to new ones between stages.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch

from reverie import image as images
from reverie.canvas.shapes import stacked
from reverie.canvas.start import StartSpec, check_size, rgb
from reverie.canvas.stroke_canvas import StrokeCanvas
from reverie.canvas.stroke_start import Follow, Habit, ShapeName, walks
from reverie.canvas.vectors import Vectors, shapes_of
from reverie.errors import SpecError
from reverie.protocols import Canvas, CanvasSpec, Draws, Machine
from reverie.raster.svg import SUFFIX, to_svg, visible, write_svg
from reverie.spec import spec

MOST = 100_000  # shapes of a picture


@spec
class Strokes(CanvasSpec):
    """`count` shapes of one kind.

    Lengths are in pixels. Without a `start`, shapes lie anywhere and are random walks of about
    `radius` times the short side for each of their cubics, and `width` wide; with one, they follow
    its areas or its edges, and are as wide as their place.

    Args:
        segments: cubics of a stroke or of an outline, from and to.
        width: at first. widths: the least and the most; where both are one, it is fixed.
        paper: its colour; auto: that of the margin of the start.
        pens: colours that there are; empty for all. A pen is down or lifted, and never faint.
        opacity: whether shapes may be transparent.
        softness: pixels from inside to outside at every edge.
        start: what to follow; of an SVG, its own shapes are taken, however many they are.
        mm: width of the drawing on paper, in its SVG; None takes 96 pixels an inch.
    """

    size: tuple[int, int] = (224, 224)  # width, height
    count: int = 256
    shape: ShapeName = "strokes"
    segments: tuple[int, int] = (1, 3)
    width: float = 2.0
    widths: tuple[float, float] = (2.0, 100.0)
    radius: float = 0.1
    paper: str = "#ffffff"
    pens: tuple[str, ...] = ()
    opacity: Literal["free", "full"] = "free"
    softness: float = 1.0
    start: StartSpec | None = None
    follow: Follow = "areas"
    mm: float | None = None

    def __post_init__(self) -> None:
        check_size(self.size)
        for colour in (*self.pens, *(() if self.paper == "auto" else (self.paper,))):
            rgb(colour)
        if not 1 <= self.count <= MOST:
            raise SpecError(f"count: got {self.count}; 1 to {MOST} shapes are wanted")
        low, high = self.segments
        if not 1 <= low <= high <= 16 or (self.shape == "filled" and low < 2):
            least = 2 if self.shape == "filled" else 1
            raise SpecError(f"segments: got {low}, {high}; {least} to 16 cubics, the fewer first")
        thin, wide = self.widths
        if not 0 < thin <= wide < math.inf:
            raise SpecError(f"widths: got {thin}, {wide}; pixels above 0, the thinner first")
        for name, value in (
            ("width", self.width),
            ("radius", self.radius),
            ("softness", self.softness),
            ("mm", 1 if self.mm is None else self.mm),
        ):
            if not 0 < value < math.inf:
                raise SpecError(f"{name}: got {value}; it is above 0")

    @property
    def solid(self) -> bool:
        """Whether a shape is there as a whole or not at all."""
        return bool(self.pens) or self.opacity == "full"

    def habit(self) -> Habit:
        return Habit(
            shape=self.shape,
            segments=self.segments,
            width=self.width,
            widest=self.widths[1],
            reach=self.radius * min(self.size),
        )

    def memory(self, machine: Machine) -> int:
        """The picture, the parameters with Adam's means, and what the rasteriser keeps."""
        return super().memory(machine) + 12_000 * self.count + 10_000_000

    def keep(self, canvas: Canvas, pictures: Sequence[Path]) -> list[Path]:
        """Every picture as an SVG beside it, which knows its story, too."""
        assert isinstance(canvas, StrokeCanvas)
        kept = [path.with_suffix(SUFFIX) for path in pictures]
        for i, (picture, path) in enumerate(zip(pictures, kept, strict=True)):
            story = images.read_text(picture)
            write_svg(to_svg(visible(canvas.drawing(i)), mm=self.mm, story=story), path)
        return kept

    def build(self, machine: Machine, seeds: Sequence[int]) -> StrokeCanvas:
        if isinstance(self.start, Vectors):
            return self._following(self.start, machine, seeds)
        draws = Draws(seeds, 0, "start")
        shapes = walks(self.habit(), self.count, self.size, draws).to(machine.device)
        canvas = StrokeCanvas(shapes, self, seeds)
        if self.start is not None:
            canvas.encode_(self.start.draw(self.size, seeds, machine.device))
        return canvas

    def _following(self, start: Vectors, machine: Machine, seeds: Sequence[int]) -> StrokeCanvas:
        """The shapes of a drawing, whatever their number."""
        drawing = start.drawing(self.size)
        shapes = one = shapes_of(drawing)
        for _ in seeds[1:]:
            shapes = stacked(shapes, one)
        canvas = StrokeCanvas(shapes.to(machine.device), self, seeds)
        canvas.goal = start.draw(self.size, seeds, torch.device("cpu"))
        if self.paper == "auto":
            canvas.paper.copy_(torch.tensor(drawing.paper))
        return canvas


def tiny() -> Strokes:
    return Strokes(size=(18, 12), count=24, width=3.0)
