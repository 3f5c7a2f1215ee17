"""Without any model installed the commands take what is in the package, and say what it can."""

import json
from pathlib import Path

import pytest
import torch

from perceptor.pocket_models import shipped
from reverie import image as images
from reverie.record.story import story_in
from reverie.weights import pocket

QUICK = ("--size", "40x32", "--steps", "2", "--refine", "2", "--cutouts", "2", "--device", "cpu")
LIMITS = "some 1,000 drawn things"
READ = 'reading "canine" as "dog"; I do not know "zzxqy"'


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def red():
    picture = torch.zeros(3, 40, 48)
    picture[0] = 0.9
    images.save(picture, "red.png", None)
    return "red.png"


def story(folder="out"):
    return story_in(Path(folder, "picture.png"))


def test_words_are_painted_with_nothing_installed(reverie):
    code, out, err = reverie("paint", "a red apple", *QUICK, "--seed", 7, "-o", "out")
    assert (code, out) == (0, "out/picture.png\n"), err
    assert "scene: 'a red apple', 40x32, seed 7" in err
    assert LIMITS in err and "reverie models pull" in err
    assert set(story()["digests"]) == {"pocket-clip", "pocket-biggan"}


def test_what_is_not_read_as_it_stands_is_told_while_painting(reverie):
    _, out, err = reverie("paint", "a canine and a zzxqy", *QUICK, "-o", "out")
    assert READ in err
    assert out == "out/picture.png\n"
    _, _, err = reverie("paint", "a dog", *QUICK, "-o", "dog")
    assert "reading" not in err and "do not know" not in err


def test_nothing_is_told_when_another_model_looks(reverie):
    weights = Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors"
    arguments = ("--perceptor", weights, "--size", "16x16", "--steps", 1, "--cutouts", 1)
    code, _, err = reverie("paint", "a zzxqy canine", *arguments, "-o", "out")
    assert code == 0
    assert "zzxqy canine" in err and "I do not know" not in err and LIMITS not in err


@pytest.mark.parametrize("name", ["pocket-clip", "pocket-judge"])
def test_looking_tells_what_is_not_read_as_it_stands(reverie, red, name):
    eye = ("--perceptor", shipped(name))
    for command in (
        ("classify", red, "--labels", "a canine, a zzxqy"),
        ("score", "a canine and a zzxqy", red),
        ("similarity", red, "--words", "a canine, a zzxqy"),
        ("embed", red, "--words", "a canine, a zzxqy", "-o", "e"),
    ):
        code, out, err = reverie(*command, *eye)
        assert (code, err) == (0, f"reverie: {READ}\n")
        assert "I do not know" not in out


def test_json_stays_json_whatever_is_told(reverie, red):
    code, out, _ = reverie("classify", red, "--labels", "red, a zzxqy", "--json")
    (row,) = json.loads(out)
    assert (code, row["picture"]) == (0, red)


def test_what_is_read_as_it_stands_needs_no_telling(reverie, red):
    assert reverie("classify", red, "--labels", "red, blue")[2] == ""
    assert reverie("similarity", red, red)[2] == ""


def test_a_colour_is_told_from_another(reverie, red):
    _, out, _ = reverie("classify", red, "--labels", "red, blue", "--json")
    labels = json.loads(out)[0]["labels"]
    assert labels["red"] > labels["blue"]


def test_a_scene_is_painted_again_bit_for_bit(reverie):
    reverie("paint", "two owls", *QUICK, "--seed", 3, "-n", 2, "-o", "out")
    code, out, err = reverie("replay", "out/picture-2.png")
    assert code == 0 and "the same picture, bit for bit" in err
    assert Path(out.strip()).read_bytes() == Path("out/picture-2.png").read_bytes()


def test_a_saved_scene_takes_other_words_and_guesses_them(reverie):
    reverie("paint", "an owl", *QUICK, "--seed", 3, "-o", "owl")
    code, _, err = reverie("paint", "a pear", "--recipe", "owl/picture.png", "-o", "pear")
    assert code == 0, err
    (first, *_) = story("pear")["recipe"]["stages"][0]["canvas"]["arrangements"]
    assert [thing["name"] for thing in first["things"]] == ["pear"]


def test_a_start_takes_the_recipe_that_has_one(reverie, red):
    quick = ("--size", "16x16", "--steps", 1, "--cutouts", 1)
    code, _, err = reverie("paint", "an owl", "--init", red, *quick, "-o", "out")
    assert code == 0, err
    assert story()["recipe"]["name"] == "fourier"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("paint", "red.png"), "a guess needs words that attract; --canvas fourier"),
        (("paint", "an owl", "--style", "oil"), "oil"),
        (("paint", "an owl", "--vary", "9"), "outside 0 to 3"),
        (("scene", "an owl", "--init", "teal"), "--init"),
        (("paint", "an owl", "--canvas", "scene", "--init", "teal"), "scene has no option 'init'"),
        (("paint", "an owl", "--perceptor", "pocket-clop"), "pocket-clop"),
        (("paint", "an owl", "--set", "stages[0].canvas.arrangements[0].place=montains"),
         "did you mean 'mountains'?"),
        (("paint", "an owl", "--set", "stages[0].canvas.arrangements[0].things[0].name=hous"),
         "did you mean 'house'?"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_clear_line_and_code_2(reverie, red, arguments, message):
    code, out, err = reverie(*arguments)
    assert code == 2, err
    assert message in err
    assert out == "" and "Traceback" not in err
    assert not Path("pictures").exists()


@pytest.mark.parametrize("gone", ["clip", "biggan"])
def test_a_package_without_its_models_says_so_in_one_line(reverie, monkeypatch, tmp_path, gone):
    folder = tmp_path / "package"
    folder.mkdir()
    for path in pocket.FOLDER.iterdir():
        if path.is_file() and path.stem != gone:
            (folder / path.name).symlink_to(path)
    monkeypatch.setattr(pocket, "FOLDER", folder)
    code, _, err = reverie("paint", "a snail on a purple table", *QUICK)
    assert (code, f"pocket-{gone}: the package was installed without" in err) == (2, True), err
    code, out, _ = reverie("models", "list")
    row = next(line for line in out.splitlines() if line.startswith(f"pocket-{gone}"))
    assert (code, row.split()[2]) == (0, "no")


def test_the_models_in_the_package_are_listed(reverie):
    code, out, _ = reverie("models", "list")
    assert code == 0
    assert all(any(line.startswith(name) for line in out.splitlines()) for name in pocket.NAMES)


@pytest.mark.parametrize(
    ("alpha", "said"),
    [("1", "changed: "), ("-1", "changed to the opposite: "), ("9", "beyond 2 faces come apart")],
)
def test_an_edit_says_what_it_changed_and_when_that_is_too_much(reverie, alpha, said):
    code, _, err = reverie("edit", "7", "a smiling face", "--alpha", alpha, "-o", "out")
    assert code == 0 and said in err and ("apart" in err) == (alpha == "9")
