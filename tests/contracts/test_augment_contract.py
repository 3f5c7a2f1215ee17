"""Every augment gives views that belong to their picture, whatever the slicing or the batch."""

import pytest
import torch

from contracts.components import tiny_specs
from reverie.protocols import Draws, Moment
from reverie.spec import from_json, to_json

AUGMENTS = tiny_specs("reverie.augment")


@pytest.fixture(params=AUGMENTS, ids=str)
def spec(request):
    return AUGMENTS[request.param]


def looks(spec, seeds, image):
    return spec.build()(image, Moment(0, 0.0, Draws(seeds, 0)))


def image(seeds):
    return Draws(seeds, 0, "picture").uniform(3, 40, 52)


def test_views_are_square_and_differentiable(spec):
    picture = image((0, 1)).requires_grad_()
    seen = looks(spec, (0, 1), picture)
    views = seen.draw(slice(0, seen.count), 16)
    assert views.shape == (seen.count * 2, 3, 16, 16)
    views.square().sum().backward()
    assert picture.grad.isfinite().all() and (picture.grad.abs().sum((1, 2, 3)) > 0).all()


def test_slices_make_up_the_whole(spec):
    seen = looks(spec, (0, 1), image((0, 1)))
    whole = seen.draw(slice(0, seen.count), 16)
    one_by_one = torch.cat([seen.draw(slice(i, i + 1), 16) for i in range(seen.count)])
    torch.testing.assert_close(whole, one_by_one, rtol=0, atol=1e-5)


def test_each_picture_has_views_of_its_own(spec):
    seen = looks(spec, (3, 4), image((3, 4)))
    together = seen.draw(slice(0, seen.count), 16).unflatten(0, (-1, 2))[:, 1]
    alone = looks(spec, (4,), image((4,))).draw(slice(0, seen.count), 16)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_it_survives_json(spec):
    assert from_json(to_json(spec), type(spec)) == spec
