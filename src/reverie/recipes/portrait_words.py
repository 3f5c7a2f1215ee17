"""What words say of a face outright: colours of this and that, characters, who and how old.

The perceptor in the package knows no word order: to it, blue eyes are a blue face as well.
"""

import re

from reverie.canvas.portrait import Space

REACH = 3  # words from a colour to what has it: "long red curly hair"
NOUNS = {
    "hair": "hair_colour", "haired": "hair_colour", "beard": "hair_colour",
    "bearded": "hair_colour", "moustache": "hair_colour", "mustache": "hair_colour",
    "mohawk": "hair_colour", "curls": "hair_colour",
    "eyes": "eye_colour", "eye": "eye_colour", "eyed": "eye_colour",
    "skin": "skin", "skinned": "skin", "face": "skin", "faced": "skin",
    "hat": "hat_colour", "cap": "hat_colour", "beanie": "hat_colour", "hood": "hat_colour",
    "crown": "hat_colour", "shirt": "clothes_colour", "dress": "clothes_colour",
    "suit": "clothes_colour", "robe": "clothes_colour", "cape": "clothes_colour",
    "clothes": "clothes_colour", "hoodie": "clothes_colour", "jacket": "clothes_colour",
    "coat": "clothes_colour", "top": "clothes_colour", "sweater": "clothes_colour",
    "background": "background", "backdrop": "background", "wall": "background",
    "lips": "lips", "nose": "nose",
}  # fmt: skip
ADJECTIVES = ("small", "big", "long", "short", "round", "pointed")
TOLD = {  # words that leave no doubt
    **dict.fromkeys(("woman", "girl", "lady", "queen", "mother", "grandmother"), "gender=female"),
    **dict.fromkeys(("man", "boy", "gentleman", "king", "father", "grandfather"), "gender=male"),
    **dict.fromkeys(("old", "elderly"), "age=old,wrinkles=wrinkles"),
    **dict.fromkeys(("child", "kid", "boy", "girl"), "age=child"),
    "baby": "age=baby",
    "lipstick": "lips=lipstick",
    "lips": "lips=lipstick",
}
COLOURS = {  # a word -> what it may be called among the values of an attribute
    "red": ("red", "glowing red"), "orange": ("orange", "red", "amber"),
    "yellow": ("yellow", "blonde", "glowing yellow"), "green": ("green",), "teal": ("teal",),
    "turquoise": ("teal",), "blue": ("blue",), "purple": ("purple",), "violet": ("purple",),
    "pink": ("pink",), "brown": ("brown",), "black": ("black", "dark"), "white": ("white", "pale"),
    "grey": ("grey",), "gray": ("grey",), "silver": ("grey",), "gold": ("yellow", "blonde"),
    "golden": ("yellow", "blonde"), "blonde": ("blonde", "yellow"), "blond": ("blonde", "yellow"),
    "ginger": ("red",), "amber": ("amber",), "pale": ("pale",), "dark": ("dark", "dark brown"),
    "light": ("light",), "tan": ("tan",), "tanned": ("tan",),
}  # fmt: skip
HAIR = {
    "blonde": "blonde",
    "blond": "blonde",
    "redhead": "red",
    "ginger": "red",
    "brunette": "brown",
}  # fmt: skip  (what these say without a noun)


def told_by(said: str, known: Space) -> tuple[dict[str, str], set[str]]:
    """What words leave no doubt of, and the colours that they give to nothing in particular."""
    told, free = colours_said(said, known)
    for word in words_in(said):
        if word in TOLD:
            told |= known.checked(TOLD[word].split(","))
    return told, free


def words_in(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text)


def is_named(name: str, value: str, read: list[str]) -> bool:
    """Whether words name a value of an attribute, by its last word: "smiling" is a smile, "glasses"
    any glasses. What many things can be is said of this one only where it is spoken of."""
    last = value.split()[-1]
    if last in COLOURS or (last in ADJECTIVES and name.split("_")[0] not in read):
        return False
    forms = (last, f"{last}s", f"{last}y", f"{last}ing", f"{last.removesuffix('e')}ing")
    return any(form in read for form in forms)


def named_kinds(said: str, known: Space) -> list[str]:
    """The characters that words name; a witch hat names none, nor is a person one."""
    others = (kind for kind in known.usual if kind != "person")
    return [kind for kind in others if re.search(rf"\b{kind}s?\b(?! hats?\b)", said)]


def colours_said(words: str, known: Space) -> tuple[dict[str, str], set[str]]:
    """The colours that words give to something, by attribute, and those that they give to nothing.

    ("long red hair and a green hat", ...) -> {"hair_colour": "red", "hat_colour": "green"}, set()
    """
    read = words_in(words.replace("top hat", "hat"))  # no top is meant
    bound: dict[str, str] = {}
    free: set[str] = set()
    for at, word in enumerate(read):
        if word in HAIR and "hair_colour" not in bound:
            bound["hair_colour"] = HAIR[word]
        if word not in COLOURS:
            continue
        after = read[at + 1 : at + 1 + REACH]
        until = next((i for i, other in enumerate(after) if other in COLOURS), len(after))
        named = [NOUNS[other] for other in after[:until] if other in NOUNS]
        values = [v for v in COLOURS[word] if named and v in known.choices[named[0]]]
        if values:
            bound[named[0]] = values[0]
        elif not named and word not in HAIR:
            free |= set(COLOURS[word])
    return bound, free
