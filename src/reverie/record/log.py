"""One line of JSON per step: what a run looked like from inside."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.protocols import Frame


class Log:
    """`log.jsonl` of a run. Every row has `stage` and `step`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, frame: Frame, scores: Sequence[float], *, stage: int, step: int) -> None:
        """Writes what a frame measured: the score and every loss of each picture."""
        row = {
            "stage": stage,
            "step": step,
            "t": round(frame.t, 6),
            "score": [round(s, 6) for s in scores],
            "losses": {n: [round(v, 6) for v in x.tolist()] for n, x in frame.losses.items()},
            "time": round(time.time(), 3),
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def rows(self) -> list[dict[str, Any]]:
        """Every whole row; a line cut off by a kill is left out."""
        if not self.path.exists():
            return []
        rows = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows

    def cut(self, stage: int, step: int) -> None:
        """Forgets what came at or after a step, which is about to be done again."""
        kept = [row for row in self.rows() if (row["stage"], row["step"]) < (stage, step)]
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        temporary.replace(self.path)
