"""What is said of the pocket VQGAN is what it does with pictures."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from reverie.nets.pocket_vqgan import PocketVQGAN
from training import card, portraits, reconstruction
from training.scenes import PORTRAIT_SEED


class Flat(PocketVQGAN):
    """Made up: keeps nothing but whether a tile is more light than dark, as dark or light grey."""

    def __init__(self):
        super().__init__(4, 1, ((4, 0),) * 3, ((4, 0),) * 3, 4)
        self.codebook.copy_(torch.tensor([[-0.5], [0.5], [9.0], [-9.0]]))

    def encode(self, pixels: Tensor) -> Tensor:
        tiles = torch.nn.functional.avg_pool2d(pixels.mean(1, keepdim=True), 8)
        return torch.where(tiles < 0, -0.5, 0.5)

    def decode(self, latents: Tensor) -> Tensor:
        return latents.expand(-1, 3, -1, -1).repeat_interleave(8, 2).repeat_interleave(8, 3)


def test_the_ratio_is_that_of_the_mean_error_of_all_pictures():
    pictures = torch.stack([torch.full((3, 16, 16), light) for light in (0.25, 0.35, 0.95)])
    found = reconstruction.kept(Flat(), pictures)
    error = (0 + 0.1**2 + 0.2**2) / 3
    assert found.psnr == pytest.approx(-10 * math.log10(error), rel=1e-4)
    assert found.used.tolist() == [8, 4, 0, 0]


def test_what_is_left_of_pictures_does_not_depend_on_how_many_there_are():
    pictures = torch.rand(19, 3, 16, 16, generator=Generator().manual_seed(1))
    left = reconstruction.again(Flat(), pictures)
    assert left.shape == pictures.shape and set(left.unique().tolist()) == {0.25, 0.75}
    assert torch.equal(reconstruction.again(Flat(), pictures[17:]), left[17:])


@pytest.mark.parametrize(
    ("used", "even"), [([5, 5, 5, 5], 4), ([7, 0, 0, 0], 1), ([8, 4, 4, 0], 2**1.5)]
)
def test_perplexity_is_how_many_codes_would_do_if_all_were_used_alike(used, even):
    assert reconstruction.perplexity(torch.tensor(used)) == pytest.approx(even, rel=1e-5)


def test_the_sheet_shows_pictures_above_what_is_left_of_them():
    sets = {name: torch.rand(9, 3, 16, 16, generator=Generator().manual_seed(2)) for name in "ab"}
    drawn = reconstruction.sheet(Flat(), sets)
    assert drawn.size == (8 * 16, 4 * 16)
    assert {drawn.getpixel((x, y)) for x in (3, 99) for y in (20, 63)} <= {(64,) * 3, (191,) * 3}


def test_the_table_has_a_row_for_each_kind_of_pictures():
    text = card.codec({"portraits": (21.26, 1000, 512.4)}, 256, 1024, "3 million numbers")
    assert "| portraits | 21.3 dB | 1,000 | 512 |" in text
    assert "of 1,024 codes used" in text and "3 million numbers" in text


def test_portraits_to_measure_with_are_always_the_same_and_none_that_was_trained_on():
    measured = reconstruction.faces(4)
    assert measured.shape == (4, 3, reconstruction.SIDE, reconstruction.SIDE)
    assert torch.equal(measured, reconstruction.faces(4))
    people = portraits.sample(4, Generator().manual_seed(PORTRAIT_SEED))
    learnt = portraits.draw(people, reconstruction.SIDE, torch.device("cpu"))
    assert ((measured[:, None] - learnt).abs().flatten(2).mean(2) > 0.02).all()


def test_the_card_tells_every_phase_and_the_rate_that_it_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(card, "RUNS", tmp_path)
    phase = {"start": None, "steps": 100, "batch": 8, "size": 64, "lr": 0.1, "end": 0.001}
    for name, start, step, more in (("a", None, 50, {}), ("b", "a", 100, {"adversary": 0.4})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "phase.json").write_text(json.dumps(phase | more | {"start": start}))
        torch.save({"step": step}, tmp_path / name / "state.pt")
    first, second = card.codec_trained("b").splitlines()[2:]
    assert first == "| 50 | 400 | 64 | 0.1 to 0.051 | none | none |"
    assert second == "| 100 | 800 | 64 | 0.1 to 0.001 | 0.4 | none |"
