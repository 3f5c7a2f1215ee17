"""`reverie draw`, as it is typed."""

import re

import pytest
from PIL import Image

from reverie.cli import draw
from reverie.record import video

FEW = ("--steps", "2", "--start-steps", "2", "--size", "48", "--strokes", "6", "--no-preview")


def test_a_drawing_is_put_where_it_was_wanted_and_drawn_again_from_its_svg(reverie, somewhere_else):
    code, out, err = reverie("draw", "a <red> fox", *FEW, "--seed", "1", "-o", "new/fox.svg")
    assert code == 0, err
    assert out.splitlines()[-1] == "new/fox.svg"
    text = (somewhere_else / "new" / "fox.svg").read_text(encoding="utf-8")
    assert "<title>a &lt;red&gt; fox</title>" in text
    code, _, err = reverie("replay", "new/fox.svg", "-o", "again")
    assert code == 0 and "the same drawing, to the last digit" in err, err


def test_the_best_of_several_is_put_where_it_was_wanted(reverie, somewhere_else):
    code, _, err = reverie("draw", "an owl", *FEW, "--seed", "1", "-n", "2", "-o", "owl.webp")
    assert code == 0, err
    scores = re.search(r"best of 2: picture-(\d)\.png \(scores (\S+), (\S+)\)", err)
    assert scores, err
    best = 1 if float(scores[2]) >= float(scores[3]) else 2
    assert int(scores[1]) == best
    run = next((somewhere_else / "pictures").iterdir())
    kept = (run / f"picture-{best}.svg").read_bytes()
    assert (somewhere_else / "owl.svg").read_bytes() == kept
    with Image.open(somewhere_else / "owl.webp") as shown:
        assert shown.format == "WEBP" and shown.size == (48, 48)


def test_a_film_shows_it_being_drawn(reverie, somewhere_else):
    how = ("--redraw", "owl.gif", "--redraw-length", "2s")
    code, out, err = reverie("draw", "an owl", *FEW, "-o", "owl.svg", *how)
    assert code == 0, err
    assert out.splitlines()[-1] == "owl.gif"
    with Image.open(somewhere_else / "owl.gif") as film:
        assert getattr(film, "n_frames", 1) > 5


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("draw", "", *FEW), "it is empty"),
        (("draw", "an owl", *FEW, "-o", "there.svg"), "is there already"),
        (("draw", "an owl", *FEW, "--redraw", "film.txt"), "film.txt"),
        (("draw", "an owl", *FEW, "--palette", "black,blurple"), "'blurple' is no colour"),
        (("draw", "an owl", *FEW, "--init", "missing.svg"), "missing.svg"),
        (("draw", "an owl", *FEW, "--style", "missing.jpg"), "missing.jpg"),
        (("draw", "an owl", *FEW, "--grow", "0"), "grow: got 0"),
        (("draw", "an owl", *FEW, "--mm", "-3"), "mm: got -3"),
        (("draw", "an owl", *FEW, "-o", "owl.pdf"), "a folder for the run is wanted"),
        (("paint", "an owl", "-o", "owl.svg"), "a folder for the run is wanted"),
    ],
)
def test_mistakes_are_told_in_one_line_and_leave_nothing(reverie, somewhere_else, arguments, why):
    (somewhere_else / "there.svg").write_text("mine")
    code, out, err = reverie(*arguments)
    assert (code, out) == (2, "")
    assert why in err.splitlines()[-1] and err.splitlines()[-1].startswith("reverie: ")
    assert [path.name for path in somewhere_else.iterdir()] == ["there.svg"]
    assert (somewhere_else / "there.svg").read_text() == "mine"


@pytest.mark.parametrize("recipe", ["clipdraw", "styleclipdraw", "clip-sketch"])
def test_every_recipe_of_drawings_puts_them_where_they_were_wanted(reverie, somewhere_else, recipe):
    few = [x for x in FEW if recipe != "clip-sketch" or x != "--start-steps"]
    if recipe == "clip-sketch":
        few.remove("2")
    code, out, err = reverie(recipe, "an owl", *few, "-o", "owl.svg", "--budget", "0s")
    assert code == 0, err
    assert out.splitlines()[-1] == "owl.svg"
    assert "owl.svg is the drawing so far; when it has ended: cp pictures" in err


def test_a_film_that_cannot_be_made_is_refused_before_the_drawing(monkeypatch, somewhere_else):
    monkeypatch.setattr(video, "library", lambda: (_ for _ in ()).throw(ImportError("av")))
    with pytest.raises(ImportError):
        draw.check_film(somewhere_else / "film.mp4", overwrite=False)
