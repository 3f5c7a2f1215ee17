"""Prompts from a template, each painted at the same seed, on one sheet with its words.

    python examples/words.py "{a fox|an owl}, {neon|at night}" sheet.png

The lines of a file, or a category of the library, are wildcards: "a fox, __lighting__".
"""

import sys
from pathlib import Path

from reverie import expand, paint
from reverie.record.grid import Block, draw_grid

TEMPLATE = "{a fox|an owl} in the forest, {stained glass|neon}"


def sheet(template: str, file: Path, folder: Path, **options: object) -> Path:
    """Paints every prompt of a template, with two seeds each, and draws the sheet."""
    blocks = []
    for number, prompt in enumerate(expand(template)):
        run = paint(prompt, seed=1, count=2, output=folder / str(number), **options)
        blocks.append(Block(prompt, f"seeds {run.recipe.seed} and on", run.pictures))
    return draw_grid(blocks, file)


if __name__ == "__main__":
    template = sys.argv[1] if len(sys.argv) > 1 else TEMPLATE
    file = Path(sys.argv[2] if len(sys.argv) > 2 else "pictures/words.png")
    print(sheet(template, file, file.parent / f"{file.stem}-runs", size=(256, 256)))
