"""A film is a folder that survives being stopped, and goes on to the very same frames."""

import dataclasses
import itertools
import json
import os

import pytest
import torch

from record.films import frames, moving, seconds
from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.canvas.fourier import Fourier
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Gradient, Picture
from reverie.curve import Keyframes
from reverie.device import machine
from reverie.errors import PictureError, RunError, SpecError, WeightsError
from reverie.film.footage import Footage
from reverie.film.frames import tone, toned
from reverie.film.motion import Motion, constant
from reverie.film.plan import Film
from reverie.film.run import FilmRun
from reverie.loss.smooth import TotalVariation
from reverie.optimizer import Adam
from reverie.protocols import LossSpec
from reverie.recipe import Recipe, Stage
from reverie.record import video
from reverie.record.story import story_in
from reverie.spec import spec

CPU = machine("cpu", "fp32")
ZOOM = Motion(zoom=constant(1.1), rotate=constant(2.0))
SEEN: list[tuple[int, float, int]] = []


@spec
class Watching(LossSpec):
    """Notes when it is asked."""

    def build(self, canvas, machine):
        def loss(image, moment):
            SEEN.append((moment.step, moment.t, moment.draws.step))
            return image.mean((1, 2, 3))

        return loss


@spec
class Wandering(LossSpec):
    """Pulls towards other random pixels at every step; the later in the film, the darker."""

    def build(self, canvas, machine):
        def loss(image, moment):
            target = moment.draws.uniform(*image.shape[1:]) * (1 - moment.t)
            return (image - target).square().mean((1, 2, 3))

        return loss


def stage(canvas=None, steps=4, **losses):
    losses = losses or {"wandering": Wandering()}
    canvas = canvas or Pixels(size=(40, 32), start=Gradient())
    return Stage(canvas=canvas, losses=losses, optimizer=Adam(lr=0.05), steps=steps)


def recipe(*stages, **changes):
    return Recipe(name="test", title="a lighthouse", stages=stages or (stage(),), seed=5, **changes)


def start(folder, plan=None, made=None, **options):
    plan = plan or Film(frames=6, rate=10, steps=2, motion=ZOOM)
    return FilmRun.start(plan, made or recipe(), folder, CPU, **options)


def bits(run):
    return [path.read_bytes() for path in run.reel.paths()]


def test_a_film_leaves_every_frame_and_a_film(tmp_path):
    run = start(tmp_path / "film")
    shown = list(run.frames())
    assert [p.name for p in run.reel.paths()] == [f"{i:06d}.png" for i in range(1, 7)]
    assert run.path == tmp_path / "film" / "film.mp4"
    assert (len(frames(run.path)), seconds(run.path)) == (6, pytest.approx(0.6))
    assert not run.state_file.exists()
    assert FilmRun.open(run.folder).ended == shown[-1].ended == "all frames done"
    assert (shown[0].steps, shown[-1].step) == (4 + 5 * 2, 4 + 5 * 2)
    assert [row["step"] for row in run.log.rows()] == list(range(6))


@pytest.mark.parametrize(
    "canvas",
    [Pixels(size=(40, 32)), Fourier(size=(33, 24)), Averaged(canvas=Pixels(size=(24, 24)))],
    ids=["pixels", "fourier", "averaged"],
)
@pytest.mark.parametrize("stop", [2, 5, 8])
def test_a_stopped_film_goes_on_to_the_same_frames(tmp_path, canvas, stop):
    """In the first frame, right after it, and later."""
    whole = start(tmp_path / "whole", made=recipe(stage(canvas)))
    list(whole.frames())
    stopped = start(tmp_path / "stopped", made=recipe(stage(canvas)))
    painting = stopped.frames()
    list(itertools.islice(painting, stop))
    painting.close()
    assert len(stopped.reel.paths()) == max(0, stop - 5)
    assert stopped.path.exists() == (stop > 5)
    list(FilmRun.open(stopped.folder).frames())
    assert bits(stopped) == bits(whole)
    assert seconds(stopped.path) == seconds(whole.path)


def test_a_film_of_several_stages_goes_on_from_any(tmp_path):
    made = recipe(stage(steps=3), stage(Fourier(size=(48, 40)), steps=3))
    whole = start(tmp_path / "whole", made=made)
    steps = len(list(whole.frames()))
    for stop in range(1, steps, 3):
        run = start(tmp_path / f"{stop}", made=made)
        painting = run.frames()
        list(itertools.islice(painting, stop))
        painting.close()
        list(FilmRun.open(run.folder).frames())
        assert bits(run) == bits(whole)


