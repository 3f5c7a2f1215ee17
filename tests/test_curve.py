"""Curves go where they say."""

import pytest

from reverie.curve import Constant, Cosine, Keyframes, Linear, Ramp, Steps, as_curve, read_keyframes
from reverie.errors import SpecError


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


def test_keyframes_are_joined_by_lines_and_held_outside():
    keys = read_keyframes("10: 2, 20: 4, 40: 0")
    assert [keys(n) for n in (0, 10, 15, 20, 30, 40, 99)] == [2, 2, 3, 4, 2, 0, 0]
    assert keys == Keyframes(at=((10, 2.0), (20, 4.0), (40, 0.0)))
    assert [read_keyframes("1.02")(n) for n in (0, 7)] == [1.02, 1.02]
    assert read_keyframes(" 0:-1 ,")(3) == -1


@pytest.mark.parametrize(
    "text, message",
    [
        ("fast", "'fast' is not a number, nor FRAME: NUMBER"),
        ("0: 1, x: 2", "such as 0: 1.02, 120: 0.98"),
        ("", "is not a number"),
        ("5: 1, 5: 2", "must ascend"),
        ("9: 1, 5: 2", "must ascend"),
        ("0: nan", "finite"),
        ("0: 1: 2", "is not a number"),
    ],
)
def test_keyframes_that_cannot_be_read_say_how(text, message):
    with pytest.raises(SpecError, match=message):
        read_keyframes(text)
