"""The parts of the model card (docs/pocket.md) that are measured or counted."""

import json

import torch

from training.captions import ARTS
from training.colours import NAMES
from training.concepts import Concept
from training.loop import Rate
from training.pocket import RUNS
from training.trials import PLACES_SAID

Row = tuple[float | None, float, float]


def tables(
    rows: dict[str, Row],
    portraits: dict[str, tuple[float, float]],
    worst: list[tuple[str, str]],
) -> str:
    """Figures as Markdown."""
    lines = ["| | chance | unseen style | seen style |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {_percent(chance)} | {_percent(unseen)} | {_percent(seen)} |"
        for name, (chance, unseen, seen) in rows.items()
    ]
    lines += ["", "| of portraits | chance | right |", "|---|---|---|"]
    lines += [
        f"| {name.replace('_', ' ')} | {_percent(chance)} | {_percent(right)} |"
        for name, (chance, right) in portraits.items()
    ]
    taken = ", ".join(f"{name} ({other})" for name, other in worst)
    return (
        "\n".join(lines)
        + f"\n\nThe {len(worst)} worst things, and what they are taken for: {taken}."
    )


def known(things: list[Concept]) -> str:
    """What there is to know, as Markdown."""
    groups: dict[str, list[str]] = {}
    for thing in sorted(things, key=lambda thing: thing.name):
        groups.setdefault(thing.group, []).append(thing.name)
    parts = [
        f"{len(things)} things, in the groups below; {len(NAMES)} colours: {', '.join(NAMES)};",
        f"{len(PLACES_SAID)} places: {', '.join(PLACES_SAID)};",
        f"{len(ARTS)} art styles: {', '.join(ARTS)}.",
    ]
    for group, names in sorted(groups.items()):
        head = f"<summary>{group.replace('&', 'and')}: {len(names)}</summary>"
        parts.append(f"\n<details>{head}\n\n{', '.join(names)}\n\n</details>")
    return "\n".join(parts)


def trained(run: str) -> str:
    """How a perceptor's run and those it began with were trained, as Markdown."""
    return _phases(run, {"attack up to": "attack"})


def codec_trained(run: str) -> str:
    """As `trained`, of a VQGAN."""
    return _phases(run, {"weight of the critic": "adversary", "codes swapped up to": "damage"})


def faces_trained(run: str) -> str:
    """As `trained`, of a StyleGAN."""
    return _phases(run, {"weight of features": "perception", "weight of the critic": "adversary"})


def _phases(run: str, more: dict[str, str]) -> str:
    """more: title and option of what only these runs have."""
    lines = []
    while (RUNS / run / "phase.json").exists():
        phase = json.loads((RUNS / run / "phase.json").read_text())
        steps = torch.load(RUNS / run / "state.pt", weights_only=True, mmap=True)["step"]
        # the rate that was reached: a phase may have been stopped before its end
        reached = Rate(phase["lr"], phase["end"], 1, phase["steps"])(steps)
        own = "".join(f" {phase.get(option) or 'none'} |" for option in more.values())
        lines.append(
            f"| {steps:,} | {steps * phase['batch']:,} | {phase['size']} |"
            f" {phase['lr']:g} to {reached:.2g} |{own}"
        )
        run = str(phase["start"])
    titles = "".join(f" {title} |" for title in more)
    head = [f"| steps | pictures | side | learning rate |{titles}", "|---" * (4 + len(more)) + "|"]
    return "\n".join([*head, *reversed(lines)])


def codec(rows: dict[str, tuple[float, int, float]], pictures: int, codes: int, size: str) -> str:
    """What a VQGAN keeps: PSNR, codes used and their perplexity, of sets of pictures."""
    lines = [
        f"{size}. Of {pictures} new pictures of each kind, 128x128:\n",
        f"| | PSNR | of {codes:,} codes used | perplexity |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {psnr:.1f} dB | {used:,} | {even:.0f} |"
        for name, (psnr, used, even) in rows.items()
    ]
    return "\n".join(lines)


def filled(text: str, name: str, body: str) -> str:
    """A card with what lies between the marks of a part replaced.

    Raises:
        ValueError: the card has no such part.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, mark, rest = text.partition(begin)
    _, last, tail = rest.partition(end)
    if not (mark and last):
        raise ValueError(
            f"the card has no {begin} ... {end}: write both where the part shall stand"
        )
    return f"{head}{begin}\n{body}\n{end}{tail}"


def _percent(share: float | None) -> str:
    if share is None:
        return ""
    return f"{100 * share:.1f} %" if share < 0.01 else f"{100 * share:.0f} %"
