"""Pictures of several runs on one sheet."""

import pytest
import torch
from PIL import Image

from reverie import image as images
from reverie.record.grid import EDGE, GAP, HEAD, Block, draw_grid


@pytest.fixture
def square(tmp_path):
    def paint(*colour, size=(64, 64)):
        file = tmp_path / f"{len([*tmp_path.iterdir()])}.png"
        picture = torch.tensor(colour).view(3, 1, 1).expand(3, size[1], size[0])
        images.save(picture, file, None)
        return file

    return paint


def opened(file):
    with Image.open(file) as picture:
        picture.load()
    return picture


def test_every_picture_is_there_behind_its_words(square, tmp_path):
    blocks = [Block("red and blue", "x", [square(1.0, 0, 0), square(0, 0, 1.0)])]
    blocks.append(Block("green", "y", [square(0, 1.0, 0)]))
    sheet = opened(draw_grid(blocks, tmp_path / "new" / "sheet.png", tile=64))
    top = EDGE + HEAD + 32
    assert sheet.getpixel((EDGE + 32, top)) == (255, 0, 0)
    assert sheet.getpixel((EDGE + 64 + GAP + 32, top)) == (0, 0, 255)
    assert sheet.getpixel((EDGE + 32, top + HEAD + 64 + EDGE)) == (0, 255, 0)
    head = sheet.crop((0, EDGE, sheet.width, EDGE + HEAD))
    assert head.convert("L").getextrema()[0] < 100  # there are words
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["sheet.png"]


def test_long_words_have_room(square, tmp_path):
    short, long = (
        opened(draw_grid([Block(t, "", [square(0, 0, 0.5)])], tmp_path / "s.png")).width
        for t in ("a", "a very long title of words " * 3)
    )
    assert long > 2 * short


def test_many_blocks_stand_in_columns(square, tmp_path):
    picture = square(1.0, 0, 0)
    few, some, many = (
        opened(draw_grid([Block("a", "b", [picture])] * n, tmp_path / "s.png")).size
        for n in (4, 12, 30)
    )
    assert few[0] < some[0] < many[0] and some[1] < 12 * few[1] / 4


def test_pictures_keep_their_shape(square, tmp_path):
    wide = square(1.0, 0, 0, size=(200, 100))
    sheet = opened(draw_grid([Block("a", "b", [wide])], tmp_path / "s.png", tile=100))
    assert sheet.getpixel((EDGE + 99, EDGE + HEAD + 49)) == (255, 0, 0)
    assert sheet.getpixel((EDGE + 50, EDGE + HEAD + 52)) == (255, 255, 255)
