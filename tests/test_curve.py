"""Curves go where they say."""

import pytest

from reverie.curve import Constant, Cosine, Linear, Ramp, Steps, as_curve


def test_a_line_and_a_cosine_go_from_start_to_end():
    for curve in (Linear(start=2.0, end=1.0), Cosine(start=2.0, end=1.0)):
        assert [curve(t) for t in (0.0, 0.5, 1.0)] == pytest.approx([2.0, 1.5, 1.0])
    assert Cosine(start=2.0, end=1.0)(0.25) > Linear(start=2.0, end=1.0)(0.25)


def test_a_ramp_rises_holds_and_falls():
    ramp = Ramp(value=4.0, up=0.1, down=0.5)
    assert [ramp(t) for t in (0.0, 0.05, 0.3, 0.75, 1.0)] == pytest.approx([0, 2, 4, 2, 0])


def test_steps_hold_from_their_start_on():
    steps = Steps(at=((0.0, 1.0), (0.5, 0.4)))
    assert [steps(t) for t in (0.0, 0.49, 0.5, 1.0)] == [1.0, 1.0, 0.4, 0.4]


def test_a_number_is_a_constant_and_a_pair_is_a_line():
    assert as_curve(3.0) == Constant(value=3.0)
    assert as_curve((1.0, 0.0)) == Linear(start=1.0, end=0.0)
    assert as_curve(Cosine(start=1.0)) == Cosine(start=1.0)


def test_curves_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="shares of the run"):
        Ramp(value=1.0, up=2.0)
    with pytest.raises(ValueError, match="begin at t = 0"):
        Steps(at=((0.5, 1.0),))
