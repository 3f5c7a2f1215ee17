"""What channels do, as their slopes tell."""

import pytest
import torch
import torch.nn.functional as F

from faces.small_faces import CLIP, CPU
from reverie.faces.model import FaceModel
from reverie.faces.slopes import Slopes
from reverie.faces.survey import channels


@pytest.fixture
def slopes(model) -> Slopes:
    return Slopes.of(FaceModel.of(model, CPU), CLIP.build(CPU), faces=4)


def jacobians(slopes: Slopes) -> torch.Tensor:
    """`[faces, d, channels]`."""
    rows = [
        torch.autograd.functional.jacobian(lambda s: slopes._seen(s)[0], one[None])[:, 0]
        for one in slopes.codes
    ]
    return torch.stack(rows)[:, :, slopes.channels]


def test_relevance_is_about_the_cosine_between_a_channels_step_and_the_change(slopes):
    whole = jacobians(slopes)
    change = F.normalize(
        torch.randn(whole.shape[1], generator=torch.Generator().manual_seed(3)), dim=0
    )
    wanted = torch.einsum("ndc,d->c", whole, change) / 4 / whole.square().sum(1).mean(0).sqrt()
    found = slopes.relevance(change)
    assert torch.corrcoef(torch.stack([found, wanted]))[0, 1] > 0.97
    torch.testing.assert_close(found, wanted, rtol=0.5, atol=0.02)
    torch.testing.assert_close(slopes.relevance(-change), -found)


def test_the_lengths_are_those_of_the_rows(slopes):
    wanted = jacobians(slopes).square().sum(1).mean(0).sqrt()
    ratio = slopes.lengths / wanted
    assert ratio.median().item() == pytest.approx(1, abs=0.1) and ratio.min() > 0.5


def test_the_same_answer_comes_twice_and_torchs_numbers_are_left_alone(slopes, model):
    change = F.normalize(torch.ones(slopes._seen(slopes.codes[:1]).shape[1]), dim=0)
    before = torch.get_rng_state()
    again = Slopes.of(slopes.model, slopes.perceptor, faces=4)
    torch.testing.assert_close(slopes.relevance(change), again.relevance(change))
    assert torch.equal(torch.get_rng_state(), before)


def test_channels_that_make_colours_are_left_alone(slopes, network):
    assert torch.equal(slopes.channels, channels(network))
    _, deviation = network.style_statistics(10_000, 5, 0.7, 8)
    torch.testing.assert_close(slopes.deviation, deviation[slopes.channels])
