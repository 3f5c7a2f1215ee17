"""Every place draws a picture of its own, and uses the colours that its words name."""

import pytest
import torch
from torch import Generator, Tensor

from training import backgrounds
from training.backgrounds import KINDS
from training.colours import palette
from training.wordings import EMPTY, PLACES

RED, GREEN, BLUE = (palette()[[row]] for row in (0, 3, 5))


def drawn(kind: str, *, count: int = 4, size: int = 32, first=RED, second=BLUE) -> Tensor:
    kinds = torch.full((count,), KINDS.index(kind))
    two = first.expand(count, 3), second.expand(count, 3)
    return backgrounds.draw(kinds, size, Generator().manual_seed(1), *two)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [16, 33])
def test_every_place_draws_finite_pictures(kind: str, size: int):
    pictures = drawn(kind, count=3, size=size)
    assert pictures.shape == (3, 3, size, size)
    assert pictures.isfinite().all()
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert torch.equal(pictures, drawn(kind, count=3, size=size))


@pytest.mark.parametrize("kind", KINDS)
def test_no_picture_of_a_place_is_like_the_next(kind: str):
    one, other, *_ = drawn(kind)
    assert (one - other).abs().mean() > 1e-3


def test_no_place_looks_like_another():
    pictures = {kind: drawn(kind) for kind in KINDS}
    for one in KINDS:
        for other in KINDS[: KINDS.index(one)]:
            assert (pictures[one] - pictures[other]).abs().mean() > 0.03, (one, other)


def test_every_place_has_words_and_every_word_a_place():
    assert set(KINDS) == set(PLACES) == set(EMPTY)


@pytest.mark.parametrize("kind", KINDS)
def test_a_colour_that_the_words_name_is_in_the_picture(kind: str):
    words = " ".join((*PLACES[kind], *EMPTY[kind]))
    picture = drawn(kind)
    if "{a}" in words:
        assert not torch.equal(picture, drawn(kind, first=GREEN))
    if "{b}" in words:
        assert not torch.equal(picture, drawn(kind, second=GREEN))


@pytest.mark.parametrize("kind", ["plain", "gradient", "stripes", "dots", "checks"])
def test_a_pattern_has_its_first_colour_and_no_third(kind: str):
    pixels = drawn(kind).permute(0, 2, 3, 1).flatten(0, 2)
    end = RED if kind == "plain" else BLUE
    share = ((pixels - RED) * (end - RED)).sum(1) / (end - RED).square().sum().clamp(min=1e-6)
    off = pixels - RED - share.clamp(0, 1)[:, None] * (end - RED)
    assert off.abs().max() < 0.15
    assert (pixels - RED).abs().amax(1).lt(0.15).float().mean() > 0.03


def test_pictures_of_a_mixed_batch_stand_where_they_were_asked_for():
    kinds = torch.tensor([KINDS.index(kind) for kind in ("snow", "night", "snow", "night")])
    pictures = backgrounds.draw(
        kinds, 32, Generator().manual_seed(0), RED.expand(4, 3), BLUE.expand(4, 3)
    )
    light = pictures.mean((1, 2, 3))
    assert light[[0, 2]].min() > 0.6 > 0.4 > light[[1, 3]].max()
