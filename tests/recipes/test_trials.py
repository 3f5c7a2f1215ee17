"""Words are tried out behind a subject."""

from pathlib import Path

import pytest

from reverie.errors import WordsError
from reverie.prompt import parse
from reverie.recipes.trials import trials


def test_the_subject_comes_first_and_then_with_each_modifier():
    tried = trials("a fox:2 | text:-0.5", ["neon", "{oil|gouache}", "oil"], Path("out"))
    assert [(t.modifier, t.prompt) for t in tried] == [
        ("", "a fox:2 | text:-0.5"),
        ("neon", "a fox, neon:2.0 | text:-0.5"),
        ("oil", "a fox, oil:2.0 | text:-0.5"),
        ("gouache", "a fox, gouache:2.0 | text:-0.5"),
    ]


def test_every_prompt_has_a_folder_of_its_own():
    tried = trials("a fox", ["oil, wet", "oil wet", "雪", "!!!", "0 without"], Path("out"))
    folders = [t.folder for t in tried]
    assert len({*folders}) == 6 and all(folder.parent == Path("out") for folder in folders)
    alone = trials("a fox", ["oil wet"], Path("out"))[1]
    assert alone.folder == tried[2].folder  # whatever stands beside it


def test_escaped_marks_of_a_modifier_stay_plain():
    (_, tried) = trials("a fox", [r"16\:9 \| wide"], Path("out"))
    assert tried.modifier == "16:9 | wide"
    assert parse(tried.prompt)[0][0].words == "a fox, 16:9 | wide"


@pytest.mark.parametrize("modifier", ["neon:0.4", "fog @ left", "fog | mist", "x.png", "a ^ b"])
def test_what_is_more_than_words_is_refused(modifier):
    with pytest.raises(WordsError, match="only words can stand beside"):
        trials("a fox", [modifier], Path("out"))


@pytest.mark.parametrize("subject", ["a fox:-1", "fox.png", "noise:3"])
def test_a_subject_without_words_that_attract_is_refused(subject):
    with pytest.raises(WordsError, match="has no words that attract"):
        trials(subject, ["neon"], Path("out"))
