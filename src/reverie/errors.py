"""Every error the library raises on purpose. Catch `ReverieError` for all of them.

Each message is one line: the place, what came, what was wanted, and the remedy. The command line
shows that line and exits with code 2; any other exception is our own bug and shows its traceback.
"""


class ReverieError(Exception):
    """Base of the library's own errors."""


class SpecError(ReverieError, ValueError):
    """A recipe is not valid: an unknown kind or field, or a value out of range.

    The message begins with the path of the value, such as `$.stages[0].canvas.size`.
    """


class PromptError(ReverieError, ValueError):
    """A prompt cannot be read. `column` counts from 1, in the text as the user wrote it."""

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(f"prompt {text!r}, column {column}: {message}")
        self.text, self.column = text, column


class WordsError(ReverieError, ValueError):
    """The library of words, a template or a list of prompts cannot be used as it is, or a writer of
    prompts fails."""


class PictureError(ReverieError, OSError):
    """A picture file is missing, broken, too large, or cannot be written."""


class WeightsError(ReverieError, OSError):
    """Weights are missing, cannot be fetched, are not what they should be, or are not safe."""


class RunError(ReverieError, OSError):
    """A run folder cannot be used: it holds something else, or lacks what is asked of it."""


class CapacityError(ReverieError, RuntimeError):
    """The machine has too little memory for this. The message names the knobs that help."""


class DivergedError(ReverieError, RuntimeError):
    """A loss is no longer a finite number. `loss` is its name, `step` the step that saw it."""

    def __init__(self, loss: str, step: int) -> None:
        super().__init__(
            f"step {step}: the loss {loss!r} is not a finite number; "
            "a smaller learning rate (--lr) or --precision fp32 usually mends this"
        )
        self.loss, self.step = loss, step
