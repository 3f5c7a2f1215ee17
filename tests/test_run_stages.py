"""A run of several stages keeps what each ended with, and its film shows them all in one size."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from PIL import Image as pil

from record.films import frames
from reverie import image as images
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Gradient
from reverie.device import machine
from reverie.errors import RunError, SpecError
from reverie.loss.smooth import TotalVariation
from reverie.optimizer import Adam
from reverie.protocols import LossSpec
from reverie.recipe import Recipe, Stage, Until
from reverie.record.story import story_in
from reverie.record.video import Video
from reverie.run import Run
from reverie.spec import from_json, spec, to_json

CPU = machine("cpu", "fp32")
SIZES = {"face": (24, 24), "spooky": (20, 30), "": (20, 30)}


@spec
class Rising(LossSpec):
    """A loss with a score that rises by a tenth at every step."""

    def build(self, canvas, machine):
        def loss(image, moment):
            moment.note("similarity", torch.full((len(image),), moment.step / 10))
            return image.mean((1, 2, 3))

        return loss


def recipe(count=1, sizes=SIZES, **changes):
    stages = tuple(
        Stage(
            canvas=Pixels(size=size, start=Gradient()),
            losses={"smooth": TotalVariation(weight=10.0)},
            optimizer=Adam(lr=0.05),
            steps=4,
            name=name,
        )
        for name, size in sizes.items()
    )
    first = dataclasses.replace(stages[0], **changes)
    stages = (first, *stages[1:])
    return Recipe(name="test", title="calm", stages=stages, seed=5, count=count)


def start(folder, made=None, name="film.apng", **film):
    film = Video(path=str(folder / name), **{"length": None, **film})
    return Run.start(made or recipe(), folder, CPU, film=film)


def shown(run):
    return {(p.stage, p.frame.step): p.frame.image for p in run.frames()}


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".png")


def test_every_stage_but_the_last_leaves_a_still_with_its_story(tmp_path):
    run = Run.start(recipe(), tmp_path / "run", CPU)
    seen = shown(run)
    assert names(run.folder) == ["picture.png", "stage-1-face.png", "stage-2-spooky.png"]
    for stage, name in enumerate(["stage-1-face.png", "stage-2-spooky.png"]):
        still = run.folder / name
        assert torch.allclose(images.load(still), seen[stage, 4].clamp(0, 1), atol=1 / 254)
        story = story_in(still)
        assert story["ended"] == {"stage": stage, "step": 4}
        assert from_json(story["recipe"], Recipe) == run.recipe
    assert [path.name for path in run.files] == ["picture.png"]
    assert [path.name for path in run.stills] == ["stage-1-face.png", "stage-2-spooky.png"]


def test_stills_of_several_pictures_have_numbers_and_a_sheet(tmp_path):
    run = Run.start(recipe(count=2), tmp_path / "run", CPU)
    list(run.frames())
    found = {name for name in names(run.folder) if name.startswith("stage-1")}
    assert found == {"stage-1-face-1.png", "stage-1-face-2.png", "stage-1-face-sheet.png"}
    assert {path.name for path in [*run.files, *run.stills]} == {*names(run.folder)}


def test_a_run_of_one_stage_has_no_stills(tmp_path):
    run = Run.start(recipe(sizes={"face": (24, 24)}), tmp_path / "run", CPU)
    list(run.frames())
    assert names(run.folder) == ["picture.png"]


def test_a_run_that_stops_early_has_the_stills_of_what_it_finished(tmp_path):
    run = Run.start(recipe(), tmp_path / "run", CPU)
    for progress in run.frames():
        if (progress.stage, progress.frame.step) == (1, 2):
            break
    assert names(run.folder) == ["picture.png", "stage-1-face.png"]
    first = (run.folder / "stage-1-face.png").read_bytes()
    list(Run.open(run.folder).frames())
    assert (run.folder / "stage-1-face.png").read_bytes() == first
    assert names(run.folder) == ["picture.png", "stage-1-face.png", "stage-2-spooky.png"]


def test_a_still_is_painted_again_from_its_own_story(tmp_path):
    run = Run.start(recipe(), tmp_path / "run", CPU)
    list(run.frames())
    again = Run.start(recipe(), tmp_path / "again", CPU)
    end = story_in(run.folder / "stage-1-face.png")["ended"]
    list(again.frames(last=(end["stage"], end["step"])))
    assert names(again.folder) == ["picture.png"]
    old, new = (pil.open(p) for p in (run.folder / "stage-1-face.png", again.pictures[0]))
    assert (np.asarray(old) == np.asarray(new)).all()


@pytest.mark.parametrize("count, still", [(1, "stage-1-face.png"), (2, "stage-1-face-1.png")])
def test_another_runs_stills_are_not_painted_over_unasked(tmp_path, count, still):
    folder = tmp_path / "run"
    list(Run.start(recipe(count=count), folder, CPU).frames())
    for path in [*folder.glob("picture*"), *folder.glob("sheet*")]:
        path.unlink()
    with pytest.raises(RunError, match=f"already holds {still}"):
        Run.start(recipe(), folder, CPU)
    run = Run.start(recipe(), folder, CPU, overwrite=True)
    assert still in names(folder)  # until there is something in its place
    list(run.frames())
    assert names(folder) == ["picture.png", "stage-1-face.png", "stage-2-spooky.png"]


def test_the_next_stage_takes_the_middle_of_a_picture_of_another_shape(tmp_path):
    made = recipe(sizes={"face": (32, 24), "tall": (12, 24)}, steps=1)
    still = dataclasses.replace(made.stages[1], optimizer=Adam(lr=0.0))
    made = dataclasses.replace(made, stages=(made.stages[0], still))
    seen = shown(Run.start(made, tmp_path / "run", CPU))
    want = seen[0, 1][..., 10:22]  # as high, and the middle of the width
    torch.testing.assert_close(seen[1, 0], want, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["../up", "a/b", "a.b", "a" * 33, "a\n"])
def test_a_name_that_is_no_part_of_a_file_name_is_refused(name):
    with pytest.raises(SpecError, match="letters, digits and -"):
        recipe(name=name)


def test_a_recipe_from_before_stages_had_names_is_read(tmp_path):
    data = to_json(recipe())
    for stage in data["stages"]:
        del stage["name"]
    assert {stage.name for stage in from_json(data, Recipe).stages} == {""}


def test_progress_names_the_stage_and_where_it_ends(tmp_path):
    run = Run.start(recipe(), tmp_path / "run", CPU)
    seen = {(p.part, p.part_end, p.steps) for p in run.frames()}
    assert seen == {
        ("face (1 of 3)", 4, 12),
        ("spooky (2 of 3)", 8, 12),
        ("stage (3 of 3)", 12, 12),
    }


class TestFilm:
    def test_it_shows_every_picture_of_every_stage_in_the_last_ones_size(self, tmp_path):
        run = start(tmp_path / "run")
        seen = shown(run)
        film = frames(run.film)
        assert len(film) == len(seen) == 15
        for (stage, _), got, picture in zip(seen, film, seen.values(), strict=True):
            want = images.fit(picture, SIZES["spooky"]) if stage == 0 else picture
            assert (got == images.to_uint8(want)[0].numpy()).all()

    def test_it_pauses_where_stages_end(self, tmp_path):
        run = start(tmp_path / "run", rate=10, pause=0.3)
        list(run.frames())
        with pil.open(run.film) as file:
            assert file.n_frames >= 15
        assert run.recorder.plan.seconds == pytest.approx((15 + 3 * 2) / 10)
        assert total(run.film) == pytest.approx(2100)

    def test_it_may_show_the_last_stage_alone(self, tmp_path):
        run = start(tmp_path / "run", first=2)
        seen = shown(run)
        film = frames(run.film)
        assert len(film) == 5
        for step, got in enumerate(film):
            assert (got == images.to_uint8(seen[2, step])[0].numpy()).all()

    def test_before_its_first_stage_there_is_none(self, tmp_path):
        run = start(tmp_path / "run", first=2)
        for progress in run.frames():
            if progress.stage == 1:
                break
        assert run.film not in run.files
        list(Run.open(run.folder).frames())
        assert len(frames(run.film)) == 5

    @pytest.mark.parametrize("stop", range(15))
    def test_a_stopped_run_goes_on_to_the_same_bytes(self, tmp_path, stop):
        whole = start(tmp_path / "whole" / "run", pause=0.1)
        list(whole.frames())
        stopped = start(tmp_path / "stopped" / "run", pause=0.1)
        painted = stopped.frames()
        list(itertools.islice(painted, stop + 1))
        painted.close()
        assert stopped.film.exists()
        list(Run.open(stopped.folder).frames())
        assert stopped.film.read_bytes() == whole.film.read_bytes()

    def test_a_stage_that_ends_early_pauses_where_it_ended(self, tmp_path):
        early = recipe(losses={"rising": Rising()}, until=Until(score=0.2))
        run = start(tmp_path / "run", early, name="film.mp4", pause=0.1)  # 3 pictures at 30
        seen = shown(run)
        assert [step for stage, step in seen if stage == 0] == [0, 1, 2]
        assert len(frames(run.film)) == (3 + 2) + (5 + 2) + (5 + 2)
        assert (run.folder / "stage-1-face.png").exists()

    def test_several_pictures_are_cut_one_by_one(self, tmp_path):
        run = start(tmp_path / "run", recipe(count=2))
        seen = shown(run)
        sheet = images.sheet(images.fit(seen[0, 0], SIZES["spooky"]))
        assert (frames(run.film)[0] == images.to_uint8(sheet)[0].numpy()).all()

    def test_a_film_in_the_runs_folder_moves_with_it(self, tmp_path):
        run = start(tmp_path / "run")
        next(run.frames())
        (tmp_path / "run").rename(tmp_path / "moved")
        moved = Run.open(tmp_path / "moved")
        list(moved.frames())
        assert moved.film == tmp_path / "moved" / "film.apng"
        assert moved.film.exists() and not run.folder.exists()

    def test_a_run_that_cannot_begin_leaves_no_folder(self, tmp_path):
        with pytest.raises(SpecError, match="begins with stage 3"):
            start(tmp_path / "run", first=3)
        assert not (tmp_path / "run").exists()


def total(path):
    with pil.open(path) as file:
        times = []
        for i in range(file.n_frames):
            file.seek(i)
            file.load()
            times.append(file.info["duration"])
    return sum(times)
