"""Options that several commands share, and how their words are read."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
KEYS = "NUMBER|FRAME:NUMBER,..."


def read_size(_: Any, tokens: Sequence[Token]) -> tuple[int, int]:
    """`512x384`, or `512` for a square."""
    found = re.fullmatch(r"(\d+)(?:[x,](\d+))?", tokens[0].value.strip().lower())
    if not found:
        raise ValueError(f"write a size as WIDTHxHEIGHT, such as 512x384, not {tokens[0].value!r}")
    return int(found[1]), int(found[2] or found[1])


def read_number(_: Any, tokens: Sequence[Token]) -> float | tuple[float, float]:
    """`0.3`, or `0.3..0.05` for a number that changes over the run."""
    text = tokens[0].value.strip()
    first, found, last = text.partition("..")
    try:
        return (float(first), float(last)) if found else float(first)
    except ValueError as error:
        raise ValueError(f"write a number, or FROM..TO such as 0.3..0.05, not {text!r}") from error


def read_duration(_: Any, tokens: Sequence[Token]) -> float:
    """`90`, `90s`, `5m` or `1h30m`, in seconds."""
    text = tokens[0].value.strip().lower()
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text)
    if not text or not found:
        raise ValueError(f"write a duration such as 90s, 5m or 1h30m, not {text!r}")
    hours, minutes, seconds = (float(group or 0) for group in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def as_size(value: Any) -> str:
    return "x".join(map(str, value)) if value else ""


def as_number(value: Any) -> str:
    return "..".join(map(str, value)) if isinstance(value, tuple) else str(value)


def typed(converter: Any, metavar: str, show: Any = None) -> Parameter:
    """An option of one word that `converter` reads."""
    return Parameter(
        converter=converter, n_tokens=1, metavar=metavar, negative="", show_default=show
    )


Size = Annotated[tuple[int, int], typed(read_size, "WxH", as_size)]
Duration = Annotated[float, typed(read_duration, "TIME")]
Rate = Annotated[float | tuple[float, float], typed(read_number, "NUMBER", as_number)]


def quiet(annotation: Any) -> Any:
    """The same option, which may be left out and says nothing of a default."""
    return Annotated[annotation | None, Parameter(show_default=False)]


@Parameter(name="*", group="Run")
@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """What belongs to the work at hand, a run or a film, and not to its recipe."""

    seed: int | None = None
    "Seed of the first picture; if left out, a new one each time, or that of a saved recipe."
    count: Annotated[int, Parameter(alias="-n")] = 1
    "Pictures painted together, each with its own seed."
    output: Annotated[str | None, Parameter(alias="-o")] = None
    "Folder for the files; under pictures/ if left out. A film or a drawing may have a file name."
    device: Device = "auto"
    "Where to compute."
    precision: Precision = "auto"
    "Of the networks; auto takes bf16 where the processor has it."
    budget: Duration | None = None
    "Stop after so long, such as 90s or 5m; resume goes on."
    until: float | None = None
    "End when the score, the similarity to the words, reaches this."
    patience: int | None = None
    "End when the score has not risen for so many steps."
    ema: float | None = None
    "Keep a running average of the canvas with this decay, such as 0.99."
    optimizer: (
        Literal[
            "Adam",
            "AdamW",
            "Adamax",
            "DiffGrad",
            "RMSprop",
            "Adagrad",
            "RAdam",
            "AdamP",
            "NormalizedDescent",
        ]
        | None
    ) = None
    "Optimiser, instead of the recipe's."
    set: Annotated[
        tuple[str, ...], Parameter(negative="", metavar="PATH=VALUE", show_default=False)
    ] = ()
    "Change any field of the recipe: canvas.decay=1.2, losses.smooth.weight=0."
    overwrite: Annotated[bool, Parameter(negative="")] = False
    "Paint over a run that is already in the folder."
    preview: bool = True
    "Show the picture in the terminal while it is painted."


@Parameter(name="*", group="Run")
@dataclass(frozen=True, kw_only=True)
class RunOptions(WorkOptions):
    """What belongs to a run."""

    best: Annotated[bool, Parameter(negative="")] = False
    "Keep the picture that scored best, too, beside the last one."
    format: Literal["png", "webp", "jpg"] = "png"
    "Kind of picture file."
    video: Annotated[str | None, Parameter(metavar="FILE")] = None
    "Make a film of the painting, too: a .mp4, .webm, .gif, .webp or .apng."
    video_length: Duration | None = None
    "Of the film, if not 10s; its last picture stays for a second."
    video_rate: float | None = None
    "Pictures a second; if left out, 30, or 15 in a .gif, .webp or .apng."


@Parameter(name="*", group="Film")
@dataclass(frozen=True, kw_only=True)
class FilmOptions:
    """How the frames of a film follow each other."""

    seconds: Duration = 10.0
    "Length of the film."
    rate: float = 24.0
    "Frames a second."
    steps_per_frame: int = 8
    "Updates of every frame but the first, which gets those of the recipe."
    lr_per_frame: Rate | None = None
    "Learning rate of all frames but the first; 0.3..0.1 falls over the film."
    change_every: int | None = None
    "Frames until the next ^ scene; each has an equal share if left out."
    fade: float = 0.3
    "Share of a scene over which it turns into the next."
    zoom: Annotated[str, Parameter(metavar=KEYS)] = "1"
    "Factor from frame to frame, above 1 to come nearer: 1.02, or 0: 1.02, 120: 0.98."
    rotate: Annotated[str, Parameter(metavar=KEYS)] = "0"
    "Degrees from frame to frame, clockwise."
    shift_x: Annotated[str, Parameter(metavar=KEYS)] = "0"
    "Pixels from frame to frame, to the right."
    shift_y: Annotated[str, Parameter(metavar=KEYS)] = "0"
    "Pixels from frame to frame, down."
    edge: Literal["reflect", "wrap", "border"] = "reflect"
    "What comes in at the edges."
    tone: float = 0.2
    "Share by which brightness and contrast are led back to the first frame's at every frame."


@Parameter(name="*", group="Film")
@dataclass(frozen=True, kw_only=True)
class RestyleOptions:
    """How a video is painted over."""

    steps_per_frame: int = 12
    "Updates of every frame; the first gets some more."
    lr_per_frame: Rate | None = None
    "Learning rate, instead of the recipe's."
    steady: float = 0.5
    "Share of the frame before, as painted, in what a frame begins with: 0 to below 1."
    keep: float = 1.0
    "Weight that holds broad colours and shapes to the video."
    smooth: int = 0
    "Neighbours on either side that are mixed into a frame of the film."
    every: int = 1
    "Take one of so many frames."
    begin: Annotated[Duration, Parameter(name="--from")] = 0.0
    "Where to begin in the video."
    end: Annotated[Duration | None, Parameter(name="--to")] = None
    "Where to end in the video."


def read_setting(text: str) -> tuple[str, Any]:
    """`canvas.decay=1.2` as the path of a recipe's field and its value as JSON data.

    A path that does not begin at the recipe itself begins at its first stage.
    """
    from reverie.errors import SpecError

    path, found, value = text.partition("=")
    path = path.strip()
    if not found or not path:
        raise SpecError(f"--set {text!r}: write PATH=VALUE, such as canvas.decay=1.2")
    if not re.match(r"(stages|seed|count|name|title)\b", path):
        path = f"stages[0].{path}"
    try:
        return path, json.loads(value)
    except ValueError:
        first, found, last = value.partition("..")
        try:
            return path, [float(first), float(last)] if found else value
        except ValueError:
            return path, value
