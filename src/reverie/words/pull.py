"""How far words pull the embedding of a text: without them, how much of it is another.

Source: leave one out, as in Li et al., "Understanding Neural Networks through Representation
Erasure" (2016).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import regex
import torch

from reverie.perceptor.reading import COMMA, MARKS, Read
from reverie.perceptor.tokenizer import PromptWarning
from reverie.protocols import Perceptor

_AT_ONCE = 32  # texts
_EDGE = regex.compile(r"^\p{P}+|\p{P}+$")
_ENDS_PHRASE = regex.compile(rf"{COMMA}{MARKS}$")


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """What stands between commas, and its pull."""

    written: str
    pull: float


def pulls(
    perceptor: Perceptor, text: str, reads: Sequence[Read]
) -> tuple[list[float], tuple[Phrase, ...]]:
    """Of every word, and of every phrase where there are several, and not all of one word."""
    phrases = phrases_of(text, reads)
    whole = [_without_phrase(text, phrases, at) for at in range(len(phrases))]
    rests = [
        whole[at] if len(phrase) == 1 else _without(text, read)
        for at, phrase in enumerate(phrases)
        for read in phrase
    ]
    several = 1 < len(phrases) < len(reads)
    names = [_ENDS_PHRASE.sub("", text[p[0].start : p[-1].end]).strip() for p in phrases]
    found = _moved(perceptor, text, [*rests, *(whole if several else [])])
    told = zip(names, found[len(rests) :], strict=several)
    shown = (Phrase(written=name, pull=pull) for name, pull in told if _EDGE.sub("", name))
    return found[: len(rests)], tuple(shown)


def phrases_of(text: str, reads: Sequence[Read]) -> list[list[Read]]:
    """The words between commas."""
    phrases: list[list[Read]] = [[]]
    for read in reads:
        phrases[-1].append(read)
        if _ENDS_PHRASE.search(text[read.start : read.end]):
            phrases.append([])
    return [phrase for phrase in phrases if phrase]


def _without_phrase(text: str, phrases: Sequence[Sequence[Read]], at: int) -> str:
    before = text[: phrases[at][0].start]
    if at + 1 < len(phrases):
        return before + text[phrases[at + 1][0].start :]
    return _ENDS_PHRASE.sub("", before.rstrip())


def _without(text: str, read: Read) -> str:
    """The text without a word; its marks stay."""
    word = text[read.start : read.end]
    marks = word.replace(written(text, read), "", 1)
    rest = text[: read.start] + marks + text[read.end :]
    return " ".join(rest.split())


def written(text: str, read: Read) -> str:
    """A word without the marks around it, if it is not all marks."""
    word = text[read.start : read.end]
    return _EDGE.sub("", word) or word


@torch.no_grad()
def _moved(perceptor: Perceptor, text: str, rests: Sequence[str]) -> list[float]:
    """1 - cosine between a text and each of its rests: 0 where nothing is missed, up to 2."""
    others = list(dict.fromkeys(rest for rest in rests if rest != text))
    texts = [text, *others]
    with warnings.catch_warnings():  # a caller who leaves words out knows which ones
        warnings.simplefilter("ignore", PromptWarning)
        parts = [
            perceptor.encode_text(texts[at : at + _AT_ONCE])
            for at in range(0, len(texts), _AT_ONCE)
        ]
    rows = torch.cat(parts).cpu().double()
    # the difference, and not the cosine: near 1 that has no digits left
    far = ((rows - rows[0]).square().sum(1) / 2).tolist()
    found = dict(zip(texts, far, strict=True))
    return [found[rest] for rest in rests]
