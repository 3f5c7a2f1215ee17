"""What a scene begins with: the words say which things, how many, where, and in which colours."""

from itertools import pairwise

import pytest

from reverie.canvas.scene import Arrangement
from reverie.device import machine
from reverie.errors import SpecError
from reverie.nets import pocket_biggan as meaning
from reverie.perceptor.pocket import Pocket
from reverie.prompt import parse
from reverie.recipes.guess import COLOURS, PLACES, Guesser, art_of, guess
from reverie.weights import pocket

CPU = machine("cpu", "fp32")


def first(prompt: str) -> Arrangement:
    return guess(parse(prompt)[0])[0]


def names(prompt: str) -> list[str]:
    """Everything that the things of the best guess are called."""
    about = pocket.read("pocket-biggan").about["names"]
    return [name for thing in first(prompt).things for name in (thing.name, *about[thing.name])]


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [("a red apple", "apple"), ("an owl", "owl"), ("A SNAIL!", "snail"),
     ("a canine", "dog"), ("a jack-o-lantern", "pumpkin"), ("a house in the snow", "house"),
     ("lovely little snowman", "snowman")],
)  # fmt: skip
def test_a_thing_that_is_named_is_the_thing(prompt, thing):
    assert thing in names(prompt)
    assert len(first(prompt).things) == 1


@pytest.mark.parametrize(
    ("prompt", "number", "thing"),
    [("2 cats", 2, "cat"), ("two cats", 2, "cat"), ("three owls", 3, "owl"), ("3 owls", 3, "owl"),
     ("two wolves", 2, "wolf"), ("three mice", 3, "mouse"), ("two butterflies", 2, "butterfly"),
     ("an owl", 1, "owl"), ("owls", 1, "owl")],
)  # fmt: skip
def test_a_number_says_how_many(prompt, number, thing):
    things = first(prompt).things
    assert len(things) == number and thing in names(prompt)
    assert len({t.name for t in things}) == 1
    assert len({(t.x, t.y) for t in things}) == number
    apart = sorted(t.x for t in things)
    assert all(b - a > 0.2 for a, b in pairwise(apart))


def test_two_things_that_are_named_both_come():
    said = names("a pear and an owl")
    assert {"pear", "owl"} <= set(said)
    assert len(first("a pear and an owl").things) == 2


def test_a_colour_before_a_thing_is_the_dye_of_the_thing_and_not_of_the_place():
    read = Guesser("a red teapot on the grass", CPU)
    assert read.named() == [["teapot"]]
    assert read.dyes == {"teapot": (COLOURS["red"], "")}
    best = first("a red teapot on the grass")
    assert best.things[0].colour in ("", COLOURS["red"])
    assert COLOURS["red"] not in (best.first, best.second)


def test_every_thing_has_the_dye_that_was_said_before_it():
    read = Guesser("a purple teapot and a green guitar", CPU)
    assert [things[0] for things in read.named()] == ["teapot", "guitar"]
    assert read.dyes["teapot"] == (COLOURS["purple"], "")
    assert read.dyes["guitar"] == (COLOURS["green"], "")


@pytest.mark.parametrize(
    ("prompt", "upper"),
    [("a crown above a frog", "crown"), ("a frog on top of a pumpkin", "frog"),
     ("a crown under a frog", "frog")],
)  # fmt: skip
def test_words_decide_which_of_two_things_is_above(prompt, upper):
    things = sorted(first(prompt).things, key=lambda thing: thing.y)
    assert things[0].name.startswith(upper) and things[0].y < things[1].y


def test_a_name_with_of_in_it_is_one_of_two_things():
    named = [thing.name for thing in first("a banana next to a cup of coffee").things]
    assert named == ["banana", "cup of coffee"]


def test_things_under_water_are_beside_each_other():
    one, other = first("an octopus and a crab under water").things
    assert one.y == other.y


def test_a_colour_in_the_name_of_a_thing_dyes_nothing():
    best = first("a red apple")
    assert best.things[0].colour == ""
    assert COLOURS["red"] not in (best.first, best.second)


def test_a_colour_before_a_place_is_the_colour_of_the_place():
    best = first("a red apple on a blue table")
    assert (best.place, best.first) == ("table", COLOURS["blue"])
    assert best.things[0].colour == ""


@pytest.mark.parametrize(
    ("prompt", "place"),
    [("a house in the snow", "snow"), ("an owl in a forest at night", ("forest", "night")),
     ("a snowy house", "snow"), ("an octopus under water", "underwater"),
     ("a boat on the sea", "sea"), ("a castle in the mountains", "mountains"),
     ("an owl", "plain"), ("a pear on a table", "table")],
)  # fmt: skip
def test_words_that_say_where_are_the_place(prompt, place):
    assert first(prompt).place in ((place,) if isinstance(place, str) else place)


@pytest.mark.parametrize("prompt", ["a mountain", "the mountain", "mountain"])
def test_a_place_that_nothing_stands_in_is_a_thing(prompt):
    best = first(prompt)
    assert best.place == "plain"
    assert "mountain" in names(prompt)


def test_a_name_of_several_words_is_one_thing():
    assert Guesser("a hot dog", CPU).named() == [["hot dog"]]


def test_words_that_name_nothing_get_the_nearest_things():
    guessed = guess(parse("zzxqy brflkt")[0])
    assert 1 <= len(guessed) <= 3
    assert all(one.things for one in guessed)


def test_prompts_that_push_away_are_not_guessed():
    assert names("an owl | pear:-0.5") == names("an owl")
    assert "pear" not in names("an owl | pear:0.5..-1")
    assert {"pear", "owl"} <= set(names("an owl | pear:0.5"))


@pytest.mark.parametrize("prompt", ["photo.png", "photo.png | text:-0.5", "text:-1", "!!!"])
def test_a_scene_without_words_is_refused_with_a_remedy(prompt):
    with pytest.raises(SpecError, match="a guess needs words that attract; --canvas fourier"):
        guess(parse(prompt)[0])


def test_pictures_may_stand_beside_words():
    assert names("an owl | photo.png") == names("an owl")


@pytest.mark.parametrize(
    ("prompt", "art"),
    [("a mosaic of an owl", "mosaic"), ("an owl, pixel art", "pixel art"),
     ("a watercolor painting of an owl", "watercolour"), ("an oil painting of an owl", "oil"),
     ("a pencil sketch of an owl", "pencil"), ("an owl | stained glass:0.5", "stained glass"),
     ("a pencil", ""), ("an owl", ""), ("a black and white cat", "")],
)  # fmt: skip
def test_words_may_ask_for_an_art_style(prompt, art):
    assert art_of(parse(prompt)[0]) == art


def test_words_of_an_art_style_name_no_thing():
    assert names("a mosaic of an owl") == names("an owl")
    assert len(first("a pencil drawing of a pear").things) == 1
    assert "pear" in names("a pencil drawing of a pear")
    assert "pencil" in names("a pencil")


def test_art_styles_are_whole_words():
    assert Guesser("two reptiles", CPU).read == Pocket().build(CPU).words.read("two reptiles").words


def test_a_guess_is_always_the_same():
    prompts = parse("three red owls in the snow")[0]
    once = guess(prompts)
    guess.cache_clear()
    assert guess(prompts) == once


def test_all_that_can_be_guessed_can_be_drawn():
    about = pocket.read("pocket-biggan").about
    assert set(PLACES.values()) <= set(about["places"])
    assert len(about["styles"]) == len(meaning.STYLES)
