"""The prompt grammar reads weights, stops, scenes and pictures, and leaves words alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverie.errors import PromptError, SpecError
from reverie.prompt import Prompt, line, parse, title
from reverie.spec import from_json, to_json


def one(text):
    ((prompt,),) = parse(text)
    return prompt


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("a fox", Prompt(words="a fox")),
        ("a fox:1.5", Prompt(words="a fox", weight=1.5)),
        ("a fox : 2", Prompt(words="a fox", weight=2.0)),
        ("text:-0.5:-0.9", Prompt(words="text", weight=-0.5, stop=-0.9)),
        ("a fox:1:-inf", Prompt(words="a fox", weight=1.0)),
        ("fog:0..1", Prompt(words="fog", weight=(0.0, 1.0))),
        ("fog:-0.5..0.25:-0.9", Prompt(words="fog", weight=(-0.5, 0.25), stop=-0.9)),
        ("noise:42", Prompt(noise=42)),
        ("noise:42:0.2", Prompt(noise=42, weight=0.2)),
        ("photo.JPG:0.5", Prompt(picture="photo.JPG", weight=0.5)),
        ("https://a.b/c?d=1:2", Prompt(picture="https://a.b/c?d=1", weight=2.0)),
        ("a fox + photo.jpg:0.5", Prompt(words="a fox", picture="photo.jpg", weight=0.5)),
        ("1 + 1 + http://a.b/c:2", Prompt(words="1 + 1", picture="http://a.b/c", weight=2.0)),
        ("a fox + an owl", Prompt(words="a fox + an owl")),
        ("a.png + b.png", Prompt(picture="a.png + b.png")),
        (r"me \+ you.png", Prompt(picture="me + you.png")),
    ],
)
def test_a_prompt_has_words_a_weight_and_a_stop(text, prompt):
    assert one(text) == prompt


@pytest.mark.parametrize(
    "words",
    [
        "16:9",
        "10:30",
        "10:30:15",
        "a castle, 16:9",
        "a clock at 10:30",
        "note: this",
        "studio 54:2",
    ],
)
def test_ratios_times_and_colons_stay_words(words):
    assert one(words) == Prompt(words=words)
    assert parse(f"{words} | fog:0.3") == ((Prompt(words=words), Prompt(words="fog", weight=0.3)),)


@pytest.mark.parametrize(
    "source", ["C:\\x.png", "http://a/b.png", "http://localhost:8080", "http://[::1]:80/x.png"]
)
def test_paths_and_links_survive(source):
    assert one(source) == Prompt(picture=source)
    assert one(f"{source}:0.5") == Prompt(picture=source, weight=0.5)


def test_a_ratio_can_still_be_weighed():
    assert one("16:9:1.5") == Prompt(words="16:9", weight=1.5)
    assert one("studio 54:2.0") == Prompt(words="studio 54", weight=2.0)


def test_a_backslash_makes_marks_plain():
    assert one(r"a \| b \: c \^ d \\ e:2") == Prompt(words=r"a | b : c ^ d \ e", weight=2.0)


def test_bars_are_together_and_carets_one_after_the_other():
    scenes = parse("a fox:1.5 | fog:0.3 ^ an owl")
    assert [[p.words for p in scene] for scene in scenes] == [["a fox", "fog"], ["an owl"]]
    assert title(scenes) == "a fox and fog then an owl"
    assert title(parse("a fox | text:-0.5 ^ fog:-1")) == "a fox then fog"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("a | | b", 4, "without words"),
        ("a fox |", 8, "without words"),
        ("^ a fox", 1, "without words"),
        (":1", 1, "without words"),
        ("a fox:", 6, "a weight is wanted"),
        ("a fox:0", 7, "a weight of 0"),
        ("a fox:1e999", 7, "not a finite number"),
    ],
)
def test_a_bad_prompt_names_the_column(text, column, message):
    with pytest.raises(PromptError, match=message) as caught:
        parse(text)
    assert caught.value.column == column


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=40))
def test_any_text_is_read_or_refused_cleanly(text):
    try:
        scenes = parse(text)
    except PromptError:
        return
    assert all(str(prompt).strip() for scene in scenes for prompt in scene)


@given(
    st.lists(
        st.lists(
            st.builds(
                Prompt,
                words=st.text(alphabet="ab:|^\\1.", min_size=1, max_size=6).map(
                    lambda x: f"c + {x}"
                ),
                picture=st.sampled_from([None, "d.png", "e + f.png", "https://g/h"]),
                weight=st.sampled_from([1.0, -0.5, 2.0, (0.0, 1.5)]),
                stop=st.sampled_from([None, -0.9]),
            ),
            min_size=1,
        ),
        min_size=1,
    )
)
def test_a_line_is_read_as_the_scenes_it_was_written_from(scenes):
    scenes = tuple(map(tuple, scenes))
    assert parse(line(scenes)) == scenes


@given(st.text(alphabet="ab:|^\\ 1.5+@", min_size=1, max_size=12).filter(str.strip))
def test_escaping_every_mark_gives_the_words_back(words):
    escaped = "".join(f"\\{c}" if c in ":|^+@\\" else c for c in words)
    assert one(escaped) == Prompt(words=words.strip())


LEFT, BOX = (0.0, 0.0, 0.5, 1.0), (0.5, 0.5, 0.25, 0.5)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("a fox @ left", Prompt(words="a fox", box=LEFT)),
        ("a fox @ the left half:1.5", Prompt(words="a fox", weight=1.5, box=LEFT)),
        ("a fox @ top left:2", Prompt(words="a fox", weight=2.0, box=(0.0, 0.0, 0.5, 0.5))),
        ("a fox:1.5 @ left", Prompt(words="a fox", weight=1.5, box=LEFT)),
        ("a fox @ .5,.5,.25,.5:0.8:0.3", Prompt(words="a fox", weight=0.8, stop=0.3, box=BOX)),
        ("a lake @ 0,0,1,1:2", Prompt(words="a lake", weight=2.0, box=(0.0, 0.0, 1.0, 1.0))),
        ("fog @ left:0..1", Prompt(words="fog", weight=(0.0, 1.0), box=LEFT)),
        ("photo.jpg @ left", Prompt(picture="photo.jpg", box=LEFT)),
        ("a fox + photo.jpg @ left", Prompt(words="a fox", picture="photo.jpg", box=LEFT)),
        ("noise:42 @ left:0.2", Prompt(noise=42, weight=0.2, box=LEFT)),
        ("noise:42:0.2 @ left", Prompt(noise=42, weight=0.2, box=LEFT)),
        ("16:9 @ left", Prompt(words="16:9", box=LEFT)),
        ("me @ home @ left", Prompt(words="me @ home", box=LEFT)),
    ],
)
def test_a_prompt_may_have_a_place_before_or_after_its_weight(text, prompt):
    assert one(text) == prompt
    assert parse(line(((prompt,),))) == ((prompt,),)


@pytest.mark.parametrize(
    "words",
    ["a@b.c", "@nasa", "a party @ noon", "tomatoes @ 1,000", "meet @ 10:30", "a cat @ left bank"],
)
def test_other_marks_of_a_place_stay_words(words):
    assert one(words) == Prompt(words=words)
    assert one(f"{words}:1.5") == Prompt(words=words, weight=1.5)


def test_a_backslash_makes_a_place_words():
    assert one(r"a fox \@ left") == Prompt(words="a fox @ left")
    assert one(r"\@ left:2.0") == Prompt(words="@ left", weight=2.0)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("a | fox @ 0.5,0.5", 9, "got 2 of these"),
        ("a fox @ 0,0,2,1:0.5", 7, "does not lie in the picture"),
        ("a | @ left", 5, "a place without words"),
        ("@ left:0.5", 1, "a place without words"),
        ("a @ left:2 @ right", 3, "two places"),
        ("a @ left @ right", 3, "two places"),
        ("a fox @ left + b.png", 7, "comes after the picture"),
        ("a fox @ lefft", 7, "is 'left' meant"),
    ],
)
def test_a_bad_place_names_the_column(text, column, message):
    with pytest.raises(PromptError, match=message) as caught:
        parse(text)
    assert caught.value.column == column


SOME = st.sampled_from([None, LEFT, BOX, (0.0, 0.0, 1.0, 1.0), (1 / 3, 0.1, 1 / 7, 0.9)])


@given(
    words=st.text(alphabet="a@ :|\\.19,", min_size=1, max_size=9).map(str.strip).filter(bool),
    weight=st.sampled_from([1.0, -0.5, 2.0]),
    stop=st.sampled_from([None, -0.9]),
    box=SOME,
)
def test_words_with_marks_of_a_place_are_read_as_they_were_written(words, weight, stop, box):
    prompt = Prompt(words=words, weight=weight, stop=stop, box=box)
    assert parse(line(((prompt,),))) == ((prompt,),)


@pytest.mark.parametrize("words", ["a fox @ left", "@ left", "a @ 0,0,1,1", "a @ b @ top", "a @"])
@pytest.mark.parametrize("box", [None, BOX])
def test_words_that_look_like_a_place_are_written_as_words(words, box):
    prompt = Prompt(words=words, box=box)
    assert parse(line(((prompt,),))) == ((prompt,),)


def test_titles_leave_places_out():
    assert title(parse("a fox @ left | an owl @ right")) == "a fox and an owl"


def test_a_box_outside_the_picture_is_no_part_of_a_prompt():
    with pytest.raises(SpecError, match="does not lie in the picture"):
        Prompt(words="a fox", box=(0.6, 0.0, 0.5, 1.0))


def test_prompts_of_recipes_from_before_there_were_places_are_read():
    old = {"kind": "Prompt", "words": "a fox", "weight": 1.0}
    assert from_json(old, Prompt) == Prompt(words="a fox")
    placed = Prompt(words="a fox", box=LEFT)
    assert from_json(to_json(placed), Prompt) == placed
