"""Known words are read as they stand, near ones as known ones, and the rest by their letters."""

import pytest

from reverie.nets.pocket_clip import PIECES
from reverie.perceptor.pocket_words import PAD, UNKNOWN, PocketWords, pieces_of, words_of

VOCABULARY = ["a", "red", "cat", "dog", "wolf", "berry", "box", "lady", "bug", "glasses", "pinata"]
NEAREST = {"canine": "dog", "hound": "dog", "crimson": "red", "ladybird": "lady bug", "dog": "cat"}


@pytest.fixture
def words():
    return PocketWords(VOCABULARY, NEAREST, buckets=64, length=6)


def row(word):
    return VOCABULARY.index(word) + 2


def test_a_near_word_is_read_as_a_known_one_and_the_reading_tells_it(words):
    read = words.read("a Crimson canine")
    assert read.words == ("a", "red", "dog")
    assert read.instead == (("crimson", "red"), ("canine", "dog"))
    assert read.guessed == ()


def test_a_known_word_is_never_replaced(words):
    read = words.read("a dog, a cat, glasses")
    assert read.words == ("a", "dog", "a", "cat", "glasses")
    assert read.instead == ()


@pytest.mark.parametrize(
    ("asked", "known"),
    [("cats", "cat"), ("wolves", "wolf"), ("berries", "berry"), ("boxes", "box"),
     ("hounds", "dog"), ("reddish", "reddish"), ("boxing", "box"), ("boxed", "box")],
)  # fmt: skip
def test_endings_are_taken_off_words_that_are_not_known(words, asked, known):
    assert words.read(asked).words == (known,)


def test_a_near_word_may_stand_for_several(words):
    assert words.read("a ladybird").words == ("a", "lady", "bug")


def test_unknown_words_are_told_once_in_their_order(words):
    read = words.read("zyx cat qqq zyx")
    assert read.words == ("zyx", "cat", "qqq", "zyx")
    assert read.guessed == ("zyx", "qqq")


def test_rows_are_those_of_the_words_and_nothing_pads(words):
    rows, pieces = words.encode(["a red cat", "zyx"])
    assert rows.tolist() == [[row("a"), row("red"), row("cat")], [UNKNOWN, PAD, PAD]]
    assert pieces.shape == (2, 3, PIECES)
    assert pieces[1, 0].any() and not pieces[0].any() and not pieces[1, 1:].any()


def test_two_unknown_words_have_letters_of_their_own(words):
    _, pieces = words.encode(["zyx", "qqq", "a long unheardofness", "a long unheardofnext"])
    assert pieces[0, 0].tolist() != pieces[1, 0].tolist()
    assert pieces[2, 2].tolist() != pieces[3, 2].tolist()  # long words keep their ends


def test_letter_groups_have_rows_of_the_table_and_row_0_pads():
    for word in ("x", "of", "donaudampfschifffahrt", "日本"):
        rows = pieces_of(word, 16)
        assert 1 <= len(rows) <= PIECES
        assert all(1 <= row < 16 for row in rows)


def test_more_words_than_fit_are_left_out(words):
    rows, _ = words.encode(["cat " * 9])
    assert rows.tolist() == [[row("cat")] * 6]


def test_marks_capitals_accents_and_possession_change_nothing():
    assert words_of("The Dog's ball!") == ["the", "dog", "ball"]
    assert words_of("Piñata, CAFÉ") == ["pinata", "cafe"]
    assert words_of("black-and-white_cat") == ["black", "and", "white", "cat"]


def test_words_of_other_scripts_are_unknown_and_not_dropped(words):
    assert words.read("日本 cat").guessed == ("日本",)


@pytest.mark.parametrize("nothing", ["", " ", "!!!"])
def test_a_text_without_words_is_one_unknown_word_and_not_nothing(words, nothing):
    rows, pieces = words.encode([nothing])
    assert rows.tolist() == [[UNKNOWN]] and pieces.any()


def test_the_table_has_a_row_for_every_word_and_two_more(words):
    rows, _ = words.encode(VOCABULARY)
    assert len(words) == rows.max().item() + 1
