"""The pull by layers of an image tower: the same views of both pictures, in units of the goal."""

from typing import Any

import pytest
import torch
from torch import Tensor

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Perlin
from reverie.device import machine
from reverie.errors import ReverieError
from reverie.loss.layers import LayerLoss, LayerPull, deep
from reverie.perceptor.pocket import Pocket
from reverie.protocols import Draws, LossSpec, Moment, parts
from reverie.spec import from_json, to_json

CPU = machine("cpu", "fp32")
SIZE = (40, 36)


def pictures(*seeds: int) -> Tensor:
    return Draws(seeds, 0, "picture").uniform(3, SIZE[1], SIZE[0])


def pull(**options: Any) -> LayerPull:
    given = {"perceptor": Pocket(), "augment": Cutouts(count=3, preset="clipdraw")}
    return LayerPull(**given | options)


def built(spec: LayerPull, *seeds: int) -> LayerLoss:
    return spec.build(Pixels(size=SIZE).build(CPU, seeds), CPU)


def moment(*seeds: int, t: float = 0.0) -> Moment:
    return Moment(2, t, Draws(seeds, 2, "layers"))


def value(loss: LayerLoss, image: Tensor, at: Moment) -> Tensor:
    found = sum(parts(loss(image, at)))
    assert isinstance(found, Tensor)
    return found


@pytest.fixture
def goal(tmp_path) -> str:
    images.save(pictures(3), tmp_path / "goal.png", None)
    return str(tmp_path / "goal.png")


def test_the_picture_itself_is_at_no_distance(goal):
    loss, at = built(pull(towards=goal), 1), moment(1)
    assert value(loss, images.load(goal), at).abs() < 1e-5
    torch.testing.assert_close(at.notes["likeness"], torch.ones(1), rtol=0, atol=1e-5)
    assert value(loss, pictures(1), moment(1)) > 0.01


@pytest.mark.parametrize("measure", ["relative", "square"])
def test_it_is_the_mean_over_the_same_views_of_both_pictures(goal, measure):
    names, weights = ("block2", "block8"), (2.0, 0.5)
    spec = pull(towards=goal, layers=names, weights=weights, measure=measure, weight=(1.0, 3.0))
    loss, eye, want = built(spec, 1), Pocket().build(CPU), 0.0
    views = [
        spec.augment.build()(x, Moment(2, 0.5, moment(1).draws.named("views"))).draw(
            slice(0, 3), eye.size
        )
        for x in (pictures(1), images.load(goal))
    ]
    for one, other in zip(*views, strict=True):
        seen, wanted = (eye.encode_image(x[None])[0] for x in (one, other))
        want += 0.1 * (1 - seen @ wanted).item()
        for name, weight in zip(names, weights, strict=True):
            seen, wanted = (eye.activations(x[None], name) for x in (one, other))
            unit = wanted.square().mean() if measure == "relative" else 1.0
            want += weight * ((seen - wanted).square().mean() / unit).item()
    found = value(loss, pictures(1), moment(1, t=0.5))
    assert found.item() == pytest.approx(2.0 * want / 3, rel=1e-4)


def test_each_picture_is_compared_on_its_own_with_where_it_began():
    both, alone = built(pull(), 4, 5), built(pull(), 5)
    found = value(both, pictures(4, 5), moment(4, 5))
    wanted = value(alone, pictures(5), moment(5))
    torch.testing.assert_close(found[1:], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 2])
def test_the_chunk_changes_memory_and_nothing_else(goal, chunk):
    found = value(built(pull(towards=goal, chunk=chunk), 1), pictures(1), moment(1))
    wanted = value(built(pull(towards=goal), 1), pictures(1), moment(1))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_descent_comes_nearer_to_what_would_start_a_canvas():
    loss, image = built(pull(towards=Perlin()), 1), pictures(1).requires_grad_()
    before = value(loss, image, moment(1))
    before.sum().backward()
    assert image.grad is not None
    with torch.no_grad():
        image -= 0.5 * image.grad / image.grad.norm()
    assert value(loss, image, moment(1)) < before


def test_deep_layers_are_the_last_of_two_stages_or_of_three_thirds():
    assert deep(["stem", "layer3.0", "layer3.1", "layer4.0", "layer4.1"]) == (
        "layer3.1",
        "layer4.1",
    )
    assert deep(["block1.mlp", "block1", "block2.mlp", "block2"]) == ("block1", "block2")
    assert deep([f"block{i}" for i in range(1, 13)]) == ("block8", "block12")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": ()}, "layers: none is given"),
        ({"weights": (1.0, 2.0, 3.0)}, "3 for 2 layers"),
        ({"chunk": 0}, "must be 1 or more"),
        ({"towards": " "}, "towards: is empty"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ReverieError, match=message):
        pull(**options)


def test_it_survives_json(goal):
    spec = pull(towards=goal, layers=("stem",))
    assert from_json(to_json(spec), LossSpec) == spec
    assert [*spec.digests()] == [goal]
