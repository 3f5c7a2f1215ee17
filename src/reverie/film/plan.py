"""A film as data: how many frames, how each becomes the next."""

from reverie.curve import Number
from reverie.errors import SpecError
from reverie.film.footage import Footage
from reverie.film.motion import Motion
from reverie.spec import spec


@spec
class Film:
    """A recipe paints the first frame; each other one begins as the one before it, moved, or as
    the frame of a video, and is painted for `steps` steps by the recipe's last stage.

    `tone` is the share by which brightness and contrast of a frame are led back to those of the
    first before it is painted on, for both drift when a picture is repainted for ever. `lr` is the
    learning rate of the frames after the first; None takes that of the recipe's last stage.
    """

    frames: int = 240
    rate: float = 24.0
    steps: int = 8
    lr: Number | None = None
    motion: Motion = Motion()
    footage: Footage | None = None
    tone: float = 0.2

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= 999_999:
            raise SpecError(f"film: {self.frames} frames; it must be 1 to 999999")
        if not 1 <= self.rate <= 120:
            raise SpecError(f"film: {self.rate:g} frames a second; it must be 1 to 120")
        if self.steps < 1:
            raise SpecError(f"film: {self.steps} steps a frame; it must be 1 or more")
        if not 0 <= self.tone <= 1:
            raise SpecError(f"film: tone is a share, 0 to 1, not {self.tone:g}")
