"""A thing is dyed in the colour that is said of it."""

import pytest
import torch
from torch import Generator, Tensor

from training.colours import NAMES, SYNONYMS, dyed, palette, plain_colour, shade
from training.sprites import Sprites


def whole(toys: Sprites) -> Tensor:
    return toys.pictures[:, 0].float() / 255


@pytest.mark.parametrize("name", NAMES)
def test_a_dyed_thing_has_the_hue_it_was_dyed_in(name: str, toys: Sprites):
    at = NAMES.index(name)
    things = dyed(whole(toys), palette()[[at]].expand(len(toys.concepts), 3))
    assert plain_colour(things).tolist() == [at] * len(things)


def test_dyeing_keeps_the_outline_and_the_light(toys: Sprites):
    before = whole(toys)
    after = dyed(before, palette()[[5]].expand(len(before), 3))
    assert torch.equal(after[:, 3], before[:, 3])
    assert (after[:, :3] * (before[:, 3:] == 0)).abs().max() == 0
    assert after.min() >= 0 and after.max() <= 1
    light = after[0, :3].sum(0)[:, 16]
    inside = light[before[0, 3, :, 16] > 0]
    assert (inside.diff() < 0).all()  # the ball is darker below


def test_a_thing_of_two_colours_has_none(toys: Sprites):
    ball = torch.ones(1, 4, 8, 8)
    ball[:, :3] = palette()[0][:, None, None]
    assert plain_colour(ball).tolist() == [NAMES.index("red")]
    ball[:, :3, :, :4] = palette()[5][:, None, None]
    assert plain_colour(ball).tolist() == [-1]


def test_what_is_not_there_has_no_colour():
    assert plain_colour(torch.zeros(1, 4, 8, 8)).tolist() == [-1]


def test_shades_vary_about_their_colour():
    which = torch.arange(len(NAMES)).repeat(200)
    shades = shade(which, Generator().manual_seed(0))
    assert shades.min() >= 0 and shades.max() <= 1
    middle = shades.unflatten(0, (200, -1))
    assert (middle.mean(0) - palette()).abs().max() < 0.06
    assert middle.std(0).min() > 0.02


def test_other_names_of_a_colour_are_names_of_no_other():
    words = [word for name in NAMES for word in SYNONYMS.get(name, (name,))]
    assert len(words) == len(set(words))
    assert all(name in SYNONYMS[name] for name in SYNONYMS)
