"""A drawing made of shapes: what a canvas of strokes becomes, and what an SVG holds."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from reverie.protocols import Image
from reverie.raster.layout import Colours, Layout, Points, Widths
from reverie.raster.rasterize import rasterize


@dataclass(frozen=True, eq=False, kw_only=True)
class VectorDrawing:
    """One picture of shapes on a paper of one colour."""

    size: tuple[int, int]  # width, height, that points and widths count in
    layout: Layout  # of one picture
    points: Points
    widths: Widths
    colours: Colours
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)  # red, green, blue, 0 to 1

    def draw(self, size: tuple[int, int] | None = None) -> Image:
        """At any size; of another shape than the drawing's, it is stretched."""
        one = self.sized(size or self.size)
        paper: Tensor = torch.tensor(self.paper).to(self.points)
        return rasterize(one.layout, one.points, one.widths, one.colours, paper, one.size)

    def sized(self, size: tuple[int, int]) -> "VectorDrawing":
        """The same, stretched so that its points count in another size."""
        scale = torch.tensor([size[0] / self.size[0], size[1] / self.size[1]]).to(self.points)
        widths = self.widths * scale.prod().sqrt()
        return replace(self, size=size, points=self.points * scale, widths=widths)

    def filling(self, size: tuple[int, int]) -> "VectorDrawing":
        """Its middle, enlarged to fill another size."""
        factors = [a / b for a, b in zip(size, self.size, strict=True)]
        scale = max(factors)
        margin = [(a - scale * b) / 2 for a, b in zip(size, self.size, strict=True)]
        points = self.points * scale + torch.tensor(margin).to(self.points)
        return replace(self, size=size, points=points, widths=self.widths * scale)

    def to(self, device: torch.device) -> "VectorDrawing":
        moved = {name: getattr(self, name).to(device) for name in ("points", "widths", "colours")}
        return replace(self, **moved)

    def picked(self, chosen: Tensor) -> "VectorDrawing":
        """Some of its shapes, in the order of their numbers `chosen`."""
        chosen = chosen.cpu()
        layout, corners = self.layout.picked(chosen, [len(chosen)])
        on = self.points.device
        return replace(
            self,
            layout=layout,
            points=self.points[corners.to(on)],
            widths=self.widths[chosen.to(on)],
            colours=self.colours[chosen.to(on)],
        )
