"""Lines, polygons and circles cover what geometry says."""

import math

import pytest
import torch

from reverie.raster.figures import circle, line, polygon
from reverie.raster.layout import layout
from reverie.raster.rasterize import rasterize


def covered(points, paint, width=0.0):
    """The area of an opaque shape."""
    colours, paper = torch.ones(1, 4).double(), torch.zeros(3).double()
    shapes = layout([[len(points)]], paint=paint)
    widths = torch.tensor([width]).double()
    return rasterize(shapes, points, widths, colours, paper, (64, 48))[:, 0].sum()


def test_a_circle_covers_its_disc_and_grows_by_its_rim():
    radius = torch.tensor(15.3).double().requires_grad_()
    area = covered(circle(torch.tensor([30.2, 22.7]).double(), radius), "nonzero")
    assert area.item() == pytest.approx(math.pi * 15.3**2, rel=5e-3)
    area.backward()
    assert radius.grad.item() == pytest.approx(2 * math.pi * 15.3, rel=5e-3)


def test_a_polygon_covers_its_area_and_is_closed():
    corners = torch.tensor([[5.0, 5], [50, 9], [33, 41]]).double()
    points = polygon(corners)
    assert len(points) == 10 and torch.equal(points[0], points[-1])
    assert covered(points, "nonzero").item() == pytest.approx(754, rel=1e-6)


def test_a_line_covers_its_length_times_its_width_and_two_half_discs():
    places = torch.tensor([[10.0, 10.3], [50.0, 40.3]]).double()
    area = covered(line(places), "stroke", width=6.0)
    assert area.item() == pytest.approx(50 * 6 + math.pi * 9, rel=5e-3)
