"""`reverie words explain`: what a perceptor sees of a prompt, on a page of 80 columns."""

import json

import pytest

from perceptor.pocket_models import shipped
from perceptor.tiny_clip import write_tiny_clip


@pytest.fixture
def explain(reverie, somewhere_else, monkeypatch):
    """Runs the command with the pocket model; gives what it printed."""
    monkeypatch.setenv("COLUMNS", "80")
    shipped("pocket-clip")

    def run(*arguments):
        code, out, err = reverie("words", "explain", *arguments)
        assert (code, err) == (0, "")
        assert all(len(line) <= 80 for line in out.splitlines())
        return out

    return run


def test_the_strongest_word_has_the_longest_bar_and_the_rest_is_in_its_order(explain):
    lines = (
        explain("a red fox, oil painting").split("word ", 1)[1].split("\n\n")[0].splitlines()[1:]
    )
    assert [line.split()[0] for line in lines] == ["a", "red", "fox", "oil", "painting"]
    lengths = [line.count("█") for line in lines]
    assert lengths[2] == 20 and sorted(lengths)[-2] < 10


def test_what_is_read_and_what_is_not_seen_comes_first(explain):
    page = explain("A red fox, oil painting")
    assert page.startswith(
        "pocket-clip reads 5 of at most 32 words\nnot seen: marks (,) and capitals\n\nword"
    )
    assert "\noil painting (media): deep" in page


def test_slips_and_words_that_are_read_as_others_are_told(explain):
    page = explain("a crimson lighthuose, steampunk")
    (crimson,) = (line for line in page.splitlines() if line.startswith("crimson"))
    assert crimson.split()[-1] == "red"
    assert "'lighthuose' is not known; did you mean lighthouse?\n" in page
    assert "\nnot known, with the nearest known word far away: steampunk (" in page
    assert "but pocket-clip does not know\n  'steampunk'" in page


def test_what_there_is_no_room_for_is_shown_once_and_not_in_the_table(explain):
    page = explain(f"{'a red fox, ' * 10} by the sea, at night, in winter")
    assert page.startswith("pocket-clip reads 32 of 37 words; dropped: sea, at night, in winter\n")
    assert page.count("winter") == 1
    assert "night (lighting): dark blue and black, lamps; but there is no room for it\n" in page


@pytest.mark.parametrize("text", ["!!!", "🦊 🦊"])
def test_a_prompt_of_which_nothing_is_seen_says_so_and_no_more(explain, text):
    assert explain(text) == "pocket-clip sees nothing of it: write words\n"


def test_scenes_weights_places_and_pictures_are_said(explain):
    page = explain(
        "a fox:1.5 | fog:0..1 @ left | red:-0.5:-.9 ^ noise:3 | x.png:2 | an owl + y.jpg"
    )
    for line in (
        "scene 1 of 2",
        "a fox  (weight 1.5)",
        "fog  (weight from 0 to 1; at left)",
        "red  (weight -0.5, repels; until -0.9)",
        "scene 2 of 2",
        "noise 3  (a random direction)",
        "x.png  (a picture, but there is no such file; weight 2)",
        "an owl + y.jpg  (halfway to the picture, but there is no such file)",
    ):
        assert f"{line}\n" in page


def test_each_of_several_prompts_has_its_name(explain):
    page = explain("a fox | an owl")
    assert page.startswith("a fox\npocket-clip reads 2") and "\n\nan owl\npocket-clip" in page


def test_brackets_and_colons_are_the_words_of_the_user(explain):
    page = explain(r"a [bold]fox[/bold] \:smiley\:, owl:2")
    assert page.startswith("a [bold]fox[/bold] :smiley:, owl  (weight 2)\n")
    words = [line.split()[0] for line in page.splitlines() if " 0." in line]
    assert words[:4] == ["a", "bold]fox[/bold", "smiley", "owl"]
    late = explain(r"a " * 32 + r"[bold]fox[/bold] \:smiley\:")
    assert late.startswith("pocket-clip reads 32 of 36 words; dropped: [bold]fox[/bold] :smiley:\n")


def test_all_of_it_is_there_as_json(explain):
    told = json.loads(explain("a vixen:2 | x.png", "--json"))
    assert (told["perceptor"], told["room"], told["unit"]) == ("pocket-clip", 32, "words")
    vixen, picture = told["scenes"][0]
    assert vixen["prompt"]["weight"] == 2 and picture["prompt"]["picture"] == "x.png"
    assert [word["written"] for word in vixen["words"]] == ["a", "vixen"]
    assert vixen["words"][1]["instead"] == [["vixen", "fox"]]


def test_a_clip_shows_its_tokens(reverie, somewhere_else):
    file = write_tiny_clip(somewhere_else / "tiny" / "model.safetensors")
    code, out, _ = reverie("words", "explain", "Fox, owl", "--perceptor", file)
    assert code == 0 and "reads 7 of at most 38 tokens" in out
    assert "f + o + x + ," in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "it is empty"),
        (["", "--perceptor", "nobody"], "it is empty"),
        (["a fox | "], "column 8: here is a prompt without words"),
        (["a fox", "--perceptor", "pocket-clip,pocket-judge"], "name one"),
        (["a fox", "--perceptor", "nobody"], "nobody"),
        (["a", "fox"], "'fox' is left over"),
        ([], "prompt"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(reverie, somewhere_else, arguments, said):
    code, out, err = reverie("words", "explain", *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and said.lower() in err.lower()


def test_small_pulls_have_small_bars(explain):
    assert "\u2588" not in explain("fox fox fox fox")
    assert "\u2588" in explain("a fox")


def test_what_is_dropped_is_told_in_short(explain):
    page = explain("fox " * 3000)
    assert len(page.splitlines()) < 60 and "..." in page
