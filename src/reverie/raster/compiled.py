"""How kernels become machine code: once, and kept for later processes.

Numba is imported here, so this and the files of kernels are imported by `fast` alone, when asked
for. What is kept lies in `__pycache__` beside the file, or in the user's cache where the package
cannot be written (NUMBA_CACHE_DIR names another place), and is made anew when the file changes.
It does not see a change in another file: a kernel calls kernels of its own file only.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numba

TILE = 8  # pixels across, and down
AREA = TILE * TILE
MATHS = {"reassoc", "contract", "nsz", "arcp"}  # all of fast math that lets NaN be seen


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, compiled for the types it is called with. It lets other threads run."""
    plain = inspect.unwrap(function)  # checks of types stay outside
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": MATHS}
    try:
        return numba.njit(cache=True, **options)(plain)
    except RuntimeError:  # no folder can be written: every process compiles for itself
        return numba.njit(**options)(plain)
