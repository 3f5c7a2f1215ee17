r"""Templates: one line that stands for many prompts.

    {a fox|an owl} in the forest        one of these
    {very |}old                         or nothing
    {2$$oil painting|fog|neon}          two of these, with a comma between
    a {red {fox|owl}|cat}               choices in choices
    a fox, __media__                    a line of media.txt, or of the library's media
    \{ \} \_                            a brace, an underscore

What is not in braces stays as it stands, so a template is a prompt line with its `|`, `^`, weights
and places. Lines of wildcard files are templates, too.

Source: the grammar of Dynamic Prompts (adieyal, 2022): braces, `N$$`, and `__wildcards__`.
Differs: every combination has a number, so all of them can be counted before one is made, and N at
random are N different ones; a category of the library is a wildcard.
"""

import dataclasses
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reverie import prompt as prompts
from reverie.errors import WordsError
from reverie.protocols import digest
from reverie.words.choices import Choice, Node, Row, Text
from reverie.words.wildcards import NAME, Lookup, wildcards

MOST = 10_000  # prompts, unless a number is asked for
LONGEST = 20_000  # letters of a prompt: wildcards in wildcards grow quickly
DEEPEST = 40  # choices and wildcards in each other
WIDEST = 1_000_000  # options, times how many of them are picked
_MARK = re.compile(rf"\\[{{}}_|]|__{NAME}__|\{{(?:\s*([0-9]{{1,6}})\$\$)?|[|}}]")


def expand(
    templates: str | Sequence[str],
    lookup: Lookup | None = None,
    *,
    number: int | None = None,
    seed: int = 0,
    prefix: str = "",
    suffix: str = "",
) -> list[str]:
    """The prompts that templates stand for: all, in order, or some at random; no two are equal.

    Args:
        lookup: the lines of a wildcard; without it, those of the library.
        number: how many at random, of all templates together; None makes all.
        seed: of the choice; the same one chooses the same.
        prefix, suffix: words around those of every prompt of a line that attracts; templates, too.

    Raises:
        WordsError: one cannot be read, or they stand for more than `MOST` prompts and no number is
            given.
        PromptError: what one stands for is no prompt.
    """
    if number is not None and number < 1:
        raise WordsError(f"number is {number}; 1 or more prompts can be made")
    templates = [templates] if isinstance(templates, str) else templates
    lookup = lookup or wildcards()
    known: dict[str, Choice] = {}
    before, after = read(prefix, lookup, known), read(suffix, lookup, known)
    rows = [Row((before, read(template, lookup, known), after)) for template in templates]
    for template, row in zip(templates, rows, strict=True):
        if row.length > LONGEST:
            raise WordsError(
                f"{_cut(template)!r} stands for prompts of up to {_said(row.length)} letters; "
                f"{LONGEST:,} are the most"
            )
    count = sum(row.count for row in rows)
    if number is None and count > MOST:
        one = f"{_cut(templates[0])!r} stands"
        what = one if len(rows) == 1 else f"{len(rows)} templates stand"
        raise WordsError(f"{what} for {_said(count)} prompts; ask for a number of them, at random")
    made: dict[str, None] = {}
    for index in _numbers(count, number, seed):
        first, line, last = _texts(rows, index)
        around = [only_words(text) if text.strip() else "" for text in (first, last)]
        made[dressed(_tidy(line), *around)] = None
        if len(made) == number:
            break
    return [*made]


def _texts(rows: Sequence[Row], index: int) -> list[str]:
    """The texts of a number among those of several rows."""
    for row in rows:
        if index < row.count:
            return row.texts(index)
        index -= row.count
    raise IndexError(index)


def _said(number: int) -> str:
    """A number, however large."""
    return f"{number:,}" if number < 10**30 else "more than 10^30"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"


def read(template: str, lookup: Lookup, known: dict[str, Choice] | None = None) -> Row:
    """A template as a tree.

    Args:
        known: wildcards that were read before, and more of them afterwards.

    Raises:
        WordsError: a brace is not closed, or a wildcard is not known.
    """
    return _Reader(template, lookup, (), {} if known is None else known).row()


@dataclass(frozen=True)
class _Token:
    """kind: `{`, `|`, `}`, `__` for a wildcard, or `text`; pick: the number before `$$`."""

    kind: str
    text: str
    at: int
    pick: int | None = None


def _tokens(template: str) -> Iterator[_Token]:
    done = 0
    for found in _MARK.finditer(template):
        if found.start() > done:
            yield _Token("text", template[done : found.start()], done)
        done, said = found.end(), found.group()
        if said[0] == "\\":  # "\|" is left to the prompt grammar, which reads it as a plain bar
            yield _Token("text", said if said[1] == "|" else said[1], found.start())
        elif said[0] == "_":
            yield _Token("__", said[2:-2], found.start())
        else:
            yield _Token(said[0], said, found.start(), int(found[1]) if found[1] else None)
    yield _Token("text", template[done:], done)


