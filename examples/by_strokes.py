"""The rasteriser by itself: strokes that learn to look like a picture, without words.

    python examples/by_strokes.py photo.jpg --strokes 200 --output strokes.svg

A drawing is three tensors (points, widths, colours) and a layout that says which points make which
stroke. `rasterize` draws them, and its gradient is exact.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from reverie import image as images
from reverie.errors import ReverieError
from reverie.protocols import Draws
from reverie.raster.layout import layout
from reverie.raster.rasterize import rasterize
from reverie.raster.svg import to_svg, write_svg
from reverie.raster.vector import VectorDrawing


def fitted(picture: Tensor, strokes: int, steps: int) -> tuple[VectorDrawing, list[float]]:
    """Strokes of one cubic that look like a picture `[1, 3, h, w]`, and the errors on the way."""
    h, w = picture.shape[2:]
    draws, shapes = Draws((0,), 0), layout([[4]] * strokes)
    places = draws.named("places").uniform(strokes, 1, 2)[0] * torch.tensor([w, h])
    walk = (draws.named("walk").uniform(strokes, 4, 2)[0] - 0.5) * 0.2 * min(h, w)
    points = (places + walk).reshape(-1, 2).requires_grad_()  # [strokes, 4, 2] -> [points, 2]
    widths = torch.full((strokes,), 0.06 * min(h, w)).requires_grad_()
    colours = draws.named("colours").uniform(strokes, 4)[0].requires_grad_()
    paper = picture.mean((0, 2, 3))
    rates = zip((points, widths, colours), (1.0, 0.3, 0.03), strict=True)
    adam = torch.optim.Adam([{"params": [x], "lr": lr} for x, lr in rates])
    errors = []
    for _ in range(steps):
        adam.zero_grad()
        error = (
            (rasterize(shapes, points, widths, colours, paper, (w, h)) - picture).square().mean()
        )
        error.backward()
        adam.step()
        with torch.no_grad():
            widths.clamp_(min=1)
            colours.clamp_(0, 1)
        errors.append(error.item())
    red, green, blue = paper.tolist()
    drawing = VectorDrawing(
        size=(w, h),
        layout=shapes,
        points=points.detach(),
        widths=widths.detach(),
        colours=colours.detach(),
        paper=(red, green, blue),
    )
    return drawing, errors


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture")
    parser.add_argument("--strokes", type=int, default=200)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path("strokes.svg"))
    given = parser.parse_args()
    try:
        goal = images.fit(images.load(given.picture), (256, 256))
    except ReverieError as error:
        parser.exit(2, f"{error}\n")
    drawing, errors = fitted(goal, given.strokes, given.steps)
    write_svg(to_svg(drawing), given.output)
    print(f"{given.output}: error {errors[0]:.4f} at first, {errors[-1]:.4f} now")
