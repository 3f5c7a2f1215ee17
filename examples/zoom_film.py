"""A film in Python: into a picture, slowly turning.

    python examples/zoom_film.py

Every frame begins as the one before it, nearer and turned, and is painted on for a few steps.
"""

import sys
from pathlib import Path

from reverie.curve import read_keyframes
from reverie.film.motion import Motion
from reverie.film.plan import Film
from reverie.film.run import FilmRun
from reverie.recipes.paint import recipe_for


def film(folder: Path, frames: int = 48, size: int = 192, steps: int = 60) -> FilmRun:
    recipe = recipe_for("a garden of flowers", "fourier", size=(size, size), steps=steps)
    motion = Motion(
        zoom=read_keyframes(f"0: 1.0, {frames // 4}: 1.03"),  # sets off gently
        rotate=read_keyframes("0.5"),
        edge="reflect",
    )
    plan = Film(frames=frames, rate=12, steps=6, motion=motion)
    run = FilmRun.start(plan, recipe, folder, overwrite=True)
    for progress in run.frames():
        print(f"\r{progress.step}/{progress.steps}", end="", flush=True)
    print()
    return run


if __name__ == "__main__":
    print(film(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures/zoom")).path)
