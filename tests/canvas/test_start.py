"""What canvases start from."""

from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.canvas.fourier import Fourier
from reverie.canvas.start import (
    WORDS,
    Colour,
    Gradient,
    Noise,
    Perlin,
    Picture,
    RandomPixels,
    StartSpec,
    perlin,
    start_from,
)
from reverie.errors import PictureError, SpecError
from reverie.protocols import Draws, Machine
from reverie.spec import from_json, to_json

CPU = torch.device("cpu")
SIZE = (11, 7)  # width, height


@pytest.fixture
def photo(tmp_path: Path) -> str:
    picture = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    images.save(picture, tmp_path / "photo.png", None)
    return str(tmp_path / "photo.png")


@pytest.fixture(params=[*WORDS, "teal", "photo"])
def start(request: pytest.FixtureRequest, photo: str) -> StartSpec:
    return start_from(photo if request.param == "photo" else request.param)


def test_every_start_is_a_picture_of_the_size(start: StartSpec):
    image = start.draw(SIZE, (3, 4), CPU)
    assert image.shape == (2, 3, 7, 11) and image.dtype == torch.float32
    assert image.min() >= 0 and image.max() <= 1


def test_each_picture_depends_on_its_own_seed_alone(start: StartSpec):
    both = start.draw(SIZE, (3, 4), CPU)
    assert torch.equal(both[1:], start.draw(SIZE, (4,), CPU))


def test_random_starts_differ_by_seed():
    for start in WORDS.values():
        one, two = start.draw(SIZE, (3, 4), CPU)
        assert (one - two).abs().max() > 0.01


def test_noise_has_the_deviation_it_says():
    assert Noise(strength=0.1).draw((64, 64), (0,), CPU).std().item() == pytest.approx(0.1, 0.05)


def test_random_pixels_are_uniform_and_know_nothing_of_their_neighbours():
    image = RandomPixels().draw((64, 64), (0, 1), CPU)
    at = torch.quantile(image, torch.tensor([0.1, 0.5, 0.9])).tolist()
    assert at == pytest.approx([0.1, 0.5, 0.9], abs=0.02)
    beside = torch.corrcoef(torch.stack([image[..., 1:].flatten(), image[..., :-1].flatten()]))
    assert beside[0, 1].abs() < 0.03


def test_perlin_noise_is_nothing_at_the_corners_of_its_cells_and_has_their_slopes():
    draws = Draws((3,), 0, "x")
    cloud = perlin(draws, (401, 401), 1)[0, 0]  # cells of 401 pixels: corners at the ends
    angle = 2 * torch.pi * Draws((3,), 0, "x").uniform(3, 2, 2)[0, 0]
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        y, x = (0, -1)[row], (0, -1)[column]
        assert cloud[y, x].abs() < 2 / 401
        inner = (1, -2)[column]
        slope = 401 * (cloud[y, inner] - cloud[y, x]) * (1, -1)[column]
        assert slope.item() == pytest.approx(angle[row, column].cos().item(), abs=0.03)


def test_perlin_clouds_are_the_same_at_every_size_and_coloured():
    large, small = (Perlin(octaves=3).draw((n, n // 2), (5,), CPU) for n in (256, 64))
    shrunk = torch.nn.functional.avg_pool2d(large, 4)
    torch.testing.assert_close(shrunk, small, rtol=0, atol=0.03)
    assert large.std().item() == pytest.approx(0.22, abs=0.06)
    assert (large[:, 0] - large[:, 1]).abs().mean() > 0.1


def test_perlin_octaves_add_finer_clouds():
    def roughness(octaves: int) -> float:
        return Perlin(octaves=octaves).draw((96, 96), (1,), CPU).diff(dim=3).abs().mean().item()

    assert roughness(1) < roughness(3) < roughness(6)


@pytest.mark.parametrize("word", ["pixels", "perlin", "gradient"])
def test_a_spectrum_starts_from_the_same_picture(word: str):
    start = start_from(word)
    want = start.draw((32, 24), (3, 4), CPU)
    canvas = Fourier(size=(32, 24), start=start).build(Machine(CPU, torch.float32), (3, 4))
    torch.testing.assert_close(canvas(), want, rtol=0, atol=2e-3)


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
    assert start_from("pixels") == start_from("snow") == RandomPixels()
    assert start_from("perlin") == Perlin()
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
    with pytest.raises(SpecError, match="octaves"):
        from_json({"kind": "Perlin", "octaves": 0})
