"""The prompts of nerdyrodent's generate.py as a line of our own grammar."""

from collections.abc import Iterator
from math import ceil, inf, isfinite
from typing import TYPE_CHECKING

from reverie import prompt as prompts
from reverie.errors import SpecError
from reverie.prompt import Prompt

if TYPE_CHECKING:
    from argparse import Namespace

NEVER = -inf


def prompt_of(args: "Namespace") -> str:
    """All prompts as one line of our grammar. Pictures and noise are in every scene.

    Raises:
        SpecError: a scene has no prompt, a weight is not finite, or noise has not as many
            weights as seeds.
    """
    texts = args.prompts
    if not texts and not args.image_prompts:
        texts = "A cute, smiling, Nerdy Rodent"
    scenes = [list(read_prompts(text)) for text in (texts or "").split("^")]
    every = args.change_prompt_every
    if every < 0:
        raise SpecError(f"-cpe: {every} is not a number of iterations")
    if every and len(scenes) > 1:  # they begin anew when all have had their turn
        scenes = [scenes[k % len(scenes)] for k in range(max(1, ceil(args.iterations / every)))]
    always = [*read_prompts(args.image_prompts or "", pictures=True), *noises(args)]
    told = tuple((*scene, *always) for scene in scenes)
    if not all(told):
        raise SpecError("-p: here is a scene without a prompt of any weight")
    return prompts.line(told)


def read_prompts(text: str, *, pictures: bool = False) -> Iterator[Prompt]:
    """Prompts as generate.py splits them: `text:weight:stop`, numbers only at the end."""
    for part in filter(None, map(str.strip, text.split("|"))):
        for tails in (2, 1, 0):
            fields = part.rsplit(":", tails)
            numbers = [number(tail) for tail in fields[1:]]
            if len(fields) == tails + 1 and None not in numbers and fields[0].strip():
                break
        weight, stop = [*numbers, *(1.0, NEVER)[len(numbers) :]]
        if weight == NEVER:
            raise SpecError(f"{part!r} has no finite weight; write text:weight or text:weight:stop")
        if weight:
            body, ended = fields[0].strip(), None if stop == NEVER else stop
            words, picture = (None, body) if pictures else (body, None)
            yield Prompt(words=words, picture=picture, weight=weight, stop=ended)


def noises(args: "Namespace") -> Iterator[Prompt]:
    seeds, weights = args.noise_prompt_seeds, args.noise_prompt_weights
    if weights and len(weights) != len(seeds):
        raise SpecError(f"-npw: {len(weights)} weights for {len(seeds)} seeds of -nps")
    if not all(map(isfinite, weights)):
        raise SpecError(f"-npw: {' '.join(map(str, weights))} are not all finite numbers")
    for seed, weight in zip(seeds, weights or [1.0] * len(seeds), strict=True):
        if weight:
            yield Prompt(noise=seed, weight=weight)


def number(text: str) -> float | None:
    """A finite number, or -inf, the stop that never comes; else None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) or value == NEVER else None
