"""What big-sleep and deep-daze took is taken here, and means what it meant."""

import dataclasses
import sys
from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.compat import Imagine, big_sleep, deep_daze
from reverie.compat.imagine import begun
from reverie.errors import PictureError, ReverieError, RunError, SpecError
from reverie.prompt import Prompt, parse
from reverie.recipes.big_sleep import SMALL
from reverie.render import drawing_in
from reverie.run import Run

QUICK = {"epochs": 1, "iterations": 2, "num_cutouts": 2, "seed": 7}
PACKAGES = pytest.mark.parametrize("package", [big_sleep, deep_daze], ids=lambda p: p.PACKAGE)


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    quick = dataclasses.replace(SMALL, init="best:6")  # to choose takes longer than to paint
    monkeypatch.setattr(sys.modules["reverie.recipes.big_sleep"], "SMALL", quick)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))


def test_it_paints_puts_the_picture_where_the_package_would_and_returns_the_run() -> None:
    run = Imagine(text="a pyramid, made of ice", **QUICK)()
    assert isinstance(run, Run) and run.recipe.name == "big-sleep" and run.recipe.seed == 7
    assert run.recipe.steps == 2 and run.ended
    picture = Path("a_pyramid,_made_of_ice.png")
    assert picture.read_bytes() == run.pictures[0].read_bytes()


def test_a_picture_that_is_there_is_not_painted_over_unless_asked() -> None:
    Path("a_fox.png").write_bytes(b"mine")
    with pytest.raises(RunError, match="a_fox.png is there already"):
        Imagine(text="a fox", **QUICK)()
    assert Path("a_fox.png").read_bytes() == b"mine" and not Path("pictures").exists()
    run = Imagine(text="a fox", overwrite=True, **QUICK)()
    assert Path("a_fox.png").read_bytes() == run.pictures[0].read_bytes()


def test_what_is_painted_from_is_never_painted_over(tmp_path) -> None:
    images.save(torch.rand(1, 3, 24, 24), tmp_path / "a_fox.png", None)
    before = Path("a_fox.png").read_bytes()
    for given in ({"img": "a_fox.png"}, {"img": str(tmp_path / "a_fox.png")}):
        with pytest.raises(RunError, match="a_fox.png is what is painted from"):
            Imagine(text="a fox", overwrite=True, **given, **QUICK)()
    with pytest.raises(RunError, match="a_fox.png is what is painted from"):
        Imagine(text="a fox", start_image_path="a_fox.png", overwrite=True)()
    Imagine(img="a_fox.png", image_size=128, **QUICK)()
    assert Path("a_fox_imagined.png").exists() and Path("a_fox.png").read_bytes() == before


def test_a_picture_that_can_be_drawn_again_takes_its_network_along() -> None:
    quick = {"image_width": 24, "batch_size": 1, "start_image_train_iters": 2, "iterations": 2}
    run = Imagine(text="a fox", package="deep-daze", epochs=1, **quick)()
    assert drawing_in(Path("a_fox.png")).size == (24, 24)
    assert Path("a_fox.png").read_bytes() == run.pictures[0].read_bytes()


def test_a_film_that_is_there_is_made_anew_only_where_that_is_asked_for() -> None:
    Path("a_fox.mp4").write_bytes(b"mine")
    film = {"text": "a fox", "save_progress": True, "image_size": 128, **QUICK}
    with pytest.raises(PictureError, match="a_fox.mp4 is there already"):
        Imagine(**film)()
    assert Path("a_fox.mp4").read_bytes() == b"mine"
    Imagine(overwrite=True, **film)()
    assert len(Path("a_fox.mp4").read_bytes()) > 500


def test_other_words_are_painted_in_the_same_way() -> None:
    dream = Imagine(text="a fox", text_min="fog", **QUICK)
    dream.set_text("an owl")
    assert dream.wanted.prompt == "an owl" and dream.wanted.options["steps"] == 2
    with pytest.raises(SpecError, match="'lr' is not of what to paint"):
        dream.set_clip_encoding(lr=1)


