"""What people would write of a portrait: true of it, and visible in it."""

import re

import torch

from training.portrait_phrases import (
    BEARDS,
    CHARACTERS,
    CLOTHES,
    EITHER,
    EXTRAS,
    EYES,
    FACES,
    GOLD,
    GROUNDS,
    HAIRS,
    HATS,
    JOINS,
    MOODS,
    MOUTHS,
    NOUNS,
    OPENINGS,
    PROPER,
    SKINS,
    SPELLINGS,
    STYLES,
    WEARING,
)
from training.portrait_traits import Portraits


def caption(portraits: Portraits, index: int, draws: torch.Generator) -> str:
    """One wording for one picture: its kind and up to five of its attributes."""
    pick = _Picker(draws)
    named = portraits.named(index)
    phrases = _phrases(named, pick)
    wanted = min(len(phrases), 1 + pick.below(5))
    chosen = [phrases[i] for i in pick.order(len(phrases))[:wanted]]
    noun = _noun(named, pick)
    if pick.below(5) == 0:
        bare = [re.sub(r"^(a|an) ", "", phrase) for phrase in chosen]
        said = [] if named["kind"] == "person" or pick.below(2) else [pick(_human(named))]
        mood = [pick(MOODS[named["mouth"]])] if pick.below(3) == 0 else []
        if mood:
            bare = [phrase for phrase in bare if f"a {phrase}" not in MOUTHS[named["mouth"]]]
        if pick.below(5) == 0:
            bare.append(
                f"{pick(SPELLINGS.get(named['background'], (named['background'],)))} background"
            )
        return _written(", ".join([noun, *said, *mood, *bare]), pick)
    if pick.below(4) == 0:
        noun = pick(_adjectives(named)) + noun
    if pick.below(3) == 0:
        noun = f"{pick(MOODS[named['mouth']])} {noun}"
        chosen = [phrase for phrase in chosen if phrase not in MOUTHS[named["mouth"]]]
    if named["kind"] == "person" and pick.below(12) == 0:
        text = pick(FACES)
    else:
        text = pick(OPENINGS) + _article(noun)
    if pick.below(10) == 0:
        chosen = []
    text += _joined(chosen, pick)
    if pick.below(5) == 0:
        colour = named["background"]
        text += " " + pick(GROUNDS).format(pick(SPELLINGS.get(colour, (colour,))))
    return _written(text, pick)


class _Picker:
    def __init__(self, draws: torch.Generator):
        self.draws = draws

    def below(self, count: int) -> int:
        return int(torch.randint(count, (1,), generator=self.draws))

    def order(self, count: int) -> list[int]:
        return torch.randperm(count, generator=self.draws).tolist()

    def __call__(self, choices: tuple[str, ...]) -> str:
        return choices[self.below(len(choices))]


def _human(named: dict[str, str]) -> tuple[str, ...]:
    return NOUNS[named["age"], named["gender"]]


def _adjectives(named: dict[str, str]) -> tuple[str, ...]:
    """What is seen of a portrait in one word or two, each ending in a space."""
    found = [""]
    hair, bare_headed = named["hair_colour"], named["hat"] == "none"
    if bare_headed and named["hair_style"] == "bald":
        found.append("bald ")
    elif bare_headed:
        found.append(f"{hair} haired ")
        if hair == "blonde":
            found.append("blonde ")
        if named["hair_style"] in ("long", "curly", "short"):
            found.append(f"{named['hair_style']} haired ")
    if named["beard"] in ("beard", "bushy beard"):
        found.append("bearded ")
    if named["eyewear"] == "none" and "glowing" not in named["eye_colour"]:
        found.append(f"{named['eye_colour']} eyed ")
    if named["skin"] in ("green", "blue", "purple", "grey", "red", "pale"):
        found.append(f"{named['skin']} ")
    if named["skin"] in ("pale", "light", "brown", "dark", "green", "blue", "purple"):
        found.append(f"{named['skin']} skinned ")
    return tuple(found)


def _noun(named: dict[str, str], pick: _Picker) -> str:
    if named["kind"] == "person":
        return pick(_human(named))
    noun = pick(CHARACTERS[named["kind"]])
    if "Dracula" in noun and named["gender"] == "female":
        return "female vampire"
    if noun.startswith(PROPER):
        return noun
    if named["age"] == "old" and "old" not in noun and pick.below(2):
        noun = f"old {noun}"
    elif named["gender"] == "female" and named["kind"] in EITHER and pick.below(2):
        noun = f"female {noun}"
    return noun


def _phrases(named: dict[str, str], pick: _Picker) -> list[str]:
    hair, hat = named["hair_colour"], named["hat"]
    colour = pick(HAIRS.get(hair, (hair,)))
    phrases = []
    if (
        hat != "hood"
        and named["kind"] != "robot"
        and not (hat != "none" and named["hair_style"] == "bald")
    ):
        phrases.append(pick(STYLES[named["hair_style"]]).format(colour))
    if named["eyewear"] != "sunglasses":
        phrases.append(_eyes(named, pick))
    if named["kind"] != "person" or named["skin"] not in ("light", "tan") or pick.below(3) == 0:
        phrases.append(pick(SKINS[named["skin"]]))
    if named["beard"] != "none":
        phrases.append(pick(BEARDS[named["beard"]]).format(colour))
    phrases.append(pick(MOUTHS[named["mouth"]]))
    for (name, choice), wordings in EXTRAS.items():
        hidden = hat == "hood" and name in ("ears", "earrings")
        hidden |= named["beard"] in ("beard", "bushy beard") and name in ("scar", "freckles")
        if named[name] == choice and not hidden:
            phrases.append(pick(wordings))
    if hat != "none":
        cloth = named["hat_colour"]
        shades = GOLD if hat == "crown" else SPELLINGS
        phrases.append(pick(HATS[hat]).format(pick(shades.get(cloth, (cloth,)))))
    if pick.below(2):
        cloth = named["clothes_colour"]
        shade = pick(SPELLINGS.get(cloth, (cloth,)))
        phrases.append(pick(CLOTHES[named["clothes"]]).format(shade))
    return phrases


def _eyes(named: dict[str, str], pick: _Picker) -> str:
    colour = named["eye_colour"]
    phrase = pick(EYES.get(colour, (f"{pick(SPELLINGS.get(colour, (colour,)))} eyes",)))
    return phrase if named["eyewear"] != "eyepatch" else f"one {phrase.removesuffix('s')}"


def _article(noun: str) -> str:
    if noun.startswith(PROPER):
        return noun
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def _joined(phrases: list[str], pick: _Picker) -> str:
    """with blue eyes, a beard and freckles, wearing a red cap"""
    worn = [phrase for phrase in phrases if WEARING.intersection(phrase.split())]
    had = [phrase for phrase in phrases if phrase not in worn]
    text = pick(JOINS) + _listed(had) if had else ""
    if worn:
        text += pick(
            (" wearing ", " wearing ", " wearing " if "glasses" in "".join(worn) else " in ")
        )
        text += _listed(worn)
    return text


def _listed(phrases: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def _written(text: str, pick: _Picker) -> str:
    text = re.sub(r"\ba ([aeiou])", r"an \1", re.sub(r" +", " ", text)).strip()
    way = pick.below(10)
    return text.lower() if way < 5 else text[0].upper() + text[1:] if way < 7 else text
