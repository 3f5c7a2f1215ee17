"""`reverie plot` and `reverie redraw`, as they are typed."""

import signal

import pytest

from reverie.cli.drawings import read_length
from reverie.raster.svg_read import read_svg
from reverie.record import video

CAT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50" width="100" height="50">
<path d="M5 5L40 5" stroke="#1a1a1a" stroke-width="3"/>
<path d="M80 5L60 5" stroke="#e04020" stroke-width="3"/>
<path d="M42 8L60 45" stroke="#101010" stroke-width="3" stroke-opacity="0.3"/>
<circle cx="50" cy="25" r="10" fill="#20a0a0"/>
<path d="M10 40L120 40" stroke="#1a1a1a" stroke-width="3"/>
</svg>"""


@pytest.fixture
def cat(somewhere_else):
    (somewhere_else / "cat.svg").write_text(CAT)
    return somewhere_else


def test_a_plot_says_what_each_pen_draws(reverie, cat):
    (cat / "ink.txt").write_text("black 0.5mm\n#e04020 brick\n")
    given = ("plot", "cat.svg", "-o", "new/p.svg", "--palette", "ink.txt")
    code, out, err = reverie(*given, "--width", "22cm", "--margin", "10mm")
    assert (code, out) == (0, "new/p.svg\n"), err
    lines = [" ".join(line.split()) for line in err.splitlines()]
    assert lines[0] == "220 x 120 mm"
    assert lines[1].startswith("1-black 3 strokes 0.38 m drawn")
    assert lines[2].startswith("2-brick 1 strokes 0.04 m drawn")
    assert lines[3].startswith("all 4 strokes 0.42 m drawn") and "before sorting" in lines[3]
    assert lines[4:] == [
        "1 shape filled: drawn as the outline",
        "1 shape left out: opacity below 0.5, or no width",
        "1 shape cut off at the margins",
        "pens are up to 0.5 mm wide; most strokes of the drawing are 6.0 mm",
    ]
    assert read_svg(cat / "new" / "p.svg").size == (220, 120)


def test_a_plot_lies_beside_its_drawing_and_has_the_drawings_colours(reverie, cat):
    code, out, err = reverie("plot", "cat.svg")
    assert (code, out) == (0, "cat-plot.svg\n"), err
    assert [line.split()[0] for line in err.splitlines()[1:5]] == [
        "1-#1a1a1a",
        "2-#e04020",
        "3-#20a0a0",
        "all",
    ]
    code, _, err = reverie("plot", "cat.svg")
    assert code == 2 and "there already" in err and "\n" not in err.strip()
    assert reverie("plot", "cat.svg", "--overwrite")[0] == 0


@pytest.mark.parametrize("command", ["plot", "redraw"])
def test_a_picture_stands_for_the_drawing_beside_it(reverie, cat, command):
    from PIL import Image

    Image.new("RGB", (100, 50)).save("cat.png")
    quick = ("--seconds", "0.2") if command == "redraw" else ()
    assert reverie(command, "cat.png", *quick)[0] == 0


def test_a_film_is_made_beside_its_drawing(reverie, cat):
    code, out, err = reverie("redraw", "cat.svg", "--seconds", "0.5", "--size", 64, "--rate", 10)
    assert (code, out) == (0, "cat.mp4\n"), err
    assert "pictures 5/5" in err
    with video.library().open("cat.mp4") as file:
        assert [(f.width, f.height) for f in file.decode(video=0)] == [(64, 32)] * 5
    code, _, err = reverie("redraw", "cat.svg", "--seconds", "0.5")
    assert code == 2 and "there already" in err
    assert reverie("redraw", "cat.svg", "--seconds", "0.2", "--overwrite")[0] == 0


def test_ctrl_c_leaves_nothing_half_written(reverie, cat, monkeypatch):
    from reverie.record.reel import Reel

    add = Reel.add

    def interrupted(self, number, picture):
        add(self, number, picture)
        if number == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Reel, "add", interrupted)
    code, out, err = reverie("redraw", "cat.svg", "--seconds", "2", "--size", 64)
    assert (code, out) == (130, "") and "nothing was written" in err
    assert [path.name for path in cat.iterdir()] == ["cat.svg"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("plot", "dog.svg"), "there is no such file"),
        (("plot", "photo.png"), "photo.svg"),
        (("plot", "cat.svg", "-o", "cat.png"), "this is written as .svg"),
        (("plot", "cat.svg", "-o", "."), "is a folder"),
        (("plot", "cat.svg", "--width", "200"), "write a length as 200mm"),
        (("plot", "cat.svg", "--width", "20mm"), "no room"),
        (("plot", "cat.svg", "--palette", "ink.txt"), "cannot be read"),
        (("plot", "cat.svg", "--palette", "17"), "does not begin with a colour"),
        (("plot", "net.safetensors"), "net.safetensors"),
        (("redraw", "dog.svg"), "there is no such file"),
        (("redraw", "cat.svg", "-o", "cat.png"), "is no film"),
        (("redraw", "cat.svg", "--seconds", "0"), "0 seconds"),
        (("redraw", "cat.svg", "--rate", "1000"), "1000 pictures a second"),
        (("redraw", "cat.svg", "--size", "0"), "size"),
        (("redraw", "cat.svg", "--size", "-5"), "size"),
        (("redraw", "cat.svg", "--size", "900000"), "size"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(reverie, cat, arguments, why):
    from PIL import Image

    Image.new("RGB", (100, 50)).save("photo.png")
    (cat / "net.safetensors").write_bytes(b"")
    there = sorted(path.name for path in cat.iterdir())
    code, out, err = reverie(*arguments)
    assert (code, out) == (2, "") and why in err, err
    assert err.startswith("reverie: ") and "\n" not in err.strip()
    assert sorted(path.name for path in cat.iterdir()) == there


@pytest.mark.parametrize(("text", "mm"), [("200mm", 200), ("2.5 cm", 25), ("1in", 25.4), ("0", 0)])
def test_lengths_have_units(text, mm):
    class Given:
        value = text

    assert read_length(None, [Given()]) == mm
