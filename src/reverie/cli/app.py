"""All commands, and what happens to their errors."""

import errno
import os
import sys
import warnings
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, UnusedCliTokensError

from reverie.cli import (
    compat,
    doctor,
    draw,
    faces,
    film,
    invert,
    looking,
    models,
    morph,
    packages,
    painting,
    plot,
    redraw,
    render,
    runs,
    spooky,
    words,
)
from reverie.errors import ReverieError
from reverie.recipes import RECIPES
from reverie.version import __version__

PAINT = Group("Paint", sort_key=0)
FACES = Group("Change faces", sort_key=1)
RUNS = Group("Runs and pictures", sort_key=2)
LOOK = Group("Look at pictures", sort_key=3)
WORDS = Group("Words", sort_key=4)
MODELS = Group("Models", sort_key=5)


def _said(error: CycloptsError) -> str:
    """A mistake in the command line, in one line like all other errors."""
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        rest = " ".join(error.unused_tokens)
        return f'{rest!r} is left over; put words that belong together in quotes, such as "a fox"'
    return " ".join(str(error).split())


app = App(
    name="reverie",
    help='Turns words into pictures. Begin with: reverie paint "a lighthouse in fog"',
    version=__version__,
    help_format="rich",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    print_error=False,  # for it would be broken where the terminal ends
    exit_on_error=False,
)
app.command(painting.paint_command(), group=PAINT)
for name, recipe in RECIPES.items():
    if name == "spooky":  # which makes a film, too
        continue
    made = draw.draw_command if name in draw.RECIPES else painting.command_for
    app.command(made(recipe), name=name, group=PAINT)
app.command(spooky.spooky_command(), group=PAINT)
app.command(invert.invert_command(), group=PAINT)
for command in (film.film_command(), film.restyle_command()):
    app.command(command, group=PAINT)
for command in (packages.dream, packages.imagine):
    app.command(command, group=PAINT, help_flags=[], version_flags=[])
compat.app.group = (PAINT,)
app.command(compat.app)
for command in (faces.edit, morph.mix, morph.morph, faces.directions):
    app.command(command, group=FACES)
for command in (runs.resume, runs.replay, runs.info, render.render, redraw.redraw, plot.plot):
    app.command(command, group=RUNS)
for command in (looking.classify, looking.score, looking.similarity, looking.embed):
    app.command(command, group=LOOK)
words.app.group = (WORDS,)
app.command(words.app)
models.app.group = (MODELS,)
app.command(models.app)
app.command(doctor.doctor, group=MODELS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line. Returns the exit code: 0 done, 2 bad input, 130 interrupted.

    Args:
        arguments: instead of the program's own.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine
    warnings.showwarning = _show_warning
    try:
        return app(arguments) or 0
    except CycloptsError as error:
        sys.stderr.write(f"reverie: {_said(error)}\n")
        return 2
    except ReverieError as error:
        sys.stderr.write(f"reverie: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("reverie: interrupted\n")
        return 130
    except UnicodeEncodeError as error:
        sys.stderr.write(f"reverie: this terminal cannot show {error.object[error.start]!a}\n")
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a file or a disk that will not do
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sys.stderr.write(f"reverie: {error.filename or 'output'}: {error.strerror}\n")
        return 2


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    sys.stderr.write(f"reverie: note: {message}\n")
