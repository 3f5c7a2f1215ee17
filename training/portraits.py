"""Cartoon portraits without end: `sample` faces, `draw` them, `caption` what is seen.

Faces are plausible jointly: each attribute is drawn after the ones it leans on (a baby has no
beard, a vampire is pale), so every caption is true of its picture.
"""

import torch
from torch import Tensor

from training.portrait_parts import draw
from training.portrait_phrases import vocabulary
from training.portrait_traits import ATTRIBUTES, HUES, Portraits
from training.portrait_words import caption

__all__ = ["ATTRIBUTES", "Portraits", "caption", "draw", "sample", "vocabulary"]

# Weights of an attribute's choices, in the order of ATTRIBUTES.
BASE: dict[str, tuple[float, ...]] = {
    "kind": (26.0,) + (1.5,) * 4 + (1.0,) * 14,
    "gender": (1, 1),
    "age": (0.4, 1.4, 5, 2),
    "skin": (1, 4, 3, 3, 3, 0.25, 0.25, 0.2, 0.2, 0.2, 0, 0),
    "hair_colour": (4, 3, 4, 3, 4, 1, 1, 1, 0.8, 1, 1),
    "hair_style": (1, 3, 1, 1, 2, 1, 1, 2, 1, 2),
    "eye_colour": (3, 3, 3, 1.5, 1, 1.2, 0.35, 0.08, 0.08),
    "beard": (5, 1, 1, 1, 1.4, 0.7),
    "mouth": (4, 2, 2, 1.3, 1.2, 1.2),
    "fangs": (1, 0.015),
    "lips": (1, 0.7),
    "nose": (5, 1.5, 0.6, 0.02),
    "ears": (1, 0.02),
    "earrings": (1, 0.03),
    "wrinkles": (1, 0.03),
    "freckles": (1, 0.12),
    "scar": (1, 0.05),
    "eyewear": (8, 1.2, 1.2, 0.9, 0.12),
    "hat": (13, 1, 0.7, 0.1, 0.1, 0.3, 1, 0.6, 0.1, 0.1),
    "hat_colour": (2, 1, 1, 1.5, 1, 2, 1, 1, 1, 1.5, 0.6, 1),
    "top": (1, 0.02, 0.02),
    "clothes": (3, 2, 1.5, 0, 2, 0.15, 0.3),
    "clothes_colour": (2, 1, 1.2, 1.5, 1, 2, 1, 1, 1, 1.3, 1.2, 1),
    "background": (1,) * 12,
    "backdrop": (1, 1.2, 1),
}

NO_BEARD = dict.fromkeys(ATTRIBUTES["beard"][1:], 0.0)

