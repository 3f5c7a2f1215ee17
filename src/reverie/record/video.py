"""Pictures as a film: mp4, webm, gif, webp and apng, encoded as they come, in constant memory.

PyAV does it (the extra `reverie[video]`), with the encoders that are in it; no program is called.
"""

import itertools
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from reverie.errors import PictureError, SpecError
from reverie.record import embedded, palette
from reverie.record.plan import Plan
from reverie.spec import spec

if TYPE_CHECKING:
    from av import VideoFrame

Picture = UInt8[np.ndarray, "h w 3"]
SLOWEST = 10.0  # pictures a second, to which a rate falls when there are few of them
HOLD = 1.0  # seconds that the last picture stays
BT709, LIMITED = 1, 1  # FFmpeg's numbers for the colours of nearly all video of today


@dataclass(frozen=True)
class Kind:
    """How films of a suffix are made."""

    container: str
    codec: str
    pixels: str
    options: Mapping[str, str]  # of the encoder
    file: Mapping[str, str]  # of the container
    rate: float = 30.0
    fastest: float = 120.0

    @property
    def is_yuv(self) -> bool:
        return self.pixels == "yuv420p"  # which every player shows; sides must be even


KINDS = {
    ".mp4": Kind(
        "mp4",
        "libx264",
        "yuv420p",
        {  # with its macroblock tree, x264 makes other files of the same pictures now and then
            "crf": "17",
            "preset": "veryfast",
            "threads": "1",
            "x264-params": "mbtree=0",
        },
        {"movflags": "+faststart+use_metadata_tags"},
    ),
    ".webm": Kind(
        "webm",
        "libvpx-vp9",
        "yuv420p",
        {"crf": "22", "b": "0", "deadline": "realtime", "cpu-used": "5", "row-mt": "1"},
        {},
    ),
    ".gif": Kind("gif", "gif", "pal8", {}, {"loop": "0"}, rate=15.0, fastest=50.0),
    ".webp": Kind("webp", "libwebp_anim", "bgra", {"quality": "90"}, {"loop": "0"}, rate=15.0),
    ".apng": Kind("apng", "apng", "rgb24", {}, {"plays": "0"}, rate=15.0),
}


@spec
class Video:
    """What a film of a run should be. It lasts `length` seconds, the last of which stand still;
    None shows the picture of every step once, and then the last one of a stage for `pause` seconds.

    `rate` is in pictures a second; None is 30, or 15 where pictures are large files (gif ...).
    `first` is the stage that it begins with, 0 or more.
    """

    path: str
    length: float | None = 10.0
    rate: float | None = None
    first: int = 0
    pause: float = 0.0

    def __post_init__(self) -> None:
        kind = kind_of(self.path)
        if self.length is not None and not 0.1 <= self.length <= 36_000:
            raise SpecError(f"video: {self.length:g} seconds is no length; 0.1 to 36000 is")
        if self.rate is not None and not 1 <= self.rate <= kind.fastest:
            suffix = Path(self.path).suffix
            raise SpecError(
                f"video: {self.rate:g} pictures a second; {suffix} takes 1 to {kind.fastest:g}"
            )
        if self.first < 0 or not 0 <= self.pause <= 60:
            raise SpecError(
                f"video: begins with stage {self.first} and pauses for {self.pause:g} s; stages "
                "are 0 or more, and pauses 0 to 60 s"
            )

    def placed(self, overwrite: bool) -> "Video":
        """The same film at an absolute path, when it can be made there.

        Raises:
            PictureError: there is no PyAV, a file of this name and no leave to `overwrite` it, or
                a folder that nothing can be written in.
        """
        library()
        path = Path(self.path).absolute()
        if path.exists() and not overwrite:
            raise PictureError(
                f"{self.path} is there already; choose another name, or use --overwrite"
            )
        if path.is_dir():
            raise PictureError(f"{self.path} is a folder; choose another name for the film")
        try:  # better now than when all is painted
            there = next(folder for folder in path.parents if folder.exists())
            tempfile.TemporaryFile(dir=there).close()
        except OSError as error:
            raise PictureError(
                f"cannot write to {path.parent}: {error.strerror}; "
                "choose another place for the film"
            ) from error
        return replace(self, path=str(path))

    def seen_from(self, folder: Path) -> "Video":
        """The same film by its name alone if it is in `folder`, which may be moved."""
        path = Path(self.path)
        return replace(self, path=path.name) if path.parent == folder.absolute() else self

    def plan(self, counts: Sequence[int]) -> Plan:
        """The film of a run whose stages have so many pictures: one more than they have steps.

        A run with fewer pictures than a film of this length gets a lower rate, down to 10; with
        still fewer it becomes a shorter film.

        Raises:
            SpecError: it begins with a stage that is not there.
        """
        if self.first >= len(counts):
            raise SpecError(
                f"video: begins with stage {self.first}, and the last one is {len(counts) - 1}"
            )
        before, rate = sum(counts[: self.first]), self.rate or kind_of(self.path).rate
        if self.length is None:
            ends = frozenset(n - 1 for n in itertools.accumulate(counts[:-1]) if n > before)
            pause = max(1, round(self.pause * rate))
            return Plan(frozenset(range(before, sum(counts))), rate, pause, ends, pause)
        steps = sum(counts) - before - 1
        hold = min(HOLD, self.length / 5)
        moving = max(2, round((self.length - hold) * rate))
        if steps + 1 < moving:
            moving = steps + 1
            rate = min(rate, max(SLOWEST, moving / (self.length - hold)))
        kept = frozenset(before + round(i * steps / max(1, moving - 1)) for i in range(moving))
        return Plan(kept, rate, 1 + round(hold * rate))


