"""Painted things that have no size of their own, drawn again at any.

A run keeps such a thing beside its picture. Whatever can be drawn in bands, from top to bottom, is
a `Drawing`, and `drawing_in` finds out what a file holds.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import UInt8
from torch import Tensor

from reverie import image as images
from reverie.canvas.siren import Siren, drawn
from reverie.canvas.siren_files import SUFFIX as NETWORK
from reverie.canvas.siren_files import read_network, told_by
from reverie.canvas.start import check_size
from reverie.device import fast_matmul
from reverie.errors import PictureError, SpecError, WeightsError
from reverie.nets.siren import places, points, shapes
from reverie.protocols import Image, Machine
from reverie.raster.rasterize import rasterize
from reverie.raster.svg_read import SUFFIXES, read_svg, story_of
from reverie.raster.vector import VectorDrawing
from reverie.record.story import checked
from reverie.spec import from_json

Size = tuple[int, int]  # width, height
Pixels = UInt8[Tensor, "h w 3"]
BAND, TALL = 16, 256  # rows at a time, of a network and of shapes


@runtime_checkable
class Drawing(Protocol):
    """Something that can be drawn at any size."""

    size: Size  # that it was painted at
    story: dict[str, Any] | None  # of the picture that it was painted as

    def bands(self, size: Size, on: Machine, *, beyond: bool) -> Iterator[Image]:
        """A picture of a size as rows `[1, 3, n, w]`, from top to bottom. Where its shape is
        another than the painted one's, the largest part of that shape; or, with `beyond`, all that
        was painted and what lies around it."""
        ...


class Field:
    """A SIREN, which tells the colour of every place."""

    def __init__(self, canvas: Siren, tensors: dict[str, Tensor], story: dict[str, Any] | None):
        self.canvas, self.tensors, self.story = canvas, tensors, story
        self.size = canvas.size

    @classmethod
    def read(cls, path: Path) -> "Field":
        """
        Raises:
            WeightsError: the file holds no such network, or is not as it should be.
        """
        told = told_by(path)
        if "canvas" not in told:
            raise WeightsError(f"{path}: holds nothing that was painted to be drawn at any size")
        try:
            canvas: Siren = from_json(json.loads(told["canvas"]), Siren, "$.canvas")
            story = checked(json.loads(told["story"])) if "story" in told else None
        except (SpecError, ValueError, RecursionError) as error:
            raise WeightsError(f"{path}: what it says of itself is not valid: {error}") from error
        wanted = shapes(canvas.layers, canvas.hidden)
        return cls(canvas, read_network(path, wanted), story)

    @torch.no_grad()
    def bands(self, size: Size, on: Machine, *, beyond: bool) -> Iterator[Image]:
        network = self.canvas.network({n: x[None] for n, x in self.tensors.items()}, on)
        rows, columns = places(size, self.size, beyond=beyond)
        for some in rows.split(BAND):
            where = points(some, columns).to(on.device)
            yield drawn(network, where, (len(columns), len(some)))


class Shapes:
    """The shapes of an SVG."""

    def __init__(self, drawing: VectorDrawing, story: dict[str, Any] | None) -> None:
        self.drawing, self.story = drawing, story
        self.size = drawing.size

    @classmethod
    def read(cls, path: Path) -> "Shapes":
        """
        Raises:
            PictureError: it cannot be read, or holds no shapes.
        """
        text = story_of(path)
        try:
            story = checked(json.loads(text)) if text else None
        except (SpecError, ValueError, RecursionError):
            story = None  # another program's, or one that was changed: the shapes are what counts
        return cls(read_svg(path), story)

    @torch.no_grad()
    def bands(self, size: Size, on: Machine, *, beyond: bool) -> Iterator[Image]:
        (w, h), one = size, self.drawing.to(on.device)
        factors = [a / b for a, b in zip(size, self.size, strict=True)]
        scale = min(factors) if beyond else max(factors)
        left, top = (a / 2 - scale * b / 2 for a, b in zip(size, self.size, strict=True))
        for first in range(0, h, TALL):
            corner = torch.tensor([left, top - first]).to(one.points)
            yield rasterize(
                one.layout,
                one.points * scale + corner,
                one.widths * scale,
                one.colours,
                torch.tensor(one.paper).to(one.points),
                (w, min(TALL, h - first)),
            )


READERS: dict[str, Callable[[Path], Drawing]] = {
    NETWORK: Field.read,
    **dict.fromkeys(SUFFIXES, Shapes.read),
}


def drawing_in(path: Path) -> Drawing:
    """What a file holds, or the file beside a picture.

    Raises:
        PictureError: there is no such file.
        WeightsError: it is not what can be drawn, or belongs to another picture.
    """
    suffix = path.suffix.lower()
    if suffix in READERS:
        if not path.is_file():
            raise PictureError(f"{path}: there is no such file")
        return READERS[suffix](path)
    if path.is_dir():
        raise PictureError(f"{path}: this is a folder; name a picture in it")
    if suffix not in images.SUFFIXES or not path.is_file():
        known = ", ".join([*READERS, *images.SUFFIXES])
        what = "cannot be drawn again" if path.exists() else "there is no such file"
        raise PictureError(f"{path}: {what}; wanted is one of {known}")
    beside = [path.with_suffix(known) for known in READERS if path.with_suffix(known).is_file()]
    if not beside:
        raise PictureError(
            f"{path}: has no {path.with_suffix('.svg').name} or {path.with_suffix(NETWORK).name} "
            "beside it, from which it could be drawn again; draw, clipdraw and deep-daze leave one"
        )
    found, own = READERS[beside[0].suffix](beside[0]), images.read_text(path)
    if own is not None and found.story is not None and json.loads(own) != found.story:
        raise WeightsError(f"{beside[0]}: is of another picture than {path.name}; name it itself")
    return found


def render(
    drawing: Drawing, size: Size, into: Path, on: Machine, *, beyond: bool = False
) -> Iterator[tuple[int, int]]:
    """Draws a thing into a picture file, which appears when all is done, with the story of its
    making inside. Yields the rows done, and how many there are.

    Raises:
        SpecError: there can be no picture of this size.
        PictureError: it cannot be written.
    """
    check_size(size)
    width, height = size
    if width * height > images.MAX_PIXELS:
        raise SpecError(
            f"size: {width}x{height} pixels are too many, at most {images.MAX_PIXELS:,} in all"
        )
    pixels: Pixels = torch.empty(height, width, 3, dtype=torch.uint8)
    done = 0
    yield done, height
    with fast_matmul(on):
        for band in drawing.bands(size, on, beyond=beyond):
            pixels[done : done + band.shape[2]] = images.to_uint8(band)[0]
            done += band.shape[2]
            if done < height:
                yield done, height
    story = drawing.story and drawing.story | {"rendered": size}
    images.save_pixels(pixels, into, json.dumps(story, ensure_ascii=False) if story else None)
    yield done, height
