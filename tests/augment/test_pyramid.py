import pytest
import torch
import torch.nn.functional as F

from reverie.augment.pyramid import Pyramid, by_matrices, by_windows, pooled, shrunk

RANDOM = torch.rand(2, 3, 37, 50, generator=torch.Generator().manual_seed(0))
CHECKERBOARD = ((torch.arange(64)[:, None] + torch.arange(64)) % 2).float().expand(1, 3, 64, 64)


def smooth(picture, size):
    return F.interpolate(picture, size, mode="bilinear", antialias=True)


@pytest.mark.parametrize("level", [2, 3, 4, 6])
def test_a_shrunk_checkerboard_is_grey(level):
    inside = Pyramid(CHECKERBOARD).pictures(level)[0][..., 1:-1, 1:-1]
    torch.testing.assert_close(inside, torch.full_like(inside, 0.5), rtol=0, atol=0.02)


def test_every_level_has_sides_half_an_octave_smaller():
    pyramid = Pyramid(torch.zeros(2, 3, 64, 100))
    sizes = [tuple(pyramid.pictures(level)[1].shape[-2:]) for level in range(5)]
    assert sizes == [(64, 100), (45, 71), (32, 50), (23, 35), (16, 25)]


def test_the_chosen_level_has_pixels_about_as_large_as_the_view():
    pyramid = Pyramid(torch.zeros(1, 3, 512, 512))
    shrinking = torch.linspace(1, 60, 500, dtype=torch.float64)
    left = shrinking / 2 ** (pyramid.level_for(shrinking) / 2)
    assert left.min() >= 2**-0.25 and left.max() <= 2**0.25
    assert pyramid.level_for(torch.tensor([0.01, 1e9])).tolist() == [0, 18]


@pytest.mark.parametrize("size", [(16, 16), (37, 20), (5, 50), (1, 1)])
def test_resizing_by_matrices_equals_torchs_kernels(size):
    torch.testing.assert_close(by_matrices(smooth, RANDOM, size), smooth(RANDOM, size))
    mean = F.adaptive_avg_pool2d
    torch.testing.assert_close(by_matrices(mean, RANDOM, size), mean(RANDOM, size))


@pytest.mark.parametrize("size", [(16, 16), (37, 20), (5, 50), (1, 1)])
def test_the_maximum_by_windows_equals_torchs_kernel(size):
    assert by_windows(RANDOM, size).equal(F.adaptive_max_pool2d(RANDOM, size))


def test_at_its_own_size_nothing_is_resized():
    assert shrunk(RANDOM, (37, 50)) is RANDOM and pooled(RANDOM, (37, 50)) is RANDOM
