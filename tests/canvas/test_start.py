"""What canvases start from."""

from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.canvas.start import Colour, Gradient, Noise, Picture, StartSpec, start_from
from reverie.errors import PictureError, SpecError
from reverie.spec import from_json, to_json

CPU = torch.device("cpu")
SIZE = (11, 7)  # width, height


@pytest.fixture
def photo(tmp_path: Path) -> str:
    picture = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    images.save(picture, tmp_path / "photo.png", None)
    return str(tmp_path / "photo.png")


@pytest.fixture(params=["noise", "gradient", "teal", "photo"])
def start(request: pytest.FixtureRequest, photo: str) -> StartSpec:
    return start_from(photo if request.param == "photo" else request.param)


def test_every_start_is_a_picture_of_the_size(start: StartSpec):
    image = start.draw(SIZE, (3, 4), CPU)
    assert image.shape == (2, 3, 7, 11) and image.dtype == torch.float32
    assert image.min() >= 0 and image.max() <= 1


def test_each_picture_depends_on_its_own_seed_alone(start: StartSpec):
    both = start.draw(SIZE, (3, 4), CPU)
    assert torch.equal(both[1:], start.draw(SIZE, (4,), CPU))


def test_noise_and_gradients_differ_by_seed():
    for start in (Noise(), Gradient()):
        one, two = start.draw(SIZE, (3, 4), CPU)
        assert (one - two).abs().max() > 0.01


def test_noise_has_the_deviation_it_says():
    assert Noise(strength=0.1).draw((64, 64), (0,), CPU).std().item() == pytest.approx(0.1, 0.05)


def test_a_gradient_is_smooth():
    image = Gradient().draw((64, 64), (0, 1, 2), CPU)
    steps = torch.cat([image.diff(dim=2).flatten(), image.diff(dim=3).flatten()])
    assert 0 < steps.abs().max() < 0.05


def test_a_picture_is_cut_to_shape_and_not_stretched(photo: str):
    middle = images.load(photo)[..., 5:25]
    want = images.resize(middle, (9, 9))
    assert torch.equal(Picture(path=photo).draw((9, 9), (0,), CPU), want)


@pytest.mark.parametrize("text", ["#336699", "#369", "colour:#336699", "color:#336699"])
def test_a_colour_can_be_written_in_several_ways(text: str):
    image = start_from(text).draw((2, 1), (0,), CPU)
    torch.testing.assert_close(image[0, :, 0, 0], torch.tensor([0x33, 0x66, 0x99]) / 255)


def test_words_of_the_command_line_become_starts(photo: str, tmp_path: Path):
    assert start_from("noise") == Noise()
    assert start_from("gradient") == Gradient()
    assert start_from("teal") == Colour(colour="teal")
    assert start_from(photo) == Picture(path=photo)
    assert start_from("https://a.b/c") == Picture(path="https://a.b/c")
    assert start_from("not/there.jpg") == Picture(path="not/there.jpg")
    bare = Path(photo).rename(tmp_path / "bare")
    assert start_from(str(bare)) == Picture(path=str(bare))


@pytest.mark.parametrize("text", ["", "  ", "nonsense", "colour:nonsense", "#12"])
def test_other_words_are_refused_with_the_choices(text: str):
    with pytest.raises(SpecError, match=r"teal"):
        start_from(text)


def test_a_missing_picture_is_told_when_it_is_drawn():
    with pytest.raises(PictureError, match="no such file"):
        Picture(path="not/there.jpg").draw(SIZE, (0,), CPU)


def test_starts_survive_json(start: StartSpec):
    assert from_json(to_json(start), StartSpec) == start
    with pytest.raises(SpecError, match="unknown"):
        from_json({"kind": "Colour", "colour": "nonsense"})
    with pytest.raises(SpecError, match="strength"):
        from_json({"kind": "Noise", "strength": -1.0})
