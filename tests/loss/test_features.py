"""Distances to another picture: as perceptors see both, and in pixels at several scales."""

from typing import Any

import pytest
import torch
from torch import Tensor

from loss.projected import COUNT, Projected, ProjectedSpec, ShiftedSpec
from reverie import image as images
from reverie.canvas.pixels import Pixels
from reverie.device import machine
from reverie.errors import ReverieError
from reverie.loss.features import FeatureLoss, FeaturePull
from reverie.loss.pixel import PixelPull, apart
from reverie.protocols import Draws, LossSpec, Moment, parts
from reverie.spec import from_json, to_json

CPU = machine("cpu", "fp32")
SIZE = (10, 8)


def pictures(*seeds: int) -> Tensor:
    return Draws(seeds, 0, "picture").uniform(3, SIZE[1], SIZE[0])


def moment(*seeds: int, t: float = 0.0) -> Moment:
    return Moment(0, t, Draws(seeds, 0, "features"))


def pull(**options: Any) -> FeaturePull:
    given: dict[str, Any] = {"perceptors": (ProjectedSpec(),), "augment": ShiftedSpec()}
    return FeaturePull(**given | options)


def built(spec: FeaturePull, *seeds: int) -> FeatureLoss:
    return spec.build(Pixels(size=SIZE).build(CPU, seeds), CPU)


def value(loss: Any, image: Tensor, at: Moment) -> Tensor:
    found = sum(parts(loss(image, at)))
    assert isinstance(found, Tensor)
    return found


@pytest.fixture
def goal(tmp_path) -> str:
    images.save(pictures(3), tmp_path / "goal.png", None)
    return str(tmp_path / "goal.png")


def test_the_picture_itself_is_at_no_distance(goal):
    loss, at = built(pull(towards=goal), 1), moment(1)
    found = value(loss, images.load(goal), at)
    torch.testing.assert_close(found, torch.zeros(1), rtol=0, atol=1e-6)
    torch.testing.assert_close(at.notes["likeness"], torch.ones(1), rtol=0, atol=1e-6)
    assert (value(loss, pictures(1), moment(1)) > 0.01).all()


def test_it_is_the_mean_over_views_and_the_sum_over_perceptors_one_by_one(goal):
    perceptors = (ProjectedSpec(), ProjectedSpec(side=3, width=5))
    loss = built(pull(towards=goal, perceptors=perceptors, weight=(2.0, 4.0)), 7)
    found = value(loss, pictures(1), moment(7, t=0.5))
    want = 0.0
    for perceptor in loss.perceptors:
        for i in range(COUNT):
            seen, wanted = (
                perceptor.encode_image(
                    loss.augment(x, Moment(0, 0, moment(7).draws.named("views"))).draw(
                        slice(i, i + 1), perceptor.size
                    )
                )
                for x in (pictures(1), images.load(goal))
            )
            want += 3.0 * (1 - (seen * wanted).sum().item()) / COUNT
    assert found.item() == pytest.approx(want, rel=1e-5)
    list(loss(pictures(1), at := moment(7, t=0.5)))
    assert at.notes["likeness"].item() == pytest.approx(1 - want / 3 / 2, rel=1e-5)


@pytest.mark.parametrize("chunk", [1, 2, 4, 100])
def test_the_chunk_changes_memory_and_nothing_else(goal, chunk):
    loss = built(pull(towards=goal, chunk=chunk), 1)
    whole = built(pull(towards=goal), 1)
    ours, theirs = moment(1), moment(1)
    found = value(loss, pictures(1), ours)
    torch.testing.assert_close(found, value(whole, pictures(1), theirs))
    torch.testing.assert_close(ours.notes["likeness"], theirs.notes["likeness"])
    assert all(isinstance(p, Projected) and p.largest <= chunk for p in loss.perceptors)


def test_each_picture_is_compared_on_its_own_with_where_it_began():
    both, alone = built(pull(), 4, 5), built(pull(), 5)
    found = value(both, pictures(4, 5), moment(4, 5))
    torch.testing.assert_close(found[1:], value(alone, pictures(5), moment(5)))
    start = Pixels(size=SIZE).build(CPU, (4, 5))()
    assert (value(both, start, moment(4, 5)) < 1e-6).all()


def test_descent_comes_nearer(goal):
    loss, image = built(pull(towards=goal), 1), pictures(1).requires_grad_()
    before = value(loss, image, moment(1))
    before.sum().backward()
    assert image.grad is not None
    with torch.no_grad():
        image -= 0.1 * image.grad / image.grad.norm()
    assert value(loss, image, moment(1)) < before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"perceptors": ()}, "at least one must look"),
        ({"chunk": 0}, "must be 1 or more"),
        ({"towards": " "}, "towards: is empty"),
        ({"towards": "zero"}, "zero is of latents"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ReverieError, match=message):
        pull(**options)


def test_it_survives_json(goal):
    spec = pull(towards=goal)
    assert from_json(to_json(spec), LossSpec) == spec
    assert list(spec.digests()) == [goal]


class TestScales:
    def test_each_scale_is_the_mean_of_fours(self):
        image, other = pictures(1), pictures(2)
        halves = [x.unflatten(3, (5, 2)).unflatten(2, (4, 2)).mean((3, 5)) for x in (image, other)]
        want = ((image - other).abs().mean() + (halves[0] - halves[1]).abs().mean()) / 2
        assert apart(image, other, 2).item() == pytest.approx(want.item(), rel=1e-5)

    def test_what_is_near_its_place_counts_for_more_than_what_is_far(self):
        dot = torch.zeros(1, 3, 32, 32)
        dot[..., 8, 8] = 1.0
        near, far = dot.roll(1, 3), dot.roll(16, 3)
        assert apart(near, dot, 1) == apart(far, dot, 1)
        assert apart(near, dot, 5) < 0.8 * apart(far, dot, 5)

    @pytest.mark.parametrize("size", [(1, 1), (3, 7)])
    def test_a_side_stays_a_pixel_at_the_least(self, size):
        image = torch.full((1, 3, *size), 0.5)
        assert apart(image, torch.zeros_like(image), 16).item() == pytest.approx(0.5)

    @pytest.mark.parametrize("scales", [0, -1, 17])
    def test_other_numbers_are_refused(self, scales):
        with pytest.raises(ReverieError, match="scales: got"):
            PixelPull(scales=scales)
