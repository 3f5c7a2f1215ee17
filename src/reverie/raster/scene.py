"""What a backend of the rasteriser is told: flattened shapes as plain integers."""

from dataclasses import dataclass

from torch import Tensor

from reverie.raster.layout import Ends


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """Which vertices make which contour, shape and picture. All tensors are int64 on the CPU."""

    chains: Ends  # contour -> vertices
    shapes: Ends  # shape -> contours
    pictures: Ends  # picture -> shapes, the last on top
    paint: Tensor  # [shapes], place in PAINTS: 0 a round stroke by distance, 1 nonzero, 2 evenodd
    size: tuple[int, int]  # width, height
    softness: float
