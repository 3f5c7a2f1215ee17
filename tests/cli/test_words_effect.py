"""`reverie words effect` paints with and without modifiers, and measures."""

import json
from pathlib import Path

import pytest
from PIL import Image

from reverie.run import Run

QUICK = ("--size", "40x32", "--steps", 2, "--refine", 2, "--cutouts", 2, "--device", "cpu")
EFFECT = ("words", "effect", "a castle", *QUICK, "-n", 2, "-o", "out")


@pytest.fixture(autouse=True)
def elsewhere(somewhere_else):
    return somewhere_else


def test_a_modifier_is_painted_measured_and_shown_beside_its_subject(reverie):
    code, out, err = reverie(*EFFECT, "--modifiers", "neon, zzxqy", "--seed", 5)
    assert code == 0, err
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["words", "moved", "towards", "judge", "subject"]
    assert {row[0] for row in rows[1:3]} == {"neon", "zzxqy"}
    assert out.endswith("out/effect.png\nout/effect.json\n")
    assert 'I do not know "zzxqy"' in err
    runs = [Run.open(folder) for folder in sorted(Path("out").iterdir()) if folder.is_dir()]
    assert [run.recipe.title for run in runs] == ["a castle", "a castle, neon", "a castle, zzxqy"]
    assert {(run.recipe.seed, run.recipe.count) for run in runs} == {(5, 2)}
    with Image.open("out/effect.png") as sheet:
        size = sheet.size
    assert size[0] > 2 * 192 and size[1] > 3 * 32


def test_the_same_command_goes_on_and_adds_modifiers(reverie):
    first = ("--modifiers", "neon", "--seed", 5)
    assert reverie(*EFFECT, *first)[0] == 0
    before = {f: f.stat().st_mtime_ns for f in Path("out").glob("*/picture-*.png")}
    figures = json.loads(Path("out/effect.json").read_text())
    code, _, err = reverie(*EFFECT, "--modifiers", "fog, neon", "--json")
    assert code == 0 and "1 of 3: a castle (done)" in err and "3 of 3: a castle, neon (done)" in err
    assert all(f.stat().st_mtime_ns == time for f, time in before.items())
    again = json.loads(Path("out/effect.json").read_text())
    assert [effect["modifier"] for effect in again["effects"]] == ["fog", "neon"]
    assert again["effects"][1] == figures["effects"][0]


def test_a_folder_of_other_seeds_is_not_painted_over_unless_asked(reverie):
    reverie(*EFFECT, "--modifiers", "neon", "--seed", 5)
    code, _, err = reverie(*EFFECT, "--modifiers", "neon", "--seed", 6)
    assert code == 2 and "seed 5; wanted is 2 of 'a castle' by scene, 40x32, seed 6" in err
    code, _, err = reverie(*EFFECT, "--modifiers", "neon", "--seed", 6, "--overwrite")
    assert code == 0 and {Run.open(f).recipe.seed for f in Path("out").iterdir() if f.is_dir()} == {
        6
    }


def test_what_is_stopped_is_kept_and_gone_on_with(reverie):
    arguments = (*EFFECT, "--modifiers", "neon", "--seed", 5)
    code, out, err = reverie(*arguments, "--budget", "0s")
    assert (code, out) == (0, "") and "0 of 2 done; go on with the same command and -o out" in err
    code, _, err = reverie(*arguments)
    assert code == 0
    stopped = json.loads(Path("out/effect.json").read_text())
    reverie(*arguments, "--overwrite")
    assert json.loads(Path("out/effect.json").read_text()) == stopped


def test_ctrl_c_while_a_start_is_chosen_shows_what_is_done(reverie, monkeypatch):
    from reverie.cli import words_effect

    real = words_effect._recipe

    def interrupted(prompt, canvas, given):
        if "fog" in prompt:
            raise KeyboardInterrupt
        return real(prompt, canvas, given)

    monkeypatch.setattr(words_effect, "_recipe", interrupted)
    code, out, err = reverie(*EFFECT, "--modifiers", "neon, fog")
    assert code == 130 and "neon" in out and "fog" not in out
    assert "2 of 3 done; go on with the same command and -o out" in err


def test_json_is_all_there_is_on_stdout(reverie):
    code, out, err = reverie(*EFFECT, "--modifiers", "{neon|fog}", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["subject"] == "a castle" and found["perceptor"] == "pocket-clip"
    assert [effect["modifier"] for effect in found["effects"]] == ["neon", "fog"]
    assert all(len(effect["seeds"]["moved"]) == 2 for effect in found["effects"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("", "--modifiers", "neon"), "it is empty"),
        (("a fox", "--modifiers", " , "), "name some"),
        (("a fox", "--modifiers", "{neon"), "never closed"),
        (("a fox", "--modifiers", "neon", "--judge", "nobody"), "there is no model 'nobody'"),
        (("{a|b} fox", "--modifiers", "neon"), "the subject stands for 2 prompts"),
        (("a fox ^ an owl", "--modifiers", "neon"), "has scenes"),
        (("a fox", "--modifiers", "neon", "-o", "list.txt"), "is a file; a folder"),
        (("a fox", "--modifiers", "neon:0.4"), "'neon:0.4' has a weight"),
        (("a fox", "--modifiers", "fog @ left"), "a place"),
        (("a fox", "--modifiers", "fog | mist"), "a second prompt"),
        (("a fox", "--modifiers", "neon, x.png"), "a picture"),
        (("a fox", "--modifiers", "neon", "--judge", "pocket-judge,pocket-clip"), "is several"),
        (("a fox", "--modifiers", "neon", "--judge", "pocket-clip"), "it leads these pictures"),
        (("a fox", "--modifiers", "neon", "-o", "x.png"), "a folder"),
        (("a fox", "--modifiers", "neon", "-n", "0"), "count"),
    ],
)
def test_mistakes_are_told_before_anything_is_painted(reverie, arguments, said):
    Path("list.txt").write_text("")
    code, out, err = reverie("words", "effect", *arguments)
    assert (code, out) == (2, "") and said in err, err
    assert not Path("pictures").exists() and not Path("x.png").exists()


def test_modifiers_are_cut_at_commas_that_part_words():
    from reverie.cli.words_effect import split

    assert split("1,000 lamps, {a,b|c}, d, ") == ["1,000 lamps", "{a,b|c}", "d"]
    assert split(r"\{x, neon") == [r"\{x", "neon"]


def test_wildcards_of_ones_own_work(reverie):
    Path("wildcards").mkdir()
    Path("wildcards/glow.txt").write_text("neon\n")
    code, _, err = reverie(*EFFECT, "--modifiers", "__glow__", "--budget", "0s")
    assert code == 0 and "2 prompts" in err and "a castle" in err


def test_the_files_are_there_before_anything_is_printed(reverie, monkeypatch):
    from reverie.cli import words_effect

    def gone(*_):
        raise RuntimeError("the reader has gone")

    monkeypatch.setattr(words_effect, "show", gone)
    with pytest.raises(RuntimeError):
        reverie(*EFFECT, "--modifiers", "neon")
    assert Path("out/effect.png").exists() and Path("out/effect.json").exists()


def test_one_seed_is_told_to_say_little(reverie):
    one = [*EFFECT]
    one[one.index("-n") + 1] = 1
    assert "one seed does not tell" in reverie(*one, "--modifiers", "neon")[2]