def test_the_package_is_known_by_its_keywords_or_said() -> None:
    assert Imagine(text="a fox").wanted.recipe == "big-sleep"
    assert Imagine(text="a fox", num_layers=4).wanted.recipe == "deep-daze"
    assert Imagine(text="a fox", package="deep-daze").wanted.recipe == "deep-daze"
    with pytest.raises(SpecError, match="big-sleep takes no 'num_layers'; deep-daze takes no"):
        Imagine(text="a fox", num_layers=4, num_cutouts=2)
    with pytest.raises(SpecError, match="package: 'big_sleep' is not one of"):
        Imagine(text="a fox", package="big_sleep")


@PACKAGES
def test_every_default_of_a_package_is_a_value_that_it_takes(package) -> None:
    given = {
        name: keyword.default
        for name, keyword in package.KEYWORDS.items()
        if keyword.default is not None and name not in ("save_gif", "save_video")
    }
    own = package.wanted({"text": "a fox", **given})
    assert begun(own).recipe.steps > 0


@PACKAGES
def test_text_image_and_what_to_keep_away_from_are_one_line(package) -> None:
    def scene(**given):
        return parse(package.wanted(given).prompt)[0]

    assert scene(text="a fox") == (Prompt(words="a fox"),)
    assert scene(text="a fox: red | 16:9") == (Prompt(words="a fox: red"), Prompt(words="16:9"))
    assert scene(img="a.png") == (Prompt(picture="a.png"),)
    both = scene(text="a fox|an owl", img="a.png")
    assert both == tuple(Prompt(words=w, picture="a.png") for w in ("a fox", "an owl"))
    if package is big_sleep:
        away = scene(text="a fox", text_min="fog|text")
        assert [p.weight for p in away] == [1, -1, -1] and away[2].words == "text"


BIG_SLEEP = [
    ({"lr": 0.1}, {"lr": 0.1}),
    ({"epochs": 2, "iterations": 30}, {"steps": 60}),
    ({"iterations": 30}, {"steps": 600}),
    ({"num_cutouts": 16, "gradient_accumulate_every": 2}, {"cutouts": 32}),
    ({"gradient_accumulate_every": 2}, {"cutouts": 256}),
    ({"max_classes": 5, "class_temperature": 1.5}, {"max_classes": 5, "temperature": 1.5}),
    ({"center_bias": True}, {"centre": True}),
    ({"center_bias": False}, {}),
    ({"image_size": 256}, {"size": (256, 256)}),
]
DEEP_DAZE = [
    ({"learning_rate": 2e-5}, {"lr": 2e-5}),
    ({"model_name": "mine.pt"}, {"perceptor": "mine.pt"}),
    ({"deeper": True, "num_layers": 4}, {"layers": 32}),
    ({"hidden_size": 64}, {"hidden": 64}),
    ({"batch_size": 8}, {"cutouts": 32}),
    ({"image_width": 128}, {"size": (128, 128)}),
    ({"saturate_bound": True, "lower_bound_cutout": 0.2}, {"smallest": (0.2, 0.75)}),
    ({"upper_bound_cutout": 0.9}, {"largest": 0.9}),
    ({"gauss_sampling": True}, {"preset": "deep-daze-normal"}),
    ({"do_cutout": False}, {"preset": "whole"}),
    ({"averaging_weight": 0.5}, {"averaging": 0.5}),
    (
        {"create_story": True, "story_start_words": 3, "iterations": 4},
        {"story": True, "story_words": 3, "steps": 80, "change_every": 4},
    ),
    ({"story_start_words": 3}, {}),
    (
        {"start_image_path": "a.png", "start_image_train_iters": 9, "start_image_lr": 1e-3},
        {"init": "a.png", "start_steps": 9, "start_lr": 1e-3},
    ),
]


@pytest.mark.parametrize(
    ("package", "given", "options"),
    [(big_sleep, *row) for row in BIG_SLEEP] + [(deep_daze, *row) for row in DEEP_DAZE],
)
def test_a_keyword_becomes_an_option_of_ours(package, given, options) -> None:
    assert package.wanted({"text": "a fox", **given}).options == options


