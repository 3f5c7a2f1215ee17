"""`reverie deep-dream` and `reverie models layers`, as a person types them."""

import json

import pytest
import torch

from reverie import image as images
from reverie.canvas.start import Perlin

QUICK = ("--octaves", "2", "--steps", "2", "--device", "cpu", "--precision", "fp32", "--seed", "1")


@pytest.fixture
def photo(somewhere_else):
    picture = Perlin().draw((48, 36), (1,), torch.device("cpu"))
    images.save(picture, somewhere_else / "photo.png", None)
    return "photo.png"


def test_a_picture_is_all_it_needs(reverie, photo, somewhere_else):
    code, out, err = reverie("deep-dream", photo, *QUICK)
    assert code == 0, err
    assert out == "pictures/photo-1/picture.png\n"
    assert "34x26, then 48x36" in err and "octave-1 (2 steps), octave-2 (2 steps)" in err
    dream = images.load(somewhere_else / out.strip())
    assert dream.shape == (1, 3, 36, 48)
    assert (dream - images.load(photo)).abs().mean() > 0.005
    story = json.loads((somewhere_else / "pictures/photo-1/recipe.json").read_text())
    assert story["digests"][photo] == images.digest(photo)


def test_words_lead_and_are_scored(reverie, photo):
    code, _, err = reverie("deep-dream", "an owl", "--init", photo, "-o", "out", *QUICK)
    assert code == 0 and "score" in err


def test_the_layers_of_a_perceptor_are_listed(reverie, somewhere_else):
    code, out, _ = reverie("models", "layers", "pocket-clip")
    rows = [line.split() for line in out.splitlines()]
    assert code == 0
    assert rows[0] == ["layer", "neurons", "places"]
    assert ["stem", "32", "32x32"] in rows and ["block8", "256", "4x4"] in rows
    assert [row[0] for row in rows if "what deep-dream takes" in " ".join(row)] == ["block5"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deep-dream", "nowhere.png"), "nowhere.png: there is no such file"),
        (("deep-dream", "photo.png", "--layer", "blok5"), "'blok5' is not one of stem, block1, "),
        (("deep-dream", "photo.png", "--neuron", "999"), "block5 has 128, numbered from 0 to 127"),
        (("deep-dream", "photo.png", "--perceptor", "nobody"), "there is no model 'nobody'"),
        (("deep-dream", "photo.png", "more.png"), "'more.png' is left over"),
        (("models", "layers", "nobody"), "there is no model 'nobody'"),
        (("models", "layers", "pocket-clip,pocket-judge"), "are several; one dreams"),
    ],
)
def test_mistakes_get_one_line(reverie, photo, somewhere_else, arguments, said):
    code, out, err = reverie(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and err.startswith("reverie: ") and said in err
    assert not (somewhere_else / "pictures").exists()
