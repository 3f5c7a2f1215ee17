import pytest
import torch

from reverie.augment.colour import adjust, jitters, recoloured
from reverie.protocols import Draws

RANDOM = torch.rand(1, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LUMA = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)


def adjusted(views, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    values = [
        torch.tensor([v], dtype=torch.float64) for v in (brightness, contrast, saturation, hue)
    ]
    return recoloured(views, adjust(*values))


@pytest.mark.parametrize("turns", [0.0, 1.0, -1.0])
def test_whole_turns_of_hue_change_nothing(turns):
    torch.testing.assert_close(adjusted(RANDOM, hue=turns), RANDOM)


def test_two_turns_of_hue_add_up():
    twice = adjusted(adjusted(RANDOM, hue=0.1), hue=0.25)
    torch.testing.assert_close(twice, adjusted(RANDOM, hue=0.35))


def test_hue_and_saturation_keep_grey_and_luma():
    grey = torch.full((1, 3, 2, 2), 0.3, dtype=torch.float64)
    torch.testing.assert_close(adjusted(grey, saturation=1.7, hue=0.2), grey, rtol=1e-3, atol=0)
    got = adjusted(RANDOM, saturation=1.7, hue=0.2)
    luma = [torch.einsum("c,bchw->bhw", LUMA, picture) for picture in (got, RANDOM)]
    torch.testing.assert_close(*luma, rtol=1e-6, atol=1e-6)


def test_a_third_of_a_turn_takes_red_to_green():
    red = torch.tensor([1.0, 0, 0], dtype=torch.float64)[None, :, None, None]
    assert adjusted(red, hue=1 / 3).argmax(1).item() == 1
    assert adjusted(red, hue=-1 / 3).argmax(1).item() == 2


def test_without_saturation_a_picture_is_its_luma():
    got = adjusted(RANDOM, saturation=0.0)
    want = torch.einsum("c,bchw->bhw", LUMA, RANDOM)[:, None].expand_as(got)
    torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-6)


def test_brightness_multiplies_and_contrast_pivots_on_middle_grey():
    torch.testing.assert_close(adjusted(RANDOM, brightness=1.2), 1.2 * RANDOM)
    torch.testing.assert_close(adjusted(RANDOM, contrast=1.5), 0.5 + 1.5 * (RANDOM - 0.5))


def test_jitter_is_uniform_and_leaves_some_views_alone():
    same = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    bright = jitters(Draws([0], 0), 3000, 0.7, **same | {"brightness": 0.2})[0]
    factor = bright[:, 0, 0]
    changed = (factor - 1).abs() > 1e-9
    assert changed.double().mean() == pytest.approx(0.7, abs=0.03)
    at = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0], dtype=torch.float64)
    got = torch.quantile(factor[changed], at).tolist()
    assert got == pytest.approx([0.8, 0.84, 1.0, 1.16, 1.2], abs=0.01)
