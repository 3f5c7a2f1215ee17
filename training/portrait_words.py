"""What people would write of a portrait: true of it, and visible in it."""

import re
from collections.abc import Iterable

import torch

from training.portrait_traits import ATTRIBUTES, Portraits

NOUNS = {
    ("baby", "male"): ("baby", "baby boy", "little baby"),
    ("baby", "female"): ("baby", "baby girl", "little baby"),
    ("child", "male"): ("boy", "child", "kid", "little boy", "young boy"),
    ("child", "female"): ("girl", "child", "kid", "little girl", "young girl"),
    ("adult", "male"): ("man", "man", "guy", "young man", "male", "gentleman", "person"),
    ("adult", "female"): ("woman", "woman", "lady", "young woman", "female", "person"),
    ("old", "male"): ("old man", "elderly man", "grandfather", "grandpa", "old male"),
    ("old", "female"): ("old woman", "elderly woman", "grandmother", "grandma", "old lady"),
}
CHARACTERS = {
    "vampire": ("vampire", "vampire", "Dracula", "Count Dracula"),
    "zombie": ("zombie", "undead zombie"),
    "werewolf": ("werewolf", "wolf man"),
    "witch": ("witch",),
    "wizard": ("wizard", "old wizard", "magician"),
    "clown": ("clown", "circus clown"),
    "king": ("king",),
    "queen": ("queen",),
    "princess": ("princess",),
    "pirate": ("pirate", "pirate captain"),
    "elf": ("elf",),
    "devil": ("devil", "demon"),
    "angel": ("angel",),
    "alien": ("alien", "alien from space", "martian"),
    "monster": ("monster", "Frankenstein", "monster of Frankenstein"),
    "santa": ("Santa Claus", "Santa", "Father Christmas"),
    "ghost": ("ghost", "spooky ghost"),
    "robot": ("robot", "android", "metal robot"),
}
EITHER = ("vampire", "zombie", "elf", "pirate", "devil")  # men or women by the look of them
PROPER = ("Dracula", "Frankenstein", "Santa", "Father", "Count")
MOODS = {
    "smile": ("smiling", "happy", "friendly", "cheerful"),
    "laugh": ("laughing", "very happy", "joyful", "grinning"),
    "neutral": ("calm", "serious"),
    "sad": ("sad", "unhappy", "frowning"),
    "angry": ("angry", "furious", "mad", "grumpy"),
    "surprised": ("surprised", "shocked", "astonished"),
}
MOUTHS = {
    "smile": ("a smile", "a nice smile"),
    "laugh": ("a big smile", "an open mouth", "a wide grin", "white teeth"),
    "neutral": ("a straight face",),
    "sad": ("a sad face", "a frown"),
    "angry": ("an angry face", "bared teeth"),
    "surprised": ("an open mouth", "a surprised look"),
}
STYLES = {
    "bald": ("a bald head", "no hair"),
    "short": ("short {} hair", "{} short hair", "{} hair"),
    "bob": ("a {} bob", "{} hair in a bob", "{} hair", "shoulder length {} hair"),
    "long": ("long {} hair", "{} long hair", "{} hair"),
    "curly": ("curly {} hair", "{} curls", "{} curly hair", "{} hair"),
    "mohawk": ("a {} mohawk", "a mohawk", "{} mohawk hair", "{} hair"),
    "bun": ("{} hair in a bun", "a {} bun", "{} hair"),
    "spiky": ("spiky {} hair", "{} spiky hair", "{} hair"),
    "fringe": ("a {} fringe", "{} hair with a fringe", "{} bangs", "{} hair"),
    "slicked back": ("slicked back {} hair", "slicked back hair", "{} hair"),
}
SKINS = {
    "pale": ("pale skin", "very pale skin", "white skin"),
    "light": ("light skin", "fair skin"),
    "tan": ("tanned skin", "tan skin"),
    "brown": ("brown skin",),
    "dark": ("dark skin", "dark brown skin", "black skin"),
    "green": ("green skin", "a green face"),
    "blue": ("blue skin", "a blue face"),
    "purple": ("purple skin", "a purple face"),
    "grey": ("grey skin", "gray skin", "a grey face"),
    "red": ("red skin", "a red face"),
    "white": ("a white face", "white skin"),
    "furry": ("fur", "brown fur", "a furry face"),
}
EYES = {
    "glowing yellow": ("glowing eyes", "glowing yellow eyes", "yellow eyes"),
    "glowing red": ("glowing eyes", "glowing red eyes", "evil red eyes", "red eyes"),
}
BEARDS = {
    "stubble": ("stubble", "a stubbly chin"),
    "moustache": ("a {} moustache", "a moustache", "a mustache"),
    "goatee": ("a {} goatee", "a goatee"),
    "beard": ("a {} beard", "a beard", "a full beard"),
    "bushy beard": ("a bushy beard", "a bushy {} beard", "a big {} beard", "a long {} beard"),
}
EXTRAS = {
    ("fangs", "fangs"): ("fangs", "sharp teeth", "sharp fangs", "vampire teeth"),
    ("lips", "lipstick"): ("red lips", "lipstick", "red lipstick"),
    ("nose", "big"): ("a big nose", "a large nose"),
    ("nose", "long"): ("a long nose",),
    ("nose", "red"): ("a red nose", "a big red nose", "a clown nose"),
    ("ears", "pointed"): ("pointed ears", "pointy ears", "elf ears"),
    ("earrings", "earrings"): ("earrings", "gold earrings"),
    ("wrinkles", "wrinkles"): ("wrinkles", "a wrinkled face"),
    ("freckles", "freckles"): ("freckles", "a freckled face"),
    ("scar", "scar"): ("a scar", "a scar on the cheek", "a scarred face"),
    ("eyewear", "round glasses"): ("glasses", "round glasses", "spectacles"),
    ("eyewear", "square glasses"): ("glasses", "square glasses", "spectacles"),
    ("eyewear", "sunglasses"): ("sunglasses", "dark glasses", "black sunglasses"),
    ("eyewear", "eyepatch"): ("an eyepatch", "an eye patch", "a black eyepatch"),
    ("top", "horns"): ("horns", "two horns"),
    ("top", "halo"): ("a halo", "a golden halo"),
}
HATS = {
    "cap": ("a {} cap", "a cap", "a {} baseball cap"),
    "top hat": ("a {} top hat", "a top hat", "a tall {} hat"),
    "witch hat": ("a {} witch hat", "a pointed hat", "a witch hat"),
    "wizard hat": ("a {} wizard hat", "a pointed hat", "a wizard hat with stars"),
    "crown": ("a {} crown", "a crown"),
    "beanie": ("a {} beanie", "a beanie", "a {} woolly hat"),
    "hood": ("a {} hood", "a hood"),
    "santa hat": ("a Santa hat", "a red hat", "a Christmas hat"),
    "pirate hat": ("a pirate hat", "a black hat with a skull"),
}
CLOTHES = {
    "t shirt": ("a {} shirt", "a {} top"),
    "shirt": ("a {} shirt", "a {} shirt with a collar"),
    "suit": ("a {} suit", "a {} suit and tie", "a suit", "a tie"),
    "dress": ("a {} dress", "a dress"),
    "hoodie": ("a {} hoodie", "a hoodie", "a {} sweater"),
    "cape": ("a {} cape", "a cape", "a {} cloak"),
    "robe": ("a {} robe", "a robe"),
}
GOLD = {"yellow": ("yellow", "gold", "golden"), "grey": ("grey", "gray", "silver")}
SPELLINGS = {
    "grey": ("grey", "gray"),
    "purple": ("purple", "violet"),
}
HAIRS = {
    "grey": ("grey", "gray"),
    "blonde": ("blonde", "blond", "golden"),
    "red": ("red", "ginger", "orange"),
    "dark brown": ("dark brown", "brown"),
}
OPENINGS = (
    "", "", "", "an image with the face of ", "portrait of ", "a portrait of ", "a picture of ",
    "the face of ", "a face of ", "an image of ", "a drawing of ", "a cartoon of ", "an avatar of ",
    "headshot of ", "a cartoon portrait of ", "a close up of ", "the head of ",
    "an illustration of ",
)  # fmt: skip
GROUNDS = (
    "on a {} background", "in front of a {} wall", "with a {} background",
    "against a {} background",
)  # fmt: skip
JOINS = (" with ", " with ", " who has ", " having ")
FACES = ("a face", "face", "a human face", "someone", "a cartoon face", "a cartoon character")
ADJECTIVES = ("bald", "haired", "bearded", "eyed", "skinned", "female", "eyes", "hair")
WEARING = frozenset(
    [
        "glasses",
        "spectacles",
        "sunglasses",
        "hat",
        "cap",
        "crown",
        "beanie",
        "hood",
        "earrings",
        "shirt",
        "top",
        "suit",
        "tie",
        "dress",
        "hoodie",
        "sweater",
        "cape",
        "cloak",
        "robe",
        "eyepatch",
        "patch",
        "lipstick",
    ]
)
SMALL = ("a", "an", "and", "wearing", "in", "one eye")


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


Strings = Iterable[str] | dict[str, tuple[str, ...]] | dict[tuple[str, str], tuple[str, ...]]


def vocabulary() -> frozenset[str]:
    """Every word, in lower case, that a caption can hold."""
    tables: list[Strings] = [NOUNS, CHARACTERS, MOODS, MOUTHS, STYLES, SKINS, EYES, BEARDS, EXTRAS]
    tables += [
        HATS,
        CLOTHES,
        GOLD,
        SPELLINGS,
        HAIRS,
        OPENINGS,
        GROUNDS,
        JOINS,
        SMALL,
        FACES,
        ADJECTIVES,
    ]
    tables += [ATTRIBUTES[name] for name in ("hair_colour", "eye_colour", "background", "skin")]
    words: set[str] = set()
    for table in tables:
        strings = table.values() if isinstance(table, dict) else table
        for entry in strings:
            for text in (entry,) if isinstance(entry, str) else entry:
                words.update(re.findall(r"[a-z]+", text.lower()))
    return frozenset(words)


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
