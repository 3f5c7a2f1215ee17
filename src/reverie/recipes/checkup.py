"""Whether painting works here, how fast it is, and what would make it better."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from reverie.errors import ReverieError, WeightsError
from reverie.recipes import computer
from reverie.recipes.computer import Finding, size

if TYPE_CHECKING:
    from reverie.protocols import Machine
    from reverie.recipe import Stage
    from reverie.weights.store import Stored

WORDS = "a red apple on a blue table"
PULL = "reverie models pull ViT-B/32"
PULL_SIZE = "about 350 MB"
Probe = Callable[[], Iterator[Finding]]


def checkup(
    device: str = "auto", precision: str = "auto", *, timing: bool = True
) -> Iterator[tuple[str, Finding]]:
    """Everything that is found, each with its section. Nothing is fetched, nothing is left behind.

    A finding is "broken" where painting does not work as it is, and "hint" where it could be
    better. A probe that fails is a broken finding; where torch is, those that need it are left out.

    Args:
        device, precision: as for a run.
        timing: paint a few steps.
    """
    probes: list[tuple[str, str, Probe]] = [
        ("This computer", "software", computer.software),
        ("This computer", "torch", computer.torch),
        ("This computer", "memory", computer.memory),
        ("This computer", "pictures", _pictures),
        ("Devices", "device", partial(computer.devices, device, precision)),
        ("Devices", "drawing", _drawing),
        ("Models", "pocket models", _pocket),
        ("Models", "kept in", _kept),
        ("Models", "models", _installed),
        ("Models", "perceptor", _perceptor),
        ("Speed", "speed", partial(_speed, device, precision)),
        ("Could be added", "more", _more),
        ("Environment", "environment", computer.environment),
    ]
    without_torch = ("This computer", "Environment")
    lame = False
    for section, name, probe in probes:
        if (section == "Speed" and not timing) or (lame and section not in without_torch):
            continue
        for finding in _survived(name, probe):
            lame = lame or (name == "torch" and finding.state == "broken")
            yield section, finding


def _survived(name: str, probe: Probe) -> Iterator[Finding]:
    try:
        yield from probe()
    except ReverieError as error:
        yield Finding(name, str(error), "broken")
    except Exception as error:  # an old torch or a broken driver fails in ways of its own
        said = " ".join(str(error).split())
        yield Finding(name, f"{type(error).__name__}: {said}"[:300], "broken")


def _pictures() -> Iterator[Finding]:
    remedy = "go to another folder, or name one: reverie paint ... -o FOLDER"
    yield computer.room_for("pictures", Path("pictures").absolute(), remedy, enough=1e8)


def _drawing() -> Iterator[Finding]:
    """What draws strokes on a CPU. The first time it is compiled, in some seconds."""
    from importlib.metadata import version

    from reverie.raster import fast

    if (why := fast.why_not()) is None:
        yield Finding("drawing", f"fast path (numba {version('numba')})", facts={"fast": True})
    else:
        remedy = f"python -m {fast.EXTRA} makes drawing on a CPU {fast.GAIN} times faster"
        yield Finding("drawing", f"plain torch ({why})", "hint", remedy, {"fast": False})


def _pocket() -> Iterator[Finding]:
    """The models of the package: each is read whole."""
    from reverie.weights import pocket

    for name in pocket.NAMES:
        try:
            pocket.read(name)
            length, digest = pocket.file_of(name).stat().st_size, pocket.digest(name)
        except WeightsError as error:
            said = str(error).removeprefix(f"{name}: ")
            yield Finding(name, said, "broken", facts={"bytes": None})
            continue
        facts = {"bytes": length, "sha256": digest}
        yield Finding(name, f"in the package, {size(length)}, sha256 {digest[:12]}", facts=facts)
    try:
        words = pocket.nearest_words()
    except (OSError, ValueError):
        yield Finding("nearest words", "missing or damaged; install the package again", "broken")
    else:
        said = f"{len(words):,} common words have known ones"
        yield Finding("nearest words", said, facts={"count": len(words)})


def _kept() -> Iterator[Finding]:
    """Whether there is room for more models."""
    from reverie.weights.models import home

    remedy = "set REVERIE_HOME to another folder, or: reverie models remove NAME"
    yield computer.room_for("kept in", home().absolute(), remedy, enough=1e9)


def _installed() -> Iterator[Finding]:
    """The models of the store."""
    from reverie.weights.store import installed

    yield from map(_stored, installed())


def _stored(model: "Stored") -> Finding:
    """A quick look; `reverie models verify` reads it all."""
    from safetensors import SafetensorError, safe_open

    from reverie.weights.models import WEIGHTS

    facts = {"bytes": model.bytes, "kind": model.kind}
    try:
        for file in model.files:
            (model.folder / file).stat()
        if model.kind == "clip":
            safe_open(model.folder / WEIGHTS[0], "pt")  # refuses what was cut short
    except (SafetensorError, OSError) as error:
        remedy = f"reverie models remove {model.name}, then get it again"
        said = f"damaged ({' '.join(str(error).split())})"
        return Finding(model.name, said, "hint", remedy, facts)
    what = "CLIP" if model.kind == "clip" else model.kind
    return Finding(model.name, f"{what}, {size(model.bytes)}", facts=facts)


def _perceptor() -> Iterator[Finding]:
    """What a picture is judged by where nobody says."""
    from reverie.recipes.words import best
    from reverie.weights.store import installed

    name = best()
    facts = {"name": name}
    damaged = [f for f in map(_stored, installed()) if f.name == name and f.state != "fine"]
    if damaged:
        said = f"auto takes {name}, which is damaged"
        yield Finding("perceptor", said, "broken", damaged[0].remedy, facts)
    else:
        yield Finding("perceptor", f"auto takes {name}", facts=facts)


def _speed(device: str, precision: str) -> Iterator[Finding]:
    """A few steps of the default painting, on the canvas alone where nothing can judge it."""
    from reverie.device import machine
    from reverie.recipes.fourier import fourier
    from reverie.recipes.words import best
    from reverie.weights import pocket

    on = machine(device, precision)
    try:
        judge = best()
        if judge in pocket.NAMES:
            pocket.read(judge)
    except WeightsError:
        judge = ""
    stage = fourier(WORDS, perceptor=judge or "none").stages[0]
    if not judge:
        losses = {name: loss for name, loss in stage.losses.items() if name != "prompts"}
        stage = dataclasses.replace(stage, losses=losses)
    step = seconds_per_step(stage, on)
    what = f"fourier, {'x'.join(map(str, stage.canvas.size))}, {stage.steps} steps"
    facts = {"seconds": step, "perceptor": judge or None, "steps": stage.steps}
    if not judge:
        said = f"{_seconds(step)}, for the canvas alone: there is nothing to judge it by"
        yield Finding("a step", said, "hint", facts=facts)
        return
    yield Finding("a step", f"{_seconds(step)}, judged by {judge}", facts=facts)
    long = step * stage.steps
    remedy = "quicker: --size 256, --cutouts 16, --steps 150" if long > 600 else ""
    facts = {"seconds": long}
    yield Finding("a painting", f"{_seconds(long)} ({what})", "fine", remedy, facts)


def seconds_per_step(
    stage: "Stage", on: "Machine", *, steps: int = 5, budget: float = 8.0
) -> float:
    """The median time of a step, after two that are not counted.

    Args:
        steps: to count, fewer when `budget` seconds are over before, but one at least.
    """
    from reverie.device import fast_matmul, memory_errors
    from reverie.painting import Painting

    with fast_matmul(on), memory_errors("a picture of the usual size"):
        painting, marks = Painting(stage, range(1), on), list[float]()
        for frame, _ in painting.frames():
            frame.image.mean().item()  # waits until the device has done it
            marks.append(time.perf_counter())
            late = marks[-1] - marks[0] > budget
            if len(marks) > 2 and (late or len(marks) == steps + 2):
                break
    took = [after - before for before, after in pairwise(marks[1:])]
    return statistics.median(took)


def _more() -> Iterator[Finding]:
    """What is not here, what it would be good for, and how to get it."""
    from importlib.util import find_spec

    import torch

    from reverie.weights.pocket import LIMITS
    from reverie.weights.store import installed

    if not any(model.kind == "clip" for model in installed()):
        yield Finding(
            "CLIP",
            f"any words at all; the pocket models know {LIMITS}",
            "hint",
            f"{PULL} ({PULL_SIZE})",
        )
    if find_spec("transformers") is None:
        remedy = "python -m pip install 'reverie[transformers]'"
        yield Finding("transformers", "SigLIP, SigLIP 2 and Chinese-CLIP", "hint", remedy)
    elif find_spec("sentencepiece") is None:
        said = "SigLIP folders that have no tokenizer.json"
        yield Finding("sentencepiece", said, "hint", "python -m pip install sentencepiece")
    if not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        yield Finding("a GPU", "faster; not needed", "hint")


def _seconds(seconds: float) -> str:
    """A duration, as people say it."""
    for unit, one, least in (("h", 3600, 2), ("min", 60, 2), ("s", 1, 1)):
        if seconds >= one * least:
            count = seconds / one
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    return f"{seconds * 1000:.0f} ms"
