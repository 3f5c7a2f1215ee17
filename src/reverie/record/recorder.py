"""What a run leaves in its folder as it goes: log, pictures, state, and a film if one is wanted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from reverie import image as images
from reverie.protocols import Frame
from reverie.record import pictures, state, video
from reverie.record.best import Best
from reverie.record.log import Log
from reverie.record.plan import Played
from reverie.record.reel import Reel
from reverie.record.story import story_in
from reverie.spec import from_json, to_json

OF_A_PICTURE = ("reverie", "recipe", "machine", "digests")


@dataclass(frozen=True)
class Part:
    """What is recorded by of a stage: its name, or none, its steps, and its width and height."""

    name: str
    steps: int
    size: tuple[int, int]


class Recorder:
    """Writes the frames of a run into files.

    Args:
        story: of the run, with its `suffix`, `best` if the best picture is kept, too, and its
            `video` if there is to be a film, which has the size of the last part.
        parts: one for every stage.
    """

    def __init__(self, folder: Path, story: dict[str, Any], parts: Sequence[Part]) -> None:
        self.folder, self.story, self.parts = folder, story, parts
        counts = [part.steps + 1 for part in parts]  # pictures, with the last one
        self.before = [0, *accumulate(counts)]  # pictures before each stage
        self.log = Log(folder / "log.jsonl")
        self.reel = Reel(folder / "reel")
        self.state_file = folder / "state.pt"
        self.superseded: list[Path] = []  # another run's pictures, which go when ours are there
        self.video = from_json(story["video"], video.Video, "$.video") if "video" in story else None
        self.best = Best() if story.get("best") else None
        self.plan = self.video.plan(counts) if self.video else None

    def forget(self) -> None:
        """Takes away what another run has left, but for its pictures."""
        self.state_file.unlink(missing_ok=True)
        self.log.path.unlink(missing_ok=True)
        self.reel.forget()

    def cut(self, stage: int, step: int, live: dict[str, Any] | None) -> None:
        """Forgets what came from a step on, which is about to be done again.

        Args:
            live: the state that was saved at that step, if any was.
        """
        if self.best and live and "best" in live:
            self.best.restore(live["best"])
        self.log.cut(stage, step)
        self.reel.cut(self.before[stage] + step)

    def see(self, stage: int, frame: Frame, scores: Sequence[float], *, last: bool) -> None:
        """Logs a frame, and keeps it for the film if it is one of those.

        Args:
            last: whether its stage ends with it, be it before its time.
        """
        self.log.add(frame, scores, stage=stage, step=frame.step)
        if self.best:
            self.best.see(stage, frame, scores)
        number = self._number(stage, frame, last)
        if self.plan and number in self.plan.pictures:
            self._add(number, frame)

    def keep(self, stage: int, frame: Frame, scores: list[float], live: dict[str, Any]) -> None:
        """Pictures and state, so that the run can go on from this frame."""
        self.save_pictures(stage, frame, scores)
        best = {"best": self.best.state()} if self.best else {}
        state.save({"stage": stage, **live, **best}, self.state_file)

    def save_pictures(self, stage: int, frame: Frame, scores: list[float]) -> None:
        """The pictures alone; a sheet too, when they are several."""
        self._save(stage, frame, scores, pictures.PICTURE)
        if self.best:
            story = {k: self.story[k] for k in OF_A_PICTURE}
            kept = self.best.save(self.folder, story, self.story["suffix"])
            self.superseded = [path for path in self.superseded if path not in kept]
        for path in self.superseded:
            path.unlink(missing_ok=True)
        self.superseded = []

    def keep_still(self, stage: int, frame: Frame, scores: list[float]) -> None:
        """The pictures that a stage before the last one has ended with, which stay as they are."""
        self._save(stage, frame, scores, self.stem(stage))

    def stem(self, stage: int) -> str:
        """What the files of a stage's last pictures are called: `stage-1-face`."""
        return "-".join(["stage", str(stage + 1), *filter(None, [self.parts[stage].name])])

    def _save(self, stage: int, frame: Frame, scores: list[float], stem: str) -> None:
        story = {k: self.story[k] for k in OF_A_PICTURE}
        story["ended"] = {"stage": stage, "step": frame.step}
        shown, suffix = frame.image.cpu(), self.story["suffix"]
        kept = pictures.save(shown, self.folder, story, scores, suffix, stem)
        self.superseded = [path for path in self.superseded if path not in kept]

    def close_reel(self, stage: int, frame: Frame, *, last: bool) -> None:
        """The film ends, for now or for good, with this frame. Its arguments are as in `see`."""
        number = self._number(stage, frame, last)
        if self.plan and number >= min(self.plan.pictures):
            self._add(number, frame)

    def _number(self, stage: int, frame: Frame, last: bool) -> int:
        """Of a frame among the pictures of all stages."""
        return self.before[stage] + (self.parts[stage].steps if last else frame.step)

    def _add(self, number: int, frame: Frame) -> None:
        size = self.parts[-1].size
        shown = frame.image
        self.reel.add(number, shown if shown.shape[:-3:-1] == size else images.fit(shown, size))

    def write_video(self, title: str, picture: Path) -> Path | None:
        """Makes the film of what was seen so far, and tells where it is. Once the run has ended,
        the pictures it was made of go.

        Args:
            picture: the first of the run, which knows how far it has come.
        """
        if not self.video or not self.plan or not self.reel.paths():
            return None
        path = self.folder / self.video.path
        story = story_in(picture) or {}
        story = {k: story[k] for k in (*OF_A_PICTURE, "ended")}
        story["video"] = to_json(replace(self.video, path=path.name))  # not where it was
        text = json.dumps(story, ensure_ascii=False)
        about = {"title": title, "story": text}
        played = Played(self.reel, self.plan)
        video.write(path, played, rate=self.plan.rate, hold=self.plan.hold, **about)
        if "ended" in self.story:
            self.reel.forget()
        return path
