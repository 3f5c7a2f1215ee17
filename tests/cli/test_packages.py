"""The commands of big-sleep and deep-daze run as they stand; their tables say what is so."""

import dataclasses
import re
import shlex
import sys
from pathlib import Path

import pytest

from reverie import cli
from reverie import image as images
from reverie.cli import main
from reverie.cli.packages import read
from reverie.compat import Imagine, big_sleep, deep_daze
from reverie.compat.imagine import begun
from reverie.errors import SpecError
from reverie.recipes.big_sleep import SMALL
from reverie.record.story import story_in
from reverie.spec import to_json

DOCS = Path(__file__).parents[2] / "docs"
PACKAGES = pytest.mark.parametrize("package", [big_sleep, deep_daze], ids=lambda p: p.PACKAGE)
QUICK = ["--epochs=1", "--iterations", "2", "--seed", "7"]
DREAM = [*QUICK, "--num-cutouts=2", "--image_size", "128"]
IMAGINE = [*QUICK, "--batch_size=1", "--image-width=32", "--start-image-train-iters", "2"]


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    quick = dataclasses.replace(SMALL, init="best:6")  # to choose takes longer than to paint
    monkeypatch.setattr(sys.modules["reverie.recipes.big_sleep"], "SMALL", quick)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("command", "flags", "recipe", "size"),
    [("dream", DREAM, "big-sleep", 128), ("imagine", IMAGINE, "deep-daze", 32)],
)
def test_a_command_paints_and_puts_the_picture_where_the_package_would(
    capsys, command, flags, recipe, size
) -> None:
    assert main([command, "a red apple", *flags]) == 0
    out, err = capsys.readouterr()
    picture = Path("a_red_apple.png")
    assert out.split()[-1] == str(picture)
    assert images.load(picture).shape == (1, 3, size, size)
    story = story_in(picture)
    assert story["recipe"]["name"] == recipe and story["recipe"]["seed"] == 7
    own = shlex.split(re.search(r"our own command: reverie (.+)", err)[1])
    assert main([*own, "--output", "again"]) == 0
    assert Path("again/picture.png").read_bytes() == picture.read_bytes()


@pytest.mark.parametrize(
    ("command", "flags", "keywords"),
    [
        (
            "dream",
            [*DREAM, "--ema_decay=0.5"],
            {"num_cutouts": 2, "image_size": 128, "ema_decay": 0.5},
        ),
        (
            "imagine",
            [*IMAGINE, "--optimizer=Adam"],
            {"batch_size": 1, "image_width": 32, "start_image_train_iters": 2, "optimizer": "Adam"},
        ),
    ],
)
def test_the_command_and_python_mean_the_same_recipe(command, flags, keywords) -> None:
    assert main([command, "a red apple", *flags]) == 0
    package = {"dream": "big-sleep", "imagine": "deep-daze"}[command]
    quick = {"epochs": 1, "iterations": 2, "seed": 7}
    own = Imagine(text="a red apple", package=package, **quick, **keywords).wanted
    assert to_json(begun(own).recipe) == story_in(Path("a_red_apple.png"))["recipe"]


def test_they_are_programs_of_their_own(monkeypatch, capsys) -> None:
    for program, package in ((cli.dream, big_sleep), (cli.imagine, deep_daze)):
        monkeypatch.setattr("sys.argv", [package.COMMAND, "--nothing"])
        assert program() == 2
        assert f"all flags: reverie {package.COMMAND} --help" in capsys.readouterr().err


@PACKAGES
def test_flags_are_read_as_fire_reads_them(package) -> None:
    assert read(package, ("a fox", "--save-every=5")) == {"text": "a fox", "save_every": 5}
    assert read(package, ("--text", "a fox", "--save_every", "5"))["save_every"] == 5
    for flags, want in (
        (("--overwrite",), True),
        (("--overwrite=False",), False),
        (("--nooverwrite",), False),
        (("--overwrite", "true"), True),
        (("--noopen-folder",), None),
    ):
        assert read(package, ("a fox", *flags)).get("overwrite") == want, flags


@PACKAGES
@pytest.mark.parametrize(
    ("flags", "about"),
    [
        (["a fox", "--num_cutout", "3"], "unrecognized arguments: --num_cutout 3"),
        (["a fox", "--epochs", "many"], "--epochs: invalid int value: 'many'"),
        (["a fox", "--overwrite=perhaps"], "'perhaps' is neither True nor False"),
        (["a fox", "--epochs"], "--epochs: expected one argument"),
        ([], "text: is missing"),
        (["a", "fox"], "unrecognized arguments: fox; put words in quotes"),
        (["a fox", "--text", "a dog"], "'a fox' and 'a dog' are two; write a | between them"),
    ],
)
def test_a_mistake_is_one_line_and_paints_nothing(package, flags, about, capsys) -> None:
    assert main([package.COMMAND, *flags]) == 2
    out, err = capsys.readouterr()
    assert about in err and err.count("\n") == 1 and not out
    assert not Path("pictures").exists()


def test_a_stop_says_that_the_copy_stays_behind(capsys, monkeypatch) -> None:
    def stopped(frames, console, preview):
        next(iter(frames))

    monkeypatch.setattr("reverie.cli.showing.watch", stopped)
    assert main(["dream", "a red apple", *DREAM]) == 130
    said = capsys.readouterr().err
    assert "a_red_apple.png stays as it is now; resume goes on with pictures" in said
    assert images.load("a_red_apple.png").shape == (1, 3, 128, 128)


def test_a_picture_that_is_there_stays_unless_it_may_be_painted_over(capsys) -> None:
    Path("a_red_apple.png").write_bytes(b"mine")
    assert main(["dream", "a red apple", *DREAM]) == 2
    assert "a_red_apple.png is there already" in capsys.readouterr().err
    assert Path("a_red_apple.png").read_bytes() == b"mine"
    assert main(["dream", "a red apple", *DREAM, "--overwrite"]) == 0
    assert images.load("a_red_apple.png").shape == (1, 3, 128, 128)


def test_what_does_nothing_here_is_told(capsys) -> None:
    with pytest.raises(SpecError):
        read(big_sleep, ("a", "--lr", "x"))
    main(["dream", "a red apple", *DREAM, "--save-every=5", "--noopen_folder"])
    err = capsys.readouterr().err
    assert "save_every is not needed: the picture is kept every few seconds" in err
    assert "open_folder is not needed" in err


@PACKAGES
def test_help_names_every_flag(package, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([package.COMMAND, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert all(f"--{name}" in said for name in package.KEYWORDS)


@PACKAGES
def test_the_page_has_every_flag_with_its_default_and_what_becomes_of_it(package) -> None:
    rows = re.findall(r"^\| `--(\w+)` \| (.*?) \| (.*) \|$", page(package), re.MULTILINE)
    want = [
        (name, "" if k.default is None else str(k.default) or "''", k.here)
        for name, k in package.KEYWORDS.items()
    ]
    assert rows == want


@PACKAGES
def test_every_option_that_the_page_names_is_there(package, capsys) -> None:
    main([{"dream": "big-sleep", "imagine": "deep-daze"}[package.COMMAND], "--help"])
    known = set(re.findall(r"--[a-z][\w-]+", capsys.readouterr().out))
    here = " ".join(keyword.here for keyword in package.KEYWORDS.values())
    named = set(re.findall(r"`(--[a-z][a-z0-9-]+)[ `]", here))
    assert named and named <= known


def page(package) -> str:
    return (DOCS / f"{package.PACKAGE}.md").read_text()