# (attribute, the attribute it leans on, its value, factors of the choices); in reading order.
LEANS: tuple[tuple[str, str, str, dict[str, float]], ...] = (
    ("hair_colour", "age", "old", {"grey": 12, "white": 12, "pink": 0.3, "blue": 0.3}),
    ("hair_colour", "age", "adult", {"grey": 0.3, "white": 0.4}),
    ("hair_colour", "age", "child", {"grey": 0.0, "white": 0.05}),
    ("hair_colour", "age", "baby", {"grey": 0.0, "white": 0.05, "blue": 0.3, "purple": 0.3}),
    ("hair_style", "gender", "female", {"bald": 0.05, "short": 0.5, "mohawk": 0.4}),
    ("hair_style", "gender", "female", {"bob": 4, "long": 6, "bun": 4, "fringe": 4}),
    ("hair_style", "gender", "female", {"slicked back": 0.3, "spiky": 0.3}),
    ("hair_style", "gender", "male", {"bob": 0.1, "long": 0.6, "bun": 0.15, "fringe": 0.4}),
    ("hair_style", "age", "baby", {"bald": 40, "long": 0, "bob": 0, "mohawk": 0, "bun": 0}),
    ("hair_style", "age", "child", {"bald": 0.05, "slicked back": 0.2}),
    ("hair_style", "age", "old", {"bald": 2, "mohawk": 0.3, "spiky": 0.4}),
    ("beard", "gender", "female", NO_BEARD),
    ("beard", "age", "baby", NO_BEARD),
    ("beard", "age", "child", NO_BEARD),
    ("wrinkles", "age", "old", {"wrinkles": 150}),
    ("wrinkles", "age", "baby", {"wrinkles": 0}),
    ("wrinkles", "age", "child", {"wrinkles": 0}),
    ("lips", "gender", "male", {"lipstick": 0}),
    ("lips", "age", "baby", {"lipstick": 0}),
    ("lips", "age", "child", {"lipstick": 0}),
    ("eyewear", "age", "baby", {"sunglasses": 0.2, "eyepatch": 0, "square glasses": 0}),
    ("eyewear", "age", "old", {"round glasses": 2.5, "square glasses": 2}),
    ("nose", "age", "baby", {"big": 0, "long": 0}),
    ("nose", "age", "child", {"big": 0.2, "long": 0}),
    ("nose", "age", "old", {"big": 2.5, "long": 2}),
    ("nose", "gender", "female", {"big": 0.4}),
    ("scar", "age", "baby", {"scar": 0}),
    ("freckles", "hair_colour", "red", {"freckles": 5}),
    ("freckles", "age", "child", {"freckles": 2}),
    ("earrings", "gender", "female", {"earrings": 14}),
    ("earrings", "age", "baby", {"earrings": 0}),
    ("clothes", "age", "baby", {"suit": 0, "cape": 0, "robe": 0}),
    ("clothes", "age", "child", {"suit": 0.2}),
    # What would be lost against the same colour.
    *(
        ("background", name, value, {value: 0.15, "orange" if value == "red" else value: 0.15})
        for name in ("hair_colour", "skin", "hat_colour", "clothes_colour")
        for value in HUES
        if value in ATTRIBUTES[name]
    ),
    ("background", "hair_colour", "dark brown", {"black": 0.2, "brown": 0.2}),
    ("background", "hair_colour", "blonde", {"yellow": 0.2}),
    ("hat_colour", "hat", "crown", {"yellow": 60, "grey": 3}),
    ("hat_colour", "hat", "witch hat", {"black": 15}),
    ("hat_colour", "hat", "santa hat", {hue: 0.0 for hue in HUES if hue != "red"}),
    ("hat_colour", "hat", "pirate hat", {hue: 0.0 for hue in HUES if hue != "black"}),
    *(("top", "hat", hat, {"horns": 0.0, "halo": 0.0}) for hat in ATTRIBUTES["hat"][1:]),
    # Hats press hair down.
    *(("hat", "hair_style", style, {"none": 1e6}) for style in ("mohawk", "bun", "spiky")),
)

