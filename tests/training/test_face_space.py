"""W holds all that is known of a face, linearly, and what is learnt of a point of it is true."""

import pytest
import torch
from torch import Generator

from training import face_space, portraits
from training.face_space import BLOCKS, COLOURED, NUMBERS, W_DIM, Loosely, space
from training.portraits import ATTRIBUTES

PLAINLY = Loosely(apart=0, changed=0, untold=0, vague=0, faint=0, noise=0)


def draws(seed=3):
    return Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def people():
    return portraits.sample(400, draws())


def test_every_attribute_and_measure_has_its_place_and_none_overlap():
    names = [block.name for block in BLOCKS]
    assert len(set(names)) == len(names) and set(ATTRIBUTES) < set(names)
    covered = torch.cat([torch.arange(NUMBERS)[block.at] for block in BLOCKS])
    assert torch.equal(covered, torch.arange(NUMBERS))


def test_w_holds_all_that_is_known_of_a_face(people):
    told = face_space.numbers(people)
    w = space().point(told)
    assert w.shape == (400, W_DIM)
    torch.testing.assert_close(space().numbers(w), told, atol=1e-5, rtol=0)


def test_faces_are_as_far_apart_in_w_as_in_what_is_known_of_them(people):
    told = face_space.numbers(people)
    torch.testing.assert_close(torch.pdist(space().point(told)), torch.pdist(told))


def test_the_mean_of_faces_is_the_origin_of_w(people):
    w = space().point(face_space.numbers(people))
    assert float(w.mean(0).abs().max()) < 0.12  # a deviation is 0.35, and these are 400


@pytest.mark.parametrize("name", face_space.MEASURES)
def test_a_measure_comes_back_from_its_number(people, name):
    block = next(block for block in BLOCKS if block.name == name)
    found = face_space.measured(face_space.numbers(people)[:, block.at], name)
    torch.testing.assert_close(found, getattr(people, name))


def test_without_any_looseness_a_face_is_the_portrait_itself():
    given = face_space.faces(6, draws(), PLAINLY)
    plain = portraits.sample(6, draws())  # the first that these draws give
    assert torch.equal(given.ws[:, 0], given.ws[:, 1])
    torch.testing.assert_close(given.drawn(32), portraits.draw(plain, 32), atol=1e-5, rtol=0)


def test_the_same_draws_give_the_same_faces():
    one, two = (face_space.faces(8, draws()) for _ in "ab")
    assert torch.equal(one.ws, two.ws) and torch.equal(one.drawn(16), two.drawn(16))
    assert not torch.equal(one.ws, face_space.faces(8, draws(4)).ws)


def test_what_is_drawn_is_the_shapes_of_one_row_in_the_colours_of_the_other():
    given = face_space.faces(60, draws(), Loosely(apart=1, untold=0, vague=0, noise=0))
    shapes, colours = (space().numbers(given.ws[:, row]) for row in (0, 1))
    far = (shapes - colours).abs().amax(1)
    assert int((far > 0.3).sum()) > 50  # the rows are of two faces
    for block in BLOCKS:
        own = (colours if block.colour else shapes)[:, block.at]
        if block.name in given.mixes:
            torch.testing.assert_close(given.mixes[block.name], own, atol=1e-5, rtol=0)
        elif not block.chosen:
            drawn = getattr(given.people, block.name)
            torch.testing.assert_close(
                face_space.measured(own, block.name), drawn, atol=1e-5, rtol=0
            )
        elif not block.colour:
            drawn = getattr(given.people, block.name)
            assert float((own.argmax(1) == drawn).float().mean()) > 0.9


def test_an_attribute_at_its_mean_is_drawn_as_what_is_typical():
    given = face_space.faces(12, draws(), Loosely(apart=0, untold=1, vague=0, noise=0))
    for name in set(ATTRIBUTES) - set(given.mixes):
        typical = ATTRIBUTES[name].index(face_space.TYPICAL[name])
        assert getattr(given.people, name).tolist() == [typical] * 12


def test_colours_and_shapes_share_no_number():
    names = {block.name for block in BLOCKS if block.colour}
    assert {"skin", "hair_colour", "background", "shade"} <= names
    assert not {"kind", "hat", "nose", "yaw"} & names
    assert int(COLOURED.sum()) == sum(
        block.at.stop - block.at.start for block in BLOCKS if block.colour
    )
