"""Pictures of several runs on one sheet, with words above those of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from reverie import image as images

GAP, EDGE, HEAD = 4, 16, 48  # pixels: between pictures, around blocks, for their words
TITLE, LINE = 18, 13  # sizes of type
INK, QUIET = "#202020", "#606060"


@dataclass(frozen=True)
class Block:
    """Pictures in a row, with a title and a line of small type above them."""

    title: str
    line: str
    pictures: Sequence[Path]


def draw_grid(blocks: Sequence[Block], path: Path, *, tile: int = 192) -> Path:
    """Draws blocks below each other, in two or three columns where they are many.

    Args:
        path: a .png.
        tile: pixels of the longer side of a picture.
    """
    columns = 1 if len(blocks) <= 4 else 2 if len(blocks) <= 12 else 3
    rows = -(-len(blocks) // columns)
    tiles = [[_tile(picture, tile) for picture in block.pictures] for block in blocks]
    every = [one for row in tiles for one in row]
    wide, high = (max(one.size[axis] for one in every) for axis in (0, 1))
    most = max(len(row) for row in tiles)
    across = max(most * (wide + GAP) - GAP, *(_width(block) for block in blocks))
    down = HEAD + high
    size = (EDGE + columns * (across + EDGE), EDGE + rows * (down + EDGE))
    sheet = Pil.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for place, (block, row) in enumerate(zip(blocks, tiles, strict=True)):
        left = EDGE + place % columns * (across + EDGE)
        top = EDGE + place // columns * (down + EDGE)
        draw.text((left, top), _cut(block.title), INK, _font(TITLE))
        draw.text((left, top + TITLE + 6), block.line, QUIET, _font(LINE))
        for i, one in enumerate(row):
            sheet.paste(one, (left + i * (wide + GAP), top + HEAD))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.png")
    sheet.save(temporary)
    temporary.replace(path)
    return path


def _tile(picture: Path, side: int) -> Pil.Image:
    small = images.open_upright(picture).convert("RGB")
    small.thumbnail((side, side), Pil.Resampling.LANCZOS)
    return small


def _width(block: Block) -> int:
    texts = ((_cut(block.title), TITLE), (block.line, LINE))
    return round(max(_font(size).getlength(text) for text, size in texts))


def _cut(title: str) -> str:
    return title if len(title) <= 80 else f"{title[:79]}…"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)
