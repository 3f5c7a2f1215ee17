"""A run is a folder: the recipe, the pictures, and what is needed to go on after a stop.

recipe.json     what was asked and where it ran, enough to do it again
picture.png     the picture so far (picture-1.png ... and sheet.png when there are several)
log.jsonl       losses and score of every step
state.pt        canvas, optimiser and step, while unfinished

A run that is stopped, in whatever way, goes on from its last state to the very same picture: what
happens at step k depends on the recipe and k alone.
"""

import json
import math
import shlex
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reverie.device import describe, fast_matmul, machine, memory_errors, refuse_beyond_memory
from reverie.errors import RunError, SpecError, WeightsError
from reverie.painting import Painting, similarity
from reverie.protocols import Frame, Machine
from reverie.recipe import Recipe, digests
from reverie.record import pictures
from reverie.record.folder import forget, locked, pictures_in, writing
from reverie.record.log import Log
from reverie.spec import from_json, to_json
from reverie.version import __version__

BYTES_PER_PIXEL = 100  # picture, gradient, parameters and what Adam keeps of them
Place = tuple[int, int]  # (stage, step): how far a run has come


@dataclass(frozen=True)
class Progress:
    """What a run shows at each step."""

    frame: Frame
    stage: int
    step: int  # over all stages
    steps: int  # of all stages
    scores: list[float]  # similarity of each picture to its prompts, empty without prompts
    ended: str | None  # why the run ends here, or None while it goes on

    @property
    def score(self) -> float | None:
        return sum(self.scores) / len(self.scores) if self.scores else None


