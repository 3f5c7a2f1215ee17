"""`reverie words explain`: what a perceptor sees of a prompt."""

import io
import json as json_text
import sys
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from reverie.cli.looking import Json, Perceptor
from reverie.cli.options import Device, Precision
from reverie.errors import SpecError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reverie.prompt import Prompt
    from reverie.words.explain import Explained, Explanation, Word
    from reverie.words.pull import Phrase

_BAR = 20  # letters
LITTLE = 0.05  # a pull that is not drawn larger than it is
_DROPPED = 200  # letters of what there is no room for


def explain(
    prompt: str,
    /,
    *,
    perceptor: Perceptor = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
) -> int:
    """Show what the perceptor sees of a prompt: what it reads, drops and does not know.

    The pull of a word is how far the embedding turns without it: 0 is not at all, 1 a right angle.

    Args:
        prompt: as `reverie paint` takes it, with weights, scenes and all.
        json: print JSON instead of a page.
    """
    from reverie import prompt as prompts
    from reverie.device import machine
    from reverie.recipes.words import best, perceptors
    from reverie.words import explain as words

    prompts.parse(prompt)  # a slip is told before a network is read
    name = best() if perceptor == "auto" else perceptor.strip()
    chosen, *more = perceptors(name)
    if more:
        raise SpecError(
            f"perceptor: {name!r} is several, and each sees words its own way; name one"
        )
    told = words.explain(chosen.build(machine(device, precision)), prompt)
    if json:
        print(json_text.dumps(_data(name, told), indent=2, ensure_ascii=False))
    else:
        _print_page(name, told)
    return 0


def _data(name: str, told: "Explanation") -> Any:
    from dataclasses import asdict

    return {"perceptor": name, **_rounded(asdict(told))}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


def _print_page(name: str, told: "Explanation") -> None:
    from rich.console import Console
    from rich.text import Text

    show_any_letters()
    console = Console(highlight=False, markup=False, emoji=False)
    for at, scene in enumerate(told.scenes, 1):
        for place, one in enumerate(scene):
            if at > 1 or place:
                console.print()
            if len(told.scenes) > 1 and not place:
                console.print(f"scene {at} of {len(told.scenes)}", style="bold underline")
            how = _how(one.prompt)
            if how or sum(map(len, told.scenes)) > 1:
                title = Text(str(one.prompt), style="bold")
                console.print(title.append(how, style="not bold"))
            if one.words:
                _print_words(console, name, told, one)


