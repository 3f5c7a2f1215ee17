"""`reverie doctor`: what is here, whether painting works, how fast, and what could be added."""

import io
import json as json_text
import sys
import textwrap
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.options import Device, Precision

if TYPE_CHECKING:
    from rich.text import Text

    from reverie.recipes.computer import Finding

MARKS = {"fine": ("✓", "ok", "green"), "hint": ("·", "-", "dim"), "broken": ("✗", "x", "red")}
NAMES = 15  # characters that names get
WHOLE: Any = {"break_long_words": False, "break_on_hyphens": False}
Found = Iterable[tuple[str, "Finding"]]


def doctor(
    *,
    device: Device = "auto",
    precision: Precision = "auto",
    fast: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Say what is here, whether painting works, how fast, and what could be added.

    Args:
        device: where to compute.
        precision: of the networks.
        fast: leave out the timing.
        json: print JSON instead of a page.
    """
    from reverie.recipes.checkup import WORDS, checkup

    found = checkup(device, precision, timing=not fast)
    broken = _print_json(found) if json else _print_page(found, f'reverie paint "{WORDS}"')
    if broken:
        more = f" (and {len(broken) - 1} more, above)" if broken[1:] else ""
        sys.stdout.flush()
        sys.stderr.write(f"reverie: {_line(broken[0])}{more}\n")
    return 2 if broken else 0


def _print_json(found: Found) -> list["Finding"]:
    """Sections, their findings by name, and whether painting works."""
    told: dict[str, Any] = {}
    broken = []
    for section, finding in found:
        broken += [finding] if finding.state == "broken" else []
        about = {"state": finding.state, "said": finding.said, "remedy": finding.remedy}
        told.setdefault(section.lower(), {})[finding.name] = about | dict(finding.facts)
    print(json_text.dumps({"works": not broken, **told}, indent=2))
    return broken


def _print_page(found: Found, command: str) -> list["Finding"]:
    """A section at a time, as soon as it is known."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a folder's name may have any letters
    console = Console(highlight=False, markup=False, soft_wrap=True)
    plain = not console.encoding.lower().startswith("utf")
    broken, shown = [], ""
    status = console.status("looking ...", spinner="line")
    with status if console.is_terminal else nullcontext():
        for section, finding in found:
            if section != shown:
                console.print(f"{chr(10) if shown else ''}{section}", style="bold")
            shown = section
            console.print(_row(finding, plain, console.width))
            broken += [finding] if finding.state == "broken" else []
    if not broken:
        console.print(f"\nPainting works: {command}", style="bold green")
    return broken


def _row(finding: "Finding", plain: bool, width: int) -> "Text":
    """Mark and name, and beside them what was found. Paths and commands stay in one piece."""
    from rich.text import Text

    sign, word, style = MARKS[finding.state]
    row = Text("  ").append(f"{word if plain else sign:<{2 if plain else 1}} ", style)
    row.append(f"{finding.name:<{NAMES}} ")
    wrap = partial(textwrap.wrap, width=max(30, width - len(row)), **WHOLE)
    under = "\n" + " " * len(row)
    row.append(under.join(wrap(finding.said)), "red" if finding.state == "broken" else "")
    if finding.remedy:
        lines = wrap(f"{'->' if plain else '→'} {finding.remedy}", subsequent_indent="   ")
        row.append(under + under.join(lines), "cyan")
    return row


def _line(finding: "Finding") -> str:
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.name}: {finding.said}{remedy}"
