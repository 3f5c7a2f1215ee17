r"""The prompt grammar.

    a fox                        words
    a fox:1.5 | fog:0.3          several at once, with weights (default 1)
    a fox | text:-0.5:-0.9       a negative weight repels, and its stop says how far
    fog:0..1                     a weight that goes from 0 to 1 over the run
    a fox ^ an owl               scenes: one after the other, each an equal share of the run
    photo.jpg:0.5 | https://...  a picture, by file name or link
    a fox + photo.jpg            words and a picture as one: what is between them
    noise:42:0.2                 a random direction, by seed
    a fox @ left | an owl @ right          in several places: each judged on that part alone
    a moon @ 0.7,0,0.3,0.3:0.8             left, top, width, height in shares of the picture
    16\:9 | a \| b               a backslash before : | ^ + @ \ makes it plain

Only a number at the end is a weight, so links, `C:\x.png`, "16:9" and "10:30" are words as they
stand: whole numbers on both sides of a colon are a ratio or a time. To weigh words that end in a
digit, write the weight with a point: `studio 54:2.0`. Only ` @ ` before a place that `place.py`
knows is a place: `a@b.c`, `@nasa` and `a party @ noon` are words.

Source: the `text:weight:stop` prompts of Crowson's VQGAN+CLIP notebook (2021), `|` and `^` of
nerdyrodent/VQGAN-CLIP, and the text with an image of lucidrains/big-sleep.
Differs: theirs split at any colon, so that a link or a ratio is an error; places are ours.
"""

import math
import re

from reverie import place
from reverie.errors import PromptError, SpecError
from reverie.place import Box
from reverie.spec import spec

PICTURE = re.compile(r"(?i)^https?://\S+$|\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$")
ESCAPABLE = ":|^+@\\"
_BOTH = re.compile(r"(.+)\s\+\s+(\S.*)")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
_WEIGHT = re.compile(rf"\s*(?:({_PLAIN})\.\.({_PLAIN})|({_NUMBER}))\s*")
_STOP = re.compile(rf"\s*({_NUMBER}|-inf)\s*")


@spec
class Prompt:
    """Words, a picture (a path or a link), both as one, or a noise seed.

    `weight` is a number, or a pair (from, to) over the run; negative repels. `stop` is the signed
    distance, in half squared radians (0 to 4.93, times the sign of the weight), below which the
    prompt no longer pulls; None never stops. Words and pictures that CLIP thinks close have a
    distance of about 0.7 to 0.9. `box` is the part of the picture that is judged by it: left, top,
    width and height in shares of the picture; None is all of it.
    """

    words: str | None = None
    picture: str | None = None
    noise: int | None = None
    weight: float | tuple[float, float] = 1.0
    stop: float | None = None
    box: Box | None = None

    def __post_init__(self) -> None:
        given = [x for x in (self.words, self.picture) if x is not None]
        if bool(given) == (self.noise is not None) or not all(x.strip() for x in given):
            raise SpecError(
                "a prompt is words, a picture, or both, or else a noise seed, and not empty"
            )
        if self.box is not None:
            place.check(self.box)

    def __str__(self) -> str:
        if self.noise is not None:
            return f"noise {self.noise}"
        return " + ".join(x for x in (self.words, self.picture) if x)


def parse(text: str) -> tuple[tuple[Prompt, ...], ...]:
    """Reads a prompt line: a tuple of scenes, each a tuple of prompts.

    Raises:
        PromptError: with the column of what cannot be read.
    """
    bad = re.search(r"[\ud800-\udfff]", text)  # bytes that were not UTF-8
    if bad:
        shown = text.encode(errors="replace").decode()
        raise PromptError("here is a byte that is not UTF-8", shown, bad.start() + 1)
    if not text.strip():
        raise PromptError("it is empty; say what to paint", text, 1)
    return tuple(
        tuple(_prompt(piece, text, start) for piece, start in _pieces(scene, "|", at))
        for scene, at in _pieces(text, "^", 0)
    )


def title(scenes: tuple[tuple[Prompt, ...], ...]) -> str:
    """The words of a prompt line that attract, without their places, to name files by."""
    wanted = [[str(p) for p in scene if attracts(p)] or list(map(str, scene)) for scene in scenes]
    return " then ".join(" and ".join(scene) for scene in wanted)


def attracts(prompt: Prompt) -> bool:
    return max(prompt.weight if isinstance(prompt.weight, tuple) else (prompt.weight,)) > 0


def line(scenes: tuple[tuple[Prompt, ...], ...]) -> str:
    """A prompt line that reads as these scenes: the inverse of `parse`."""
    return " ^ ".join(" | ".join(_written(prompt) for prompt in scene) for scene in scenes)