def test_frames_after_the_saved_state_are_made_again(tmp_path):
    """As after a kill: frames and log are ahead of the state."""
    whole = start(tmp_path / "whole")
    list(whole.frames())
    killed = start(tmp_path / "killed")
    painting = killed.frames()
    list(itertools.islice(painting, 7))
    painting.close()
    for number in (3, 4, 6):
        killed.reel.path(number).write_bytes(b"half a picture")
    list(FilmRun.open(killed.folder).frames())
    assert bits(killed) == bits(whole)


def test_losses_see_the_time_of_the_film(tmp_path):
    SEEN.clear()
    list(start(tmp_path / "film", made=recipe(stage(steps=3, watching=Watching()))).frames())
    assert {(step, t) for step, t, _ in SEEN[:4]} == {(0, 0.0)}
    later = SEEN[4:]
    assert [step for step, _, _ in later] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [t for _, t, _ in later] == pytest.approx([s / 6 for s, _, _ in later])
    draws = [step for _, _, step in SEEN]
    assert len(set(draws)) == len(draws)  # every look has random numbers of its own


def test_frames_follow_each_other(tmp_path):
    """Without steps that change much, a frame is the one before it, moved."""
    calm = stage(steps=1, smooth=TotalVariation(weight=1e-9))
    calm = dataclasses.replace(calm, optimizer=Adam(lr=1e-9))
    plan = Film(frames=3, rate=10, steps=1, motion=ZOOM, tone=0.0)
    run = start(tmp_path / "film", plan, recipe(calm))
    list(run.frames())
    one, two, three = map(images.load, run.reel.paths())
    assert (ZOOM.moved(one, 1) - two).abs().max() < 0.01
    assert (ZOOM.moved(two, 2) - three).abs().max() < 0.01
    assert (one - two).abs().mean() > 0.003


def test_a_film_in_which_nothing_moves_goes_on_painting(tmp_path):
    plan = Film(frames=4, rate=10, steps=2)
    run = start(tmp_path / "film", plan)
    list(run.frames())
    one, *_, last = map(images.load, run.reel.paths())
    assert (one - last).abs().mean() > 0.02


def test_the_rate_of_later_frames_can_be_their_own(tmp_path):
    plan = Film(frames=3, rate=10, steps=2, lr=0.0)
    run = start(tmp_path / "film", plan)
    list(run.frames())
    assert len(set(bits(run))) == 1


def test_tone_leads_brightness_and_contrast_back():
    image = torch.rand(2, 3, 20, 20, generator=torch.Generator().manual_seed(0)) * 0.3 + 0.3
    towards = torch.tensor([[0.5, 0.05], [0.4, 0.1]])
    torch.testing.assert_close(tone(toned(image, towards, 1.0)), towards, atol=1e-4, rtol=0)
    torch.testing.assert_close(toned(image, towards, 0.0), image)


def test_a_film_carries_its_story(tmp_path):
    run = start(tmp_path / "film", path=tmp_path / "out.webm")
    list(run.frames())
    story = story_in(tmp_path / "out.webm")
    assert story["film"]["frames"] == 6
    assert str(tmp_path) not in json.dumps(story["video"])


def test_a_film_left_from_a_stop_gives_way_to_the_whole_one(tmp_path):
    """Killed after the last frame, before the film of them all was made."""
    run = start(tmp_path / "film")
    painting = run.frames()
    list(itertools.islice(painting, 6))
    painting.close()
    short = run.path.read_bytes()
    list(FilmRun.open(run.folder).frames())
    whole = run.path.read_bytes()
    run.path.write_bytes(short)
    os.utime(run.path, (0, 0))
    FilmRun.open(run.folder).complete()
    assert run.path.read_bytes() == whole != short
    run.path.write_bytes(b"edited since")
    FilmRun.open(run.folder).complete()
    assert run.path.read_bytes() == b"edited since"


class TestTrouble:
    def test_a_folder_with_a_film_is_not_filmed_over(self, tmp_path):
        start(tmp_path / "film")
        with pytest.raises(RunError, match="already holds a film"):
            start(tmp_path / "film")
        start(tmp_path / "film", overwrite=True)

    def test_a_film_that_is_there_is_not_written_over(self, tmp_path):
        (tmp_path / "out.mp4").write_bytes(b"mine")
        with pytest.raises(PictureError, match=r"out.mp4 is there already"):
            start(tmp_path / "film", path=tmp_path / "out.mp4")

    def test_a_folder_without_a_film_is_named(self, tmp_path):
        with pytest.raises(RunError, match="there is no film in"):
            FilmRun.open(tmp_path)
        (tmp_path / "film.json").write_text("{}")
        with pytest.raises(SpecError, match="'reverie' is missing"):
            FilmRun.open(tmp_path)

    def test_other_files_are_refused(self, tmp_path):
        picture = tmp_path / "start.png"
        images.save(torch.zeros(1, 3, 8, 8), picture, None)
        made = recipe(stage(Pixels(size=(40, 32), start=Picture(path=str(picture)))))
        run = start(tmp_path / "film", made=made)
        story = run.story | {"digests": {str(picture): "0" * 64}}
        (run.folder / "film.json").write_text(json.dumps(story))
        with pytest.raises(WeightsError, match="is not the file"):
            list(FilmRun.open(run.folder).frames())

    @pytest.mark.parametrize(
        "fields", [{"frames": 0}, {"rate": 0.0}, {"steps": 0}, {"tone": 2.0}], ids=str
    )
    def test_what_cannot_be_is_refused(self, fields):
        with pytest.raises(SpecError, match="film"):
            Film(**fields)


