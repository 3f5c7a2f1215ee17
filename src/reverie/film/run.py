"""A film is a folder: what was asked, every frame, and what is needed to go on after a stop.

film.json       what was asked and where it ran, enough to do it again
frames/         every frame, 000001.png and so on
log.jsonl       losses and score of every frame
state.pt        canvas, optimiser and frame, while unfinished
film.mp4        the film, or elsewhere if that was asked for

A film that is stopped, in whatever way, goes on to the very same frames: what happens at a frame
depends on the plan, the frame's number and the canvas it was left with.
"""

import dataclasses
import json
import shlex
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from reverie.device import describe, fast_matmul, machine, memory_errors
from reverie.errors import RunError, SpecError
from reverie.film.footage import Smoothed
from reverie.film.frames import Frames
from reverie.film.plan import Film
from reverie.painting import similarity
from reverie.protocols import Machine
from reverie.recipe import Recipe, digests, refuse_beyond_room
from reverie.record import state, video
from reverie.record.folder import claimed, forgotten_unless, locked, read_json, write_json, writing
from reverie.record.log import Log
from reverie.record.progress import Progress
from reverie.record.reel import Reel
from reverie.record.story import checked, same_files
from reverie.record.video import Video
from reverie.spec import from_json, to_json
from reverie.version import __version__


