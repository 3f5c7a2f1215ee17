"""The pictures of a run, each with the story of its making inside the file."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import Tensor

from reverie import image as images
from reverie.errors import SpecError
from reverie.spec import from_json

SUFFIXES = (".png", ".webp", ".jpg", ".jpeg")


STORY = {  # what the story of a run or a picture holds, by type
    "reverie": str,
    "recipe": dict[str, Any],
    "machine": dict[str, str | int],
    "digests": dict[str, str],
}
OF_A_PICTURE = {"ended": dict[str, int], "picture": int}


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


def names(count: int, suffix: str = ".png") -> list[str]:
    """File names of a run's pictures: `picture.png`, or `picture-1.png` and so on."""
    width = len(str(count))
    return (
        [f"picture-{i + 1:0{width}d}{suffix}" for i in range(count)]
        if count > 1
        else [f"picture{suffix}"]
    )


def save(
    pictures: Tensor,
    folder: Path,
    story: dict[str, Any],
    scores: list[float],
    suffix: str = ".png",
) -> list[Path]:
    """Writes every picture of a batch and, when there are several, a contact sheet. Returns all.

    Args:
        pictures: `[b, 3, h, w]`, 0 to 1.
        story: what made them, as JSON data; each file gets it with its own `picture` and `score`.
        scores: similarity of each, or empty.
    """
    paths = []
    for i, name in enumerate(names(len(pictures), suffix)):
        own = story | {"picture": i} | ({"score": round(scores[i], 6)} if scores else {})
        images.save(pictures[i], folder / name, json.dumps(own, ensure_ascii=False))
        paths.append(folder / name)
    if len(pictures) > 1:
        paths.append(folder / "sheet.png")
        images.save(images.sheet(pictures), paths[-1], None)
    return paths


def story_in(path: Path) -> dict[str, Any] | None:
    """What `save` wrote into a picture, or None when it is not one of ours.

    Raises:
        SpecError: it is one of ours, and was changed.
    """
    text = images.read_text(path)
    if text is None:
        return None
    try:
        story = json.loads(text)
    except ValueError:
        return None
    if not isinstance(story, dict) or "recipe" not in story:
        return None
    checked(story, OF_A_PICTURE)
    from_json(story.get("score", 0.0), float, "$.score")
    if {*story["ended"]} != {"stage", "step"}:
        raise SpecError("$.ended: a stage and a step are wanted")
    return story
