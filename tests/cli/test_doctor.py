"""The doctor says what is here and what is wrong, and never falls ill itself."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import reverie as reverie_package
from reverie.cli import main
from reverie.raster import fast
from reverie.recipes.computer import _unfit as unfit
from reverie.recipes.computer import environment
from reverie.weights import pocket

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """A folder of small but whole pocket models, in place of the package's own."""
    folder, here = tmp_path / "pocket", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    for name in pocket.NAMES:
        path = folder / f"{name.removeprefix('pocket-')}.safetensors"
        save_file({"weight": torch.zeros(500)}, path, {"about": "{}"})
    (folder / "nearest.json").write_text('{"hound": "dog"}')
    monkeypatch.setattr(pocket, "FOLDER", folder)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("REVERIE_MANIFEST", raising=False)
    monkeypatch.chdir(here)
    forget()
    yield folder
    forget()


def forget():
    pocket.read.cache_clear()
    pocket.nearest_words.cache_clear()


@pytest.fixture
def reverie(capsys):
    """Runs a command line; gives exit code, stdout and stderr."""

    def run(*arguments):
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def clip(reverie):
    """A perceptor in the store; gives the file of its weights."""
    weights = str(GOLDEN / "clip-vit" / "weights.safetensors")
    assert reverie("models", "import", weights, "--name", "mine")[0] == 0
    return Path(os.environ["REVERIE_HOME"]) / "mine" / "model.safetensors"


def test_where_all_is_well_the_last_words_are_the_command_that_paints(reverie, clip):
    code, out, err = reverie("doctor", "--fast")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith('Painting works: reverie paint "')
    assert "✗" not in out
    assert "Speed" not in out


def test_a_painting_takes_its_steps_times_the_measured_one(reverie, clip):
    code, out, _ = reverie("doctor", "--json", "--device", "cpu")
    told = json.loads(out)
    assert (code, told["works"]) == (0, True)
    step, whole = told["speed"]["a step"], told["speed"]["a painting"]
    assert step["perceptor"] == told["models"]["perceptor"]["name"] == "mine"
    assert step["seconds"] > 0
    assert whole["seconds"] == step["seconds"] * step["steps"]


def test_without_anything_that_judges_the_canvas_alone_is_timed(reverie, package):
    for file in package.glob("*.safetensors"):
        file.unlink()
    code, out, _ = reverie("doctor", "--json", "--device", "cpu")
    speed = json.loads(out)["speed"]
    assert code == 2
    assert list(speed) == ["a step"]
    assert (speed["a step"]["perceptor"], speed["a step"]["state"]) == (None, "hint")
    assert speed["a step"]["seconds"] > 0


@pytest.mark.parametrize("harm", [Path.unlink, lambda file: os.truncate(file, 1000)])
def test_a_pocket_model_that_is_missing_or_cut_short_is_told_in_one_line(
    reverie, package, clip, harm
):
    harm(package / "judge.safetensors")
    code, out, err = reverie("doctor", "--fast")
    assert code == 2
    assert err.startswith("reverie: pocket-judge: ")
    assert err.count("\n") == 1
    assert "install" in err
    assert "✗ pocket-judge" in out
    assert "Painting works" not in out


def test_a_lost_table_of_words_is_told(reverie, package, clip):
    (package / "nearest.json").write_text("{")
    code, _, err = reverie("doctor", "--fast")
    assert (code, err.split(": ")[1]) == (2, "nearest words")


def test_a_model_that_is_cut_short_is_told_with_the_command_that_mends_it(reverie, clip):
    os.truncate(clip, 1000)
    code, out, err = reverie("doctor", "--fast")
    assert code == 2
    assert "reverie models remove mine" in err
    assert "· mine" in out


@pytest.mark.parametrize(("place", "name"), [("home", "kept in"), ("here/pictures", "pictures")])
def test_a_folder_that_cannot_be_written_is_told(reverie, tmp_path, place, name):
    (tmp_path / place).write_text("a file where a folder is wanted")
    code, out, _ = reverie("doctor", "--json", "--fast")
    told = json.loads(out)
    assert code == 2
    finding = (told["this computer"] | told["models"])[name]
    assert finding["state"] == "broken"
    assert finding["remedy"]


