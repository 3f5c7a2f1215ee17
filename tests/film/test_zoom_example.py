"""The example of a film runs."""

import runpy
from pathlib import Path

from record.films import frames

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "zoom_film.py"


def test_the_example_makes_a_film(tmp_path):
    run = runpy.run_path(str(EXAMPLE))["film"](tmp_path / "zoom", frames=4, size=32, steps=2)
    assert run.ended == "all frames done"
    assert len(frames(run.path)) == 4
