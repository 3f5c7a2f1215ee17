"""Films from the command line: of a painting, of frames that follow each other, of a video."""

import json
import re
from pathlib import Path

import pytest

from record.films import frames, moving, seconds
from reverie.record import video

GOLDEN = Path(__file__).parent.parent / "golden"
PERCEPTOR = ("--perceptor", str(GOLDEN / "clip-vit" / "weights.safetensors"))
QUICK = (*PERCEPTOR, "--canvas", "pixels", "--size", "40x32", "--cutouts", "2", "--seed", "3",
         "--precision", "fp32")  # fmt: skip
FILM = (*QUICK, "--steps", "3", "--steps-per-frame", "1", "--seconds", "1", "--rate", "5")


pytestmark = pytest.mark.usefixtures("somewhere_else")


@pytest.fixture
def clip():
    video.write(Path("clip.mp4"), moving(6), rate=6)
    return "clip.mp4"


def bytes_of_frames(folder):
    return [path.read_bytes() for path in sorted(Path(folder, "frames").glob("*.png"))]


class TestVideoOfAPainting:
    def test_a_painting_is_filmed(self, reverie):
        code, out, err = reverie(
            "paint", "fog", *QUICK, "--steps", 9, "-o", "run", "--video", "fog.mp4",
            "--video-length", "1s",
        )  # fmt: skip
        assert code == 0
        assert out.split() == ["run/picture.png", str(Path("fog.mp4").absolute())]
        assert "film: 0.96 s at 12.5 pictures a second, from 9 steps" in err
        assert seconds(Path("fog.mp4")) == pytest.approx(0.96, abs=0.01)

    def test_a_film_tells_how_it_was_painted_and_is_painted_again(self, reverie):
        reverie("paint", "fog", *QUICK, "--steps", 4, "-o", "run", "--video", "fog.gif")
        code, out, _ = reverie("info", "fog.gif")
        assert code == 0
        assert re.search(r"prompt\s+fog", out)
        code, out, err = reverie("replay", "fog.gif")
        assert code == 0
        assert "the same film, bit for bit" in err
        assert Path("fog-replay/fog.gif").read_bytes() == Path("fog.gif").read_bytes()
        assert reverie("paint", "--recipe", "fog.gif", "-o", "other")[0] == 0

    @pytest.mark.parametrize(
        "arguments, message",
        [
            (("--video", "x.avi"), "'x.avi' is no film; its name ends in .mp4, .webm"),
            (("--video-rate", "3"), "go with --video FILE"),
            (("--video", "x.gif", "--video-rate", "90"), ".gif takes 1 to 50"),
        ],
    )
    def test_mistakes_are_named_before_anything_is_painted(self, reverie, arguments, message):
        code, _, err = reverie("paint", "fog", *QUICK, "-o", "run", *arguments)
        assert (code, err.count("\n")) == (2, 1)
        assert message in err
        assert not Path("run").exists()


