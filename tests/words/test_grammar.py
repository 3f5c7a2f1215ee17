"""The writer in the package recombines the library and examples."""

import pytest

from reverie.words.grammar import Dice, Grammar, learn
from reverie.words.library import modifiers
from reverie.words.writer import Request, Writing

EXAMPLES = (
    "a red fox in the snow, oil painting, xylotype",
    "two owls under a full moon, stained glass, soft light",
    "a castle on a hill at dawn:1.5 | fog:-0.3",
)


@pytest.fixture(autouse=True)
def no_words_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path))


def written(examples=(), count=20, seed=1, temperature=0.9, knows=lambda words: True):
    request = Request(
        description="a lighthouse",
        examples=examples,
        count=count,
        seed=seed,
        temperature=temperature,
    )
    return [*Writing(Grammar(knows), request, lambda text: True)]


def test_as_many_are_written_as_were_asked_for_and_each_keeps_its_subject():
    made = written()
    assert len({*made}) == 20 and all(line.startswith("a lighthouse") for line in made)


def test_a_subject_with_modifiers_or_a_full_stop_goes_on_in_its_place():
    request = Request(description="a lighthouse, xylotype:2", count=30)
    made = [*Writing(Grammar(), request, lambda text: True)]
    assert all(", xylotype" in line and ":" not in line for line in made)
    assert not any("xylotype " in line for line in made)
    assert any(line.startswith("a lighthouse in ") for line in made)
    stop = [*Writing(Grammar(), Request(description="a lighthouse.", count=9), lambda text: True)]
    assert not any("." in line for line in stop)


def test_without_examples_modifiers_are_those_of_the_library():
    known = {modifier.words for modifier in modifiers()}
    tails = [tail for line in written() for tail in line.split(", ")[1:]]
    assert tails and {*tails} <= known


def test_the_same_seed_writes_the_same_and_another_one_others():
    assert written(EXAMPLES) == written(EXAMPLES) != written(EXAMPLES, seed=2)


def test_modifiers_and_settings_of_the_examples_come_back():
    text = "\n".join(written(EXAMPLES, count=40))
    assert "xylotype" in text
    assert "under a full moon" in text and "on a hill at dawn" in text
    assert "xylotype" not in "\n".join(written(count=40))


def test_prompts_have_as_many_modifiers_as_examples_have():
    one = ("a hen, mosaic", "an owl, fresco", "a cat, pastel")
    assert {line.count(",") for line in written(one, count=30)} == {1}
    assert max(line.count(",") for line in written(count=30)) > 1


def test_a_prompt_has_one_look_at_most():
    looks = {m.words for kind in ("media", "styles", "movements") for m in modifiers(kind)}
    examples = ("a hen, mosaic, fresco, pastel, cubism", "a cat, woodcut, fresco, anime, dada")
    counts = {len({*line.split(", ")} & looks) for line in written(examples, count=60)}
    assert max(counts) == 1


def test_a_setting_ends_where_one_of_the_examples_did():
    for line in written(EXAMPLES, count=60):
        assert line.split(",")[0].split()[-1] not in {"a", "the", "in", "under", "on", "at", "full"}


def test_words_that_the_perceptor_does_not_know_are_not_taken_from_the_library():
    made = written(count=40, knows=lambda words: words in ("fresco", "mosaic", "fog"))
    tails = {tail for line in made for tail in line.split(", ")[1:]}
    assert tails == {"fresco", "mosaic", "fog"}
    assert written(count=3, knows=lambda words: False)


def test_the_likeliest_words_follow_at_temperature_0():
    learnt = learn(["an owl in the snow"] * 2 + ["an owl in the rain"])
    went = {learnt.going_on(["an", "owl"], Dice(seed, temperature=0.0)) for seed in range(20)}
    assert went == {"in the snow"}
    wild = {learnt.going_on(["an", "owl"], Dice(seed, temperature=1.0)) for seed in range(20)}
    assert wild == {"in the snow", "in the rain"}


def test_two_words_say_more_of_the_next_than_one():
    learnt = learn(["fog on the sea", "ice by the lake"])
    went = {learnt.going_on(["ice"], Dice(seed)) for seed in range(20)}
    assert went == {"by the lake"}


def test_a_subject_is_followed_by_what_joins_and_by_no_further_part_of_its_name():
    learnt = learn(["a lighthouse keeper in love"])
    went = {learnt.going_on(["a", "lighthouse"], Dice(seed)) for seed in range(20)}
    assert went == {"in love"}


def test_what_would_be_cut_in_the_middle_is_left_out():
    learnt = learn(["an owl in a very very big old dark cold wood"])
    assert {learnt.going_on(["an", "owl"], Dice(seed)) for seed in range(20)} == {""}


def test_weights_and_places_of_examples_are_not_words():
    learnt = learn(["a castle @ left:1.5 | fog:-0.3", "photo.jpg"])
    words = {word for found in learnt.follows.values() for word in found}
    assert words == {"castle", ""}


def test_higher_temperature_evens_out_the_chances():
    def share(temperature):
        dice = Dice(1, temperature=temperature)
        return sum(dice.weighted({"a": 4, "b": 1}) == "a" for _ in range(400)) / 400

    assert share(0.5) > share(1.0) > share(2.0) > 0.5
    assert share(1.0) == pytest.approx(0.8, abs=0.06)


def test_a_temperature_near_0_is_the_likeliest_too():
    dice = Dice(1, temperature=1e-9)
    assert {dice.weighted({"a": 3, "b": 4}) for _ in range(50)} == {"b"}


def test_examples_that_are_no_prompts_teach_all_the_same():
    assert learn(["an owl | ", "a hen, mosaic"]).tails == ["mosaic"]


def test_marks_in_a_description_stay_words():
    request = Request(description=r"a \| b", count=5)
    made = [*Writing(Grammar(), request, lambda text: True)]
    assert len(made) == 5 and all(line.startswith(r"a \| b") for line in made)
