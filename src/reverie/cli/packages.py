"""`reverie dream` and `reverie imagine`: the commands of big-sleep and deep-daze, as they stand."""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.compat import free_folder, quiet_parser
from reverie.errors import SpecError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from reverie.compat.keywords import Keyword

Words = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


def dream(*words: Words) -> int:
    """Dream as the command of big-sleep does: reverie dream "a pyramid made of ice" --epochs 1 ...

    Says what the command of our own would be, and paints. `docs/big-sleep.md` has every flag.
    """
    from reverie.compat import big_sleep

    return painted(big_sleep, words)


def imagine(*words: Words) -> int:
    """Imagine as the command of deep-daze does: reverie imagine "a house in the forest" ...

    Says what the command of our own would be, and paints. `docs/deep-daze.md` has every flag.
    """
    from reverie.compat import deep_daze

    return painted(deep_daze, words)


def painted(package: ModuleType, words: tuple[str, ...]) -> int:
    """Paints with the recipe that stands for a package, and puts the picture where it would."""
    import shlex

    from reverie.cli.app import app
    from reverie.compat.imagine import free, placed
    from reverie.recipes.paint import fresh_seed

    wanted = package.wanted(read(package, words))
    wanted.run.setdefault("seed", fresh_seed())
    target = free(wanted)
    if wanted.overwrite and "video" in wanted.run:
        wanted.run["overwrite"] = True
    sys.stderr.write(f"our own command: {shlex.join(['reverie', *wanted.words()])}\n")
    for remark in wanted.remarks:
        sys.stderr.write(f"{remark}\n")
    folder = free_folder(target, wanted.run["seed"])
    code = app([*wanted.words()[:1], "--output", str(folder), *wanted.words()[1:]]) or 0
    if (picture := folder / "picture.png").exists():
        placed(picture, target)
        print(target)
        if code:
            sys.stderr.write(f"{target} stays as it is now; resume goes on with {picture}\n")
    return code


def read(package: ModuleType, words: tuple[str, ...]) -> dict[str, Any]:
    """What flags say, by keyword. Only what was given.

    Raises:
        SpecError: a flag is not known, or a value cannot be.
    """
    given = vars(parser(package).parse_args(list(words)))
    if (first := given.pop("words")) and given["text"]:
        raise SpecError(f"text: {first!r} and {given['text']!r} are two; write a | between them")
    given["text"] = first or given["text"]
    return {name: value for name, value in given.items() if value is not None}


def parser(package: ModuleType) -> "ArgumentParser":
    """The flags as Python Fire takes them: with _ or -, --flag, --noflag and --flag=False."""
    from argparse import SUPPRESS

    about = f"The flags of {package.PACKAGE}."
    made = quiet_parser(f"reverie {package.COMMAND}", about, allow_abbrev=False)
    made.add_argument("words", nargs="?", help="what to paint; the same as --text")
    for name, keyword in package.KEYWORDS.items():
        names = dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}"))
        how = {"dest": name, "help": told(keyword)}
        if keyword.kind is bool:
            made.add_argument(
                *names, nargs="?", const=True, type=truth, metavar="True|False", **how
            )
            off = [option.replace("--", "--no", 1) for option in names]
            made.add_argument(*off, dest=name, action="store_const", const=False, help=SUPPRESS)
        else:
            made.add_argument(*names, type=keyword.kind, **how)
    return made


def told(keyword: "Keyword") -> str:
    """What a flag is by default, and what becomes of it."""
    there = f"there {keyword.default}; " if keyword.default not in (None, "") else ""
    return f"{there}here {keyword.here}".replace("`", "").replace("\\|", "|").replace("%", "%%")


def truth(text: str) -> bool:
    """True or False as Fire reads them."""
    from argparse import ArgumentTypeError

    if text.lower() in TRUE + FALSE:
        return text.lower() in TRUE
    raise ArgumentTypeError(f"{text!r} is neither True nor False")