class TestRestyling:
    @pytest.fixture
    def clip(self, tmp_path):
        video.write(tmp_path / "clip.mp4", moving(8), rate=8)
        return tmp_path / "clip.mp4"

    def restyled(self, clip, folder, steps=2, made=None, **fields):
        footage = Footage(path=str(clip), **fields)
        facts = footage.facts()
        plan = Film(frames=facts.frames, rate=facts.rate, steps=steps, footage=footage)
        return start(folder, plan, made or recipe(stage(Pixels(size=(64, 48)))))

    def test_a_stopped_restyling_goes_on_to_the_same_frames(self, tmp_path, clip):
        whole = self.restyled(clip, tmp_path / "whole")
        assert len(list(whole.frames())) == 8
        stopped = self.restyled(clip, tmp_path / "stopped")
        painting = stopped.frames()
        list(itertools.islice(painting, 3))
        painting.close()
        list(FilmRun.open(stopped.folder).frames())
        assert bits(stopped) == bits(whole)
        assert seconds(whole.path) == pytest.approx(1.0)

    def test_every_frame_begins_with_its_source(self, tmp_path, clip):
        calm = dataclasses.replace(stage(Pixels(size=(64, 48))), optimizer=Adam(lr=1e-9))
        run = self.restyled(clip, tmp_path / "film", made=recipe(calm), steady=0.0)
        list(run.frames())
        for source, path in zip(Footage(path=str(clip)).frames(), run.reel.paths(), strict=True):
            assert (images.load(path) - source).abs().max() < 0.01

    def test_the_frame_before_steadies(self, tmp_path, clip):
        calm = dataclasses.replace(stage(Pixels(size=(64, 48))), optimizer=Adam(lr=1e-9))
        run = self.restyled(clip, tmp_path / "film", made=recipe(calm), steady=0.75)
        list(run.frames())
        one, two = list(Footage(path=str(clip)).frames())[:2]
        blend = 0.75 * one + 0.25 * two
        assert (images.load(run.reel.path(2)) - blend).abs().max() < 0.01

    def test_a_video_is_not_written_over_by_its_own_film(self, tmp_path, clip):
        footage = Footage(path=str(clip))
        plan, before = Film(frames=8, rate=8, footage=footage), clip.read_bytes()
        with pytest.raises(PictureError, match="is what the film is made from"):
            start(tmp_path / "clip", plan, path=clip, overwrite=True)
        assert clip.read_bytes() == before
        assert not (tmp_path / "clip").exists()

    def test_a_folder_of_frames_is_not_written_over_by_its_own_film(self, tmp_path):
        mine = tmp_path / "mine" / "frames"
        mine.mkdir(parents=True)
        images.save(torch.zeros(1, 3, 48, 64), mine / "000001.png", None)
        plan = Film(frames=1, rate=8, footage=Footage(path=str(mine)))
        with pytest.raises(PictureError, match="is what the film is made from"):
            start(tmp_path / "mine", plan)
        assert [path.name for path in mine.iterdir()] == ["000001.png"]

    def test_keeping_holds_to_the_source(self, tmp_path, clip):
        gaps = []
        for keep in (0.0, 50.0):
            run = self.restyled(clip, tmp_path / str(keep), steps=6, keep=keep, steady=0.0)
            list(run.frames())
            last = images.load(run.reel.path(8))
            source = list(Footage(path=str(clip)).frames())[-1]
            gaps.append(torch.nn.functional.avg_pool2d(last - source, 8).abs().mean().item())
        assert gaps[1] < 0.6 * gaps[0]


def test_keyframes_reach_the_motion(tmp_path):
    still = Motion(shift_x=Keyframes(at=((0, 0.0), (3, 0.0), (4, 8.0))))
    calm = dataclasses.replace(stage(steps=1), optimizer=Adam(lr=1e-9))
    plan = Film(frames=5, rate=10, steps=1, motion=still, tone=0.0)
    run = start(tmp_path / "film", plan, recipe(calm))
    list(run.frames())
    made = bits(run)
    assert made[0] == made[3] != made[4]
