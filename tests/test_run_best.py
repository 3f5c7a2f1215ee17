"""The best picture of a run is kept beside the last one, whatever happens to the run."""

from itertools import islice
from pathlib import Path

import pytest

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.pixels import Pixels
from reverie.device import machine
from reverie.errors import RunError
from reverie.loss.prompts import Prompts
from reverie.loss.smooth import TotalVariation
from reverie.optimizer import Adam
from reverie.perceptor.pocket import Pocket
from reverie.prompt import parse
from reverie.recipe import Recipe, Stage
from reverie.record.story import story_in
from reverie.run import Run

CPU = machine("cpu", "fp32")
WORDS = Prompts(  # the second scene begins badly, so that the best step is in the middle
    scenes=parse("a red apple ^ an owl in the snow"),
    perceptors=(Pocket(),),
    augment=Cutouts(count=2, preset="crops"),
)


def recipe(steps=8, count=1, **losses):
    losses = losses or {"prompts": WORDS}
    stage = Stage(canvas=Pixels(size=(40, 32)), losses=losses, optimizer=Adam(lr=0.2), steps=steps)
    return Recipe(name="test", title="an apple", stages=(stage,), seed=5, count=count)


def shown(run: Run) -> list:
    return [progress.frame.image for progress in run.frames()]


def test_the_best_of_every_picture_is_the_frame_with_its_highest_score(tmp_path: Path) -> None:
    run = Run.start(recipe(count=2), tmp_path / "run", CPU, best=True)
    frames = shown(run)
    scores = [row["score"] for row in run.log.rows()]
    for i in range(2):
        path = run.folder / f"best-{i + 1}.png"
        step = max(range(9), key=lambda at: scores[at][i])
        story = story_in(path)
        assert story and story["ended"] == {"stage": 0, "step": step} and story["picture"] == i
        assert story["score"] == pytest.approx(scores[step][i], abs=1e-5)
        assert (images.load(path) - frames[step][i]).abs().max() < 1 / 255
        assert path in run.files


@pytest.mark.parametrize("stop", [2, 5, 8])
def test_a_stopped_run_keeps_the_best_of_before_and_after(tmp_path: Path, stop: int) -> None:
    whole = Run.start(recipe(), tmp_path / "whole", CPU, best=True)
    shown(whole)
    stopped = Run.start(recipe(), tmp_path / "stopped", CPU, best=True)
    list(islice(stopped.frames(), stop))
    assert (stopped.folder / "best.png").exists()
    story = story_in(whole.folder / "best.png")
    assert story and 0 < story["ended"]["step"] < 5
    shown(Run.open(stopped.folder))
    want, got = ((run.folder / "best.png").read_bytes() for run in (whole, stopped))
    assert got == want


def test_without_a_score_or_without_being_asked_none_is_kept(tmp_path: Path) -> None:
    plain = Run.start(recipe(), tmp_path / "plain", CPU)
    scoreless = recipe(smooth=TotalVariation())
    unscored = Run.start(scoreless, tmp_path / "unscored", CPU, best=True)
    for run in (plain, unscored):
        shown(run)
        assert not (run.folder / "best.png").exists()


def test_a_run_over_another_takes_its_best_picture_away(tmp_path: Path) -> None:
    shown(Run.start(recipe(), tmp_path / "run", CPU, best=True))
    with pytest.raises(RunError, match="already holds"):
        Run.start(recipe(), tmp_path / "run", CPU)
    shown(Run.start(recipe(), tmp_path / "run", CPU, overwrite=True))
    assert not (tmp_path / "run" / "best.png").exists()
