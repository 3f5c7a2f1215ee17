"""`directions` and `edit`: faces changed by words, and the survey of a generator for that."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from reverie.cli.face_options import (
    FaceOptions,
    File,
    Output,
    WordOptions,
    model_called,
    note,
    perceptor_called,
    placed,
    shot,
    story_of,
)
from reverie.cli.options import Device, Duration, Precision
from reverie.faces.usual import FIRM, TOP

if TYPE_CHECKING:
    from reverie.faces.change import Change
    from reverie.faces.latents import Face
    from reverie.record.video import Video

UTMOST = 2  # times what words mean, of a face that stays one
HOLD = 1.0  # seconds that the last picture of a film stays


def directions(
    model: str = "auto",
    /,
    *,
    perceptor: str = "auto",
    codes: int = 32,
    label: int | None = None,
    output: Output = None,
    device: Device = "auto",
    precision: Precision = "auto",
) -> int:
    """Prepare a StyleGAN for `edit`: find out what every channel of it does. Once for each.

    It takes a while: two pictures for each channel and code. Ctrl-C loses nothing, and the same
    command goes on; given again in another window, or on another machine that shares the folder,
    it does its part of the work.

    Args:
        model: StyleGAN by name or file; auto: what is installed, else the one in the package.
        perceptor: CLIP by name or file; auto: what is installed.
        codes: faces in which each channel is tried; StyleCLIP takes 100.
        label: class, of a generator that has classes.
        output: file for the directions; if left out, where `edit` finds it.
        device: where to compute.
        precision: of the networks.
    """
    from pathlib import Path

    from reverie.cli.counting import counted
    from reverie.device import machine
    from reverie.errors import RunError
    from reverie.faces.directions import check_fits, read
    from reverie.faces.editor import place
    from reverie.faces.prepare import prepare
    from reverie.faces.survey import Survey

    survey = Survey(
        model=model_called(model), perceptor=perceptor_called(perceptor), codes=codes, label=label
    )
    about = survey.about()
    path = place(survey.model, about["generator"], list(about["perceptor"]))
    path = Path(output).with_suffix(".safetensors") if output else path
    if path.exists():
        check_fits(there := read(path), about, path)
        if there.about != about:
            raise RunError(f"{path}: is another survey; choose another file with -o, or delete it")
        sys.stderr.write("these directions are prepared already\n")
        print(path)
        return 0
    named = ", ".join(about["perceptor"])
    sys.stderr.write(f"{survey.model} as {named} sees it, {codes} faces for each channel\n")
    found = prepare(survey, path, machine(device, precision))
    if not counted(((p.done, p.total) for p in found), "channels"):
        sys.stderr.write("stopped; the same command goes on\n")
        return 130
    print(path)
    return 0


def edit(
    who: str,
    target: str | None = None,
    /,
    *,
    alpha: float | None = None,
    count: Annotated[int, Parameter(alias="-n")] = 1,
    strip: Annotated[int, Parameter(show_default=False)] = 0,
    video: File = None,
    video_length: Duration = 4.0,
    mapper: File = None,
    parts: Annotated[
        tuple[Literal["coarse", "medium", "fine"], ...], Parameter(negative="", show_default=False)
    ] = (),
    words: WordOptions | None = None,
    face: FaceOptions | None = None,
) -> int:
    """Change faces by words, such as: reverie edit seed:7 "a face with blue eyes"

    Each face stays who it is, as far as the generator can tell its features apart. Target and
    neutral words should differ in one thing only: "a face with curly hair" and "a face with hair".
    What a channel does is seen from its slope; `reverie directions` prepares a StyleGAN with more
    care, once. Of pocket-stylegan it is known what its latents mean: there words change what they
    name, such as "an angry face with a beard" or hat=crown,mouth=angry, unless an option of words
    is given.

    Args:
        who: seed:7, several as 1-4 or 3,7, mean, a file of latents, or a picture that has one
            beside it, as `edit`, `mix` and `invert` leave it.
        target: what it should be.
        alpha: how far: 4 if left out, and below 0 the opposite. Of a mapper and of what the latents
            of pocket-stylegan mean, 1; of its channels, 8.
        count: of a single seed, so many faces that follow it.
        strip: a picture of so many steps from 0 to alpha, too.
        video: a film from 0 to alpha, too: a .mp4, .webm, .gif, .webp or .apng.
        video_length: of the film.
        mapper: a mapper of StyleCLIP, in place of words.
        parts: of the mapper, those that move; without fine, colours stay.
    """
    from reverie.errors import SpecError

    own = face or FaceOptions()
    if strip and not 2 <= strip <= 50:
        raise SpecError(f"--strip {strip}: 2 to 50 steps make a strip, and 5 are usual")
    film = placed(video, video_length, own.overwrite) if video else None
    faces = own.faces(who, count)
    if target and not mapper and not parts and not words and model_called(own.model) == FIRM:
        change = _by_traits(own, faces, target, 1.0 if alpha is None else alpha)
    elif target and not mapper and not parts:
        change = _by_words(own, faces, target, alpha, words)
    elif mapper and not target and not words:
        change = _by_mapper(own, faces, mapper, parts, 1.0 if alpha is None else alpha)
    else:
        raise SpecError(
            'say what the face should be, such as: reverie edit seed:7 "a smiling face"; or give a '
            "--mapper FILE, perhaps with --parts, and nothing that goes with words"
        )
    return _kept(own, change, strip, film)


def _by_words(
    own: FaceOptions,
    faces: "list[Face]",
    target: str,
    alpha: float | None,
    words: WordOptions | None,
) -> "Change":
    from reverie.faces.change import Change

    how = words or WordOptions()
    editor = how.editor(own)
    latents, step = editor.model.points(faces), how.step(editor, target)
    alpha = editor.alpha if alpha is None else alpha
    change = Change(
        model=editor.model,
        before=editor.model.styles(latents).split(1),
        after=editor.edited(latents, step, alpha).split(1),
        title=f"{target} {faces[0].name}",
        story=story_of("edit", editor.model, faces, how.story(target, alpha)),
    )
    was, now = (sum(editor.scores(change.at(share), target)) / len(faces) for share in (0, 1))
    moved = f"{step.count_nonzero()} of {len(editor.directions.channels)} channels moved"
    sys.stderr.write(f"{moved}; similarity to the words {now:.3f}, was {was:.3f}\n")
    return change


def _by_traits(own: FaceOptions, faces: "list[Face]", target: str, alpha: float) -> "Change":
    """What the latents of the StyleGAN in the package mean, changed."""
    from reverie.canvas.portrait import WORD, space
    from reverie.errors import SpecError
    from reverie.faces.change import Change
    from reverie.faces.directions import check_alpha
    from reverie.perceptor.pocket import understood
    from reverie.recipes.portraits import traits_for

    check_alpha(alpha)
    model, known = own.opened(), space()
    rows = model.rows(model.points(faces))  # [faces, num_ws, w]
    if WORD not in target:
        note(understood([target]))
    traits = traits_for(target, known.of_points(rows.mean(1)))
    if not traits:
        raise SpecError(
            f"{target!r}: names nothing that can be seen of a face; name it, such as hat=crown, or "
            f"give --top {TOP}, and channels move"
        )
    after = known.points(known.changed(known.of_points(rows), traits, alpha))
    said = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in traits.items())
    sys.stderr.write(f"{'changed' if alpha > 0 else 'changed to the opposite'}: {said}\n")
    if abs(alpha) > UTMOST:
        note(f"--alpha {alpha:g}: 1 is all of it here, and beyond {UTMOST} faces come apart")
    how = {"target": target, "traits": traits, "alpha": alpha}
    return Change(
        model=model,
        before=rows.split(1),
        after=after.split(1),
        title=f"{target} {faces[0].name}",
        story=story_of("edit", model, faces, how),
    )


def _by_mapper(
    own: FaceOptions, faces: "list[Face]", file: str, parts: tuple[str, ...], alpha: float
) -> "Change":
    from pathlib import Path

    from reverie.faces.change import Change
    from reverie.faces.mapper import STRENGTH, Mapper
    from reverie.nets.mapper import PARTS

    model = own.opened()
    mapper = Mapper.of(file, model.network, parts or tuple(PARTS))
    before = model.points(faces)
    after = [mapper.mapped(model.network, one, alpha * STRENGTH) for one in before]
    if after[0].ndim == 2:
        before = model.styles(before).split(1)
    how = {"mapper": file, "sha256": mapper.digest, "parts": list(parts) or None, "alpha": alpha}
    return Change(
        model=model,
        before=before,
        after=after,
        title=f"{Path(file).stem} {faces[0].name}",
        story=story_of("edit", model, faces, how),
    )


def _kept(own: FaceOptions, change: "Change", strip: int, film: "Video | None") -> int:
    from reverie import image as images
    from reverie.faces import album
    from reverie.faces.route import Shooting

    story = change.story
    shooting = Shooting(film, change.at, change.title, story, hold=HOLD) if film else None
    if shooting and shooting.begun:  # after its pictures, which are there
        sys.stderr.write("going on with the film\n")
        return shot(shooting)
    folder = album.new_folder(change.title, own.output, overwrite=own.overwrite)
    before, after = change.at(0), change.at(1)
    paths = album.keep(folder, after, change.after, change.model, story)
    sheets = {"before-after.png": album.compared(before, after)}
    if strip:
        sheets["strip.png"] = images.sheet(change.strip(strip), columns=strip)
    paths += [album.keep_sheet(folder / name, sheet, story) for name, sheet in sheets.items()]
    for path in paths:
        print(path, flush=True)
    return shot(shooting) if shooting else 0
