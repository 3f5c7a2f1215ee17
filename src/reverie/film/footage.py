"""The frames of a video, or of a folder of pictures, to be painted over one by one."""

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from reverie import image as images
from reverie.errors import PictureError, SpecError
from reverie.protocols import Canvas, Image, Moment, PerImage
from reverie.record.video import library
from reverie.spec import spec

Picture = UInt8[np.ndarray, "h w 3"]
COARSE = 8  # pixels that are averaged before a painting is held to its source


@spec
class Footage:
    """Which frames of a video or folder are painted over, and how closely.

    `first` and `last` are seconds; of every `every` frames one is taken. A frame starts from its
    source, with a share of `steady` of the painting before it; `keep` is the weight that holds its
    broad colours to the source; `smooth` is how many neighbours on either side are mixed in when
    the film is made.
    """

    path: str
    first: float = 0.0
    last: float | None = None
    every: int = 1
    steady: float = 0.5
    keep: float = 1.0
    smooth: int = 0

    def __post_init__(self) -> None:
        if self.first < 0 or (self.last is not None and self.last <= self.first):
            raise SpecError(f"restyle: from {self.first:g} to {self.last:g} s is no length of time")
        if self.every < 1:
            raise SpecError(f"restyle: every {self.every} frames; it must be 1 or more")
        if not 0 <= self.steady < 1:
            raise SpecError(f"restyle: steady is a share from 0 to below 1, not {self.steady:g}")
        if self.keep < 0:
            raise SpecError(f"restyle: keep is a weight, 0 or more, not {self.keep:g}")
        if not 0 <= self.smooth <= 16:
            raise SpecError(f"restyle: smooth is 0 to 16 frames on either side, not {self.smooth}")

    def frames(self) -> Iterator[Image]:
        """The frames that are taken, one in memory at a time.

        Raises:
            PictureError: a frame cannot be read, or the video breaks off.
        """
        facts = self.facts()
        rate = facts.rate * self.every
        begin = round(self.first * rate)
        end = None if self.last is None else round(self.last * rate)
        taken = 0
        for frame in itertools.islice(self._all(), begin, end, self.every):
            yield frame
            taken += 1
        if taken < facts.frames:
            raise PictureError(
                f"{self.path}: this video breaks off after {taken} of {facts.frames} frames, at "
                f"{self.first + taken / facts.rate:.3g} s; end before that with --to"
            )

    def spared(self, target: Path, frames: Path) -> None:
        """
        Raises:
            PictureError: a film at `target`, with its pictures in `frames`, would be written over
                what it is made from.
        """
        path = Path(self.path).resolve()
        if path in (target.resolve(), frames.resolve()):
            raise PictureError(
                f"{self.path} is what the film is made from, and would be written over; "
                "give the film another name"
            )

    def facts(self) -> "Facts":
        """
        Raises:
            PictureError: there is no video or folder of this name, or none that can be read.
        """
        path = Path(self.path)
        if path.is_dir():
            names = _pictures_in(path)
            height, width = images.load(names[0]).shape[-2:]
            return self._facts((width, height), 24.0, len(names))
        with _opened(path) as file:
            stream = file.streams.video[0]
            frame = next(_decoded(file), None)
            if frame is None:
                raise PictureError(f"{path}: this video has no pictures")
            height, width = _upright(frame).shape[:2]
            rate = float(stream.average_rate or stream.guessed_rate or 24)
            count = stream.frames or sum(1 for _ in _decoded(file)) + 1
        return self._facts((width, height), rate, count)

    def _facts(self, size: tuple[int, int], rate: float, count: int) -> "Facts":
        """Of the frames that are taken, given those of all."""
        end = count if self.last is None else min(count, round(self.last * rate))
        taken = len(range(round(self.first * rate), end, self.every))
        if not taken:
            raise PictureError(
                f"{self.path}: it lasts {count / rate:.3g} s; nothing is left from {self.first:g} s"
            )
        if rate / self.every < 1:
            raise PictureError(
                f"{self.path}: one in {self.every} of its {rate:.3g} frames a second is less than "
                f"one a second; --every {int(rate)} is the most"
            )
        return Facts(size, rate / self.every, taken)

    def _all(self) -> Iterator[Image]:
        path = Path(self.path)
        if path.is_dir():
            yield from map(images.load, _pictures_in(path))
            return
        with _opened(path) as file:
            for frame in _decoded(file):
                pixels = torch.from_numpy(np.ascontiguousarray(_upright(frame)))
                yield pixels.permute(2, 0, 1)[None].float().div(255)


@dataclass(frozen=True)
class Facts:
    """Of the frames that are taken: width and height, how many a second, and how many in all."""

    size: tuple[int, int]
    rate: float
    frames: int


class Keep:
    """Holds the broad colours of a picture to those of a source, which changes with the frame."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.source: Image | None = None

    def __call__(self, image: Image, moment: Moment) -> PerImage:
        if self.source is None:
            return image.new_zeros(len(image))
        gap = torch.nn.functional.avg_pool2d(image - self.source, COARSE, ceil_mode=True)
        return self.weight * gap.square().mean((1, 2, 3)) * 100


@dataclass(frozen=True)
class Smoothed:
    """Pictures, each mixed with up to `reach` neighbours on either side, near ones most."""

    pictures: Iterable[Picture]
    reach: int

    def __iter__(self) -> Iterator[Picture]:
        if not self.reach:
            yield from self.pictures
            return
        near: deque[Picture] = deque(maxlen=2 * self.reach + 1)
        rest = iter(self.pictures)
        near.extend(itertools.islice(rest, self.reach + 1))
        at = 0  # of the picture in the middle, within `near`
        while at < len(near):
            weights = [self.reach + 1 - abs(i - at) for i in range(len(near))]
            mixed = np.average(np.stack(list(near)).astype(np.float32), axis=0, weights=weights)
            yield mixed.round().astype(np.uint8)
            full = len(near) == near.maxlen
            following = next(rest, None)
            if following is not None:
                near.append(following)
                at += not full
            elif full or at < len(near):
                at += 1


def paintable(canvas: Canvas) -> bool:
    """Whether a canvas can start from a picture."""
    inner = getattr(canvas, "canvas", canvas)  # of a running average
    return type(inner).encode_ is not Canvas.encode_


def _pictures_in(folder: Path) -> list[Path]:
    """By name, where 2 comes before 10."""
    found = [p for p in folder.iterdir() if p.suffix.lower() in images.SUFFIXES]
    found.sort(key=lambda p: (re.sub(r"\d+", lambda n: f"{int(n[0]):020d}", p.name), p.name))
    if not found:
        wanted = ", ".join(images.SUFFIXES)
        raise PictureError(f"{folder}: there is no picture in this folder ({wanted})")
    return found


def _opened(path: Path):
    av = library()
    try:
        file = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        why = "there is no such file" if not path.exists() else "not a video that can be read"
        raise PictureError(f"{path}: {why}") from error
    if not file.streams.video:
        file.close()
        raise PictureError(f"{path}: there are no pictures in it, only sound")
    return file


def _decoded(file) -> Iterator:
    """The frames of a video, up to where it is broken."""
    try:
        yield from file.decode(video=0)
    except library().FFmpegError:
        return


def _upright(frame) -> Picture:
    """A frame's pixels, turned as the video says."""
    return np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
