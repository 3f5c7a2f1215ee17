"""Pictures as lines for pens."""

import pytest
import torch

from reverie import image as images
from reverie.canvas.outlined import Outlined
from reverie.canvas.start import Colour, Picture
from reverie.errors import SpecError

HERE = torch.device("cpu")


@pytest.fixture
def square(tmp_path):
    """A red square on white."""
    picture = torch.ones(1, 3, 96, 128)
    picture[:, 1:, 24:72, 32:96] = 0
    images.save(picture, tmp_path / "square.png", None)
    return Picture(path=str(tmp_path / "square.png"))


def test_lines_lie_where_colours_meet_and_nowhere_else(square):
    line = 1 - Outlined(start=square).draw((128, 96), (0,), HERE)[0, 0]
    assert line[48, 30:34].max() > 0.7 and line[22:26, 64].max() > 0.7
    assert line[48, 40:88].max() < 0.05 and line[:, :24].max() < 0.05
    wide = 1 - Outlined(start=square, width=0.06).draw((128, 96), (0,), HERE)[0, 0]
    assert wide.sum() > 1.5 * line.sum()
    assert line[48].sum() / 2 == pytest.approx(0.016 * 96, abs=1.5)  # two lines are crossed


def test_a_line_has_the_colour_of_the_nearest_pen(square):
    drawn = Outlined(start=square, pens=("#00ff00", "#b00020"), paper="#ffffff")
    line = drawn.draw((128, 96), (0,), HERE)[0, :, 48, 30:34].amin(1)
    assert line[0] > 0.6 and line[1] < 0.3


def test_a_picture_without_edges_is_plain_paper():
    drawn = Outlined(start=Colour(colour="teal"), paper="#fff8e0").draw((40, 30), (0, 1), HERE)
    want = torch.tensor([255, 248, 224]) / 255
    torch.testing.assert_close(drawn, want[:, None, None].expand(2, 3, 30, 40), rtol=0, atol=1e-3)


def test_it_is_the_same_drawing_at_every_size(square):
    small = Outlined(start=square).draw((160, 120), (0,), HERE)
    large = Outlined(start=square).draw((480, 360), (0,), HERE)
    assert (images.resize(large, (160, 120)) - small).abs().mean() < 0.02


@pytest.mark.parametrize("given", [{"pens": ()}, {"width": 0.0}, {"pens": ("inky",)}])
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(SpecError):
        Outlined(start=Colour(colour="teal"), **given)
