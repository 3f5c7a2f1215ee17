"""An SVG as what a canvas starts from."""

from pathlib import Path

import pytest
import torch

from reverie.canvas.fourier import Fourier
from reverie.canvas.start import start_from
from reverie.canvas.strokes import Strokes
from reverie.canvas.vectors import Vectors, shapes_of
from reverie.device import machine
from reverie.errors import PictureError
from reverie.raster.svg_read import read_svg
from reverie.recipe import digests
from reverie.recipes.clipdraw import clipdraw
from reverie.recipes.draw import draw

CPU = machine("cpu", "fp32")
CLIP = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 80" width="100" height="80">
<rect width="100" height="80" fill="#f0e8d0"/>
<path d="M20 20 L80 20 L80 60 L20 60 Z M40 30 L40 50 L60 50 L60 30 Z" fill="#c03020"/>
<path d="M10 70 C30 60 60 78 90 70" fill="none" stroke="#102040" stroke-width="4"
      stroke-linecap="round"/>
</svg>"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "a.svg").write_text(SVG)
    return Vectors(path=str(tmp_path / "a.svg"))


def test_strokes_begin_as_the_shapes_of_an_svg(start):
    canvas = Strokes(size=(100, 80), count=5, start=start, paper="auto").build(CPU, (1, 2))
    want = read_svg(Path(start.path)).draw()
    torch.testing.assert_close(canvas(), want.repeat(2, 1, 1, 1), rtol=0, atol=1e-5)
    assert canvas.layout.pictures.tolist() == [0, 2, 4]


def test_what_is_closed_cannot_open(start):
    shapes = shapes_of(read_svg(Path(start.path)))
    assert shapes.owned.diff().tolist() == [24, 4]  # eight sides of two contours; one cubic
    moved = shapes.points + torch.arange(2 * len(shapes.points)).view(-1, 2)
    controls, where = torch.zeros(len(shapes.between), 2), shapes.layout.contours
    controls = moved[shapes.between[:, 0]]
    assert torch.equal(controls[where[:-2]], controls[where[1:-1] - 1])
    torch.testing.assert_close(shapes.controls(), read_svg(Path(start.path)).points)


def test_another_form_cuts_it_and_stretches_nothing(start):
    drawing = start.drawing((160, 160))
    assert drawing.widths[1] == 8
    middle = (drawing.points[:13].amin(0) + drawing.points[:13].amax(0)) / 2
    torch.testing.assert_close(middle, torch.tensor([80.0, 80.0]))


def test_new_shapes_are_added_to_those_of_an_svg(start):
    before = Strokes(size=(50, 40), start=start, paper="auto").build(CPU, (1,))
    after = Strokes(size=(50, 40), count=9, start=start, paper="auto").build(CPU, (1,))
    assert after.go_on_(before) and after.layout.count == 9
    assert (after() - before()).abs().mean() < 0.02


def test_any_canvas_can_begin_with_it(start):
    assert start_from(start.path) == start
    shown = Fourier(size=(50, 40), start=start).build(CPU, (1,))()
    assert (shown - start.draw((50, 40), (1,), CPU.device)).abs().mean() < 0.01


@pytest.mark.parametrize("recipe", [draw, clipdraw])
def test_recipes_take_an_svg_as_it_is(recipe, start):
    (stage,) = recipe("a fox", perceptor=CLIP, init=start.path, size=(50, 40)).stages
    assert stage.canvas.start == start
    assert start.path in digests(recipe("a fox", perceptor=CLIP, init=start.path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PictureError, match="none.svg"):
        Vectors(path=str(tmp_path / "none.svg")).drawing((10, 10))
