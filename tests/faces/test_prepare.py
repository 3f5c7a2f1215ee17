"""Surveys in pieces, which survive a stop and are shared."""

import pytest
import torch

from faces.small_faces import CPU, survey
from reverie.errors import RunError
from reverie.faces import prepare as preparing
from reverie.faces.directions import read
from reverie.faces.prepare import prepare
from reverie.faces.survey import channels


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(preparing, "PAUSE", 0)
    monkeypatch.setattr(preparing, "EACH", 8)


def same(path, other):
    one, two = read(path), read(other)
    assert one.about == two.about and torch.equal(one.channels, two.channels)
    torch.testing.assert_close(one.rows, two.rows, rtol=0, atol=1e-3)  # in half precision
    torch.testing.assert_close(one.deviation, two.deviation)


def test_a_survey_that_was_stopped_goes_on_to_what_it_would_have_become(model, prepared, tmp_path):
    path = tmp_path / "again.safetensors"
    begun = prepare(survey(model), path, CPU)
    for progress in begun:
        if progress.done == 21:  # two pieces are finished, and a third is begun
            break
    begun.close()
    assert not path.exists()
    *_, last = prepare(survey(model), path, CPU)
    assert (last.done, last.total, last.own) == (40, 40, 40 - 16)
    same(path, prepared)
    assert [file.name for file in tmp_path.iterdir()] == ["again.safetensors"]


def test_two_that_make_the_same_survey_share_the_work(model, prepared, tmp_path):
    path = tmp_path / "shared.safetensors"
    workers = {n: prepare(survey(model), path, CPU) for n in (0, 1)}
    own = dict.fromkeys(workers, 0)
    while workers:
        for n, worker in list(workers.items()):
            progress = next(worker, None)
            if progress is None:
                del workers[n]
            else:
                own[n] = progress.own
    assert sum(own.values()) == 40 and min(own.values()) >= 16
    same(path, prepared)


def test_the_rows_are_those_of_their_channels(model, prepared, network):
    found = read(prepared)
    assert torch.equal(found.channels, channels(network))
    assert found.survey == survey(model)
    row = preparing.Surveyor.of(survey(model), CPU).row(int(found.channels[25]))
    torch.testing.assert_close(found.rows[25], row, rtol=0, atol=1e-3)


def test_pieces_of_another_survey_are_not_gone_on_with(model, tmp_path):
    path = tmp_path / "a.safetensors"
    begun = prepare(survey(model), path, CPU)
    next(begun)
    begun.close()
    with pytest.raises(RunError, match="another survey, half done"):
        next(prepare(survey(model, seed=6), path, CPU))


def test_a_broken_piece_is_named(model, tmp_path):
    path = tmp_path / "a.safetensors"
    next(prepare(survey(model), path, CPU))
    (tmp_path / "a.parts" / "0002.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunError, match=r"0002.safetensors: is broken; delete it"):
        list(prepare(survey(model), path, CPU))
