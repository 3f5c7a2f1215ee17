"""The pocket networks read words one by one, see pictures one by one, and their noise has a
meaning."""

import pytest
import torch
from torch import Tensor

from reverie.nets import pocket_biggan as meaning
from reverie.nets.pocket_clip import PIECES, PocketClip
from reverie.nets.pocket_judge import PocketJudge

WORDS, BUCKETS = 12, 40
SMALL = {"buckets": BUCKETS, "text_width": 48, "dim": 24}


def clip() -> PocketClip:
    return PocketClip(WORDS, **SMALL, length=8, widths=(8, 8, 16, 16))


def judge() -> PocketJudge:
    return PocketJudge(WORDS, **SMALL, hidden=16, widths=(8, 16, 16))


@pytest.fixture(params=[clip, judge], ids=["clip", "judge"])
def network(request):
    """One in which every weight shows."""
    made = request.param().eval().requires_grad_(False)
    rng = torch.Generator().manual_seed(1)
    for weight in made.parameters():
        weight.add_(0.1 * torch.randn(weight.shape, generator=rng))
    return made


def text(*rows: int, n: int | None = None, spelt: dict[int, tuple[int, ...]] | None = None):
    """One text: rows of its words, padded to n places, with letter groups at some of them."""
    n = n or len(rows)
    words, pieces = torch.zeros(1, n, dtype=torch.long), torch.zeros(1, n, PIECES).long()
    words[0, : len(rows)] = torch.tensor(rows)
    for place, groups in (spelt or {}).items():
        pieces[0, place, : len(groups)] = torch.tensor(groups)
    return words, pieces


def pictures(n: int, side: int = 64) -> Tensor:
    rng = torch.Generator().manual_seed(2)
    return torch.rand(n, 3, side, side, generator=rng) * torch.rand(n, 3, 1, 1, generator=rng)


def far(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).norm(dim=1).min() > 1e-3)


def test_a_padded_text_gives_the_same_vector_as_alone(network):
    alone = network.encode_text(*text(2, 3, 4))
    padded = network.encode_text(*text(2, 3, 4, n=7))
    torch.testing.assert_close(padded, alone, rtol=0, atol=1e-5)


def test_an_unknown_word_is_read_by_its_spelling(network):
    one, other, same = (
        network.encode_text(*text(2, 1, spelt={1: groups})) for groups in ((5, 6), (5, 7), (6, 5))
    )
    assert far(one, other)
    torch.testing.assert_close(one, same, rtol=0, atol=1e-5)


def test_the_spelling_of_a_known_word_says_nothing(network):
    plain, spelt = (
        network.encode_text(*text(2, 3)),
        network.encode_text(*text(2, 3, spelt={1: (9,)})),
    )
    assert torch.equal(plain, spelt)


def test_every_word_and_the_order_of_words_count(network):
    said = network.encode_text(*text(2, 3, 4, 5))
    assert far(said, network.encode_text(*text(2, 3, 4, 6)))
    assert far(said, network.encode_text(*text(3, 2, 4, 5)))


def test_vectors_have_length_one_and_belong_to_their_own_picture(network):
    seen = network.encode_image(pictures(3))
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(network.encode_image(pictures(3)[1:2]), seen[1:2], rtol=0, atol=1e-5)
    assert far(seen[:1], seen[1:])


@pytest.mark.parametrize("side", [48, 64, 80])
def test_pictures_of_several_sizes_can_be_seen(network, side):
    views = pictures(1, side).requires_grad_()
    seen = network.encode_image(views)
    assert seen.shape == (1, 24)
    seen.square()[:, ::2].sum().backward()
    assert views.grad is not None and views.grad.isfinite().all() and views.grad.abs().sum() > 0


def test_the_noise_of_a_thing_tells_style_and_dye_apart():
    style = torch.eye(4)
    plain = meaning.thing(style)
    dyed = meaning.thing(style, torch.full((4, 3), 0.5))
    assert torch.equal(plain[:, meaning.STYLE], style)
    assert (plain[:, 4:] == 0).all()
    assert torch.equal(dyed[:, meaning.DYE], torch.tensor([1.0, 0, 0, 0]).expand(4, 4))


def test_the_noise_of_a_place_holds_two_colours_and_a_variant_that_no_other_has():
    first, second = torch.tensor([[0.0, 0.5, 1.0]]), torch.tensor([[1.0, 1.0, 0.0]])
    rows = [meaning.place(first, second, torch.tensor([k])) for k in range(meaning.VARIANTS)]
    assert all(row.shape == (1, meaning.Z) for row in rows)
    assert torch.equal(rows[0][0, meaning.DYE], torch.tensor([1.0, -1.0, 0.0, 1.0]))
    assert torch.equal(rows[0][0, meaning.SECOND], torch.tensor([1.0, 1.0, -1.0]))
    assert len({tuple(row[0, meaning.VARIANT].tolist()) for row in rows}) == meaning.VARIANTS
