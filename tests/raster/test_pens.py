"""Palettes of pens, as people write them."""

import pytest

from reverie.errors import SpecError
from reverie.raster.pens import Pen, read_pens


def test_a_palette_has_a_pen_on_every_line_and_between_commas(tmp_path):
    file = tmp_path / "ink.txt"
    text = "; mine\n\n#1a1a1a  black  0.4mm\nteal, #c0392b Stabilo 88\n"
    file.write_text(text, encoding="utf-8")
    assert read_pens(str(file)) == (
        Pen(colour="#1a1a1a", name="black", mm=0.4),
        Pen(colour="teal"),
        Pen(colour="#c0392b", name="Stabilo 88"),
    )


def test_colours_with_commas_stand_where_a_file_would_be_named():
    assert [pen.colour for pen in read_pens("black,#c0392b, rgb(1, 2, 3) .5 mm")] == [
        "black",
        "#c0392b",
        "rgb(1, 2, 3)",
    ]
    assert read_pens("rgb(1, 2, 3) .5 mm")[0].mm == 0.5


def test_a_colour_is_read_as_numbers_from_0_to_1():
    assert Pen(colour="#ff8000").rgb == (1.0, 128 / 255, 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("black,blurple", "line 1: pen: 'blurple' is no colour"),
        ("black\n0.4mm", "line 2: '0.4mm' does not begin with a colour"),
        ("black 0mm", "a line of 0.0 mm"),
        ("teal\n#c0392b brick 0.5cmm", "line 2: '0.5cmm' is no width; write it as 0.5mm"),
        ("", "there is no pen"),
        ("; nothing", "there is no pen"),
        ("missing.txt", "missing.txt cannot be read: No such file"),
    ],
)
def test_what_is_no_palette_is_refused_with_its_line(text, message):
    with pytest.raises(SpecError, match=message):
        read_pens(text)
