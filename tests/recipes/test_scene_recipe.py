"""The scene recipe paints offline, holds its guess, and does again what it did."""

import dataclasses
from pathlib import Path

import pytest

import reverie
from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.canvas.scene import Scene
from reverie.device import machine
from reverie.errors import SpecError
from reverie.perceptor.clip import Clip
from reverie.perceptor.pocket import Pocket
from reverie.recipe import Recipe
from reverie.recipes import guess as guessing
from reverie.recipes.fourier import fourier
from reverie.recipes.paint import best_recipe, recipe_for
from reverie.recipes.saved import reworded, varied
from reverie.recipes.scene import scene
from reverie.recipes.words import remarks
from reverie.record.story import story_in
from reverie.run import Run
from reverie.spec import edited, from_json, to_json
from reverie.weights import store

CPU = machine("cpu", "fp32")
GOLDEN = Path(__file__).parent.parent / "golden"
WEIGHTS = str(GOLDEN / "clip-vit" / "weights.safetensors")
QUICK = {"size": (40, 32), "steps": 2, "refine": 2, "cutouts": 2}
THING = "stages[0].canvas.arrangements[0].things[0].name"


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REVERIE_MANIFEST", raising=False)


@pytest.fixture
def clip_installed(nothing_installed):
    store.add(Path(WEIGHTS), "mine")


def painted(recipe, folder, stop_at=None):
    run = Run.start(recipe, Path(folder), CPU)
    for progress in run.frames():
        if progress.step == stop_at:
            break
    return run


def changes(recipe, **fields):
    return dataclasses.replace(recipe, **fields)


def test_the_recipe_holds_the_guess_and_is_replayed_without_guessing(monkeypatch):
    made = scene("two owls in the snow", **QUICK)
    run = painted(made, "once")

    def refuse(prompts):
        raise AssertionError("a replay must not guess")

    monkeypatch.setattr(guessing, "guess", refuse)
    held = from_json(story_in(run.pictures[0])["recipe"], Recipe)
    assert held == made
    assert [thing.name for thing in held.stages[0].canvas.arrangements[0].things] == ["owl"] * 2
    again = painted(held, "again")
    assert again.pictures[0].read_bytes() == run.pictures[0].read_bytes()


@pytest.mark.parametrize("stop_at", [1, 3])
def test_a_scene_that_was_stopped_goes_on_to_the_same_bytes(stop_at):
    made = scene("an owl", **QUICK)
    whole, stopped = painted(made, "whole"), painted(made, "stopped", stop_at)
    assert stopped.state_file.stat().st_size < 400_000  # no weights of the generator
    assert Run.open(stopped.folder).ended is None
    list(Run.open(stopped.folder).frames())
    assert stopped.pictures[0].read_bytes() == whole.pictures[0].read_bytes()


def test_several_pictures_equal_several_runs():
    made = scene("a pear", **QUICK | {"refine": 0})
    several = painted(changes(made, seed=4, count=3), "several")
    for i, path in enumerate(several.pictures):
        alone = painted(changes(made, seed=4 + i), f"alone-{i}").pictures[0]
        assert (images.load(path) - images.load(alone)).abs().max() <= 2 / 255
    first, second = (images.load(path) for path in several.pictures[:2])
    assert (first - second).abs().mean() > 0.005


@pytest.mark.parametrize("size", [(200, 120), (24, 60)])
def test_a_picture_need_not_be_square(size):
    run = painted(scene("an owl", **QUICK | {"size": size}), "run")
    assert images.load(run.pictures[0]).shape[-2:] == (size[1], size[0])


def test_the_last_touches_begin_with_the_scene():
    still = edited(scene("an owl", **QUICK), "stages[1].optimizer.lr", 0.0)
    clean = painted(changes(still, stages=still.stages[:1]), "clean").pictures[0]
    refined = painted(still, "refined").pictures[0]
    assert (images.load(clean) - images.load(refined)).abs().max() < 0.02


def test_without_last_touches_there_is_one_stage():
    assert len(scene("an owl", **QUICK | {"refine": 0}).stages) == 1
    assert len(scene("an owl", **QUICK).stages) == 2


def test_another_perceptor_may_bend_what_the_pocket_one_guessed():
    made = scene("an owl", perceptor=WEIGHTS, **QUICK)
    assert {type(p) for s in made.stages for p in s.losses["prompts"].perceptors} == {Clip}
    assert painted(made, "run").pictures[0].exists()


def test_an_unknown_thing_in_a_saved_recipe_is_refused_with_a_hint():
    wrong = edited(scene("an owl", **QUICK), THING, "hous")
    with pytest.raises(SpecError, match=r"'hous' is no thing .*did you mean 'house'"):
        painted(wrong, "run")
    assert not Path("run").exists()


def test_a_saved_recipe_can_hold_another_thing():
    other = edited(scene("an owl", **QUICK), THING, "pear")
    assert painted(other, "pear").pictures[0].exists()


def test_pictures_without_words_are_refused_with_a_remedy():
    with pytest.raises(SpecError, match="--canvas fourier does without them"):
        scene("photo.png")


def test_every_scene_of_the_prompt_is_painted_and_the_first_one_is_guessed():
    made = scene("an owl ^ a pear", **QUICK)
    assert made.stages[0].canvas.arrangements[0].things[0].name == "owl"
    assert len(made.stages[0].losses["prompts"].scenes) == 2


