import pytest
import torch

from reverie.augment.erase import kept, rectangles
from reverie.protocols import Draws

RANGES = {"area": (0.1, 0.4), "ratio": (0.3, 1 / 0.3)}


def test_erased_areas_and_shapes_keep_their_ranges():
    boxes = rectangles(Draws(range(3000), 0), 1, 1.0, **RANGES)[:, 0]
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    free = (wide < 1) & (high < 1)  # a long side is cut off at the edge of the view
    area, ratio = (wide * high)[free], (high / wide)[free]
    assert area.min() >= 0.1 - 1e-9 and area.max() <= 0.4 + 1e-9
    assert ratio.min() >= 0.3 - 1e-9 and ratio.max() <= 1 / 0.3 + 1e-9
    assert (ratio < 1).double().mean() == pytest.approx(0.5, abs=0.06)
    assert boxes.min() >= 0 and boxes.max() <= 1 + 1e-9


def test_erasing_happens_with_its_probability():
    boxes = rectangles(Draws(range(2000), 0), 1, 0.7, **RANGES)[:, 0]
    assert (boxes[:, 2] > boxes[:, 0]).double().mean() == pytest.approx(0.7, abs=0.03)


def test_the_views_of_a_picture_lose_the_same_rectangle():
    boxes = rectangles(Draws([0, 1], 0), 5, 1.0, **RANGES)
    assert (boxes == boxes[:, :1]).all() and not boxes[0].equal(boxes[1])


def test_views_may_each_lose_a_rectangle_of_their_own():
    boxes = rectangles(Draws([0], 0), 400, 0.7, **RANGES, alike=False)[0]
    assert (boxes[:, 2] > boxes[:, 0]).double().mean() == pytest.approx(0.7, abs=0.06)
    assert len(boxes.unique(dim=0)) > 250


def test_as_much_of_a_view_is_black_as_the_rectangle_covers():
    boxes = torch.tensor([[0.25, 0.5, 0.75, 0.75], [0.0, 0.0, 1.0, 1.0], [0.3, 0.3, 0.3, 0.3]])
    keep = kept(boxes, 16)
    assert (1 - keep).mean((1, 2, 3)).tolist() == [0.125, 1.0, 0.0]
    assert (keep[0, 0, 8:12, 4:12] == 0).all() and keep[0].sum() == 256 - 32
