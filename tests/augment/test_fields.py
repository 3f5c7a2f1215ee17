"""Displacements: against kornia where the mathematics is the same, else by their properties."""

import pytest
import torch
from kornia.filters import get_gaussian_kernel1d
from kornia.geometry.transform import elastic_transform2d

from reverie.augment import warp
from reverie.augment.fields import CELLS, SIDE, elastic, elastics, thin_plate, thin_plates
from reverie.protocols import Draws


def smooth(size):
    x = torch.linspace(0, 6, size, dtype=torch.float64)
    return torch.stack([x.cos() * x[:, None].sin(), (x + x[:, None]).sin(), 0 * x + x[:, None]])


def test_elastic_bending_looks_where_kornia_looks():
    cells = 2 * torch.rand(1, 2, CELLS, CELLS, generator=torch.Generator().manual_seed(0)) - 1
    pixels = cells.repeat_interleave(SIDE // CELLS, 2).repeat_interleave(SIDE // CELLS, 3)
    image = smooth(SIDE)[None].float()
    want = elastic_transform2d(image, pixels, (63, 63), (32.0, 32.0), (1.0, 1.0))
    eye = torch.eye(3)[None]
    (view,) = warp.sample(image, eye, SIDE, outside="zeros", bent=False, field=elastic(cells, SIDE))
    inner = (slice(None), slice(8, -8), slice(8, -8))
    plain = (image[0][inner] - want[0][inner]).abs().max()
    assert plain > 0.1  # it does bend: a cell's mean is larger here than that of 64 pixels
    torch.testing.assert_close(view[inner], want[0][inner], rtol=0, atol=float(plain) / 100)


def test_elastic_noise_bends_by_as_much_as_kornia():
    pixels = SIDE * elastic(elastics(Draws(range(50), 0), 20, 1.0), 56)[..., 23:33, 23:33]
    blur = get_gaussian_kernel1d(63, 32.0)
    want = blur.square().sum().item() * SIDE / 2 / 3**0.5  # of uniform noise in every pixel
    assert pixels.std().item() == pytest.approx(want, rel=0.05)


def test_elastic_views_differ_and_some_are_left_alone():
    noise = elastics(Draws([0], 0), 1000, 0.7)[0]
    still = (noise == 0).all(3).all(2).all(1)
    assert still.double().mean() == pytest.approx(0.3, abs=0.04)
    moved = noise[~still]
    assert not moved[0].equal(moved[1])


@pytest.mark.parametrize("field", ["elastic", "thin_plate"])
def test_a_field_is_the_same_at_every_size(field):
    draws = Draws([1], 0)
    if field == "elastic":
        large, small = (elastic(elastics(draws, 2, 1.0), s)[0] for s in (96, 32))
    else:
        large, small = (thin_plate(thin_plates(draws, 2, 1.0, scale=0.8), s)[0] for s in (96, 32))
    torch.testing.assert_close(large[..., 1::3, 1::3], small, rtol=1e-3, atol=1e-4)


def test_a_thin_plate_passes_through_its_anchors():
    shifts = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    field = thin_plate(shifts, 1001)
    corners = [field[:, 0, 0], field[:, 0, -1], field[:, -1, 0], field[:, -1, -1]]
    for got, want in zip([*corners, field[:, 500, 500]], shifts, strict=True):
        torch.testing.assert_close(got, want, rtol=0, atol=0.01)


def test_a_thin_plate_moves_turns_and_shears_without_bending():
    anchors = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]], dtype=torch.float64)
    linear = torch.tensor([[0.1, -0.2], [0.3, 0.05]], dtype=torch.float64)
    field = thin_plate(anchors @ linear + 0.07, 16)
    at = (torch.arange(16, dtype=torch.float64) + 0.5) / 16
    points = torch.stack([at.expand(16, -1), at[:, None].expand(-1, 16)], -1)
    torch.testing.assert_close(field.permute(1, 2, 0), points @ linear + 0.07)


def test_a_thin_plate_bends_less_than_another_smooth_sheet_through_the_anchors():
    shifts = torch.zeros(5, 2, dtype=torch.float64)
    shifts[4, 0] = 1
    sheet = thin_plate(shifts, 200)[0]
    at = (torch.arange(200, dtype=torch.float64) + 0.5) / 200
    other = (4 * at * (1 - at)) * (4 * at * (1 - at))[:, None]  # 0 at the corners, 1 amid

    def energy(z):
        xx, yy = z.diff(dim=1).diff(dim=1)[1:-1], z.diff(dim=0).diff(dim=0)[:, 1:-1]
        xy = z.diff(dim=0).diff(dim=1)
        return xx.square().sum() + yy.square().sum() + 2 * xy.square().sum()

    assert energy(sheet) < energy(other) / 2


def test_the_views_of_a_picture_are_bent_by_the_same_plate_or_none():
    shifts = thin_plates(Draws(range(1000), 0), 3, 0.7, scale=0.8)
    assert (shifts == shifts[:, :1]).all()
    bent = (shifts[:, 0] != 0).all(2).all(1)
    assert bent.double().mean() == pytest.approx(0.7, abs=0.04)
    moved = shifts[bent]
    assert moved.abs().max() <= 0.4 and moved.std().item() == pytest.approx(0.4 / 3**0.5, abs=0.01)
