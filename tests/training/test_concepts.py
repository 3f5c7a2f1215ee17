"""The things the pocket models know have clean everyday names."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from training.concepts import LEFT_OUT, STYLES, Concept, clean, concepts, everyday

DATA = Path(os.environ.get("REVERIE_DATA", "../shared/data")) / "sprites"
NAME = re.compile(r"[a-z0-9][a-z0-9' .-]*[a-z0-9]")


@pytest.fixture(scope="module")
def known() -> list[Concept]:
    if not (DATA / "captions.json").exists():
        pytest.skip(f"no captioned sprites at {DATA}: set REVERIE_DATA")
    return concepts(DATA)


def named(known: list[Concept], name: str) -> set[str]:
    return {concept.code for concept in known if name in concept.names}


def test_there_are_about_a_thousand_things_in_a_fixed_order(known: list[Concept]):
    assert 1000 <= len(known) <= 1100
    codes = [concept.code for concept in known]
    assert codes == sorted(set(codes))
    assert known == concepts(DATA)


def test_every_thing_is_drawn_in_every_style(known: list[Concept]):
    entries = json.loads((DATA / "captions.json").read_text("utf-8"))
    assert all(STYLES.issubset(entries[concept.code]["styles"]) for concept in known)


def test_what_one_style_lacks_is_left_out(tmp_path: Path):
    entry = {"name": "pear", "keywords": ["fruit"], "group": "Food & Drink", "styles": [*STYLES]}
    lacking = {**entry, "name": "lime", "styles": ["noto"]}
    (tmp_path / "captions.json").write_text(json.dumps({"1f350": entry, "1f34b": lacking}))
    assert [concept.name for concept in concepts(tmp_path)] == ["pear"]


def test_every_name_is_a_clean_lower_case_phrase(known: list[Concept]):
    names = [name for concept in known for name in concept.names]
    assert [name for name in names if not NAME.fullmatch(name)] == []


def test_no_two_things_have_the_same_best_name(known: list[Concept]):
    twice = [name for name, count in Counter(c.name for c in known).items() if count > 1]
    assert twice == []


def test_the_best_name_comes_first_and_no_name_twice(known: list[Concept]):
    for concept in known:
        assert concept.names[0] == concept.name
        assert len(set(concept.names)) == len(concept.names)
        assert not set(concept.names) & set(concept.keywords)


@pytest.mark.parametrize(
    "word, codes",
    [
        ("dog", {"1f415", "1f436"}),
        ("cat", {"1f408", "1f408-200d-2b1b", "1f431"}),
        ("ladybug", {"1f41e"}),
        ("pumpkin", {"1f383"}),
        ("jack-o-lantern", {"1f383"}),
        ("apple", {"1f34e"}),
        ("car", {"1f697", "1f699"}),
        ("tree", {"1f332", "1f333"}),
    ],
)
def test_everyday_words_name_what_people_mean(known: list[Concept], word: str, codes: set[str]):
    assert named(known, word) == codes


@pytest.mark.parametrize(
    "code",
    ["31-20e3", "1f550", "1f9d1-200d-1f33e", "1f468-200d-1f33e", "1f3c3-200d-2640", "27a1", "2648"],
)
def test_keycaps_hours_variants_and_arrows_are_left_out(known: list[Concept], code: str):
    farmer = "1f9d1-200d-1f33e"  # of the three farmers this one stays
    assert (code in {concept.code for concept in known}) == (code == farmer)


def test_no_keyword_is_the_name_of_another_thing(known: list[Concept]):
    taken = {name for concept in known for name in concept.names}
    for concept in known:
        own = {part for name in concept.names for part in name.split()}
        assert not (set(concept.keywords) & taken) - own, concept


def test_every_row_written_by_hand_is_used(known: list[Concept]):
    entries = json.loads((DATA / "captions.json").read_text("utf-8"))
    raw = {clean(entry["name"]) for entry in entries.values()}
    table = everyday()
    assert [name for name in table if name not in raw] == []
    best = {concept.name for concept in known}
    assert [names for names in table.values() if names != LEFT_OUT and names[0] not in best] == []


def test_quotes_and_accents_become_plain():
    assert clean("Woman\u2019s  Pi\u00f1ata") == "woman's pinata"