# What a character always has; an attribute not named is drawn as for anybody.
CHARACTERS: dict[str, dict[str, str]] = {
    "vampire": {
        "age": "adult,adult,old", "skin": "pale", "fangs": "fangs", "ears": "pointed,round",
        "hair_style": "slicked back", "hair_colour": "black,black,black,grey", "hat": "none",
        "eye_colour": "red,glowing red,brown,glowing yellow", "clothes": "cape", "lips": "none",
        "clothes_colour": "black", "beard": "none", "eyewear": "none", "freckles": "none",
        "background": "red,purple,black,blue,grey",
    },
    "zombie": {
        "skin": "green,green,grey", "age": "adult,adult,old,child", "lips": "none",
        "eye_colour": "red,grey,glowing yellow,glowing red", "mouth": "neutral,angry,sad,surprised",
        "hair_style": "bald,short,spiky,curly", "freckles": "none", "top": "none",
        "clothes_colour": "brown,grey,green,blue,black", "hat": "none", "scar": "none,scar",
    },
    "werewolf": {
        "gender": "male", "age": "adult", "skin": "furry,furry,grey", "fangs": "fangs",
        "hair_colour": "dark brown,brown,black,grey", "hair_style": "spiky,curly,slicked back",
        "beard": "bushy beard", "eye_colour": "glowing yellow,glowing yellow,glowing red,amber",
        "ears": "pointed", "mouth": "angry,angry,laugh,neutral", "nose": "small",
        "eyewear": "none", "lips": "none", "hat": "none", "top": "none", "freckles": "none",
        "background": "blue,black,purple,grey",
    },
    "witch": {
        "gender": "female", "skin": "green,green,light,pale", "hat": "witch hat",
        "nose": "long,long,big,small", "hair_style": "long,long,curly", "beard": "none",
        "hair_colour": "black,grey,white,red,purple,green", "hat_colour": "black,black,purple",
        "clothes": "robe,cape,dress", "clothes_colour": "black,purple,green", "top": "none",
        "age": "adult,adult,old,old", "freckles": "none",
    },
    "wizard": {
        "gender": "male", "age": "old", "hat": "wizard hat", "beard": "bushy beard",
        "hair_colour": "white,white,grey", "hair_style": "long", "clothes": "robe",
        "hat_colour": "blue,purple,red,grey,green", "top": "none", "lips": "none",
        "clothes_colour": "blue,purple,red,grey,green", "eyewear": "none,none,round glasses",
        "fangs": "none",
    },
    "clown": {
        "skin": "white", "nose": "red", "hair_style": "curly,curly,spiky", "lips": "lipstick",
        "hair_colour": "red,red,green,blue,pink,purple", "mouth": "smile,laugh,laugh,sad",
        "age": "adult", "beard": "none", "hat": "none", "clothes": "shirt,t shirt",
        "clothes_colour": "yellow,red,green,pink,blue", "eyewear": "none", "freckles": "none",
        "scar": "none", "fangs": "none", "top": "none", "ears": "round", "earrings": "none",
    },
    "king": {
        "gender": "male", "age": "adult,old", "hat": "crown", "hat_colour": "yellow",
        "clothes": "cape,robe", "clothes_colour": "red,purple,blue", "top": "none",
        "beard": "beard,bushy beard,moustache,goatee,none", "hair_style": "short,long,curly,bob",
        "fangs": "none", "eyewear": "none",
    },
    "queen": {
        "gender": "female", "age": "adult,old", "hat": "crown", "hat_colour": "yellow",
        "clothes": "cape,dress", "clothes_colour": "red,purple,blue,white", "top": "none",
        "hair_style": "long,bob,curly", "fangs": "none", "eyewear": "none",
    },
    "princess": {
        "gender": "female", "age": "adult,child", "hat": "crown", "hat_colour": "yellow",
        "clothes": "dress", "clothes_colour": "pink,pink,blue,purple,white", "top": "none",
        "hair_style": "long,long,curly", "fangs": "none", "eyewear": "none", "nose": "small",
        "mouth": "smile,smile,laugh,neutral,sad", "scar": "none",
    },
    "pirate": {
        "age": "adult,old", "eyewear": "eyepatch", "hat": "pirate hat", "hat_colour": "black",
        "hair_style": "long,curly,short", "scar": "none,scar", "clothes": "shirt,robe",
        "beard": "none,beard,bushy beard,goatee,stubble", "top": "none",
        "clothes_colour": "red,black,white,blue",
        "earrings": "none,earrings", "fangs": "none",
    },
    "elf": {
        "ears": "pointed", "hair_style": "long,long,short,slicked back,bun", "age": "adult,child",
        "hair_colour": "blonde,white,brown,red,green", "clothes_colour": "green,green,brown,teal",
        "beard": "none", "hat": "none", "fangs": "none", "nose": "small", "top": "none",
        "eye_colour": "green,blue,purple",
    },
    "devil": {
        "skin": "red", "top": "horns", "ears": "pointed", "hat": "none", "age": "adult",
        "hair_style": "bald,short,slicked back,long", "hair_colour": "black,black,red",
        "eye_colour": "glowing yellow,glowing red,red,amber", "beard": "goatee,none,goatee",
        "mouth": "smile,laugh,angry", "clothes_colour": "black,red", "freckles": "none",
        "fangs": "none,fangs", "eyewear": "none", "background": "black,red,orange,yellow,grey",
    },
    "angel": {
        "top": "halo", "hat": "none", "clothes": "robe,dress", "clothes_colour": "white",
        "hair_style": "long,curly,short,bob", "mouth": "smile,smile,neutral",
        "background": "blue,blue,white,pink,yellow,teal", "scar": "none", "fangs": "none",
        "age": "adult,child", "beard": "none", "ears": "round",
    },
    "alien": {
        "skin": "green,green,blue,purple,grey", "hair_style": "bald", "beard": "none",
        "hat": "none", "nose": "small", "freckles": "none", "wrinkles": "none", "lips": "none",
        "eye_colour": "purple,red,green,glowing yellow", "age": "adult", "clothes": "t shirt,robe",
        "clothes_colour": "grey,white,purple,teal", "eyewear": "none", "fangs": "none",
        "earrings": "none", "scar": "none", "top": "none",
    },
    "monster": {
        "gender": "male", "age": "adult", "skin": "green,green,grey,blue", "scar": "scar",
        "hair_style": "short", "hair_colour": "black", "beard": "none", "hat": "none",
        "mouth": "angry,sad,neutral,smile", "freckles": "none", "eyewear": "none",
        "clothes": "suit,t shirt", "clothes_colour": "black,brown,grey", "top": "none",
        "earrings": "none", "lips": "none", "ears": "round",
    },
    "santa": {
        "gender": "male", "age": "old", "hat": "santa hat", "hat_colour": "red",
        "beard": "bushy beard", "hair_colour": "white", "hair_style": "short,long",
        "mouth": "smile,smile,laugh", "clothes": "robe", "clothes_colour": "red",
        "skin": "light,tan,brown,dark,pale", "scar": "none", "fangs": "none", "top": "none",
        "nose": "big,small,red", "eyewear": "none,round glasses", "freckles": "none",
        "earrings": "none", "ears": "round",
    },
    "ghost": {
        "skin": "white", "hat": "hood", "hat_colour": "white", "clothes": "robe",
        "clothes_colour": "white", "beard": "none", "lips": "none", "freckles": "none",
        "mouth": "surprised,smile,sad", "eyewear": "none", "top": "none", "scar": "none",
        "age": "adult", "background": "black,blue,purple,green,teal,grey", "wrinkles": "none",
        "hair_style": "bald", "fangs": "none", "nose": "small",
    },
    "robot": {
        "skin": "grey,grey,white,blue", "hair_style": "bald", "beard": "none", "hat": "none",
        "age": "adult", "eye_colour": "glowing yellow,glowing red,green,blue", "freckles": "none",
        "wrinkles": "none", "scar": "none", "lips": "none", "nose": "small", "fangs": "none",
        "ears": "round", "earrings": "none", "eyewear": "none", "top": "none",
        "clothes": "t shirt", "clothes_colour": "grey,blue,red,orange,white",
        "mouth": "smile,neutral,sad,surprised",
    },
}  # fmt: skip


