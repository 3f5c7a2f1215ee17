"""BigSleep begins with what suits the words, writes it down, and is the original with CLIP."""

import shutil
from pathlib import Path

import pytest

from reverie.canvas.averaged import Averaged
from reverie.canvas.biggan import BigGAN
from reverie.canvas.biggan_models import pocket_model
from reverie.canvas.biggan_start import MixedClasses, RandomClasses
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.biggan import FewClasses, NormalNoise
from reverie.loss.latent import LatentPull
from reverie.recipes import candidates
from reverie.recipes.big_sleep import big_sleep
from reverie.recipes.saved import reworded, varied
from reverie.run import Run
from reverie.spec import to_json
from reverie.weights import store

CPU = machine("cpu", "fp32")
GOLDEN = Path(__file__).parents[1] / "golden"
CLIP = str(GOLDEN / "clip-vit" / "weights.safetensors")
QUICK = {"size": (48, 40), "steps": 2, "cutouts": 4, "init": "best:24"}


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))


@pytest.fixture
def biggan(tmp_path) -> str:
    for name in ("weights.safetensors", "config.json"):
        shutil.copy(GOLDEN / "biggan-deep" / name, tmp_path)
    store.add(tmp_path / "weights.safetensors", "mine")
    return "mine"


def canvas(recipe) -> BigGAN:
    averaged = recipe.stages[0].canvas
    assert isinstance(averaged, Averaged) and averaged.decay == 0.99
    return averaged.canvas


def chosen(recipe, kind: str) -> list[str]:
    """The names of the classes that the start mixes."""
    own = pocket_model(CPU)
    return [own.names[kind][own.number(kind, n)] for n in canvas(recipe).start.picks[kind]]


def test_the_pocket_generator_begins_with_things_and_a_place_that_the_words_name() -> None:
    made = big_sleep("a castle in the mountains", **QUICK)
    assert chosen(made, "thing")[0] == "castle"
    assert "mountains" in chosen(made, "place")
    assert len(chosen(made, "thing")) == 3


def test_what_was_chosen_is_in_the_recipe_and_not_chosen_again(tmp_path, monkeypatch) -> None:
    made = big_sleep("a castle", **QUICK)
    monkeypatch.setattr(candidates, "mixed", None)  # nobody may choose again
    run = Run.start(made, tmp_path / "run", CPU)
    frames = [p.frame.image for p in run.frames()]
    again = [p.frame.image for p in Run.start(made, tmp_path / "again", CPU).frames()]
    assert len(frames) == 3 and all(map(lambda a, b: (a == b).all(), frames, again))
    assert to_json(run.recipe) == to_json(made)


def test_with_a_biggan_and_a_clip_all_is_as_in_big_sleep(biggan) -> None:
    made = big_sleep("a fox", perceptor=CLIP)
    (stage,) = made.stages
    own, words = canvas(made), stage.losses["prompts"]
    assert (own.model, own.size, own.start) == ("mine", (128, 128), RandomClasses())
    assert (own.max_classes, own.temperature, own.truncation) == (None, 2.0, 1.0)
    assert (stage.steps, stage.optimizer.lr) == (1050, 0.07)
    assert (words.distance, words.weight) == ("cosine", 100.0)
    assert (words.augment.count, words.augment.preset) == (128, "big-sleep")
    assert (stage.losses["noise"], stage.losses["classes"]) == (NormalNoise(), FewClasses())


def test_noise_with_a_meaning_is_held_to_where_it_began_and_not_to_noise() -> None:
    made = big_sleep("a fox", **QUICK | {"init": "random"})
    assert isinstance(made.stages[0].losses["noise"], LatentPull)
    assert canvas(made).start == RandomClasses()


def test_a_published_network_can_begin_with_the_best_of_many(biggan, tmp_path) -> None:
    made = big_sleep("a fox", perceptor="pocket-clip", init="best:9", steps=1, cutouts=2)
    picks = canvas(made).start.picks["picture"]
    assert len(picks) == 5 and len({*picks}) == 5 and max(picks) < 9
    run = Run.start(made, tmp_path / "run", CPU)
    assert len([*run.frames()]) == 2 and run.pictures[0].exists()


def test_the_best_of_many_suits_the_words_better_than_the_first(biggan, tmp_path) -> None:
    def score(init) -> float:
        made = big_sleep("the sea", perceptor="pocket-clip", init=init, steps=1, cutouts=4)
        (first, *_) = Run.start(made, tmp_path / init.replace(":", "-"), CPU).frames()
        return first.scores[0]

    assert score("best:40") > score("best:1")


def test_other_words_and_another_start_are_chosen_anew() -> None:
    made = big_sleep("a castle in the mountains", **QUICK)
    other = reworded(made, "an owl in the snow")
    assert chosen(other, "thing")[0] == "owl" and "snow" in chosen(other, "place")
    assert canvas(other).start.lead == canvas(made).start.lead
    plain = varied(made, init="random", max_classes=4)
    assert canvas(plain).start == RandomClasses() and canvas(plain).max_classes == 4
    assert reworded(plain, "an owl").stages[0].canvas == plain.stages[0].canvas
    assert isinstance(canvas(varied(plain, init="best:4")).start, MixedClasses)


@pytest.mark.parametrize("init", ["bests", "best:0", "best:", "best:1000000", "owl.png"])
def test_a_start_that_cannot_be_is_refused(init: str) -> None:
    with pytest.raises(SpecError, match=r"is not random, nor best:N with N from 1 to"):
        big_sleep("a fox", **QUICK | {"init": init})


def test_views_near_the_centre_are_cut_as_in_big_sleep() -> None:
    augment = big_sleep("a fox", centre=True, **QUICK).stages[0].losses["prompts"].augment
    assert (augment.preset, augment.centre) == ("big-sleep", True)


def test_words_that_only_repel_have_a_start_too() -> None:
    made = big_sleep("a fox:-1", **QUICK)
    assert len(canvas(made).start.picks["thing"]) == 3
