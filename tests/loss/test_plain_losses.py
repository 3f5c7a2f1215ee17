"""Losses that need no perceptor."""

import pytest
import torch
from torch import Tensor

from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Colour, Noise
from reverie.errors import SpecError
from reverie.loss.colour import Range, Saturation, colourfulness, excess
from reverie.loss.pixel import PixelPull
from reverie.loss.smooth import TotalVariation, total_variation
from reverie.protocols import Draws, LossSpec, Machine, Moment, PerImage
from reverie.spec import edited, from_json, to_json

CPU = Machine(torch.device("cpu"), torch.float32)
SPECS = [
    TotalVariation(),
    TotalVariation(weight=(0.0, 2.0)),
    Range(),
    Saturation(),
    PixelPull(towards=Colour(colour="teal"), measure="square", scales=2, weight=(0.0, 2.0)),
]


def pictures(b: int = 3) -> Tensor:
    return torch.rand(b, 3, 6, 8, generator=torch.Generator().manual_seed(1))


def value(spec: LossSpec, image: Tensor, t: float = 0.5) -> PerImage:
    loss = spec.build(Pixels(size=(8, 6)).build(CPU, (0,)), CPU)
    found = loss(image, Moment(0, t, Draws(range(len(image)), 0)))
    assert isinstance(found, Tensor)
    return found


@pytest.mark.parametrize("spec", SPECS, ids=repr)
class TestEvery:
    def test_each_picture_is_judged_alone(self, spec: LossSpec):
        both = value(spec, pictures())
        assert both.shape == (3,)
        for i in range(3):
            torch.testing.assert_close(both[i : i + 1], value(spec, pictures()[i : i + 1]))

    @pytest.mark.parametrize("size", [(6, 8), (1, 1), (1, 5)])
    @pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
    def test_a_flat_picture_has_a_finite_value_and_gradient(
        self, spec: LossSpec, level: float, size: tuple[int, int]
    ):
        flat = torch.full((2, 3, *size), level, requires_grad=True)
        found = value(spec, flat)
        found.sum().backward()
        assert found.isfinite().all()
        assert flat.grad is not None and flat.grad.isfinite().all()

    def test_its_gradient_is_true(self, spec: LossSpec):
        image = pictures(1)[..., :3, :4].double().requires_grad_()
        assert torch.autograd.gradcheck(lambda x: value(spec, x), image)

    def test_the_weight_is_a_curve(self, spec: LossSpec):
        curved, plain = edited(spec, "weight", [0.0, 4.0]), edited(spec, "weight", 1.0)
        torch.testing.assert_close(value(curved, pictures(), 0.25), value(plain, pictures()))

    def test_it_survives_json(self, spec: LossSpec):
        assert from_json(to_json(spec), LossSpec) == spec


def test_total_variation_is_the_mean_squared_step_to_the_neighbours():
    ramp = torch.arange(4.0).expand(1, 3, 5, 4) / 10  # three steps of 0.1 in each row of four
    for image in (ramp, ramp.mT):
        assert total_variation(image).item() == pytest.approx(3 / 4 * 0.01)


def test_range_is_the_squared_excess():
    image = torch.tensor([0.0, 0.1, 0.5, 1.0]).expand(1, 3, 1, 4)
    assert excess(image, 0.1, 0.9).item() == pytest.approx((0.01 + 0 + 0 + 0.01) / 4)
    with pytest.raises(SpecError, match="ascend"):
        Range(low=0.9, high=0.1)


class TestColourfulness:
    def test_it_is_that_of_the_paper(self):
        image = pictures(1)
        red, green, blue = (255 * image[0]).double()
        rg, yb = red - green, (red + green) / 2 - blue
        spread = (rg.std(correction=0) ** 2 + yb.std(correction=0) ** 2).sqrt()
        want = spread + 0.3 * (rg.mean() ** 2 + yb.mean() ** 2).sqrt()
        assert 255 * colourfulness(image).item() == pytest.approx(want.item(), rel=1e-4)

    def test_grey_has_none(self):
        grey = pictures(1)[:, :1].expand(1, 3, 6, 8)
        assert colourfulness(grey).item() < 1e-3

    @pytest.mark.parametrize("weight", [1.0, -1.0])
    def test_a_positive_weight_makes_pictures_more_colourful(self, weight: float):
        image = pictures(1).requires_grad_()
        value(Saturation(weight=weight), image).sum().backward()
        assert image.grad is not None
        moved = colourfulness(image - image.grad) - colourfulness(image)
        assert moved.item() * weight > 0


def test_squares_are_half_the_mean_square():
    spec = PixelPull(towards=Colour(colour="black"), measure="square", weight=3.0)
    want = 3 * pictures().square().mean((1, 2, 3)) / 2
    torch.testing.assert_close(value(spec, pictures()), want)


def test_every_picture_is_pulled_to_the_start_of_its_own_seed():
    spec = PixelPull(towards=Noise(strength=0.2))
    goals = Noise(strength=0.2).draw((8, 6), range(3), torch.device("cpu"))
    assert value(spec, goals).abs().max() < 1e-6
    assert value(spec, goals.flip(0))[[0, 2]].min() > 0.05
    assert from_json(to_json(spec), PixelPull) == spec
