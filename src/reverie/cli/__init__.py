"""The command line. `main` is what the `reverie` program calls, `dream` and `imagine` are programs
of their own: those of big-sleep and deep-daze."""

import sys

from reverie.cli.app import main

__all__ = ["dream", "imagine", "main"]


def dream() -> int:
    return main(["dream", *sys.argv[1:]])


def imagine() -> int:
    return main(["imagine", *sys.argv[1:]])
