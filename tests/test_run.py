"""A run is a folder that survives being stopped, killed, moved and misused."""

import dataclasses
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.averaged import Averaged
from reverie.canvas.fourier import Fourier
from reverie.canvas.pixels import Pixels
from reverie.canvas.siren import Siren
from reverie.curve import Linear
from reverie.device import machine
from reverie.errors import CapacityError, DivergedError, RunError, SpecError, WeightsError
from reverie.loss.prompts import Prompts
from reverie.loss.smooth import TotalVariation
from reverie.optimizer import Adam, AdamP
from reverie.perceptor.clip import Clip
from reverie.prompt import parse
from reverie.protocols import LossSpec
from reverie.recipe import Patience, Recipe, Stage, Until
from reverie.record.story import story_in
from reverie.render import drawing_in
from reverie.run import Run
from reverie.spec import from_json, spec, to_json

GOLDEN = Path(__file__).parent / "golden"
CPU = machine("cpu", "fp32")


@spec
class Breaking(LossSpec):
    """A loss that is not a number at step `at`."""

    at: int

    def build(self, canvas, machine):
        def loss(image, moment):
            return image.mean((1, 2, 3)) * (float("nan") if moment.step == self.at else 1.0)

        return loss


@spec
class Greedy(LossSpec):
    """A loss that asks for more memory than any machine has."""

    def build(self, canvas, machine):
        def loss(image, moment):
            return image.new_empty(2**48).sum()[None]

        return loss


def recipe(weights=GOLDEN / "clip-vit" / "weights.safetensors", steps=6, count=1, **changes):
    stage = Stage(
        canvas=Pixels(size=(40, 32)),
        losses={
            "prompts": Prompts(
                scenes=parse("a lighthouse | fog:0.3..0.1"),
                perceptors=(Clip(weights=str(weights)),),
                augment=Cutouts(count=4),
            ),
            "smooth": TotalVariation(weight=0.1),
        },
        optimizer=Adam(lr=Linear(start=0.1, end=0.02)),
        steps=steps,
    )
    stage = dataclasses.replace(stage, **changes)
    return Recipe(name="test", title="a lighthouse and fog", stages=(stage,), seed=5, count=count)


def paint(recipe, folder, stop_at=None, **options):
    run = Run.start(recipe, folder, CPU)
    for progress in run.frames(**options):
        if progress.step == stop_at:
            break
    return run


def test_a_run_leaves_a_picture_that_carries_its_story(tmp_path):
    run = paint(recipe(), tmp_path / "run")
    assert run.pictures == [tmp_path / "run" / "picture.png"]
    assert not run.state_file.exists()
    assert Run.open(run.folder).ended == "all steps done"
    story = story_in(run.pictures[0])
    assert from_json(story["recipe"], Recipe) == recipe()
    assert story["ended"] == {"stage": 0, "step": 6}
    assert story["machine"]["precision"] == "fp32"
    assert [len(sha) for sha in story["digests"].values()] == [64]
    assert -1 <= story["score"] <= 1
    assert [row["step"] for row in run.log.rows()] == list(range(7))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_every_kind_of_picture_carries_the_story(tmp_path, suffix):
    run = Run.start(recipe(steps=1), tmp_path / "run", CPU, suffix=suffix)
    list(run.frames())
    assert from_json(story_in(run.pictures[0])["recipe"], Recipe) == recipe(steps=1)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"canvas": Averaged(canvas=Fourier(size=(33, 24)), decay=0.9)},
        {"optimizer": AdamP(lr=0.05)},
        {"until": Until(patience=3)},
    ],
    ids=["pixels", "averaged-fourier", "adamp", "patience"],
)
def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path, changes):
    whole = paint(recipe(**changes), tmp_path / "whole")
    stopped = paint(recipe(**changes), tmp_path / "stopped", stop_at=3)
    assert story_in(stopped.pictures[0])["ended"]["step"] == 3
    again = Run.open(tmp_path / "stopped")
    assert again.ended is None
    assert next(iter(again.frames())).step == 3
    list(Run.open(tmp_path / "stopped").frames())
    assert not stopped.state_file.exists()
    assert stopped.pictures[0].read_bytes() == whole.pictures[0].read_bytes()
    rows = [{k: v for k, v in row.items() if k != "time"} for row in again.log.rows()]
    assert rows == [{k: v for k, v in row.items() if k != "time"} for row in whole.log.rows()]


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from reverie.run import Run
for progress in Run.open(Path({folder!r})).frames(save_every=0):
    print(progress.step, flush=True)
