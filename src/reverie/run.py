"""A run is a folder: the recipe, the pictures, and what is needed to go on after a stop.

recipe.json     what was asked and where it ran, enough to do it again
picture.png     the picture so far (picture-1.png ... and sheet.png when there are several)
best.png        the picture so far that scored best, if that is kept, too
stage-1.png     what the first of several stages ended with, and so on; with its name, if it has one
log.jsonl       losses and score of every step
state.pt        canvas, optimiser and step, while unfinished
reel/           the pictures of the film, if one is wanted, until the run has ended

A run that is stopped, in whatever way, goes on from its last state to the very same picture: what
happens at step k depends on the recipe and k alone.
"""

import shlex
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from reverie.device import describe, fast_matmul, machine, memory_errors
from reverie.errors import RunError, SpecError
from reverie.painting import Painting, similarity
from reverie.protocols import Frame, Machine
from reverie.recipe import Recipe, digests, refuse_beyond_room
from reverie.record import pictures, state
from reverie.record.best import BEST
from reverie.record.folder import (
    claimed,
    forgotten_unless,
    locked,
    pictures_in,
    read_json,
    write_json,
    writing,
)
from reverie.record.progress import Progress
from reverie.record.recorder import Part, Recorder
from reverie.record.story import checked, same_files
from reverie.record.video import Video
from reverie.spec import from_json, to_json
from reverie.version import __version__

Place = tuple[int, int]  # (stage, step): how far a run has come
BESIDE = (".svg", ".safetensors")  # what canvases keep beside their pictures