class TestFilm:
    def test_a_story_becomes_a_film(self, reverie):
        code, out, err = reverie("film", "fog ^ a lighthouse", *FILM, "-o", "fog.webm",
                                 "--zoom", "0: 1.02, 4: 0.98", "--edge", "wrap")  # fmt: skip
        assert code == 0, err
        assert Path(out.strip()) == Path("fog.webm").absolute()
        assert len(frames(Path("fog.webm"))) == 5
        assert len(list(Path("fog/frames").glob("*.png"))) == 5
        plan = json.loads(Path("fog/film.json").read_text())
        assert plan["film"]["motion"]["zoom"]["at"] == [[0, 1.02], [4, 0.98]]
        assert plan["recipe"]["stages"][0]["losses"]["prompts"]["fade"] == 0.3

    def test_a_stopped_film_goes_on_and_can_be_made_again(self, reverie):
        assert reverie("film", "fog", *FILM, "-o", "whole.apng")[0] == 0
        code, _, err = reverie("film", "fog", *FILM, "-o", "stopped.apng", "--budget", "0s")
        assert code == 0
        assert "stopped after 0 of 5 frames" in err
        assert "go on with: reverie resume stopped" in err
        code, out, _ = reverie("resume", "stopped")
        assert code == 0
        assert bytes_of_frames("stopped") == bytes_of_frames("whole")
        assert "this film is done" in reverie("resume", "stopped")[2]
        code, out, _ = reverie("replay", "whole.apng", "-o", "again")
        assert code == 0
        assert Path(out.strip()) == Path("again/whole.apng").absolute()
        assert Path("again/whole.apng").read_bytes() == Path("whole.apng").read_bytes()

    def test_info_shows_how_a_film_was_made(self, reverie):
        reverie("film", "fog", *FILM, "-o", "whole")
        for source in ("whole", "whole/film.mp4"):
            _, out, _ = reverie("info", source)
            assert "5 frames at 5 a second, 1 steps each" in out
        assert "5 of 5 frames" in out

    @pytest.mark.parametrize(
        "arguments, message",
        [
            (("--zoom", "fast"), "--zoom: keyframes: 'fast' is not a number"),
            (("--zoom", "0"), "no factor"),
            (("--rate", "0"), "1 to 120"),
            (("--steps-per-frame", "0"), "1 or more"),
            (("--fade", "7"), "fade: 7.0 is not a share"),
            (("--canvas", "nothing"), "nothing"),
        ],
    )
    def test_mistakes_are_named_before_anything_is_painted(self, reverie, arguments, message):
        code, _, err = reverie("film", "fog", "-o", "film", "--size", 32, *PERCEPTOR, *arguments)
        assert (code != 0, err.count("\n")) == (True, 1)
        assert message in err
        assert not Path("film").exists()

    def test_what_cannot_be_moved_says_so_and_stands_still(self, reverie):
        options = ["film", "an owl", "--canvas", "scene", "--refine", 0, "--size", 32,
                   "--steps", 1, "--steps-per-frame", 1, "--seconds", "0.2"]  # fmt: skip
        code, _, err = reverie(*options, "--zoom", 1.02, "-o", "film")
        assert code == 2
        assert "what a Scene draws cannot be moved; leave out zoom, rotation and shift" in err
        assert not Path("film").exists()
        code, _, err = reverie(*options, "-o", "film.mp4")
        assert code == 0, err
        assert len(frames(Path("film.mp4"))) == 5


class TestRestyle:
    def test_a_video_is_painted_over(self, reverie, clip):
        options = [o for o in QUICK if o not in ("--size", "40x32")]
        code, _, err = reverie("restyle", clip, "fog", *options, "-o", "fog.mp4",
                               "--steps-per-frame", 1, "--from", "0.5s")  # fmt: skip
        assert code == 0, err
        shown = frames(Path("fog.mp4"))
        assert (len(shown), shown[0].shape) == (3, (48, 64, 3))  # its size
        assert seconds(Path("fog.mp4")) == pytest.approx(0.5)  # and its rate

    def test_what_cannot_begin_with_a_picture_says_so(self, reverie, clip):
        options = ["--canvas", "scene", "--refine", 0, "--size", 32, "-o", "film"]
        code, _, err = reverie("restyle", clip, "an owl", *options)
        assert code == 2
        assert "a Scene cannot begin with a picture" in err
        assert not Path("film").exists()

    @pytest.mark.parametrize(
        "source, message",
        [
            ("none.mp4", "none.mp4: there is no such file"),
            ("words.mp4", "words.mp4: not a video that can be read"),
            ("empty", "empty: there is no picture in this folder"),
        ],
    )
    def test_what_cannot_be_read_is_named(self, reverie, source, message):
        Path("words.mp4").write_text("words")
        Path("empty").mkdir()
        code, _, err = reverie("restyle", source, "fog", *QUICK, "-o", "out")
        assert (code, err.count("\n")) == (2, 1)
        assert message in err
        assert not Path("out").exists()
