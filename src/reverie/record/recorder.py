"""What a run leaves in its folder as it goes: log, pictures, state, and a film if one is wanted."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reverie.protocols import Frame
from reverie.record import pictures, state, video
from reverie.record.log import Log
from reverie.record.reel import Reel
from reverie.record.story import story_in
from reverie.spec import from_json, to_json

OF_A_PICTURE = ("reverie", "recipe", "machine", "digests")


class Recorder:
    """Writes the frames of a run into files.

    Args:
        story: of the run, with its `suffix`, and its `video` if there is to be a film.
        steps: of all stages, which the film is planned by.
    """

    def __init__(self, folder: Path, story: dict[str, Any], steps: int) -> None:
        self.folder, self.story = folder, story
        self.log = Log(folder / "log.jsonl")
        self.reel = Reel(folder / "reel")
        self.state_file = folder / "state.pt"
        self.superseded: list[Path] = []  # another run's pictures, which go when ours are there
        self.video = from_json(story["video"], video.Video, "$.video") if "video" in story else None
        self.plan = self.video.plan(steps) if self.video else None

    def forget(self) -> None:
        """Takes away what another run has left, but for its pictures."""
        self.state_file.unlink(missing_ok=True)
        self.log.path.unlink(missing_ok=True)
        self.reel.forget()

    def cut(self, stage: int, step: int, number: int) -> None:
        """Forgets what came from a step on, which is about to be done again.

        Args:
            number: the same step, counted over all stages.
        """
        self.log.cut(stage, step)
        self.reel.cut(number)

    def see(self, stage: int, number: int, frame: Frame, scores: Sequence[float]) -> None:
        """Logs a frame, and keeps it for the film if it is one of those."""
        self.log.add(frame, scores, stage=stage, step=frame.step)
        if self.plan and number in self.plan.steps:
            self.reel.add(number, frame.image)

    def keep(self, stage: int, frame: Frame, scores: list[float], live: dict[str, Any]) -> None:
        """Pictures and state, so that the run can go on from this frame."""
        self.save_pictures(stage, frame, scores)
        state.save({"stage": stage, **live}, self.state_file)

    def save_pictures(self, stage: int, frame: Frame, scores: list[float]) -> None:
        """The pictures alone; a sheet too, when they are several."""
        story = {k: self.story[k] for k in OF_A_PICTURE}
        story["ended"] = {"stage": stage, "step": frame.step}
        kept = pictures.save(frame.image.cpu(), self.folder, story, scores, self.story["suffix"])
        for path in {*self.superseded} - {*kept}:
            path.unlink(missing_ok=True)
        self.superseded = []

    def close_reel(self, number: int, frame: Frame) -> None:
        """The film ends, for now or for good, with this frame."""
        if self.plan:
            self.reel.add(number, frame.image)

    def write_video(self, title: str, picture: Path) -> Path | None:
        """Makes the film of what was seen so far, and tells where it is. Once the run has ended,
        the pictures it was made of go.

        Args:
            picture: the first of the run, which knows how far it has come.
        """
        if not self.video or not self.plan or not self.reel.paths():
            return None
        path = Path(self.video.path)
        story = story_in(picture) or {}
        story = {k: story[k] for k in (*OF_A_PICTURE, "ended")}
        story["video"] = to_json(replace(self.video, path=path.name))  # not where it was
        text = json.dumps(story, ensure_ascii=False)
        about = {"title": title, "story": text}
        video.write(path, self.reel, rate=self.plan.rate, hold=self.plan.hold, **about)
        if "ended" in self.story:
            self.reel.forget()
        return path
