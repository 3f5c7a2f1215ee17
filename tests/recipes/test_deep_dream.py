"""Who dreams of what: pictures are dreamt on, words and pictures lead, octaves grow."""

import dataclasses
import itertools
from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.augment.tiles import Tiles
from reverie.canvas.dream import Dream
from reverie.canvas.start import Perlin, Picture
from reverie.device import machine
from reverie.errors import PictureError, SpecError
from reverie.film.frames import Frames
from reverie.film.motion import Motion, constant
from reverie.film.plan import Film
from reverie.prompt import parse
from reverie.recipe import digests
from reverie.recipes.deep_dream import chosen, deep_dream, described, octave_sizes, usual_layer
from reverie.recipes.paint import best_recipe
from reverie.recipes.saved import reworded
from reverie.run import Run

CPU = machine("cpu", "fp32")
WEIGHTS = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
QUICK = {"perceptor": "pocket-clip", "size": (40, 32), "octaves": 2, "steps": 2}
POCKET_LAYERS = ["stem", *(f"block{i}" for i in range(1, 9))]


@pytest.fixture
def photo(tmp_path):
    return saved(tmp_path / "photo.png", (300, 200), 1)


@pytest.fixture
def guide(tmp_path):
    return saved(tmp_path / "guide.jpg", (90, 120), 2)


def saved(path, size, seed):
    images.save(Perlin().draw(size, (seed,), CPU.device), path, None)
    return str(path)


def painted(recipe, folder):
    run = Run.start(recipe, folder, CPU)
    return [p.frame.image for p in run.frames()][-1]


def test_words_and_a_picture_as_one_lead_and_are_not_dreamt_on(photo):
    made = deep_dream(f"an owl + {photo}", octaves=1, steps=1, size=(64, 48))
    assert isinstance(made.stages[0].canvas.start, Perlin)
    assert made.stages[0].losses["prompts"].scenes[0][0].picture == str(photo)


def test_a_picture_alone_is_dreamt_on_in_its_own_size_and_nothing_leads(photo):
    made = deep_dream(photo, perceptor="pocket-clip")
    assert made.stages[-1].canvas == Dream(size=(300, 200), start=Picture(path=photo))
    assert [stage.losses.keys() for stage in made.stages] == [{"dream"}] * 5
    assert made.stages[0].losses["dream"].guide is None
    assert made.title == "photo"
    assert digests(made)[photo] == images.digest(photo)


def test_a_picture_beside_a_start_leads(photo, guide):
    made = deep_dream(guide, init=photo, perceptor="pocket-clip")
    assert made.stages[-1].canvas.start == Picture(path=photo)
    assert {stage.losses["dream"].guide for stage in made.stages} == {guide}
    assert {*made.stages[0].losses} == {"dream"}
    assert {photo, guide} <= digests(made).keys()


def test_words_lead_beside_the_layer_and_see_its_tiles(photo):
    made = deep_dream("an owl | fog:0.3", init=photo, perceptor="pocket-clip")
    said = made.stages[2].losses["prompts"]
    assert said.scenes == parse("an owl | fog:0.3")
    assert said.augment == made.stages[2].losses["dream"].augment == Tiles(side=64)
    whole = deep_dream("an owl", init=photo, perceptor="pocket-clip", cutouts=6)
    assert whole.stages[0].losses["prompts"].augment == Cutouts(count=6, preset="scene")
    without = deep_dream("an owl", init=photo, perceptor="pocket-clip", words=0)
    assert {*without.stages[0].losses} == {"dream"}


def test_without_a_picture_it_dreams_on_clouds():
    made = deep_dream("an owl", perceptor="pocket-clip")
    assert made.stages[-1].canvas == Dream(size=(512, 384), start=Perlin())


def test_a_large_picture_is_dreamt_on_within_reason(tmp_path):
    photo = saved(tmp_path / "large.jpg", (1200, 900), 3)
    made = deep_dream(photo, perceptor="pocket-clip")
    assert made.stages[-1].canvas.size == (768, 576)
    asked = deep_dream(photo, perceptor="pocket-clip", size=(1200, 900))
    assert asked.stages[-1].canvas.size == (1200, 900)


def test_octaves_grow_by_the_scale_up_to_the_picture(photo):
    assert octave_sizes((512, 384), 3, 2.0) == [(128, 96), (256, 192), (512, 384)]
    made = deep_dream(photo, perceptor="pocket-clip", octaves=3)
    assert [stage.name for stage in made.stages] == ["octave-1", "octave-2", "octave-3"]
    assert [stage.canvas.size for stage in made.stages] == [(153, 102), (214, 143), (300, 200)]


def test_a_tiny_picture_has_as_many_octaves_as_it_has_room_for(tmp_path):
    icon = saved(tmp_path / "icon.png", (24, 18), 4)
    made = deep_dream(icon, perceptor="pocket-clip")
    assert [stage.canvas.size for stage in made.stages] == [(12, 9), (17, 13), (24, 18)]


