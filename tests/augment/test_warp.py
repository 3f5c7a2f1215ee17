import math

import pytest
import torch

from reverie.augment import warp
from reverie.protocols import Draws

MANY = 4000


def ramp(height, width):
    """A picture of its own coordinates: x in the first channel, y in the second."""
    x = (torch.arange(width, dtype=torch.float64) + 0.5) / width
    y = (torch.arange(height, dtype=torch.float64) + 0.5) / height
    return torch.stack([x.expand(height, -1), y[:, None].expand(-1, width), 0 * x + 0 * y[:, None]])


def seen(picture, warps, size, outside="border"):
    bent = bool(warps[:, 2, :2].any())
    return torch.stack(warp.sample(picture[None], warps, size, outside=outside, bent=bent))


def quantiles(values, at=(0.1, 0.5, 0.9)):
    return torch.quantile(values.flatten().double(), torch.tensor(at, dtype=torch.float64)).tolist()


def test_the_identity_shows_the_picture_exactly():
    picture = torch.rand(3, 9, 9, generator=torch.Generator().manual_seed(0))
    views = seen(picture, torch.eye(3)[None], 9)
    torch.testing.assert_close(views[0], picture, rtol=0, atol=1e-6)


def test_every_pixel_shows_the_place_its_homography_names():
    corners = torch.tensor([[0.1, 0.2], [0.9, 0.1], [0.8, 0.85], [0.15, 0.9]], dtype=torch.float64)
    h = warp.to_corners(corners)
    view = seen(ramp(64, 48), h[None], 16)[0]
    at = (torch.arange(16, dtype=torch.float64) + 0.5) / 16
    points = torch.stack([at.expand(16, -1), at[:, None].expand(-1, 16), torch.ones(16, 16)], -1)
    want = points @ h.T
    torch.testing.assert_close(view[:2].permute(1, 2, 0), want[..., :2] / want[..., 2:])


