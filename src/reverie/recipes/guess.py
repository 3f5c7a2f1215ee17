"""What a scene for some words should hold: the words propose, the perceptor decides.

Things, places, colours and numbers that the words name are candidates, and so are the things whose
names are nearest in the perceptor's space. Candidates are drawn by the generator, and the perceptor
says which drawing fits the words best.
"""

import dataclasses
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from reverie.canvas.art import ArtName
from reverie.canvas.scene import Arrangement, Thing, arranged
from reverie.curve import as_curve
from reverie.device import machine
from reverie.errors import SpecError
from reverie.nets import pocket_biggan as meaning
from reverie.perceptor.pocket import Pocket, PocketPerceptor
from reverie.perceptor.pocket_words import words_of
from reverie.prompt import Prompt
from reverie.protocols import Machine
from reverie.recipes.guess_words import ART_WORDS, COLOURS, COUNTS, FRAMES, MOODS, PLACES, WHERE
from reverie.weights import pocket

WALL, PAPER = "#cfd8e0", "#f4f1e8"
PAPERS = (PAPER, "#bfe0f2", "#c9e8c4", "#ffd9b8", "#f7c6d9", "#d9cdf2", "#ffe9a8", "#8fc7c0")
SLACK = 0.02  # so much better must fit what no word has asked for
SEEN_AT = (64, 64)


class Guesser:
    """Draws candidates and asks the perceptor. words: of one prompt."""

    def __init__(self, words: str, machine: Machine) -> None:
        self.machine = machine
        self.eye: PocketPerceptor = Pocket().build(machine)
        self.about = pocket.read("pocket-biggan").about
        names = self.about["names"].items()
        self.names = [(thing, words_of(name)) for thing, said in names for name in said]
        how = "|".join((*ART_WORDS, FRAMES))  # says how, and names no thing
        about_art = rf"\b({how})\b"
        self.read = self.eye.words.read(re.sub(about_art, " ", words.lower())).words
        self.taken: set[int] = set()  # words that belong to the name of a thing
        # colours to try for a thing: "a green frog" wants green, a "blue bird" may be so by itself
        self.dyes: dict[str, tuple[str, str]] = {}
        with torch.no_grad():
            self.wanted = self.eye.encode_text([words])[0]

    @torch.no_grad()
    def scores(self, arrangements: Sequence[Arrangement]) -> Tensor:
        """How well each fits the words, over two art styles: cosines `[n]`."""
        total = torch.zeros(len(arrangements))
        for number in (0, 2):
            style = torch.zeros(len(arrangements), len(meaning.STYLES))
            style[:, number] = 1
            variant = torch.full((len(arrangements),), number)
            canvas = arranged(arrangements, SEEN_AT, self.machine, style=style, variant=variant)
            views = torch.nn.functional.interpolate(canvas(), (self.eye.size,) * 2, mode="area")
            total += (self.eye.encode_image(views) @ self.wanted).cpu() / 2
        return total

    def best(self, arrangements: Sequence[Arrangement]) -> Arrangement:
        """The one that fits the words best; the first wants least and wins a near draw."""
        scores = self.scores(arrangements)
        scores[0] += SLACK
        return arrangements[int(scores.argmax())]

    def named(self) -> list[list[str]]:
        """The things that the words name, in their order: for each all classes of that name."""
        found: list[list[str]] = []
        at = 0
        while at < len(self.read):
            span, things = self._longest(at)
            if things:
                found.append(things)
                self.taken |= set(range(at, at + span))
                before, name = self.read[max(at - 1, 0) : at], self.read[at : at + span]
                if colour := [COLOURS[word] for word in before if word in COLOURS]:
                    self.dyes |= dict.fromkeys(things, (colour[0], ""))
                elif colour := [COLOURS[word] for word in name if word in COLOURS]:
                    self.dyes |= dict.fromkeys(things, ("", colour[0]))
            at += max(span, 1)
        return found

    def _longest(self, at: int) -> tuple[int, list[str]]:
        """The longest name of things that starts at a word: its length, and the things."""
        longest, things = 0, []
        for thing, parts in self.names:
            said = self.read[at : at + len(parts)]
            if len(said) == len(parts) and all(map(self._same, said, parts)):
                if len(parts) > longest:
                    longest, things = len(parts), []
                if len(parts) == longest and thing not in things:
                    things.append(thing)
        only = self.read[at] if longest == 1 else ""
        known = only in COLOURS or only in COUNTS or at in self.places()
        return (longest, things) if not known else (0, [])

    def _same(self, said: str, word: str) -> bool:
        """Whether a word was said, alone or in the plural, of which some are irregular."""
        forms = {word, word + "s", word + "es", re.sub("y$", "ies", word)}
        near = self.eye.words.nearest.get(said, "")  # knows that mice are more than a mouse
        return said in forms or (near == word and said[0] == word[0])

    def places(self) -> dict[int, str]:
        """Which words of the text name a place, and which place: those that say where, such as
        "in the snow", and those that cannot be a thing, such as "snowy"."""
        found = {}
        for at, word in enumerate(self.read):
            said_where = WHERE & set(self.read[max(at - 4, 0) : at])
            if word in PLACES and (word in MOODS or said_where):
                below = "under" in said_where and PLACES[word] == "sea"
                found[at] = "underwater" if below else PLACES[word]
        return found

    def near(self, count: int) -> list[str]:
        """The things whose names are nearest to the words in the perceptor's space."""
        names = self.about["classes"]
        with torch.no_grad():
            cosines = self.eye.encode_text([f"a {name}" for name in names]) @ self.wanted
        return [names[place] for place in cosines.topk(count).indices.tolist()]

    def guess(self, count: int = 3) -> list[Arrangement]:
        """Arrangements that fit the words, the best first."""
        named = self.named()
        rest = {word for at, word in enumerate(self.read) if at not in self.taken}
        if len(named) > 1 and (not {"of", "by"} & rest or "top" in rest):  # not a statue of a lion
            bases = self._pairs(named[0], named[1])
        else:
            things = list(dict.fromkeys(named[0] if named else self.near(16)))
            bases = [Arrangement(things=(Thing(name=thing),)) for thing in things]
            scores = self.scores(bases)
            order = [
                i
                for i in scores.argsort(descending=True).tolist()
                if scores[i] > scores.max() - 0.08
            ]
            bases = [bases[i] for i in order[:count]]
            numbers = {COUNTS[word] for word in self.read if word in COUNTS}
            if numbers:
                bases = [repeated(base, max(numbers)) for base in bases]
        return [self._dressed(base) for base in bases[:count]]

    def _pairs(self, first: list[str], second: list[str]) -> list[Arrangement]:
        """Two things, in the ways they may stand; the best few."""
        ways = [
            Arrangement(
                things=(Thing(name=a, x=xa, y=ya, size=0.45), Thing(name=b, x=xb, y=yb, size=0.45))
            )
            for a, b in product(first[:2], second[:2])
            for xa, ya, xb, yb in self._ways()
        ]
        order = self.scores(ways).argsort(descending=True).tolist()
        return [ways[i] for i in order[:2]]

    def _ways(self) -> list[tuple[float, float, float, float]]:
        """How two things may stand: x, y of the first and of the second. Here words decide, for
        the perceptor knows no order."""
        where = self.places()
        said = {
            word
            for at, word in enumerate(self.read)
            if not any(near in where for near in range(at, at + 4))  # not "under water"
        }
        if said & {"above", "over", "top"}:
            return [(0.5, 0.28, 0.5, 0.72)]
        if said & {"under", "below", "beneath"}:
            return [(0.5, 0.72, 0.5, 0.28)]
        if "right" in said:
            return [(0.72, 0.55, 0.28, 0.55)]
        return [(0.28, 0.55, 0.72, 0.55)]

    def _dressed(self, base: Arrangement) -> Arrangement:
        """The arrangement in the place and the colours that fit best."""
        names = list(dict.fromkeys(thing.name for thing in base.things))
        each = [self.dyes.get(name, ("", *self._free(base))) for name in names]
        base = self.backed(base, list(self.places().values()))
        return self.best([dyed(base, dye) for dye in product(*each)])

    def _free(self, base: Arrangement) -> list[str]:
        """The colours that words name and give to none of the things."""
        said = [word for at, word in enumerate(self.read) if at not in self.taken]
        colours = list(dict.fromkeys(COLOURS[word] for word in said if word in COLOURS))
        taken = {dye for thing in base.things for dye in self.dyes.get(thing.name, ())}
        return [colour for colour in colours if colour not in taken]

    def backed(self, base: Arrangement, places: Sequence[str]) -> Arrangement:
        """The arrangement before the background that fits best: in one of some places, if any."""
        free = self._free(base)
        places = list(dict.fromkeys(places)) or ["plain"]
        papers = PAPERS if places == ["plain"] and not free else (PAPER,)
        options = [
            dataclasses.replace(base, place=place, first=first, second=WALL)
            for place in places
            for first in (*papers, *free)
        ]
        return self.best(options)


