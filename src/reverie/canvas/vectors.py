"""A start from an SVG: for strokes its shapes themselves, for any other canvas their picture."""

from collections.abc import Sequence
from pathlib import Path

import torch

from reverie import image as images
from reverie.canvas.shapes import Shapes
from reverie.canvas.start import Size, StartSpec
from reverie.protocols import Image
from reverie.raster.layout import ends
from reverie.raster.vector import VectorDrawing
from reverie.spec import spec


@spec
class Vectors(StartSpec):
    """The shapes of an SVG file. What has another form is cut, and nothing is stretched."""

    path: str

    def draw(self, size: Size, seeds: Sequence[int], device: torch.device) -> Image:
        return self.drawing(size).draw().repeat(len(seeds), 1, 1, 1).to(device)

    def drawing(self, size: Size) -> VectorDrawing:
        """At a size, its middle in the middle.

        Raises:
            PictureError: the file cannot be read.
        """
        from reverie.raster.svg_read import read_svg

        return read_svg(Path(self.path)).filling(size)

    def digests(self) -> dict[str, str]:
        return {self.path: images.digest(self.path)}


def shapes_of(drawing: VectorDrawing) -> Shapes:
    """A drawing as shapes that can move. What is closed stays so."""
    layout, controls = drawing.layout, drawing.points
    first, last = layout.contours[:-1], layout.contours[1:] - 1
    meet = layout.closed & torch.isclose(controls[first], controls[last], atol=1e-3).all(1)
    own = torch.ones(len(controls), dtype=torch.bool)
    own[last[meet]] = False  # it is the first point again
    place = own.cumsum(0) - 1
    place[last[meet]] = place[first[meet]]
    contour = torch.repeat_interleave(torch.arange(len(first)), layout.contours.diff())
    shape = torch.repeat_interleave(torch.arange(layout.count), layout.shapes.diff())[contour]
    return Shapes(
        layout=layout,
        owned=ends(torch.bincount(shape[own], minlength=layout.count)),
        between=torch.stack([place, place], 1),
        share=torch.zeros(len(controls)),
        points=controls[own],
        widths=drawing.widths,
        colours=drawing.colours,
    )
