"""A survey done channel by channel, in pieces that survive a stop, by one process or many.

directions.parts/survey.json    what is surveyed
directions.parts/0007.safetensors    the rows of a few channels, once they are finished
directions.parts/0007.lock      held by the process that works on them

Every process that starts the same survey at the same path takes the next piece that nobody has, so
that the same command, given again in another window or on another machine that shares the folder,
is how the work is shared. The system takes back the locks of a process that dies.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from reverie.device import fast_matmul, memory_errors
from reverie.errors import RunError
from reverie.faces.directions import Directions, write
from reverie.faces.survey import Channels, Rows, Survey, Surveyor, channels
from reverie.protocols import Machine
from reverie.record.folder import read_json, write_json, writing
from reverie.weights.lock import lock_file

EACH = 16  # channels of a piece
PAUSE = 0.5  # seconds between two looks at what others do


@dataclass(frozen=True)
class Progress:
    """Channels that are done, by all processes together, and by this one since it began."""

    done: int
    total: int
    own: int


def prepare(survey: Survey, path: Path, on: Machine) -> Iterator[Progress]:
    """Surveys a generator, and writes its directions to `path`. Goes on where it was stopped.

    Raises:
        RunError: pieces of another survey lie there, or the place cannot be written to.
    """
    about, folder = survey.about(), path.with_suffix(".parts")
    _begin(folder, about)
    with fast_matmul(on), memory_errors(f"the survey of {survey.model}"):
        surveyor = Surveyor.of(survey, on)
        pieces = Pieces(folder, channels(surveyor.network))
        try:
            yield from _worked(surveyor, pieces, path)
            rows = pieces.rows()
        except FileNotFoundError:  # another process was the last, and has put the folder away
            if not path.exists():
                raise
            return
    deviation = surveyor.deviation.cpu()[pieces.channels]
    write(Directions(rows, pieces.channels, deviation, about), path)
    shutil.rmtree(folder, ignore_errors=True)


class Pieces:
    """The channels in pieces, and the files of those that are finished."""

    def __init__(self, folder: Path, channels: Channels) -> None:
        self.folder, self.channels = folder, channels
        self.all = channels.split(EACH)
        self.finished: set[int] = set()

    def file(self, number: int) -> Path:
        return self.folder / f"{number:04d}.safetensors"

    def missing(self) -> list[int]:
        left = [n for n in range(len(self.all)) if n not in self.finished]
        self.finished.update(n for n in left if self.file(n).exists())
        return [n for n in left if n not in self.finished]

    def done(self) -> int:
        self.missing()
        return sum(len(self.all[n]) for n in self.finished)

    def rows(self) -> Rows:
        """
        Raises:
            RunError: a piece is broken.
        """
        read: list[Tensor] = []
        for n, piece in enumerate(self.all):
            try:
                read.append(load_file(self.file(n))["rows"])
                if len(read[-1]) != len(piece):
                    raise ValueError(f"{len(read[-1])} rows")
            except (SafetensorError, KeyError, ValueError) as error:
                raise RunError(
                    f"{self.file(n)}: is broken; delete it, and give the same command again"
                ) from error
        return torch.cat(read)


def _begin(folder: Path, about: dict[str, Any]) -> None:
    told = folder / "survey.json"
    with writing(folder, "choose another place with -o"):
        folder.mkdir(parents=True, exist_ok=True)
        if not told.exists():
            write_json(told, about)
    if read_json(told, "a survey", f"{told} is not there") != about:
        raise RunError(
            f"{folder}: is another survey, half done; finish that one, or delete the folder"
        )


def _worked(surveyor: Surveyor, pieces: Pieces, path: Path) -> Iterator[Progress]:
    """Takes piece after piece that nobody has, and waits for those that others have."""
    total, own = len(pieces.channels), 0
    yield Progress(pieces.done(), total, own)
    while (missing := pieces.missing()) and not path.exists():
        before = own
        for n in missing:
            file = pieces.file(n)
            with lock_file(file.with_suffix(".lock")) as taken:
                if not taken() or file.exists():
                    continue
                rows: list[Tensor] = []
                for channel in pieces.all[n].tolist():
                    rows.append(surveyor.row(channel).cpu())
                    own += 1
                    yield Progress(pieces.done() + len(rows), total, own)
                _save(torch.stack(rows), file)
        if own == before:
            time.sleep(PAUSE)
            yield Progress(pieces.done(), total, own)


def _save(rows: Rows, file: Path) -> None:
    with writing(file.parent, "make room, and give the same command again"):
        temporary = file.with_suffix(".tmp")
        temporary.write_bytes(save({"rows": rows}))  # for whoever shares the folder to read
        temporary.replace(file)
