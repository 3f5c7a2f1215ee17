"""`reverie words`: the library, and templates."""

import json
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def elsewhere(somewhere_else):
    return somewhere_else


def test_the_library_is_listed_searched_and_shown(reverie):
    code, out, _ = reverie("words", "list", "lighting")
    assert code == 0 and "golden hour" in out and "low warm sun" in out and "fresco" not in out
    code, out, _ = reverie("words", "search", "gold", "klimt")
    assert code == 0 and "Gustav Klimt" in out and "vienna secession" in out
    code, out, _ = reverie("words", "show", "by", "monet")
    assert code == 0 and out.startswith("Claude Monet\n") and "water lilies" in out
    assert 'reverie words effect "a castle" --modifiers "by Claude Monet"' in out
    assert "do not know claude, monet" in out
    assert "know the words" in reverie("words", "show", "mosaic")[1]


def test_all_of_it_comes_as_json(reverie):
    every = json.loads(reverie("words", "list", "--json")[1])
    assert len(every) > 300 and {"name", "category", "does", "known_from", "words"} <= {*every[0]}
    assert json.loads(reverie("words", "show", "fresco", "--json")[1])["category"] == "media"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "lights"), "category 'lights'"),
        (("search",), "say what to search for"),
        (("search", "qqqq"), "nothing in the library has 'qqqq'"),
        (("show", "frescoo"), "did you mean 'fresco'?"),
        (("show",), "'' is not in the library"),
        (("remove", "fresco"), "only your own can be removed"),
        (("add", "x", "--category", "../x"), "small letters"),
        (("expand",), "give a template"),
        (("expand", "a {fox"), "never closed"),
        (("expand", "a fox", "-n", "0"), "number is 0"),
        (("expand", "--file", "none.txt"), "none.txt: cannot be read"),
        (("expand", "a", "--wildcards", "none"), "none: is not a folder"),
    ],
)
def test_mistakes_are_told_in_a_line(reverie, arguments, said):
    code, out, err = reverie("words", *arguments)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1, err


def test_ones_own_words_are_added_shown_as_such_and_removed(reverie):
    arguments = ("Jane", "Doe", "--category", "artists", "--does", "blue", "--from", "here")
    code, out, _ = reverie("words", "add", *arguments)
    assert code == 0 and Path(out.strip()).name == "artists.toml"
    assert "yours" in reverie("words", "search", "jane")[1]
    assert 'reverie paint "a castle, by Jane Doe"' in reverie("words", "show", "jane doe")[1]
    assert reverie("words", "remove", "jane doe")[0] == 0
    assert reverie("words", "show", "jane doe")[0] == 2


def test_a_template_becomes_lines(reverie):
    code, out, err = reverie("words", "expand", "{a fox|an owl}, {oil|fresco}", "--suffix", "dark")
    assert (code, err) == (0, "reverie: 4 prompts\n")
    assert out == "a fox, oil, dark\na fox, fresco, dark\nan owl, oil, dark\nan owl, fresco, dark\n"


def test_some_at_random_can_be_had_again_by_their_seed(reverie):
    arguments = ("words", "expand", "a __media__ fox", "-n", 3)
    _, first, err = reverie(*arguments)
    seed = err.split()[-1]
    assert err == f"reverie: 3 prompts, seed {seed}\n" and first.count("\n") == 3
    assert reverie(*arguments, "--seed", seed)[1] == first
    assert "2 prompts of the 9 asked for" in reverie("words", "expand", "{a|b}", "-n", 9)[2]


def test_templates_come_from_a_file_and_go_to_one(reverie):
    Path("wildcards").mkdir()
    Path("wildcards/bird.txt").write_text("an owl\na hen\n")
    Path("in.txt").write_text("# two\na fox\n__bird__:1.5\n")
    code, out, _ = reverie("words", "expand", "a cat", "--file", "in.txt", "-o", "out/list.txt")
    assert (code, out) == (0, "out/list.txt\n")
    assert Path("out/list.txt").read_text() == "a cat\na fox\nan owl:1.5\na hen:1.5\n"


def test_letters_that_a_terminal_lacks_are_replaced(reverie, monkeypatch):
    import io
    import sys

    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert reverie("words", "show", "papier-mache")[0] == 0
    out.flush()
    assert b"papier-m?ch" in out.buffer.getvalue()


def test_what_an_own_word_replaces_and_new_categories_are_told(reverie):
    _, _, err = reverie("words", "add", "oil painting", "--category", "lightning")
    assert "in place of the package's own 'oil painting' in media" in err
    assert "a new category, 'lightning' (did you mean 'lighting'?)" in err
    _, _, err = reverie("words", "add", "oil painting", "--category", "media")
    assert "in place of your own" in err and "new category" not in err
    assert "is removed" in reverie("words", "remove", "oil painting")[2]


def test_a_list_is_only_written_over_when_asked(reverie):
    Path("list.txt").write_text("mine\n")
    code, out, err = reverie("words", "expand", "a fox", "-o", "list.txt")
    assert (code, out) == (2, "") and "is there already" in err
    assert Path("list.txt").read_text() == "mine\n"
    assert reverie("words", "expand", "a fox", "-o", "list.txt", "--overwrite")[0] == 0
    assert Path("list.txt").read_text() == "a fox\n"