@lru_cache(maxsize=8)
def guess(prompts: tuple[Prompt, ...]) -> tuple[Arrangement, ...]:
    """Arrangements for the prompts of a scene that attract, the best first. Always on the CPU, in
    fp32, so that a recipe is the same everywhere."""
    from reverie.recipes.guess_parts import together

    if not attracting(prompts):
        raise SpecError("a guess needs words that attract; --canvas fourier does without them")
    on = machine("cpu", "fp32")
    whole = attracting(tuple(prompt for prompt in prompts if not prompt.box))
    each = [(attracting((prompt,)), prompt.box) for prompt in prompts if prompt.box]
    parts = [(words, box) for words, box in each if words]
    return tuple(together(whole, parts, on) if parts else Guesser(whole, on).guess())


def attracting(prompts: tuple[Prompt, ...]) -> str:
    """The words that attract, all through the run; empty if there are none."""
    words = [
        p.words for p in prompts if p.words and min(as_curve(p.weight)(t) for t in (0.0, 1.0)) >= 0
    ]
    return ", ".join(words) if words_of(" ".join(words)) else ""


def art_of(prompts: tuple[Prompt, ...]) -> ArtName:
    """The art style that the words ask for, or ""."""
    said = " ".join(p.words.lower() for p in prompts if p.words)
    for words, art in ART_WORDS.items():
        if re.search(rf"\b({words})\b", said):
            return art
    return ""


def dyed(base: Arrangement, dye: Sequence[str]) -> Arrangement:
    """The arrangement with a colour for each of its kinds of things."""
    kinds = list(dict.fromkeys(thing.name for thing in base.things))
    things = tuple(
        dataclasses.replace(thing, colour=dye[kinds.index(thing.name)]) for thing in base.things
    )
    return dataclasses.replace(base, things=things)


def repeated(base: Arrangement, number: int) -> Arrangement:
    """Two or three of the first thing, side by side."""
    places = {2: ((0.29, 0.52), (0.71, 0.52)), 3: ((0.22, 0.62), (0.5, 0.36), (0.78, 0.62))}
    things = tuple(
        dataclasses.replace(
            base.things[0], x=x, y=y, size=1.0 / number + (0.08 if number == 3 else -0.02)
        )
        for x, y in places[number]
    )
    return dataclasses.replace(base, things=things)