def show_any_letters() -> None:
    """Lets stdout show what it can, where its encoding has not all letters."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _how(prompt: "Prompt") -> str:
    """What counts beside the words."""
    from reverie import place
    from reverie.image import is_link

    said = ["a random direction"] if prompt.noise is not None else []
    if prompt.picture:
        here = is_link(prompt.picture) or Path(prompt.picture).is_file()
        said.append("halfway to the picture" if prompt.words else "a picture")
        if not here:
            said[-1] += ", but there is no such file"
    if isinstance(prompt.weight, tuple):
        said.append(f"weight from {prompt.weight[0]:g} to {prompt.weight[1]:g}")
    elif prompt.weight != 1:
        said.append(f"weight {prompt.weight:g}{', repels' if prompt.weight < 0 else ''}")
    if prompt.stop is not None:
        said.append(f"until {prompt.stop:g}")
    if prompt.box:
        said.append(f"at {place.written(prompt.box)}")
    return f"  ({'; '.join(said)})" if said else ""


def _print_words(console: "Console", name: str, told: "Explanation", one: "Explained") -> None:
    from rich.text import Text

    for line in _remarks(name, told, one):
        console.print(line)
    bars = "#" if not console.encoding.lower().startswith("utf") else "\u2588"
    rows = [word for word in one.words if word.fate != "lost"]
    if any(word.pull for word in rows) or any(word.pieces for word in rows):
        console.print()
        console.print(_table(rows, "word", bars, told))
    if one.phrases:
        console.print()
        console.print(_table(one.phrases, "phrase", bars, told))
    hints = [*_hints(one), *_modifiers(name, one)]
    if hints:
        console.print()
    for hint in hints:
        lines = Text(hint).wrap(console, console.width - 2)
        console.print(Text("\n  ").join(lines))


def _remarks(name: str, told: "Explanation", one: "Explained") -> list[str]:
    """What is read of a prompt, and what is dropped."""
    if one.used is None or told.room is None:
        return [f"{name} does not say how it reads"]
    if not one.used:
        return [f"{name} sees nothing of it: write words"]
    said = [f"{name} reads {one.used} of at most {told.room} {told.unit}"]
    if one.used > told.room:
        cut = [f"{word.written!r} is cut; " for word in one.words if word.fate == "cut"]
        said = [f"{name} reads {told.room} of {one.used} {told.unit}; {''.join(cut)}dropped: "]
        said[0] += shorten(one.dropped, _DROPPED, placeholder=" ...") or "the rest of it"
    unseen = [f"marks ({' '.join(one.unseen)})"] if one.unseen else []
    unseen += ["capitals"] if one.caseless else []
    if unseen:
        said.append(f"not seen: {' and '.join(unseen)}")
    return said


def _table(
    rows: "list[Word] | tuple[Phrase, ...]", head: str, bar: str, told: "Explanation"
) -> "Table":
    from rich.table import Table
    from rich.text import Text

    from reverie.words.explain import Word

    most = max(LITTLE, *(row.pull for row in rows))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(head, overflow="fold")
    table.add_column("pull", no_wrap=True, justify="right")
    table.add_column("", no_wrap=True, min_width=_BAR)
    if head == "word":
        table.add_column("read as" if told.spells else told.unit or "", overflow="fold")
    for row in rows:
        drawn = bar * round(_BAR * row.pull / most)
        style = "bold cyan" if row.pull == most else ""
        cells = [Text(row.written, style), Text(f"{row.pull:.3f}", style), Text(drawn, "cyan")]
        table.add_row(*cells, *([Text(_reading(row, told))] if isinstance(row, Word) else []))
    return table


def _reading(word: "Word", told: "Explanation") -> str:
    if told.unit is None:
        return ""
    if word.fate == "unseen":
        return "- not seen"
    if told.spells and word.pieces == (word.written.lower(),):
        return "by its letters: not known" if word.unknown else ""
    missed = ", ".join(unknown.word for unknown in word.unknown)
    ends = {"unknown": f"  ({missed} is not known)", "cut": "  (cut)"}
    return " + ".join(word.pieces) + ends.get(word.fate, "")


def _hints(one: "Explained") -> list[str]:
    """What to write instead of words that are not known."""
    from reverie.words.near import FAR

    said: list[str] = []
    far: list[str] = []
    for unknown in {u.word: u for word in one.words for u in word.unknown}.values():
        near = [f"{word} {cosine:.2f}" for word, cosine in unknown.felt]
        if unknown.spelled:
            said.append(
                f"{unknown.word!r} is not known; did you mean {' or '.join(unknown.spelled)}?"
            )
        elif near and unknown.felt[0][1] >= FAR:
            said.append(f"{unknown.word!r} is not known; it reads like: {', '.join(near)}")
        elif near:
            far.append(f"{unknown.word} ({near[0]})")
    if far:
        said.append(f"not known, with the nearest known word far away: {', '.join(far)}")
    return said


def _modifiers(name: str, one: "Explained") -> list[str]:
    """What the library says."""
    said: list[str] = []
    for found in one.modifiers:
        missed = ", ".join(map(repr, found.unknown))
        but = f"; but {name} does not know {missed}" if missed else ""
        but = "; but there is no room for it" if found.dropped else but
        about = found.modifier
        said.append(f"{about.name} ({about.category}): {about.does}{but}")
    return said
