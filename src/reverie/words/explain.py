"""What a perceptor sees of a prompt: what it reads, what it drops, and which words count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

import regex

from reverie import prompt as prompts
from reverie.perceptor.reading import Read, Reads, spans
from reverie.prompt import Prompt
from reverie.protocols import Perceptor
from reverie.words.library import Modifier, fold, library
from reverie.words.library import known as known_modifier
from reverie.words.near import felt_like, spelled_like
from reverie.words.pull import Phrase, phrases_of, pulls, written

Fate = Literal["read", "instead", "unknown", "cut", "lost", "unseen"]
_MARK = regex.compile(r"[^\s\p{L}\p{M}\p{N}\p{C}]")
_BY = regex.compile(r"(?i)(?:by|(?:in the )?style of) ")
_LONGEST = 6  # words of a modifier


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A word of which the perceptor knows at most the letters.

    spelled: known words that are written nearly so; felt: those that mean nearly the same to the
    perceptor, each with the cosine.
    """

    word: str
    spelled: tuple[str, ...]
    felt: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word of a prompt, as it was written, without the marks around it.

    pieces: what is read for it; fate: whether it was read as it stands, as others, by its letters
    at most, in part ("cut") or not, for want of room ("lost") or of sight ("unseen"); pull:
    1 - cosine between the embeddings of the whole and of the rest.
    """

    written: str
    pieces: tuple[str, ...]
    fate: Fate
    pull: float
    instead: tuple[tuple[str, str], ...] = ()
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """A modifier of the library in a prompt; unknown: words of it that the perceptor does not
    know; dropped: it came too late in the prompt to be read to its end."""

    modifier: Modifier
    unknown: tuple[str, ...] = ()
    dropped: bool = False


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A prompt, word by word. Pictures and noise have no words.

    used: pieces that all of it would take, None where the perceptor does not say how it reads;
    dropped: what of its end there is no room for; unseen: marks that make no difference; caseless:
    whether it has capitals, and they make none; phrases: none where there is only one, or where
    each is one word.
    """

    prompt: Prompt
    used: int | None = None
    dropped: str = ""
    words: tuple[Word, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    unseen: tuple[str, ...] = ()
    caseless: bool = False
    modifiers: tuple[Found, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A prompt line. room: most pieces of a prompt that are read; unit: what they are called;
    None where the perceptor does not say how it reads; spells: whether it reads words that it does
    not know by their letters."""

    room: int | None
    unit: str | None
    spells: bool
    scenes: tuple[tuple[Explained, ...], ...]


def explain(perceptor: Perceptor, text: str) -> Explanation:
    """What a perceptor sees of a prompt line.

    Raises:
        PromptError: the line cannot be read.
    """
    reader = perceptor if isinstance(perceptor, Reads) else None
    scenes = prompts.parse(text)
    texts = dict.fromkeys(p.words for scene in scenes for p in scene if p.words)
    reads = {words: _reads(reader, words) for words in texts}
    room = reader.room if reader else None
    unknown = _unknown(perceptor, [_within(text, room) for text in reads.values()])
    done = {words: _explained(perceptor, words, reads[words], unknown) for words in texts}
    return Explanation(
        room=reader.room if reader else None,
        unit=reader.unit if reader else None,
        spells=bool(reader and reader.vocabulary),
        scenes=tuple(
            tuple(
                replace(done[prompt.words], prompt=prompt)
                if prompt.words
                else Explained(prompt=prompt)
                for prompt in scene
            )
            for scene in scenes
        ),
    )


def _reads(reader: Reads | None, text: str) -> list[Read]:
    if reader:
        return [*reader.read(text)]
    return [Read(start=start, end=end, pieces=()) for start, end in spans(text)]


def _within(reads: Sequence[Read], room: int | None) -> list[Read]:
    """The words of which something is read."""
    ends = accumulate(len(read.pieces) for read in reads)
    return [
        read
        for read, end in zip(reads, ends, strict=True)
        if room is None or end - len(read.pieces) < room
    ]


def _unknown(perceptor: Perceptor, reads: Iterable[Sequence[Read]]) -> dict[str, Unknown]:
    """The words that are not known, each with those near to it."""
    names = list(dict.fromkeys(name for text in reads for word in text for name in word.unknown))
    words = perceptor.vocabulary if isinstance(perceptor, Reads) else {}
    felt = felt_like(perceptor, names, words)
    right = {word for name in library() for word in name.split()}  # as in "Claude Monet"
    return {
        name: Unknown(
            word=name, spelled=() if name in right else spelled_like(name, words), felt=near
        )
        for name, near in zip(names, felt, strict=True)
    }


def _explained(
    perceptor: Perceptor, text: str, reads: Sequence[Read], unknown: Mapping[str, Unknown]
) -> Explained:
    reader = perceptor if isinstance(perceptor, Reads) else None
    ends = [*accumulate(len(read.pieces) for read in reads)]
    fates: list[Fate] = [_fate(reader, read, end) for read, end in zip(reads, ends, strict=True)]
    # what comes after the room would move up into the place of a word that is left out
    kept = [read for read, fate in zip(reads, fates, strict=True) if fate != "lost"]
    end = kept[-1].end
    words, phrases = pulls(perceptor, text[:end], kept)
    pull = dict(zip(kept, words, strict=True))
    return Explained(
        prompt=Prompt(words=text),
        used=ends[-1] if reader else None,
        dropped=" ".join(text[end:].split()),
        words=tuple(
            Word(
                written=written(text, read),
                pieces=read.pieces,
                fate=fate,
                pull=pull.get(read, 0.0),
                instead=read.instead,
                unknown=tuple(unknown[name] for name in read.unknown if fate != "lost"),
            )
            for read, fate in zip(reads, fates, strict=True)
        ),
        phrases=phrases,
        unseen=_unseen(reader, text[:end]) if reader else (),
        caseless=bool(reader) and text != text.lower() and _same(reader, text, text.lower()),
        modifiers=_modifiers(text, reads, end),
    )


def _fate(reader: Reads | None, read: Read, end: int) -> Fate:
    """What became of a word whose last piece is the `end`-th."""
    if not reader:
        return "read"
    if not read.pieces:
        return "unseen"
    gone = read.pieces[max(0, reader.room - end + len(read.pieces)) :]
    if len(gone) == len(read.pieces):
        return "lost"
    if any(regex.search(r"[\p{L}\p{N}]", piece) for piece in gone):  # and not only its comma
        return "cut"
    return "unknown" if read.unknown else "instead" if read.instead else "read"


def _unseen(reader: Reads, text: str) -> tuple[str, ...]:
    """Marks and pictures, such as emoji, that change nothing of what is read."""
    marks = [sign for sign in regex.findall(r"\X", text) if _MARK.match(sign)]
    return tuple(
        mark
        for mark in dict.fromkeys(marks)
        if any(_same(reader, text, text.replace(mark, other)) for other in ("", " "))
    )


def _same(reader: Reads | None, text: str, other: str) -> bool:
    """Whether two texts are read alike."""
    if not reader:
        return False
    one, two = ([p for read in reader.read(x) for p in read.pieces] for x in (text, other))
    return one == two


def _modifiers(text: str, reads: Sequence[Read], end: int) -> tuple[Found, ...]:
    """Those of the library, the longest first where they overlap. The text is read to `end`."""
    found: dict[str, Found] = {}
    for phrase in phrases_of(text, reads):
        at = 0
        while at < len(phrase):
            for length in range(min(_LONGEST, len(phrase) - at), 0, -1):
                part = phrase[at : at + length]
                modifier = _modifier(" ".join(written(text, read) for read in part))
                if modifier:
                    missed = tuple(name for read in part for name in read.unknown)
                    late = part[-1].end > end
                    one = Found(modifier=modifier, unknown=missed, dropped=late)
                    found.setdefault(modifier.name, one)
                    at += length - 1
                    break
            at += 1
    return tuple(found.values())


def _modifier(words: str) -> Modifier | None:
    """Of an artist the last name is enough behind "by"; elsewhere a church is a church."""
    return known_modifier(words) if _BY.match(words) else library().get(fold(words))
