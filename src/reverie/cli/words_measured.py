"""A comparison of modifiers, measured and shown: a table, a sheet, a file of figures."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from reverie.protocols import Machine
    from reverie.recipe import Recipe
    from reverie.recipes.trials import Trial
    from reverie.words.effect import Effect, Measure

LEGEND = (
    "moved: 1 - cosine to the picture without it, as {eye} sees them ({between:.3f} between seeds)",
    "towards, judge: how much nearer to the modifier's own words, as {eye} and {judge} see it",
    "subject: how clearly {judge} still sees it, and for how many seeds it names it first",
)


@dataclass(frozen=True)
class Found:
    """What came of a comparison. eye, judge: their names; pictures: of every trial."""

    trials: "Sequence[Trial]"
    pictures: Sequence[Sequence[Path]]
    eye: str
    judge: str
    measure: "Measure"
    effects: "Sequence[Effect]"


def measured(tried: "Sequence[Trial]", recipe: "Recipe", judge: str, on: "Machine") -> Found:
    """The effect of every modifier."""
    from reverie import prompt as prompts
    from reverie.recipes.trials import eyes
    from reverie.recipes.words import perceptors
    from reverie.run import Run
    from reverie.words.effect import Measure

    pictures = [Run.open(trial.folder).pictures for trial in tried]
    eye, subject = eyes(recipe), prompts.title(prompts.parse(tried[0].prompt))
    measure = Measure(eye.build(on), perceptors(judge)[0].build(on), subject, pictures[0])
    pairs = zip(tried[1:], pictures[1:], strict=True)
    effects = [measure.of(trial.modifier, own) for trial, own in pairs]
    return Found(tried, pictures, next(iter(eye.digests())), judge, measure, effects)


def kept(found: Found) -> list[Path]:
    """Writes the sheet and the figures beside the runs."""
    from reverie.record.folder import write_json
    from reverie.record.grid import Block, draw_grid

    first, *others = found.pictures
    blocks = [Block(found.trials[0].prompt, "without", first)]
    for effect, own in zip(found.effects, others, strict=True):
        moved, towards, judged, kept = _cells(effect)
        line = f"moved {moved}   towards {towards}   judge {judged}   subject {kept}"
        blocks.append(Block(effect.modifier, line, own))
    folder = found.trials[0].folder.parent
    sheet, figures = folder / "effect.png", folder / "effect.json"
    draw_grid(blocks, sheet)
    write_json(figures, as_data(found))
    return [sheet, figures]


def as_data(found: Found) -> dict[str, Any]:
    from reverie.words import effect

    return {
        "subject": found.trials[0].prompt,
        "perceptor": found.eye,
        "judge": found.judge,
        "between_seeds": round(found.measure.between_seeds, 4),
        "effects": [effect.as_data(one) for one in found.effects],
    }


def _cells(effect: "Effect", errors: bool = False) -> list[str]:
    """The figures of an effect, as they are shown."""
    from statistics import mean

    from reverie.words.effect import error_of

    def shown(values: Sequence[float], form: str) -> str:
        error = error_of(values)
        more = f" ±{error:.3f}" if errors and error == error else ""
        return form.format(mean(values)) + more

    named = f"{sum(effect.named)}/{len(effect.named)}"
    return [
        shown(effect.moved, "{:.3f}"),
        shown(effect.towards, "{:+.3f}"),
        shown(effect.judged, "{:+.3f}"),
        f"{mean(effect.kept):.0%}, {named}" if effect.kept else f"?, {named}",
    ]


def show(found: Found, console: "Console") -> None:
    """The table, and what it means."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("words", overflow="fold")
    for head in ("moved", "towards", "judge", "subject"):
        table.add_column(head, justify="right", no_wrap=True)
    for effect in sorted(found.effects, key=lambda e: -sum(e.moved)):
        table.add_row(effect.modifier, *_cells(effect, errors=True))
    Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False).print(table)
    between = found.measure.between_seeds
    for line in LEGEND:
        said = line.format(eye=found.eye, judge=found.judge, between=between)
        console.print(said, style="dim")
    if len(found.measure.named) == 1:
        console.print("one seed does not tell an effect from chance; -n 3 or more does")
    if not all(found.measure.named):
        few = f"{sum(found.measure.named)} of {len(found.measure.named)} pictures"
        subject = found.trials[0].prompt
        console.print(f"without any modifier {found.judge} names {subject!r} in {few}")
