"""Templates stand for many prompts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverie.errors import PromptError, WordsError
from reverie.prompt import Prompt, parse
from reverie.words.library import own_folder
from reverie.words.templates import expand, read
from reverie.words.wildcards import wildcards


@pytest.fixture(autouse=True)
def no_words_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))


def test_every_combination_comes_once_and_the_last_choice_changes_fastest():
    assert expand("{a fox|an owl} in the forest, {oil painting|fresco}") == [
        "a fox in the forest, oil painting",
        "a fox in the forest, fresco",
        "an owl in the forest, oil painting",
        "an owl in the forest, fresco",
    ]


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("a fox", ["a fox"]),
        ("{a|b{c|d}|{e}}", ["a", "bc", "bd", "e"]),
        ("{very |}old", ["very old", "old"]),
        ("a fox{, oil|}, big", ["a fox, oil, big", "a fox, big"]),
        ("{|fog}, a fox, {|}:2", ["a fox:2", "fog, a fox:2"]),
        ("{a|a |b}", ["a", "b"]),
        ("{2$$a|b|c}", ["a, b", "a, c", "b, c"]),
        ("{2$${a|b}|c} x", ["a, c x", "b, c x"]),
        (r"a \{x\} b\|c {d\|e|f}", [r"a {x} b\|c d\|e", r"a {x} b\|c f"]),
        (r"a \_\_media\_\_", ["a __media__"]),
        ("a fox:1.5 | {fog|mist}:0.3 ^ x", ["a fox:1.5 | fog:0.3 ^ x", "a fox:1.5 | mist:0.3 ^ x"]),
        ("{a|b} @ left | c:-0.5:-0.2", ["a @ left | c:-0.5:-0.2", "b @ left | c:-0.5:-0.2"]),
    ],
)
def test_a_template_stands_for(template, made):
    assert expand(template) == made


TREES = st.recursive(
    st.sampled_from(["a", "b c", "d"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda x: "{" + "|".join(x) + "}"),
        st.lists(inner, min_size=1, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda x: "{2$$" + "|".join(x) + "}"),
    ),
    max_leaves=8,
)


@given(TREES)
def test_a_template_has_as_many_texts_as_it_says(template):
    row = read(template, wildcards())
    texts = [row.at(number) for number in range(row.count)]
    assert expand(template) == [*dict.fromkeys(texts)]


@given(TREES, st.integers(1, 5), st.integers(0, 3))
def test_some_at_random_are_different_ones_of_all(template, number, seed):
    every = expand(template)
    some = expand(template, number=number, seed=seed)
    assert len({*some}) == len(some) == min(number, len(every)) and {*some} <= {*every}


def test_the_same_seed_chooses_the_same_and_another_seed_others():
    template = "a {red|blue|green|black} {fox|owl|cat|dog}, __media__"
    chosen = [expand(template, number=5, seed=seed) for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_all_options_are_chosen_about_as_often():
    made = expand("{a|b|c|d} __artists__", number=200, seed=3)
    counts = [sum(line.startswith(letter) for line in made) for letter in "abcd"]
    assert min(counts) > 35


def test_more_than_ten_thousand_are_only_made_when_a_number_is_asked_for():
    template = "__artists__ __artists__ __media__ __styles__ __lighting__ __camera__"
    with pytest.raises(
        WordsError, match=r"stands for 88,\d{3},\d{3},\d{3} prompts; ask for a number"
    ):
        expand(template)
    assert len(expand(template, number=3)) == 3
    with pytest.raises(WordsError, match="number is 0"):
        expand(template, number=0)


def test_the_number_counts_for_all_templates_together():
    made = expand(["{a|b|c|d}", "{e|f|g|h}", "__media__"], number=6, seed=1)
    assert len(made) == 6 and len({*made} & {*"abcdefgh"}) < 6
    assert expand(["{a|b}", "{b|c}"]) == ["a", "b", "c"]


def test_words_around_are_those_of_what_attracts_and_weights_and_places_stay():
    made = expand(
        "a fox @ left:1.5 | p.jpg:0.5 | {fog|mist}:0.3 | text:-0.5:-0.9 ^ noise:42:0.2 | an owl",
        prefix="a photo of",
        suffix="mosaic",
    )
    scenes = parse(made[1])
    assert [[p.words for p in scene] for scene in scenes] == [
        ["a photo of a fox, mosaic", None, "a photo of mist, mosaic", "text"],
        [None, "a photo of an owl, mosaic"],
    ]
    plain = parse("a @ left:1.5 | p.jpg:0.5 | b:0.3 | c:-0.5:-0.9 ^ noise:42:0.2 | d")
    assert [[(p.weight, p.stop, p.box, p.picture, p.noise) for p in s] for s in scenes] == [
        [(p.weight, p.stop, p.box, p.picture, p.noise) for p in s] for s in plain
    ]


def test_words_around_are_templates_and_bring_their_commas():
    assert expand("a fox", suffix="{oil|gouache}") == ["a fox, oil", "a fox, gouache"]
    assert expand("a fox", suffix=", oil") == ["a fox, oil"] == expand("a fox", suffix="oil")
    assert expand("a fox", prefix="big ") == ["big a fox"] == expand("a fox", prefix="big")


@pytest.mark.parametrize(
    ("template", "column", "message"),
    [
        ("a {fox", 3, "never closed"),
        ("a {fox|{owl}", 3, "never closed"),
        ("fox}", 4, "without its {"),
        ("a {3$$x|y}", 3, "3 of 2 cannot be picked"),
        ("a {1-2$$x|y}", 3, "one number"),
        ("a {2$$ and $$x|y}", 3, "one number"),
        ("a {" + "9" * 5000 + "$$x|y}", 3, "one number"),
        ("a {0$$x|y}", 3, "0 of 2 cannot be picked"),
        ("a __mediums__", 3, "no wildcard __mediums__ .did you mean 'media'"),
        ("{" * 60 + "a" + "}" * 60, 41, "more than 40 deep"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(template, column, message):
    with pytest.raises(WordsError, match=rf"column {column}: .*{message}"):
        expand(template)


def test_what_stands_for_no_prompt_is_refused():
    with pytest.raises(PromptError, match="empty"):
        expand("{a|}")
    with pytest.raises(PromptError, match="without words"):
        expand("a | {b|}")


class TestWildcards:
    @pytest.fixture
    def folder(self, tmp_path):
        folder = tmp_path / "wildcards"
        (folder / "sea").mkdir(parents=True)
        (folder / "bird.txt").write_text("# birds\nan owl\n\na {red|blue} hen\nan owl\n")
        (folder / "sea" / "fish.txt").write_text("a cod\n")
        (folder / "media.txt").write_text("mud\n")
        (folder / "loop.txt").write_text("a __pool__\n")
        (folder / "pool.txt").write_text("a __loop__\n")
        return folder

    def test_a_name_is_the_lines_of_a_file_and_these_are_templates(self, folder):
        made = expand("__bird__ and __sea/fish__", wildcards(folder))
        assert made == ["an owl and a cod", "a red hen and a cod", "a blue hen and a cod"]

    def test_a_file_goes_before_a_category_of_the_library(self, folder):
        assert expand("__media__", wildcards(folder)) == ["mud"]
        assert len(expand("__media__")) > 40
        assert "by Claude Monet" in expand("__artists__")

    def test_the_first_folder_that_has_a_name_gives_it(self, folder, tmp_path):
        (tmp_path / "bird.txt").write_text("a wren\n")
        assert expand("__bird__", wildcards(tmp_path, folder)) == ["a wren"]
        assert len(expand("__bird__", wildcards(folder, tmp_path))) == 3

    def test_some_of_a_wildcard_are_different_lines_of_it(self, folder):
        made = expand("{2$$__bird__}", wildcards(folder))
        assert made == ["an owl, a red hen", "an owl, a blue hen"]

    def test_one_that_contains_itself_is_refused(self, folder):
        with pytest.raises(WordsError, match="contains itself"):
            expand("__loop__", wildcards(folder))

    def test_a_name_cannot_leave_its_folder(self, folder, tmp_path):
        (tmp_path / "secret.txt").write_text("secret\n")
        assert expand("a __../secret__", wildcards(folder)) == ["a __../secret__"]

    def test_names_that_can_be_used_are_told_once(self, folder):
        (folder / "two words.txt").write_text("x\n")
        with pytest.raises(WordsError) as caught:
            expand("a __qq__", wildcards(folder))
        told = str(caught.value)
        assert "sea/fish" in told and "two words" not in told and told.count("media") == 1

    def test_what_is_missing_is_told(self, folder, tmp_path):
        with pytest.raises(WordsError, match="is not a folder"):
            wildcards(tmp_path / "none")
        (folder / "empty.txt").write_text("# nothing\n")
        with pytest.raises(WordsError, match=r"column 3: .*empty.txt: has no lines"):
            expand("a __empty__", wildcards(folder))

    def test_wildcards_that_double_in_each_other_are_read_once_and_refused(self, tmp_path):
        for depth in range(30):
            (tmp_path / f"w{depth}.txt").write_text(f"a __w{depth + 1}__ __w{depth + 1}__\nb\n")
        (tmp_path / "w30.txt").write_text("c\n")
        with pytest.raises(WordsError, match=r"prompts of up to [\d,]{12,} letters; 20,000 are"):
            expand("__w0__", wildcards(tmp_path), number=1)
        assert len(expand("__w26__", wildcards(tmp_path), number=9)) == 9

    def test_a_chain_without_end_is_refused(self):
        with pytest.raises(WordsError, match="more than 40 deep"):
            expand("__w0__", lambda name: [f"__w{int(name[1:]) + 1}__"])

    def test_a_chain_of_wildcards_that_are_known_is_refused_too(self):
        def lookup(name):
            return [f"__w{int(name[1:]) - 1}__"] if name != "w0" else ["a"]

        every = "{" + "|".join(f"__w{i}__" for i in range(100)) + "}"
        with pytest.raises(WordsError, match="more than 40 deep"):
            expand(every, lookup)

    def test_braces_and_wildcards_in_each_other_count_together(self):
        with pytest.raises(WordsError, match="more than 40 deep"):
            expand("__w0__", lambda name: ["{" * 9 + f"__w{int(name[1:]) + 1}__" + "}" * 9])

    def test_words_of_the_library_stand_for_themselves(self):
        names = ("a:2", "b | c", "d ^ e", "{f}", "g__h__", "i @ left", "j + k")
        file = own_folder() / "mine.toml"  # written by hand: `add` takes no such names
        file.parent.mkdir(parents=True)
        file.write_text("".join(f'"{name}" = ["", ""]\n' for name in names))
        made = [parse(line) for line in expand("__mine__")]
        assert {scenes[0][0].words for scenes in made} == {*names}
        assert all(scenes == ((Prompt(words=scenes[0][0].words),),) for scenes in made)


def test_numbers_beyond_all_bounds_are_told_in_a_line():
    with pytest.raises(WordsError, match="more than 10\\^30") as caught:
        expand("{a|b|c|d|e|f|g|h|i|j}" * 900)
    assert len(str(caught.value)) < 400
    with pytest.raises(WordsError, match="column"):
        expand("{" + "9" * 6 + "$$a|b}")
    with pytest.raises(WordsError, match="too many to pick"):
        expand("{2000$$" + "|".join(map(str, range(3000))) + "}", number=1)


def test_of_many_numbers_beyond_63_bits_all_are_drawn():
    made = expand("{a|b|c|d|e|f|g|h|i|j}" * 40, number=50)
    assert {line[0] for line in made} == {*"abcdefghij"}


def test_a_rare_text_is_found_and_many_equal_ones_take_no_time():
    assert expand("{" + "a|" * 800 + "b}", number=2) == ["a", "b"]
    assert expand("{a|a}" * 12, number=4096) == ["a" * 12]


def test_wildcards_are_read_once_for_all_templates():
    asked = []
    lines = expand(["a __w__", "b __w__"], lambda name: asked.append(name) or ["x", "y"])
    assert lines == ["a x", "a y", "b x", "b y"] and asked == ["w"]


@pytest.mark.parametrize("words", ["mosaic:0.5", "x | y", "fog @ left", "x.png", "a ^ b"])
def test_words_around_are_words_alone(words):
    for where in ("prefix", "suffix"):
        with pytest.raises(WordsError, match="only words can stand beside"):
            expand("a fox", **{where: words})


def test_marks_that_belong_to_the_words_stay():
    assert expand("a smile, :)") == ["a smile, :)"]
    assert expand("a sign, {x|y}:2") == ["a sign, x:2", "a sign, y:2"]
