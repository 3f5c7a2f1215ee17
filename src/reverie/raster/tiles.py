"""The tiles of pictures, and ranges as tensors: what the plain backend counts in."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.layout import owners
from reverie.raster.scene import Scene

MOST = 1 << 22  # places that are looked at together
FAR = 1e7  # pixels from the canvas, where a range of tiles certainly ends


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Pictures of `w x h` pixels in square tiles, the last ones of a row or column cut off."""

    w: int
    h: int
    tile: int  # pixels a side

    @property
    def columns(self) -> int:
        return -(-self.w // self.tile)

    @property
    def rows(self) -> int:
        return -(-self.h // self.tile)

    @property
    def count(self) -> int:
        return self.columns * self.rows

    def offsets(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Middles of a tile's pixels from its own middle: x and y, each `[tile * tile]`."""
        along = torch.arange(self.tile, device=like.device, dtype=like.dtype)
        along = along - (self.tile - 1) / 2
        return along.repeat(self.tile), along.repeat_interleave(self.tile)

    def cut(self, image: Tensor) -> Tensor:
        """`[b, 3, h, w]` as new tiles `[b * count, 3, tile * tile]`, padded with zeros."""
        padding = (0, self.columns * self.tile - self.w, 0, self.rows * self.tile - self.h)
        image = torch.nn.functional.pad(image, padding) if any(padding) else image
        image = image.unflatten(3, (-1, self.tile)).unflatten(2, (-1, self.tile))
        image = image.permute(0, 2, 4, 1, 3, 5).clone(memory_format=torch.contiguous_format)
        return image.flatten(4).flatten(0, 2)

    def joined(self, tiles: Tensor) -> Tensor:
        """What `cut` cut, without the padding."""
        image = tiles.unflatten(2, (self.tile, self.tile)).unflatten(
            0, (-1, self.rows, self.columns)
        )
        image = image.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
        return image[:, :, : self.h, : self.w].contiguous()


@dataclass(frozen=True, eq=False, kw_only=True)
class Edges:
    """Straight pieces of the shapes of one kind."""

    start: Tensor  # [e], a vertex
    end: Tensor
    shape: Tensor  # [e], ascending


def edges(scene: Scene, vertices: Tensor, sound: Tensor) -> tuple[Edges, Edges]:
    """Chords of strokes, and sides of fills with those that close them; none of unsound shapes."""
    lengths = scene.chains.diff()
    chain = owners(scene.chains)  # [v], of every vertex
    shape = owners(scene.shapes)[chain]
    last = torch.zeros(len(chain) + 1, dtype=torch.bool)
    last[scene.chains[1:][lengths > 0] - 1] = True
    last = last[:-1]
    start = torch.arange(len(chain))
    end = torch.where(last, scene.chains[:-1][chain], start + 1)
    stroke = scene.paint[shape] == 0
    found = []
    for kept in (stroke & ~last, ~stroke):
        chosen = (kept & sound.cpu()[shape]).nonzero()[:, 0]
        tensors = (x[chosen].to(vertices.device) for x in (start, end, shape))
        found.append(Edges(**dict(zip(("start", "end", "shape"), tensors, strict=True))))
    return found[0], found[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes:
    """Ranges of tiles, `[n]` each: from the first up to and without the last."""

    left: Tensor
    top: Tensor
    right: Tensor
    bottom: Tensor

    @property
    def wide(self) -> Tensor:
        return self.right - self.left

    @property
    def counts(self) -> Tensor:
        return self.wide * (self.bottom - self.top)

    def __getitem__(self, chosen: Tensor | slice) -> "Boxes":
        return Boxes(
            left=self.left[chosen],
            top=self.top[chosen],
            right=self.right[chosen],
            bottom=self.bottom[chosen],
        )

    def around(self, group: Tensor, n: int) -> "Boxes":
        """The smallest that hold all of a group, of those outside the canvas their place at its
        border; groups of none are empty."""
        few, many = self.left.new_full((n,), 1 << 40), self.left.new_full((n,), -1)
        right = many.scatter_reduce(0, group, self.right, "amax")
        none = right < 0
        return Boxes(
            left=few.scatter_reduce(0, group, self.left, "amin").masked_fill(none, 0),
            top=few.scatter_reduce(0, group, self.top, "amin").masked_fill(none, 0),
            right=right.masked_fill(none, 0),
            bottom=many.scatter_reduce(0, group, self.bottom, "amax").masked_fill(none, 0),
        )


def boxes(grid: Grid, a: Tensor, b: Tensor, reach: Tensor | float) -> Boxes:
    """The tiles that pixels within `reach` of edges from a to b `[e, 2]` may lie in."""
    low = (torch.minimum(a, b) - torch.as_tensor(reach).unsqueeze(-1)).clamp(-FAR, FAR)
    high = (torch.maximum(a, b) + torch.as_tensor(reach).unsqueeze(-1)).clamp(-FAR, FAR)
    low, high = (low / grid.tile).floor().long(), (high / grid.tile).floor().long() + 1
    left, right = low[:, 0].clamp(0, grid.columns), high[:, 0].clamp(0, grid.columns)
    top, bottom = low[:, 1].clamp(0, grid.rows), high[:, 1].clamp(0, grid.rows)
    return Boxes(left=left, top=top, right=right, bottom=bottom)


def spread(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For every item of ranges of these lengths: its range, and its place in it."""
    total = int(counts.sum())
    each = torch.arange(len(counts), device=counts.device)
    owner = torch.repeat_interleave(each, counts, output_size=total)
    place = torch.arange(total, device=counts.device)
    return owner, place.sub_((counts.cumsum(0) - counts).index_select(0, owner))


def portions(counts: Tensor, most: int = MOST) -> Iterator[tuple[int, int]]:
    """Ranges of neighbours that together have at most `most`, or of one that has more; of none, one
    that is empty."""
    each = counts.tolist()
    begin = total = 0
    for i, count in enumerate(each):
        if i > begin and total + count > most:
            yield begin, i
            begin, total = i, 0
        total += count
    yield begin, len(each)


def above(counts: list[int]) -> list[int]:
    """Of descending counts: how many are above 0, above 1, ..., as far as there are any."""
    found, n = [], len(counts)
    for k in range(counts[0] if counts else 0):
        while counts[n - 1] <= k:
            n -= 1
        found.append(n)
    return found
