"""The things the pocket models know, under the names people would type.

Source: names and keywords of the Unicode CLDR and of emojilib, as they lie with the sprites.
Differs: clean everyday names come from `everyday.txt`, written by hand; what is no thing to ask
for (keycaps, arrows, hours, gestures, variants by gender or direction) is left out.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

STYLES = frozenset({"fluent3d", "fluentflat", "noto", "twemoji"})
_GROUPS = frozenset(
    {
        "Activities",
        "Animals & Nature",
        "Food & Drink",
        "Objects",
        "People & Body",
        "Smileys & Emotion",
        "Travel & Places",
    }
)
LEFT_OUT = ("-",)
_WORDS = re.compile(r"[a-z][a-z' -]*[a-z]")
_EVERYDAY = Path(__file__).with_name("everyday.txt")

_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2013", "''\"\"-")

# Words that say nothing of what is seen: feelings, fields, and the most general of names.
_NOISE_TEXT = """
accessibility activity accessories adult affection alert animal animals awesome bad beautiful
beauty body boring business butt buy casual celebrate celebration closed clothes clothing comic
communication cool crap creature creepy cute danger dead delicious die documents down drink emoji
emotion energy enjoy entertainment environment event evil excited expression face fairy fantasy
fart fashion fast feeling female food frustrated fun funny future gender gender-neutral general
geometric go good happy haha health heavy hello hi high holiday hot icon infatuation joy large
learn left legal like location lol love lover low lower luck mad male mean medium meh men
mischievous misc molester money move nature neutral nervous nice no not object occupation office
oldschool ok old omg one open out people person phallic photo place play playful plant power
prank pretty privacy profession proud public right romance romantic round sad safety sale sales
sarcasm say secret security see sexual sexy shape shit shitface shopping side sign silly sleep
slow small smile space speed spring stationery suggestive summer sweet symbol system tale talk
tasty technology terrorism thing time tired tool tools totally transport transportation travel
turd twilight two unspecified up upset useful vacation valentine
valentines vehicle virgin wait weather weekend weird wild win winter wip woman man women work
world worried wow xmas xoxo yes young yum zodiac
amex apple ariel batman bart bts colbert cupertino diners doge hankey ikea imac
instagram ipod legolas londoneye mac marvel mastercard mcdonald's mcdonalds munch nct nemo nfl
nike oreo paul shrek snapchat titanic tiki uber vegas visa winzip
black blue brown gray green grey orange pink purple red white yellow
"""
_NOISE = frozenset(_NOISE_TEXT.split())


@dataclass(frozen=True)
class Concept:
    """One drawn thing: its code point, best name, all good names, and the noisy rest."""

    code: str
    name: str
    names: tuple[str, ...]
    keywords: tuple[str, ...]
    group: str


def concepts(data: Path) -> list[Concept]:
    """All things worth asking for that every style has drawn, by code point."""
    entries = json.loads((data / "captions.json").read_text("utf-8"))
    table = everyday()
    named = {}
    for code, entry in sorted(entries.items()):
        raw = clean(entry["name"])
        names = table.get(raw, LEFT_OUT if _unwanted(code, entry, entries) else (raw,))
        if names != LEFT_OUT and STYLES.issubset(entry["styles"]):
            named[code] = names
    taken = frozenset(name for names in named.values() for name in names)
    return [
        Concept(
            code, names[0], names, _keywords(entries[code], names, taken), entries[code]["group"]
        )
        for code, names in named.items()
    ]


def everyday() -> dict[str, tuple[str, ...]]:
    """The table written by hand: Unicode name -> everyday names, or LEFT_OUT."""
    rows = {}
    for line in _EVERYDAY.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            raw, _, names = line.partition(" = ")
            rows[raw] = tuple(name.strip() for name in names.split(","))
    return rows


def clean(text: str) -> str:
    """Lower case, plain quotes and dashes, letters without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_QUOTES))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def _unwanted(code: str, entry: dict, entries: dict) -> bool:
    """Whether something that has no row of its own is left out."""
    if entry["group"] not in _GROUPS or re.search("o'clock|-thirty", clean(entry["name"])):
        return True
    parts = code.split("-200d-")
    gendered = parts[-1] in ("2640", "2642")
    neutral = "-200d-".join(["1f9d1", *parts[1:]])
    return gendered or (parts[0] in ("1f468", "1f469") and neutral != code and neutral in entries)


def _keywords(entry: dict, names: tuple[str, ...], taken: frozenset[str]) -> tuple[str, ...]:
    """What else is said of it: no noise, and no name of another thing (banana: monkey)."""
    own = {part for name in names for part in name.split()}
    words = dict.fromkeys(clean(word) for word in [entry["name"], *entry["keywords"]])
    return tuple(
        word
        for word in words
        if _WORDS.fullmatch(word)
        and word not in names
        and (word not in taken or word in own)
        and not _NOISE.issuperset(word.split())
    )
