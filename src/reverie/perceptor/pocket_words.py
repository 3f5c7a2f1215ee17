"""Text as the pocket models read it: known words, near words, and spelling for the rest.

Source: letter groups of unknown words after fastText (Bojanowski et al. 2016).
Differs: what was not read as written is told, so that nobody wonders at the picture.
"""

import re
import unicodedata
import zlib
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.nets.pocket_clip import PIECES

PAD, UNKNOWN = 0, 1
_FIRST = 2  # row of the first word
_ENDINGS = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""), ("ing", ""), ("ed", ""), ("ish", ""))


def words_of(text: str) -> list[str]:
    """The words of a text: lower case, letters and digits, without accents and 's."""
    letters = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", re.sub("['\u2019]s\\b", "", plain))


def pieces_of(word: str, buckets: int) -> list[int]:
    """Rows of the letter groups of a word, at most `PIECES`, each in 1..buckets-1."""
    edged = f"<{word}>"
    groups = [edged[at : at + 3] for at in range(len(edged) - 2)] + [edged]
    kept = groups if len(groups) <= PIECES else [*groups[: PIECES - 3], *groups[-3:]]
    return [1 + zlib.crc32(group.encode()) % (buckets - 1) for group in kept]


@dataclass(frozen=True)
class Reading:
    """What became of a text. words: as they will be encoded; instead: (asked, read) pairs;
    guessed: words of which only the spelling is known."""

    words: tuple[str, ...]
    instead: tuple[tuple[str, str], ...]
    guessed: tuple[str, ...]


class PocketWords:
    """The tokenizer of the pocket models.

    vocabulary: the known words, in the order of their rows; nearest: for other words, known ones
    that mean nearly the same; buckets: rows for letter groups; length: most words that are read.
    """

    def __init__(
        self, vocabulary: list[str], nearest: dict[str, str], *, buckets: int, length: int
    ):
        self.vocabulary, self.nearest = vocabulary, nearest
        self.buckets, self.length = buckets, length
        self._rows = {word: row for row, word in enumerate(vocabulary, _FIRST)}

    def __len__(self) -> int:
        """Rows of the table of words, with those for nothing and for unknown words."""
        return len(self.vocabulary) + _FIRST

    def read(self, text: str) -> Reading:
        """A text in known words where that can be done."""
        words: list[str] = []
        instead: dict[str, str] = {}
        guessed: list[str] = []
        for word in words_of(text):
            known = self._known(word)
            if known is None:
                guessed.append(word)
            elif known != word:
                instead[word] = known
            words += words_of(known or word)
        return Reading(tuple(words), tuple(instead.items()), tuple(dict.fromkeys(guessed)))

    def encode(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Rows for words `[b, n]` and for letter groups `[b, n, PIECES]`, n as long as needed."""
        read = [self.read(text).words[: self.length] or ("",) for text in texts]
        long = max((len(words) for words in read), default=1)
        words = torch.zeros(len(texts), long, dtype=torch.long)
        pieces = torch.zeros(len(texts), long, PIECES, dtype=torch.long)
        for line, known in enumerate(read):
            for place, word in enumerate(known):
                row = self._rows.get(word, UNKNOWN)
                words[line, place] = row
                if row == UNKNOWN:
                    found = pieces_of(word, self.buckets)
                    pieces[line, place, : len(found)] = torch.tensor(found)
        return words, pieces

    def _known(self, word: str) -> str | None:
        """Known words for this one, or None."""
        if word in self._rows:
            return word
        if word in self.nearest:
            return self.nearest[word]
        for ending, other in _ENDINGS:
            stem = word[: -len(ending)] + other
            if word.endswith(ending) and len(stem) > 2:
                if stem in self._rows:
                    return stem
                if stem in self.nearest:
                    return self.nearest[stem]
        return None
