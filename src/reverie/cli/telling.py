"""How `info` tells what a picture, a film or a run remembers."""

import shlex
from pathlib import Path
from typing import Any


def tell(story: dict[str, Any], where: Path) -> None:
    """Prints a story as a table, and what can be done with the picture or the run at `where`."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in (_faces(story) if "faces" in story else _rows(story)).items():
        if value:
            table.add_row(name, value)
    console = Console(highlight=False, markup=False)
    console.print(table)
    if "faces" in story:
        return
    if not where.is_dir():
        console.print(f"\npaint it again: reverie replay {shlex.quote(str(where))}")
    elif not story.get("ended"):
        console.print(f"\ngo on with it: reverie resume {shlex.quote(str(where))}")


def _faces(story: dict[str, Any]) -> dict[str, str]:
    """What is worth knowing about faces that were changed, by a word for it."""
    about = dict(story["faces"])
    starts, first, number = about["starts"], about.pop("first", 0), story.get("picture", -1)
    truncations = dict.fromkeys(
        _said(start.get("truncation")) for start in starts if "seed" in start
    )
    names = [_name(start) for start in starts]
    groups = [names[:first], names[first:]] if first else [names]
    which = ""
    if first and 0 <= number < first * len(groups[1]):
        row, column = divmod(number, len(groups[1]))
        which = f"{groups[0][row]} with {groups[1][column]}"
    elif not first and 0 <= number < len(names):
        which = names[number]
    told = ("command", "model", "generator", "starts")
    return {
        "made by": f"reverie {about['command']}",
        "faces": " with ".join(map(_said, groups)),
        "this one": which if len(starts) > 1 else "",
        "truncation": _said([*truncations]),
        **{name: _said(value) for name, value in about.items() if name not in told},
        "model": about["model"],
        "version": _said(story.get("reverie")),
        "files": f"{about['model']} (sha256 {about['generator'][:16]}...)",
    }


def _name(start: dict[str, Any]) -> str:
    """A face as it is named on the command line."""
    if "seed" in start:
        return f"seed:{start['seed']}"
    if "path" not in start:
        return "mean"
    number = start.get("number")
    return f"{start['path']}" + ("" if number is None else f"#{number}")


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_said(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def _rows(story: dict[str, Any]) -> dict[str, str]:
    """What is worth knowing about a picture or a run, by a word for it."""
    from reverie import prompt as prompts
    from reverie.loss.prompts import Prompts
    from reverie.recipe import Recipe
    from reverie.spec import from_json

    recipe: Recipe = from_json(story["recipe"], Recipe)
    stages, at, ended = recipe.stages, story["machine"], story.get("ended")
    lines = {prompts.line(x.scenes): 0 for s in stages for x in s.losses.values()
             if isinstance(x, Prompts)}  # fmt: skip
    which = f", picture {story['picture'] + 1} of {recipe.count}" if "picture" in story else ""
    kinds = [type(getattr(s.canvas, "canvas", s.canvas)).__name__ for s in stages]
    canvases = [f"{s.name} ({k})" if s.name else k for s, k in zip(stages, kinds, strict=True)]
    optimizers = [f"{type(s.optimizer).__name__}, lr {s.optimizer.lr}" for s in stages]
    losses = [f"{name} ({type(x).__name__})" for s in stages for name, x in s.losses.items()]
    done, film = ended or "not finished", story.get("film")
    drawn = story.get("rendered")  # at another size than it was painted at
    if isinstance(ended, dict):
        before = sum(s.steps for s in stages[: ended["stage"]])
        done = f"{before + ended['step']} of {recipe.steps}"
    if isinstance(ended, dict) and film:
        done = f"{ended['step'] + 1} of {film['frames']} frames"
    return {
        "prompt": "\n".join(lines),
        "recipe": f"{recipe.name}: {', then '.join(canvases)}",
        "size": recipe.sizes + (f", drawn again at {drawn[0]}x{drawn[1]}" if drawn else ""),
        "seed": f"{recipe.seed}{which if recipe.count > 1 else ''}",
        "film": f"{film['frames']} frames at {film['rate']:g} a second, {film['steps']} steps each"
        if film
        else "",
        "steps": done,
        "score": f"{story['score']:.4f}" if "score" in story else "",
        "optimiser": ", then ".join(optimizers),
        "losses": ", ".join(dict.fromkeys(losses)),
        "machine": f"{at['device']} {at['precision']}, {at['threads']} thread(s), "
        f"torch {at['torch']}",
        "version": story["reverie"],
        "files": "\n".join(
            f"{name} (sha256 {sha[:16]}...)" for name, sha in story["digests"].items()
        ),
    }
