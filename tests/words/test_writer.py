"""What a writer says becomes new prompts."""

import pytest

from reverie.errors import WordsError
from reverie.words.writer import ROUNDS, Request, Writing, asked, cleaned, continued

REQUEST = Request(description="a fox", examples=("a hen, mosaic", "an owl"), count=3)


class Said:
    """A writer of lines that are given, each turn others."""

    def __init__(self, *turns):
        self.turns, self.asked = turns, 0

    def lines(self, request, turn):
        self.asked += 1
        return iter(self.turns[turn] if turn < len(self.turns) else [])


def written(*turns, request=REQUEST, fits=lambda text: True):
    writing = Writing(Said(*turns), request, fits)
    return [*writing], writing


def test_the_list_that_a_model_goes_on_with():
    assert continued(REQUEST) == (
        "Prompts for pictures of a fox, each on one line, all different:\n"
        "\n"
        "1. a hen, mosaic\n"
        "2. an owl\n"
        "3."
    )
    assert continued(Request(description="a fox")).endswith(":\n\n1.")


def test_the_question_that_a_model_answers_has_all_it_needs():
    said = asked(REQUEST)
    assert "Examples:\na hen, mosaic\nan owl\n" in said
    assert "Write 3 new prompts about: a fox." in said
    assert "Examples" not in asked(Request(description="a fox"))


@pytest.mark.parametrize(
    "line",
    [
        "1. a red fox",
        "12) a red fox",
        "(3) a red fox",
        "- a red fox",
        "* a red fox",
        "• a red fox",
        '"a red fox"',
        "“a red fox”",
        "**a red fox**",
        "Prompt 3: a red fox",
        '4. **"a red fox"**,',
        "  a   red fox  ",
        "> a red fox;",
        "`a red fox`",
        "**Prompt 1:** a red fox",
        "**1. a red fox**",
        "Prompt #3: a red fox",
        "a **red** fox",
        "#a red fox",
        "\x1b[31ma red fox\x1b[0m",
        "\x1b]0;mine\x07a red\x00fox",
    ],
)
def test_what_models_write_around_prompts_goes(line):
    assert [*cleaned([line])] == ["a red fox"]


@pytest.mark.parametrize(
    "line",
    [
        "Absolutely massive castle in fog.",
        "Sure-footed goat on a cliff.",
        "All quiet.",
        "here is a fox in the snow.",
        "note pinned to a wall.",
        "3d render of a fox",
        "2 owls",
        "a fox - an owl",
        "16:9 fox",
        "a fox's den",
        "*",
        "a 'fox'",
    ],
)
def test_what_belongs_to_a_prompt_stays(line):
    assert [*cleaned([line])] == ([line] if line != "*" else [])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Sure! Here are ten prompts:",
        "Here are some prompts for you:",
        "All prompts are unique.",
        "Enjoy!",
        "Note: some are long.",
        "Of course, I can help with that.",
        "I hope these help!",
        "Hope this helps!",
        "Let me know if you want more.",
        "```",
        "---",
        "Prompts:",
        "word " * 1000,
        "<|im_end|>",
    ],
)
def test_what_models_say_to_people_is_no_prompt(line):
    assert [*cleaned([line])] == []


def test_thoughts_are_no_prompts():
    lines = ["<think>", "a fox would be nice", "</think>", "a red fox", "<think>hm</think> an owl"]
    assert [*cleaned(lines)] == ["a red fox", "an owl"]


def test_only_new_prompts_are_taken():
    lines = ["A  Hen, Mosaic!", "a fox", "a red fox", "A red-fox.", "a blue fox"]
    made, writing = written(lines)
    assert made == ["a red fox", "a blue fox"] and writing.refused == {"repeated": 3}


def test_no_more_are_taken_than_were_asked_for():
    taken = []

    class Endless:
        def lines(self, request, turn):
            for number in range(100):
                taken.append(number)
                yield f"fox {number}"

    assert [*Writing(Endless(), REQUEST, lambda text: True)] == ["fox 0", "fox 1", "fox 2"]
    assert len(taken) == 3


def test_what_the_perceptor_would_not_read_to_its_end_is_refused():
    made, writing = written(["a red fox", "an old fox in a wood"], fits=lambda t: len(t) < 12)
    assert made == ["a red fox"] and writing.refused == {"too long": 1}
    both = written(["a red fox | an old fox in a wood"], fits=lambda text: len(text) < 12)
    assert both[0] == []


def test_prompts_that_would_read_files_or_links_are_refused():
    lines = ["https://example.com/x", "a fox + secret.png", "fox.jpg", "noise:4", "a red fox:2"]
    made, writing = written(lines)
    assert made == ["a red fox:2"] and writing.refused == {"no words": 4}


def test_a_line_that_cannot_be_read_is_refused():
    made, writing = written(["a tree | ", "fox ^^ fox", "a red fox"])
    assert made == ["a red fox"] and writing.refused == {"no prompt": 2}


def test_a_writer_is_asked_again_until_nothing_new_comes():
    made, writing = written(["a red fox"], ["a red fox", "a blue fox"], ["a blue fox"], ["a cat"])
    assert made == ["a red fox", "a blue fox"] and writing.writer.asked == 3


def test_a_writer_is_not_asked_for_ever():
    turns = [[f"a fox of {turn}"] for turn in range(50)]
    made, writing = written(*turns, request=Request(description="a fox", count=40))
    assert len(made) == writing.writer.asked == ROUNDS


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"description": " "}, "say what the prompts are about"),
        ({"count": 0}, "count is 0"),
        ({"count": 10**6}, "count is 1000000"),
        ({"temperature": -0.1}, "0 to 2"),
        ({"temperature": 3.0}, "0 to 2"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong, message):
    with pytest.raises(WordsError, match=message):
        Request(**{"description": "a fox", **wrong})


def test_marks_of_other_scripts_make_other_words():
    assert written(["かき", "がき", "Café", "cafe"])[0] == ["かき", "がき", "Café"]


def test_a_remark_in_front_is_none():
    assert [*cleaned(["# a fox", '"a fox", "an owl"'])] == ["a fox", '"a fox", "an owl"']


def test_a_prompt_that_a_list_would_read_as_a_template_is_refused():
    assert written(["{a|b} tree", "a tree"])[0] == ["a tree"]
