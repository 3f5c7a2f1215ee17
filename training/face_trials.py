"""Trials on portraits that no training saw: one for each of their attributes."""

import re
from dataclasses import replace

import torch
from torch import Generator, Tensor

from training import portraits
from training.portrait_phrases import BEARDS, HAIRS, MOODS, NOUNS, SKINS, STYLES
from training.portraits import ATTRIBUTES, Portraits
from training.trials import SEED, Trials, articles

JUDGED = tuple(name for name in ATTRIBUTES if name != "backdrop")  # no caption tells a backdrop
PAIRED = ("fangs", "lips", "ears", "earrings", "wrinkles", "freckles", "scar")  # there or not
AS_SAMPLED = ("kind", "gender", "age")
UNSAID = ("none", "small", "round")  # values that captions pass over
# Faces on which everything can be seen, and what must be so besides.
OPEN: dict[str, str | tuple[str, ...]] = {
    "kind": "person",
    "age": "adult",
    "hat": "none",
    "eyewear": "none",
    "top": "none",
    "hair_style": ("short", "curly", "slicked back"),
    "clothes": ("t shirt", "shirt"),
}
NEEDS = {"beard": {"gender": "male"}, "lips": {"gender": "female"}}
FORMS = {
    "kind": "{}",
    "gender": "{}",
    "age": "a {}",
    "skin": "a person with {}",
    "hair_colour": "a person with {} hair",
    "hair_style": "a person with {}",
    "eye_colour": "a person with {} eyes",
    "beard": "a person with {}",
    "mouth": "a {} person",
    "fangs": "a person with {}",
    "lips": "a person with {}",
    "nose": "a person with a {} nose",
    "ears": "a person with {} ears",
    "earrings": "a person with {}",
    "wrinkles": "a person with {}",
    "freckles": "a person with {}",
    "scar": "a person with a {}",
    "eyewear": "a person wearing {}",
    "hat": "a person wearing a {}",
    "hat_colour": "a person wearing a {} cap",
    "top": "a person with {}",
    "clothes": "a person wearing a {}",
    "clothes_colour": "a person in a {} shirt",
    "background": "a person on a {} background",
}
# Values in other words than their own.
IN_WORDS: dict[str, dict[str, str]] = {
    "kind": {kind: f"a {kind}" for kind in ATTRIBUTES["kind"]} | {"santa": "Santa Claus"},
    "gender": {"male": "a man", "female": "a woman"},
    "skin": {name: words[0] for name, words in SKINS.items()},
    "hair_colour": {name: words[0] for name, words in HAIRS.items()},
    "hair_style": {name: words[0].format("") for name, words in STYLES.items()},
    "beard": {name: words[0].format("") for name, words in BEARDS.items()},
    "mouth": {name: words[0] for name, words in MOODS.items()},
    "top": {"halo": "a halo"},
    "eyewear": {"eyepatch": "an eyepatch"},
    "clothes": {"t shirt": "top", "shirt": "shirt with a collar"},
}


def faces(
    attribute: str, *, bare: bool = False, count: int = 16, size: int = 64, seed: int = SEED
) -> Trials:
    """Portraits, `count` of each value of an attribute, with captions for all its values.

    kind, gender and age come with all that belongs to them. Of other attributes, each face is drawn
    with every value in turn. What is there or not (PAIRED) is judged the other way about: one
    caption, and the same face with and without, where that shows. bare: that caption is only
    "fangs", without "a portrait of a person with".
    """
    people = portraits.sample(6000, Generator().manual_seed(seed))
    values = [value for value in ATTRIBUTES[attribute] if value not in UNSAID]
    if attribute in AS_SAMPLED:
        every = [people.rows(_who(people, attribute, value)[:count]) for value in values]
    else:
        open_faces = people.where(**OPEN | NEEDS.get(attribute, {}))
        if attribute in PAIRED:
            some = people.rows(open_faces[: 6 * count])
            pictures = _with_and_without(some, attribute, size)[: 4 * count]
            told = said(attribute, ATTRIBUTES[attribute][1])
            told = told.rpartition(" with ")[2] if bare else told
            return Trials(pictures, [(told,)] * len(pictures))
        some = people.rows(open_faces[:count])
        some = with_value(some, "hat", "cap") if attribute == "hat_colour" else some
        every = [with_value(some, attribute, value) for value in values]
    captions = []
    for right, group in zip(values, every, strict=True):
        order = [right, *(value for value in values if value != right)]
        for at in range(len(group)):
            gender = group.named(at)["gender"]
            captions.append(tuple(said(attribute, value, gender) for value in order))
    pictures = torch.cat([portraits.draw(group, size) for group in every])
    return Trials(pictures[:, None], captions)


def with_value(people: Portraits, attribute: str, value: str) -> Portraits:
    """The same faces with one attribute set."""
    code = ATTRIBUTES[attribute].index(value)
    return replace(people, **{attribute: torch.full_like(getattr(people, attribute), code)})


def said(attribute: str, value: str, gender: str = "male") -> str:
    """A caption that tells this value. gender: whose age is told."""
    words = IN_WORDS.get(attribute, {}).get(value, value)
    if attribute == "age":
        words = NOUNS[value, gender][0]
    said = f"a portrait of {FORMS[attribute].format(words)}"
    return articles(re.sub(" +", " ", said))


def _with_and_without(people: Portraits, attribute: str, size: int) -> Tensor:
    """Those on whom it shows. `[n, 2, 3, size, size]`"""
    without, there = ATTRIBUTES[attribute]
    both = [
        portraits.draw(with_value(people, attribute, value), size) for value in (there, without)
    ]
    shows = (both[0] - both[1]).abs().amax((1, 2, 3)) > 0.1
    return torch.stack(both, 1)[shows]


def _who(people: Portraits, attribute: str, value: str) -> Tensor:
    wanted: dict[str, str | tuple[str, ...]] = {} if attribute == "kind" else {"kind": "person"}
    if attribute == "gender":
        wanted["age"] = ("adult", "old")
    return people.where(**wanted | {attribute: value})
