"""Writers of prompts: from a description and some examples, new ones.

Source: lists of prompts continued by a language model, as people did with GPT-J in 2021; few-shot
examples after Brown et al., "Language Models are Few-Shot Learners" (2020).
Differs: whatever a writer says is cleaned and tested: a line that is no prompt, that came before,
or that the perceptor would not read to its end, is refused and counted.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from reverie import prompt as prompts
from reverie.errors import PromptError, SpecError, WordsError
from reverie.words.library import fold

ROUNDS = 6  # in which a writer is asked again, as long as something new comes
LONGEST = 2_000  # letters of a line: more is no prompt
MOST = 10_000  # prompts
_MARKER = re.compile(
    r"(?:\(?\d{1,4}[.):\]]|[-*•>#\u2013\u2014]+|prompt(?:\s*#?\d+)?\s*:)\s+", re.IGNORECASE
)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*\x07?|[\x00-\x1f\x7f-\x9f]")
_BOLD = re.compile(r"(\*\*|__)(.+?)\1")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`"}  # noqa: RUF001
_CHATTER = re.compile(
    r"(?:sure|of course|certainly|okay|ok|absolutely|enjoy)[,.!:].*|"
    r"(?:here you go|(?:i )?hope (?:this|these|that|you)|let me know|note that|feel free|below are|"
    r"these (?:are|prompts))\b.*|"
    r"(?:here are|all)\b[^,]*\bprompts?\b[^,]*[:.!]|note:.*|.*:|```.*|---+|===+|<[^>]*>",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to write.

    description: what the pictures are of; examples: prompts as they should be; count: how many new
    ones; temperature: 0 is the likeliest words, 1 the usual, more is wilder; seed: of the choice.
    """

    description: str
    examples: tuple[str, ...] = ()
    count: int = 10
    temperature: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.description.strip():
            raise WordsError('say what the prompts are about: "a lighthouse by the sea"')
        if not 1 <= self.count <= MOST:
            raise WordsError(f"count is {self.count}; 1 to {MOST:,} prompts can be written")
        if not 0 <= self.temperature <= 2:
            raise WordsError(f"temperature is {self.temperature}; 0 to 2 is wanted")


@runtime_checkable
class Writer(Protocol):
    """Something that writes lines, of which some may be prompts."""

    def lines(self, request: Request, turn: int) -> Iterator[str]:
        """Lines as they come, without their ends.

        Args:
            turn: how often it was asked before: each turn writes others.

        Raises:
            WordsError: it cannot go on. The lines before stand.
        """
        ...


def continued(request: Request) -> str:
    """The list that a language model goes on with: a head, the examples, and the next number."""
    lines = [f"Prompts for pictures of {request.description}, each on one line, all different:", ""]
    lines += [f"{number}. {text}" for number, text in enumerate(request.examples, 1)]
    return "\n".join([*lines, f"{len(request.examples) + 1}."])


def asked(request: Request) -> str:
    """The same for a model that answers."""
    lines = [
        "You write prompts for a program that paints pictures from words. A prompt is a short "
        "phrase in English: what there is to see, then its medium, style and light, with commas."
    ]
    if request.examples:
        lines += ["Examples:", *request.examples]
    lines.append(
        f"Write {request.count} new prompts about: {request.description}. All are different, and "
        "none is among the examples. One prompt on each line; no numbers, no quotes, nothing else."
    )
    return "\n".join(lines)


class Writing:
    """New prompts, as they come. `refused` counts the lines that were none, by the reason.

    Args:
        fits: whether the perceptor reads a text to its end.
    """

    def __init__(self, writer: Writer, request: Request, fits: Callable[[str], bool]) -> None:
        self.writer, self.request, self.fits = writer, request, fits
        self.refused: Counter[str] = Counter()
        self.seen = {plain(text) for text in (request.description, *request.examples)}

    def __iter__(self) -> Iterator[str]:
        found = 0
        for turn in range(ROUNDS):
            before = found
            for line in cleaned(self.writer.lines(self.request, turn)):
                why = self._wrong(line)
                if why:
                    self.refused[why] += 1
                    continue
                self.seen.add(plain(line))
                found += 1
                yield line
                if found == self.request.count:
                    return
            if found == before:
                return

    def _wrong(self, line: str) -> str:
        """Why a line is no new prompt, or ""."""
        if plain(line) in self.seen:
            return "repeated"
        try:
            every = [prompt for scene in prompts.parse(line) for prompt in scene]
        except (PromptError, SpecError):
            return "no prompt"
        if any(not prompt.words or prompt.picture for prompt in every):  # it may be a link
            return "no words"
        if any(brace in line for brace in "{}"):  # in a list it would be a template
            return "no words"
        return "" if all(self.fits(prompt.words or "") for prompt in every) else "too long"


def visible(text: str) -> str:
    """A text of a stranger without what would steer a terminal."""
    return _CONTROL.sub(" ", text)


def plain(text: str) -> str:
    """A prompt as it is compared with others: without marks, case and accents."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


def cleaned(lines: Iterable[str]) -> Iterator[str]:
    """Lines that may be prompts, without what models write around them: numbers, bullets, quotes,
    stars, thoughts in `<think>`, and what they say to people."""
    thinking = False
    for line in lines:
        text = line
        if len(text) > LONGEST:
            continue
        if "<think>" in text:
            thinking, text = True, text.split("<think>")[0]
        if "</think>" in line:
            thinking, text = False, line.split("</think>")[-1]
        elif thinking:
            continue
        text = bare(text)
        if plain(text) and not _CHATTER.fullmatch(text):
            yield text


def bare(line: str) -> str:
    """A line without the marks before, around and in it. None begins with `#`: that is a remark."""
    text = " ".join(visible(line).split())
    text = _BOLD.sub(r"\2", text).lstrip("# ")
    while True:
        was = text
        text = _MARKER.sub("", text, count=1) if _MARKER.match(text) else text
        text = re.sub(r"^\*(.+)\*[.,]?$", r"\1", text)
        if len(text) > 1 and text[-1] in ",;":
            text = text[:-1].rstrip()
        if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] not in text[1:-1]:
            text = text[1:-1].strip()
        if text == was:
            return text
