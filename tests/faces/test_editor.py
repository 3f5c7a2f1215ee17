"""Faces changed by words."""

import dataclasses
import math

import pytest
import torch

from faces.small_faces import CLIP, CPU, S
from reverie.errors import SpecError, WeightsError
from reverie.faces import directions
from reverie.faces.directions import Directions
from reverie.faces.editor import FaceEditor, place
from reverie.faces.latents import faces
from reverie.faces.slopes import Slopes


@pytest.fixture
def editor(model, prepared) -> FaceEditor:
    return FaceEditor.of(model, CLIP, CPU, path=prepared)


def similarity(editor: FaceEditor, alpha: float) -> float:
    step = editor.step("a hat", top=5)
    return sum(
        editor.scores(editor.model.draw(editor.edited(points(editor), step, alpha)), "a hat")
    )


def points(editor: FaceEditor) -> list[torch.Tensor]:
    return editor.model.points(faces("1-8"))


@pytest.mark.parametrize("known", ["directions", "slopes"])
def test_the_way_of_the_words_is_nearer_to_them_than_its_opposite(editor, model, known):
    used = editor if known == "directions" else FaceEditor.of(model, CLIP, CPU)
    assert isinstance(used.directions, Directions if known == "directions" else Slopes)
    assert similarity(used, 1.0) > similarity(used, -1.0)


def test_no_step_changes_nothing_and_two_are_twice_as_far(editor):
    styles, step = editor.model.styles(points(editor)), editor.step("a hat")
    assert torch.equal(editor.edited(points(editor), step, 0.0), styles)
    one, two = (editor.edited(points(editor), step, alpha) - styles for alpha in (1.0, 2.0))
    torch.testing.assert_close(two, 2 * one)
    assert editor.edited(points(editor), step).shape == (8, S)


def test_faces_that_were_edited_are_edited_on(editor):
    step = editor.step("a hat")
    once = editor.edited(points(editor), step, 1.0)
    twice = editor.edited(once.split(1), step, 1.0)
    torch.testing.assert_close(twice, editor.edited(points(editor), step, 2.0))


@pytest.mark.parametrize("alpha", [math.nan, math.inf])
def test_alpha_is_a_number(editor, alpha):
    with pytest.raises(SpecError, match="alpha"):
        editor.edited(points(editor), editor.step("a hat"), alpha)


def test_what_was_prepared_is_found(model, prepared):
    about = FaceEditor.of(model, CLIP, CPU, path=prepared).directions.about
    kept = place(model, about["generator"], list(about["perceptor"]))
    kept.parent.mkdir(parents=True)
    kept.write_bytes(prepared.read_bytes())
    assert isinstance(FaceEditor.of(model, CLIP, CPU).directions, Directions)


def test_a_file_that_is_named_must_be_there(model, tmp_path):
    with pytest.raises(WeightsError, match="no such file of directions"):
        FaceEditor.of(model, CLIP, CPU, path=tmp_path / "nothing.safetensors")


def test_channels_that_the_generator_lacks_are_refused(model, prepared, tmp_path):
    made = directions.read(prepared)
    wrong = dataclasses.replace(made, channels=made.channels + 1000)
    directions.write(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(WeightsError, match="channels are not those of"):
        FaceEditor.of(model, CLIP, CPU, path=tmp_path / "wrong.safetensors")
