"""Faces changed by words: a generator, its survey, and the perceptor that understood it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from reverie import image as images
from reverie.errors import WeightsError
from reverie.faces import directions
from reverie.faces.directions import Directions
from reverie.faces.model import FaceModel
from reverie.faces.survey import Survey
from reverie.faces.usual import ALPHA, NEUTRAL, TOP
from reverie.nets.stylegan import Styles, Ws
from reverie.perceptor.compare import embed_labels
from reverie.protocols import Image, Machine, Perceptor, PerceptorSpec
from reverie.weights import pocket
from reverie.weights.models import home, plain

SHIPPED = ("pocket-stylegan", "pocket-clip")  # the pair whose directions come with the package


@dataclass(frozen=True)
class FaceEditor:
    """Changes faces as words say."""

    model: FaceModel
    perceptor: Perceptor
    directions: Directions

    @classmethod
    def of(
        cls,
        model: str,
        perceptor: PerceptorSpec,
        on: Machine,
        *,
        path: Path | None = None,
        label: int | None = None,
    ) -> "FaceEditor":
        """
        Args:
            path: of the directions; None finds those that `reverie directions` made.

        Raises:
            WeightsError: there are none, or they are of another generator or perceptor.
        """
        wanted = Survey(model=model, perceptor=perceptor).about()
        path = path or found(model, wanted["generator"], wanted["perceptor"])
        made = directions.read(path)
        directions.check_fits(made, wanted, path)
        return cls(FaceModel.of(model, on, label), perceptor.build(on), made)

    def step(
        self, target: str, neutral: str = NEUTRAL, *, top: int = TOP, beta: float | None = None
    ) -> Float[Tensor, " s"]:
        """The step in S from neutral words to target words; `edited` takes `alpha` of them.

        Args:
            top: so many channels move, the most relevant ones: 10 to 20 for a colour, 100 or more
                for a shape.
            beta: instead: those move whose relevance is this or more.

        Raises:
            SpecError: the words say the same, or no channel moves.
        """
        change = directions.change_of(self.perceptor, target, neutral)
        size = self.model.network.s_dim
        return self.directions.step(change, size, top=top, beta=beta)

    def edited(
        self, latents: Sequence[Ws | Styles], step: Float[Tensor, " s"], alpha: float = ALPHA
    ) -> Styles:
        """Faces changed by so many steps, as points of S; the opposite below 0.

        Raises:
            SpecError: alpha is no number.
        """
        directions.check_alpha(alpha)
        styles = self.model.styles(latents)
        return styles + alpha * step.to(styles)

    @torch.no_grad()
    def scores(self, pictures: Image, target: str) -> list[float]:
        """How similar pictures are to words, -1 to 1."""
        size = (self.perceptor.size, self.perceptor.size)
        seen = self.perceptor.encode_image(images.resize(pictures, size))
        words = embed_labels(self.perceptor, [target], ("{}",))
        return (seen @ words.T)[:, 0].tolist()


def place(model: str, generator: str, perceptor: Sequence[str]) -> Path:
    """Where the directions of a pair are kept.

    Args:
        generator: SHA-256 of the model.
        perceptor: the names of its files.
    """
    if (model, *perceptor) == SHIPPED:
        own = pocket.FOLDER / "directions.safetensors"
        if own.is_file() and directions.read(own).about["generator"] == generator:
            return own
    seer = "-".join(plain(Path(name).stem or name) for name in perceptor)
    name = re.sub(r"\W+", "-", Path(model).stem)
    return home() / "directions" / f"{name}-{generator[:8]}-{seer}.safetensors"


def found(model: str, generator: str, perceptor: dict[str, str]) -> Path:
    """Where the directions of a pair lie.

    Raises:
        WeightsError: they have not been made yet.
    """
    path = place(model, generator, list(perceptor))
    if not path.is_file():
        raise WeightsError(
            f"there are no directions for {model} and {', '.join(perceptor)} yet; make them, once: "
            f"reverie directions {model} --perceptor {','.join(perceptor)}"
        )
    return path
