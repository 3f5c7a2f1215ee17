"""Pulls on latents and pixels, and how much latents vary."""

import math

import pytest
import torch
from torch import Tensor, nn

from reverie import image as images
from reverie.canvas.averaged import AveragedCanvas
from reverie.canvas.pixels import Pixels
from reverie.errors import SpecError
from reverie.loss.latent import LatentPull, LatentVariation, apart
from reverie.loss.pixel import PixelPull
from reverie.protocols import Canvas, Draws, Image, LossSpec, Machine, Moment
from reverie.recipe import digests

CPU = Machine(torch.device("cpu"), torch.float32)


class Tinted(Canvas):
    """Four latents a place, of which three are seen."""

    def __init__(self, b: int = 2) -> None:
        super().__init__()
        self.z = nn.Parameter(Draws(range(b), 0, "z").normal(4, 5, 6))

    def forward(self) -> Image:
        return self.z[:, :3].sigmoid()

    def latents(self) -> Tensor:
        return self.z

    def latents_of(self, image: Image) -> Tensor:
        seen = image.clamp(0.01, 0.99).logit()
        return torch.cat([seen, torch.zeros_like(seen[:, :1])], 1)


def value(spec: LossSpec, canvas: Canvas, *, t: float = 0.0, moved: float = 0.0) -> Tensor:
    """The loss of a canvas whose parameters have moved since it was built."""
    loss = spec.build(canvas, CPU)
    with torch.no_grad():
        for p in canvas.parameters():
            p += moved
    found = loss(canvas(), Moment(0, t, Draws((0, 1), 0)))
    assert isinstance(found, Tensor)
    return found


@pytest.mark.parametrize("measure", ["mse", "spherical", "cosine"])
def test_a_canvas_that_has_not_moved_is_not_pulled_to_its_start(measure):
    still = value(LatentPull(measure=measure), Tinted())
    torch.testing.assert_close(still, torch.zeros(2), atol=1e-6, rtol=0)
    assert (value(LatentPull(measure=measure), Tinted(), moved=0.5) > 0.01).all()


def test_the_pull_is_half_the_mean_square_of_the_way_gone():
    torch.testing.assert_close(value(LatentPull(), Tinted(), moved=0.5), torch.full((2,), 0.125))


def test_the_angle_is_that_between_whole_pictures():
    a, b = torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1)
    a[0, 0], b[0, :] = 3.0, 1.0  # 45 degrees, of any length
    assert apart(a, b, "spherical").item() == pytest.approx((math.pi / 4) ** 2 / 2, rel=1e-5)
    assert apart(a, b, "cosine").item() == pytest.approx(1 - math.cos(math.pi / 4), rel=1e-5)


def test_zero_is_where_grey_latents_are():
    canvas = Tinted()
    want = canvas.z.detach().square().mean((1, 2, 3)) / 2
    torch.testing.assert_close(value(LatentPull(towards="zero"), canvas), want)


def test_a_picture_pulls_by_its_latents_whatever_its_size(tmp_path):
    canvas = Tinted()
    images.save(torch.full((1, 3, 10, 12), 0.25), tmp_path / "brown.png", text=None)
    path = str(tmp_path / "brown.png")
    anchor = canvas.latents_of(torch.full((1, 3, 5, 6), 64 / 255))
    want = (canvas.z.detach() - anchor).square().mean((1, 2, 3)) / 2
    torch.testing.assert_close(value(LatentPull(towards=path), canvas), want, rtol=1e-3, atol=1e-4)
    assert path in digests(LatentPull(towards=path)) and path in digests(PixelPull(towards=path))
    assert not digests(LatentPull()) and not digests(LatentPull(towards="zero"))


def test_the_weight_may_fall_over_the_run():
    spec = LatentPull(weight=(1.0, 0.0))
    early, late = (value(spec, Tinted(), t=t, moved=0.5) for t in (0.0, 0.75))
    torch.testing.assert_close(late, 0.25 * early)


def test_only_the_latents_get_a_gradient_and_each_picture_its_own():
    canvas = Tinted()
    value(LatentPull(), canvas, moved=1.0)[0].backward()
    assert canvas.z.grad[0].abs().min() > 0 and not canvas.z.grad[1].any()


def test_an_averaged_canvas_is_pulled_by_the_latents_it_draws_from():
    plain, averaged = Tinted(), AveragedCanvas(Tinted(), 0.9)
    moved = [value(LatentPull(), canvas, moved=0.5) for canvas in (plain, averaged)]
    assert torch.equal(*moved)
    assert torch.equal(averaged.latents_of(plain().detach()), plain.latents_of(plain().detach()))


def test_flat_latents_do_not_vary_and_rough_ones_do():
    canvas = Tinted()
    assert (value(LatentVariation(weight=1.0), canvas) > 0.1).all()
    with torch.no_grad():
        canvas.z.fill_(3.0)
    assert not value(LatentVariation(weight=1.0), canvas).any()


def test_pixels_are_pulled_by_half_the_mean_difference():
    canvas = Pixels(size=(6, 5)).build(CPU, (0, 1))
    torch.testing.assert_close(
        value(PixelPull(weight=2.0), canvas, moved=0.1), torch.full((2,), 0.1), atol=1e-5, rtol=0
    )


def test_a_canvas_without_latents_says_so():
    for spec in (LatentPull(), LatentVariation()):
        with pytest.raises(SpecError, match="PixelCanvas has no latents"):
            spec.build(Pixels(size=(6, 5)).build(CPU, (0,)), CPU)


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        (LatentPull, {"towards": " "}),
        (LatentPull, {"towards": "zero", "measure": "cosine"}),
        (PixelPull, {"towards": ""}),
    ],
)
def test_a_pull_to_nowhere_is_refused(spec, fields):
    with pytest.raises(SpecError, match="towards"):
        spec(**fields)
