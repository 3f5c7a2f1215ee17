"""The learning rate and the look of StyleCLIP against the original."""

import re

import pytest
import torch

from parity.golden import families, tensors
from reverie.augment.whole import WholeView
from reverie.curve import Ramp
from reverie.protocols import Draws, Moment

FOLDERS = families("loss-styleclip")


@pytest.fixture(params=[f for f in FOLDERS if f.name != "loss-styleclipdraw"], ids=lambda f: f.name)
def io(request: pytest.FixtureRequest):
    return tensors(request.param)


def test_the_ramp_is_that_of_the_original(io) -> None:
    names = [name for name in io if re.match(r"lr_initial[\d.]+_rampdown", name)]
    assert names
    for name in names:
        value, down, up = map(float, re.findall(r"\d+\.\d+", name))
        ramp = Ramp(value=value, up=up, down=down)
        for t, want in zip(io["t"].tolist(), io[name].tolist(), strict=True):
            assert ramp(t) == pytest.approx(want, rel=0, abs=1e-12)


def test_a_run_of_the_original_begins_with_a_step_of_nothing(io) -> None:
    names = [name for name in io if re.fullmatch(r"lr_\d+_steps_initial[\d.]+", name)]
    assert names
    for name in names:
        ramp = Ramp(value=float(name.rpartition("initial")[2]))
        steps = len(io[name])
        got = [ramp(i / steps) for i in range(steps)]
        assert got == pytest.approx(io[name].tolist(), rel=0, abs=1e-12)
        assert got[0] == 0


def test_what_clip_sees_is_the_picture_of_the_original(io) -> None:
    looks = WholeView().build()(io["clip_input.image"], Moment(0, 0.0, Draws((0, 1), 0)))
    seen = looks.draw(slice(0, 1), 224)
    torch.testing.assert_close(
        seen[:, :, 2::5, 1::5], io["clip_input.output_sub5"], rtol=0, atol=1e-6
    )
    mean_std = torch.stack([seen.mean(), seen.std()])
    torch.testing.assert_close(mean_std, io["clip_input.output_mean_std"], rtol=0, atol=1e-6)
