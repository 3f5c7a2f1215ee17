"""Specs survive JSON, and bad JSON is refused with its place and the remedy."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverie.curve import Constant, Cosine, Linear, Number, Ramp, Steps
from reverie.errors import SpecError
from reverie.optimizer import Adam
from reverie.prompt import Prompt
from reverie.spec import edited, from_json, spec, to_json

numbers = st.floats(-1e6, 1e6, allow_nan=False)
curves = st.one_of(
    st.builds(Constant, value=numbers),
    st.builds(Linear, start=numbers, end=numbers),
    st.builds(Cosine, start=numbers, end=numbers),
    st.builds(Ramp, value=numbers),
    numbers,
    st.tuples(numbers, numbers),
)


@given(st.builds(Adam, lr=st.one_of(curves, st.dictionaries(st.text(min_size=1), curves))))
def test_a_spec_survives_json(spec):
    assert from_json(json.loads(json.dumps(to_json(spec))), Adam) == spec


@pytest.mark.parametrize(
    ("data", "want", "message"),
    [
        ({"kind": "Adom"}, Adam, r"\$: unknown kind 'Adom' \(did you mean 'Adam'\?\)"),
        ({"kind": "Adam", "betta": 1}, Adam, r"\$: Adam has no field 'betta' .*'betas'"),
        ({"kind": "Adam", "betas": [0.9]}, Adam, r"\$\.betas: expected 2 values, got 1"),
        ({"kind": "Adam", "betas": [0.9, "x"]}, Adam, r"\$\.betas\[1\]: expected float, got 'x'"),
        ({"kind": "Linear", "start": 1, "end": 0}, Adam, r"\$: expected Adam, got Linear"),
        ({"kind": "Steps", "at": [[0.5, 1]]}, Steps, r"\$: the steps must begin at t = 0"),
        ({"kind": "Prompt", "words": " "}, Prompt, r"\$: a prompt is words, .* not empty"),
        ({"kind": "Linear", "start": True, "end": 0}, Linear, r"\$\.start: expected float"),
        ({"kind": "Linear", "start": 1}, Linear, r"\$: missing .* 'end'"),
        ("fast", Number, r"\$: expected float or .*Linear.*, got 'fast'"),
    ],
)
def test_bad_json_is_refused_with_its_place_and_the_remedy(data, want, message):
    with pytest.raises(SpecError, match=message):
        from_json(data, want)


def test_a_kind_is_never_an_import_path():
    with pytest.raises(SpecError, match="unknown kind 'os.system'"):
        from_json({"kind": "os.system", "command": "true"})


def test_numbers_that_json_cannot_hold_are_refused():
    with pytest.raises(SpecError, match=r"\$\.value: nan is not a finite number"):
        to_json(Constant(value=float("nan")))


def test_an_edit_reaches_any_field_and_leaves_the_original():
    adam = Adam(lr=Linear(start=1.0, end=0.0))
    assert edited(adam, "lr.end", 0.5) == Adam(lr=Linear(start=1.0, end=0.5))
    assert edited(adam, "betas[1]", 0.5).betas == edited(adam, "betas.1", 0.5).betas == (0.9, 0.5)
    assert adam.lr == Linear(start=1.0, end=0.0)


def test_an_edit_may_add_a_name_where_names_are_free():
    assert edited(Adam(lr={"a": 0.1}), "lr.b", 0.2) == Adam(lr={"a": 0.1, "b": 0.2})


def test_an_edit_of_a_field_that_is_not_there_names_the_nearest():
    with pytest.raises(SpecError, match=r"\$\.lr: there is no 'ent' here \(did you mean 'end'\?\)"):
        edited(Adam(lr=Linear(start=1.0, end=0.0)), "lr.ent", 0.5)


def test_two_modules_cannot_have_a_spec_of_one_name():
    class Adam:
        pass

    with pytest.raises(SpecError, match=r"reverie\.optimizer has a Adam already"):
        spec(Adam)