def test_other_words_are_guessed_anew():
    made = scene("two owls in the snow", **QUICK | {"style": "noto", "vary": 0.5})
    other = reworded(made, "a pear")
    assert other == scene("a pear", **QUICK | {"style": "noto", "vary": 0.5})
    averaged = Averaged(canvas=made.stages[0].canvas, decay=0.9)
    first = dataclasses.replace(made.stages[0], canvas=averaged)
    again = reworded(changes(made, stages=(first, *made.stages[1:])), "a pear")
    assert again.stages[0].canvas.canvas == other.stages[0].canvas


def test_other_words_keep_the_art_unless_they_ask_for_another():
    made = scene("a mosaic of an owl", **QUICK)
    assert made.stages[0].canvas.art == "mosaic"
    assert reworded(made, "a pear").stages[0].canvas.art == "mosaic"
    assert reworded(made, "a pear in pixel art").stages[0].canvas.art == "pixel art"
    assert scene("a mosaic of an owl", art="neon", **QUICK).stages[0].canvas.art == "neon"
    assert scene("a mosaic of an owl", art="", **QUICK).stages[0].canvas.art == ""


def test_an_average_of_a_scene_can_be_painted():
    made = scene("an owl", **QUICK)
    averaged = Averaged(canvas=made.stages[0].canvas, decay=0.5)
    first = dataclasses.replace(made.stages[0], canvas=averaged)
    assert painted(changes(made, stages=(first, *made.stages[1:])), "run").pictures[0].exists()


class TestTheChoice:
    def test_paint_takes_a_scene_where_nothing_is_installed(self):
        assert best_recipe({}) == "scene"
        run = reverie.paint("an owl", seed=1, output="out", device="cpu", **QUICK)
        assert run.recipe.name == "scene"
        assert isinstance(run.recipe.stages[0].canvas, Scene)
        assert run.recipe.stages[0].losses["prompts"].perceptors == (Pocket(),)

    def test_paint_takes_waves_where_a_clip_is_installed(self, clip_installed):
        assert best_recipe({}) == "fourier"
        assert best_recipe({"perceptor": "pocket-clip"}) == "scene"
        options = {"size": (16, 16), "steps": 1, "cutouts": 1}
        run = reverie.paint("an owl", seed=1, output="out", device="cpu", **options)
        assert run.recipe.name == "fourier"
        (perceptor,) = run.recipe.stages[0].losses["prompts"].perceptors
        assert isinstance(perceptor, Clip)

    def test_options_that_only_waves_have_take_waves(self):
        assert best_recipe({"init": "teal"}) == "fourier"
        assert best_recipe({"size": (8, 8), "style": "noto"}) == "scene"
        assert recipe_for("an owl", "fourier", init="teal").name == "fourier"

    def test_waves_are_painted_with_the_pocket_perceptor_where_nothing_else_is(self):
        made = fourier("an owl", size=(16, 16), steps=1, cutouts=2)
        assert made.stages[0].losses["prompts"].perceptors == (Pocket(),)
        assert painted(made, "run").pictures[0].exists()


class TestRemarks:
    def test_the_limits_of_the_pocket_models_are_told_with_the_way_beyond(self):
        (limits,) = remarks(scene("an owl", **QUICK))
        assert limits.startswith("with pocket-biggan and pocket-clip: ")
        assert limits.endswith("reverie models pull ViT-B/32")

    def test_words_that_are_read_as_others_are_told_once(self):
        said, _ = remarks(scene("a canine | zzxqy:0.1", **QUICK))
        assert said == 'reading "canine" as "dog"; I do not know "zzxqy"'

    def test_only_the_models_that_take_part_are_named(self):
        own, limits = remarks(fourier("an owl", perceptor=f"pocket-clip,{WEIGHTS}"))
        assert own == f"with {WEIGHTS}"
        assert limits.startswith("with pocket-clip: ")
        _, limits = remarks(scene("an owl", perceptor=WEIGHTS, **QUICK))
        assert limits.startswith("with pocket-biggan: ")

    def test_of_other_models_only_the_names_are_told(self):
        assert remarks(fourier("a zzxqy", perceptor=WEIGHTS)) == [f"with {WEIGHTS}"]


class TestSavedRecipes:
    def test_options_of_several_stages_must_be_set_by_their_path(self):
        with pytest.raises(
            SpecError, match=r"--style: this recipe has several stages, from 0 to 1"
        ):
            varied(scene("an owl", **QUICK), style="noto")

    def test_a_scene_of_one_stage_takes_the_options_of_its_canvas(self):
        made = scene("an owl", **QUICK | {"refine": 0})
        other = varied(made, style="noto", vary=0.5, size=(8, 8), art="neon")
        canvas = other.stages[0].canvas
        assert (canvas.style, canvas.vary, canvas.size) == ("noto", 0.5, (8, 8))
        assert canvas.art == "neon"

    def test_a_saved_recipe_has_its_stages_already(self):
        with pytest.raises(SpecError, match="--refine cannot go with --recipe"):
            varied(scene("an owl", **QUICK | {"refine": 0}), refine=5)

    def test_waves_have_no_style(self):
        with pytest.raises(SpecError, match="style"):
            varied(fourier("an owl"), style="noto")

    def test_a_scene_survives_json(self):
        made = scene("two owls on a blue table", **QUICK)
        assert from_json(to_json(made), Recipe) == made