def _written(prompt: Prompt) -> str:
    marks = r"([:|^\\]|(?<=\s)\+(?=\s)|(?<!\S)@(?!\S))"
    both = [re.sub(marks, r"\\\1", x) for x in (prompt.words, prompt.picture) if x]
    text = " + ".join(both)
    text = text if prompt.noise is None else f"noise:{prompt.noise}"
    text += f" @ {place.written(prompt.box)}" if prompt.box else ""
    weight = prompt.weight
    if weight != 1 or prompt.stop is not None:
        text += f":{weight[0]}..{weight[1]}" if isinstance(weight, tuple) else f":{float(weight)}"
    return text if prompt.stop is None else f"{text}:{prompt.stop}"


def _pieces(text: str, mark: str, start: int) -> list[tuple[str, int]]:
    """`text` cut at every `mark` that is not escaped, each piece with its offset."""
    pieces, begin, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in tuple(ESCAPABLE):
            at += 1
        elif text[at] == mark:
            pieces.append((text[begin:at], start + begin))
            begin = at + 1
        at += 1
    return [*pieces, (text[begin:], start + begin)]


def _prompt(piece: str, line: str, start: int) -> Prompt:
    piece, box = _placed(piece, line, start)  # "a fox:2 @ left", or the weight last
    fields = _pieces(piece, ":", start)
    noise = fields[0][0].strip() == "noise" and len(fields) > 1 and _is_seed(fields[1][0])
    rest, weight, stop = _weighed(piece, fields, line, start, noise)
    body, other = _placed(rest, line, start)
    if box and other:
        raise PromptError("it has two places; one is enough", line, start + rest.rfind("@") + 1)
    how = {"weight": weight, "stop": stop, "box": box or other}
    if noise and re.fullmatch(r"\s*noise\s*:\s*\d+\s*", body):
        return Prompt(noise=int(fields[1][0].split("@")[0]), **how)
    both = _BOTH.fullmatch(body.strip())
    words, beside = both.groups() if both else (body, "")
    if PICTURE.search(_plain(words)) or not PICTURE.search(_plain(beside)):
        words, beside = body, ""
    elif _placed(words, line, start)[1]:
        raise PromptError("a place comes after the picture", line, start + words.rfind("@") + 1)
    words, beside = _plain(words), _plain(beside)
    if not words:
        raise PromptError("here is a prompt without words", line, start + 1)
    if beside:
        return Prompt(words=words, picture=beside, **how)
    return Prompt(picture=words, **how) if PICTURE.search(words) else Prompt(words=words, **how)


def _weighed(
    piece: str, fields: list[tuple[str, int]], line: str, start: int, noise: bool
) -> tuple[str, float | tuple[float, float], float | None]:
    """What stands before the weight and the stop, and these."""
    for tails in (2, 1):
        if len(fields) - tails < (2 if noise else 1):
            continue
        weight = _WEIGHT.fullmatch(fields[-tails][0])
        stop = _STOP.fullmatch(fields[-1][0]) if tails == 2 else None
        body = piece[: fields[-tails][1] - start - 1]
        plain = not noise and _is_plain(body, fields[-tails][0])
        if plain and not _placed(body, line, start)[1]:
            continue
        if weight and (stop or tails == 1):
            ends = float(stop[1]) if stop and stop[1] != "-inf" else None
            return body, _weight(weight, line, fields), ends
    if len(fields) > 1 and not fields[-1][0].strip():
        raise PromptError(r"a weight is wanted after ':' (or write '\:')", line, fields[-1][1])
    return piece, 1.0, None


def _placed(text: str, line: str, start: int) -> tuple[str, Box | None]:
    """Words and their place, if they have one."""
    at = start + text.rfind("@") + 1
    try:
        alone = re.fullmatch(r"\s*@\s+(.+)", text, re.DOTALL)
        if alone and place.read(alone[1]):
            raise PromptError(r"here is a place without words (or write '\@')", line, at)
        return place.split(text)
    except SpecError as error:
        raise PromptError(str(error), line, at) from None


def _plain(text: str) -> str:
    return re.sub(r"\\([:|^+@\\])", r"\1", text).strip()


def _is_seed(field: str) -> bool:
    return field.partition("@")[0].strip().isdigit()


def _is_plain(body: str, tail: str) -> bool:
    """Whether a numeric tail belongs to the words: a ratio, a time of day or a port."""
    if not re.fullmatch(r"\d+\s*", tail):
        return False
    link = re.match(r"\s*https?://[^/]*", body)
    return link.end() == len(body) if link else bool(re.search(r"\d$", body))


def _weight(
    found: re.Match[str], line: str, fields: list[tuple[str, int]]
) -> float | tuple[float, float]:
    numbers = [float(group) for group in found.groups() if group is not None]
    if not all(map(math.isfinite, numbers)):
        raise PromptError("the weight is not a finite number", line, fields[-1][1] + 1)
    if not any(numbers):
        raise PromptError("a weight of 0 has no effect; leave it out", line, fields[-1][1] + 1)
    return (numbers[0], numbers[1]) if len(numbers) == 2 else numbers[0]
