"""`reverie render`, as it is typed."""

import shutil

import pytest

from reverie import image as images
from reverie.cli.render import wanted
from reverie.recipes.paint import paint
from reverie.record.story import story_in
from reverie.run import Run

SEED = 3


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """What a run of deep-daze leaves."""
    folder = tmp_path_factory.mktemp("painted") / "out"
    quick = {"steps": 1, "start_steps": 1, "cutouts": 2, "size": (24, 16)}
    paint("a fox", canvas="deep-daze", perceptor="pocket-clip", seed=SEED, output=folder, **quick)
    return folder


@pytest.fixture
def painted(run_folder, somewhere_else):
    """The same in the working directory, to be changed at will."""
    shutil.copytree(run_folder, somewhere_else / "out")
    return somewhere_else / "out"


def size_of(path):
    return images.load(path).shape[:-3:-1]


def test_a_run_leaves_what_can_be_drawn_from_beside_its_picture(painted):
    assert [path.name for path in Run.open(painted).files] == [
        "picture.png",
        "picture.safetensors",
    ]


def test_a_picture_is_drawn_again_in_its_own_shape(reverie, painted):
    code, out, err = reverie("render", "out/picture.png", "--size", 90)
    assert (code, out) == (0, "out/picture-90x60.png\n"), err
    assert "rows 60/60" in err
    assert size_of(out.strip()) == (90, 60)
    assert story_in(painted / "picture-90x60.png")["recipe"]["seed"] == SEED


def test_the_file_alone_is_enough_for_any_shape_and_kind(reverie, painted):
    (painted / "picture.png").unlink()
    given = ("render", "out/picture.safetensors", "--size", "40x40", "-o", "new/big.webp")
    assert reverie(*given)[:2] == (0, "new/big.webp\n")
    assert size_of("new/big.webp") == (40, 40)
    code, _, err = reverie(*given)
    assert code == 2 and "there already" in err and "\n" not in err.strip()
    assert reverie(*given, "--beyond", "--overwrite")[0] == 0


def test_info_and_replay_know_what_was_rendered(reverie, painted):
    reverie("render", "out/picture.png", "--size", 90)
    code, out, _ = reverie("info", "out/picture-90x60.png")
    assert code == 0 and "drawn again at 90x60" in out
    code, out, err = reverie("replay", "out/picture-90x60.png", "-o", "again")
    assert code == 0, err
    assert "reverie render" in err and "edited" not in err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("out/picture.png", "--size", "big"), "write a size as the longer side"),
        (("out/picture.png", "--size", "0"), "size"),
        (("out/picture.png", "--size", "100000"), "size"),
        (("out/nothing.png",), "there is no such file"),
        (("out",), "is a folder"),
        (("out/picture.png", "-o", "big.svg"), "pictures are written as"),
        (("out/picture.png", "-o", "out"), "is a folder"),
        (("out/recipe.json",), "wanted is one of"),
    ],
)
def test_mistakes_are_told_in_one_line(reverie, painted, arguments, why):
    code, out, err = reverie("render", *arguments)
    assert (code, out) == (2, "")
    assert why in err and err.count("\n") == 1


def test_one_number_is_the_longer_side():
    assert wanted((2048, None), (256, 192)) == (2048, 1536)
    assert wanted((2048, None), (100, 300)) == (683, 2048)
    assert wanted((70, 90), (256, 192)) == (70, 90)


@pytest.mark.parametrize("command", ["plot", "redraw"])
def test_what_was_painted_has_no_strokes(reverie, painted, command):
    code, out, err = reverie(command, "out/picture.png")
    assert (code, out) == (2, "") and "painted, not drawn" in err and "\n" not in err.strip()
