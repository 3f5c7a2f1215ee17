"""`reverie redraw`: a film of a drawing being drawn."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from reverie.cli.drawings import shapes_in
from reverie.cli.options import Duration
from reverie.cli.render import Flag


def redraw(
    file: str,
    /,
    *,
    output: Annotated[str | None, Parameter(alias="-o", metavar="FILE")] = None,
    seconds: Duration = 10.0,
    size: int = 720,
    rate: float | None = None,
    overwrite: Flag = False,
) -> int:
    """Make a film of a drawing being drawn, stroke by stroke: reverie redraw picture.svg

    Args:
        file: an SVG, or a picture with one beside it.
        output: the film: a .mp4, .webm, .gif, .webp or .apng; beside the file if left out.
        seconds: its length, the last of which the finished drawing stays.
        size: the longer side in pixels.
        rate: pictures a second; if left out, 30, or 15 in a .gif, .webp or .apng.
        overwrite: write over a film that is there.
    """
    import json

    from reverie.canvas.start import check_size
    from reverie.cli.counting import counted
    from reverie.record.video import Video
    from reverie.redraw import film_size, redraw_film

    path = Path(output or Path(file).with_suffix(".mp4"))
    Video(path=str(path), length=seconds, rate=rate).placed(overwrite)
    found = shapes_in(file)
    check_size(film_size(found.size, size))
    story = json.dumps(found.story, ensure_ascii=False) if found.story else ""
    how = {"seconds": seconds, "rate": rate, "size": size}
    pictures = redraw_film(found.drawing, path, title=Path(file).stem, story=story, **how)
    if not counted(pictures, "pictures"):
        sys.stderr.write("stopped; nothing was written\n")
        return 130
    print(path, flush=True)
    return 0
