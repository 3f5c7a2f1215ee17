"""A template as a tree: texts, rows and choices.

Each knows how many texts it stands for, `count`, how long they are at most, `length`, and how deep
choices are in it, `depth`, and makes any of its texts by its number in [0, count), `at`: so that
none has to be made to know about them.
"""

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Text:
    text: str
    count: int = 1

    @property
    def length(self) -> int:
        return len(self.text)

    @property
    def depth(self) -> int:
        return 0

    def at(self, number: int) -> str:
        return self.text


@dataclass(frozen=True)
class Row:
    """One part after the other; the last changes fastest."""

    parts: "tuple[Node, ...]"

    @cached_property
    def count(self) -> int:
        return math.prod(part.count for part in self.parts)

    @cached_property
    def length(self) -> int:
        return sum(part.length for part in self.parts)

    @cached_property
    def depth(self) -> int:
        return max((part.depth for part in self.parts), default=0)

    def at(self, number: int) -> str:
        return "".join(self.texts(number))

    def texts(self, number: int) -> list[str]:
        """The text of each part."""
        found: list[str] = []
        for part in reversed(self.parts):
            number, own = divmod(number, part.count)
            found.append(part.at(own))
        return found[::-1]


@dataclass(frozen=True)
class Choice:
    """`pick` of the options, in their order, with a comma between. wildcard: whether they are the
    lines of one."""

    options: "tuple[Node, ...]"
    pick: int = 1
    wildcard: bool = False

    @cached_property
    def count(self) -> int:
        return self._ways[self.pick][0]

    @cached_property
    def length(self) -> int:
        return self.pick * (2 + max(option.length for option in self.options))

    @cached_property
    def depth(self) -> int:
        return 1 + max(option.depth for option in self.options)

    def at(self, number: int) -> str:
        found: list[str] = []
        pick = self.pick
        for place, option in enumerate(self.options):
            if not pick:
                break
            rest = self._ways[pick - 1][place + 1]
            if number < option.count * rest:  # this option is among the picked
                own, number = divmod(number, rest)
                found.append(option.at(own))
                pick -= 1
            else:
                number -= option.count * rest
        return ", ".join(found)

    @cached_property
    def _ways(self) -> list[list[int]]:
        """In how many ways k can be picked of the options from each on, `[k][first]`."""
        n = len(self.options)
        ways = [[1] * (n + 1)] + [[0] * (n + 1) for _ in range(self.pick)]
        for k in range(1, self.pick + 1):
            for i in reversed(range(n)):
                ways[k][i] = self.options[i].count * ways[k - 1][i + 1] + ways[k][i + 1]
        return ways


Node = Text | Row | Choice
