"""Drawings are read once, multiplied by their alpha, and only where they are."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from training import sprites as reading
from training.concepts import STYLES
from training.sprites import sprites


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two things; the second is missing in "blob"."""
    monkeypatch.setattr(reading, "CACHE", tmp_path / "cache")
    entry = {"keywords": [], "group": "Animals & Nature", "styles": sorted(STYLES)}
    entries = {"1f408": {"name": "cat", **entry}, "1f415": {"name": "dog", **entry}}
    (tmp_path / "captions.json").write_text(json.dumps(entries))
    for style, code in (("noto", "1f408"), ("noto", "1f415"), ("blob", "1f408")):
        write(tmp_path, style, code, (200, 100, 0, 128))
    return tmp_path


def write(data: Path, style: str, code: str, colour: tuple[int, int, int, int]) -> None:
    (data / style).mkdir(exist_ok=True)
    file = Image.new("RGBA", (16, 16), (9, 9, 9, 0))
    file.paste(colour, (0, 0, 8, 16))
    file.save(data / style / f"{code}.webp", lossless=True, exact=True)


def test_colour_is_multiplied_by_alpha_before_it_is_scaled(data: Path):
    read = sprites(data, ("noto",), size=4)
    assert read.pictures.shape == (2, 1, 4, 4, 4)
    assert read.pictures.dtype == torch.uint8
    assert read.pictures[0, 0, :, 0, 0].tolist() == [100, 50, 0, 128]
    assert read.pictures[0, 0, :, 0, 3].tolist() == [0, 0, 0, 0]


def test_what_a_style_lacks_is_empty(data: Path):
    read = sprites(data, ("noto", "blob"), size=4)
    assert [thing.name for thing in read.concepts] == ["cat", "dog"]
    assert read.here.tolist() == [[True, True], [True, False]]
    assert read.pictures[1, 1].sum() == 0


def test_other_things_are_read_anew(data: Path):
    assert len(sprites(data, ("noto",), size=4).pictures) == 2
    entries = json.loads((data / "captions.json").read_text())
    (data / "captions.json").write_text(json.dumps({"1f415": entries["1f415"]}))
    read = sprites(data, ("noto",), size=4)
    assert len(read.concepts) == len(read.pictures) == 1


def test_what_was_read_is_kept_by_style_and_size(data: Path):
    first = sprites(data, ("noto",), size=4)
    write(data, "noto", "1f408", (0, 0, 255, 255))
    assert torch.equal(sprites(data, ("noto",), size=4).pictures, first.pictures)
    assert sprites(data, ("noto",), size=8).pictures[0, 0, 2].max() == 255
    assert sprites(data, ("blob",), size=4).pictures[0, 0, 2].max() == 0
