"""From words to a drawing for your pens, the plotter's file of it, and a film of it being drawn.

    python examples/plot.py "a red fox" --pens "black 0.5mm, teal, tomato" --width 200

The pens are those that lie beside your plotter. The drawing is made with their colours alone, so
nothing is lost on the way to paper but the width of the lines.
"""

import argparse
from pathlib import Path
from typing import Any

from reverie.errors import ReverieError
from reverie.raster.pens import read_pens
from reverie.raster.plotter import Plot, plot, plot_svg
from reverie.raster.svg import write_svg
from reverie.raster.svg_read import read_svg
from reverie.recipes.paint import paint
from reverie.redraw import redraw_film


def plotted(
    words: str, pens: str, into: Path, *, width: float, seconds: float, **options: Any
) -> Plot:
    """Leaves plot.svg and drawing.mp4 beside the picture. `options` are those of `draw`."""
    run = paint(words, canvas="draw", palette=pens, output=into, **options)
    drawing = read_svg(run.pictures[0].with_suffix(".svg"))
    made = plot(drawing, read_pens(pens), width=width, margin=10)
    write_svg(plot_svg(made, title=words), into / "plot.svg")
    for _ in redraw_film(drawing, into / "drawing.mp4", seconds=seconds):
        pass
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words")
    parser.add_argument("--pens", default="black, teal, tomato")
    parser.add_argument("--width", type=float, default=200.0, help="of the paper, mm")
    parser.add_argument("--output", type=Path, default=Path("pictures/plot"))
    given = parser.parse_args()
    try:
        made = plotted(given.words, given.pens, given.output, width=given.width, seconds=10)
    except ReverieError as error:
        parser.exit(2, f"{error}\n")
    for layer in made.layers:
        print(f"{layer.label}: {layer.drawn / 1000:.2f} m of {len(layer.strokes)} strokes")
    print(given.output / "plot.svg")
