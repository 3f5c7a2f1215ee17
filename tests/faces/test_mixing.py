"""Rows of one face in another."""

import pytest
import torch

from reverie.errors import SpecError
from reverie.faces.album import compared, crossed
from reverie.faces.model import mixed

A, B = torch.zeros(1, 8, 10), torch.ones(1, 8, 10)


def test_the_rows_that_are_named_come_from_the_other():
    assert mixed(A, B, [0, 3])[0, :, 0].tolist() == [1, 0, 0, 1, 0, 0, 0, 0]
    assert torch.equal(mixed(A, B, range(8)), B)


@pytest.mark.parametrize("rows", [[], [8], [-1], [2, 900]])
def test_rows_that_are_not_there_are_refused(rows):
    with pytest.raises(SpecError, match="this generator has 0 to 7"):
        mixed(A, B, rows)


def test_a_table_has_heads_above_and_sides_before():
    heads, sides = torch.full((3, 3, 4, 4), 0.1), torch.full((2, 3, 4, 4), 0.2)
    inner = torch.linspace(0.3, 0.8, 6)[:, None, None, None].expand(6, 3, 4, 4)
    sheet = crossed(heads, sides, inner)
    middles = sheet[0, 0, 1::6, 1::6]
    wanted = torch.tensor([[1, 0.1, 0.1, 0.1], [0.2, 0.3, 0.4, 0.5], [0.2, 0.6, 0.7, 0.8]])
    torch.testing.assert_close(middles, wanted)


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 2)), (3, (2, 3)), (10, (4, 8))])
def test_every_face_stands_above_what_it_became(count, shape):
    before = torch.arange(count).float()[:, None, None, None].expand(count, 3, 4, 4) / 20
    sheet = compared(before, before + 0.5)
    middles = sheet[0, 0, 1::6, 1::6]
    assert middles.shape == shape
    if count == 1:
        torch.testing.assert_close(middles, torch.tensor([[0, 0.5]]))
        return
    above = torch.cat([*middles[::2]])[:count]
    torch.testing.assert_close(above, before[:, 0, 0, 0])
    torch.testing.assert_close(torch.cat([*middles[1::2]])[:count], above + 0.5)