class Run:
    """A run folder. Make one with `Run.start` or `Run.open`, then read `frames()`."""

    def __init__(self, folder: Path, story: dict[str, Any]) -> None:
        self.folder, self.story = folder, checked(story, {"suffix": str})
        self.recipe: Recipe = from_json(story["recipe"], Recipe)
        parts = [Part(stage.name, stage.steps, stage.canvas.size) for stage in self.recipe.stages]
        self.recorder = Recorder(folder, self.story, parts)
        self.log = self.recorder.log
        self.fresh = False  # whether it began with `start`, and has no frame yet
        self.made: list[Path] = []  # the folders that `start` made for it, the innermost first

    @classmethod
    def start(
        cls,
        recipe: Recipe,
        folder: Path,
        on: Machine | None = None,
        *,
        suffix: str = ".png",
        film: Video | None = None,
        best: bool = False,
        overwrite: bool = False,
    ) -> "Run":
        """Prepares a folder for `recipe`. Nothing is written when the recipe cannot be done.

        Args:
            film: makes a film of the run, too; its path counts from the working directory.
            best: keeps the best picture by score, too, beside the last one.

        Raises:
            RunError: the folder holds another run's picture, or the film is there already, and
                `overwrite` is not set.
            WeightsError, PictureError: a file that the recipe reads is missing.
        """
        if suffix not in pictures.SUFFIXES:
            raise RunError(
                f"{suffix!r} is not a kind of picture; use {', '.join(pictures.SUFFIXES)}"
            )
        on = on or machine()
        story = {
            "reverie": __version__,
            "recipe": to_json(recipe),
            "machine": describe(on),
            "digests": digests(recipe),
        }
        story |= {"suffix": suffix, "cwd": str(Path.cwd())} | ({"best": True} if best else {})
        if film:
            with writing(Path(film.path).parent, "choose another place for the film"):
                story["video"] = to_json(film.placed(overwrite).seen_from(folder))
        run = cls(folder, story)
        refuse_beyond_room(recipe, on)
        with claimed(folder) as run.made:
            found = pictures_in(folder)
            if found and not overwrite:
                raise RunError(
                    f"{folder} already holds {found[0].name}; choose another folder, use "
                    f"--overwrite, or go on with that run: {run.again}"
                )
            run.recorder.superseded = found
            run.recorder.forget()
            write_json(folder / "recipe.json", run.story)
        run.fresh = True
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that was started before.

        Raises:
            RunError: there is no run in this folder.
        """
        path = folder / "recipe.json"
        story = read_json(path, "a run's recipe", f"there is no run in {folder} (no {path.name})")
        try:
            return cls(folder, story)
        except SpecError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is not a run's recipe: {error}") from error

    @property
    def state_file(self) -> Path:
        return self.recorder.state_file

    @property
    def pictures(self) -> list[Path]:
        """Where the pictures are, or will be."""
        names = pictures.names(self.recipe.count, self.story["suffix"])
        return [self.folder / name for name in names]

    @property
    def beside(self) -> list[Path]:
        """Where what the pictures are made of is, if their canvas keeps it."""
        return [path.with_suffix(kind) for path in self.pictures for kind in BESIDE]

    @property
    def film(self) -> Path | None:
        """Where the film is, or will be, if there is to be one."""
        return self.folder / self.recorder.video.path if self.recorder.video else None

    @property
    def files(self) -> list[Path]:
        """What there is so far of the pictures, their sheet, what is kept beside, and the film."""
        more = [path for path in (*self.beside, self.film) if path and path.exists()]
        return [*self._of(pictures.PICTURE), *self._of(BEST), *more]

    @property
    def stills(self) -> list[Path]:
        """What there is so far of the pictures that the stages before the last one ended with."""
        stages = range(len(self.recipe.stages) - 1)
        return [path for i in stages for path in self._of(self.recorder.stem(i))]

    def _of(self, stem: str) -> list[Path]:
        names = pictures.files(self.recipe.count, self.story["suffix"], stem)
        return [path for name in names if (path := self.folder / name).exists()]

    @property
    def again(self) -> str:
        """The command that goes on with this run."""
        return f"reverie resume {shlex.quote(str(self.folder))}"

    @property
    def _what(self) -> str:
        return f"{self.recipe.count} picture(s) of {self.recipe.sizes}"

    @property
    def ended(self) -> str | None:
        """Why the run is over, or None when it can go on."""
        return self.story.get("ended")

    def expect(self, digests: dict[str, str]) -> None:
        """Refuses to go on unless the files that the recipe reads are these.

        Raises:
            WeightsError: one has another digest.
        """
        same_files(digests, self.story["digests"])

    def frames(
        self, *, budget: float | None = None, save_every: float = 5.0, last: Place | None = None
    ) -> Generator[Progress]:
        """Paints from where the run stands, recording as it goes. Leaving the `for` keeps
        picture and state; any error keeps the last good picture.

        Args:
            budget: seconds after which to stop; the run can be resumed.
            save_every: seconds between two saves of picture and state.
            last: the (stage, step) to end at, when a run that ended there is done again.

        Raises:
            DivergedError, CapacityError: see there.
            WeightsError: the weights are not those the run was started with.
        """
        was, self.story["digests"] = self.story["digests"], digests(self.recipe)
        self.expect(was)
        on = machine(self.story["machine"]["device"], self.story["machine"]["precision"])
        fresh, self.fresh = self.fresh, False
        hint = f"what was saved before is whole: make room, and go on with: {self.again}"
        with (
            forgotten_unless(lambda: self.log.rows() or not fresh, self.folder, self.made),
            writing(self.folder, hint),
            locked(self.folder),
            fast_matmul(on),
            memory_errors(self._what),
            self._filmed(),
            closing(self._frames(on, save_every, last)) as frames,
        ):
            begun = time.monotonic()
            for progress in frames:
                yield progress
                if budget is not None and time.monotonic() - begun >= budget:
                    return

    def _frames(self, on: Machine, save_every: float, last: Place | None) -> Generator[Progress]:
        """The frames of all stages, one stage after the other."""
        live = state.read(self.state_file)
        first, step = (live["stage"], live["step"]) if live else (0, 0)
        self.recorder.cut(first, step, live)
        painting = None
        for index in range(first, len(self.recipe.stages)):
            stage = self.recipe.stages[index]
            painting = Painting(stage, self.recipe.seeds, on, before=painting, state=live)
            live = None
            with closing(self._stage(index, painting, save_every, last)) as frames:
                for progress in frames:
                    yield progress
                    if progress.ended:
                        return

    def _part(self, index: int) -> str:
        """A stage in words, where there are several: `face (1 of 3)`."""
        count = len(self.recipe.stages)
        name = self.recipe.stages[index].name or "stage"
        return f"{name} ({index + 1} of {count})" if count > 1 else ""

    def _before(self, stage: int) -> int:
        """The steps of the stages before one."""
        return sum(stage.steps for stage in self.recipe.stages[:stage])

    def _stage(
        self, index: int, painting: Painting, save_every: float, last: Place | None
    ) -> Generator[Progress]:
        """The frames of a stage, recorded; saved now and then, and whenever it is left."""
        record, done, steps = self.recorder, self._before(index), self.recipe.steps
        part = (index, self._part(index), done + self.recipe.stages[index].steps)
        saved, seen, why, ended = time.monotonic(), None, None, None
        try:
            for frame, why in painting.frames():
                seen, scores = frame, similarity(frame)
                record.see(index, frame, scores, last=bool(why))
                over = (index, frame.step) == last
                final = why and index == len(self.recipe.stages) - 1
                ended = (why or "all steps done") if over or final else None
                if why and not ended:
                    record.keep_still(index, frame, scores)
                if ended:
                    record.close_reel(index, frame, last=bool(why))
                    self._end(index, frame, ended, painting)
                elif time.monotonic() - saved >= save_every:
                    self._keep(index, frame, painting)
                    saved = time.monotonic()
                yield Progress(frame, done + frame.step, steps, scores, ended, *part)
                if over:
                    return
        except GeneratorExit:  # the reader left between two frames: canvas and optimiser agree
            if seen is not None and not ended:
                record.close_reel(index, seen, last=bool(why))
                self._keep(index, seen, painting)
            raise
        except BaseException:  # in the middle of a step: the last state on disk stands
            if seen is not None:
                with suppress(OSError):  # the error that stops the run matters more
                    record.save_pictures(index, seen, similarity(seen))
            raise

    def _keep(self, index: int, frame: Frame, painting: Painting) -> None:
        """All that there is at this frame, so that the run can go on from it."""
        self.recorder.keep(index, frame, similarity(frame), painting.state())
        self._keep_beside(painting)

    def _keep_beside(self, painting: Painting) -> None:
        """What the pictures are made of; what a stage before has left is of other pictures."""
        kept = painting.stage.canvas.keep(painting.canvas, self.pictures)
        for path in self.beside:
            if path not in kept:
                path.unlink(missing_ok=True)

    def _end(self, index: int, frame: Frame, why: str, painting: Painting) -> None:
        """Pictures and what goes with them, and no state: the run is over."""
        self.recorder.save_pictures(index, frame, similarity(frame))
        self._keep_beside(painting)
        self.story["ended"] = why
        write_json(self.folder / "recipe.json", self.story)
        self.state_file.unlink(missing_ok=True)

    @contextmanager
    def _filmed(self) -> Generator[None]:
        """Makes the film when the run is left between two frames, for now or for good."""
        try:
            yield
        except GeneratorExit:
            self.write_video()
            raise
        self.write_video()

    def write_video(self) -> Path | None:
        """Makes the film of what is painted so far, if one was asked for and is not there yet.

        Raises:
            PictureError: it cannot be written.
        """
        return self.recorder.write_video(self.recipe.title, self.pictures[0])
