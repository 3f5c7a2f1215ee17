"""What is said of the pocket StyleGAN is what it draws of a point of W."""

import pytest
import torch
from torch import Tensor

from reverie.nets.stylegan2 import StyleGAN2
from reverie.weights.stylegan_layouts import stylegan_layout
from training import face_figures, portraits
from training.face_figures import PLACES, WALKS
from training.face_space import TYPICAL, W_DIM
from training.portraits import ATTRIBUTES
from training.stylegan_export import about, exported
from training.stylegan_mapping import Mapping
from training.stylegan_net import Painter

SIZE = 32


@pytest.fixture(scope="module")
def painter() -> Painter:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Painter(SIZE)


@pytest.fixture(scope="module")
def net(painter: Painter) -> StyleGAN2:
    tensors = exported(painter.state_dict(), Mapping())
    tensors, known = stylegan_layout(tensors, about(SIZE), "exported")
    return StyleGAN2.frozen({k: v for k, v in known.items() if k != "network"}, tensors)


@pytest.fixture(scope="module")
def given():
    return face_figures.sets(90)


def test_the_ratio_is_that_of_the_mean_error():
    wanted = torch.zeros(2, 3, 4, 4)
    found = torch.stack([torch.full((3, 4, 4), 0.1), torch.full((3, 4, 4), -5.0)])
    assert face_figures.psnr(found, wanted) == pytest.approx(23.01, abs=0.01)  # -5 is seen as 0


def test_two_rows_are_drawn_as_the_trained_network_draws_them(net, painter):
    ws = 0.3 * torch.randn(20, 2, W_DIM, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        wanted = painter(ws)
    torch.testing.assert_close(face_figures.drawn(net, ws), wanted, atol=1e-4, rtol=1e-4)


def test_people_characters_and_faces_of_two_are_told_apart(given):
    people, characters, mixed = given.values()
    person = ATTRIBUTES["kind"].index("person")
    assert (people.people.kind == person).all() and (characters.people.kind != person).all()
    assert len(people.ws) + len(characters.ws) == len(mixed.ws) == 90
    for one in (people, characters):
        assert torch.equal(one.ws[:, 0], one.ws[:, 1])
    alone = torch.isclose(mixed.ws[:, 0], mixed.ws[:, 1]).all(1)  # who happened on themselves
    assert alone.sum() <= 4


def test_the_mean_of_w_is_a_face_of_typical_attributes():
    mean = face_figures.typical()
    assert not mean.ws.any()
    told = mean.people.named(0)
    assert all(told[name] == value for name, value in TYPICAL.items())
    assert mean.drawn(16).shape == (1, 3, 16, 16)


def test_a_picture_that_changes_evenly_has_an_even_speed(monkeypatch, net, given):
    def even(_: StyleGAN2, rows: Tensor) -> Tensor:
        return rows[:, 0, :1, None, None].expand(-1, 3, 4, 4)

    monkeypatch.setattr(face_figures, "drawn", even)
    speeds, apart = face_figures.walks(net, face_figures.sets(2 * WALKS + 80)["people"])
    assert speeds.shape == (WALKS, PLACES)
    torch.testing.assert_close(speeds, apart[:, None].expand(-1, PLACES), atol=1e-3, rtol=1e-2)


def test_the_sheet_shows_each_set_above_what_is_drawn(net, given):
    page = face_figures.sheet(net, given)
    assert page.size == (8 * SIZE, 6 * SIZE)
    first = portraits.draw(given["people"].people.rows(slice(0, 1)), SIZE)[0, :, 1, 1]
    assert page.getpixel((1, 1)) == tuple((first * 255).round().int().tolist())
