"""Pictures move as they are told, about their middle, and nothing dark comes in at the edges."""

import pytest
import torch

from reverie.curve import Keyframes
from reverie.errors import SpecError
from reverie.film.motion import Motion, constant, warp
from reverie.spec import from_json, to_json


def dot(x, y, width=41, height=31):
    """A soft white dot on grey."""
    down, across = torch.arange(height)[:, None] - y, torch.arange(width)[None] - x
    bump = (-(down**2 + across**2) / 8).exp()
    return (0.3 + 0.6 * bump).expand(1, 3, -1, -1).contiguous()


def middle_of(image):
    light = (image[0, 0] - 0.3).clamp(min=0.02) - 0.02
    down, across = torch.meshgrid(*(torch.arange(n).float() for n in light.shape), indexing="ij")
    return ((across * light).sum() / light.sum()).item(), (
        (down * light).sum() / light.sum()
    ).item()


@pytest.mark.parametrize("edge", ["reflect", "wrap", "border"])
class TestEveryEdge:
    def test_no_motion_changes_nothing(self, edge):
        image = torch.rand(2, 3, 9, 14, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(warp(image, 1, 0, (0, 0), edge), image, atol=1e-5, rtol=0)

    def test_a_shift_moves_right_and_down(self, edge):
        x, y = middle_of(warp(dot(15, 12), 1, 0, (4.5, 3), edge))
        assert (x, y) == pytest.approx((19.5, 15), abs=0.05)

    def test_zoom_goes_away_from_the_middle(self, edge):
        x, y = middle_of(warp(dot(24, 17), 1.5, 0, (0, 0), edge))
        assert (x, y) == pytest.approx((20 + 1.5 * 4, 15 + 1.5 * 2), abs=0.1)

    def test_rotation_is_clockwise(self, edge):
        x, y = middle_of(warp(dot(28, 15), 1, 90, (0, 0), edge))  # from the right to below
        assert (x, y) == pytest.approx((20, 23), abs=0.1)

    def test_what_comes_in_is_never_black(self, edge):
        bright = torch.rand(1, 3, 30, 40, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.7
        for zoom, degrees, shift in ((0.5, 30, (0, 0)), (1, 0, (25, -18)), (0.9, 0, (0, 0))):
            assert warp(bright, zoom, degrees, shift, edge).min() > 0.6


def test_wrapping_brings_the_other_side():
    image = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(0))
    moved = warp(image, 1, 0, (3, -2), "wrap")
    torch.testing.assert_close(moved, image.roll((-2, 3), (2, 3)), atol=1e-4, rtol=0)


def test_the_border_is_drawn_out():
    image = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(0))
    moved = warp(image, 1, 0, (3, 0), "border")
    torch.testing.assert_close(moved[..., 0], image[..., 0], atol=1e-4, rtol=0)


def test_motion_follows_its_keyframes():
    motion = Motion(shift_x=Keyframes(at=((0, 0.0), (10, 5.0))), edge="wrap")
    assert motion.rests(0)
    assert not motion.rests(4)
    x, _ = middle_of(motion.moved(dot(15, 15), 4))
    assert x == pytest.approx(17, abs=0.05)
    assert from_json(to_json(motion), Motion) == motion


def test_a_zoom_that_is_no_factor_is_refused():
    with pytest.raises(SpecError, match="no factor"):
        Motion(zoom=constant(0.0))
