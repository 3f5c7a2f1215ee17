"""New prompts like some of one's own, by a writer of one's own: here, one with an echo.

    python examples/write_prompts.py "a lighthouse by the sea"

A writer is anything with `lines(request, turn)`. What it says is cleaned, and only new prompts that
the perceptor would read to their end are taken.
"""

import sys
from collections.abc import Iterator

from reverie import Pocket, machine
from reverie.words.grammar import Grammar
from reverie.words.writer import Request, Writing

EXAMPLES = ("a red fox in the snow, oil painting", "two owls under a full moon, stained glass")


class Echo:
    """Says everything of another writer twice, the second time in the rain."""

    def __init__(self, other: Grammar) -> None:
        self.other = other

    def lines(self, request: Request, turn: int) -> Iterator[str]:
        for line in self.other.lines(request, turn):
            yield line
            head, comma, rest = line.partition(",")
            yield f"{head} in the rain{comma}{rest}"


def prompts(description: str, count: int = 6) -> list[str]:
    perceptor = Pocket().build(machine("cpu", "fp32"))
    request = Request(description=description, examples=EXAMPLES, count=count, seed=1)
    return [*Writing(Echo(Grammar()), request, perceptor.has_room_for)]


if __name__ == "__main__":
    for line in prompts(sys.argv[1] if len(sys.argv) > 1 else "a lighthouse by the sea"):
        print(line)
