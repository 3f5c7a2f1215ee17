"""CLIP's tokeniser: byte-pair encoding of lower-cased words.

Source: `SimpleTokenizer` of https://github.com/openai/CLIP; Sennrich et al., "Neural Machine
Translation of Rare Words with Subword Units" (2016).
Differs: a text that is too long is cut with a warning that names the lost words, not refused. A
network of so few ids that not even the bytes fit, as tests use, is spoken to in bytes.
"""

import gzip
import html
import warnings
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import ftfy
import regex
import torch
from jaxtyping import Int
from torch import Tensor

from reverie.errors import WeightsError

BYTES = 2 * 256  # every byte, inside a word and at its end
SPECIAL = ("<|startoftext|>", "<|endoftext|>")
WORD = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+",
    regex.IGNORECASE,
)


class PromptWarning(UserWarning):
    """What the network will not read of a prompt: says which words, and why."""


class Tokenizer:
    """Turns texts into ids.

    Args:
        vocabulary: `bpe_simple_vocab_16e6.txt.gz` or a `merges.txt`; needed from 514 ids on.
        context: how many ids a text may have, with the marks at its start and its end.
        vocab_size: how many ids the network knows: 512 for the bytes, one for every merge, and
            the two marks, which are always the last two.
    """

    def __init__(self, vocabulary: Path | None, context: int, vocab_size: int) -> None:
        self.context, self.vocab_size = context, vocab_size
        self.start, self.end = vocab_size - 2, vocab_size - 1
        self.ranks: dict[tuple[str, str], int] = {}
        self.ids: dict[str, int] = {}
        if vocab_size >= BYTES + 2:
            if vocabulary is None:
                raise WeightsError(
                    "CLIP's vocabulary (bpe_simple_vocab_16e6.txt.gz or merges.txt) is not here; "
                    "`reverie models pull clip-bpe` fetches it"
                )
            merges = read_merges(vocabulary, vocab_size - BYTES - 2)
            self.ranks = {pair: rank for rank, pair in enumerate(merges)}
            letters = [*letter_of_byte().values()]
            words = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, merges)]
            self.ids = {word: i for i, word in enumerate([*words, *SPECIAL])}
        self._spellings = [*self.ids] or [*letter_of_byte().values()]
        self._ids_of_word = lru_cache(maxsize=4096)(self._spell)

    def encode(self, text: str) -> list[int]:
        """The ids of a text of any length, without marks."""
        return [i for word in WORD.finditer(clean(text)) for i in self._ids_of_word(word.group())]

    def pieces(self, text: str) -> list[str]:
        """The tokens of a text, as they are spelled; bytes that are no letter by themselves as
        `\\xf0`."""
        bytes_of = {letter: byte for byte, letter in letter_of_byte().items()}
        spelled = (self._spellings[i] for i in self.encode(text))
        plain = ([bytes_of[letter] for letter in word.removesuffix("</w>")] for word in spelled)
        return [bytes(piece).decode(errors="backslashreplace") for piece in plain]

    def tokens(self, texts: Sequence[str]) -> Int[Tensor, "n context"]:
        """A row for each text: start, the ids that have room, end, zeros.

        Warns:
            PromptWarning: a text did not fit.
        """
        rows = torch.zeros(len(texts), self.context, dtype=torch.long)
        for row, text in zip(rows, texts, strict=True):
            ids = self.encode(text)
            room = self.context - 2
            if len(ids) > room:
                warnings.warn(self._loss(text, room), PromptWarning, stacklevel=2)
            ids = [self.start, *ids[:room], self.end]
            row[: len(ids)] = torch.tensor(ids)
        return rows

    def _loss(self, text: str, room: int) -> str:
        """Says what of `text` does not fit into `room` ids."""
        lost, used = clean(text), 0
        for word in WORD.finditer(lost):
            used += len(self._ids_of_word(word.group()))
            if used > room:
                lost = lost[word.start() :]
                break
        return (
            f"the prompt is too long: CLIP reads {room} tokens, so {lost!r} at its "
            "end was dropped; shorten it, or split it in several with |"
        )

    def _spell(self, word: str) -> tuple[int, ...]:
        letters = letter_of_byte()
        if not self.ids:
            known = {letter: i for i, letter in enumerate(letters.values())}
            ids = (known[letters[byte]] for byte in word.encode())
            return tuple(i for i in ids if i < self.start)
        if word in SPECIAL:
            return (self.ids[word],)
        parts = [letters[byte] for byte in word.encode()]
        parts[-1] += "</w>"
        return tuple(self.ids[part] for part in merged(parts, self.ranks))


def merged(parts: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """Joins neighbours, the pair of the lowest rank first and wherever it stands, to the end."""
    while len(parts) > 1:
        best = min(pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        joined: list[str] = []
        i = 0
        while i < len(parts):
            width = 2 if tuple(parts[i : i + 2]) == best else 1
            joined.append("".join(parts[i : i + width]))
            i += width
        parts = joined
    return parts


def clean(text: str) -> str:
    """Mended, without HTML entities, on one line, in lower case."""
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return regex.sub(r"\s+", " ", text).strip().lower()


@lru_cache(maxsize=1)
def letter_of_byte() -> dict[int, str]:
    """A printable letter for every byte, in the order of the ids: first the bytes that are
    printable in Latin-1 and stand for themselves, then the others, as letters from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


def read_merges(file: Path, count: int) -> list[tuple[str, str]]:
    """The first `count` merges of a vocabulary file, one pair on each line after the first."""
    try:
        data = file.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"{file}: cannot be read as a CLIP vocabulary ({error}); "
            "`reverie models pull clip-bpe` fetches a good one"
        ) from error
    pairs = [tuple(line.split()) for line in text.split("\n")[1 : count + 1]]
    good = sum(len(pair) == 2 for pair in pairs)
    if good < count:
        raise WeightsError(
            f"{file}: has {good} merges, the network needs {count}; "
            "`reverie models pull clip-bpe` fetches a good vocabulary"
        )
    return [(left, right) for left, right in pairs]
