"""What a perceptor reads of a text, word by word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import regex

COMMA = r"(?:(?<!\p{N}),|,(?!\p{N})|[;，、])"  # noqa: RUF001  "1,000" is one word
MARKS = r"[^\s\p{L}\p{M}\p{N}]*"
_APART = regex.compile(rf"{COMMA}{MARKS}|\S+?(?:{COMMA}{MARKS}|(?=\s|$))")
_SIGNS = regex.compile(
    rf"{COMMA}{MARKS}|\p{{Han}}{MARKS}|(?:(?!\p{{Han}})\S)+?(?:{COMMA}{MARKS}|(?=\p{{Han}}|\s|$))"
)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A word of a text, from `start` to `end` in it, marks included.

    pieces: what is read for it, none where it is not seen at all; instead: (asked, read) pairs;
    unknown: words in it of which at most the letters are known.
    """

    start: int
    end: int
    pieces: tuple[str, ...]
    instead: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()


@runtime_checkable
class Reads(Protocol):
    """A perceptor that can say how it reads."""

    room: int  # most pieces that it reads of a text
    unit: str  # what these are called: "tokens"
    vocabulary: Mapping[str, str]  # word -> what is read for it; empty where any word is read

    def read(self, text: str) -> Sequence[Read]:
        """Every word of a text of any length, in order."""
        ...


def spans(text: str, signs: bool = False) -> list[tuple[int, int]]:
    """Where the words of a text begin and end: between spaces and behind commas.

    signs: Chinese signs are words, too.
    """
    return [word.span() for word in (_SIGNS if signs else _APART).finditer(text)]
