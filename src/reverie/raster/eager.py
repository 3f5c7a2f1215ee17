"""The backend in plain torch: any device, and of any precision that it has.

Tiles are looked at together where that is quick, and memory grows with the pairs of a shape and a
tile at its edge. A shape with numbers that are not finite, or absurdly far away, is left out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.fills import Filled, fill_cover, fill_slopes, fill_touches
from reverie.raster.layers import Stacks, lay, lay_slopes, stacks
from reverie.raster.layout import owners
from reverie.raster.scene import Scene
from reverie.raster.strokes import Ramp, stroke_cover, stroke_slopes
from reverie.raster.tiles import FAR, Edges, Grid, edges
from reverie.raster.touch import stroke_touches

TILE = {"cpu": 8}  # pixels a side
LARGE_TILE = 16  # on other devices


@dataclass(frozen=True, eq=False, kw_only=True)
class Saved:
    grid: Grid
    chords: Edges
    sides: Edges
    stacks: Stacks
    cover: Tensor  # rows of strokes, rows of fills, and one that is full
    ramp: Ramp
    filled: Filled
    area: Tensor


def draw(
    scene: Scene, vertices: Tensor, radii: Tensor, colours: Tensor, paper: Tensor
) -> tuple[Tensor, Saved]:
    w, h = scene.size
    grid = Grid(w=w, h=h, tile=TILE.get(vertices.device.type, LARGE_TILE))
    n, device = len(radii), vertices.device
    chords, sides = edges(scene, vertices, sound(scene, vertices, radii, colours))
    first_tile = owners(scene.pictures).to(device) * grid.count
    evenodd = (scene.paint == 2).to(device)
    strokes = stroke_touches(grid, chords, vertices, radii, scene.softness, first_tile)
    filled = fill_touches(grid, sides, vertices, n, scene.softness, evenodd, first_tile)
    fills = filled.touched

    cover = vertices.new_empty(strokes.rows + fills.rows + 1, grid.tile**2)
    of_strokes, of_fills, full = cover.split([strokes.rows, fills.rows, 1])
    ramp = stroke_cover(grid, strokes, chords, vertices, radii, scene.softness, of_strokes)
    area = fill_cover(grid, filled, sides, vertices, scene.softness, evenodd, of_fills)
    full.fill_(1)

    last = strokes.rows + fills.rows
    rows = (
        torch.where(strokes.row < 0, last, strokes.row),
        torch.where(fills.row < 0, last, fills.row + strokes.rows),
    )
    pairs = torch.cat([strokes.shape, fills.shape]), torch.cat([strokes.tile, fills.tile])
    piled = stacks(*pairs, torch.cat(rows), n, len(paper) * grid.count)
    image = grid.cut(paper)
    lay(piled, cover, colours, image)
    saved = Saved(
        grid=grid,
        chords=chords,
        sides=sides,
        stacks=piled,
        cover=cover,
        ramp=ramp,
        filled=filled,
        area=area,
    )
    return grid.joined(image), saved


def slopes(
    scene: Scene,
    vertices: Tensor,
    radii: Tensor,
    colours: Tensor,
    paper: Tensor,
    saved: Saved,
    grad: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    grid = saved.grid
    d_cover, d_colours, d_paper = lay_slopes(
        saved.stacks, saved.cover, colours, grid.cut(paper), grid.cut(grad)
    )
    fills = saved.filled.touched.rows
    of_strokes, of_fills, _ = d_cover.split([len(d_cover) - 1 - fills, fills, 1])
    d_vertices, d_radii = stroke_slopes(saved.chords, saved.ramp, of_strokes, vertices, radii)
    evenodd = (scene.paint == 2).to(vertices.device)
    d_vertices += fill_slopes(
        grid, saved.filled, saved.sides, saved.area, of_fills, vertices, scene.softness, evenodd
    )
    return d_vertices, d_radii, d_colours, grid.joined(d_paper)


def sound(scene: Scene, vertices: Tensor, radii: Tensor, colours: Tensor) -> Tensor:
    """`[n]`: whether all numbers of a shape are finite and within reason."""
    shape = owners(scene.shapes)[owners(scene.chains)].to(vertices.device)
    near = (vertices.abs() < FAR).all(1)  # false of what is not a number, too
    bad = torch.zeros_like(radii, dtype=torch.int64).index_add_(0, shape, (~near).long())
    return (bad == 0) & radii.isfinite() & colours.isfinite().all(1)
