"""What holds a BigGAN's noise to noise, and its classes to few."""

import pytest
import torch

from reverie.canvas.averaged import Averaged
from reverie.canvas.biggan import BigGAN
from reverie.canvas.pixels import Pixels
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.biggan import FewClasses, NormalNoise, many_classes, unlike_noise
from reverie.protocols import Draws, Moment, parts

CPU = machine("cpu", "fp32")


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def test_normal_noise_is_liked_best() -> None:
    like = unlike_noise(noise(1, 9, 4000))
    assert like == pytest.approx(4, abs=0.3)
    x = noise(1, 9, 4000)
    for other in (2 * x, x + 1, x.sign(), x.exp()):
        assert unlike_noise(other) > like + 0.5


def test_small_noise_is_only_blamed_for_its_deviation() -> None:
    x = noise(1, 9, 4000)
    assert unlike_noise(0.5 * x) - unlike_noise(x) == pytest.approx(0.5, abs=0.1)


def test_one_class_a_row_is_liked_best_whichever_it_is() -> None:
    one = torch.eye(6)[[0, 3, 5]][None]
    assert many_classes(one) == 0
    assert many_classes(one * 0.9 + 0.02) > 0
    two = one.clone()
    two[0, 1, 4] = 0.5
    assert many_classes(two).item() == pytest.approx((50 * 0.5) ** 2 / (3 * 5))
    assert many_classes(torch.ones(2, 3, 1)).tolist() == [0, 0]


def test_every_picture_of_a_batch_has_its_own_value_and_the_mean_is_not_looked_at() -> None:
    for spec in (NormalNoise(weight=2.0), FewClasses(weight=(0.0, 2.0))):
        values = []
        for seeds in ((3, 4), (4,)):
            canvas = Averaged(canvas=BigGAN(size=(8, 8))).build(CPU, seeds)
            loss = spec.build(canvas, CPU)
            image, moment = torch.zeros(len(seeds), 3, 8, 8), Moment(0, 1.0, Draws(seeds, 0))
            (value,) = parts(loss(image, moment))
            value.sum().backward()
            assert any(p.grad is not None and p.grad.any() for p in canvas.canvas.parameters())
            values.append(value)
        assert values[0].shape == (2,)
        torch.testing.assert_close(values[0][1:], values[1])


def test_they_are_of_a_biggan_alone() -> None:
    for spec in (NormalNoise(), FewClasses()):
        with pytest.raises(SpecError, match="PixelCanvas has no classes"):
            spec.build(Pixels(size=(8, 8)).build(CPU, (1,)), CPU)
