"""The table of nearest words is honest, and made of words that the models know."""

import json
import os
from pathlib import Path

import pytest

from training.concepts import Concept, concepts
from training.thesaurus import TABLE, anchors, by_hand, known_words, nearest
from training.wordnet import WordNet, read

DATA = Path(os.environ.get("REVERIE_DATA", "../shared/data")) / "sprites"

NOUNS = """\
00000001 03 n 01 entity 0 000 | that which is
00000100 05 n 02 canine 0 canid 0 001 @ 00000001 n 0000 | a family of mammals
00000200 05 n 01 dog 0 001 @ 00000100 n 0000 | a pet that barks
00000300 05 n 01 jackal 0 001 @ 00000100 n 0000 | a wild one
00000400 05 n 02 whippet 0 Airedale 0 001 @ 00000200 n 0000 | a small one
00000500 06 n 01 dog 0 001 @ 00000001 n 0000 | a metal support for logs
00000600 06 n 01 firedog 0 001 @ 00000500 n 0000 | it stands in a fireplace
00000700 04 n 01 idea 0 001 @ 00000001 n 0000 | a thought
00000800 05 n 01 cur 0 001 @ 00000200 n 0000 | an offensive word for a dog
00000900 19 n 01 snow 0 000 | white and cold
"""
ADJECTIVES = """\
00001000 00 a 02 happy 0 gladsome 0 000 | in good spirits
00001100 00 s 01 blissful 0 001 & 00001000 a 0000 | very much so
00001200 00 a 01 snowlike 0 001 + 00000900 n 0101 | like it
00001300 00 a 01 vast 0 000 | without an end
"""
SENSES = """\
airedale%1:05:00:: 00000400 1 0
blissful%5:00:00:: 00001100 1 1
canid%1:05:00:: 00000100 1 2
canine%1:05:00:: 00000100 1 2
cur%1:05:00:: 00000800 1 0
dog%1:05:00:: 00000200 1 4
dog%1:06:00:: 00000500 2 0
firedog%1:06:00:: 00000600 1 0
gladsome%3:00:00:: 00001000 1 9
happy%3:00:00:: 00001000 1 9
idea%1:04:00:: 00000700 1 60
jackal%1:05:00:: 00000300 1 0
snow%1:19:00:: 00000900 1 9
snowlike%3:00:00:: 00001200 1 0
whippet%1:05:00:: 00000400 1 3
vast%3:00:00:: 00001300 1 3
"""


@pytest.fixture
def net(tmp_path: Path) -> WordNet:
    (tmp_path / "data.noun").write_text("  1 a notice\n" + NOUNS, "utf-8")
    (tmp_path / "data.adj").write_text("  1 a notice\n" + ADJECTIVES, "utf-8")
    (tmp_path / "index.sense").write_text(SENSES, "utf-8")
    return read(tmp_path)


@pytest.fixture
def table(net: WordNet) -> dict[str, str]:
    pet = Concept("1f415", "dog", ("dog",), ("pet",), "Animals & Nature")
    return {word: near for word, near in nearest(net, [pet]).items() if word not in by_hand()}


def test_a_name_means_the_thing_that_is_drawn(net: WordNet):
    pet = Concept("1f415", "dog", ("dog",), ("pet",), "Animals & Nature")
    support = Concept("1f415", "dog", ("dog",), ("logs",), "Objects")
    assert anchors(net, [pet])["n00000200"] == "dog"
    assert anchors(net, [support])["n00000500"] == "dog"


def test_words_about_a_thing_tell_its_meaning(net: WordNet):
    food = Concept("1f415", "dog", ("dog",), ("pet",), "Food & Drink")
    told = Concept("1f415", "dog", ("dog",), ("metal support", "logs"), "Food & Drink")
    assert anchors(net, [food])["n00000200"] == "dog"
    assert anchors(net, [told])["n00000500"] == "dog"


def test_a_kind_goes_to_what_it_is_a_kind_of(table: dict[str, str]):
    assert table["whippet"] == "dog"


def test_a_wider_word_goes_to_its_most_usual_kind(net: WordNet):
    assert net.uses["n00000200"] > net.uses["n00000300"]
    pet = Concept("1f415", "dog", ("dog",), (), "Animals & Nature")
    assert nearest(net, [pet])["canid"] == "dog"


def test_qualities_go_to_like_ones_and_to_their_things(table: dict[str, str]):
    assert table["gladsome"] == table["blissful"] == "happy"
    assert table["snowlike"] == "snow"


@pytest.mark.parametrize("word", ["idea", "vast", "jackal", "firedog", "cur", "airedale", "dog"])
def test_no_row_for_the_far_the_rude_the_proper_and_the_known(table: dict[str, str], word: str):
    assert word not in table


def test_the_shipped_table_is_sorted_small_and_answers():
    rows = json.loads(TABLE.read_text("utf-8"))
    assert list(rows) == sorted(rows)
    assert TABLE.stat().st_size <= 400_000
    wanted = {"canine": "dog", "azure": "blue", "crimson": "red", "mice": "mouse"}
    assert {word: rows[word] for word in wanted} == wanted
    assert all(word.isalpha() and word.islower() for word in rows)


def test_the_shipped_table_leads_only_to_known_words_and_from_unknown_ones():
    if not (DATA / "captions.json").exists():
        pytest.skip(f"no captioned sprites at {DATA}: set REVERIE_DATA")
    rows = json.loads(TABLE.read_text("utf-8"))
    known = known_words(concepts(DATA))
    assert {part for near in rows.values() for part in near.split()} <= known
    assert not known & {form for word in rows for form in (word, word.removesuffix("s"))}
