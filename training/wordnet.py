"""The nouns and adjectives of WordNet 3, out of its own files.

Source: WordNet 3.1 (Miller 1995; Fellbaum 1998); formats: wndb(5WN), senseidx(5WN).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_EMPTY_TEXT = "the and with for from that one who are has its used very two old new"
_EMPTY = frozenset(_EMPTY_TEXT.split())


@dataclass(frozen=True)
class Sense:
    """One meaning of one word: its synset, and how much of the word's use it is."""

    synset: str
    share: float


@dataclass
class WordNet:
    """What is needed of the database. Synsets are named part + offset ("n02086723")."""

    words: dict[str, list[str]] = field(default_factory=dict)  # synset -> its words
    fields: dict[str, str] = field(default_factory=dict)  # synset -> field
    up: dict[str, list[str]] = field(default_factory=dict)  # synset -> more general ones
    down: dict[str, list[str]] = field(default_factory=dict)
    alike: dict[str, list[str]] = field(default_factory=dict)  # adjectives: similar, derived from
    about: dict[str, set[str]] = field(default_factory=dict)  # synset -> words of its explanation
    senses: dict[str, list[Sense]] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)  # synset -> counted uses


def read(folder: Path) -> WordNet:
    """The nouns and adjectives of a `dict` folder of WordNet 3."""
    net = WordNet()
    for part, name in (("n", "noun"), ("a", "adj")):
        with (folder / f"data.{name}").open(encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith("  "):
                    row, _, gloss = line.partition(" | ")
                    synset = _read_synset(net, part, row.split())
                    net.about[synset] = stems([gloss.partition('; "')[0], *net.words[synset]])
    for upper in list(net.up):
        for above in net.up[upper]:
            net.down.setdefault(above, []).append(upper)
    _read_senses(net, folder / "index.sense")
    return net


def _read_synset(net: WordNet, part: str, row: list[str]) -> str:
    """offset field type count (word id)* count (pointer offset part source)*."""
    synset, count = part + row[0], int(row[3], 16)
    net.fields[synset] = row[1]
    net.words[synset] = [word.partition("(")[0] for word in row[4 : 4 + 2 * count : 2]]
    pointers = row[5 + 2 * count :]
    for kind, offset, other in zip(pointers[::4], pointers[1::4], pointers[2::4], strict=False):
        if kind == "@" and part == "n":
            net.up.setdefault(synset, []).append("n" + offset)
        elif kind in ("&", "+", "\\") and part == "a" and other in "na":
            net.alike.setdefault(synset, []).append(other + offset)
    return synset


def _read_senses(net: WordNet, path: Path) -> None:
    """The shares of use of every word's senses. Uncounted ones fall off with their rank."""
    found: dict[str, list[tuple[str, float]]] = {}
    parts = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            key, offset, rank, uses = line.split()
            word, _, rest = key.partition("%")
            synset = parts[rest[0]] + offset
            net.uses[synset] = net.uses.get(synset, 0) + int(uses)
            found.setdefault(word, []).append((synset, int(uses) + 1 / int(rank)))
    for word, senses in found.items():
        total = sum(weight for _, weight in senses)
        net.senses[word] = [Sense(synset, weight / total) for synset, weight in senses]


def stems(lines: Iterable[str]) -> set[str]:
    """The longer words of some lines, without the plural's s."""
    words = {word for line in lines for word in re.findall("[a-z]+", line.lower())}
    return {word.removesuffix("s") for word in words if len(word) > 2} - _EMPTY
