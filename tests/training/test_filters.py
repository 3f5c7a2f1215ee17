"""Every art style changes pictures in its own way."""

import pytest
import torch
from torch import Generator, Tensor

from training import backgrounds, filters
from training.colours import palette
from training.filters import KINDS
from training.wordings import ARTS


def pictures(size: int = 32) -> Tensor:
    kinds = torch.tensor([backgrounds.KINDS.index(kind) for kind in ("stripes", "city", "dots")])
    draws = Generator().manual_seed(3)
    return backgrounds.draw(kinds, size, draws, palette()[[0, 3, 5]], palette()[[2, 11, 7]])


def through(kind: str, size: int = 32) -> Tensor:
    kinds = torch.full((3,), KINDS.index(kind))
    return filters.apply(pictures(size), kinds, Generator().manual_seed(4))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [16, 33])
def test_every_style_gives_finite_pictures(kind: str, size: int):
    changed = through(kind, size)
    assert changed.shape == (3, 3, size, size)
    assert changed.isfinite().all()
    assert changed.min() >= 0 and changed.max() <= 1
    assert torch.equal(changed, through(kind, size))


def test_no_style_looks_like_another_or_like_none():
    seen = {"none": pictures()} | {kind: through(kind) for kind in KINDS}
    names = list(seen)
    for one in names:
        for other in names[: names.index(one)]:
            assert (seen[one] - seen[other]).abs().mean() > 0.02, (one, other)


def test_only_the_pictures_asked_for_are_changed():
    kinds = torch.tensor([-1, KINDS.index("oil"), -1])
    changed = filters.apply(pictures(), kinds, Generator().manual_seed(0))
    assert torch.equal(changed[[0, 2]], pictures()[[0, 2]])
    assert not torch.equal(changed[1], pictures()[1])


@pytest.mark.parametrize("kind", ["black and white", "pencil"])
def test_what_is_said_to_be_without_colour_has_none(kind: str):
    changed = through(kind)
    assert torch.equal(changed.amax(1), changed.amin(1))


def test_pixel_art_has_few_different_pixels():
    rows = through("pixel art", 64)[0].permute(1, 2, 0).flatten(0, 1)
    assert len(rows.unique(dim=0)) <= 24 * 24


def test_every_style_has_words_and_every_word_a_style():
    assert set(KINDS) == set(ARTS)
