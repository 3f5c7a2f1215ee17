"""The writer in the package: it needs nothing, and understands nothing.

It puts a subject, a place or a time, and modifiers of the library together, in the order in which
people write them, and learns from examples how many modifiers stand in a prompt, which ones, and
which words follow each other. Prompts that surprise by their sense are for a language model.

Source: n-grams with back-off after Katz (1987), without his discounts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from reverie import prompt as prompts
from reverie.errors import PromptError
from reverie.prompt import Prompt
from reverie.protocols import digest
from reverie.words.library import known, modifiers
from reverie.words.writer import Request

LINES = 4  # that are offered for every prompt that is wanted
LONGEST = 7  # words that a subject goes on with
_LOOKS = ("media", "styles", "movements")  # of which a prompt has one
_REST = ("lighting", "artists", "techniques", "camera", "quality")
_PLACES = (
    *("by the sea", "on a hill", "in the forest", "in the city", "in the mountains", "in a garden"),
    *("in the desert", "on a lake", "among flowers"),
)
_TIMES = (
    *("in the snow", "in the rain", "in fog", "in a storm", "in spring", "in autumn", "in winter"),
    *("at night", "at dawn", "at sunset", "under the stars", "under a full moon"),
)
_JOINS = frozenset(  # before a place, a time or a thing
    (
        *("above", "across", "against", "among", "around", "at", "before", "behind", "below"),
        *("beneath", "beside", "between", "by", "from", "in", "inside", "near", "of", "on", "over"),
        *("through", "to", "toward", "towards", "under", "underneath", "upon", "with", "within"),
        *("without", "and"),
    )
)
_END = ""  # after the last word
T = TypeVar("T")


class Grammar:
    """Recombines.

    Args:
        knows: whether the perceptor knows the words of a modifier; others are not taken.
    """

    def __init__(self, knows: Callable[[str], bool] = lambda words: True) -> None:
        self.knows = knows

    @cached_property
    def looks(self) -> Mapping[str, Sequence[str]]:
        """The modifiers that are known, by category; those without any are left out."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for modifier in modifiers():
            if modifier.category in (*_LOOKS, *_REST) and self.knows(modifier.words):
                found[modifier.category].append(modifier.words)
        return found

    def lines(self, request: Request, turn: int) -> Iterator[str]:
        learnt = learn(request.examples)
        subject = prompts.title(prompts.parse(request.description)).rstrip(" .;:!,")
        head, *tails = (part.strip() for part in subject.split(","))
        for line in range(LINES * request.count):
            dice = Dice(request.seed, turn, line, temperature=request.temperature)
            whole = f"{head} {self._setting(head.split(), learnt, dice)}".strip()
            words = ", ".join([whole, *tails, *self._looks(learnt, dice)])
            yield prompts.line(((Prompt(words=words),),))

    def _setting(self, words: Sequence[str], learnt: "Learnt", dice: "Dice") -> str:
        """What the subject goes on with, or nothing."""
        if dice.chance() < 0.35:
            return ""
        if learnt.follows and dice.chance() < 0.75:
            return learnt.going_on(words, dice)
        return dice.one(_TIMES if _JOINS & {*words} else (*_PLACES, *_TIMES))

    def _looks(self, learnt: "Learnt", dice: "Dice") -> list[str]:
        """Modifiers, at most one of them a look; those of the examples about as often as the
        library's."""
        count = dice.one(learnt.counts) if learnt.counts else 1 + int(3 * dice.chance())
        chosen: list[str] = []
        kinds = [[kind for kind in _LOOKS if self.looks.get(kind)]]
        kinds += [[kind] for kind in _REST if self.looks.get(kind)]
        order = kinds[:1] + dice.shuffled(kinds[1:])
        for place in range(count):
            kind = order[place % len(order)]
            if learnt.tails and dice.chance() < 0.5:
                words = dice.one(learnt.tails)
            elif kind:
                words = dice.one(self.looks[dice.one(kind)])
            else:
                continue
            if not (_is_look(words) and any(map(_is_look, chosen))):
                chosen.append(words)
        return list(dict.fromkeys(chosen))


def _is_look(words: str) -> bool:
    """Whether the library has them as one."""
    modifier = known(words)
    return modifier is not None and modifier.category in _LOOKS


@dataclass(frozen=True)
class Learnt:
    """What examples teach. counts: how many modifiers each has; tails: these; follows: which words
    came behind one or two others."""

    counts: list[int] = field(default_factory=list)
    tails: list[str] = field(default_factory=list)
    follows: defaultdict[tuple[str, ...], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    def going_on(self, words: Sequence[str], dice: "Dice") -> str:
        """Words behind these, up to where an example ended: from the last two that are known, or
        else from a word that joins."""
        said = [word.lower() for word in words]
        made: list[str] = []
        for _ in range(LONGEST):
            context = [*said, *made][-2:]
            found = self.follows.get(tuple(context)) or self.follows.get(tuple(context[-1:]))
            if not made:  # the subject stays whole, so what follows has to join
                found = Counter({w: n for w, n in (found or {}).items() if w in _JOINS})
                found = found or self.joins
            if not found:
                break
            word = dice.weighted(found)
            if word == _END:
                return " ".join(made)
            made.append(word)
        return ""  # cut in the middle it would say nothing

    @cached_property
    def joins(self) -> Counter[str]:
        """The words of the examples that join."""
        every: Counter[str] = Counter()
        for context, words in self.follows.items():
            if len(context) == 1:
                every.update({w: n for w, n in words.items() if w in _JOINS})
        return every


def learn(examples: Sequence[str]) -> Learnt:
    """What examples teach; weights, places and pictures in them do not."""
    learnt = Learnt()
    for example in examples:
        try:
            every = [p.words for scene in prompts.parse(example) for p in scene if p.words]
        except PromptError:
            every = [example]
        for text in every:
            head, *tails = (part.strip() for part in text.split(","))
            tails = [tail for tail in tails if tail]
            learnt.counts.append(len(tails))
            learnt.tails.extend(tails)
            words = [*head.lower().split(), _END]
            for place, word in enumerate(words[1:], 1):
                for length in (1, 2):
                    if place >= length:
                        learnt.follows[tuple(words[place - length : place])][word] += 1
    return learnt


class Dice:
    """Random choices that depend on some numbers alone. temperature: 1 takes the chances as they
    are, 0 the likeliest."""

    def __init__(self, *of: int, temperature: float = 1.0) -> None:
        self.of, self.thrown, self.temperature = of, 0, temperature

    def chance(self) -> float:
        """A number in [0, 1)."""
        self.thrown += 1
        return digest("writer", *self.of, self.thrown) / 2**63

    def one(self, of: Sequence[T]) -> T:
        return of[int(self.chance() * len(of))]

    def shuffled(self, of: Sequence[T]) -> list[T]:
        return sorted(of, key=lambda _: self.chance())

    def weighted(self, of: Mapping[str, int]) -> str:
        """A word, by how often it came."""
        if self.temperature == 0:
            return max(of, key=lambda word: (of[word], word))
        most = max(of.values())
        weights = [(count / most) ** (1 / self.temperature) for count in of.values()]
        left = self.chance() * sum(weights)
        for word, weight in zip(of, weights, strict=True):
            left -= weight
            if left < 0:
                return word
        return next(reversed([*of]))
