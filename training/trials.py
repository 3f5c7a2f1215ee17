"""Trials of a perceptor: pictures and words of which one pair belongs together.

Nothing here is trained on: the seeds of scenes and portraits are others than the training's.
"""

import copy
import re
from dataclasses import dataclass, fields, replace

import torch
from torch import Generator, Tensor

from training import backgrounds
from training.captions import ARTS, PLACES, Chance, Scene, plural
from training.colours import COLOURS, NAMES
from training.scenes import LAYOUTS, Batch, Composer, Plan, Shares

SEED = 90_001
BARE = Shares(
    two=0, three=0, pair=0, portrait=0, empty=0, dyed=0, filtered=0, hard=0, other_hands=False
)
# What may differ between the right words and the wrong ones, and what the pictures then hold.
SWAPS: dict[str, Shares] = {
    "thing": BARE,
    "colour of the background": BARE,
    "colour of the thing": replace(BARE, dyed=1),
    "place": BARE,
    "number, of 1 to 3": replace(BARE, two=1 / 3, three=1 / 3),
    "art style": replace(BARE, filtered=1),
    "above or below": replace(BARE, pair=1),
    "left or right": replace(BARE, pair=1),
}
LAYOUT_OF = {"above or below": "above", "left or right": "left"}
# Each place in words that name no colour.
PLACES_SAID = {
    place: plain[0]
    for place, wordings in PLACES.items()
    if (plain := [words for words in wordings if "{" not in words])
}


@dataclass(frozen=True)
class Trials:
    """Several pictures for one caption, or captions for one picture; the first pair is right.

    pictures: `[n, p, 3, size, size]` in [0, 1]; captions: n times c texts.
    """

    pictures: Tensor
    captions: list[tuple[str, ...]]

    @property
    def chance(self) -> float:
        """How often a guess is right."""
        return 1 / (self.pictures.shape[1] * len(self.captions[0]))


def sharing(composer: Composer, shares: Shares) -> Composer:
    """The same composer with other shares."""
    other = copy.copy(composer)
    other.shares = shares
    return other


def swaps(composer: Composer, kind: str, *, count: int = 256, seed: int = SEED) -> Trials:
    """`count` scenes, each with its caption and the same with one thing swapped."""
    draws = Generator(composer.device).manual_seed(seed * 100 + list(SWAPS).index(kind))
    shared = sharing(composer, SWAPS[kind])
    plan = shared.plan(6 * count if kind in LAYOUT_OF else count, draws)
    if kind in LAYOUT_OF:
        fits = plan.layout == LAYOUTS.index(LAYOUT_OF[kind])
        plan = _rows(plan, (fits & (plan.things[:, 0] != plan.things[:, 1])).nonzero()[:count, 0])
    elif kind == "place":
        places = torch.tensor([backgrounds.KINDS.index(place) for place in PLACES_SAID])
        plan.place = places.to(plan.place)[plan.place % len(places)]
    elif kind == "colour of the background":
        plan.place = torch.zeros_like(plan.place)
    pictures = shared.draw(plan, draws)
    chance = Chance(draws)
    names = [thing.name for thing in composer.sprites.concepts]
    captions = [_pair(kind, scene, chance, names) for scene in shared.scenes(plan, {})]
    return Trials(pictures[:, None], captions)


def alone_in_places(composer: Composer, *, seed: int = SEED) -> tuple[Tensor, Tensor]:
    """Every thing once, somewhere. Pictures `[n, 3, size, size]`, labels `[n]`."""
    draws = Generator(composer.device).manual_seed(seed)
    shared = sharing(composer, BARE)
    plan = shared.plan(len(composer.sprites.concepts), draws)
    return shared.draw(plan, draws), plan.things[:, 0]


def composites(composer: Composer, *, count: int = 256, seed: int = SEED) -> Batch:
    """Scenes of all kinds with captions in all wordings."""
    return sharing(composer, Shares(portrait=0, empty=0, hard=0, other_hands=False)).batch(
        count, seed=seed, step=0
    )


def _rows(plan: Plan, rows: Tensor) -> Plan:
    return Plan(**{field.name: getattr(plan, field.name)[rows] for field in fields(Plan)})


def _pair(kind: str, scene: Scene, chance: Chance, names: list[str]) -> tuple[str, str]:
    """What is right, and what differs from it in one thing."""
    thing = scene.things[0]
    name, choices, form = thing.name, [*NAMES], "a {}"
    match kind:
        case "thing":
            right, choices = name, names
        case "colour of the background":
            right, form = scene.colours[0], f"a {name} on a {{}} background"
        case "colour of the thing":
            plain = [other for other in thing.names if COLOURS.keys().isdisjoint(other.split())]
            right, form = str(scene.dyes[0]), f"a {{}} {[*plain, name][0]}"
        case "place":
            right, choices = PLACES_SAID[scene.place], [*PLACES_SAID.values()]
            form = f"a {name} {{}}"
        case "number, of 1 to 3":
            choices = [f"a {name}", f"two {plural(name)}", f"three {plural(name)}"]
            right, form = choices[scene.count - 1], "{}"
        case "art style":
            right, form = ARTS[str(scene.art)][0], "{}"
            choices = [wordings[0] for wordings in ARTS.values()]
        case _:
            other, words = scene.things[1].name, "{} above {}"
            words = words if scene.layout == "above" else "{} to the left of {}"
            both = (f"a {name}", f"a {other}")
            return articles(words.format(*both)), articles(words.format(*reversed(both)))
    wrong = chance.of([choice for choice in choices if choice != right])
    said = [form.format(part).replace("{x}", f"a {name}") for part in (right, wrong)]
    return articles(said[0]), articles(said[1])


def articles(words: str) -> str:
    """`an` before a vowel."""
    return re.sub(r"\ba (?=[aeiou])", "an ", words)
