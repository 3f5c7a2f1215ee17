"""Pictures that follow each other, painted by one canvas, one set of losses and one optimiser."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from reverie.curve import Number, as_curve
from reverie.optimize import optimize
from reverie.painting import Painting
from reverie.protocols import Frame, Image, Loss, Machine, Moment
from reverie.recipe import Recipe


class Clock:
    """The time of a film: a frame takes many steps, and all of them happen at once."""

    def __init__(self, frames: int) -> None:
        self.frames, self.frame = frames, 0

    @property
    def t(self) -> float:
        return self.frame / self.frames


class Timed:
    """A loss by the clock of the film, so that scenes and curves run over frames, not steps."""

    def __init__(self, loss: Loss, clock: Clock) -> None:
        self.loss, self.clock = loss, clock

    def __call__(self, image: Image, moment: Moment) -> Any:
        clock = self.clock
        return self.loss(image, Moment(clock.frame, clock.t, moment.draws, moment.notes))


class Painter:
    """Paints the first frame as its recipe says, and every other from the one before it, with the
    last stage of the recipe.

    Args:
        frames: of the whole film.
        lr: learning rate of all frames but the first; None takes that of the last stage.
        more: losses besides those of the last stage.
        state: what `state` gave.
    """

    def __init__(
        self,
        recipe: Recipe,
        frames: int,
        on: Machine,
        *,
        lr: Number | None = None,
        more: Mapping[str, Loss] | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.recipe, self.on, self.clock = recipe, on, Clock(frames)
        self.lr = None if lr is None else as_curve(lr)
        self.more = dict(more or {})
        self.stage = state["stage"] if state else 0
        self.painting = self._built(self.stage, None, state)

    def _built(self, stage: int, before: Painting | None, state: dict[str, Any] | None) -> Painting:
        own = self.recipe.stages[stage]
        painting = Painting(own, self.recipe.seeds, self.on, before=before, state=state)
        if stage == len(self.recipe.stages) - 1:
            painting.losses.update(self.more)
        for name, loss in painting.losses.items():
            painting.losses[name] = Timed(loss, self.clock)
        return painting

    def first(self) -> Iterator[Frame]:
        """The steps of the first frame, from where it stands."""
        while True:
            for frame, _ in self.painting.frames():
                yield frame
            self.stage += 1
            if self.stage == len(self.recipe.stages):
                self.stage -= 1
                return
            self.painting = self._built(self.stage, self.painting, None)

    def after(self, number: int, start: Image | None, steps: int) -> Frame:
        """A frame that begins with a picture.

        Args:
            number: of the frame, from 0.
            start: the picture to start from; None goes on with the canvas as it is.
        """
        painting, canvas = self.painting, self.painting.canvas
        self.clock.frame = number
        if start is not None:
            canvas.encode_(start)
            painting.optimizer.state.clear()  # it remembers places that have moved on
        begin = painting.stage.steps + number * steps
        rates = {
            name: as_curve((self.lr or curve)(self.clock.t)) for name, curve in painting.lr.items()
        }
        frames = optimize(
            canvas,
            painting.losses,
            painting.optimizer,
            rates,
            steps=begin + steps,
            start=begin,
            seed=self.recipe.seed,
        )
        frame = next(frames)
        for _ in range(steps - 1):
            frame = next(frames)
        # The last update is made here: the loop would look once more, only to say how good it is.
        painting.optimizer.step()
        with torch.no_grad():
            canvas.project_()
            image = canvas.shown(canvas()).clone()
        return Frame(number, self.clock.t, image, frame.losses, frame.notes)

    def picture(self) -> Image:
        """What the canvas shows."""
        canvas = self.painting.canvas
        with torch.no_grad():
            return canvas.shown(canvas()).clone()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from the last frame, or the last step of the first one."""
        return {"stage": self.stage, **self.painting.state()}
