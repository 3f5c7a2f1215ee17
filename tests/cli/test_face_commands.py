"""`directions`, `edit`, `mix` and `morph` from the shell."""

import json
import re
import signal
from pathlib import Path

import pytest
import torch

from faces.small_faces import CLIP, S, saved
from nets import small_mappers as small
from reverie import image as images
from reverie.canvas.stylegan_start import read_latents
from reverie.record.reel import Reel
from reverie.record.video import text_in

SEER = ("--perceptor", CLIP.weights)
pytestmark = pytest.mark.filterwarnings("ignore:.*knows no words")


@pytest.fixture
def model(somewhere_else) -> tuple[str, str]:
    return ("--model", saved(somewhere_else / "small"))


def story(path: str) -> dict:
    return json.loads(images.read_text(path) or "")["faces"]


def test_an_edit_leaves_pictures_latents_and_both_side_by_side(reverie, model):
    code, out, err = reverie("edit", "7", "a hat", *model, *SEER, "--alpha", "2", "-o", "out")
    assert (code, out.split()) == (0, ["out/picture.png", "out/before-after.png"])
    assert "20 of 40 channels moved; similarity to the words" in err
    assert read_latents("out/picture.safetensors").shape == (1, S)
    told = story("out/picture.png")
    assert (told["command"], told["target"], told["alpha"]) == ("edit", "a hat", 2.0)
    assert images.load("out/before-after.png").shape == (1, 3, 32, 66)
    after = images.load("out/before-after.png")[..., 34:]
    assert torch.equal(after, images.load("out/picture.png"))


def test_an_edited_face_is_edited_on_and_back(reverie, model):
    words = ("a hat", *model, *SEER)
    assert reverie("edit", "7", *words, "--alpha", "2", "-o", "there")[0] == 0
    assert reverie("edit", "there/picture.png", *words, "--alpha", "-2", "-o", "back")[0] == 0
    before = images.load("there/before-after.png")[..., :32]
    torch.testing.assert_close(images.load("back/picture.png"), before, rtol=0, atol=2 / 255)


def test_several_faces_have_a_strip_and_a_film(reverie, model):
    more = ("--strip", "3", "--video", "sweep.gif", "--video-length", "0.5")
    code, out, _ = reverie("edit", "7", "a hat", *model, *SEER, "-n", "2", "-o", "out", *more)
    assert (
        code == 0 and out.split()[-2] == "out/strip.png" and out.split()[-1].endswith("sweep.gif")
    )
    assert images.load("out/strip.png").shape == (1, 3, 2 * 34 - 2, 3 * 34 - 2)
    ends = images.load("out/strip.png")[..., -32:]
    assert torch.equal(ends[..., :32, :], images.load("out/picture-1.png"))
    assert json.loads(text_in(Path("sweep.gif")) or "")["faces"]["target"] == "a hat"


def test_folders_and_films_are_not_written_over_unless_asked(reverie, model):
    edit = ("edit", "7", "a hat", *model, *SEER, "-o", "out")
    assert reverie(*edit)[0] == 0
    code, _, err = reverie(*edit)
    assert code == 2 and "holds pictures already" in err
    assert reverie(*edit, "--overwrite")[0] == 0
    code, out, _ = reverie(*edit[:-2])
    assert code == 0 and "pictures/a-hat-seed-7/picture.png" in out
    code, out, _ = reverie(*edit[:-2])
    assert code == 0 and "pictures/a-hat-seed-7-2/picture.png" in out


def test_what_is_prepared_is_found_by_edit(reverie, model):
    code, path, err = reverie("directions", model[1], *SEER, "--codes", "1")
    assert code == 0 and Path(path.strip()).is_file() and "channels 40/40" in err
    code, again, err = reverie("directions", model[1], *SEER, "--codes", "1")
    assert (code, again) == (0, path) and "prepared already" in err
    code, _, err = reverie("directions", model[1], *SEER, "--codes", "2")
    assert code == 2 and "another survey" in err
    assert reverie("edit", "7", "a hat", *model, *SEER, "-o", "by-file")[0] == 0
    Path(path.strip()).unlink()
    assert reverie("edit", "7", "a hat", *model, *SEER, "-o", "by-slopes")[0] == 0
    one, other = (read_latents(f"{name}/picture.safetensors") for name in ("by-file", "by-slopes"))
    assert not torch.equal(one, other)


def test_a_mapper_takes_the_place_of_words(reverie, model):
    opts = {"stylegan_size": 32}
    torch.save({"state_dict": small.levels(), "opts": opts}, "curly.pt")
    code, out, _ = reverie("edit", "7", "--mapper", "curly.pt", *model, "--parts", "coarse")
    assert code == 0 and "pictures/curly-seed-7/picture.png" in out
    rows = read_latents("pictures/curly-seed-7/picture.safetensors")
    assert rows.shape[1:] == (8, small.WIDTH)
    code, _, err = reverie("edit", "7", "a hat", "--mapper", "curly.pt", *model)
    assert code == 2 and "or give a --mapper FILE" in err


def test_mixing_makes_a_table_of_faces(reverie, model):
    code, out, _ = reverie("mix", "1-2", "3,4,mean", *model, "--rows", "0-2,5", "-o", "out")
    assert code == 0 and out.split()[-1] == "out/mix.png" and len(out.split()) == 6 + 2
    assert images.load("out/mix.png").shape == (1, 3, 3 * 34 - 2, 4 * 34 - 2)
    assert story("out/mix.png")["rows"] == [0, 1, 2, 5]
    one, other, made = (read_latents(f"out/picture-{n}.safetensors")[0] for n in (1, 4, 2))
    assert torch.equal(made[3], one[3]) and not torch.equal(other[3], one[3])  # of seed 1, seed 2
    assert torch.equal(other[0], one[0])  # both of seed 3


