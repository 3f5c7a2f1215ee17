"""Words to a step in S, and the files that it comes from."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

from faces.small_faces import CPU, S
from reverie.errors import SpecError, WeightsError
from reverie.faces.directions import (
    FORMAT,
    Directions,
    change_of,
    check_fits,
    read,
    step_along,
    write,
)
from reverie.perceptor.pocket import Pocket


@pytest.fixture
def directions(prepared) -> Directions:
    return read(prepared)


@pytest.fixture
def change(directions) -> torch.Tensor:
    drawn = torch.randn(directions.rows.shape[1], generator=torch.Generator().manual_seed(2))
    return F.normalize(drawn, dim=0)


def step_of(directions: Directions, change: torch.Tensor, **how) -> torch.Tensor:
    relevance = directions.relevance(change)
    return step_along(relevance, directions.channels, directions.deviation, S, **how)


def test_the_most_relevant_channels_move_and_no_others(directions, change):
    step = step_of(directions, change, top=5)
    cosines = F.cosine_similarity(directions.rows, change[None])
    order = cosines.abs().argsort(descending=True)
    moved = directions.channels[order[:5]]
    assert set(step.nonzero()[:, 0].tolist()) == set(moved.tolist())
    wanted = cosines[order[:5]] / cosines.abs().max() * directions.deviation[order[:5]]
    torch.testing.assert_close(step[moved], wanted)


def test_the_most_relevant_channel_moves_by_its_deviation(directions, change):
    step = step_of(directions, change, top=1)
    (at,) = step.nonzero()[:, 0]
    number = (directions.channels == at).nonzero()[0, 0]
    assert step[at].abs().item() == pytest.approx(directions.deviation[number].item(), rel=1e-6)


def test_beta_keeps_what_is_that_relevant(directions, change):
    relevance = directions.relevance(change)
    beta = relevance.abs().median().item()
    moved = step_of(directions, change, beta=beta).count_nonzero()
    assert moved == (relevance.abs() >= beta).sum()


def test_the_opposite_change_is_the_opposite_step(directions, change):
    torch.testing.assert_close(step_of(directions, -change), -step_of(directions, change))


def test_a_channel_that_does_nothing_does_not_move(directions, change):
    rows = directions.rows.clone()
    rows[3] = 0
    still = dataclasses.replace(directions, rows=rows)
    step = step_of(still, change, top=1000)
    assert step[still.channels[3]] == 0 and step.isfinite().all()


@pytest.mark.parametrize("beta", [1.5, -0.1, math.nan, math.inf])
def test_a_beta_that_leaves_nothing_says_how_large_it_may_be(directions, change, beta):
    most = directions.relevance(change).abs().max()
    with pytest.raises(SpecError, match=rf"beta: .* has {most:.3f}, so take less"):
        step_of(directions, change, beta=beta)


@pytest.mark.parametrize("top", [0, -3])
def test_one_channel_must_move(directions, change, top):
    with pytest.raises(SpecError, match=f"top: got {top}"):
        step_of(directions, change, top=top)


def test_a_change_that_no_channel_makes_is_refused(directions, change):
    nothing = dataclasses.replace(directions, rows=torch.zeros_like(directions.rows))
    with pytest.raises(SpecError, match="nothing that any channel does"):
        step_of(nothing, change)


def test_words_and_neutral_words_swapped_are_the_opposite_change():
    eye = Pocket().build(CPU)
    there, back = (
        change_of(eye, "a face with a beard", "a face"),
        change_of(eye, "a face", "a face with a beard"),
    )
    torch.testing.assert_close(there, -back)
    assert there.norm().item() == pytest.approx(1)


def test_an_article_makes_no_difference():
    eye = Pocket().build(CPU)
    torch.testing.assert_close(
        change_of(eye, "The face with a beard", "a face"),
        change_of(eye, "face with a beard", "face"),
        rtol=0,
        atol=1e-4,
    )


@pytest.mark.parametrize("words", [("a face", "the face"), ("", "a face"), ("a face", "  ")])
def test_words_that_say_the_same_are_refused(words):
    with pytest.raises(SpecError, match="different things"):
        change_of(Pocket().build(CPU), *words)


def test_a_file_holds_all_but_the_last_bits(directions, tmp_path):
    write(directions, tmp_path / "made" / "there.safetensors")
    again = read(tmp_path / "made" / "there.safetensors")
    torch.testing.assert_close(again.rows, directions.rows, rtol=1e-3, atol=1e-4)
    assert torch.equal(again.deviation, directions.deviation)
    assert torch.equal(again.channels, directions.channels) and again.about == directions.about
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["there.safetensors"]
    (tmp_path / "other").touch()
    modes = [(tmp_path / name).stat().st_mode for name in ("other", "made/there.safetensors")]
    assert modes[0] == modes[1]


def test_files_of_something_else_are_refused(directions, model, tmp_path):
    with pytest.raises(WeightsError, match="no such file of directions"):
        read(tmp_path / "nothing.safetensors")
    with pytest.raises(WeightsError, match="holds no directions"):
        read(tmp_path.joinpath(model, "model.safetensors"))
    deep = tmp_path / "deep.safetensors"
    told = {"format": FORMAT, "about": "[" * 100_000}
    save_file({"rows": torch.ones(1, 1)}, deep, told)
    with pytest.raises(WeightsError, match="damaged"):
        read(deep)
    cut = tmp_path / "cut.safetensors"
    write(directions, cut)
    cut.write_bytes(cut.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="damaged"):
        read(cut)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("rows", torch.ones(3, 4)),
        ("deviation", torch.full((40,), math.nan)),
        ("about", '{"survey": {}}'),
        ("about", "7"),
        ("about", '["survey", "generator", "perceptor"]'),
        ("about", '{"survey": 1, "generator": 2, "perceptor": 3}'),
    ],
)
def test_parts_that_do_not_go_together_are_refused(prepared, tmp_path, name, wrong):
    with safe_open(prepared, "pt") as file:
        tensors, told = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    if isinstance(wrong, str):
        told["about"] = wrong
    else:
        tensors[name] = wrong
    save_file(tensors, tmp_path / "wrong.safetensors", told)
    with pytest.raises(WeightsError, match="do not go together"):
        read(tmp_path / "wrong.safetensors")


def test_directions_of_another_generator_or_perceptor_are_refused(directions, tmp_path):
    about = directions.about
    check_fits(directions, about, tmp_path)
    with pytest.raises(WeightsError, match=r"with the generator .* prepare it for this one"):
        check_fits(directions, about | {"generator": "0" * 64}, tmp_path)
    with pytest.raises(WeightsError, match=r"with the perceptor .*weights.* here it is ViT"):
        check_fits(directions, about | {"perceptor": {"ViT": "0" * 64}}, tmp_path)