def sample(count: int, draws: torch.Generator) -> Portraits:
    """`count` faces; the generator lives on the CPU, and so do they."""
    codes: dict[str, Tensor] = {}
    for name in ATTRIBUTES:
        shares = weights(name, codes, count)
        codes[name] = torch.multinomial(shares, 1, generator=draws).flatten()
    even = torch.rand(12, count, generator=draws) * 2 - 1
    signs = torch.randint(0, 2, (2, count), generator=draws).float()
    return made(codes, even, signs)


def made(codes: dict[str, Tensor], even: Tensor, signs: Tensor) -> Portraits:
    """Faces of chosen attributes. even: `[12, b]` in -1..1; signs: `[2, b]`, 0 or 1."""
    yaw, pitch, roll, zoom, light, width, jaw, eye_size, eye_gap, brow, shade, tint = even
    return Portraits(
        **codes,
        yaw=yaw,
        pitch=pitch,
        roll=roll**3 * 0.16,
        zoom=1 + 0.07 * zoom,
        light=light,
        width=width,
        jaw=jaw,
        eye_size=eye_size,
        eye_gap=eye_gap,
        brow=brow,
        line=signs[0],
        side=signs[1] * 2 - 1,
        shade=shade,
        tint=tint,
    )


def weights(name: str, codes: dict[str, Tensor], count: int) -> Tensor:
    """How likely each choice of an attribute is, [count, choices], given those before it: as the
    character has it, if it has its own, times the factors of what is known."""
    choices = ATTRIBUTES[name]
    own = torch.tensor(BASE[name]).expand(count, -1)
    if "kind" in codes:
        own = torch.stack([_own(name, kind) for kind in ATTRIBUTES["kind"]])[codes["kind"]]
    shares = own.clone()
    for leaning, known, value, factors in LEANS:
        if leaning == name:
            factor = torch.tensor([float(factors.get(choice, 1)) for choice in choices])
            rows = codes[known] == ATTRIBUTES[known].index(value)
            shares[rows] *= factor
    return torch.where(shares.sum(1, keepdim=True) > 0, shares, own)


def _own(name: str, kind: str) -> Tensor:
    if name not in CHARACTERS.get(kind, {}):
        return torch.tensor(BASE[name])
    chosen = CHARACTERS[kind][name].split(",")
    return torch.tensor([float(chosen.count(choice)) for choice in ATTRIBUTES[name]])
