"""Tiles show all of a picture at its own scale, and nothing that is not in it."""

import pytest
import torch

from reverie.augment.tiles import Tiles, starts
from reverie.errors import SpecError
from reverie.protocols import Draws, Moment


def looks(picture, side=16, step=0):
    moment = Moment(step, 0.0, Draws(range(len(picture)), step))
    return Tiles(side=side).build()(picture, moment)


def all_of(looks, size=16):
    return looks.draw(slice(0, looks.count), size)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (64, 32), (40, 12), (9, 90)])
def test_every_pixel_is_seen_at_every_step(size):
    picture = Draws((0,), 0, "picture").uniform(3, *size)
    for step in range(5):
        picture = picture.detach().requires_grad_()
        all_of(looks(picture, step=step)).sum().backward()
        assert (picture.grad >= 1).all()


def test_a_tile_of_the_perceptors_size_is_cut_out_as_it_is():
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(56.0), indexing="ij")
    picture = torch.stack([rows, columns, rows * columns])[None]
    for tile in all_of(looks(picture)):
        down, across = tile[0, :, 0].long(), tile[1, 0].long()
        assert torch.equal(tile, picture[0][:, down][:, :, across])
        for way in (down, across):  # the next pixel, or, at an edge, the one before in the mirror
            assert (way.diff().abs() == 1).all()


def test_the_other_side_is_never_next_to_an_edge():
    picture = torch.linspace(0, 1, 50).expand(1, 3, 40, 50)
    for step in range(10):
        across = all_of(looks(picture, step=step)).diff(dim=-1).abs()
        assert across.max() < 1.5 / 49


def test_the_grid_moves_from_step_to_step_and_each_picture_has_its_own():
    picture = Draws((0,), 0, "picture").uniform(3, 32, 32).repeat(2, 1, 1, 1)
    first, later = (all_of(looks(picture, step=step)).unflatten(0, (-1, 2)) for step in (0, 1))
    assert not torch.equal(first[:, 0], later[:, 0])
    assert not torch.equal(first[:, 0], first[:, 1])
    assert torch.equal(first, all_of(looks(picture)).unflatten(0, (-1, 2)))


def test_a_picture_smaller_than_a_tile_is_enlarged_until_it_fills_one():
    picture = Draws((0,), 0, "picture").uniform(3, 12, 12)
    seen = looks(picture, side=64)
    tiles = all_of(seen, 64)
    assert seen.side == 12 and tiles.shape == (4, 3, 64, 64)
    assert tiles.diff(dim=-1).abs().mean() < 0.5 * picture.diff(dim=-1).abs().mean()


def test_a_grid_has_no_more_tiles_than_it_needs():
    assert starts(16, 16) == [0]
    assert starts(17, 16) == [0, 1]
    assert starts(48, 16) == [0, 16, 32]
    assert starts(47, 16) == [0, 16, 31]


def test_tiles_too_small_to_see_anything_are_refused():
    with pytest.raises(SpecError, match="tiles of 7 pixels; 8 is the least"):
        Tiles(side=7)
