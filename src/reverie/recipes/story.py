"""A long text as scenes that follow each other: a few words first, and more with every part.

Source: `create_story` of lucidrains/deep-daze (2021): 5 words first, 5 more for every part, or the
pieces between separators.
Differs: where a text grows too long for the perceptor, its oldest words go, counted in what that
perceptor reads (theirs: letters, counted as if they were tokens).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie.recipes.words import Scenes


def told(
    scenes: "Scenes", first: int, more: int, mark: str, fits: Callable[[str], bool]
) -> "Scenes":
    """The longest text of the only scene, part by part; what stands beside it, with `|`, stays.

    Args:
        first, more: words of the first part, and what each of the others adds.
        mark: ends each part in place of these, and no part has the words of another.
        fits: whether a perceptor reads all of a text.

    Raises:
        SpecError: there is no text to tell, or it has scenes already.
    """
    import dataclasses

    from reverie.errors import SpecError

    if first < 1 or more < 1:
        raise SpecError(f"story_words: {first}, story_more: {more}; each is 1 or more")
    scene, *others = scenes
    if others:
        raise SpecError("story: the prompt has scenes of its own, with ^; leave out one of the two")
    texts = [prompt for prompt in scene if prompt.words]
    if not texts:
        raise SpecError("story: the prompt has no words to tell it with")
    longest = max(texts, key=lambda prompt: len(prompt.words or ""))
    words = (longest.words or "").split()
    parts = _pieces(words, mark) if mark else _grown(words, first, more)
    return tuple(
        tuple(
            dataclasses.replace(prompt, words=_shortened(part, fits))
            if prompt is longest
            else prompt
            for prompt in scene
        )
        for part in parts
    )


def _grown(words: list[str], first: int, more: int) -> list[list[str]]:
    ends = [*range(first, len(words), more), len(words)]
    return [words[:end] for end in ends]


def _pieces(words: list[str], mark: str) -> list[list[str]]:
    pieces = [piece.split() for piece in " ".join(words).split(mark)]
    return [piece for piece in pieces if piece]


def _shortened(words: list[str], fits: Callable[[str], bool]) -> str:
    """The last words of a part that a perceptor has room for."""
    while len(words) > 1 and not fits(" ".join(words)):
        words = words[1:]
    return " ".join(words)


def room_of(perceptor: str) -> Callable[[str], bool]:
    """Says of a text whether all perceptors of some names read it to its end."""
    from reverie.device import machine
    from reverie.recipes.words import perceptors

    readers: list[Any] = [spec.build(machine()) for spec in perceptors(perceptor)]
    return lambda text: all(reader.has_room_for(text) for reader in readers)