@pytest.mark.parametrize(
    ("package", "given"), [(big_sleep, {"larger_clip": True}), (deep_daze, {"model_name": "RN50"})]
)
def test_a_clip_that_is_not_here_is_named_and_the_best_one_taken(package, given) -> None:
    own = package.wanted({"text": "a fox", **given})
    assert own.options == {}
    assert (
        "is not installed; pocket-clip instead; get it with: reverie models pull" in own.remarks[0]
    )


def test_what_is_of_the_run_goes_to_the_run() -> None:
    own = big_sleep.wanted({"text": "a b", "save_best": True, "seed": 3, "save_progress": True})
    assert own.run == {"seed": 3, "best": True, "video": "a_b.mp4"}
    own = deep_daze.wanted({"text": "a b", "optimizer": "diffgrad", "save_gif": True})
    assert own.run == {"optimizer": "DiffGrad", "video": "a_b.gif"} and not own.remarks
    own = deep_daze.wanted({"text": "a b", "save_gif": True, "save_video": True})
    assert own.run == {"video": "a_b.mp4"} and own.remarks == [
        "save_gif: one film is made, the other"
    ]
    assert big_sleep.wanted({"text": "a", "seed": 3, "random": True}).run == {}


def test_every_stage_has_the_network_that_is_asked_for() -> None:
    own = deep_daze.wanted({"text": "a fox", "theta_initial": 40, "theta_hidden": 20.0})
    stages = begun(own).recipe.stages
    assert [(s.canvas.w0_first, s.canvas.w0) for s in stages] == [(40, 20)] * len(stages)


def test_the_running_mean_has_the_decay_that_is_asked_for() -> None:
    decay = big_sleep.wanted({"text": "a fox", "ema_decay": 0.5}).fields
    assert decay == {"stages[0].canvas.decay": 0.5}
    own = big_sleep.wanted({"text": "a fox", "ema_decay": 0.5})
    assert begun(own).recipe.stages[0].canvas.decay == 0.5


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"text": "A fox | an owl/bear"}, "A_fox_an_owl_bear.png"),
        ({"img": "in/photo.of.me.jpg"}, "photo.of.me_imagined.png"),
        ({"text": "..", "seed": 4, "append_seed": True}, "picture.4.png"),
        ({"text": "x" * 300}, f"{'x' * 120}.png"),
    ],
)
def test_the_picture_is_called_after_the_words(given, name) -> None:
    assert big_sleep.wanted(given).file == name


def test_date_and_time_can_come_first() -> None:
    name = big_sleep.wanted({"text": "a fox", "save_date_time": True}).file
    assert name.endswith("-a_fox.png") and len(name) == len("261128-193000-a_fox.png")


@PACKAGES
@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({"text": ""}, "text: is missing"),
        ({}, "text: is missing"),
        ({"text": "a", "img": " "}, "img: ' ' is no picture's name"),
        ({"text": "a", "img": "photo"}, "img: 'photo' is no picture's name"),
        (
            {"text": "a", "num_cutout": 3, "lerning_rate": 1},
            r"takes no 'num_cutout', 'lerning_rate'",
        ),
        ({"text": "a", "lr": "fast"}, "lr: got 'fast'; a number is wanted"),
        ({"text": "a", "epochs": 0}, "epochs, iterations: got 0 and 1050"),
        ({"text": "a", "epochs": 1.5}, "epochs: got 1.5; a whole number is wanted"),
        ({"text": "a", "overwrite": 1}, "overwrite: got 1; True or False is wanted"),
        ({"text": "a", "lr": float("nan")}, "lr: got nan; a number is wanted"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(package, given, about) -> None:
    with pytest.raises(SpecError, match=about) as caught:
        package.wanted(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [{"image_size": 300}, {"encoding": [1.0]}])
def test_what_only_big_sleep_can_be_wrong_about_is_refused(given) -> None:
    with pytest.raises(ReverieError):
        big_sleep.wanted({"text": "a", **given})


@pytest.mark.parametrize("given", [{"optimizer": "SGD"}, {"clip_encoding": [1.0]}])
def test_what_only_deep_daze_can_be_wrong_about_is_refused(given) -> None:
    with pytest.raises(ReverieError):
        deep_daze.wanted({"text": "a", **given})