"""


@pytest.mark.parametrize("moment", [0, 9, 21])
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, moment):
    """The process is killed with SIGKILL soon after a step, wherever it is by then."""
    whole = paint(recipe(steps=60), tmp_path / "whole")
    killed = Run.start(recipe(steps=60), tmp_path / "killed", CPU)
    threads = torch.get_num_threads()
    code = KILLED.format(paths=[p for p in sys.path if p], folder=str(killed.folder))
    child = subprocess.Popen(
        [sys.executable, "-c", f"import torch; torch.set_num_threads({threads})\n{code}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in child.stdout:
        if int(line) == moment:
            time.sleep(0.001 * moment)  # somewhere within the next steps
            os.kill(child.pid, signal.SIGKILL)
            break
    child.stdout.close()
    child.wait()
    assert Run.open(killed.folder).ended is None
    list(Run.open(killed.folder).frames())
    assert killed.pictures[0].read_bytes() == whole.pictures[0].read_bytes()


def test_picture_i_of_a_batch_is_the_picture_of_seed_plus_i(tmp_path):
    together = paint(recipe(count=3), tmp_path / "together")
    assert (together.folder / "sheet.png").exists()
    for i in range(3):
        alone = dataclasses.replace(recipe(), seed=5 + i)
        single = paint(alone, tmp_path / f"alone-{i}")
        gap = images.load(together.pictures[i]) - images.load(single.pictures[0])
        assert gap.abs().max() <= 1.01 / 255  # float tolerance, rounded to 8 bits


def test_a_stage_starts_from_the_picture_before_it(tmp_path):
    one = recipe(steps=3)
    hold = dataclasses.replace(one.stages[0], optimizer=Adam(lr=0.0), canvas=Pixels(size=(80, 64)))
    two = dataclasses.replace(one, stages=(*one.stages, hold))
    seen = {}
    run = Run.start(two, tmp_path / "two", CPU)
    for progress in run.frames():
        seen[progress.stage, progress.frame.step] = progress.frame.image
    assert list(seen) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3)]
    assert seen[1, 3].shape == (1, 3, 64, 80)
    want = images.resize(seen[0, 3], (80, 64)).clamp(0, 1)
    torch.testing.assert_close(seen[1, 3], want, rtol=0, atol=1e-6)


def test_a_run_of_two_stages_resumes_in_the_second(tmp_path):
    one = recipe(steps=3)
    two = dataclasses.replace(one, stages=(one.stages[0], one.stages[0]))
    whole = paint(two, tmp_path / "whole")
    stopped = paint(two, tmp_path / "stopped", stop_at=5)
    list(Run.open(stopped.folder).frames())
    assert stopped.pictures[0].read_bytes() == whole.pictures[0].read_bytes()


def test_a_run_ends_when_the_score_is_reached(tmp_path):
    run = paint(recipe(until=Until(score=-1.0)), tmp_path / "run")
    assert run.ended == "the score has reached -1"
    assert [row["step"] for row in run.log.rows()] == [0]


def test_patience_ends_a_stage_whose_score_no_longer_rises():
    patience = Patience(Until(patience=5))
    rising = [patience.enough([0.01 * i]) for i in range(50)]
    flat = [patience.enough([0.5]) for _ in range(60)]
    assert rising == [None] * 50
    assert "not risen for 5 steps" in next(filter(None, flat))


def test_one_lucky_step_does_not_end_a_stage_that_is_rising():
    patience = Patience(Until(patience=25))
    scores = [0.1 + 0.01 * step for step in range(60)]
    scores[10] = 0.9
    assert [patience.enough([score]) for score in scores] == [None] * 60


def test_a_score_is_reached_when_every_picture_has_it():
    patience = Patience(Until(score=0.5))
    assert patience.enough([0.9, 0.4]) is None
    assert patience.enough([0.9, 0.5]) is not None


def test_a_budget_stops_the_run_and_it_can_go_on(tmp_path):
    run = Run.start(recipe(steps=5), tmp_path / "run", CPU)
    assert [p.step for p in run.frames(budget=0.0)] == [0]
    assert run.state_file.exists()
    assert [p.step for p in Run.open(run.folder).frames()] == [0, 1, 2, 3, 4, 5]


def test_what_a_canvas_keeps_is_of_the_picture_beside_it_when_a_run_is_stopped(tmp_path):
    siren = Siren(size=(9, 6), layers=2, hidden=64)
    run = paint(recipe(canvas=siren, optimizer=AdamP(lr=1e-2)), tmp_path / "run", stop_at=3)
    (beside,) = [path for path in run.files if path.suffix == ".safetensors"]
    drawn = torch.cat(list(drawing_in(beside).bands((9, 6), CPU, beyond=False)), 2)
    assert torch.equal(images.to_uint8(drawn), images.to_uint8(images.load(str(run.pictures[0]))))


def test_what_a_stage_kept_goes_when_the_next_one_keeps_nothing(tmp_path):
    siren = Siren(size=(40, 32), layers=2, hidden=64)
    first = recipe(canvas=siren, optimizer=AdamP(lr=1e-2), steps=2).stages[0]
    both = dataclasses.replace(recipe(steps=2), stages=(first, recipe(steps=2).stages[0]))
    run = paint(both, tmp_path / "run", stop_at=1)
    assert (run.folder / "picture.safetensors").exists()
    list(Run.open(run.folder).frames())
    assert not (run.folder / "picture.safetensors").exists()


def test_replaying_ends_where_the_picture_was_taken(tmp_path):
    stopped = paint(recipe(), tmp_path / "stopped", stop_at=4)
    again = Run.start(recipe(), tmp_path / "again", CPU)
    list(again.frames(last=(0, 4)))
    assert again.pictures[0].read_bytes() == stopped.pictures[0].read_bytes()


class TestTrouble:
    def test_a_diverging_loss_keeps_the_last_good_picture(self, tmp_path):
        run = Run.start(recipe(losses={"bad": Breaking(at=3)}), tmp_path / "run", CPU)
        with pytest.raises(DivergedError, match="step 3: the loss 'bad'"):
            list(run.frames())
        assert story_in(run.pictures[0])["ended"]["step"] == 2

    def test_too_little_memory_is_named_with_the_knobs(self, tmp_path):
        run = Run.start(recipe(losses={"bad": Greedy()}), tmp_path / "run", CPU)
        with pytest.raises(CapacityError, match="40x32; a smaller --size or --count"):
            list(run.frames())

    def test_a_finished_picture_is_not_painted_over(self, tmp_path):
        before = paint(recipe(steps=1), tmp_path / "run").pictures[0].read_bytes()
        with pytest.raises(RunError, match=r"already holds picture.png.*--overwrite.*resume"):
            Run.start(recipe(steps=2), tmp_path / "run", CPU)
        assert (tmp_path / "run" / "picture.png").read_bytes() == before
        list(Run.start(recipe(steps=2), tmp_path / "run", CPU, overwrite=True).frames())
        assert (tmp_path / "run" / "picture.png").read_bytes() != before

    def test_painting_over_a_run_takes_all_its_pictures_away(self, tmp_path):
        paint(recipe(steps=1, count=3), tmp_path / "run")
        list(Run.start(recipe(steps=1), tmp_path / "run", CPU, overwrite=True).frames())
        assert sorted(p.name for p in tmp_path.glob("run/*.png")) == ["picture.png"]

    def test_a_run_that_fails_at_once_takes_no_older_picture_away(self, tmp_path):
        before = paint(recipe(steps=1), tmp_path / "run").pictures[0].read_bytes()
        bad = recipe(losses={"bad": Breaking(at=0)})
        with pytest.raises(DivergedError):
            list(Run.start(bad, tmp_path / "run", CPU, overwrite=True).frames())
        assert (tmp_path / "run" / "picture.png").read_bytes() == before

    def test_two_cannot_paint_in_one_folder(self, tmp_path):
        run = Run.start(recipe(), tmp_path / "run", CPU)
        frames = run.frames()
        next(frames)
        with pytest.raises(RunError, match="another process is painting in"):
            next(Run.open(run.folder).frames())
        with pytest.raises(RunError, match="another process is painting in"):
            Run.start(recipe(), tmp_path / "run", CPU, overwrite=True)
        assert len(list(frames)) == 6

    def test_a_run_that_fails_before_its_first_frame_leaves_no_folder(self, tmp_path):
        run = Run.start(recipe(losses={"bad": Breaking(at=0)}), tmp_path / "new" / "run", CPU)
        with pytest.raises(DivergedError):
            list(run.frames())
        assert not (tmp_path / "new").exists()
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "notes.txt").write_text("mine")
        run = Run.start(recipe(losses={"bad": Breaking(at=0)}), tmp_path / "mine", CPU)
        with pytest.raises(DivergedError):
            list(run.frames())
        assert [p.name for p in run.folder.iterdir()] == ["notes.txt"]

    def test_a_run_that_cannot_fit_is_refused_before_it_starts(self, tmp_path):
        huge = recipe(canvas=Pixels(size=(16384, 16384)), count=1000)
        with pytest.raises(CapacityError, match=r"1000 picture\(s\) of 16384x16384 would take"):
            Run.start(huge, tmp_path / "run", CPU)
        assert not (tmp_path / "run").exists()

    def test_nothing_is_written_when_the_weights_are_missing(self, tmp_path):
        with pytest.raises(WeightsError):
            Run.start(recipe(weights=tmp_path / "no.safetensors"), tmp_path / "run", CPU)
        assert not (tmp_path / "run").exists()

    def test_other_weights_are_refused_on_resuming(self, tmp_path):
        weights = tmp_path / "w.safetensors"
        shutil.copy(GOLDEN / "clip-vit" / "weights.safetensors", weights)
        run = paint(recipe(weights=weights), tmp_path / "run", stop_at=2)
        other = bytearray(weights.read_bytes())
        other[-1] ^= 1
        weights.write_bytes(other)
        with pytest.raises(WeightsError, match="is not the file that painted this"):
            list(Run.open(run.folder).frames())

    def test_a_folder_without_a_run_is_named(self, tmp_path):
        with pytest.raises(RunError, match="there is no run in"):
            Run.open(tmp_path)
        (tmp_path / "recipe.json").write_text("not json")
        with pytest.raises(RunError, match=r"recipe.json is not a run's recipe"):
            Run.open(tmp_path)

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("machine", None, r"\$\.machine: expected an object"),
            ("machine", {"device": "cpu"}, r"\$\.machine: 'precision' is missing"),
            ("machine", {"device": [], "precision": "fp32"}, r"\$\.machine\.device: expected"),
            ("digests", {"w": 1}, r"\$\.digests\.w: expected str, got 1"),
            ("suffix", 3, r"\$\.suffix: expected str"),
            ("reverie", ..., r"\$: 'reverie' is missing"),
        ],
        ids=str,
    )
    def test_a_story_that_was_changed_is_refused_with_its_place(
        self, tmp_path, field, value, message
    ):
        run = paint(recipe(steps=1), tmp_path / "run")
        story = json.loads((run.folder / "recipe.json").read_text())
        story[field] = value
        if value is ...:
            del story[field]
        (run.folder / "recipe.json").write_text(json.dumps(story))
        with pytest.raises(SpecError, match=message):
            Run.open(run.folder)

    def test_a_recipe_from_a_newer_version_says_what_it_does_not_know(self, tmp_path):
        run = paint(recipe(steps=1), tmp_path / "run")
        story = json.loads((run.folder / "recipe.json").read_text())
        story["recipe"]["stages"][0]["canvas"]["kind"] = "Hologram"
        (run.folder / "recipe.json").write_text(json.dumps(story))
        with pytest.raises(SpecError, match=r"\$\.stages\[0\]\.canvas: unknown kind 'Hologram'"):
            Run.open(run.folder)

    def test_a_broken_state_is_named_with_the_remedy(self, tmp_path):
        run = paint(recipe(), tmp_path / "run", stop_at=2)
        run.state_file.write_bytes(b"not a state")
        with pytest.raises(RunError, match="state.pt cannot be read.*delete it"):
            list(Run.open(run.folder).frames())

    def test_a_full_disk_is_named_and_what_was_saved_stays_whole(self, tmp_path):
        run = paint(recipe(), tmp_path / "run", stop_at=2)
        before = run.pictures[0].read_bytes()
        room = run.log.path.stat().st_size + 50  # for no more lines of the log, and no picture
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            with pytest.raises(RunError, match=r"cannot write to .*make room.*reverie resume"):
                list(Run.open(run.folder).frames())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert run.pictures[0].read_bytes() == before
        assert [p.step for p in Run.open(run.folder).frames()] == [2, 3, 4, 5, 6]

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(RunError, match="cannot write to"):
            Run.start(recipe(), tmp_path / "file" / "run", CPU)


def test_a_recipe_survives_json():
    assert from_json(json.loads(json.dumps(to_json(recipe()))), Recipe) == recipe()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, r"\$\.stages\[0\]: steps must be 1 or more"),
        ("losses", {}, r"\$\.stages\[0\]: a stage needs at least one loss"),
        ("canvas", to_json(Adam()), r"\$\.stages\[0\]\.canvas: expected canvas, got Adam"),
        ("until", {"kind": "Until", "score": 3}, r"\$\.stages\[0\]\.until: the score is a cosine"),
    ],
)
def test_a_stage_that_makes_no_sense_is_refused_with_its_place(field, value, message):
    data = to_json(recipe())
    data["stages"][0][field] = value
    with pytest.raises(SpecError, match=message):
        from_json(data, Recipe)
