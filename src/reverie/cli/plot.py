"""`reverie plot`: a drawing for a pen plotter."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from reverie.cli.drawings import Length, shapes_in
from reverie.cli.render import Flag, check_place

if TYPE_CHECKING:
    from reverie.raster.plotter import Plot


def plot(
    file: str,
    /,
    *,
    output: Annotated[str | None, Parameter(alias="-o", metavar="FILE")] = None,
    palette: Annotated[str | None, Parameter(metavar="PENS")] = None,
    width: Length = 200.0,
    margin: Length = 10.0,
    overwrite: Flag = False,
) -> int:
    """Make a drawing ready for a pen plotter: reverie plot picture.svg --palette black,teal

    There is a layer for each pen, as Inkscape, AxiDraw and vpype read them. Strokes are cut off at
    the margins and ordered so that the pen travels little in the air. Fills become outlines, and
    shapes with an opacity below 0.5 are left out.

    Args:
        file: an SVG, or a picture with one beside it.
        output: the SVG to write; beside the file, with -plot in its name, if left out.
        palette: your pens, as black,#c0392b,teal or a file of lines such as "#1a1a1a black 0.4mm";
            each shape gets the nearest. If left out, the drawing's own colours, if there are at
            most 12.
        width: of the paper. Its height follows.
        margin: around the drawing.
        overwrite: write over a file that is there.
    """
    from reverie.raster import plotter
    from reverie.raster.pens import read_pens
    from reverie.raster.svg import SUFFIX, write_svg

    path = Path(output or Path(file).with_name(f"{Path(file).stem}-plot{SUFFIX}"))
    check_place(path, overwrite, (SUFFIX,))
    pens = read_pens(palette) if palette is not None else ()
    drawing = shapes_in(file).drawing
    made = plotter.plot(drawing, pens, width=width, margin=margin)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_svg(plotter.plot_svg(made, title=Path(file).stem), path)
    drawn = {layer.label.partition("-")[0] for layer in made.layers}
    idle = [pen.label for i, pen in enumerate(pens, 1) if str(i) not in drawn]
    unused = [f"not used: {', '.join(idle)}"] if idle else []
    for line in [*_layers(made), *unused, *_remarks(made)]:
        sys.stderr.write(f"{line}\n")
    print(path)
    return 0


def _layers(plot: "Plot") -> list[str]:
    """A line for every layer, in columns, and one for all."""
    wide = max(len(layer.label) for layer in plot.layers)
    lines = [f"{plot.size[0]:.4g} x {plot.size[1]:.4g} mm"]
    rows = [(x.label, len(x.strokes), x.drawn, x.lifted, x.before) for x in plot.layers]
    if len(rows) > 1:
        _, strokes, drawn, lifted, before = zip(*rows, strict=True)
        rows.append(("all", sum(strokes), sum(drawn), sum(lifted), sum(before)))
    for label, strokes, drawn, lifted, before in rows:
        lines.append(
            f"{label:{max(wide, 3)}}  {strokes:5} strokes  {drawn / 1000:7.2f} m drawn  "
            f"{lifted / 1000:7.2f} m lifted ({before / 1000:.2f} m before sorting)"
        )
    return lines


def _remarks(plot: "Plot") -> list[str]:
    """What became of shapes that are not drawn as they were."""
    told = (
        (plot.filled, "filled: drawn as the outline"),
        (plot.faint, "left out: opacity below 0.5, or no width"),
        (plot.outside, "left out: outside the margins"),
        (plot.cut, "cut off at the margins"),
    )
    lines = [f"{n} {'shape' if n == 1 else 'shapes'} {what}" for n, what in told if n]
    double = f"{plot.double} strokes left out: the same pen has drawn them already"
    widest = max(layer.line for layer in plot.layers)
    thin = f"pens are up to {widest:g} mm wide; most strokes of the drawing are {plot.wide:.1f} mm"
    return lines + [double] * (plot.double > 0) + [thin] * (plot.wide > 2 * widest)
