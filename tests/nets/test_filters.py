"""Filters that enlarge and shrink, against their definition written out."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.nets.filters import Filter, area_resized, filtered, layout, overlaps


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def by_definition(x: Tensor, by: Filter) -> Tensor:
    """Zeros between, zeros around, a true convolution, every `down`-th pixel."""
    b, c, h, w = x.shape
    wide = x.new_zeros(b, c, h * by.up, w * by.up)
    wide[:, :, :: by.up, :: by.up] = x
    wide = F.pad(wide, (by.before, by.after, by.before, by.after))
    taps = by.taps.outer(by.taps) if by.taps.ndim == 1 else by.taps
    kernel = taps.flip(0, 1).to(x).expand(c, 1, -1, -1)
    return F.conv2d(wide, kernel, groups=c)[:, :, :: by.down, :: by.down]


KINDS = {
    "plain": Filter(drawn(4), before=1, after=1),
    "plain, more before": Filter(drawn(5), before=4, after=0),
    "doubled": Filter(drawn(4), up=2, before=2, after=1),
    "doubled, odd taps": Filter(drawn(5), up=2, before=3, after=4),
    "doubled, cut off": Filter(drawn(12), up=2, before=-3, after=-4),
    "fourfold": Filter(drawn(24), up=4, before=9, after=8),
    "halved": Filter(drawn(12), down=2),
    "halved, with ends": Filter(drawn(6), down=2, before=1, after=4),
    "halved by a square": Filter(drawn(12, 12), down=2),
    "doubled by a square": Filter(drawn(6, 6), up=2, before=3, after=2),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_a_filter_does_what_its_definition_says_and_so_does_its_gradient(kind, memory) -> None:
    by = KINDS[kind]
    for height, width in ((13, 16), (14, 15)):
        x = drawn(2, 3, height, width).contiguous(memory_format=memory).requires_grad_()
        want = by_definition(x, by)
        got = filtered(x, by)
        torch.testing.assert_close(got, want, rtol=0, atol=1e-4)
        assert got.shape[2:] == (by.size(height), by.size(width))
        weight = drawn(*want.shape, seed=2)
        grads = [torch.autograd.grad((y * weight).sum(), x)[0] for y in (got, want)]
        torch.testing.assert_close(*grads, rtol=0, atol=1e-4)


def test_channels_that_lie_side_by_side_stay_so() -> None:
    x = drawn(2, 8, 6, 6).contiguous(memory_format=torch.channels_last)
    assert layout(filtered(x, Filter(drawn(4), up=2))) == torch.channels_last
    assert layout(x[:, 2:5]) == torch.channels_last
    assert layout(x.contiguous()) == torch.contiguous_format


@pytest.mark.parametrize("size", [64, 96, 224, 256])
def test_the_area_resize_is_sevenfold_nearest_and_average_pooling(size: int) -> None:
    x = drawn(1, 2, size, size)
    large = x.repeat_interleave(7, 2).repeat_interleave(7, 3)
    want = F.avg_pool2d(large, size // 32)
    torch.testing.assert_close(area_resized(x, 224), want, rtol=0, atol=1e-5)


def test_a_constant_picture_stays_what_it_is_at_any_size() -> None:
    for size, into in ((100, 224), (224, 100), (7, 7)):
        torch.testing.assert_close(overlaps(size, into).sum(1), torch.ones(into))
