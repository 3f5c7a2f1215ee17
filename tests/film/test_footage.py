"""Videos and folders are read frame by frame, and what is not one is named."""

from pathlib import Path

import numpy as np
import pytest
import torch

from record.films import moving
from reverie import image as images
from reverie.errors import PictureError, SpecError
from reverie.film.footage import Footage, Smoothed
from reverie.record import video


@pytest.fixture
def clip(tmp_path):
    video.write(tmp_path / "clip.mp4", moving(20), rate=10)
    return str(tmp_path / "clip.mp4")


def test_a_video_gives_its_frames_rate_and_size(clip):
    facts = Footage(path=clip).facts()
    assert (facts.size, facts.rate, facts.frames) == ((64, 48), 10, 20)
    taken = list(Footage(path=clip).frames())
    assert len(taken) == 20
    want = torch.from_numpy(moving(20)[7]).permute(2, 0, 1).float() / 255
    assert (taken[7][0] - want).abs().mean() < 0.03


@pytest.mark.parametrize("suffix", [".webm", ".gif", ".apng"])
def test_other_films_are_read_too(tmp_path, suffix):
    video.write(tmp_path / f"clip{suffix}", moving(6), rate=10)
    footage = Footage(path=str(tmp_path / f"clip{suffix}"))
    assert footage.facts().frames == len(list(footage.frames())) == 6


def test_a_part_of_a_video_is_taken(clip):
    footage = Footage(path=clip, first=0.5, last=1.5, every=2)
    assert (footage.facts().frames, footage.facts().rate) == (5, 5)
    taken, whole = list(footage.frames()), list(Footage(path=clip).frames())
    assert len(taken) == 5
    assert all((a == b).all() for a, b in zip(taken, whole[5:15:2], strict=True))


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for i in (2, 0, 1):
        images.save(torch.full((1, 3, 6, 8), i / 4), tmp_path / f"{i}.png", None)
    (tmp_path / "notes.txt").write_text("not a picture")
    footage = Footage(path=str(tmp_path))
    assert (footage.facts().size, footage.facts().frames) == ((8, 6), 3)
    assert [round(f.mean().item() * 4) for f in footage.frames()] == [0, 1, 2]


def test_numbers_in_names_count_without_leading_zeros(tmp_path):
    for i in (1, 2, 10):
        images.save(torch.full((1, 3, 6, 8), i / 10), tmp_path / f"frame{i}.png", None)
    shades = [round(f.mean().item() * 10) for f in Footage(path=str(tmp_path)).frames()]
    assert shades == [1, 2, 10]


def test_a_video_that_breaks_off_says_where(clip):
    grain = (np.arange(20 * 48 * 64 * 3) * 2654435761 >> 7) % 255  # hardly shrinks
    video.write(Path(clip), list(grain.astype(np.uint8).reshape(20, 48, 64, 3)), rate=10)
    whole = Path(clip).read_bytes()
    Path(clip).write_bytes(whole[: len(whole) // 2])
    seen = 0
    with pytest.raises(PictureError, match=r"breaks off after \d+ of 20 .*end before .*--to"):
        for _ in Footage(path=clip).frames():
            seen += 1
    assert 0 < seen < 20
    assert len(list(Footage(path=clip, last=seen / 10).frames())) == seen


def test_what_is_no_video_is_named(tmp_path, clip):
    (tmp_path / "words.mp4").write_text("words")
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("words.mp4", "words.mp4: not a video that can be read"),
        ("none.mp4", "none.mp4: there is no such file"),
        ("empty", "empty: there is no picture in this folder"),
    ):
        with pytest.raises(PictureError, match=message):
            Footage(path=str(tmp_path / name)).facts()
    with pytest.raises(PictureError, match="it lasts 2 s; nothing is left from 5 s"):
        Footage(path=clip, first=5.0).facts()
    with pytest.raises(PictureError, match=r"one in 99 of its .* --every \d+ is the most"):
        Footage(path=clip, every=99).facts()


@pytest.mark.parametrize(
    "fields",
    [{"first": 2.0, "last": 1.0}, {"every": 0}, {"steady": 1.0}, {"keep": -1.0}, {"smooth": 99}],
    ids=str,
)
def test_what_cannot_be_is_refused(fields):
    with pytest.raises(SpecError, match="restyle"):
        Footage(path="x.mp4", **fields)


class TestSmoothing:
    def grey(self, *values):
        return [np.full((2, 2, 3), value, np.uint8) for value in values]

    def test_none_changes_nothing(self):
        assert [p[0, 0, 0] for p in Smoothed(self.grey(1, 2, 3), 0)] == [1, 2, 3]

    def test_neighbours_are_mixed_in(self):
        got = [int(p[0, 0, 0]) for p in Smoothed(self.grey(0, 0, 120, 0, 0), 1)]
        assert got == [0, 30, 60, 30, 0]

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
    @pytest.mark.parametrize("reach", [1, 2, 3])
    def test_as_many_come_out_as_went_in(self, count, reach):
        smoothed = Smoothed(self.grey(*[7] * count), reach)
        assert [int(p.mean()) for p in smoothed] == [7] * count
        assert len(list(smoothed)) == count  # again