@pytest.mark.parametrize("bend", [0.0, 0.2])
def test_a_field_moves_where_the_pixels_of_a_view_look(bend):
    corners = torch.tensor([[0.1, 0.2], [0.9, 0.1], [0.8, 0.85 - bend], [0.15, 0.9]])
    h = warp.to_corners(corners.double())[None]
    field = 0.05 * torch.randn(1, 2, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    got = warp.coordinates(h, 12, True, field)
    at = (torch.arange(12, dtype=torch.float64) + 0.5) / 12
    points = torch.stack([at.expand(12, -1), at[:, None].expand(-1, 12)]) + field[0]
    seen = torch.cat([points, torch.ones(1, 12, 12)]).permute(1, 2, 0) @ h[0].T
    want = (2 * seen[..., :2] / seen[..., 2:] - 1).permute(2, 0, 1)
    torch.testing.assert_close(got[:, 0], want)


def test_perspective_takes_corners_to_corners():
    corners = torch.tensor([[0.1, 0.2], [0.9, 0.1], [0.8, 0.85], [0.15, 0.9]], dtype=torch.float64)
    square = torch.tensor([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=torch.float64)
    got = square @ warp.to_corners(corners).T
    torch.testing.assert_close(got[:, :2] / got[:, 2:], corners)


def test_corners_move_inwards_by_up_to_half_the_distortion():
    h = warp.perspectives(Draws([0], 0), MANY, 1.0, distortion=0.6)[0]
    square = torch.tensor([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=torch.float64)
    got = square @ h.mT
    inwards = (got[..., :2] / got[..., 2:] - square[:, :2]) * (1 - 2 * square[:, :2])
    assert quantiles(inwards) == pytest.approx([0.03, 0.15, 0.27], abs=0.005)
    assert inwards.min() >= -1e-9 and inwards.max() <= 0.3 + 1e-9


def test_a_flip_mirrors_left_and_right():
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    always = warp.flips(Draws([0], 0), 1, 1.0)[0].float()
    torch.testing.assert_close(seen(picture, always, 8)[0], picture.flip(-1), rtol=0, atol=1e-6)
    some = warp.flips(Draws([0], 0), MANY, 0.5)[0]
    assert (torch.linalg.det(some) < 0).double().mean() == pytest.approx(0.5, abs=0.02)


def test_an_affine_turns_shears_and_shifts_within_its_ranges():
    h = warp.affines(Draws([0], 0), MANY, 1.0, degrees=30, translate=0.1, shear=5)[0]
    torch.testing.assert_close(torch.linalg.det(h), torch.ones(MANY, dtype=torch.float64))
    turned = h[:, :2, 0]  # the x axis is only turned
    angle = torch.atan2(-turned[:, 1], turned[:, 0]).rad2deg()
    slant = -(h[:, :2, 0] * h[:, :2, 1]).sum(1).atan().rad2deg()
    shift = (h @ torch.tensor([0.5, 0.5, 1], dtype=torch.float64))[:, :2] - 0.5
    assert quantiles(angle) == pytest.approx([-24, 0, 24], abs=1.5)
    assert quantiles(slant) == pytest.approx([-4, 0, 4], abs=0.25)
    assert quantiles(shift) == pytest.approx([-0.08, 0, 0.08], abs=0.004)
    assert angle.abs().max() <= 30 and slant.abs().max() <= 5 and shift.abs().max() <= 0.1


def test_a_move_that_does_not_happen_is_the_identity():
    eye = torch.eye(3, dtype=torch.float64).expand(50, 3, 3)
    draws = Draws([0], 0)
    for h in (
        warp.flips(draws, 50, 0.0),
        warp.affines(draws, 50, 0.0, degrees=30, translate=0.1, shear=5),
        warp.perspectives(draws, 50, 0.0, distortion=0.5),
    ):
        torch.testing.assert_close(h[0], eye, rtol=0, atol=1e-12)


def test_shrinking_is_the_root_of_the_area_a_pixel_covers():
    corners = torch.tensor([[0.1, 0.2], [0.9, 0.1], [0.8, 0.85], [0.15, 0.9]], dtype=torch.float64)
    h, size = warp.to_corners(corners), 100
    step = 1e-5
    points = torch.full((3, 3), 0.5, dtype=torch.float64) + step * torch.eye(3).roll(1, 0)
    points[:, 2] = 1
    at = points @ h.T
    at = at[:, :2] / at[:, 2:] * torch.tensor([300.0, 200.0], dtype=torch.float64)
    area = torch.linalg.det(torch.stack([at[1] - at[0], at[2] - at[0]]) / step) / size**2
    got = warp.shrinking(h, 300, 200, size)
    assert got.item() == pytest.approx(math.sqrt(area.abs().item()), rel=1e-3)


def test_stacking_over_threads_changes_nothing():
    picture = torch.rand(3, 20, 20, generator=torch.Generator().manual_seed(0))
    h = warp.affines(Draws([0], 0), 6, 1.0, degrees=30, translate=0.1, shear=5)[0].float()
    before = torch.get_num_threads()
    try:
        views = []
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            views.append(seen(picture, h, 16))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(views[0], views[1], rtol=0, atol=1e-6)
    torch.testing.assert_close(views[0], views[2], rtol=0, atol=1e-6)


def test_beyond_the_horizon_lies_nothing_of_the_picture():
    corners = torch.tensor([[0.35, 0.35], [0.65, 0.35], [1, 1], [0, 1]], dtype=torch.float64)
    back = torch.linalg.inv(warp.to_corners(corners))
    view = seen(torch.ones(3, 64, 64, dtype=torch.float64), back[None], 64, "zeros")[0, 0]
    where = warp.coordinates(back[None], 64, bent=True)
    assert where.abs().max() == warp.FAR  # a horizon is infinitely far
    assert view[45, 32] == pytest.approx(1) and (view[:20] == 0).all() and view.isfinite().all()