def test_a_real_clip_dreams_with_the_originals_constants(photo):
    made = deep_dream(photo, perceptor=WEIGHTS)
    assert [stage.steps for stage in made.stages] == [10] * 4
    assert made.stages[0].optimizer.lr == pytest.approx(1.5 / 255, abs=2e-4)
    assert made.stages[0].losses["dream"].layer == "block2.mlp"


def test_the_usual_layer_is_behind_the_middle_and_inside_a_transformers_block():
    assert usual_layer(POCKET_LAYERS) == "block5"
    for blocks, usual in ((12, "block8.mlp"), (10, "block6.mlp"), (24, "block15.mlp")):
        vit = [f"block{i}{part}" for i in range(1, blocks + 1) for part in (".mlp", "")]
        assert usual_layer(vit) == usual
    depths = enumerate((3, 4, 6, 3), 1)
    assert usual_layer(["stem", *(f"layer{i}.{j}" for i, n in depths for j in range(n))]) == (
        "layer3.2"
    )


def test_layers_are_read_with_their_weights(photo):
    assert chosen("auto", POCKET_LAYERS) == [("block5", 1.0)]
    assert chosen("block3, block7:0.5", POCKET_LAYERS) == [("block3", 1.0), ("block7", 0.5)]
    made = deep_dream(photo, perceptor="pocket-clip", layer="block3,block7:0.5")
    losses = made.stages[0].losses
    assert {name: (x.layer, x.weight) for name, x in losses.items()} == {
        "dream-1": ("block3", 1.0),
        "dream-2": ("block7", 0.5),
    }


def test_layers_are_described_by_neurons_and_places():
    known = described("pocket-clip")
    assert list(known) == POCKET_LAYERS
    assert known["stem"] == (32, 32, 32) and known["block8"] == (256, 4, 4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layer": "blok5"}, "'blok5' is not one of stem, block1"),
        ({"layer": "block5:x"}, "a number is wanted after the colon"),
        ({"neuron": 128}, "neuron: 128; block5 has 128"),
        ({"neuron": 3, "layer": "block3,block5"}, "several layers are given"),
        ({"octaves": 0}, "octaves must be 1 or more, got 0"),
        ({"octaves": 20}, "the first of 20 would have 1x0 pixels, and 8 a side are the least"),
        ({"octave_scale": 1.0}, "octave_scale: 1.0 is not above 1"),
        ({"perceptor": "pocket-clip,pocket-judge"}, "are several; one dreams"),
        ({"words": 2.0}, "is a picture; there are no words to weigh"),
        ({"cutouts": 4}, "is a picture; there are no words to weigh"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(photo, options, said):
    with pytest.raises(SpecError, match=said) as caught:
        deep_dream(photo, **({"perceptor": "pocket-clip"} | options))
    assert "\n" not in str(caught.value)


def test_a_picture_to_dream_on_has_no_place(photo):
    with pytest.raises(SpecError, match="is dreamt of as a whole; leave out its place"):
        deep_dream(f"{photo} @ left", perceptor="pocket-clip")


def test_a_picture_that_is_not_there_is_missed_at_once():
    with pytest.raises(PictureError, match="no such file"):
        deep_dream("nowhere.png", perceptor="pocket-clip")


def test_each_of_several_dreams_is_that_of_its_own_seed(photo, tmp_path):
    made = deep_dream("an owl", init=photo, **QUICK)
    both = painted(dataclasses.replace(made, seed=4, count=2), tmp_path / "both")
    alone = painted(dataclasses.replace(made, seed=5), tmp_path / "alone")
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-4)
    assert (both[0] - both[1]).abs().max() > 0.01


def test_a_dream_stopped_in_its_second_octave_goes_on_to_the_same_picture(photo, tmp_path):
    made = deep_dream(photo, **QUICK)
    whole = painted(made, tmp_path / "whole")
    run = Run.start(made, tmp_path / "cut", CPU)
    for progress in run.frames():
        if (progress.stage, progress.frame.step) == (1, 1):
            break
    rest = list(Run.open(tmp_path / "cut").frames())
    assert torch.equal(rest[-1].frame.image, whole)


def test_a_film_dreams_on_while_it_zooms_in(photo):
    made = deep_dream(photo, **QUICK)
    plan = Film(frames=3, steps=1, motion=Motion(zoom=constant(1.1)))
    frames = Frames(plan, made, CPU, None)
    whole = [frame.image for number, frame in frames.painted() if number]
    assert len(whole) == 3
    assert all(image.shape == (1, 3, 32, 40) for image in whole)
    assert all((a - b).abs().mean() > 0.01 for a, b in itertools.pairwise(whole))


def test_paint_takes_it_when_a_layer_is_asked_for():
    assert best_recipe({"layer": "block3"}) == "deep-dream"
    assert best_recipe({"octaves": 3, "size": (64, 64)}) == "deep-dream"


def test_a_saved_dream_takes_other_words_only_if_it_has_any(photo):
    made = deep_dream("an owl", init=photo, **QUICK)
    assert reworded(made, "a castle") == deep_dream("a castle", init=photo, **QUICK)
    with pytest.raises(SpecError, match="there are no words in this recipe"):
        reworded(deep_dream(photo, **QUICK), "a castle")
