"""The picture of a run that its perceptors liked best, kept beside the last one.

Source: `save_best` of lucidrains/big-sleep (2021).
Differs: every picture of a batch has its own best; what counts is the score, not the loss, whose
other terms say nothing of the words.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from reverie import image as images
from reverie.protocols import Frame
from reverie.record import pictures

BEST = "best"  # what the files are called


class Best:
    """The best frame of every picture of a stage so far, by score; none without one."""

    def __init__(self) -> None:
        self.stage = -1
        self.scores: list[float] = []
        self.steps: list[int] = []
        self.shown: Tensor | None = None

    def see(self, stage: int, frame: Frame, scores: Sequence[float]) -> None:
        """A stage begins anew, for its pictures may have another size."""
        if not scores:
            return
        if stage != self.stage or self.shown is None:
            self.stage, self.scores = stage, [*scores]
            self.steps, self.shown = [frame.step] * len(scores), frame.image.clone()
            return
        for i, score in enumerate(scores):
            if score > self.scores[i]:
                self.scores[i], self.steps[i] = score, frame.step
                self.shown[i] = frame.image[i]

    def save(self, folder: Path, story: dict[str, Any], suffix: str) -> list[Path]:
        """Writes the pictures, each with the story of the step that it comes from."""
        if self.shown is None:
            return []
        names = pictures.names(len(self.scores), suffix, BEST)
        for i, name in enumerate(names):
            ended = {"stage": self.stage, "step": self.steps[i]}
            own = story | {"ended": ended, "picture": i, "score": round(self.scores[i], 6)}
            images.save(self.shown[i].cpu(), folder / name, json.dumps(own, ensure_ascii=False))
        return [folder / name for name in names]

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return vars(self).copy()

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` gave."""
        self.stage, self.shown = state["stage"], state["shown"]
        self.scores, self.steps = list(state["scores"]), list(state["steps"])