class Run:
    """A run folder. Make one with `Run.start` or `Run.open`, then read `frames()`."""

    def __init__(self, folder: Path, story: dict[str, Any]) -> None:
        self.folder, self.story = folder, pictures.checked(story, {"suffix": str})
        self.recipe: Recipe = from_json(story["recipe"], Recipe)
        self.log = Log(folder / "log.jsonl")
        self.fresh = False  # whether it began with `start`, and has no frame yet
        self.made: list[Path] = []  # the folders that `start` made for it, the innermost first
        self.superseded: list[Path] = []  # another run's pictures, which go when ours are there

    @classmethod
    def start(
        cls,
        recipe: Recipe,
        folder: Path,
        on: Machine | None = None,
        *,
        suffix: str = ".png",
        overwrite: bool = False,
    ) -> "Run":
        """Prepares a folder for `recipe`. Nothing is written when the recipe cannot be done.

        Raises:
            RunError: the folder holds another run's picture, and `overwrite` is not set.
            WeightsError, PictureError: a file that the recipe reads is missing.
        """
        if suffix not in pictures.SUFFIXES:
            raise RunError(
                f"{suffix!r} is not a kind of picture; use {', '.join(pictures.SUFFIXES)}"
            )
        story = {
            "reverie": __version__,
            "recipe": to_json(recipe),
            "machine": describe(on or machine()),
            "digests": digests(recipe),
        }
        run = cls(folder, story | {"suffix": suffix, "cwd": str(Path.cwd())})
        _check_room(recipe)
        with writing(folder, "choose another folder"):
            run.made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder):
                found = pictures_in(folder)
                if found and not overwrite:
                    raise RunError(
                        f"{folder} already holds {found[0].name}; choose another folder, use "
                        f"--overwrite, or go on with that run: {run.again}"
                    )
                run.superseded = found
                for path in (run.state_file, run.log.path):
                    path.unlink(missing_ok=True)
                run._write_story()
        run.fresh = True
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that was started before.

        Raises:
            RunError: there is no run in this folder.
        """
        path = folder / "recipe.json"
        try:
            return cls(folder, json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RunError(f"there is no run in {folder} (no recipe.json there)") from error
        except (OSError, RecursionError) as error:
            raise RunError(f"{path} cannot be read: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, SpecError):
                raise
            raise RunError(f"{path} is not a run's recipe: {error}") from error

    @property
    def state_file(self) -> Path:
        return self.folder / "state.pt"

    @property
    def pictures(self) -> list[Path]:
        """Where the pictures are, or will be."""
        names = pictures.names(self.recipe.count, self.story["suffix"])
        return [self.folder / name for name in names]

    @property
    def again(self) -> str:
        """The command that goes on with this run."""
        return f"reverie resume {shlex.quote(str(self.folder))}"

    @property
    def ended(self) -> str | None:
        """Why the run is over, or None when it can go on."""
        return self.story.get("ended")

    def expect(self, digests: dict[str, str]) -> None:
        """Refuses to go on unless the files that the recipe reads are these.

        Raises:
            WeightsError: one has another digest.
        """
        now = self.story["digests"]
        for name, was in digests.items():
            if now.get(name, was) != was:
                raise WeightsError(
                    f"{name} is not the file that painted this (sha256 {now[name][:12]}, wanted "
                    f"{was[:12]}); put that file back, or start a new run"
                )

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
        size = "x".join(map(str, self.recipe.stages[0].canvas.size))
        fresh, self.fresh = self.fresh, False
        hint = f"what was saved before is whole: make room, and go on with: {self.again}"
        with (
            self._forgotten_unless_begun(fresh),
            writing(self.folder, hint),
            locked(self.folder),
            fast_matmul(on),
            memory_errors(f"{self.recipe.count} picture(s) of {size}"),
            closing(self._frames(on, save_every, last)) as frames,
        ):
            begun = time.monotonic()
            for progress in frames:
                yield progress
                if budget is not None and time.monotonic() - begun >= budget:
                    return

    def _frames(self, on: Machine, save_every: float, last: Place | None) -> Generator[Progress]:
        """The frames of all stages, one stage after the other."""
        state = self._read_state()
        first = state["stage"] if state else 0
        self.log.cut(first, state["step"] if state else 0)
        before = None
        for index in range(first, len(self.recipe.stages)):
            stage = self.recipe.stages[index]
            painting = Painting(stage, self.recipe.seeds, on, before=before, state=state)
            state = None
            with closing(self._stage(index, painting, save_every, last)) as frames:
                for progress in frames:
                    before = progress.frame.image
                    yield progress
                    if progress.ended:
                        return

    def _stage(
        self, index: int, painting: Painting, save_every: float, last: Place | None
    ) -> Generator[Progress]:
        """The frames of a stage, recorded; saved now and then, and whenever it is left."""
        done = sum(stage.steps for stage in self.recipe.stages[:index])
        saved, seen, ended = time.monotonic(), None, None
        try:
            for frame, why in painting.frames():
                seen = frame
                self._log(index, frame)
                over = (index, frame.step) == last
                final = why and index == len(self.recipe.stages) - 1
                ended = (why or "all steps done") if over or final else None
                if ended:
                    self._end(index, frame, ended)
                elif time.monotonic() - saved >= save_every:
                    self._save(index, frame, painting)
                    saved = time.monotonic()
                step, steps = done + frame.step, self.recipe.steps
                yield Progress(frame, index, step, steps, similarity(frame), ended)
                if over:
                    return
        except GeneratorExit:  # the reader left between two frames: canvas and optimiser agree
            if seen is not None and not ended:
                self._save(index, seen, painting)
            raise
        except BaseException:  # in the middle of a step: the last state on disk stands
            if seen is not None:
                with suppress(OSError):  # the error that stops the run matters more
                    self._save_pictures(index, seen)
            raise

    def _save(self, index: int, frame: Frame, painting: Painting) -> None:
        """Pictures and state, so that the run can go on from this frame."""
        self._save_pictures(index, frame)
        temporary = self.state_file.with_suffix(".tmp")
        try:
            torch.save({"stage": index, **painting.state()}, temporary)
            temporary.replace(self.state_file)
        except RuntimeError as error:  # how torch reports a full disk
            raise OSError(str(error)) from error
        finally:
            temporary.unlink(missing_ok=True)

    def _end(self, index: int, frame: Frame, why: str) -> None:
        """Pictures, and no state: the run is over."""
        self._save_pictures(index, frame)
        self.story["ended"] = why
        self._write_story()
        self.state_file.unlink(missing_ok=True)

    def _save_pictures(self, index: int, frame: Frame) -> None:
        story = {k: self.story[k] for k in ("reverie", "recipe", "machine", "digests")}
        story["ended"] = {"stage": index, "step": frame.step}
        suffix = self.story["suffix"]
        kept = pictures.save(frame.image.cpu(), self.folder, story, similarity(frame), suffix)
        for path in {*self.superseded} - {*kept}:
            path.unlink(missing_ok=True)
        self.superseded = []

    def _log(self, index: int, frame: Frame) -> None:
        self.log.append(
            {
                "stage": index,
                "step": frame.step,
                "t": round(frame.t, 6),
                "score": [round(s, 6) for s in similarity(frame)],
                "losses": {n: [round(v, 6) for v in x.tolist()] for n, x in frame.losses.items()},
                "time": round(time.time(), 3),
            }
        )

    @contextmanager
    def _forgotten_unless_begun(self, fresh: bool) -> Generator[None]:
        """A run that fails before its first frame leaves no folder behind."""
        try:
            yield
        except BaseException:
            if fresh and not self.log.rows():
                with suppress(OSError):
                    forget(self.folder, self.made)
            raise

    def _write_story(self) -> None:
        path = self.folder / "recipe.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.story, indent=1, ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)

    def _read_state(self) -> dict[str, Any] | None:
        if not self.state_file.exists():
            return None
        try:
            return torch.load(self.state_file, map_location="cpu", weights_only=True)
        except Exception as error:
            raise RunError(
                f"{self.state_file} cannot be read ({type(error).__name__}); delete it to start "
                "this run from the beginning"
            ) from error


def _check_room(recipe: Recipe) -> None:
    """Refuses pictures that cannot fit, before the system kills the process for trying."""
    pixels = max(math.prod(stage.canvas.size) for stage in recipe.stages) * recipe.count
    size = "x".join(map(str, recipe.stages[0].canvas.size))
    refuse_beyond_memory(pixels * BYTES_PER_PIXEL, f"{recipe.count} picture(s) of {size}")
