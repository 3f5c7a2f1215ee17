"""The words for what a portrait can show: one table for each of its sides."""

import re
from collections.abc import Iterable

from training.portrait_traits import ATTRIBUTES

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
    {"glasses", "spectacles", "sunglasses", "hat", "cap", "crown", "beanie", "hood", "earrings",
     "shirt", "top", "suit", "tie", "dress", "hoodie", "sweater", "cape", "cloak", "robe",
     "eyepatch", "patch", "lipstick"}
)  # fmt: skip
SMALL = ("a", "an", "and", "wearing", "in", "one eye")

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
