"""What a run or a film shows at each step."""

from dataclasses import dataclass

from reverie.protocols import Frame


@dataclass(frozen=True)
class Progress:
    """A step of a run; or of a film's first frame, or another frame of it."""

    frame: Frame
    step: int  # over all stages, or over all frames
    steps: int  # of all of them
    scores: list[float]  # similarity of each picture to its prompts, empty without prompts
    ended: str | None  # why it ends here, or None while it goes on
    stage: int = 0
    part: str = ""  # the stage in words, where there are several: `face (1 of 3)`
    part_end: int | None = None  # the step, over all stages, that it ends at

    @property
    def score(self) -> float | None:
        return sum(self.scores) / len(self.scores) if self.scores else None
