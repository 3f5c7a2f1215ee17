"""Words tried out: a subject painted with and without modifiers, at equal seeds, each in a run of
its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reverie.protocols import digest

if TYPE_CHECKING:
    from reverie.protocols import Machine, PerceptorSpec
    from reverie.recipe import Recipe
    from reverie.run import Run
    from reverie.words.wildcards import Lookup

WITHOUT = "0-without"  # the folder of the subject alone


@dataclass(frozen=True)
class Trial:
    """A prompt to paint. modifier: "" for the subject alone; folder: of its run."""

    modifier: str
    prompt: str
    folder: Path


def trials(
    subject: str, modifiers: Sequence[str], under: Path, lookup: "Lookup | None" = None
) -> list[Trial]:
    """The subject alone, and with each modifier behind the words of every prompt that attracts.

    Args:
        modifiers: templates, too; equal ones are tried once.
        under: the folder of all.
        lookup: the lines of a wildcard; without it, those of the library.

    Raises:
        WordsError, PromptError: one cannot be read, or is more than words.
    """
    from reverie import prompt as prompts
    from reverie.errors import WordsError
    from reverie.words.templates import dressed, expand, only_words

    subject, *others = expand(subject, lookup)
    if others:
        raise WordsError(
            f"the subject stands for {1 + len(others)} prompts; name one, and vary the modifiers"
        )
    if len(prompts.parse(subject)) > 1:
        raise WordsError(f"{subject!r} has scenes, and a picture shows its last one; name one")
    made = [Trial("", subject, under / WITHOUT)]
    for line in expand(modifiers, lookup):
        modifier = only_words(line)
        prompt = dressed(subject, "", modifier)
        if prompts.parse(prompt) == prompts.parse(subject):
            raise WordsError(
                f"{subject!r} has no words that attract, for modifiers to stand behind"
            )
        made.append(Trial(modifier, prompt, under / _named(modifier)))
    return made


def _named(modifier: str) -> str:
    """A folder of its own for a modifier, whatever stands beside it, on every system."""
    slug = re.sub(r"\W+", "-", modifier.lower()).strip("-")[:48]
    return f"{slug}-{digest(modifier) % 0x10000:04x}"


def begun(trial: Trial, recipe: "Recipe", on: "Machine", *, overwrite: bool = False) -> "Run":
    """The run of a trial: the one that is there, done or not, if it is of the same recipe, or a
    new one.

    Raises:
        RunError: the folder holds another run, and `overwrite` is not set.
    """
    from reverie.errors import RunError
    from reverie.run import Run

    if (trial.folder / "recipe.json").exists() and not overwrite:
        run = Run.open(trial.folder)
        if run.recipe != recipe:
            raise RunError(
                f"{trial.folder} holds {_told(run.recipe)}; wanted is {_told(recipe)}, or another "
                "setting; choose another folder, or use --overwrite"
            )
        return run
    return Run.start(recipe, trial.folder, on, overwrite=overwrite)


def _told(recipe: "Recipe") -> str:
    return (
        f"{recipe.count} of {recipe.title!r} by {recipe.name}, {recipe.sizes}, seed {recipe.seed}"
    )


def eyes(recipe: "Recipe") -> "PerceptorSpec":
    """The first perceptor that judges a recipe's pictures against words.

    Raises:
        SpecError: none does.
    """
    from reverie.errors import SpecError
    from reverie.loss.prompts import Prompts

    losses = [loss for stage in recipe.stages for loss in stage.losses.values()]
    found = [loss for loss in losses if isinstance(loss, Prompts)]
    if not found:
        raise SpecError(f"{recipe.name} is not led by words; take a recipe that is")
    return found[0].perceptors[0]
