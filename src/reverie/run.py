"""A run is a folder: the recipe, the pictures, and what is needed to go on after a stop.

recipe.json     what was asked and where it ran, enough to do it again
picture.png     the picture so far (picture-1.png ... and sheet.png when there are several)
log.jsonl       losses and score of every step
state.pt        canvas, optimiser and step, while unfinished

A run that is stopped, in whatever way, goes on from its last state to the very same picture: what
happens at step k depends on the recipe and k alone.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reverie import image as images
from reverie.device import PRECISIONS, fast_matmul, machine
from reverie.errors import CapacityError, RunError, SpecError, WeightsError
from reverie.optimize import optimize
from reverie.protocols import Canvas, Frame, Machine
from reverie.recipe import Patience, Recipe, Stage, digests
from reverie.record import pictures
from reverie.record.log import Log
from reverie.spec import from_json, to_json
from reverie.version import __version__

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
        self.folder, self.story = folder, story
        self.recipe: Recipe = from_json(story["recipe"], Recipe)
        self.log = Log(folder / "log.jsonl")

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
            "machine": _machine_story(on or machine()),
            "digests": digests(recipe),
        }
        run = cls(folder, story | {"suffix": suffix, "cwd": str(Path.cwd())})
        taken = [p.name for p in run.pictures if p.exists()]
        if taken and not overwrite:
            raise RunError(
                f"{folder} already holds {taken[0]}; choose another folder, use --overwrite, or "
                f"go on with that run: reverie resume {folder}"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in (run.state_file, run.log.path):
                old.unlink(missing_ok=True)
            run._write_story()
        except OSError as error:
            raise RunError(f"cannot write to {folder}: {error.strerror or error}") from error
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
        except FileNotFoundError as error:
            raise RunError(f"there is no run in {folder} (no recipe.json there)") from error
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
    ) -> Iterator[Progress]:
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
        state = self._read_state()
        begun, shown = time.monotonic(), None
        first = state["stage"] if state else 0
        self.log.cut(first, state["step"] if state else 0)
        with fast_matmul(on), _memory_errors(self.recipe):
            for index in range(first, len(self.recipe.stages)):
                painting = _Painting(self, index, on, shown, state)
                state = None
                with closing(painting.steps(save_every, last)) as steps:
                    for progress in steps:
                        shown = progress.frame.image
                        yield progress
                        late = budget is not None and time.monotonic() - begun >= budget
                        if progress.ended or late:
                            return

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


class _Painting:
    """One stage of a run while it is painted."""

    def __init__(
        self,
        run: Run,
        index: int,
        on: Machine,
        before: Tensor | None,
        state: dict[str, Any] | None,
    ) -> None:
        self.run, self.index = run, index
        self.stage: Stage = run.recipe.stages[index]
        self.canvas: Canvas = self.stage.canvas.build(on, run.recipe.seeds)
        if before is not None:
            with torch.no_grad():
                self.canvas.encode_(images.resize(before, self.stage.canvas.size))
        self.losses = {n: spec.build(self.canvas, on) for n, spec in self.stage.losses.items()}
        self.optimizer, self.lr = self.stage.optimizer.build(self.canvas.groups())
        self.patience = Patience(self.stage.until, state and state["patience"])
        self.start = state["step"] if state else 0
        if state:
            self.canvas.load_state_dict(state["canvas"])
            self.optimizer.load_state_dict(state["optimizer"])
        self.seen: Frame | None = None
        self.patience_then = self.patience.state()

    def steps(self, save_every: float, last: Place | None) -> Iterator[Progress]:
        saved = time.monotonic()
        before = sum(stage.steps for stage in self.run.recipe.stages[: self.index])
        final = self.index == len(self.run.recipe.stages) - 1
        frames = optimize(
            self.canvas,
            self.losses,
            self.optimizer,
            self.lr,
            steps=self.stage.steps,
            start=self.start,
            seed=self.run.recipe.seed,
        )
        ended = None
        try:
            for frame in frames:
                self.seen, self.patience_then = frame, self.patience.state()
                why = self._record(frame)
                over = (self.index, frame.step) == last
                ended = (why or "all steps done") if over or (why and final) else None
                if ended:
                    self.save(ended)
                elif time.monotonic() - saved >= save_every:
                    self.save()
                    saved = time.monotonic()
                yield Progress(
                    frame,
                    self.index,
                    before + frame.step,
                    self.run.recipe.steps,
                    similarity(frame),
                    ended,
                )
                if why or over:
                    return
        except GeneratorExit:  # the reader left at a yield: canvas and optimiser agree
            if not ended:
                self.save()
            raise
        except BaseException:  # in the middle of a step: the last state on disk stands
            if self.seen is not None:
                self._save_pictures(self.seen)
            raise

    def save(self, ended: str | None = None) -> None:
        """Writes picture and state; at the end of the run, the picture alone."""
        if self.seen is None:
            return
        self._save_pictures(self.seen)
        if ended:
            self.run.story["ended"] = ended
            self.run._write_story()
            self.run.state_file.unlink(missing_ok=True)
            return
        state = {
            "stage": self.index,
            "step": self.seen.step,
            "canvas": self.canvas.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "patience": self.patience_then,  # the step is seen again on resuming
        }
        temporary = self.run.state_file.with_suffix(".tmp")
        try:
            torch.save(state, temporary)
            temporary.replace(self.run.state_file)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            temporary.unlink(missing_ok=True)
            raise RunError(
                f"cannot save the state to {self.run.folder}: {error}; make room and go on with: "
                f"reverie resume {self.run.folder}"
            ) from error

    def _record(self, frame: Frame) -> str | None:
        """Logs a frame. Returns why the stage ends with it, or None."""
        scores = similarity(frame)
        self.run.log.append(
            {
                "stage": self.index,
                "step": frame.step,
                "t": round(frame.t, 6),
                "score": [round(s, 6) for s in scores],
                "losses": {n: [round(v, 6) for v in x.tolist()] for n, x in frame.losses.items()},
                "time": round(time.time(), 3),
            }
        )
        enough = self.patience.enough(scores)
        return "all steps done" if frame.step == self.stage.steps else enough

    def _save_pictures(self, frame: Frame) -> None:
        story = {k: self.run.story[k] for k in ("reverie", "recipe", "machine", "digests")}
        story["ended"] = {"stage": self.index, "step": frame.step}
        image = frame.image.cpu()
        suffix = self.run.story["suffix"]
        pictures.save(image, self.run.folder, story, similarity(frame), suffix)


def similarity(frame: Frame) -> list[float]:
    """How similar each picture is to its prompts, -1 to 1; empty when nothing measured it."""
    found = frame.notes.get("similarity")
    return [] if found is None else found.tolist()


def _machine_story(on: Machine) -> dict[str, Any]:
    names = {dtype: name for name, dtype in PRECISIONS.items()}
    return {
        "device": str(on.device),
        "precision": names[on.precision],
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


@contextmanager
def _memory_errors(recipe: Recipe) -> Iterator[None]:
    """Turns the many faces of "out of memory" into one error that names the knobs."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        signs = ("not enough memory", "out of memory", "allocate memory", "Invalid buffer size")
        plain = not isinstance(error, torch.OutOfMemoryError | MemoryError)
        if plain and not any(sign in str(error) for sign in signs):
            raise
        size = "x".join(map(str, recipe.stages[0].canvas.size))
        raise CapacityError(
            f"not enough memory for {recipe.count} picture(s) of {size}; a smaller --size or "
            "--count, --precision bf16, or a smaller --set losses.prompts.chunk helps"
        ) from error