class _Reader:
    """Reads one template. within: the wildcards it came out of; known: those that were read;
    base: how deep it stands in others."""

    def __init__(
        self,
        text: str,
        lookup: Lookup,
        within: tuple[str, ...],
        known: dict[str, Choice],
        base: int = 0,
    ) -> None:
        self.text, self.lookup, self.within, self.known = text, lookup, within, known
        self.base = base
        self.left = deque(_tokens(text))

    def row(self, depth: int = 0) -> Row:
        """Up to the end, or to the `|` or `}` that ends an option."""
        parts: list[Node] = []
        while self.left and not (depth and self.left[0].kind in "|}"):
            parts.append(self._part(self.left.popleft(), depth))
        return Row(tuple(parts))

    def _part(self, token: _Token, depth: int) -> Node:
        match token.kind:
            case "{":
                return self._choice(token, depth + 1)
            case "}":
                raise self._wrong(r"here is a } without its { (a plain one is \})", token)
            case "__":
                return self._wildcard(token, depth + 1)
            case _:  # text, or a bar of the prompt line's own
                return Text(token.text)

    def _choice(self, opened: _Token, depth: int) -> Choice:
        self._refuse_deep(self.base + depth, opened)
        if self.left and self.left[0].kind == "text" and "$$" in self.left[0].text:
            raise self._wrong("before $$ stands one number, and nothing before a second $$", opened)
        options: list[Node] = []
        ends = opened
        while ends.kind != "}":
            options.append(self.row(depth))
            if not self.left:
                raise self._wrong(r"this { is never closed (a plain one is \{)", opened)
            ends = self.left.popleft()
        if opened.pick is None:
            return Choice(tuple(options))
        options = [one for option in options for one in _lines(option)]
        if not 1 <= opened.pick <= len(options):
            raise self._wrong(f"{opened.pick} of {len(options)} cannot be picked", opened)
        if opened.pick * len(options) > WIDEST:
            raise self._wrong(f"{opened.pick} of {len(options)} are too many to pick", opened)
        return Choice(tuple(options), opened.pick)

    def _wildcard(self, token: _Token, depth: int) -> Choice:
        if token.text in self.within:
            raise self._wrong(f"the wildcard __{token.text}__ contains itself", token)
        found = self.known.get(token.text)
        self._refuse_deep(self.base + depth - 1 + (found.depth if found else 1), token)
        if found:
            return found
        try:
            lines = dict.fromkeys(self.lookup(token.text))
        except WordsError as error:
            raise self._wrong(str(error), token) from error
        within = (*self.within, token.text)
        options = tuple(
            _Reader(line, self.lookup, within, self.known, self.base + depth).row()
            for line in lines
        )
        self.known[token.text] = Choice(options, wildcard=True)
        return self.known[token.text]

    def _refuse_deep(self, depth: int, token: _Token) -> None:
        if depth > DEEPEST:
            raise self._wrong(f"choices are nested more than {DEEPEST} deep", token)

    def _wrong(self, message: str, token: _Token) -> WordsError:
        return WordsError(f"template {_cut(self.text)!r}, column {token.at + 1}: {message}")


def _lines(option: Node) -> Sequence[Node]:
    """The lines of an option that is a wildcard and nothing else, to be picked from; or itself."""
    assert isinstance(option, Row)
    said = [part for part in option.parts if not isinstance(part, Text) or part.text.strip()]
    alone = said[0] if len(said) == 1 else None
    return alone.options if isinstance(alone, Choice) and alone.wildcard else [option]


def _numbers(count: int, number: int | None, seed: int) -> Iterator[int]:
    """Numbers below `count`: all in order; or at random, each once where that can be listed, else
    more than enough of them, for one may come again, and two may stand for the same words."""
    if number is None:
        yield from range(count)
        return
    if count <= 10 * MOST:
        yield from sorted(range(count), key=lambda index: digest(seed, "template", index))
        return
    digits = range(1 + count.bit_length() // 50)  # of 63 bits: the remainder is even enough
    for draw in range(100 * number):
        parts = [digest(seed, "template", draw, digit) for digit in digits]
        yield sum(part << (63 * digit) for digit, part in enumerate(parts)) % count


def _tidy(line: str) -> str:
    """Without the spaces and commas that empty options leave behind."""
    line = re.sub(r"\s+", " ", line)
    line = re.sub(r"(?:\s*,)+(?=\s*,)", "", line)
    line = re.sub(r"\s+,", ",", line)
    line = re.sub(r"(?<!\S),\s*|,\s*(?=$|:[\d.+-]|\||\^)", "", line)
    return line.strip()


def only_words(text: str) -> str:
    """The words of a text that is nothing but words.

    Raises:
        WordsError: it has a weight, a place, a picture or a second prompt.
    """
    read = [prompt for scene in prompts.parse(text) for prompt in scene]
    words = read[0].words
    if not words or read != [prompts.Prompt(words=words)]:
        raise WordsError(
            f"{text!r} has a weight, a place, a picture or a second prompt; only words can stand "
            "beside those of a prompt"
        )
    return words


def dressed(line: str, prefix: str, suffix: str) -> str:
    """A line with words around those of every prompt that attracts."""
    scenes = prompts.parse(line)
    if not prefix.strip() and not suffix.strip():
        return line
    before = prefix if not prefix.strip() or prefix[-1].isspace() else f"{prefix} "
    after = suffix if not suffix.strip() or suffix[0] in " ,.;:!?" else f", {suffix}"
    dressed = tuple(
        tuple(
            dataclasses.replace(prompt, words=_tidy(f"{before}{prompt.words}{after}"))
            if prompt.words and prompts.attracts(prompt)
            else prompt
            for prompt in scene
        )
        for scene in scenes
    )
    return prompts.line(dressed)
