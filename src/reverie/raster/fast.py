"""Draws flattened shapes on CPUs by compiled loops, if numba is installed (`reverie[fast]`).

Source: the distance, the areas and the order of `eager`; see `compiled.py` for the compiling.
Differs: in tiles from the top shape down, without the shapes that others hide.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from reverie.raster.scene import Scene

Bins = tuple[np.ndarray, ...]
EXTRA = "pip install 'reverie[fast]'"
GAIN = "3 to 6"  # times, measured against plain torch, with the gradient


def draw(
    scene: Scene, vertices: Tensor, radii: Tensor, colours: Tensor, paper: Tensor
) -> tuple[Tensor, Bins]:
    """The picture, and what `slopes` wants to know of it."""
    from reverie.raster import bins, kernels

    image = torch.empty(paper.shape, dtype=vertices.dtype)
    places, *numbers, back = alike(vertices, radii, colours, paper)
    chains, shapes, pictures, paint = arrays(
        scene.chains, scene.shapes, scene.pictures, scene.paint
    )
    softness = float(scene.softness)
    tiles = bins.tiled(chains, shapes, pictures, paint, *scene.size, softness, places, *numbers)
    kernels.drawn(tiles, softness, places, *numbers, paint, back, image.numpy())
    return image, tiles


def slopes(
    scene: Scene,
    vertices: Tensor,
    radii: Tensor,
    colours: Tensor,
    paper: Tensor,
    saved: Bins,
    grad: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradient of `(image * grad).sum()` by vertices, radii, colours and paper."""
    from reverie.raster import kernels

    *numbers, back, pull = alike(vertices, radii, colours, paper, grad)
    sums = [torch.zeros(x.shape, dtype=torch.float64) for x in (vertices, radii, colours)]
    d_paper = torch.empty(paper.shape, dtype=vertices.dtype)
    kernels.slopes(
        saved, float(scene.softness), *numbers, *arrays(scene.paint), back, pull,
        *arrays(*sums, d_paper),
    )  # fmt: skip
    d_vertices, d_radii, d_colours = sums
    return (
        d_vertices.to(vertices.dtype),
        d_radii.to(radii.dtype),
        d_colours.to(colours.dtype),
        d_paper.to(paper.dtype),
    )


def alike(first: Tensor, *others: Tensor) -> list[np.ndarray]:
    """All of the first one's type, so that no other kernels are compiled."""
    return arrays(first, *(x.to(first.dtype) for x in others))


def arrays(*tensors: Tensor) -> list[np.ndarray]:
    return [x.detach().contiguous().numpy() for x in tensors]


def ready() -> bool:
    """Whether this can draw here. The first time it compiles, or loads what was compiled."""
    return why_not() is None


@cache
def why_not() -> str | None:
    """What is missing, in one line; None if nothing is."""
    try:
        import numba  # noqa: F401

        rehearse()
    except ModuleNotFoundError:
        return "numba is not installed"
    except Exception as error:  # whatever a compiler or a folder fails with, torch can draw
        return f"numba fails ({type(error).__name__}: {' '.join(str(error).split())})"[:300]
    return None


def rehearse() -> None:
    """Draws a stroke, and its gradient, as float32: then all kernels are compiled."""
    ends = torch.tensor([0, 1])
    scene = Scene(
        chains=torch.tensor([0, 2]),
        shapes=ends,
        pictures=ends,
        paint=torch.tensor([0]),
        size=(8, 8),
        softness=1.0,
    )
    vertices, radii = torch.tensor([[2.0, 2], [6, 5]]), torch.ones(1)
    colours, paper = torch.ones(1, 4), torch.zeros(1, 3, 8, 8)
    image, saved = draw(scene, vertices, radii, colours, paper)
    slopes(scene, vertices, radii, colours, paper, saved, torch.ones_like(image))
