import pytest
import torch
from kornia.enhance import sharpness

from reverie.augment.sharpen import softened, softnesses
from reverie.protocols import Draws

VIEWS = torch.rand(4, 3, 9, 9, generator=torch.Generator().manual_seed(0))


def test_softening_is_what_kornia_calls_sharpness():
    factor = torch.tensor([0.0, 0.3, 0.8, 1.0])
    torch.testing.assert_close(softened(VIEWS, 1 - factor), sharpness(VIEWS, factor))


def test_a_softness_of_nothing_changes_nothing():
    assert softened(VIEWS, torch.zeros(4)) is VIEWS
    mixed = softened(VIEWS, torch.tensor([0.0, 1.0, 0.0, 0.0]))
    assert mixed[[0, 2, 3]].equal(VIEWS[[0, 2, 3]]) and not mixed[1].equal(VIEWS[1])


def test_softness_is_uniform_and_some_views_stay_sharp():
    soft = softnesses(Draws([0], 0), 4000, 0.4, sharpness=0.3)[0]
    done = soft > 0
    assert done.double().mean() == pytest.approx(0.4, abs=0.03)
    at = torch.quantile(soft[done], torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])).tolist()
    assert at == pytest.approx([0.7, 0.73, 0.85, 0.97, 1.0], abs=0.01)
