"""What every training does: a phase of steps that can be stopped anywhere and goes on where it was.

What is learnt at a step depends on (seed, step) alone, and all the rest lies in the state, so a run
that was stopped and goes on equals one that was not.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from training import page
from training.pocket import DATA, keep

T = TypeVar("T")
Given = TypeVar("Given", contravariant=True)


class Learner(Protocol[Given]):
    """What is trained. step: how many steps it has learnt."""

    step: int

    def learn(self, given: Given) -> dict[str, float]:
        """One step; gives what it measured."""
        ...

    def measure(self) -> dict[str, float]:
        """What is measured now and then."""
        ...

    def shown(self, given: Given) -> tuple[Tensor, list[str]]:
        """Pictures `[n, 3, h, w]` in 0..1 for the page, with their texts."""
        ...

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        ...


@dataclass(frozen=True)
class Rate:
    """A learning rate that rises from 0 over `warm` steps and falls along a cosine to `end`."""

    high: float
    end: float
    warm: int
    steps: int

    def __call__(self, step: int) -> float:
        falling = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return (self.end + (self.high - self.end) * falling) * min(1.0, (step + 1) / self.warm)


@torch.no_grad()
def follow(mean: nn.Module, net: nn.Module, step: int) -> None:
    """Move the running mean of the weights a little; the longer it runs, the less."""
    kept = min(0.998, (step + 1) / (step + 20))
    for slow, now in zip(mean.parameters(), net.parameters(), strict=True):
        slow.lerp_(now, 1 - kept)
    for slow, now in zip(mean.buffers(), net.buffers(), strict=True):
        slow.copy_(now)


def ahead(make: Callable[[int], T], start: int, steps: int) -> Iterator[T]:
    """`make(step)` of each step in order, each made while the one before is used."""
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        coming = pool.submit(make, start)
        for step in range(start, steps):
            ready = coming.result()
            coming = pool.submit(make, step + 1)
            yield ready


def resume(learner: Learner[Any], folder: Path, device: torch.device) -> bool:
    """Go on with the run in a folder; whether there was one."""
    path = folder / "state.pt"
    if not path.exists():
        return False
    learner.restore(torch.load(path, weights_only=True, map_location=device))
    print(f"going on at step {learner.step}")
    return True


@dataclass(frozen=True)
class Every:
    """So many steps lie between two lines of the log, and between two states and pages."""

    told: int
    kept: int


def train(
    learner: Learner[T],
    make: Callable[[int], T],
    folder: Path,
    *,
    steps: int,
    batch: int,
    every: Every,
) -> None:
    """Learn what `make` gives for each step until `steps`. State, log and page lie in `folder`."""
    began, start = time.monotonic(), learner.step
    for given in ahead(make, start, steps):
        told = learner.learn(given)
        last = learner.step == steps
        kept = last or learner.step % every.kept == 0
        if kept or learner.step % every.told == 0:
            told["images/s"] = (learner.step - start) * batch / (time.monotonic() - began)
            _tell(folder, {**told, **(learner.measure() if kept else {})})
        if kept:
            keep(folder / "state.pt", learner.state())
            page.write(folder, *learner.shown(given))


def _tell(folder: Path, told: dict[str, float]) -> None:
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(told) + "\n")
    print(" ".join(f"{name} {value:.4g}" for name, value in told.items()), flush=True)


def begin(options: argparse.Namespace, folder: Path) -> torch.device:
    """Make the folder of a run, note the options of its phase, and choose the device."""
    torch.set_num_threads(options.threads)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "phase.json").write_text(json.dumps(vars(options), default=str))
    return torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))


def parser(description: str | None, **defaults: float) -> argparse.ArgumentParser:
    """The options that every training has. defaults: of steps, batch, lr, end, seed."""
    raw = argparse.RawTextHelpFormatter
    wanted = argparse.ArgumentParser(description=description, formatter_class=raw)
    wanted.add_argument("--run", required=True, help="name of the folder of this phase")
    wanted.add_argument("--from", dest="start", help="a run to begin with")
    wanted.add_argument("--data", type=Path, default=DATA, help="folder of the sprites")
    wanted.add_argument("--steps", type=int, help="where the phase ends")
    wanted.add_argument("--batch", type=int, help="pictures a step")
    wanted.add_argument("--lr", type=float, help="learning rate after the first steps")
    wanted.add_argument("--end", type=float, help="learning rate at the end")
    wanted.add_argument("--seed", type=int)
    wanted.add_argument("--every", type=int, default=250, help="steps between states and pages")
    wanted.add_argument("--threads", type=int, default=torch.get_num_threads())
    wanted.add_argument("--device", help="cpu, cuda ...; default: what is there")
    wanted.set_defaults(**defaults)
    return wanted
