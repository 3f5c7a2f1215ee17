"""The library of modifiers, and the user's own."""

import re

import pytest

from reverie.errors import WordsError
from reverie.words import library
from reverie.words.library import CATEGORIES, Modifier, add, find, modifiers, search


@pytest.fixture(autouse=True)
def no_words_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path))


def names(found):
    return [modifier.name for modifier in found]


def test_a_few_hundred_modifiers_say_what_they_do_and_where_they_are_from():
    every = modifiers()
    assert len(every) > 300
    assert all(m.name and m.does and m.known_from and not m.own for m in every)
    assert {m.category for m in every} == {*CATEGORIES}
    assert all(len(modifiers(category)) > 20 for category in CATEGORIES)


def test_no_two_modifiers_of_the_package_are_the_same_words():
    lines = sum(
        file.read_text(encoding="utf-8").count('" = [')
        for file in library.Path(library.__file__).parent.glob("*.toml")
    )
    assert lines == len(modifiers())


def test_every_artist_of_the_package_died_before_1954():
    for artist in modifiers("artists"):
        years = re.findall(r"\d{4}", artist.known_from)
        assert years and int(years[-1]) < 1954, artist


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Oil-Painting", "oil painting"),
        ("by claude monet", "Claude Monet"),
        ("Hammershoi", "Vilhelm Hammershøi"),
        ("albrecht durer", "Albrecht Dürer"),
        ("colored pencil", "coloured pencil"),
        ("in the style of van Gogh", "Vincent van Gogh"),
        ("Bruegel", "Pieter Bruegel the Elder"),
        ("trompe l\u2019oeil", "trompe l'oeil"),
    ],
)
def test_a_modifier_is_found_however_it_is_written(written, name):
    assert find(written).name == name


def test_what_is_not_there_gets_the_nearest_name():
    with pytest.raises(WordsError, match=r"'oil paintin' is not .*did you mean 'oil painting'\?"):
        find("oil paintin")
    with pytest.raises(WordsError, match=r"'qqq' is not in the library; reverie words search"):
        find("qqq")
    with pytest.raises(WordsError, match=r"category 'medium': there is none .*'media'"):
        modifiers("medium")


def test_a_search_wants_all_words_and_puts_names_first():
    found = search("light")
    with_name = [i for i, m in enumerate(found) if "light" in library.fold(m.name)]
    assert with_name == [*range(len(with_name))] and len(found) > len(with_name) > 5
    assert names(search("gold flat KLIMT")) == ["vienna secession", "Gustav Klimt"]
    assert search("light qqq") == [] == search(" ")


def test_artists_are_written_with_by():
    assert find("klimt").words == "by Gustav Klimt"
    assert find("fresco").words == "fresco"


def test_ones_own_words_are_kept_and_found(tmp_path):
    mine = Modifier(
        name='Jane "J" Doe', category="artists", does="blue", known_from="here", own=True
    )
    file = add(mine)
    assert file == tmp_path / "words" / "artists.toml"
    assert find('jane "j" doe') == mine and mine in modifiers("artists")
    add(Modifier(name="glow", category="my-words", does="glows", known_from="", own=True))
    assert names(modifiers("my-words")) == ["glow"]


def test_ones_own_words_win_over_those_of_the_package_until_they_are_removed():
    add(Modifier(name="Oil Painting", category="styles", does="mine", known_from="", own=True))
    add(Modifier(name="oil painting", category="camera", does="mine, too", known_from="", own=True))
    assert (find("oil painting").does, find("oil painting").category) == ("mine, too", "camera")
    assert library.remove_own("OIL painting")
    assert not find("oil painting").own and find("oil painting").category == "media"
    assert not library.remove_own("oil painting")


@pytest.mark.parametrize("category", ["", "../media", "My Words", "a" * 60])
def test_a_category_that_is_no_file_name_is_refused(category, tmp_path):
    with pytest.raises(WordsError, match="a word of small letters"):
        add(Modifier(name="glow", category=category, does="", known_from="", own=True))
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["", "  ", "by ", "two\nlines", "a\x7fb", "\udcff"])
def test_a_name_of_nothing_is_refused(name):
    with pytest.raises(WordsError, match="give it a name on one line"):
        add(Modifier(name=name, category="media", does="", known_from="", own=True))


@pytest.mark.parametrize("text", ["a = [", 'a = "b"', 'a = ["b"]', "a = [1, 2]", '"" = ["a", "b"]'])
def test_a_broken_file_of_ones_own_is_named(text, tmp_path):
    file = tmp_path / "words" / "media.toml"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(WordsError, match=re.escape(str(file))):
        modifiers()


@pytest.mark.parametrize(
    "name", ["a, b", "a|b", "x:2", "{a}", "a__b__", "fog @ left", "a ^ b", "a + b.png", "w" * 81]
)
def test_a_name_that_would_be_more_than_words_is_refused(name):
    with pytest.raises(WordsError, match="without the marks of prompts"):
        add(Modifier(name=name, category="media", does="", known_from="", own=True))


def test_every_modifier_of_the_package_could_be_ones_own():
    for modifier in modifiers():
        add(modifier)


def test_an_own_file_without_words_goes():
    file = add(Modifier(name="glow", category="mine", does="", known_from="", own=True))
    library.remove_own("glow")
    assert not file.exists()


def test_a_slip_in_the_name_of_an_artist_finds_the_artist():
    with pytest.raises(WordsError, match="did you mean 'Claude Monet'"):
        find("monett")


def test_remarks_in_ones_own_files_stay(tmp_path):
    file = add(Modifier(name="glow", category="mine", does="glows", known_from="", own=True))
    file.write_text("\ufeff# of the winter\n" + file.read_text())
    add(Modifier(name="gleam", category="mine", does="", known_from="", own=True))
    add(Modifier(name="Glow", category="mine", does="glows more", known_from="", own=True))
    assert file.read_text() == '# of the winter\n"gleam" = ["", ""]\n"Glow" = ["glows more", ""]\n'
    library.remove_own("gleam")
    assert file.read_text() == '# of the winter\n"Glow" = ["glows more", ""]\n'


def test_a_broken_file_costs_no_word_of_another(tmp_path):
    file = add(Modifier(name="glow", category="mine", does="glows", known_from="", own=True))
    before = file.read_text()
    (tmp_path / "words" / "z.toml").write_text("a = [")
    with pytest.raises(WordsError, match=r"z\.toml"):
        add(Modifier(name="glow", category="other", does="", known_from="", own=True))
    assert file.read_text() == before and not (tmp_path / "words" / "other.toml").exists()


def test_a_word_on_several_lines_is_left_to_its_author(tmp_path):
    file = tmp_path / "words" / "mine.toml"
    file.parent.mkdir()
    file.write_text('"glow" = [\n"a",\n"b"]\n')
    for change in (
        lambda: add(Modifier(name="glow", category="mine", does="", known_from="", own=True)),
        lambda: library.remove_own("glow"),
    ):
        with pytest.raises(WordsError, match="on several lines"):
            change()
    assert find("glow").does == "a"


def test_an_artist_who_has_a_by_gets_no_second_one():
    add(Modifier(name="by Jane Doe", category="artists", does="", known_from="", own=True))
    assert find("jane doe").words == "by Jane Doe"
