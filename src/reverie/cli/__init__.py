"""The command line. `main` is what the `reverie` program calls."""

from reverie.cli.app import main

__all__ = ["main"]
