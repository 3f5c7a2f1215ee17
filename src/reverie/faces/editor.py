"""Faces changed by words: a generator, a perceptor, and what is known of its channels."""

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
from reverie.faces.slopes import Slopes
from reverie.faces.survey import Survey, channels
from reverie.faces.usual import ALPHA, FIRM, FIRM_ALPHA, NEUTRAL, TOP
from reverie.nets.stylegan import Styles, Ws
from reverie.perceptor.compare import embed_labels
from reverie.protocols import Image, Machine, Perceptor, PerceptorSpec
from reverie.weights.models import home, plain


@dataclass(frozen=True)
class FaceEditor:
    """Changes faces as words say."""

    model: FaceModel
    perceptor: Perceptor
    directions: Directions | Slopes

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
            path: of directions; None takes those that `reverie directions` made, and where there
                are none, slopes.

        Raises:
            WeightsError: they are of another generator or perceptor, or cannot be read.
        """
        wanted = Survey(model=model, perceptor=perceptor).about()
        opened, eye = FaceModel.of(model, on, label), perceptor.build(on)
        usual = place(model, wanted["generator"], list(wanted["perceptor"]))
        if path is None and not usual.is_file():
            return cls(opened, eye, Slopes.of(opened, eye))
        made = directions.read(path := path or usual)
        directions.check_fits(made, wanted, path)
        if not torch.equal(made.channels, channels(opened.network)):
            raise WeightsError(
                f"{path}: its channels are not those of {model}; make it again: reverie directions"
            )
        return cls(opened, eye, made)

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
        known = self.directions
        return directions.step_along(
            known.relevance(change),
            known.channels,
            known.deviation,
            self.model.network.s_dim,
            top=top,
            beta=beta,
        )

    @property
    def alpha(self) -> float:
        """How many steps are usual."""
        return FIRM_ALPHA if self.model.name == FIRM else ALPHA

    def edited(
        self, latents: Sequence[Ws | Styles], step: Float[Tensor, " s"], alpha: float | None = None
    ) -> Float[Tensor, "n s"]:
        """Faces changed by so many steps, as points of S; the opposite below 0.

        Raises:
            SpecError: alpha is no number.
        """
        alpha = self.alpha if alpha is None else alpha
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
    seer = "-".join(plain(Path(name).stem or name) for name in perceptor)
    name = re.sub(r"\W+", "-", Path(model).stem)
    return home() / "directions" / f"{name}-{generator[:8]}-{seer}.safetensors"