def kind_of(path: str | Path) -> Kind:
    """
    Raises:
        SpecError: no film has this suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in KINDS:
        raise SpecError(f"video: {str(path)!r} is no film; its name ends in {', '.join(KINDS)}")
    return KINDS[suffix]


def library() -> Any:
    """PyAV.

    Raises:
        PictureError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise PictureError(
            "films need PyAV, which is not installed: pip install 'reverie[video]'"
        ) from error
    return av


def write(
    path: Path,
    pictures: Iterable[Picture],
    *,
    rate: float,
    hold: int = 1,
    title: str = "",
    story: str = "",
) -> None:
    """Writes a film. It appears whole or not at all; missing folders are made.

    Args:
        pictures: all of one size, one at least; they are gone through twice for a gif.
        hold: how many times the last one is shown.
        title, story: kept inside the file.

    Raises:
        PictureError: it cannot be written.
    """
    kind, av = kind_of(path), library()
    partial = path.with_name(f".{uuid.uuid4().hex}.part")
    about = {name: text for name, text in (("title", title), ("reverie", story)) if text}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _encode(partial, kind, pictures, Fraction(rate).limit_denominator(1001), hold, about)
        if story:
            embedded.insert(partial, path.suffix.lower(), story)
        partial.replace(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise PictureError(f"{path}: the film cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def text_in(path: Path) -> str | None:
    """The story that was given to `write`, or None when there is none.

    Raises:
        PictureError: it is not a film that can be read.
    """
    return _metadata(path) if kind_of(path).is_yuv else embedded.extract(path)


def _metadata(path: Path) -> str | None:
    av = library()
    try:
        with av.open(str(path)) as file:
            found = {name.lower(): text for name, text in file.metadata.items()}
    except av.FFmpegError as error:
        why = error.strerror or error
        raise PictureError(f"{path}: this is not a film that can be read ({why})") from error
    return found.get("reverie")


def _encode(
    path: Path,
    kind: Kind,
    pictures: Iterable[Picture],
    rate: Fraction,
    hold: int,
    about: dict[str, str],
) -> None:
    first = next(iter(pictures))
    height, width = (n + n % 2 if kind.is_yuv else n for n in first.shape[:2])
    options = {**kind.file, "fflags": "+bitexact"}  # equal pictures give equal files
    with library().open(str(path), "w", format=kind.container, options=options) as out:
        out.metadata.update(about)
        stream = out.add_stream(kind.codec, rate=rate, options=dict(kind.options))
        stream.width, stream.height, stream.pix_fmt = width, height, kind.pixels
        if kind.is_yuv:
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = LIMITED
        frames = _frames(pictures, kind, rate, hold)
        if kind.codec == "gif":
            few = (picture[::2, ::2] for picture in itertools.islice(pictures, 0, None, 8))
            frames = palette.painted(frames, palette.chosen(_frames(few, kind, rate, 1)))
        for frame in frames:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _frames(
    pictures: Iterable[Picture], kind: Kind, rate: Fraction, hold: int
) -> "Iterator[VideoFrame]":
    """The pictures as PyAV's frames, each at its time; the last one `hold` times."""
    for at, pixels in enumerate(_held(pictures, hold)):
        yield _frame(pixels, at, kind, rate)


def _held(pictures: Iterable[Picture], hold: int) -> Iterator[Picture]:
    """The pictures, the last one `hold` times in all."""
    last = ()
    for picture in pictures:
        last = [picture]
        yield picture
    for _ in range(hold - 1):
        yield from last


def _frame(pixels: Picture, at: int, kind: Kind, rate: Fraction) -> "VideoFrame":
    frame_of = library().VideoFrame.from_ndarray
    if kind.is_yuv:  # sides must be even: the last row or column is doubled
        h, w = pixels.shape[:2]
        even = np.pad(pixels, ((0, h % 2), (0, w % 2), (0, 0)), mode="edge")
        frame = frame_of(even, format="rgb24").reformat(
            format=kind.pixels, dst_colorspace=BT709, dst_color_range=LIMITED
        )
    else:
        frame = frame_of(np.ascontiguousarray(pixels), format="rgb24")
    frame.pts, frame.time_base = at, 1 / rate
    return frame
