"""A dream is a picture and its detail; the detail goes on to larger pictures, the picture stays."""

import torch

from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.canvas.dream import Dream
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Colour, Picture
from reverie.device import machine
from reverie.protocols import Draws

CPU = machine("cpu", "fp32")


def photo(tmp_path):
    """A picture with an edge in every other pixel."""
    sharp = (torch.arange(64) % 2).float().expand(1, 3, 48, 64)
    images.save(sharp, tmp_path / "photo.png", None)
    return Picture(path=str(tmp_path / "photo.png")), sharp


def test_without_a_dream_every_octave_is_the_picture_in_its_own_sharpness(tmp_path):
    start, sharp = photo(tmp_path)
    small = Dream(size=(32, 24), start=start).build(CPU, (0,))
    large = Dream(size=(64, 48), start=start).build(CPU, (0,))
    assert large.go_on_(small)
    assert torch.equal(large(), sharp)


@torch.no_grad()
def test_an_octave_takes_over_the_detail_enlarged_and_the_detail_alone():
    small = Dream(size=(16, 12), start=Colour(colour="#808080")).build(CPU, (0,))
    detail = 0.3 * (Draws((0,), 0, "detail").uniform(3, 12, 16) - 0.5)
    small.detail.copy_(detail)
    large = Dream(size=(32, 24), start=Colour(colour="#505050")).build(CPU, (0,))
    assert large.go_on_(small)
    torch.testing.assert_close(large.detail, images.resample(detail, (32, 24)))
    torch.testing.assert_close(large(), large.base + large.detail)
    assert abs(large.base.mean().item() - 0x50 / 255) < 1e-6


@torch.no_grad()
def test_what_is_taken_over_stays_within_black_and_white():
    small = Dream(size=(16, 12), start=Colour(colour="black")).build(CPU, (0,))
    small.detail.fill_(0.9)
    large = Dream(size=(32, 24), start=Colour(colour="white")).build(CPU, (0,))
    assert large.go_on_(small)
    assert large().max() == 1 and large().min() == 1


def test_another_canvas_is_not_gone_on_with_but_started_from():
    plain = Pixels(size=(16, 12)).build(CPU, (0,))
    dream = Dream(size=(16, 12)).build(CPU, (0,))
    assert not dream.go_on_(plain)


@torch.no_grad()
def test_a_running_mean_of_a_dream_goes_on_too():
    small, large = (
        Averaged(canvas=Dream(size=size)).build(CPU, (0,)) for size in ((8, 6), (16, 12))
    )
    small.canvas.detail.fill_(0.05)
    assert large.go_on_(small)
    torch.testing.assert_close(large.shown(large()), large())
    assert large.canvas.detail.mean() > 0.04
