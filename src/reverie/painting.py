"""One stage of a recipe while it is painted: live canvas, losses, optimiser, and their state."""

from collections.abc import Iterator
from typing import Any

import torch

from reverie import image as images
from reverie.optimize import optimize
from reverie.protocols import Frame, Image, Machine
from reverie.recipe import Patience, Stage


class Painting:
    """Builds a stage, from the stage before it or from a saved state.

    Args:
        seeds: one per picture, ascending.
        before: the stage before, at its last frame. A canvas of the same spec goes on as it is, one
            that can take over does so, and any other starts from the picture.
        state: what `state` gave.
    """

    def __init__(
        self,
        stage: Stage,
        seeds: range,
        on: Machine,
        *,
        before: "Painting | None" = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.stage, self.seeds = stage, seeds
        self.canvas = stage.canvas.build(on, seeds)
        self.shown: Image | None = None  # the last frame
        if before:
            self._go_on(before)
        elif state and state["first"]:
            self.canvas.load_state_dict(state["first"])
        # Losses may be drawn to where a stage began, so that is part of the state, too.
        later = before or (state and state["first"])
        values = self.canvas.state_dict() if later else {}
        self.first = {name: value.clone() for name, value in values.items()}
        self.losses = {name: spec.build(self.canvas, on) for name, spec in stage.losses.items()}
        self.optimizer, self.lr = stage.optimizer.build(self.canvas.groups())
        self.patience = Patience(stage.until, state["patience"] if state else None)
        self._before_step = self.patience.state()
        self.step = state["step"] if state else 0
        if state:
            self.canvas.load_state_dict(state["canvas"])
            self.optimizer.load_state_dict(state["optimizer"])

    def frames(self) -> Iterator[tuple[Frame, str | None]]:
        """Every frame from where the stage stands, and why the stage ends there, or None."""
        frames = optimize(
            self.canvas,
            self.losses,
            self.optimizer,
            self.lr,
            steps=self.stage.steps,
            start=self.step,
            seed=self.seeds.start,
        )
        for frame in frames:
            self.step, self._before_step = frame.step, self.patience.state()
            self.shown = frame.image
            why = self.patience.enough(similarity(frame))
            why = "all steps done" if frame.step == self.stage.steps else why
            yield frame, why
            if why:
                return

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from the last frame. Whole only between two frames."""
        return {
            "step": self.step,
            "first": self.first,
            "canvas": self.canvas.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "patience": self._before_step,  # this frame will be seen again
        }

    @torch.no_grad()
    def _go_on(self, before: "Painting") -> None:
        if self.stage.canvas == before.stage.canvas:
            self.canvas.load_state_dict(before.canvas.state_dict())
        elif not self.canvas.go_on_(before.canvas):
            assert before.shown is not None  # every stage shows a frame
            self.canvas.encode_(images.fit(before.shown, self.stage.canvas.size))


def similarity(frame: Frame) -> list[float]:
    """How similar each picture is to its prompts, or how like another picture, -1 to 1; empty when
    nothing measured it."""
    found = frame.notes.get("similarity", frame.notes.get("likeness"))
    return [] if found is None else found.tolist()