def test_what_draws_is_told_and_what_would_make_it_faster(reverie, clip, monkeypatch):
    monkeypatch.setattr(fast, "why_not", lambda: None)
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"9.1 of {name}")
    drawing = json.loads(reverie("doctor", "--json", "--fast")[1])["devices"]["drawing"]
    assert (drawing["state"], drawing["said"]) == ("fine", "fast path (numba 9.1 of numba)")
    monkeypatch.setattr(fast, "why_not", lambda: "numba is not installed")
    drawing = json.loads(reverie("doctor", "--json", "--fast")[1])["devices"]["drawing"]
    assert (drawing["state"], drawing["said"]) == ("hint", "plain torch (numba is not installed)")
    assert "pip install 'reverie[fast]' makes" in drawing["remedy"]


def test_nothing_is_left_behind(reverie, tmp_path):
    reverie("doctor", "--fast")
    assert not (tmp_path / "home").exists()
    assert not [*(tmp_path / "here").iterdir()]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_device_that_is_not_there_is_told_and_the_rest_goes_on(reverie, clip):
    code, out, err = reverie("doctor", "--fast", "--device", "cuda")
    assert code == 2
    assert err.startswith("reverie: device: there is no cuda device")
    assert "auto takes mine" in out


def test_what_a_probe_fails_with_becomes_its_line(reverie, clip):
    (clip.parent / "model.json").write_text('{"format": "reverie model 1", "name": "mine"}')
    code, out, _ = reverie("doctor", "--fast")
    assert code == 2
    assert "✗ models" in out
    assert "Could be added" in out


def test_a_torch_that_cannot_be_imported_is_told_once(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('libcudart.so: no such file')")
    done = doctor_alone("--json", before=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == 2
    assert done.stderr.startswith("reverie: torch: cannot be imported (libcudart.so")
    assert "more, above" not in done.stderr
    assert told["this computer"]["memory"]["state"] != "broken"
    assert "models" not in told


def test_an_old_terminal_gets_a_page_in_plain_letters(tmp_path):
    done = doctor_alone("--fast", PYTHONIOENCODING="ascii", REVERIE_HOME=str(tmp_path / "ü"))
    assert done.stdout.isascii()
    assert "ok torch" in done.stdout
    assert "Could be added" in done.stdout  # the page goes on after the letter it cannot show
    assert "Traceback" not in done.stderr


def doctor_alone(*options, before="", **environment):
    """In a process of its own, where `before` is looked through first for what is imported."""
    source = Path(reverie_package.__file__).parents[1]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(before), str(source)]))
    command = [sys.executable, "-c", "from reverie.cli import main; raise SystemExit(main())"]
    return subprocess.run(
        [*command, "doctor", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_no_line_is_wider_than_the_page_unless_it_is_one_word(reverie, clip, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = reverie("doctor", "--fast")
    lines = [line for line in out.splitlines() if not line.startswith("Painting works")]
    assert not [line for line in lines if len(line) > 60 and " " in line[20:].strip()]


def test_passwords_and_keys_are_not_shown(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:se,cr/et@proxy:8080")
    monkeypatch.setenv("REVERIE_API_TOKEN", "secret")
    monkeypatch.setenv("REVERIE_HOME", "/home/me@work")
    said = {finding.name: finding.said for finding in environment()}
    assert said["https_proxy"] == "http://...@proxy:8080"
    assert said["REVERIE_API_TOKEN"] == "..."
    assert said["REVERIE_HOME"] == "/home/me@work"


@pytest.mark.parametrize(
    ("requirement", "why"),
    [
        ("torch>=2.9,<3", ""),
        ("torch<3,>=99.1", f"{version('torch')} is installed, >=99.1 is wanted"),
        ("torch<2.0,>=1", f"{version('torch')} is installed, <2.0 is wanted"),
        ("no-such-package>=1", "not installed"),
    ],
)
def test_a_package_that_is_too_old_or_too_new_is_told(requirement, why):
    assert unfit(requirement) == why