class FilmRun:
    """A film's folder. Make one with `FilmRun.start` or `FilmRun.open`, then read `frames()`."""

    def __init__(self, folder: Path, story: dict[str, Any]) -> None:
        self.folder, self.story = folder, checked(story, {"film": Film, "video": Video})
        self.recipe: Recipe = from_json(story["recipe"], Recipe)
        self.plan: Film = from_json(story["film"], Film)
        self.path = Path(from_json(story["video"], Video).path)
        self.log, self.reel = Log(folder / "log.jsonl"), Reel(folder / "frames")
        self.state_file = folder / "state.pt"
        self.fresh = False
        self.made: list[Path] = []

    @classmethod
    def start(
        cls,
        plan: Film,
        recipe: Recipe,
        folder: Path,
        on: Machine | None = None,
        *,
        path: Path | None = None,
        overwrite: bool = False,
    ) -> "FilmRun":
        """Prepares a folder. Nothing is written when the film cannot be made.

        Args:
            path: of the film; None is film.mp4 in the folder.

        Raises:
            RunError, PictureError: there is another film, and `overwrite` is not set; or it would
                be written over the video it is made from.
        """
        on = on or machine()
        if plan.footage:  # nothing is painted before it
            recipe = dataclasses.replace(recipe, stages=recipe.stages[-1:])
        target = Video(path=str(path or folder / "film.mp4"))
        story = {
            "reverie": __version__,
            "recipe": to_json(recipe),
            "film": to_json(plan),
            "machine": describe(on),
            "digests": digests(recipe),
            "video": to_json(dataclasses.replace(target, path=str(Path(target.path).absolute()))),
            "cwd": str(Path.cwd()),
        }
        run = cls(folder, story)
        if plan.footage:
            plan.footage.spared(run.path, run.reel.folder)
        refuse_beyond_room(recipe, on)
        with claimed(folder) as run.made:
            if (folder / "film.json").exists() and not overwrite:
                raise RunError(
                    f"{folder} already holds a film; choose another folder, use --overwrite, "
                    f"or go on with that film: {run.again}"
                )
            target.placed(overwrite)
            run.reel.forget()
            for old in (run.state_file, run.log.path):
                old.unlink(missing_ok=True)
            write_json(folder / "film.json", run.story)
        run.fresh = True
        return run

    @classmethod
    def open(cls, folder: Path) -> "FilmRun":
        """A film that was started before.

        Raises:
            RunError: there is none in this folder.
        """
        path = folder / "film.json"
        story = read_json(path, "a film's plan", f"there is no film in {folder} (no film.json)")
        try:
            return cls(folder, story)
        except SpecError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is not a film's plan: {error}") from error

    @property
    def again(self) -> str:
        """The command that goes on with this film."""
        return f"reverie resume {shlex.quote(str(self.folder))}"

    @property
    def _begun(self) -> bool:
        return self.state_file.exists() or bool(self.log.rows())

    @property
    def ended(self) -> str | None:
        """Why the film is over, or None when it can go on."""
        return self.story.get("ended")

    def frames(
        self, *, budget: float | None = None, save_every: float = 5.0
    ) -> Generator[Progress]:
        """Paints from where the film stands. Leaving the `for` keeps all whole frames, and makes
        a film of them.

        Args:
            budget: seconds after which to stop; the film can be resumed.
            save_every: seconds between two saves of the state.

        Raises:
            DivergedError, CapacityError: see there.
            WeightsError: the files it reads are not those the film was started with.
        """
        same_files(self.story["digests"], digests(self.recipe))
        on = machine(self.story["machine"]["device"], self.story["machine"]["precision"])
        size = "x".join(map(str, self.recipe.stages[-1].canvas.size))
        fresh, self.fresh = self.fresh, False
        with (
            forgotten_unless(lambda: self._begun or not fresh, self.folder, self.made),
            writing(self.folder, f"make room, and go on with: {self.again}"),
            locked(self.folder),
            fast_matmul(on),
            memory_errors(f"frames of {size}"),
            self._shown(),
            closing(self._frames(on, save_every)) as frames,
        ):
            begun = time.monotonic()
            for progress in frames:
                yield progress
                if budget is not None and time.monotonic() - begun >= budget:
                    return

    def _frames(self, on: Machine, save_every: float) -> Generator[Progress]:
        live = state.read(self.state_file)
        whole = live["done"] if live else 0  # frames
        self.log.cut(0, whole)
        self.reel.cut(whole + 1)
        frames = Frames(self.plan, self.recipe, on, live)
        saved, ended = time.monotonic(), None
        try:
            for whole, frame in frames.painted():
                scores = similarity(frame)
                if whole:
                    self.reel.add(whole, frame.image)
                    self.log.add(frame, scores, stage=0, step=whole - 1)
                ended = "all frames done" if whole == self.plan.frames else None
                if ended:
                    write_json(self.folder / "film.json", self.story | {"ended": ended})
                    self.story["ended"] = ended
                    self.state_file.unlink(missing_ok=True)
                elif time.monotonic() - saved >= save_every:
                    state.save(frames.state(), self.state_file)
                    saved = time.monotonic()
                yield Progress(frame, frames.steps_done, frames.steps, scores, ended)
        except GeneratorExit:  # the reader left between two steps: canvas and optimiser agree
            if frames.begun and not ended:
                state.save(frames.state(), self.state_file)
            raise

    @contextmanager
    def _shown(self) -> Generator[None]:
        """Makes the film when the painting is left between two frames, for now or for good."""
        try:
            yield
        except GeneratorExit:
            self.write_video()
            raise
        self.write_video()

    def complete(self) -> None:
        """Makes the film of a run that has ended, unless it was made since.

        Raises:
            PictureError: it cannot be written.
        """
        ended = (self.folder / "film.json").stat().st_mtime_ns
        if not self.path.exists() or self.path.stat().st_mtime_ns < ended:
            self.write_video()

    def write_video(self) -> Path | None:
        """Makes the film of the frames there are; None when there is none yet.

        Raises:
            PictureError: it cannot be written.
        """
        count = len(self.reel.paths())
        if not count:
            return None
        story = {k: self.story[k] for k in ("reverie", "recipe", "film", "machine", "digests")}
        name = {"kind": "Video", "path": self.path.name}
        story |= {"video": name, "ended": {"stage": 0, "step": count - 1}}
        pictures = Smoothed(self.reel, self.plan.footage.smooth if self.plan.footage else 0)
        text = json.dumps(story, ensure_ascii=False)
        video.write(self.path, pictures, rate=self.plan.rate, title=self.recipe.title, story=text)
        return self.path
