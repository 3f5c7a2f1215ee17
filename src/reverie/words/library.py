"""The library of modifiers: words that change how a picture looks, whatever it shows.

The `.toml` files beside this one hold them, a file for each category; a user's own are in files of
the same form in the folder of `own_folder`, and win over those of the package.
Source: art history and the prompts of 2021; in the category of artists, those who died before 1954.
"""

import difflib
import os
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import platformdirs

from reverie.errors import WordsError
from reverie.spec import hint

CATEGORIES = (
    "media",
    "styles",
    "movements",
    "techniques",
    "lighting",
    "camera",
    "sites",
    "quality",
    "artists",
)
LONGEST = 80  # letters of a modifier
_AMERICAN = {"colour": "color", "grey": "gray", "centred": "centered"}


@dataclass(frozen=True, kw_only=True)
class Modifier:
    """Words for the look of a picture.

    does: what they do to it; known_from: where they are known from, or whose words they are; own:
    whether the user added them.
    """

    name: str
    category: str
    does: str
    known_from: str
    own: bool = False

    @property
    def words(self) -> str:
        """As it stands in a prompt, behind a comma."""
        bare = self.category != "artists" or self.name.lower().startswith("by ")
        return self.name if bare else f"by {self.name}"


def modifiers(category: str | None = None) -> list[Modifier]:
    """All modifiers, or those of a category, by category and name.

    Raises:
        WordsError: there is no such category, or an own file is broken.
    """
    every = [*library().values()]
    known = list(dict.fromkeys(modifier.category for modifier in every))
    category = category and category.lower()
    if category is not None and category not in known:
        raise WordsError(f"category {category!r}: there is none{hint(category, known)}")
    return [m for m in every if category in (None, m.category)]


def find(name: str) -> Modifier:
    """The modifier of a name, however it is written: accents, case, hyphens, American spelling and
    "by" do not matter.

    Raises:
        WordsError: with the nearest names.
    """
    found = known(name)
    if found:
        return found
    names = {fold(m.name).split()[-1]: m for m in modifiers() if m.category == "artists"}
    names |= library()
    close = difflib.get_close_matches(fold(name), names, n=1, cutoff=0.7)
    near = f" (did you mean {names[close[0]].name!r}?)" if close else ""
    raise WordsError(
        f"{name!r} is not in the library{near}; reverie words search finds words by what they do, "
        "and reverie words add adds your own"
    )


def known(words: str) -> Modifier | None:
    """The modifier that some words are, or None. Of an artist a part of the name is enough that no
    other has."""
    wanted = fold(words)
    if wanted in library():
        return library()[wanted]
    artists = {n: m for n, m in library().items() if m.category == "artists"}
    named = [m for n, m in artists.items() if f" {wanted} " in f" {n} "]
    return named[0] if len(named) == 1 else None


def search(text: str) -> list[Modifier]:
    """The modifiers that have all words of a text somewhere, those that have them in their names
    first."""
    wanted = fold(text).split()
    found: list[tuple[int, Modifier]] = []
    for modifier in library().values():
        name = fold(modifier.name)
        whole = " ".join((name, modifier.category, fold(modifier.does), fold(modifier.known_from)))
        if wanted and all(word in whole for word in wanted):
            place = 0 if all(word in name for word in wanted) else 1
            found.append((place, modifier))
    return [modifier for _, modifier in sorted(found, key=lambda pair: pair[0])]


def fold(text: str) -> str:
    """A text as it is compared: lower case, no accents, no hyphens, one spelling, no "by"."""
    # "ø" is a letter of its own to Unicode, and not an "o" with a stroke
    letters = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o"))
    plain = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", letters).replace("\u2019", "'")
    plain = unicodedata.normalize("NFC", plain)  # the marks of other scripts are theirs
    plain = re.sub(r"[\s\-_]+", " ", plain).strip()
    for british, american in _AMERICAN.items():
        plain = plain.replace(british, american)
    return re.sub(r"^(?:in the style of|style of|by)(?: |$)", "", plain)


def library() -> Mapping[str, Modifier]:
    """Every modifier by its folded name."""
    folder = own_folder()
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return _library(tuple((file, file.stat().st_mtime_ns) for file in files))


def own_folder() -> Path:
    """The folder of the user's own modifiers. It need not exist yet."""
    home = os.environ.get("REVERIE_HOME")
    return Path(home) / "words" if home else platformdirs.user_config_path("reverie") / "words"


