"""Long work that is counted: a bar with the time left, and Ctrl-C that loses nothing."""

import sys
import time
from collections.abc import Iterator
from typing import Any

EVERY = 10.0  # seconds between two lines where there is no terminal


def counted(counts: Iterator[tuple[int, int]], what: str) -> bool:
    """Goes through the counts (done, of how many), and says whether the work came to its end."""
    from contextlib import closing

    from rich.console import Console

    from reverie.cli.live import stopping

    console = Console(stderr=True)
    show = _Bar(what, console) if console.is_terminal else _Lines(what)
    with stopping() as stop, closing(counts), show:  # type: ignore[type-var]
        for done, total in counts:
            show.count(done, total)
            if stop and done < total:
                return False
    return True


class _Bar:
    def __init__(self, what: str, console: Any) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), Left(), TextColumn("left"))
        self.bar = Progress(*columns, console=console, transient=True, speed_estimate_period=300)
        self.task = self.bar.add_task(what, total=None)

    def __enter__(self) -> None:
        self.bar.start()

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def count(self, done: int, total: int) -> None:
        self.bar.update(self.task, completed=done, total=total)


class _Lines:
    def __init__(self, what: str) -> None:
        self.what, self.first, self.said = what, (0.0, 0), 0.0

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def count(self, done: int, total: int) -> None:
        from reverie.cli.live import clock

        now = time.monotonic()
        begun, before = self.first = self.first if self.said else (now, done)
        if now - self.said < EVERY and done < total:
            return
        each = (now - begun) / (done - before) if done > before else None
        left = f", {clock(each * (total - done))} left" if each and done < total else ""
        sys.stderr.write(f"{self.what} {done}/{total}{left}\n")
        self.said = now
