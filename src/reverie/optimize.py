"""The loop: draw, look, judge, improve. Everything else in the library feeds it or reads it.

    for frame in optimize(canvas, losses, optimizer, lr, steps=500):
        print(frame.step, sum(frame.losses.values()).mean().item())

Frame k is the picture before update k, so frame 0 is the untouched canvas and frame `steps` is
the result. A caller stops early by leaving the `for`, and resumes by passing `start=frame.step`
with the canvas and optimizer state it had at that frame: the randomness of step k depends only on
(seed, k), so a resumed run equals an uninterrupted one.

The canvas is drawn once per step. Losses see a detached copy of the picture that collects
gradient, in as many parts as they like, and one backward pass then goes through the canvas: only
one part's activations live at a time, so memory does not grow with the number of cutouts.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim import Optimizer

from reverie.errors import DivergedError
from reverie.protocols import Canvas, Curve, Draws, Frame, Loss, Moment, digest, parts


def optimize(
    canvas: Canvas,
    losses: Mapping[str, Loss],
    optimizer: Optimizer,
    lr: Mapping[str, Curve],
    *,
    steps: int,
    start: int = 0,
    seed: int = 0,
) -> Iterator[Frame]:
    """Descends the sum of `losses` by changing `canvas`, and yields a `Frame` at every step.

    Args:
        losses: by name. Each returns one value per picture; the loop adds them up over pictures,
            so a batch of b started with `seed` gives the pictures of runs seed, seed+1, ...
        lr: learning rate of each parameter group of `optimizer`, by the group's name.
        steps: length of the whole run. `t` is `step / steps`.
        start: first step to do, more than 0 when resuming.

    Raises:
        DivergedError: a loss is not finite. The canvas is as it was at that step.
    """
    for step in range(start, steps):
        t = step / steps
        for group in optimizer.param_groups:
            group["lr"] = lr[group["name"]](t)
        optimizer.zero_grad(set_to_none=True)
        with own_randomness(seed, step, canvas.device):
            image = canvas()
            seen = image.detach().requires_grad_()
            values, notes = look(losses, seen, step, t, seed)
            if image.requires_grad and seen.grad is not None:
                image.backward(seen.grad)
            with torch.no_grad():
                shown = canvas.shown(image.detach()).clone()  # a canvas may be its own picture
        del image, seen
        yield Frame(step, t, shown, values, notes)
        optimizer.step()
        with torch.no_grad():
            canvas.project_()

    with torch.no_grad(), own_randomness(seed, steps, canvas.device):
        image = canvas()
        values, notes = look(losses, image, steps, 1.0, seed)
        shown = canvas.shown(image).clone()
    yield Frame(steps, 1.0, shown, values, notes)


def look(
    losses: Mapping[str, Loss], image: Tensor, step: int, t: float, seed: int
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The value of every loss per picture, and their notes. Each part goes backward at once.

    What several losses note under one name is averaged.
    """
    values: dict[str, Tensor] = {}
    noted: dict[str, list[Tensor]] = {}
    seeds = range(seed, seed + len(image))
    for name, loss in losses.items():
        values[name] = image.new_zeros(len(image))
        moment = Moment(step, t, Draws(seeds, step, name))
        for part in parts(loss(image, moment)):
            if part.requires_grad:
                part.sum().backward()  # a sum over pictures, never a mean
            values[name] += part.detach()
            del part
        if not values[name].isfinite().all():
            raise DivergedError(name, step)
        for key, note in moment.notes.items():
            noted.setdefault(key, []).append(note)
    return values, {key: torch.stack(each).mean(0) for key, each in noted.items()}


@contextmanager
def own_randomness(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """Global draws inside depend on (seed, step) alone; the caller's state is left as it was."""
    kind = device.type if device.type != "cpu" else "cuda"
    devices = [device] if device.type != "cpu" else []
    with torch.random.fork_rng(devices=devices, device_type=kind):
        torch.manual_seed(digest(seed, step))
        yield