def test_shape_comes_from_the_second_face_unless_told_otherwise(reverie, model):
    assert reverie("mix", "1", "2", *model, "-o", "out")[0] == 0
    assert story("out/mix.png")["rows"] == [0, 1, 2]  # of 8; of 18 it would be 0-6


def test_a_morph_is_a_film_of_its_length(reverie, model):
    film = ("morph", "1", "2-3", *model, "--video", "m.gif", "--seconds", "0.4", "--loop")
    code, out, err = reverie(*film)
    assert code == 0 and out.strip().endswith("m.gif") and "pictures 6/6" in err
    told = json.loads(text_in(Path("m.gif")) or "")["faces"]
    assert [start["seed"] for start in told["starts"]] == [1, 2, 3]
    code, _, err = reverie(*film)
    assert code == 2 and "is there already" in err


def test_a_stopped_film_of_an_edit_goes_on_with_the_same_command(reverie, model, monkeypatch):
    film = ("--video", "m.gif", "--video-length", "0.4")
    edit = ("edit", "7", "a hat", *model, *SEER, "-o", "out", *film)

    add = Reel.add

    def stopped(reel, number, picture):
        add(reel, number, picture)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Reel, "add", stopped)
        code, _, err = reverie(*edit)
    assert code == 130 and "the same command goes on" in err
    code, _, err = reverie(*edit[:2], "a horse", *edit[3:])
    assert code == 2 and "out: holds pictures already" in err  # another film is not gone on with
    code, out, err = reverie(*edit)
    assert code == 0 and out.strip().endswith("m.gif") and Path("m.gif").is_file()
    assert not Path("m.frames").exists()


@pytest.mark.parametrize("shown", ["out/picture-2.png", "out/before-after.png", "m.gif"])
def test_info_tells_how_a_face_was_changed(reverie, model, shown):
    film = ("--video", "m.gif", "--video-length", "0.4")
    edit = ("edit", "3,mean", "a hat", *model, *SEER, "--alpha", "2", "-o", "out", *film)
    assert reverie(*edit)[0] == 0
    code, out, _ = reverie("info", shown)
    told = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in out.splitlines())
    assert code == 0 and told["made by"] == "reverie edit" and told["faces"] == "seed:3, mean"
    assert (told["target"], told["alpha"]) == ("a hat", "2.0")
    assert told.get("this one") == ("mean" if "picture-2" in shown else None)
    code, out, _ = reverie("info", shown, "--json")
    assert code == 0 and json.loads(out)["faces"]["target"] == "a hat"
    code, _, err = reverie("replay", shown)
    assert code == 2 and f"reverie info {shown} tells how it was made" in err


def test_info_names_the_two_faces_of_a_mixed_one(reverie, model):
    assert reverie("mix", "1-2", "3,4", *model, "-o", "out")[0] == 0
    _, out, _ = reverie("info", "out/picture-3.png")
    assert "this one    seed:2 with seed:3" in out


@pytest.mark.parametrize(
    ("faces", "said"),
    [
        (7, "$.faces: an object is wanted"),
        ({}, "'command' is missing"),
        ({"starts": [3]}, "a list of objects"),
        ({"starts": 3}, "'starts' is missing, or no list"),
        ({"first": "x"}, "$.faces.first"),
    ],
)
def test_a_change_that_somebody_wrote_into_a_picture_is_told_where_it_is_wrong(
    reverie, somewhere_else, faces, said
):
    whole = {"command": "edit", "model": "a", "generator": "b", "starts": []}
    changed = (whole | faces if faces else {}) if isinstance(faces, dict) else faces
    images.save(torch.zeros(1, 3, 8, 8), "a.png", json.dumps({"faces": changed}))
    code, out, err = reverie("info", "a.png")
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1


def test_words_come_over_a_morph(reverie, model):
    film = ("morph", "1", "1", *model, "--seconds", "0.4", "--rate", "5")
    assert reverie(*film, "--video", "still.gif")[0] == 0
    words = ("--target", "a hat", *SEER, "--alpha", "3")
    assert reverie(*film, *words, "--video", "moved.gif")[0] == 0
    still, moved = (images.load(name) for name in ("still.gif", "moved.gif"))
    assert (still - moved).abs().max() < 0.1  # the first picture of both
    assert json.loads(text_in(Path("moved.gif")) or "")["faces"]["alpha"] == 3.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("edit 7", "say what the face should be"),
        ("edit nobody hat", "is no face"),
        ("edit photo.png hat", "is no face"),
        ("edit 7 hat -n 0", "-n 0"),
        ("edit 7 hat --strip 1", "--strip 1"),
        ("edit 7 hat --truncation nan", "truncation"),
        ("edit 7 hat --parts fine", "nothing that goes with words"),
        ("edit 7 hat --video film.txt", "is no film"),
        ("edit 7 hat --perceptor a,b", "name one"),
        ("mix 1 2 --rows x", "write rows of w"),
        ("mix 1 2 --rows 3-1", "write rows of w"),
        ("mix 1 2 --rows 0-99", "rows: got 8; this generator has 0 to 7"),
        ("mix 1-500 1-500", "too many"),
        ("morph 1", "name two faces"),
        ("morph", "name two faces"),
        ("morph 1 2 --alpha 3", "--target"),
        ("morph 1 2 --seconds 0", "is no length"),
        ("directions --codes 0", "codes: got 0"),
    ],
)
def test_mistakes_are_told_in_one_line(reverie, model, line, said):
    command, *rest = line.split()
    rest = [model[1], *rest] if command == "directions" else [*rest, *model]
    code, out, err = reverie(command, *rest)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["small"]
