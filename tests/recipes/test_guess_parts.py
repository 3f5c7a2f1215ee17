"""Words with places: the things they name stand in their own parts, before one background."""

import pytest
import torch

from reverie import place
from reverie.canvas.scene import Scene
from reverie.device import machine
from reverie.errors import SpecError
from reverie.prompt import parse
from reverie.recipes.guess import COLOURS, Guesser, guess
from reverie.recipes.saved import reworded
from reverie.recipes.scene import scene

CPU = machine("cpu", "fp32")
LEFT, RIGHT = place.NAMES["left"], place.NAMES["right"]


def first(prompt):
    return guess(parse(prompt)[0])[0]


def test_each_thing_stands_in_the_part_that_its_words_name():
    things = first("a red apple @ left | a green pear @ right").things
    assert [(thing.name, thing.box) for thing in things] == [("red apple", LEFT), ("pear", RIGHT)]
    assert things[1].colour == COLOURS["green"]


def test_a_colour_of_a_thing_is_not_that_of_the_background():
    best = first("a red apple @ left | a green pear @ right")
    assert (best.place, best.first == COLOURS["green"]) == ("plain", False)


def test_a_number_counts_within_its_part():
    things = first("two owls @ left | a pear @ right").things
    assert [thing.box for thing in things] == [LEFT, LEFT, RIGHT]


@pytest.mark.parametrize(
    "prompt",
    [
        "in the snow | an owl @ left",
        "an owl in the snow @ left",
        "snow @ bottom | an owl @ left",
        "lovely | an owl in the snow @ left",
    ],
)
def test_a_place_that_words_name_is_behind_everything(prompt):
    best = first(prompt)
    assert best.place == "snow"
    assert [(thing.name, thing.box) for thing in best.things] == [("owl", LEFT)]


def test_a_thing_for_the_whole_picture_is_behind_those_of_its_parts():
    best = first("a house on a blue table | an owl @ top left")
    assert [thing.name for thing in best.things] == ["house", "owl"]
    assert [thing.box for thing in best.things] == [None, place.NAMES["top left"]]
    assert (best.place, best.first) == ("table", COLOURS["blue"])


def test_words_that_name_no_thing_get_near_ones_in_their_part():
    found = guess(parse("a lake @ bottom")[0])
    assert {thing.box for one in found for thing in one.things} == {place.NAMES["bottom"]}


def test_what_is_pushed_away_from_a_part_is_not_drawn_there():
    assert [thing.name for thing in first("an owl @ left | a pear @ right:-1").things] == ["owl"]
    with pytest.raises(SpecError, match="words that attract"):
        guess(parse("a pear @ right:-1")[0])


def test_without_places_a_guess_is_what_it_was():
    assert guess(parse("an owl | a pear")[0]) == tuple(Guesser("an owl, a pear", CPU).guess())


@pytest.mark.parametrize("size", [(96, 64), (64, 96)])
def test_things_are_drawn_within_their_parts_at_any_shape(size):
    both = first("a red apple @ left | a green pear @ right")
    canvas = Scene(arrangements=(both,), size=size, vary=0, style="noto").build(CPU, [0])
    with torch.no_grad():
        shown = canvas()
        canvas.here[0, 0] = 0  # without the apple
        changed = (canvas() - shown).abs().sum((0, 1)) > 0.3
    half = size[0] // 2
    assert changed[:, :half].sum() > 0.1 * half * min(half, size[1])
    assert not changed[:, half + 2 :].any()


def test_other_words_bring_their_own_places():
    quick = {"size": (40, 32), "steps": 2, "refine": 0, "cutouts": 2}
    made = reworded(scene("an owl", **quick), "an owl @ right")
    assert {thing.box for thing in made.stages[0].canvas.arrangements[0].things} == {RIGHT}
    assert made.title == "an owl"
