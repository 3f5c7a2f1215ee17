"""Every loss gives one finite value per picture, on its own, and only makes numbers small."""

import pytest
import torch

from contracts.components import tiny_specs
from reverie.canvas.pixels import Pixels
from reverie.device import machine
from reverie.protocols import Draws, Moment, parts
from reverie.spec import from_json, to_json

CPU = machine("cpu", "fp32")
LOSSES = tiny_specs("reverie.loss")


@pytest.fixture(params=LOSSES, ids=str)
def spec(request):
    return LOSSES[request.param]


def value(spec, seeds, image):
    loss = spec.build(Pixels(size=(24, 20)).build(CPU, seeds), CPU)
    return sum(parts(loss(image, Moment(3, 0.5, Draws(seeds, 3)))))


def image(seeds):
    return Draws(seeds, 0, "picture").uniform(3, 20, 24).requires_grad_()


def test_there_is_one_value_per_picture_and_a_finite_gradient(spec):
    picture = image(range(3))
    values = value(spec, range(3), picture)
    assert values.shape == (3,)
    values.sum().backward()
    assert values.isfinite().all() and picture.grad.isfinite().all()
    assert picture.grad.abs().sum() > 0


def test_a_flat_picture_has_a_finite_gradient(spec):
    picture = torch.full((1, 3, 20, 24), 0.5, requires_grad=True)
    values = value(spec, (0,), picture)
    values.sum().backward()
    assert values.isfinite().all()
    assert picture.grad.isfinite().all()


def test_each_picture_is_judged_on_its_own(spec):
    together = value(spec, (6, 7), image((6, 7)))
    alone = value(spec, (7,), image((7,)))
    torch.testing.assert_close(together[1:], alone, rtol=1e-4, atol=1e-5)


def test_it_survives_json(spec):
    assert from_json(to_json(spec), type(spec)) == spec
