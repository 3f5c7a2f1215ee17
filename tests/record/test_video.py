"""Films last as long as they should, show what they were given, and remember their story."""

import errno
import json
import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image as pil

from record.films import frames, moving, seconds
from reverie.errors import PictureError, SpecError
from reverie.record import video
from reverie.record.video import KINDS, Video

SUFFIXES = list(KINDS)


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestEveryKind:
    def test_a_film_lasts_its_pictures_and_the_hold(self, tmp_path, suffix):
        video.write(tmp_path / f"film{suffix}", moving(12), rate=10, hold=8)
        assert seconds(tmp_path / f"film{suffix}") == pytest.approx(1.9, abs=0.011)

    def test_a_film_shows_its_pictures_in_their_colours(self, tmp_path, suffix):
        given = moving(6)
        video.write(tmp_path / f"film{suffix}", given, rate=10)
        shown = frames(tmp_path / f"film{suffix}")
        assert len(shown) == 6
        for want, got in zip(given, shown, strict=True):
            middle = np.abs(want[24:, 2::16].astype(int) - got[24:, 2::16])  # away from edges
            assert middle.mean() < 3
            assert np.abs(want.astype(int) - got).mean() < 8

    def test_a_film_of_odd_sides_keeps_them_where_it_can(self, tmp_path, suffix):
        video.write(tmp_path / f"film{suffix}", moving(3, 33, 25), rate=10)
        shape = frames(tmp_path / f"film{suffix}")[0].shape
        assert shape == ((26, 34, 3) if KINDS[suffix].is_yuv else (25, 33, 3))

    def test_a_story_of_any_letters_and_length_comes_back(self, tmp_path, suffix):
        story = json.dumps({"recipe": 'ein Füchslein ^ 狐 \\ "quoted"\n' * 40}, ensure_ascii=False)
        path = tmp_path / f"film{suffix}"
        video.write(path, moving(4), rate=10, story=story)
        assert video.text_in(path) == story
        assert len(frames(path)) == 4

    def test_a_film_that_cannot_be_finished_leaves_the_old_one(self, tmp_path, suffix):
        path = tmp_path / f"film{suffix}"
        path.write_bytes(b"old")

        class Broken:
            def __iter__(self):
                yield from moving(2)
                raise ValueError("the disk has gone")

        with pytest.raises(PictureError, match="cannot be written: the disk has gone"):
            video.write(path, Broken(), rate=10)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
        assert path.read_bytes() == b"old"

    def test_a_file_that_is_no_film_is_named(self, tmp_path, suffix):
        path = tmp_path / f"film{suffix}"
        path.write_text("words")
        with pytest.raises(PictureError, match=path.name):
            video.text_in(path)


@pytest.mark.parametrize("suffix", [".webm", ".gif", ".webp", ".apng"])
def test_equal_pictures_give_equal_bytes(tmp_path, suffix):
    """But for mp4: x264 makes about one small film in a hundred a little different."""
    for name in "ab":
        video.write(tmp_path / f"{name}{suffix}", moving(5), rate=10, title="x", story="{}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_an_mp4_plays_everywhere(tmp_path):
    """8 bits, 4:2:0, BT.709 said and meant, and the index before the pictures."""
    path = tmp_path / "film.mp4"
    video.write(path, moving(4), rate=30)
    with av.open(str(path)) as file:
        context = file.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_range) == (1, 1)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_moving_pictures_repeat(tmp_path, suffix):
    video.write(tmp_path / f"film{suffix}", moving(3), rate=10)
    with pil.open(tmp_path / f"film{suffix}") as file:
        assert file.info["loop"] == 0


class TestPlan:
    def test_a_film_of_many_steps_has_its_length_and_rate(self):
        plan = Video(path="x.mp4", length=10, rate=30).plan([5001])
        assert (plan.seconds, plan.rate, plan.hold) == (10, 30, 31)
        assert {0, 5000} <= plan.pictures

    def test_few_steps_lower_the_rate_and_keep_the_length(self):
        plan = Video(path="x.mp4", length=10, rate=30).plan([151])
        assert len(plan.pictures) == 151
        assert plan.seconds == pytest.approx(10, abs=0.1)
        assert 10 < plan.rate < 30

    def test_the_rate_falls_to_ten_and_then_the_film_gets_shorter(self):
        plan = Video(path="x.mp4", length=10, rate=30).plan([21])
        assert (plan.rate, len(plan.pictures)) == (10, 21)
        assert plan.seconds == pytest.approx(3.1)

    def test_a_slow_film_that_is_asked_for_stays_slow(self):
        assert Video(path="x.mp4", length=10, rate=5).plan([21]).rate == 5

    def test_large_files_have_fewer_pictures(self):
        assert Video(path="x.gif").plan([5001]).rate == 15
        assert Video(path="x.mp4").plan([5001]).rate == 30

    def test_without_a_length_every_picture_is_shown_and_the_ends_of_stages_pause(self):
        plan = Video(path="x.mp4", length=None, pause=0.5).plan([41, 11, 300])
        assert plan.pictures == frozenset(range(352))
        assert (plan.ends, plan.pause, plan.hold) == ({40, 51}, 15, 15)
        assert plan.seconds == pytest.approx((352 + 3 * 14) / 30)

    def test_a_film_of_the_last_stage_alone_has_one_picture_for_each_of_its_own(self):
        plan = Video(path="x.mp4", length=None, first=2).plan([41, 11, 300])
        assert plan.pictures == frozenset(range(52, 352))
        assert (plan.ends, plan.hold, plan.seconds) == (frozenset(), 1, 10.0)
        short = Video(path="x.mp4", length=2, first=1).plan([41, 11, 300])
        assert (min(short.pictures), max(short.pictures)) == (41, 351)

    def test_a_stage_that_is_not_there_cannot_be_the_first(self):
        with pytest.raises(SpecError, match="begins with stage 3, and the last one is 2"):
            Video(path="x.mp4", first=3).plan([2, 2, 2])

    @pytest.mark.parametrize(
        "fields, message",
        [
            ({"path": "x.avi"}, "no film; its name ends in .mp4"),
            ({"path": "x.mp4", "length": 0.0}, "0 seconds"),
            ({"path": "x.gif", "rate": 60.0}, "takes 1 to 50"),
            ({"path": "x.mp4", "rate": 0.0}, "takes 1 to 120"),
            ({"path": "x.mp4", "length": float("nan")}, "nan seconds"),
            ({"path": "x.mp4", "rate": float("nan")}, "takes 1 to 120"),
            ({"path": "x.mp4", "first": -1}, "stages are 0 or more"),
            ({"path": "x.mp4", "pause": -0.5}, "pauses 0 to 60 s"),
            ({"path": "x.mp4", "pause": float("inf")}, "pauses 0 to 60 s"),
        ],
    )
    def test_what_cannot_be_is_refused(self, fields, message):
        with pytest.raises(SpecError, match=message):
            Video(**fields)


def test_a_film_that_could_not_be_written_is_refused_before_it_is_painted(tmp_path, monkeypatch):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(PictureError, match=r"folder\.mp4 is a folder; choose another name"):
        Video(path=str(tmp_path / "folder.mp4")).placed(overwrite=True)

    def full(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(video.tempfile, "TemporaryFile", full)
    with pytest.raises(PictureError, match="cannot write to .*: Read-only file system; choose"):
        Video(path=str(tmp_path / "film.mp4")).placed(overwrite=False)


def test_without_pyav_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from reverie.record.video import Video\n"
        "Video(path='x.mp4').placed(overwrite=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "PyAV, which is not installed: pip install 'reverie[video]'" in done.stderr
