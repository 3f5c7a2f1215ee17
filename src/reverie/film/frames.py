"""Frame after frame: where each begins, and what it is painted into."""

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.errors import SpecError
from reverie.film.footage import Keep, paintable
from reverie.film.painter import Painter
from reverie.film.plan import Film
from reverie.protocols import Frame, Image, Machine
from reverie.recipe import Recipe

Tone = Float[Tensor, "b 2"]  # mean and standard deviation of the brightness
DEAF = 0.02  # nearer to black and white, a canvas that squashes colours hardly feels a gradient
LUMA = (0.2126, 0.7152, 0.0722)


class Frames:
    """All frames of a film, from where it stands.

    Args:
        state: what `state` gave.
    """

    def __init__(
        self, plan: Film, recipe: Recipe, on: Machine, state: dict[str, Any] | None
    ) -> None:
        self.plan, self.recipe, self.on = plan, recipe, on
        footage = plan.footage
        self.keep = Keep(footage.keep) if footage else None
        more = {"keep": self.keep} if self.keep and footage and footage.keep else None
        self.painter = Painter(recipe, plan.frames, on, lr=plan.lr, more=more, state=state)
        if len(recipe.stages) == 1 and not paintable(self.painter.painting.canvas):
            self._refuse_pictures()
        self.whole: int = state["done"] if state else 0  # frames that are done
        self.tone: Tone | None = state["tone"].to(on.device) if self.whole and state else None
        self.steps_done, self.begun = 0, False

    def _refuse_pictures(self) -> None:
        """For a canvas that cannot begin with a picture, such as the one before it, moved."""
        canvas = self.recipe.stages[-1].canvas
        name = type(canvas.canvas if isinstance(canvas, Averaged) else canvas).__name__
        if self.plan.footage:
            raise SpecError(f"film: a {name} cannot begin with a picture; use --canvas fourier")
        if not all(map(self.plan.motion.rests, range(self.plan.frames))):
            raise SpecError(
                f"film: what a {name} draws cannot be moved; leave out zoom, rotation and shift, "
                "or use --canvas fourier"
            )

    @property
    def steps(self) -> int:
        """Of all frames together."""
        return self._steps(self.plan.frames)

    def painted(self) -> Iterator[tuple[int, Frame]]:
        """Every step of the first frame, with 0; then every whole frame, with how many there are.
        With footage there is no such first frame."""
        footage, previous, frame = self.plan.footage, None, None
        if footage is None and not self.whole:
            for frame in self.painter.first():
                before = self.recipe.stages[: self.painter.stage]
                self.steps_done = sum(stage.steps for stage in before) + frame.step
                self.begun = True
                yield 0, frame
            assert frame is not None  # a stage has at least one step
            previous = frame.image
            yield self._done(frame)
        elif self.whole:
            previous = self.painter.picture()
        sources = itertools.islice(footage.frames(), self.whole, None) if footage else None
        for number in range(self.whole, self.plan.frames):
            if sources:
                source = self._fitted(next(sources))
                start, steps = self._over(source, previous)
            else:
                assert previous is not None
                start, steps = self._moved(previous, number), self.plan.steps
            frame = self.painter.after(number, start, steps)
            previous = frame.image
            yield self._done(frame)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on. Whole between two frames, and two steps of the first."""
        return {"done": self.whole, "tone": self.tone, **self.painter.state()}

    def _done(self, frame: Frame) -> tuple[int, Frame]:
        if self.tone is None:
            self.tone = tone(frame.image)
        self.whole, self.begun = self.whole + 1, True
        self.steps_done = self._steps(self.whole)
        return self.whole, frame

    def _steps(self, frames: int) -> int:
        first = self.plan.steps if self.plan.footage else self.recipe.steps
        return first + (frames - 1) * self.plan.steps

    def _moved(self, previous: Image, number: int) -> Image | None:
        """Where a frame begins: the one before it, moved. None: nothing moves."""
        motion = self.plan.motion
        if motion.rests(number) or self.tone is None:
            return None
        moved = toned(motion.moved(previous, number), self.tone, self.plan.tone)
        return moved.clamp(DEAF, 1 - DEAF)

    def _over(self, source: Image, previous: Image | None) -> tuple[Image, int]:
        """Where a frame over a source begins, and its steps: more when there is none before it
        that is partly painted."""
        assert self.plan.footage is not None and self.keep is not None
        self.keep.source, steady = source, self.plan.footage.steady
        if previous is None:
            return source, round(self.plan.steps / (1 - steady))
        return torch.lerp(source, previous, steady), self.plan.steps

    def _fitted(self, source: Image) -> Image:
        size = self.recipe.stages[-1].canvas.size
        picture = images.fit(source.to(self.on.device), size)
        return picture.expand(self.recipe.count, -1, -1, -1)


def tone(image: Image) -> Tone:
    """How bright each picture is, and how much that varies."""
    bright = torch.einsum("bchw,c->bhw", image, image.new_tensor(LUMA)).flatten(1)
    return torch.stack([bright.mean(1), bright.std(1)], 1)


def toned(image: Image, towards: Tone, share: float) -> Image:
    """The picture with brightness and contrast led a share of the way to another's."""
    mean, spread = tone(image)[:, :, None, None, None].unbind(1)  # [b, 1, 1, 1] each
    new_mean, new_spread = towards[:, :, None, None, None].unbind(1)
    gain = torch.lerp(spread, new_spread, share) / spread.clamp(min=1e-3)
    return ((image - mean) * gain + torch.lerp(mean, new_mean, share)).clamp(0, 1)