def add(modifier: Modifier) -> Path:
    """Adds a modifier to the user's own, or changes it. Returns the file that has it.

    Raises:
        WordsError: its name is none, or its category cannot be the name of a file.
    """
    if not fold(modifier.name) or not modifier.name.isprintable():
        raise WordsError(f"{modifier.name!r} is no modifier: give it a name on one line")
    if len(modifier.name) > LONGEST or re.search(r"[,|^:{}@\\]|__|\s\+\s", modifier.name):
        raise WordsError(
            f"{modifier.name[:LONGEST]!r} is no modifier: it is words, up to {LONGEST} letters, "
            "without the marks of prompts and templates and without commas"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", modifier.category):
        raise WordsError(
            f"category {modifier.category!r}: is a word of small letters, digits, - and _, such as "
            f"{', '.join(CATEGORIES[:3])}"
        )
    library()  # a broken file is told before anything is changed
    file = own_folder() / f"{modifier.category}.toml"
    before = file.read_text(encoding="utf-8-sig") if file.exists() else ""
    kept = _without(before, modifier.name)
    texts = (modifier.name, modifier.does, modifier.known_from)
    name, *about = (_quoted(text) for text in texts)
    whole = f"{kept}{name} = [{', '.join(about)}]\n"
    try:
        tomllib.loads(whole)
    except tomllib.TOMLDecodeError as error:
        raise WordsError(
            f"{file}: {modifier.name!r} is on several lines; change it there by hand"
        ) from error
    _write(file, whole)
    remove_own(modifier.name, but=file)
    return file


def remove_own(name: str, *, but: Path | None = None) -> bool:
    """Takes a modifier out of the user's own files, `but` for one, and says whether it was there.
    All else in them stays.

    Raises:
        WordsError: a file is broken, or has it in a form of its own.
    """
    folder, gone = own_folder(), False
    for file in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
        if file == but or fold(name) not in {fold(m.name) for m in _read(file, own=True)}:
            continue
        gone = True
        rest = _without(file.read_text(encoding="utf-8-sig"), name)
        if not rest.strip():
            file.unlink()
            continue
        _write(file, rest)
        if fold(name) in {fold(m.name) for m in _read(file, own=True)}:
            raise WordsError(f"{file}: {name!r} is on several lines; take it out by hand")
    return gone


def _without(text: str, name: str) -> str:
    """A file of own modifiers without the lines of one, each ended."""
    kept: list[str] = []
    for line in text.splitlines():
        try:
            names = [fold(key) for key in tomllib.loads(line)]
        except (tomllib.TOMLDecodeError, RecursionError):
            names = []
        if fold(name) not in names:
            kept.append(f"{line}\n")
    return "".join(kept)


@lru_cache(maxsize=2)
def _library(own: tuple[tuple[Path, int], ...]) -> Mapping[str, Modifier]:
    files = [Path(__file__).with_name(f"{category}.toml") for category in CATEGORIES]
    every = [modifier for file in files for modifier in _read(file, own=False)]
    every += [modifier for file, _ in own for modifier in _read(file, own=True)]
    order = list(dict.fromkeys([*CATEGORIES, *(m.category for m in every)]))
    named = {fold(modifier.name): modifier for modifier in every}
    ranked = sorted(named, key=lambda name: (order.index(named[name].category), name))
    return MappingProxyType({name: named[name] for name in ranked})


def _read(file: Path, *, own: bool) -> list[Modifier]:
    """The modifiers of a file: lines of `"name" = ["what it does", "where it is known from"]`."""
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise WordsError(f"{file}: cannot be read ({error}); mend it or delete it") from error
    for name, about in entries.items():
        texts = isinstance(about, list) and all(isinstance(text, str) for text in about)
        if not texts or len(about) != 2 or not fold(name):
            raise WordsError(
                f'{file}: {name!r} is {about!r}; wanted is "name" = ["what it does", "where it is '
                'known from"]'
            )
    return [
        Modifier(name=name, category=file.stem, does=about[0], known_from=about[1], own=own)
        for name, about in entries.items()
    ]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    """A TOML string."""
    marks = {"\\": "\\\\", '"': '\\"'}
    return '"' + "".join(marks.get(x, x if x.isprintable() else " ") for x in text) + '"'
