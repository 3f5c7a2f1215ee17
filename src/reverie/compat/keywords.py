"""The keyword arguments of another package, and what they ask for in terms of our own."""

import difflib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reverie.errors import SpecError
from reverie.prompt import PICTURE, Prompt, line

Kind = type[int] | type[float] | type[bool] | type[str]
AGAINST = -1.0  # weight of what is to be kept away from
NOT_NEEDED = {  # what both packages have, and why it does nothing here
    "save_every": "the picture is kept every few seconds",
    "torch_deterministic": "a seed gives the same picture anyway",
    "open_folder": "nothing opens a window; where the picture is, is printed",
}


@dataclass(frozen=True)
class Keyword:
    """One keyword. `default` is the other package's; `here` says what becomes of it."""

    kind: Kind
    default: Any
    here: str


Keywords = Mapping[str, Keyword]


@dataclass
class Wanted:
    """What is asked for: a recipe and its options, options of the run, fields to set, and what to
    say of the rest. `file`: what the picture is to be called; `overwrite`: even if it is there;
    `reads`: pictures that it is painted from."""

    recipe: str
    prompt: str
    options: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    file: str = "picture.png"
    overwrite: bool = False
    reads: list[str] = field(default_factory=list)

    def words(self) -> list[str]:
        """Our own command, word by word."""
        named = (self.options | self.run).items()
        words = [word for name, value in named for word in _option(name, value)]
        words += [w for path, value in self.fields.items() for w in ("--set", f"{path}={value}")]
        if self.prompt.startswith("-"):
            return [self.recipe, *words, "--", self.prompt]
        return [self.recipe, self.prompt, *words]


def asked(
    recipe: str,
    given: Mapping[str, Any],
    keywords: Keywords,
    why: Mapping[str, str],
    films: Sequence[tuple[str, str]],
) -> Wanted:
    """What keywords that both packages have ask for.

    Args:
        why: of those that do nothing here, why they are not needed.
        films: pairs of a keyword and the ending of the film that it asks for.

    Raises:
        SpecError: a value cannot be.
    """
    own = Wanted(recipe, prompt_of(given), overwrite=given.get("overwrite", False))
    own.file = file_of(given, time.strftime("%y%m%d-%H%M%S"))
    own.remarks = [f"{name} is not needed: {why[name]}" for name in given if name in why]
    if (steps := steps_of(given, keywords)) is not None:
        own.options["steps"] = steps
    if "seed" in given and not given.get("random"):
        own.run["seed"] = given["seed"]
    own.reads = [given[name] for name in ("img", "start_image_path") if name in given]
    if asked_for := [pair for pair in films if given.get(pair[0])]:
        own.run["video"] = own.file.removesuffix(".png") + asked_for[0][1]
        own.remarks += [f"{name}: one film is made, the other" for name, _ in asked_for[1:]]
    return own


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value is True:
        return [option]
    if name == "size":
        return [option, "x".join(map(str, value))]
    if isinstance(value, tuple):
        return [option, "..".join(f"{number:g}" for number in value)]
    return [option, f"{value:g}" if isinstance(value, float) else str(value)]


def checked(given: Mapping[str, Any], keywords: Keywords, package: str) -> dict[str, Any]:
    """What was given, each of the kind that it has to be; without what is None, and so not given.

    Raises:
        SpecError: a keyword is not known, or a value cannot be.
    """
    unknown = [name for name in given if name not in keywords]
    if unknown:
        close = difflib.get_close_matches(unknown[0], keywords, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise SpecError(f"{package} takes no {', '.join(map(repr, unknown))}{hint}")
    read = {name: _read(name, value, keywords[name].kind) for name, value in given.items()}
    return {name: value for name, value in read.items() if value is not None}


def _read(name: str, value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    good = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        value, good = float(value), math.isfinite(value)
    if not good:
        called = {int: "a whole number", float: "a number", bool: "True or False", str: "text"}
        raise SpecError(f"{name}: got {value!r}; {called[kind]} is wanted")
    return value


def prompt_of(given: Mapping[str, Any]) -> str:
    """Text, image and what to keep away from as a line of our grammar: each text together with the
    image, which alone is a prompt too.

    Raises:
        SpecError: there is neither.
    """
    texts, image = _parts(given.get("text", "")), given.get("img")
    if image is not None and not PICTURE.search(image):
        raise SpecError(f"img: {image!r} is no picture's name or link, such as photo.png")
    if not texts and not image:
        raise SpecError('text: is missing; say what to paint, such as "a pyramid made of ice"')
    wanted = [Prompt(words=text, picture=image) for text in texts] or [Prompt(picture=image)]
    against = [Prompt(words=text, weight=AGAINST) for text in _parts(given.get("text_min", ""))]
    return line(((*wanted, *against),))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def steps_of(given: Mapping[str, Any], keywords: Keywords) -> int | None:
    """Updates in all epochs together; None where neither number was given.

    Raises:
        SpecError: there would be none.
    """
    if not {"epochs", "iterations"} & {*given}:
        return None
    epochs, iterations = (
        given.get(name, keywords[name].default) for name in ("epochs", "iterations")
    )
    if epochs < 1 or iterations < 1:
        raise SpecError(f"epochs, iterations: got {epochs} and {iterations}; 1 or more are wanted")
    return epochs * iterations


def file_of(given: Mapping[str, Any], now: str) -> str:
    """What the picture is to be called: after the words, or else the image.

    Args:
        now: date and time, for those who want them in the name.
    """
    from pathlib import PurePath

    words = given.get("text") or f"{PurePath(given.get('img') or 'picture').stem}_imagined"
    name = "".join(c if c.isalnum() or c in "-_,." else "_" for c in words.replace("|", " "))
    name = "_".join(filter(None, name.split("_")))[:120].strip(".") or "picture"
    if given.get("append_seed") and "seed" in given:
        name += f".{given['seed']}"
    return f"{now}-{name}.png" if given.get("save_date_time") else f"{name}.png"


def see_with(own: Wanted, name: str) -> None:
    """A perceptor by name, where it is here; else the best that is, with a word about it."""
    from reverie.recipes.words import best
    from reverie.weights.manifest import entries
    from reverie.weights.models import plain, stored_folders

    if stored_folders(name) or not any(plain(entry) == plain(name) for entry in entries()):
        own.options["perceptor"] = name
    else:
        own.remarks.append(
            f"{name} is not installed; {best()} instead; get it with: reverie models pull {name}"
        )
