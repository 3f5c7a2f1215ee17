"""The recipes on a VQGAN: sizes in tiles, pulls, and stages that go on where they were."""

import dataclasses

import pytest
import torch

from parity.golden import ROOT
from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.canvas.drawing import Drawing
from reverie.canvas.pixels import Pixels
from reverie.canvas.scene import Scene
from reverie.canvas.start import Gradient, Picture
from reverie.canvas.vqgan import VQGAN
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.latent import LatentPull
from reverie.loss.pixel import PixelPull
from reverie.loss.smooth import TotalVariation
from reverie.recipe import Recipe
from reverie.recipes.pixels import pixels
from reverie.recipes.saved import reworded, varied
from reverie.recipes.vqgan import fitted
from reverie.recipes.vqgan_clip import vqgan_clip
from reverie.recipes.vqgan_codes import vqgan_codes
from reverie.recipes.vqgan_mse import vqgan_mse
from reverie.recipes.vqgan_notebook import vqgan_notebook
from reverie.recipes.words import remarks
from reverie.run import Run
from reverie.weights import store

CPU = machine("cpu", "fp32")
CLIP = str(ROOT / "clip-vit" / "weights.safetensors")
SMALL = {"size": (32, 24), "steps": 4, "cutouts": 2, "perceptor": "pocket-clip"}
CODES = SMALL | {"init": "codes"}


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))


@pytest.fixture
def photo(tmp_path):
    images.save(torch.rand(1, 3, 30, 40), tmp_path / "photo.png", text=None)
    return "photo.png"


@pytest.mark.parametrize("recipe", [vqgan_clip, vqgan_codes, vqgan_mse, vqgan_notebook])
def test_a_size_is_rounded_to_whole_tiles_and_never_to_none(recipe):
    for asked, made in {(501, 301): (504, 304), (3, 9): (8, 8), (64, 24): (64, 24)}.items():
        begin = {} if recipe is vqgan_codes else {"init": "codes"}
        assert recipe("a fox", **SMALL | begin | {"size": asked}).stages[0].canvas.size == made


def test_nothing_pulls_back_unless_it_is_asked_for(photo):
    assert set(vqgan_clip("a fox", keep=0, **CODES).stages[0].losses) == {"prompts"}
    kept = {
        ("start", "mse"): LatentPull(weight=0.5),
        ("zero", "mse"): LatentPull(weight=0.5, towards="zero"),
        (photo, "spherical"): LatentPull(weight=0.5, towards=photo, measure="spherical"),
        (photo, "pixels"): PixelPull(weight=0.5, towards=photo),
    }
    for (to, by), loss in kept.items():
        made = vqgan_clip("a fox", keep=0.5, keep_to=to, keep_by=by, **CODES)
        assert made.stages[0].losses["keep"] == loss


def test_what_is_left_out_is_the_original_s_or_suits_the_pocket_models_where_they_paint_alone():
    alone = vqgan_clip("a fox").stages[0]
    assert isinstance(alone.canvas.start, Drawing)
    assert alone.canvas.start.arrangements[0].things[0].name == "fox"
    assert (alone.steps, alone.losses["keep"].towards) == (120, "start")
    store.add(ROOT / "vqgan" / "weights.safetensors", "mine", ROOT / "vqgan" / "config.json")
    for real in ({"perceptor": CLIP, "model": "pocket-vqgan"}, {"model": "mine"}):
        made = vqgan_clip("a fox", **real).stages[0]
        assert (made.canvas.start, made.steps, made.optimizer.lr) == (None, 500, 0.1)
        cutouts = made.losses["prompts"].augment
        assert (cutouts.count, cutouts.preset, set(made.losses)) == (32, "pooled", {"prompts"})
    assert vqgan_clip("photo.png:1.0", perceptor="pocket-clip").stages[0].canvas.start is None


def test_other_words_for_a_saved_recipe_are_guessed_anew():
    made = reworded(vqgan_clip("a fox", **SMALL | {"init": "guess"}), "a pear")
    assert made.stages[0].canvas.start.arrangements[0].things[0].name == "pear"


def test_a_guess_is_what_the_scene_recipe_would_begin_with():
    start = vqgan_clip("a fox in the snow", **SMALL | {"init": "guess"}).stages[0].canvas.start
    want = Scene(arrangements=start.arrangements, size=(32, 24)).build(CPU, (4, 5))()
    assert torch.equal(start.draw((32, 24), (4, 5), torch.device("cpu")), want)
    assert pixels("a fox in the snow", init="guess").stages[0].canvas.start == start


def test_starts_are_read_and_codes_are_what_is_drawn_without_one(photo):
    starts = {"codes": None, "gradient": Gradient(), photo: Picture(path=photo)}
    for init, start in starts.items():
        assert vqgan_clip("a fox", init=init, **SMALL).stages[0].canvas.start == start


def test_what_is_not_a_start_is_told_what_is():
    with pytest.raises(SpecError, match="'clouds' is not codes, guess, noise, pixels"):
        vqgan_clip("a fox", init="clouds", **SMALL)


def test_codes_are_no_start_of_a_saved_recipe_without_tiles():
    with pytest.raises(SpecError, match="'codes' is not guess, noise"):
        varied(pixels("a fox"), init="codes")
    averaged = vqgan_mse("a fox", **SMALL | {"init": "gradient"})
    assert varied(averaged, init="codes").stages[0].canvas.canvas.start is None


