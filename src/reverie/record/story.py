"""What a run, a picture or a film remembers of how it was made."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reverie import image as images
from reverie.errors import SpecError, WeightsError
from reverie.raster import svg_read
from reverie.record import video
from reverie.spec import from_json

STORY = {  # what the story of a run or a picture holds, by type
    "reverie": str,
    "recipe": dict[str, Any],
    "machine": dict[str, str | int],
    "digests": dict[str, str],
}
OF_A_PICTURE = {"ended": dict[str, int], "picture": int}
OF_A_FILM = {"ended": dict[str, int], "video": video.Video}
OF_FACES = {"command": str, "model": str, "generator": str, "starts": list}


def checked(story: Any, also: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """A story that somebody may have changed, unless it lacks what is needed.

    Raises:
        SpecError: with the place.
    """
    if not isinstance(story, dict):
        raise SpecError(f"$: a story is an object, got {type(story).__name__}")
    for name, want in {**STORY, **also}.items():
        if name not in story:
            raise SpecError(f"$: {name!r} is missing")
        if name != "recipe":  # which is read as what it is, with its own errors
            from_json(story[name], want, f"$.{name}")
    for name in ("device", "precision"):
        if not isinstance(story["machine"].get(name), str):
            raise SpecError(f"$.machine: {name!r} is missing")
    return story


def same_files(was: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuses to go on unless the files that a recipe reads are those it was begun with.

    Raises:
        WeightsError: one has another digest.
    """
    for name, digest in was.items():
        if now.get(name, digest) != digest:
            raise WeightsError(
                f"{name} is not the file that painted this (sha256 {now[name][:12]}, wanted "
                f"{digest[:12]}); put that file back, or start a new run"
            )


def story_in(path: Path) -> dict[str, Any] | None:
    """The story in a picture or a film, or None when it is not one of ours.

    Raises:
        PictureError: it cannot be read.
        SpecError: it is one of ours, and was changed.
    """
    story = _json_in(path)
    if not isinstance(story, dict) or "recipe" not in story:
        return None
    if "video" in story:
        checked(story, OF_A_FILM)
    else:
        checked(story, OF_A_PICTURE)
        from_json(story.get("score", 0.0), float, "$.score")
        from_json(story.get("rendered", [1, 1]), tuple[int, int], "$.rendered")
    if {*story["ended"]} != {"stage", "step"}:
        raise SpecError("$.ended: a stage and a step are wanted")
    return story


def change_in(path: Path) -> dict[str, Any] | None:
    """The story in a picture or a film of faces that were changed, or None when it is none of them.

    Raises:
        PictureError: it cannot be read.
        SpecError: it is one of ours, and was changed.
    """
    story = _json_in(path)
    if not isinstance(story, dict) or "faces" not in story:
        return None
    about = story["faces"]
    from_json(story.get("picture", 0), int, "$.picture")
    if not isinstance(about, dict):
        raise SpecError(f"$.faces: an object is wanted, got {type(about).__name__}")
    for name, want in OF_FACES.items():
        if not isinstance(about.get(name), want):
            raise SpecError(f"$.faces: {name!r} is missing, or no {want.__name__}")
    if not all(isinstance(start, dict) for start in about["starts"]):
        raise SpecError("$.faces.starts: a list of objects is wanted")
    from_json(about.get("first", 0), int, "$.faces.first")
    return story


def _json_in(path: Path) -> Any:
    """What a picture or a film says of itself, or None when that is not JSON."""
    suffix = path.suffix.lower()
    if suffix in (".mp4", ".webm", ".gif", ".apng"):  # a .webp is read as either
        text = video.text_in(path)
    else:
        text = svg_read.story_of(path) if suffix in svg_read.SUFFIXES else images.read_text(path)
    try:
        return json.loads(text or "")
    except ValueError:
        return None
