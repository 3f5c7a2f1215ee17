"""`mix` and `morph`: faces that take after two others, and films from face to face."""

from math import pi, sin
from typing import TYPE_CHECKING, Literal

from reverie.cli.face_options import (
    FaceOptions,
    File,
    Flag,
    WordOptions,
    placed,
    shot,
    story_of,
)
from reverie.cli.options import Duration
from reverie.faces.usual import SHARE

if TYPE_CHECKING:
    from reverie.protocols import Image

MOST = 400  # mixed faces


def mix(
    first: str,
    second: str,
    /,
    *,
    rows: str | None = None,
    face: FaceOptions | None = None,
) -> int:
    """Mix faces: each of the first, with rows of w of each of the second.

    Such as: reverie mix 1-3 4-8, a sheet of three by five. The first rows are pose and shape, the
    last ones colours and light.

    Args:
        first: seed:7, several as 1-4 or 3,7, mean, a file of latents, or a picture that has one.
        second: others of that kind.
        rows: of w, that come from the second: 0-6, or 0-3,8. If left out, the first seven of 18, or
            as large a share.
    """
    from reverie.errors import SpecError
    from reverie.faces import album
    from reverie.faces.model import mixed

    own = face or FaceOptions()
    sides, heads = own.faces(first), own.faces(second)
    numbers = _numbers(rows) if rows is not None else None
    if len(sides) * len(heads) > MOST:
        raise SpecError(f"{len(sides)} times {len(heads)} faces are too many; {MOST} are the most")
    model = own.opened()
    numbers = numbers or [*range(round(model.network.num_ws * SHARE))]
    these, those = (model.rows(model.points(faces)) for faces in (sides, heads))
    made = [mixed(a[None], b[None], numbers) for a in these for b in those]
    title = f"mix {sides[0].name} {heads[0].name}"
    folder = album.new_folder(title, own.output, overwrite=own.overwrite)
    story = story_of("mix", model, [*sides, *heads], {"rows": numbers, "first": len(sides)})
    drawn = model.draw(model.styles(made))
    paths = album.keep(folder, drawn, made, model, story)
    above, before = (model.draw(model.styles([points])) for points in (those, these))
    paths.append(album.keep_sheet(folder / "mix.png", album.crossed(above, before, drawn), story))
    for path in paths:
        print(path, flush=True)
    return 0


def morph(
    *who: str,
    video: File = None,
    seconds: Duration = 6.0,
    rate: float | None = None,
    loop: Flag = False,
    way: Literal["cubic", "slerp"] = "cubic",
    target: str | None = None,
    alpha: float | None = None,
    words: WordOptions | None = None,
    face: FaceOptions | None = None,
) -> int:
    """Make a film that turns faces into each other: reverie morph 3 14 15 --loop

    Args:
        who: two faces or more: 3, 1-4, mean, files of latents, pictures that have one beside them.
        video: the film: a .mp4, .webm, .gif, .webp or .apng; one under pictures/ if left out.
        seconds: its length.
        rate: pictures a second; if left out, 30, or 15 in a .gif, .webp or .apng.
        loop: back to the first face at the end.
        way: cubic, a smooth curve through the faces; slerp, turning about the mean face.
        target: words that the faces come to be on the way, as in `edit`; and no more, in a loop.
        alpha: how far, of these words.
    """
    from pathlib import Path

    from reverie.errors import SpecError
    from reverie.faces.album import unused
    from reverie.faces.directions import check_alpha
    from reverie.faces.route import Route, Shooting

    own = face or FaceOptions()
    faces = own.faces(",".join(who)) if who else []
    if len(faces) < 2:
        raise SpecError("name two faces or more, such as: reverie morph 3 14 15")
    if (words or alpha is not None) and not target:
        raise SpecError("these options change how words work; say some with --target")
    title = f"morph {' '.join(face.name.removeprefix('seed ') for face in faces)}"
    folder = Path(own.output) if own.output else None
    path = video or str(folder / "morph.mp4" if folder else unused(title, ".mp4"))
    film = placed(path, seconds, own.overwrite, rate)
    how = {"way": way, "loop": loop, "seconds": seconds}
    if target:
        editor = (words := words or WordOptions()).editor(own)
        alpha = editor.alpha if alpha is None else alpha
        check_alpha(alpha)
        model, whole = editor.model, alpha * words.step(editor, target)
        how |= words.story(target, alpha)
    else:
        model, whole = own.opened(), None
    route = Route.of(model, faces, way, loop)
    story = story_of("morph", model, faces, how)

    def drawn(t: float) -> "Image":
        styles = model.styles([route.at(t)])
        if whole is not None:
            styles = styles + (sin(pi * t) ** 2 if loop else t) * whole
        return model.draw(styles)

    return shot(Shooting(film, drawn, title, story, loop=loop))


def _numbers(rows: str) -> list[int]:
    """`0-6`, or `0-3,8`.

    Raises:
        SpecError: it is no list of rows.
    """
    import re

    from reverie.errors import SpecError

    found: list[int] = []
    for part in rows.split(","):
        numbers = re.fullmatch(r"\s*(\d{1,3})(?:-(\d{1,3}))?\s*", part)
        if not numbers or int(numbers[2] or numbers[1]) < int(numbers[1]):
            raise SpecError(f"--rows {rows or repr(rows)}: write rows of w, such as 0-6 or 0-3,8")
        found += range(int(numbers[1]), int(numbers[2] or numbers[1]) + 1)
    return sorted({*found})
