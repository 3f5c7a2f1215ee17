"""A picture that is a function: painted small, drawn large.

    python examples/big_field.py "a sailboat on the sea"

Paints at 128 pixels, which is quick, and draws the same network at 2048.
"""

import sys
from pathlib import Path

import reverie
from reverie.render import drawing_in, render


def drawn_large(prompt: str, folder: Path, *, small: int = 128, large: int = 2048, **how) -> Path:
    run = reverie.paint(prompt, canvas="deep-daze", size=(small, small), output=folder, **how)
    path = folder / "large.png"
    field = drawing_in(run.pictures[0])  # the network lies beside the picture
    for done, rows in render(field, (large, large), path, reverie.machine()):
        print(f"\r{done}/{rows} rows", end="", flush=True)
    print()
    return path


if __name__ == "__main__":
    words = sys.argv[1] if len(sys.argv) > 1 else "a sailboat on the sea"
    print(drawn_large(words, Path("pictures") / "big-field"))
