"""A nightmare in Python: from a face, or from any picture, with a film of it.

    python examples/spooky.py "an old scary witch with green skin"
    python examples/spooky.py "an old scary witch with green skin" portrait.png

With a picture, no face is made: it is the picture that turns.
"""

import sys
from pathlib import Path

from reverie.recipes.spooky import spooky
from reverie.record.video import Video
from reverie.run import Run


def nightmare(words: str, picture: str | None, folder: Path, **options) -> Run:
    if picture:
        options |= {"stages": "spooky,nightmare", "init": picture}
    recipe = spooky(words, **options)
    film = Video(path=str(folder / "spooky.mp4"), length=None, pause=0.5)  # every step, once
    run = Run.start(recipe, folder, film=film, overwrite=True)
    for progress in run.frames():
        print(f"\r{progress.part}: {progress.step}/{progress.steps} ", end="", flush=True)
    print()
    return run


if __name__ == "__main__":
    words, picture = [*sys.argv[1:], None, None][:2]
    made = nightmare(words or "a vampire with fangs", picture, Path("pictures/nightmare"))
    print(*made.stills, *made.files, sep="\n")