def test_a_size_of_nothing_is_refused_and_not_rounded_up_to_a_tile():
    with pytest.raises(SpecError, match=r"size: \(0, 32\) is not a width and a height"):
        vqgan_clip("a fox", **CODES | {"size": (0, 32)})


def test_pixels_are_not_pulled_to_zero_and_a_pull_without_a_weight_is_not_passed_over():
    with pytest.raises(SpecError, match="zero is of latents"):
        vqgan_clip("a fox", keep=1, keep_to="zero", keep_by="pixels", **CODES)
    with pytest.raises(SpecError, match="nothing is kept near 'zero' without a weight"):
        vqgan_clip("a fox", keep_to="zero", **CODES | {"perceptor": CLIP})


def test_a_saved_recipe_takes_a_pull_and_smoothing_that_it_did_not_have(photo):
    bare = vqgan_clip("a fox", keep=0, **CODES)
    made = varied(bare, keep_by="mse", keep_to=photo, keep=(1.0, 0.5), smooth=0.1)
    assert made.stages[0].losses["keep"] == LatentPull(weight=(1.0, 0.5), towards=photo)
    assert made.stages[0].losses["smooth"] == TotalVariation(weight=0.1)
    in_pixels = varied(made, keep_by="pixels")
    assert in_pixels.stages[0].losses["keep"] == PixelPull(weight=(1.0, 0.5), towards=photo)
    again = varied(in_pixels, keep_by="cosine").stages[0].losses["keep"]
    assert again == LatentPull(weight=(1.0, 0.5), towards=photo, measure="cosine")
    with pytest.raises(SpecError, match="give --keep 1, too"):
        varied(bare, keep_to=photo)


def test_a_pull_keeps_the_picture_nearer_to_its_start(photo):
    def way(keep):
        recipe = vqgan_clip("fire", init=photo, keep=keep, lr=0.3, **SMALL | {"steps": 12})
        first, *_, last = Run.start(recipe, images.Path(f"run{keep}"), CPU).frames()
        return (first.frame.image - last.frame.image).abs().mean()

    assert way(200.0) < 0.5 * way(0.0)


def test_the_mse_recipe_lets_go_in_equal_stages(photo):
    made = vqgan_mse("a fox", **CODES | {"steps": 500})
    pull = made.stages[0].losses["keep"]
    assert pull.towards == "zero"
    weights = [pull.weight(step / 500) for step in (0, 49, 50, 100, 249, 250, 500)]
    assert weights == pytest.approx([1.5, 1.5, 1.2, 0.9, 0.3, 0.0, 0.0])
    assert isinstance(made.stages[0].canvas, Averaged)
    held = vqgan_mse("a fox", init=photo, average=0, **SMALL).stages[0]
    assert held.losses["keep"].towards == "start" and isinstance(held.canvas, VQGAN)
    with pytest.raises(SpecError, match="keep_stages"):
        vqgan_mse("a fox", keep_stages=0, **CODES)
    with pytest.raises(SpecError, match="steps must be 1 or more, got 0"):
        vqgan_mse("a fox", **CODES | {"steps": 0})


def test_a_saved_recipe_takes_another_size_in_tiles_and_other_options():
    for made in (vqgan_clip("a fox", **CODES), vqgan_mse("a fox", **CODES)):
        again = varied(made, size=(50, 30), init="gradient", augments="Af,Er", steps=7)
        canvas = again.stages[0].canvas
        canvas = canvas.canvas if isinstance(canvas, Averaged) else canvas
        assert (canvas.size, canvas.start, again.stages[0].steps) == ((48, 32), Gradient(), 7)
        assert again.stages[0].losses["prompts"].augment.augments == ("affine", "erase")


def test_a_canvas_without_tiles_has_any_size_whatever_model_it_draws_with():
    class Drawer(Pixels):
        model = "a generator of faces"

    assert fitted(Drawer(), (50, 33)) == (50, 33)
    assert fitted(Averaged(canvas=VQGAN()), (50, 33)) == (48, 32)


def test_what_to_fetch_in_place_of_the_small_models_is_said():
    (limits,) = remarks(vqgan_clip("a fox", **CODES))
    assert "pull vqgan_imagenet_f16_16384 and reverie models pull ViT-B/32" in limits


def test_scenes_change_when_they_are_told_to():
    made = vqgan_clip("a fox ^ an owl", change_every=2, fade=0.5, **CODES)
    prompts = made.stages[0].losses["prompts"]
    assert (prompts.every, prompts.fade, len(prompts.scenes)) == (2, 0.5, 2)


def test_a_second_stage_that_is_pulled_to_its_start_resumes_to_the_same_picture(tmp_path):
    second = vqgan_clip("a fox", keep=5.0, lr=0.3, **CODES | {"steps": 8}).stages[0]
    first = dataclasses.replace(second, canvas=Pixels(size=(32, 24)), steps=3)
    first = dataclasses.replace(first, losses={"prompts": second.losses["prompts"]})
    recipe = Recipe(name="two", title="a fox", stages=(first, second), seed=3)
    whole = Run.start(recipe, tmp_path / "whole", CPU)
    *_, want = whole.frames()
    stopped = Run.start(recipe, tmp_path / "stopped", CPU)
    for progress in stopped.frames():
        if progress.step == 7:
            break
    *_, got = Run.open(tmp_path / "stopped").frames()
    assert torch.equal(got.frame.image, want.frame.image)
    assert stopped.pictures[0].read_bytes() == whole.pictures[0].read_bytes()
