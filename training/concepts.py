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
_EVERYDAY = Path(__file__).with_name("everyday.txt")

_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d\u2013", "''\"\"-")

# Words that say nothing of what is seen: feelings, fields, and the most general of names.
_NOISE_TEXT = """
activity animal animals beautiful beauty body boring business buy casual celebrate celebration
communication cool cute dead delicious die down drink emoji emotion energy enjoy entertainment
event expression face fantasy fashion feeling food funny future general go good happy hello
hi high holiday hot left like lol love lover low luck mad mean misc money nature nice no
object occupation office ok omg open people person place play power pretty profession right
romance romantic sad sales say sexy sign silly small smile summer sweet symbol system talk
thing tool tools travel up upset useful vacation vehicle weekend winter woman man world yes yum
xoxo wow worried work win weird valentine valentines tasty sick scary
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
    found = []
    for code, entry in sorted(entries.items()):
        raw = clean(entry["name"])
        names = table.get(raw, ("-",) if _unwanted(code, entry, entries) else (raw,))
        if names == ("-",) or not STYLES.issubset(entry["styles"]):
            continue
        found.append(Concept(code, names[0], names, _keywords(entry, raw, names), entry["group"]))
    return found


def everyday() -> dict[str, tuple[str, ...]]:
    """The table written by hand: Unicode name -> everyday names, or ("-",) for left out."""
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


def _keywords(entry: dict, raw: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """What else is said of it, without repeats and noise."""
    words = dict.fromkeys(clean(word) for word in [raw, *entry["keywords"]])
    kept = [word for word in words if word not in names and word not in _NOISE and _plain(word)]
    return tuple(kept)


def _plain(word: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z' -]+[a-z]", word))
