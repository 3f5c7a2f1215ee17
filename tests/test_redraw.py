"""Films of drawings that are drawn."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from reverie import image as images
from reverie.errors import SpecError
from reverie.raster.layout import layout
from reverie.raster.vector import VectorDrawing
from reverie.record import video
from reverie.redraw import film_size, redraw_film, redrawn


def line(x, y, to_x, to_y):
    return torch.lerp(
        torch.tensor([[x, y]]), torch.tensor([[to_x, to_y]]), torch.linspace(0, 1, 4)[:, None]
    )


def made(curves, colours, size=(64, 48), widths=4.0, **how):
    return VectorDrawing(
        size=size,
        layout=layout([[len(curve)] for curve in curves], **how),
        points=torch.cat(curves),
        widths=torch.full((len(curves),), widths),
        colours=torch.tensor(colours),
        paper=(1.0, 1.0, 0.9),
    )


def several():
    """Strokes and a fill over each other, some of them seen through."""
    curves = [
        line(4.0, 10.0, 60.0, 10.0),
        torch.tensor([[10.0, 5], [60, 5], [60, 45], [10, 45]]),
        torch.tensor([[5.0, 40], [20, 0], [40, 60], [60, 20], [62, 10], [40, 4], [5, 40]]),
        line(30.0, 2.0, 30.0, 46.0),
    ]
    colours = [[1.0, 0, 0, 0.6], [0, 0.5, 0, 0.5], [0, 0, 1, 0.7], [0, 0, 0, 1]]
    paint = ["stroke", "nonzero", "stroke", "stroke"]
    cap = ["round", "round", "butt", "square"]
    return made(curves, colours, paint=paint, cap=cap, closed=[False, True, True, False])


def test_the_first_picture_is_paper_and_the_last_one_the_drawing():
    drawing = several()
    first, *_, last = redrawn(drawing, 9)
    torch.testing.assert_close(
        first, torch.tensor([1, 1, 0.9])[None, :, None, None].expand_as(first)
    )
    gone = images.to_uint8(last).int() - images.to_uint8(drawing.draw()).int()
    assert gone.abs().max() <= 1


def test_more_pictures_than_shapes_and_fewer_end_in_the_same():
    drawing = several()
    for frames in (2, 3, 40):
        *most, last = redrawn(drawing, frames)
        assert len(most) == frames - 1
        torch.testing.assert_close(last, drawing.draw(), rtol=0, atol=1e-4)


def ink(picture):
    return float((1 - picture[0, 0]).sum())


def test_a_stroke_grows_evenly_from_its_beginning():
    drawing = made([line(2.0, 24.0, 62.0, 24.0)], [[0.0, 0, 0, 1]], cap="butt")
    pictures = list(redrawn(drawing, 11))
    amounts = torch.tensor([ink(picture) for picture in pictures])
    torch.testing.assert_close(amounts, torch.linspace(0, 240, 11), rtol=0, atol=4.0)
    half = pictures[5][0, 0, 24]
    assert half[:30].mean() < 0.15 and half[34:].mean() > 0.99


def test_time_is_shared_by_length_in_the_order_of_the_shapes():
    curves = [line(2.0, 10.0, 42.0, 10.0), line(2.0, 30.0, 22.0, 30.0)]
    drawing = made(curves, [[0.0, 0, 0, 1], [0, 0, 0, 1]])
    pictures = list(redrawn(drawing, 7))
    upper = [ink(picture[..., :20, :]) for picture in pictures]
    lower = [ink(picture[..., 20:, :]) for picture in pictures]
    assert upper[4] == pytest.approx(upper[6]) and upper[3] < 0.9 * upper[6]
    assert lower[4] == 0 and 0 < lower[5] < lower[6]


def test_a_fill_fades_in():
    square = torch.cat([line(10.0, 10.0, 40.0, 10.0), line(40.0, 10.0, 40.0, 40.0)[1:]])
    drawing = made([square], [[0.0, 0, 0, 0.8]], paint="nonzero")
    shades = [float(picture[0, 0, 15, 35]) for picture in redrawn(drawing, 5)]
    assert shades == pytest.approx([1, 0.8, 0.6, 0.4, 0.2], abs=1e-3)


def test_the_curves_of_one_stroke_are_drawn_one_after_the_other():
    curves = [line(4.0, 10.0, 44.0, 10.0), line(4.0, 30.0, 44.0, 30.0)]
    two = replace(made(curves, [[0.0, 0, 0, 1]] * 2), layout=layout([[4, 4]]))
    two = replace(two, widths=two.widths[:1], colours=two.colours[:1])
    *_, third, _ = redrawn(two, 5)
    _, first, *_ = redrawn(two, 5)
    assert ink(first[..., :20, :]) > 50 and ink(first[..., 20:, :]) == 0
    assert ink(third[..., :20, :]) > 120 and 50 < ink(third[..., 20:, :]) < 120


def test_a_ring_has_its_ends_until_it_is_closed():
    corners = [(10.0, 10.0), (50.0, 10.0), (50.0, 40.0), (10.0, 40.0), (10.0, 10.0)]
    sides = [line(*a, *b) for a, b in pairwise(corners)]
    ring = torch.cat([sides[0], *(side[1:] for side in sides[1:])])
    drawing = made([ring], [[0.0, 0, 0, 1]], closed=True, cap="butt", join="miter")
    *_, before, last = redrawn(drawing, 15)
    assert float(before[0, 0, 15, 10]) > 0.9 and float(before[0, 0, 40, 30]) < 0.1
    assert float(last[0, 0, 15, 10]) < 0.1


def test_a_drawing_of_nothing_is_paper():
    drawing = several().picked(torch.tensor([], dtype=torch.int64))
    assert [float(p[0, 2].mean()) for p in redrawn(drawing, 3)] == pytest.approx([0.9] * 3)


def pictures(path):
    with video.library().open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


class TestFilms:
    def test_it_has_its_length_and_ends_with_the_drawing_at_rest(self, tmp_path):
        drawing, path = several(), tmp_path / "new" / "film.apng"
        counts = list(redraw_film(drawing, path, seconds=3, rate=5, size=64, story='{"a": 1}'))
        assert counts == [(n, 12) for n in range(13)]
        there = pictures(path)
        whole = images.to_uint8(drawing.draw())[0].numpy().astype(int)
        assert len(there) == 15
        at_rest = [np.abs(picture - whole).max() <= 1 for picture in there]
        assert at_rest == [False] * 11 + [True] * 4
        assert video.text_in(path) == '{"a": 1}'

    def test_it_is_as_large_as_asked_for(self, tmp_path):
        path = tmp_path / "film.mp4"
        list(redraw_film(several(), path, seconds=0.5, rate=8, size=96))
        assert pictures(path)[0].shape == (72, 96, 3)
        assert film_size((512, 341), 720) == (720, 480)

    def test_whoever_stops_leaves_nothing(self, tmp_path):
        counts = redraw_film(several(), tmp_path / "film.mp4", seconds=5, rate=10, size=64)
        for _, _ in zip(range(4), counts, strict=False):
            pass
        assert list(tmp_path.iterdir())  # the pictures so far
        counts.close()
        assert not list(tmp_path.iterdir())

    def test_a_film_that_cannot_be_is_refused(self, tmp_path):
        for name, how in (("a.png", {}), ("a.gif", {"rate": 500.0}), ("a.mp4", {"seconds": 0.0})):
            with pytest.raises(SpecError, match="video"):
                next(redraw_film(several(), tmp_path / name, **how))
