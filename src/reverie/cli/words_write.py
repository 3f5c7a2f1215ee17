"""`reverie words write`: new prompts from a description and examples."""

import json as json_text
import re
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from reverie.cli.looking import Json, Perceptor
from reverie.cli.options import Device, Duration, Precision
from reverie.cli.render import Flag
from reverie.errors import WordsError

if TYPE_CHECKING:
    from reverie.words.writer import Writer, Writing

SIMPLE = (
    "with the grammar in the package: it recombines the library and your examples, and understands "
    "nothing; --writer takes a language model"
)


def write(
    description: str,
    /,
    *,
    number: Annotated[int, Parameter(alias="-n")] = 10,
    examples: str | None = None,
    example: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    writer: str = "grammar",
    model: str | None = None,
    temperature: float = 0.9,
    seed: int | None = None,
    output: Annotated[str | None, Parameter(alias="-o")] = None,
    perceptor: Perceptor = "auto",
    timeout: Duration = 30.0,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    overwrite: Flag = False,
) -> int:
    """Write new prompts about something, like your examples.

    The writer in the package is simple, and needs nothing. A language model is better: run
    llama.cpp, Ollama or vLLM, and name its address, such as http://localhost:11434/v1; or a
    folder with a causal model of transformers.

    Args:
        description: what the pictures are of: "a lighthouse by the sea".
        number: how many prompts.
        examples: a text file with a prompt on each line; new ones are like them, and none of them.
        example: one of them; may be given several times.
        writer: grammar, the address of an OpenAI-compatible server, or a folder.
        model: which of the server's models; its first, if left out.
        temperature: 0 keeps to the likeliest words, 1 is usual, 2 is wild; the grammar minds it
            for words that follow each other in examples.
        seed: of the choice; if left out, a new one, which is told.
        output: file for the list, instead of printing it.
        perceptor: prompts that this model would not read to their end are refused.
        timeout: how long a server may be silent.
        json: print a JSON list.
        overwrite: write over a list that is there.
    """
    from reverie.recipes.paint import fresh_seed
    from reverie.recipes.story import room_of
    from reverie.words.lists import read_list
    from reverie.words.writer import Request, Writing

    if output:
        check_list(output, overwrite)
    chosen = fresh_seed() if seed is None else seed
    request = Request(
        description=description,
        examples=(*(read_list(examples) if examples else ()), *example),
        count=number,
        temperature=temperature,
        seed=chosen,
    )
    fits = room_of(perceptor)
    by, said = _writer(writer, model, timeout, perceptor, device, precision)
    sys.stderr.write(f"reverie: {said}; seed {chosen}\n")
    writing = Writing(by, request, fits)
    return _written(writing, number, Path(output) if output else None, json)


def check_list(output: str, overwrite: bool) -> None:
    """Refuses a place for a list that nothing can be written to, or where there is one. What is no
    file, such as a pipe, is good.

    Raises:
        PictureError: it is such a place.
    """
    from reverie.cli.render import check_place

    path = Path(output)
    if path.is_dir() or path.is_file() or not path.exists():
        check_place(path, overwrite, (path.suffix.lower(),))


def _writer(
    name: str, model: str | None, timeout: float, perceptor: str, device: str, precision: str
) -> "tuple[Writer, str]":
    """The writer of a name, and what to say of it.

    Raises:
        WordsError: there is none.
    """
    from reverie.device import machine

    if "://" in name:
        from reverie.words.endpoint import Endpoint

        server = Endpoint(name, model, timeout=timeout)
        return server, f"with {server.chosen()} at {server.base}"
    if model:
        raise WordsError(f"--model {model} goes with a server: --writer http://...")
    if name == "grammar":
        from reverie.words.grammar import Grammar

        return Grammar(_knows(perceptor)), SIMPLE
    if Path(name).is_dir():
        from reverie.words.causal import Causal

        return Causal(name, machine(device, precision)), f"with the model in {name}"
    meant = f"http://{name}" if re.match(r"[\w.-]+:\d+(/|$)", name) else ""
    meant = meant or next(iter(get_close_matches(name, ["grammar"])), "")
    raise WordsError(
        f"--writer {name}: is no folder; write grammar, the address of a server such as "
        "http://localhost:11434/v1, or a folder with a causal model"
        + (f" (did you mean {meant}?)" if meant else "")
    )


def _knows(perceptor: str) -> Callable[[str], bool]:
    """Whether a pocket perceptor knows all words of a text; others know every word."""
    from reverie.perceptor.pocket import NETWORKS, reading
    from reverie.recipes.words import best

    name = best() if perceptor == "auto" else perceptor
    if name not in NETWORKS:
        return lambda words: True
    return lambda words: not reading([words], name).guessed


def _written(writing: "Writing", number: int, output: Path | None, json: bool) -> int:
    """Shows prompts as they come, or keeps them; also when the writer breaks off."""
    from reverie.words.lists import write_list

    made: list[str] = []
    code, broken = 0, None
    try:
        for line in _watched(writing, number):
            made.append(line)
            if not output and not json:
                print(line, flush=True)
    except KeyboardInterrupt:
        code = 130
    except WordsError as error:
        broken = error
    if json:
        print(json_text.dumps(made, indent=2, ensure_ascii=False))
    if output and made:
        try:
            print(write_list(output, made), file=sys.stderr if json else sys.stdout)
        except OSError:  # what was written with patience is not lost
            print(*made, sep="\n", flush=True)
            raise
    refused = ", ".join(f"{count} {why}" for why, count in writing.refused.most_common())
    if len(made) < number or refused:
        more = f"; refused: {refused}" if refused else "" if made else "; it said no prompts"
        sys.stderr.write(f"reverie: {len(made)} of {number} prompts{more}\n")
    if broken:
        raise broken
    return code or (0 if made else 2)


def _watched(writing: "Writing", number: int) -> Iterator[str]:
    """Counts prompts on a terminal, where a slow writer would look dead."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from writing
        return
    with console.status(f"writing, 0 of {number} ...", spinner="line") as status:
        for count, line in enumerate(writing, 1):
            yield line
            status.update(f"writing, {count} of {number} ...")
