"""The film of a run is the same film, however often the run was stopped."""

import dataclasses
import itertools
import json

import pytest

from record.films import frames, seconds
from reverie.canvas.pixels import Pixels
from reverie.device import machine
from reverie.errors import PictureError, RunError
from reverie.loss.smooth import TotalVariation
from reverie.optimizer import Adam
from reverie.recipe import Recipe, Stage
from reverie.record.story import story_in
from reverie.record.video import Video
from reverie.run import Run
from reverie.spec import from_json

CPU = machine("cpu", "fp32")


def recipe(steps=40, count=1, sizes=((40, 32),)):
    stages = tuple(
        Stage(
            canvas=Pixels(size=size),
            losses={"smooth": TotalVariation(weight=10.0)},
            optimizer=Adam(lr=0.05),
            steps=steps,
        )
        for size in sizes
    )
    return Recipe(name="test", title="calm", stages=stages, seed=5, count=count)


def start(recipe, folder, suffix=".mp4", **film):
    film = Video(path=str(folder.with_suffix(suffix)), **{"length": 2.0, **film})
    return Run.start(recipe, folder, CPU, film=film)


def test_a_run_leaves_a_film_that_ends_with_its_picture(tmp_path):
    run = start(recipe(), tmp_path / "run")
    list(run.frames())
    assert seconds(run.film) == pytest.approx(run.recorder.plan.seconds, abs=1e-3)
    assert seconds(run.film) == pytest.approx(2, abs=0.1)
    shown, last = frames(run.film), frames_of_picture(run.pictures[0])
    assert abs(shown[-1].astype(int) - last).mean() < 4
    assert abs(shown[0].astype(int) - last).mean() > 4
    assert not (run.folder / "reel").exists()


def frames_of_picture(path):
    import numpy as np
    from PIL import Image as pil

    return np.asarray(pil.open(path).convert("RGB")).astype(int)


def test_a_film_carries_the_story_of_its_run(tmp_path):
    run = start(recipe(), tmp_path / "run")
    list(run.frames())
    story = story_in(run.film)
    assert from_json(story["recipe"], Recipe) == recipe()
    assert story["ended"] == {"stage": 0, "step": 40}
    assert str(tmp_path) not in json.dumps(story)  # films are shown to strangers


@pytest.mark.parametrize("sizes", [((40, 32),), ((20, 16), (40, 32))], ids=["one", "two stages"])
@pytest.mark.parametrize("stop", [0, 7, 33])
def test_a_stopped_run_goes_on_to_the_same_film(tmp_path, stop, sizes):
    whole = start(recipe(sizes=sizes), tmp_path / "whole", ".apng")
    list(whole.frames())
    stopped = start(recipe(sizes=sizes), tmp_path / "stopped", ".apng")
    painted = stopped.frames()
    list(itertools.islice(painted, stop + 1))
    painted.close()
    assert len(frames(stopped.film)) < len(frames(whole.film))  # but watchable
    list(Run.open(stopped.folder).frames())
    assert len(frames(stopped.film)) == len(frames(whole.film))
    one, other = story_in(whole.film), story_in(stopped.film)
    assert one | {"video": None} == other | {"video": None}
    for a, b in zip(frames(whole.film), frames(stopped.film), strict=True):
        assert (a == b).all()


def test_frames_after_the_saved_state_are_made_again(tmp_path):
    """As after a kill: the reel is ahead of the state."""
    whole = start(recipe(), tmp_path / "whole", ".apng")
    list(whole.frames())
    killed = start(recipe(), tmp_path / "killed", ".apng")
    painted = killed.frames()
    list(itertools.islice(painted, 11))
    painted.close()
    for number in (10, 12, 31):
        (killed.folder / "reel" / f"{number:06d}.png").write_bytes(b"half a picture")
    list(Run.open(killed.folder).frames())
    for a, b in zip(frames(whole.film), frames(killed.film), strict=True):
        assert (a == b).all()


def test_several_pictures_are_filmed_together(tmp_path):
    run = start(recipe(count=3, steps=4), tmp_path / "run")
    list(run.frames())
    assert frames(run.film)[0].shape == (66, 82, 3)


def test_a_film_that_could_not_be_written_is_made_later(tmp_path):
    run = start(recipe(steps=4), tmp_path / "run")
    run.film.mkdir()
    with pytest.raises(PictureError, match="the film cannot be written"):
        list(run.frames())
    assert run.pictures[0].exists()
    run.film.rmdir()
    again = Run.open(run.folder)
    assert again.ended
    assert again.write_video() == run.film
    assert len(frames(run.film)) > 4
    assert again.write_video() is None  # it is there


def test_a_film_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "run.mp4").write_bytes(b"mine")
    with pytest.raises(PictureError, match=r"run.mp4 is there already"):
        start(recipe(), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    Run.start(
        recipe(),
        tmp_path / "run",
        CPU,
        film=Video(path=str(tmp_path / "run.mp4")),
        overwrite=True,
    )


def test_the_recipe_knows_nothing_of_the_film(tmp_path):
    run = start(recipe(), tmp_path / "run")
    assert "video" not in json.dumps(run.story["recipe"])
    assert run.recipe == dataclasses.replace(recipe())


def test_a_story_with_a_wrong_film_is_refused(tmp_path):
    run = start(recipe(), tmp_path / "run")
    story = run.story | {"video": {"kind": "Video", "path": "x.avi"}}
    (run.folder / "recipe.json").write_text(json.dumps(story))
    with pytest.raises((RunError, ValueError), match="no film"):
        Run.open(run.folder)
