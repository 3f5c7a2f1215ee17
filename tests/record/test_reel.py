"""A reel keeps pictures in their order, and forgets what is done again."""

import numpy as np
import torch

from reverie.record.plan import Plan, Played
from reverie.record.reel import Reel


def test_pictures_come_back_in_order_as_often_as_wanted(tmp_path):
    reel = Reel(tmp_path / "reel")
    reel.add(10, torch.full((1, 3, 4, 6), 0.2))
    reel.add(2, torch.full((1, 3, 4, 6), 0.4))
    for _ in range(2):
        assert [(n, int(p.mean()), p.shape) for n, p in reel.numbered()] == [
            (2, 102, (4, 6, 3)),
            (10, 51, (4, 6, 3)),
        ]


def test_a_film_pauses_where_a_stage_ends(tmp_path):
    reel = Reel(tmp_path / "reel")
    for i in range(4):
        reel.add(i, torch.full((1, 3, 2, 2), i / 10))
    plan = Plan(frozenset(range(4)), rate=10, hold=2, ends=frozenset([1]), pause=3)
    shown = [int(np.round(p.mean() / 25.5)) for p in Played(reel, plan)]
    assert shown == [0, 1, 1, 1, 2, 3]
    assert plan.seconds == (len(shown) + 1) / 10  # with the hold of the last


def test_several_pictures_are_a_sheet(tmp_path):
    reel = Reel(tmp_path / "reel")
    reel.add(0, torch.zeros(4, 3, 5, 5))
    (sheet,) = reel
    assert sheet.shape == (12, 12, 3)


def test_cutting_forgets_from_there_on(tmp_path):
    reel = Reel(tmp_path / "reel")
    for i in (0, 3, 6, 9):
        reel.add(i, torch.full((1, 3, 2, 2), i / 10))
    reel.cut(6)
    assert [int(np.round(p.mean() / 25.5)) for p in reel] == [0, 3]


def test_forgetting_leaves_what_is_not_its_own(tmp_path):
    reel = Reel(tmp_path / "reel")
    reel.add(0, torch.zeros(1, 3, 2, 2))
    (tmp_path / "reel" / "notes.png").write_bytes(b"mine")
    reel.forget()
    assert [p.name for p in (tmp_path / "reel").iterdir()] == ["notes.png"]
