"""A long text is told part by part."""

import pytest

from reverie.errors import SpecError
from reverie.prompt import parse
from reverie.recipes.story import room_of, told

TEXT = "one two three four five six seven eight nine ten eleven twelve"


def parts(text, first=5, more=5, mark="", fits=lambda text: True):
    return [[str(p) for p in scene] for scene in told(parse(text), first, more, mark, fits)]


def test_it_begins_with_a_few_words_and_more_come_with_every_part():
    assert parts(TEXT) == [
        ["one two three four five"],
        ["one two three four five six seven eight nine ten"],
        [TEXT],
    ]
    assert len(parts(TEXT, first=12)) == 1 and len(parts(TEXT, first=1, more=1)) == 12


def test_the_oldest_words_go_where_there_is_no_room():
    short = parts(TEXT, fits=lambda text: len(text.split()) <= 7)
    assert [x for (x,) in short] == [
        "one two three four five",
        "four five six seven eight nine ten",
        "six seven eight nine ten eleven twelve",
    ]


def test_a_word_that_is_too_long_stays():
    assert parts("word", fits=lambda text: False) == [["word"]]


def test_a_mark_ends_parts_that_share_no_words():
    assert parts("a fox runs. it is night.  an owl", mark=".") == [
        ["a fox runs"],
        ["it is night"],
        ["an owl"],
    ]


def test_what_stands_beside_the_story_stays_with_its_weight():
    scenes = told(parse(f"fog:0.3 | {TEXT}:2.0"), 6, 6, "", lambda text: True)
    assert [scene[0] for scene in scenes] == [parse("fog:0.3")[0][0]] * 2
    assert [scene[1].weight for scene in scenes] == [2.0, 2.0]


@pytest.mark.parametrize(
    ("text", "first", "why"),
    [("a fox ^ an owl", 5, "scenes of its own"), ("a.png", 5, "no words"), ("a fox", 0, "story_w")],
)
def test_what_cannot_be_told_is_refused(text, first, why):
    with pytest.raises(SpecError, match=why):
        parts(text, first=first)


def test_a_perceptor_s_room_is_counted_as_it_reads():
    fits = room_of("pocket-clip")
    assert fits("a red apple") and not fits("apple " * 200)
