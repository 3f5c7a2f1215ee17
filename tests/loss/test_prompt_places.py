"""A prompt with a place pulls at that part of the picture alone."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from loss.projected import COUNT, Projected, ProjectedSpec, Shifted, ShiftedSpec
from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.augment.tiles import Tiles
from reverie.canvas.pixels import Pixels
from reverie.loss.prompts import FEWEST, PromptLoss, Prompts
from reverie.loss.targets import spherical
from reverie.optimize import optimize
from reverie.optimizer import Adam
from reverie.prompt import parse
from reverie.protocols import Draws, Image, Machine, Moment

CPU = Machine(torch.device("cpu"), torch.float32)
SIZE = (40, 32)


def loss_of(text: str, **options: Any) -> PromptLoss:
    given: dict[str, Any] = {"perceptors": (ProjectedSpec(),), "augment": ShiftedSpec()} | options
    canvas = Pixels(size=SIZE).build(CPU, (0,))
    return Prompts(scenes=parse(text), **given).build(canvas, CPU)


def moment(step: int = 0, *seeds: int, t: float = 0.0) -> Moment:
    return Moment(step, t, Draws(seeds or (7,), step, "prompts"))


def picture(b: int = 1) -> Image:
    return torch.rand(b, 3, *SIZE[::-1], generator=torch.Generator().manual_seed(1))


def seen(loss: PromptLoss, image: Image, now: Moment) -> tuple[Tensor, Tensor]:
    """Value and gradient, part by part, as in the loop."""
    image, total = image.clone().requires_grad_(), torch.zeros(len(image))
    for part in loss(image, now):
        part.sum().backward()
        total += part.detach()
    assert image.grad is not None
    return total, image.grad


def looked(loss: PromptLoss, now: Moment) -> int:
    """How many views are encoded."""
    (eye,), count = loss.perceptors, 0
    encode = eye.encode_image

    def counted(views: Tensor) -> Tensor:
        nonlocal count
        count += len(views)
        return encode(views)

    eye.encode_image = counted  # type: ignore[method-assign]
    list(loss(picture(), now))
    return count


@pytest.mark.parametrize("augment", [ShiftedSpec(), Cutouts(count=6), Tiles(side=8)])
def test_the_gradient_is_zero_outside_the_box(augment):
    loss = loss_of("a fox @ 0.25,0.5,0.5,0.5", augment=augment)
    _, gradient = seen(loss, picture(), moment())
    inside = torch.zeros(SIZE[::-1], dtype=torch.bool)
    inside[16:, 10:30] = True
    assert not gradient[..., ~inside].any()
    assert gradient[..., inside].abs().max() > 0


def test_the_edges_move_so_that_the_whole_box_is_seen_in_the_end():
    loss = loss_of("a fox @ 0.25,0.25,0.5,0.5")
    seen_at = [seen(loss, picture(), moment(step))[1][0].abs().sum(0) > 0 for step in range(150)]
    assert len({mask.sum().item() for mask in seen_at}) > 3
    assert torch.stack(seen_at).any(0)[8:24, 10:30].all()
    assert all(mask[12:20, 15:25].all() for mask in seen_at)


def test_places_and_the_whole_add_up():
    texts = ("a fox", "fog @ left:-0.5", "an owl @ right:2.0")
    want = sum(seen(loss_of(text), picture(), moment())[1] for text in texts)
    value = sum(seen(loss_of(text), picture(), moment())[0] for text in texts)
    got = seen(loss_of(" | ".join(texts)), picture(), moment())
    torch.testing.assert_close(got, (value, want))


def test_what_is_beside_a_box_does_not_matter_to_it():
    loss, image = loss_of("a fox @ left"), picture()
    other = image.clone()
    other[..., 20:] = 0.9
    assert seen(loss, image, moment())[0] == seen(loss, other, moment())[0]
    other[..., :20] = 0.9
    assert seen(loss, image, moment())[0] != seen(loss, other, moment())[0]


def test_without_places_nothing_is_otherwise_than_ever():
    loss, now = loss_of("a fox:1.5", augment=Cutouts(count=6)), moment()
    eye = Projected(4, 8)
    views = loss.augment(picture(), moment()).draw(slice(0, 6), 4)
    far = spherical(eye.encode_image(views), eye.encode_text(["a fox"]))
    (value,) = loss(picture(), now)
    assert torch.equal(value, (1.5 * far.mean(1)).sum().view(1) / 6)


def test_a_place_that_is_the_whole_picture_is_none():
    plain, whole = (loss_of(text) for text in ("a fox | fog:-1", "a fox @ 0,0,1,1 | fog:-1"))
    assert looked(plain, moment()) == looked(whole, moment()) == COUNT
    for got, want in zip(*(seen(x, picture(), moment()) for x in (plain, whole)), strict=True):
        assert torch.equal(got, want)


@pytest.mark.parametrize("chunk", [1, 2, 99])
@pytest.mark.parametrize("averaging", [0.0, 0.3])
def test_neither_chunks_nor_the_batch_matter(chunk: int, averaging: float):
    text = "a fox | fog @ left:-0.5 | an owl @ top right"
    given: dict[str, Any] = {"averaging": averaging, "augment": Cutouts(count=12)}
    whole, now = loss_of(text, chunk=3, **given), moment(2, 7, 8)
    value, gradient = seen(whole, picture(2), now)
    for i in range(2):
        own = moment(2, 7 + i)
        got = seen(loss_of(text, chunk=chunk, **given), picture(2)[i : i + 1], own)
        torch.testing.assert_close(got[0], value[i : i + 1], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(got[1], gradient[i : i + 1], rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(own.notes["similarity"], now.notes["similarity"][i : i + 1])


def test_no_more_views_than_a_chunk_are_encoded_at_a_time():
    loss = loss_of("a fox @ left | fog @ right | an owl", chunk=2)
    assert len([*loss(picture(), moment())]) == 3 * math.ceil(COUNT / 2)
    (eye,) = loss.perceptors
    assert isinstance(eye, Projected) and eye.largest == 2


def test_the_similarity_is_the_mean_over_all_places_by_weight():
    now, fox, owl = moment(), moment(), moment()
    list(loss_of("a fox @ left:3 | an owl @ right | fog @ right:-2")(picture(), now))
    list(loss_of("a fox @ left")(picture(), fox))
    list(loss_of("an owl @ right")(picture(), owl))
    want = 0.75 * fox.notes["similarity"] + 0.25 * owl.notes["similarity"]
    torch.testing.assert_close(now.notes["similarity"], want)


def test_cutouts_are_shared_out_among_places_and_the_whole():
    many = Cutouts(count=30)
    assert looked(loss_of("a fox @ left | fog @ left", augment=many), moment()) == 30
    assert looked(loss_of("a fox @ left | fog @ right", augment=many), moment()) == 30
    assert looked(loss_of("a fox @ left | fog @ right | an owl", augment=many), moment()) == 30
    few = Cutouts(count=5)
    assert looked(loss_of("a fox @ left | fog @ right", augment=few), moment()) == 2 * FEWEST


def test_other_views_are_all_shown():
    assert looked(loss_of("a fox @ left | fog @ right"), moment()) == 2 * COUNT


def test_scenes_have_places_of_their_own():
    loss = loss_of("a fox @ left ^ an owl @ right ^ fog", augment=Cutouts(count=6))
    sides = [seen(loss, picture(), moment(0, t=t))[1].abs().sum((0, 1, 2)) for t in (0, 0.4, 0.9)]
    assert [bool(side[:20].any()) for side in sides] == [True, False, True]
    assert [bool(side[20:].any()) for side in sides] == [False, True, True]
    assert all(looked(loss, moment(0, t=t)) == 6 for t in (0, 0.4, 0.9))


def test_a_picture_with_a_place_is_seen_as_large_as_its_place(tmp_path: Path):
    images.save(picture(), tmp_path / "a.png", None)
    shapes = []

    class Told(Shifted):
        def __init__(self, image: Tensor, now: Moment) -> None:
            shapes.append(tuple(image.shape[-2:]))
            super().__init__(image, now)

    augment = ShiftedSpec()
    object.__setattr__(augment, "build", lambda: Told)
    loss_of(f"{tmp_path}/a.png @ left | {tmp_path}/a.png", augment=augment)
    assert shapes == [(32, 20), (32, 40)]


def test_a_place_of_less_than_a_pixel_is_looked_at():
    value, gradient = seen(loss_of("a fox @ 0.999,0,0.0001,0.0001"), picture(), moment())
    assert value.isfinite().all()
    assert (gradient.abs().sum((0, 1)) > 0).nonzero().amin(0).tolist() == [0, 32]


def test_descent_brings_each_part_nearer_to_its_words():
    canvas = Pixels(size=SIZE).build(CPU, (0,))
    losses = {"p": loss_of("a fox @ left | an owl @ right")}
    optimizer, lr = Adam(lr=0.03).build(canvas.groups())
    *_, last = optimize(canvas, losses, optimizer, lr, steps=40)
    eye = Projected(4, 8)
    halves = torch.stack(last.image[0].split(20, dim=-1))
    small = torch.nn.functional.interpolate(halves, (4, 4), mode="area")
    cosines = eye.encode_image(small) @ eye.encode_text(["a fox", "an owl"]).T
    assert cosines.argmax(1).tolist() == [0, 1]
    assert cosines.diagonal().min() > 0.5
