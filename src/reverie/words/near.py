"""Known words near to one that is not known."""

from collections.abc import Iterable, Mapping, Sequence

import torch

from reverie.protocols import Perceptor

FAR = 0.7  # cosine; of 100 words of letters by chance, 5 had a known word nearer than 0.68
_SWAP = 0.5  # what two letters in the wrong order count; a missing and a further one are 1
_WRONG = 1.5  # a wrong one, which makes slips of right words: "strikes", "stripes"; but not vowels


def spelled_like(word: str, vocabulary: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Known words that differ from this one by a slip, best first.

    Source: the optimal string alignment distance (Damerau 1964).
    """
    most = 0.5 if len(word) < 4 else 1.0 if len(word) < 8 else 1.5
    found: list[tuple[float, int, str]] = []
    for known in vocabulary:
        if abs(len(known) - len(word)) <= most and set(known[:2]) & set(word[:2]):
            slips = _slips(word, known)
            if slips <= most:
                found.append((slips, -len(known), known))  # letters are missed rather than added
    close = [known for _, _, known in sorted(found)]
    return tuple(known for known in close if not _plural(known, close))[:count]


def _slips(one: str, two: str) -> float:
    """How many slips lead from one word to another."""
    last: list[float] = []
    row: list[float] = [float(length) for length in range(len(two) + 1)]
    for i, letter in enumerate(one, 1):
        before, last, row = last, row, [float(i)]
        for j, other in enumerate(two, 1):
            wrong = 0 if letter == other else 1 if {letter, other} <= {*"aeiouy"} else _WRONG
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong)
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                cost = min(cost, before[j - 2] + (_SWAP if letter != other else 0))
            row.append(cost)
    return row[-1]


@torch.no_grad()
def felt_like(
    perceptor: Perceptor, words: Sequence[str], vocabulary: Mapping[str, str], count: int = 3
) -> list[tuple[tuple[str, float], ...]]:
    """For each word the known ones whose embeddings lie nearest, each with its cosine.

    vocabulary: word -> what is read for it; words that are read as others are left out.
    """
    own = [word for word, read in vocabulary.items() if read == word]
    known = [word for word in own if not _plural(word, vocabulary)]
    if not words or not known:
        return [() for _ in words]
    cosines = perceptor.encode_text(words) @ perceptor.encode_text(known).T  # [words, known]
    best = cosines.topk(min(count, len(known)), dim=1)
    return [
        tuple((known[i], score) for i, score in zip(places, scores, strict=True))
        for places, scores in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def _plural(word: str, known: Iterable[str]) -> bool:
    """Whether the word without its end is among the known."""
    ends = (word[: -len(end)] for end in ("s", "es") if word.endswith(end) and len(word) > 2)
    return any(stem in known for stem in ends)
