"""`reverie spooky` makes a film unless none is wanted, and says where everything is."""

import json
from typing import NamedTuple

import pytest
from safetensors.torch import save_file

from nets import small_stylegans as small
from record.films import frames, seconds
from reverie.record.story import story_in


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def spooky(reverie, somewhere_else, tmp_path):
    """The command on small networks, in a folder of its own."""
    tensors, config = small.stylegan2()
    (tmp_path / "face").mkdir()
    save_file({k: v.contiguous() for k, v in tensors.items()}, tmp_path / "face/model.safetensors")
    (tmp_path / "face/config.json").write_text(json.dumps(config))

    def run(*more):
        return Done(
            *reverie(
                *("spooky", "a witch", "--seed", "3", "--device", "cpu", "--precision", "fp32"),
                *("--face-model", str(tmp_path / "face"), "--model", "pocket-vqgan"),
                *("--perceptor", "pocket-clip", "--size", "24x32", "--cutouts", "2"),
                *("--face-steps", "3", "--spooky-steps", "2", "--steps", "4"),
                *("-o", str(tmp_path / "out"), *more),
            )
        )

    return run


FILM = ["picture.png", "spooky.mp4"]


def made(done):
    return [line.rsplit("/", 1)[-1] for line in done.stdout.splitlines()]


def test_the_chain_leaves_pictures_of_its_stages_and_a_film_of_it_all(spooky, tmp_path):
    done = spooky()
    assert done.returncode == 0, done.stderr
    assert made(done) == FILM
    assert "stages before: stage-1-face.png, stage-2-spooky.png" in done.stderr
    assert "face (3 steps), spooky (2 steps), nightmare (4 steps, " in done.stderr
    pictures = (4 + 14) + (3 + 14) + (5 + 14)  # each stage pauses for half a second
    assert len(frames(tmp_path / "out/spooky.mp4")) == pictures
    assert seconds(tmp_path / "out/spooky.mp4") == pytest.approx(pictures / 30, abs=1e-3)
    assert story_in(tmp_path / "out/spooky.mp4")["ended"] == {"stage": 2, "step": 4}


def test_the_film_may_be_of_the_nightmare_alone_or_none(spooky, tmp_path):
    assert spooky("--film", "nightmare").returncode == 0
    assert len(frames(tmp_path / "out/spooky.mp4")) == 5
    done = spooky("--film", "none", "--overwrite")
    assert made(done) == ["picture.png"]
    done = spooky("--film", "nightmare", "--stages", "face,spooky", "--overwrite")
    assert done.returncode == 2
    assert "film: no nightmare is among the stages; take --film chain" in done.stderr


def test_the_film_may_be_elsewhere_slower_or_of_a_length(spooky, tmp_path):
    path = tmp_path / "else.webm"
    assert spooky("--video", str(path), "--video-rate", "10").returncode == 0
    assert seconds(path) == pytest.approx((4 + 3 + 5 + 3 * 4) / 10, abs=0.05)
    done = spooky("--video-length", "0.5s", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert seconds(tmp_path / "out/spooky.mp4") < 1.2


def test_a_rate_of_0_is_refused(spooky):
    done = spooky("--video-rate", "0")
    assert done.returncode == 2
    assert "0 pictures a second; .mp4 takes 1 to 120" in done.stderr


def test_a_chain_that_was_stopped_is_resumed_and_replayed(spooky, reverie, tmp_path):
    done = spooky("--budget", "0s")
    assert "stopped at step 0 of 9, in face (1 of 3)" in done.stderr
    done = Done(*reverie("resume", tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert made(done) == FILM
    again = Done(*reverie("replay", tmp_path / "out/stage-1-face.png"))
    assert "the same picture, bit for bit" in again.stderr
