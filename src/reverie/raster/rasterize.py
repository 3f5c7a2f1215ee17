"""Draws shapes, differentiably: `rasterize`."""

from jaxtyping import Float
from torch import Tensor

from reverie.protocols import Image
from reverie.raster.cut import cut
from reverie.raster.gradient import Drawn, backend
from reverie.raster.layout import Colours, Layout, Points, Widths

Paper = Float[Tensor, "3"] | Float[Tensor, "b 3"] | Float[Tensor, "b 3 h w"]


def rasterize(
    layout: Layout,
    points: Points,
    widths: Widths,
    colours: Colours,
    paper: Paper,
    size: tuple[int, int],
    *,
    softness: float = 1.0,
) -> Image:
    """Draws every picture's shapes over its paper, a colour or a picture.

    Args:
        size: width and height in pixels.
        softness: width in pixels of the ramp from inside to outside at every edge.
    """
    b, (w, h) = layout.batch, size
    if paper.ndim < 4:
        paper = paper.expand(b, 3)[:, :, None, None]
    scene, vertices = cut(layout, points, widths, size, softness)
    given = (vertices, widths / 2, colours, paper.expand(b, 3, h, w))
    return Drawn.apply(backend(vertices), scene, *given)  # type: ignore[no-any-return]
