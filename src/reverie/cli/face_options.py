"""What the commands on faces share: their options, and the films they make."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.options import Device, Precision
from reverie.faces.usual import NEUTRAL, TOP, TRUNCATION

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from reverie.faces.editor import FaceEditor
    from reverie.faces.latents import Face
    from reverie.faces.model import FaceModel
    from reverie.faces.route import Shooting
    from reverie.protocols import Machine, PerceptorSpec
    from reverie.record.video import Video

    Step = Float[Tensor, " s"]

Output = Annotated[str | None, Parameter(alias="-o")]
File = Annotated[str | None, Parameter(metavar="FILE")]
Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*", group="Faces")
@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """What commands on faces share."""

    model: str = "auto"
    "StyleGAN by name or file; auto: what is installed, else the one in the package."
    label: int | None = None
    "Class, of a generator that has classes."
    truncation: float = TRUNCATION
    "Of seeds: 1 leaves a face as it is, 0 makes it the mean face."
    output: Output = None
    "Folder for the files; one under pictures/ if left out."
    overwrite: Flag = False
    "Write over files of the same names."
    device: Device = "auto"
    "Where to compute."
    precision: Precision = "auto"
    "Of the networks; auto takes bf16 where the processor has it."

    def machine(self) -> "Machine":
        from reverie.device import machine

        return machine(self.device, self.precision)

    def opened(self) -> "FaceModel":
        from reverie.faces.model import FaceModel

        return FaceModel.of(model_called(self.model), self.machine(), self.label)

    def faces(self, who: str, count: int = 1) -> "list[Face]":
        """
        Raises:
            SpecError: no face is meant.
        """
        from reverie.canvas.stylegan_start import check_truncation
        from reverie.errors import SpecError
        from reverie.faces.latents import faces

        check_truncation(self.truncation, None)
        if count < 1:
            raise SpecError(f"-n {count}: 1 face or more is wanted")
        return faces(who, count=count, truncation=self.truncation)


@Parameter(name="*", group="Words")
@dataclass(frozen=True, kw_only=True)
class WordOptions:
    """How words change a face."""

    neutral: str = NEUTRAL
    "What the face is now, of what the words say."
    top: int = TOP
    "So many channels move: 10 to 20 for a colour, 100 for a shape."
    beta: float | None = None
    "Instead of --top: channels move whose relevance is this or more."
    perceptor: str = "auto"
    "CLIP by name or file; auto: what is installed."
    directions: File = None
    "File that `reverie directions` made with -o."

    def editor(self, own: FaceOptions) -> "FaceEditor":
        from pathlib import Path

        from reverie.faces.editor import FaceEditor

        path = Path(self.directions) if self.directions else None
        seer = perceptor_called(self.perceptor)
        name, on = model_called(own.model), own.machine()
        return FaceEditor.of(name, seer, on, path=path, label=own.label)

    def step(self, editor: "FaceEditor", target: str) -> "Step":
        """What an editor makes of words. Says which of them the perceptor does not know."""
        from reverie.perceptor.pocket import understood

        if "pocket-clip" in perceptor_called(self.perceptor).digests():
            note(understood([target, self.neutral]))
        return editor.step(target, self.neutral, top=self.top, beta=self.beta)

    def story(self, target: str, alpha: float) -> dict[str, Any]:
        moved = {"top": self.top} if self.beta is None else {"beta": self.beta}
        return {"target": target, "neutral": self.neutral, "alpha": alpha, **moved}


def model_called(name: str) -> str:
    from reverie.recipes.faces import best

    return best() if name == "auto" else name


def perceptor_called(name: str) -> "PerceptorSpec":
    """The one perceptor of a name.

    Raises:
        SpecError: several are named.
    """
    from reverie.errors import SpecError
    from reverie.recipes.words import perceptors

    found, *more = perceptors(name)
    if more:
        raise SpecError(f"--perceptor {name}: directions are of one perceptor; name one")
    return found


def story_of(
    command: str, model: "FaceModel", faces: "Sequence[Face]", how: dict[str, Any]
) -> dict[str, Any]:
    """What a picture or a film remembers of its making."""
    from reverie.spec import to_json
    from reverie.version import __version__

    known = {name: value for name, value in how.items() if value is not None}
    about = {"model": model.name, "generator": model.digest, "label": model.label, **known}
    starts = [to_json(face.start) for face in faces]
    return {"reverie": __version__, "faces": {"command": command, **about, "starts": starts}}


def placed(file: str, seconds: float, overwrite: bool, rate: float | None = None) -> "Video":
    """A film at its absolute path.

    Raises:
        SpecError, PictureError: it cannot be made so, or there.
    """
    from reverie.record.video import Video

    return Video(path=file, length=seconds, rate=rate).placed(overwrite)


def shot(film: "Shooting") -> int:
    """Makes a film, counting its pictures, and says where it is."""
    from reverie.cli.counting import counted

    if not counted(((done, film.frames) for done in film.shoot()), "pictures"):
        sys.stderr.write("stopped; the same command goes on\n")
        return 130
    print(film.path, flush=True)
    return 0


def note(text: str) -> None:
    if text:
        sys.stderr.write(f"reverie: note: {text}\n")
