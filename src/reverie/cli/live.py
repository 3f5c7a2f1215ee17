"""A run while it is painted: score, speed, time left, and a small picture in the terminal."""

import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.color import Color
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.segment import Segment, Segments
from rich.style import Style
from torch import Tensor
from torch.nn.functional import interpolate

from reverie import image as images
from reverie.record.progress import Progress

PREVIEW_COLUMNS = 48
REFRESH = 0.5  # seconds between two previews
PLAIN_EVERY = 10.0  # seconds between two lines where there is no terminal


def watch(frames: Iterator[Progress], console: Console, *, preview: bool) -> Progress | None:
    """Shows a run until it ends or the user stops it. Returns its last frame."""
    with stopping() as stop:
        if console.is_terminal and not console.is_dumb_terminal:
            return _watch_live(frames, console, stop, preview and not console.no_color)
        return _watch_plain(frames, console, stop)


@contextmanager
def stopping() -> Iterator[list[bool]]:
    """Inside, the first Ctrl-C asks the run to stop after its step; a second stops at once."""
    asked: list[bool] = []

    def ask(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)
        sys.stderr.write("\nstopping after this step (Ctrl-C again: at once)\n")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


class Pace:
    """Speed and time left until `steps`, from the last steps."""

    def __init__(self) -> None:
        self.steps = 0
        self.times: deque[tuple[float, int]] = deque(maxlen=20)

    def line(self, step: int, steps: int) -> str:
        if self.steps != steps:  # another stage has another speed
            self.times.clear()
        self.steps = steps
        self.times.append((time.monotonic(), step))
        (begun, first), (now, last) = self.times[0], self.times[-1]
        if last == first or now == begun:
            return ""
        each = (now - begun) / (last - first)
        speed = f"{1 / each:.1f} steps/s" if each < 1 else f"{each:.1f} s/step"
        return f"{speed} · {clock(each * (steps - step))} left"


def clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _watch_live(
    frames: Iterator[Progress], console: Console, stop: list[bool], preview: bool
) -> Progress | None:
    bar = Bar(
        TextColumn("{task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("{task.description}"),
        console=console,
    )
    task = bar.add_task("loading the networks ...", total=None)
    pace, drawn, last, picture = Pace(), 0.0, None, None
    with Live(bar, console=console, refresh_per_second=4, transient=True) as live:
        for last in frames:
            line = pace.line(last.step, last.part_end or last.steps)
            score = None if last.score is None else f"score {last.score:.3f}"
            about = " · ".join(filter(None, [last.part, score, line]))
            bar.update(task, completed=last.step, total=last.steps, description=about)
            now = time.monotonic()
            if preview and now - drawn >= REFRESH:
                room = (console.width, console.height - 4)  # under it stand bar and prompt
                picture, drawn = half_blocks(last.frame.image, *room), now
            live.update(Group(picture, bar) if picture else bar)
            if stop:
                break
    return last


def _watch_plain(frames: Iterator[Progress], console: Console, stop: list[bool]) -> Progress | None:
    pace, said, last, part = Pace(), time.monotonic() - PLAIN_EVERY, None, ""
    for last in frames:
        line, now = pace.line(last.step, last.part_end or last.steps), time.monotonic()
        if now - said >= PLAIN_EVERY or last.ended or last.part != part:
            score = None if last.score is None else f"score {last.score:.3f}"
            at = f"step {last.step}/{last.steps}"
            console.print("  ".join(filter(None, [at, last.part, score, line])), highlight=False)
            said, part = now, last.part
        if stop:
            break
    return last


def half_blocks(image: Tensor, columns: int, rows: int) -> Segments:
    """Pictures `[b, 3, h, w]` as coloured half blocks, two pixels to a character.

    Args:
        columns, rows: characters that there is room for.
    """
    sheet = images.sheet(image.float().cpu()) if len(image) > 1 else image[:1].float().cpu()
    height, width = sheet.shape[-2:]
    columns = max(1, min(columns - 2, PREVIEW_COLUMNS, round(2 * max(1, rows) * width / height)))
    rows = max(1, min(rows, round(columns * height / width / 2)))
    small = interpolate(sheet, size=(2 * rows, columns), mode="area")[0]
    pixels = small.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).tolist()
    segments = []
    for row in range(0, 2 * rows, 2):
        for upper, lower in zip(pixels[row], pixels[row + 1], strict=True):
            style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
            segments.append(Segment("▀", style))
        segments.append(Segment.line())
    return Segments(segments)
