"""Covers over each other: shapes front to back in every tile, over paper."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.raster.tiles import above, portions

CHUNK = {"cpu": 4096}  # pairs that are looked at together, so that they stay in the cache
AT_ONCE = 1 << 18  # on other devices


@dataclass(frozen=True, eq=False, kw_only=True)
class Stacks:
    """Pairs of a shape and a tile, tile by tile, those in front first."""

    shape: Tensor  # [p]
    row: Tensor  # [p], of the cover
    tiles: Tensor  # [t], those that any shape touches, the fullest first
    counts: Tensor  # [t], pairs of each
    first: Tensor  # [t], where they begin


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """Some tiles; their pairs are sorted by how many are in front of them, then by tile."""

    tiles: Tensor  # [m]
    shape: Tensor  # [p]
    row: Tensor  # [p]
    ranks: list[tuple[int, int, int]]  # of the first in every tile: how many, from where, to where


def stacks(shape: Tensor, tile: Tensor, row: Tensor, shapes: int, tiles: int) -> Stacks:
    """From pairs in any order."""
    order = (tile * shapes + (shapes - 1 - shape)).argsort()
    counts = tile.bincount(minlength=tiles)
    first = counts.cumsum(0) - counts
    full = counts.argsort(descending=True, stable=True)[: int((counts > 0).sum())]
    return Stacks(
        shape=shape[order], row=row[order], tiles=full, counts=counts[full], first=first[full]
    )


def chunks(stacks: Stacks) -> Iterator[Chunk]:
    counts = stacks.counts.cpu()
    for lo, hi in portions(counts, CHUNK.get(stacks.shape.device.type, AT_ONCE)):
        if lo == hi:
            return
        ways, first = above(counts[lo:hi].tolist()), stacks.first[lo:hi]
        places = torch.cat([first[:n] + k for k, n in enumerate(ways)])
        ends = [0]
        for n in ways:
            ends.append(ends[-1] + n)
        yield Chunk(
            tiles=stacks.tiles[lo:hi],
            shape=stacks.shape[places],
            row=stacks.row[places],
            ranks=list(zip(ways, ends[:-1], ends[1:], strict=True)),
        )


def lay(stacks: Stacks, cover: Tensor, colours: Tensor, image: Tensor) -> None:
    """Lays shapes over `image`, which comes as the paper, `[tiles, 3, pixels]`.

    Args:
        cover: `[rows, pixels]`.
        colours: `[n, 4]`, straight alpha.
    """
    for chunk in chunks(stacks):
        colour = colours[chunk.shape]
        alpha = cover[chunk.row].mul_(colour[:, 3:])  # [p, pixels]
        rest = torch.ones_like(alpha[: len(chunk.tiles)])  # what shows through all so far
        light = torch.zeros_like(image[: len(chunk.tiles)])
        share = torch.empty_like(rest)
        for n, lo, hi in chunk.ranks:
            torch.mul(rest[:n], alpha[lo:hi], out=share[:n])
            light[:n].addcmul_(colour[lo:hi, :3, None], share[:n, None])
            rest[:n].sub_(share[:n])
        image[chunk.tiles] = light.addcmul_(image[chunk.tiles], rest[:, None])


def lay_slopes(
    stacks: Stacks, cover: Tensor, colours: Tensor, paper: Tensor, grad: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What `grad` `[tiles, 3, pixels]` is for cover and colours, and for the paper (in place).

    From the back to the front, knowing what lies behind: so nothing is divided by 1 - alpha.
    """
    d_cover, d_colours = torch.zeros_like(cover), torch.zeros_like(colours)
    for chunk in chunks(stacks):
        colour, covered, g = colours[chunk.shape], cover[chunk.row], grad[chunk.tiles]
        alpha = covered * colour[:, 3:]  # [p, pixels]
        rest = torch.ones_like(alpha[: len(chunk.tiles)])
        through = torch.empty_like(alpha)  # what shows through all that is in front
        for n, lo, hi in chunk.ranks:
            through[lo:hi] = rest[:n]
            rest[:n].addcmul_(rest[:n], alpha[lo:hi], value=-1)
        behind = (g * paper[chunk.tiles]).sum(1)  # what the gradient gives for what is behind
        grad[chunk.tiles] = g * rest[:, None]
        d_alpha, d_colour = torch.empty_like(alpha), torch.empty_like(colour)
        for n, lo, hi in reversed(chunk.ranks):
            seen = through[lo:hi] * alpha[lo:hi]
            d_colour[lo:hi, :3] = (g[:n] * seen[:, None]).sum(2)
            own = (g[:n] * colour[lo:hi, :3, None]).sum(1)
            more = torch.sub(own, behind[:n], out=d_alpha[lo:hi])
            behind[:n].addcmul_(more, alpha[lo:hi])
        d_alpha.mul_(through)
        d_colour[:, 3] = (d_alpha * covered).sum(1)
        d_colours.index_add_(0, chunk.shape, d_colour)
        d_cover.index_add_(0, chunk.row, d_alpha.mul_(colour[:, 3:]))
    return d_cover, d_colours, grad
