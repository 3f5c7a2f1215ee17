"""`reverie words`: the craft of prompts."""

import json as json_text
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from reverie.cli import words_effect, words_explain, words_write
from reverie.cli.looking import Json
from reverie.cli.render import Flag
from reverie.cli.words_explain import show_any_letters
from reverie.errors import WordsError

if TYPE_CHECKING:
    from reverie.words.library import Modifier

app = App(
    name="words",
    help="The craft of prompts: words for looks, templates, and what words do.",
    help_format="rich",
)


@app.command(name="list")
def list_(category: str | None = None, /, *, json: Json = False) -> int:
    """Show the library of modifiers: words that change how a picture looks.

    Args:
        category: media, styles, movements, techniques, lighting, camera, sites, quality or artists.
        json: print JSON instead of a table.
    """
    from reverie.words.library import modifiers

    return _print(modifiers(category), json)


@app.command
def search(*text: str, json: Json = False) -> int:
    """Find modifiers by their names, by what they do, or by where they are known from.

    Args:
        text: words that all have to be there: dark light.
        json: print JSON instead of a table.
    """
    from reverie.words import library

    wanted = " ".join(text)
    if not wanted.strip():
        raise WordsError("say what to search for: reverie words search dark light")
    found = library.search(wanted)
    if not found:
        raise WordsError(
            f"nothing in the library has {wanted!r}; reverie words list shows all of it"
        )
    return _print(found, json)


@app.command
def show(*name: str, json: Json = False) -> int:
    """Show what the library knows of a modifier.

    Args:
        name: such as oil painting, or by Claude Monet.
        json: print JSON instead of a text.
    """
    from reverie.perceptor.pocket import reading
    from reverie.words.library import find, own_folder

    modifier = find(" ".join(name))
    if json:
        print(json_text.dumps(_data(modifier), indent=2))
        return 0
    unknown = reading([modifier.words])
    strange = [*unknown.guessed, *(f"{asked} (read as {read})" for asked, read in unknown.instead)]
    rows = {
        "does": modifier.does,
        "known from": modifier.known_from,
        "category": modifier.category + (f", your own, in {own_folder()}" if modifier.own else ""),
        "in a prompt": f'reverie paint "a castle, {modifier.words}"',
        "measure it": f'reverie words effect "a castle" --modifiers "{modifier.words}"',
        "pocket models": f"do not know {', '.join(strange)}" if strange else "know the words",
    }
    show_any_letters()
    print(modifier.name)
    for head, text in rows.items():
        print(f"  {head:<13}  {text}")
    return 0


@app.command
def add(
    *name: str,
    category: str,
    does: str = "",
    known_from: Annotated[str, Parameter(name="--from")] = "",
) -> int:
    """Add a modifier of your own to the library, or change one.

    Args:
        name: the words as they stand in prompts; of an artist, the name.
        category: one of the library's, or a new one.
        does: what it does to a picture.
        known_from: where it is known from.
    """
    from reverie.spec import hint
    from reverie.words import library

    known = dict.fromkeys(modifier.category for modifier in library.modifiers())
    modifier = library.Modifier(
        name=" ".join(name), category=category, does=does, known_from=known_from, own=True
    )
    before = library.library().get(library.fold(modifier.name))
    print(library.add(modifier))
    if before:
        whose = "your own" if before.own else "the package's own"
        sys.stderr.write(f"reverie: in place of {whose} {before.name!r} in {before.category}\n")
    if category not in known:
        sys.stderr.write(f"reverie: a new category, {category!r}{hint(category, known)}\n")
    return 0


@app.command
def remove(*name: str) -> int:
    """Take one of your own modifiers out of the library.

    Args:
        name: as it was added.
    """
    from reverie.words import library

    if library.remove_own(" ".join(name)):
        sys.stderr.write(f"reverie: {' '.join(name)!r} is removed\n")
        return 0
    modifier = library.find(" ".join(name))
    raise WordsError(f"{modifier.name!r} came with the package; only your own can be removed")


@app.command
def expand(
    *template: str,
    file: str | None = None,
    number: Annotated[int | None, Parameter(alias="-n")] = None,
    seed: int | None = None,
    prefix: str = "",
    suffix: str = "",
    wildcards: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    output: Annotated[str | None, Parameter(alias="-o")] = None,
    overwrite: Flag = False,
) -> int:
    """Turn a template into a list of prompts, one on each line.

    "{a fox|an owl} in the forest, {oil painting|fresco}" makes four; "{2$$fog|rain|neon}" takes
    two of three; "a fox, __media__" takes the library's media, or the lines of media.txt in
    a folder of --wildcards; a backslash before a brace makes it plain.

    Args:
        template: one or more, each in quotes.
        file: a text file with a template on each line.
        number: so many at random, all different; if left out, every combination.
        seed: of the choice; if left out, a new one, which is told.
        prefix: words before those of every prompt; a template, too.
        suffix: words behind those of every prompt, before its weight; a template, too.
        wildcards: folders of text files for __names__; ./wildcards, if there is one.
        output: file for the list, instead of printing it.
        overwrite: write over a list that is there.
    """
    from reverie.recipes.paint import fresh_seed
    from reverie.words.lists import read_list, write_list
    from reverie.words.templates import expand as expanded
    from reverie.words.wildcards import usual_folders
    from reverie.words.wildcards import wildcards as lookup_in

    templates = [*template, *(read_list(file) if file else [])]
    if not templates:
        raise WordsError('give a template: reverie words expand "a {red|blue} fox"')
    if output:
        words_write.check_list(output, overwrite)
    chosen = fresh_seed() if seed is None else seed
    lookup = lookup_in(*(wildcards or usual_folders()))
    around = {"prefix": prefix, "suffix": suffix}
    made = expanded(templates, lookup, number=number, seed=chosen, **around)
    if output:
        print(write_list(output, made))
    else:
        sys.stdout.writelines(f"{line}\n" for line in made)
    few = number is not None and len(made) < number
    said = f" of the {number} asked for: there are no more" if few else ""
    said += f", seed {chosen}" if number and seed is None and not few else ""
    sys.stderr.write(f"reverie: {len(made)} prompt{'s' * (len(made) != 1)}{said}\n")
    return 0


app.command(words_effect.effect_command())
app.command(words_explain.explain)
app.command(words_write.write)


def _data(modifier: "Modifier") -> dict[str, Any]:
    import dataclasses

    return {**dataclasses.asdict(modifier), "words": modifier.words}


def _print(modifiers: "Sequence[Modifier]", json: bool) -> int:
    from rich.console import Console
    from rich.table import Table

    if json:
        print(json_text.dumps([_data(m) for m in modifiers], indent=2))
        return 0
    show_any_letters()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("words", no_wrap=True)
    table.add_column("category", style="dim", no_wrap=True)
    table.add_column("what they do", overflow="fold")
    for modifier in modifiers:
        own = " (yours)" if modifier.own else ""
        table.add_row(modifier.name, modifier.category + own, modifier.does)
    Console(width=None if sys.stdout.isatty() else 160).print(table, highlight=False, markup=False)
    return 0
