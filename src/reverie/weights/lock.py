"""One process at a time: a lock that the system takes back when its holder dies."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(file: BufferedWriter) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: BufferedWriter) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def lock_file(path: Path) -> Iterator[Callable[[], bool]]:
    """Gives a function that tries to take the lock and says whether we have it now.

    The file stays: deleting it would let two processes hold two locks of one name.
    """
    with path.open("ab") as file:

        def taken() -> bool:
            try:
                _take(file)
            except OSError:
                return False
            return True

        yield taken
