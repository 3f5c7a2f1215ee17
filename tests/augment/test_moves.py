from typing import get_args

import pytest

from reverie.augment.boxes import Whole
from reverie.augment.cutouts import Cutouts
from reverie.augment.moves import AUGMENTS, CODES, NAMES, AugmentName, Moves, only, read_augments
from reverie.augment.presets import PRESETS
from reverie.errors import SpecError
from reverie.spec import from_json, to_json

MOVES = Moves(box=Whole(), affine=0.3, degrees=7, jitter=0.2, hue=0.4)


def test_every_augment_has_a_code_and_parameters():
    assert set(CODES.values()) == set(NAMES) == set(AUGMENTS) == set(get_args(AugmentName))
    for name, fields in AUGMENTS.items():
        assert 0 < fields[name.replace("-", "_")] < 1


def test_a_list_of_augments_is_read_by_letters_and_by_names():
    usual = ("affine", "perspective", "jitter", "erase")
    for text in ("Af,Pe,Ji,Er", "af pe ji er", " affine, perspective,jitter , Er ", "Af+Pe+Ji+Er"):
        assert read_augments(text) == usual
    assert read_augments("none") == ()
    assert read_augments("Re,Et,re") == ("resized-crop", "elastic")


@pytest.mark.parametrize("text", ["Xx", "Af,wobble", "", " , ", "none,Af"])
def test_what_is_no_augment_is_refused(text):
    with pytest.raises(SpecError, match="augments: .*Af"):
        read_augments(text)


def test_chosen_augments_keep_the_parameters_that_the_preset_has():
    chosen = only(MOVES, ["affine", "rotate"])
    assert (chosen.affine, chosen.degrees) == (0.3, 7)
    assert (chosen.rotate, chosen.rotate_degrees) == (0.7, 15)


def test_what_is_not_chosen_does_not_happen():
    assert only(MOVES, ["affine"]).jitter == 0 and only(MOVES, []).affine == 0


def test_the_pooled_preset_is_the_usual_list():
    usual = read_augments("Af,Pe,Ji,Er")
    ((_, pooled),) = PRESETS["pooled"].kinds
    assert only(pooled, usual) == pooled == only(Moves(box=Whole()), usual)


def test_an_unknown_augment_is_refused():
    with pytest.raises(SpecError, match="did you mean 'affine'"):
        only(MOVES, ["afine"])


def test_augments_survive_json():
    spec = Cutouts(augments=("elastic", "flip"))
    assert from_json(to_json(spec), Cutouts) == spec
    assert from_json({"kind": "Cutouts"}, Cutouts).augments is None
