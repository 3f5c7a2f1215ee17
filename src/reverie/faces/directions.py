"""What moving each channel of S does to what CLIP sees, and from that: words to a step in S.

Source: the global directions of Patashnik et al., "StyleCLIP" (2021),
https://arxiv.org/abs/2103.17249, section 6; how many channels, its appendix C.
Differs: the number of channels that move is asked for (`top`) rather than the threshold `beta`,
which can be given too; a threshold that leaves none is refused, where StyleCLIP divides by 0.
Sentence frames of our own stand where it takes those of ImageNet.
"""

import json
import math
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from reverie.errors import SpecError, WeightsError
from reverie.faces.survey import Channels, Rows, Survey
from reverie.faces.usual import TOP
from reverie.perceptor.compare import embed_labels
from reverie.protocols import Perceptor
from reverie.spec import from_json

FORMAT = "reverie directions 1"
FRAMES = (  # what a phrase without its article is put into
    "{}", "a {}", "the {}", "an image of a {}", "a picture of a {}", "the picture of the {}",
    "a portrait of a {}", "a drawing of a {}", "an illustration of a {}", "a painting of a {}",
    "a photo of a {}", "a photo of the {}", "a good photo of a {}", "a bright photo of a {}",
    "a dark photo of a {}", "a close-up of a {}", "a close-up photo of the {}", "a cartoon of a {}",
    "a sketch of a {}", "a headshot of a {}",
)  # fmt: skip
ARTICLES = ("a ", "an ", "the ")


@dataclass(frozen=True)
class Directions:
    """A finished survey.

    rows: for each of `channels`, where moving it takes an embedding.
    deviation: of each channel.
    about: what `Survey.about` gave.
    """

    rows: Rows
    channels: Channels
    deviation: Float[Tensor, " channels"]
    about: dict[str, Any]

    @cached_property
    def survey(self) -> Survey:
        return from_json(self.about["survey"], Survey, "$.survey")

    def relevance(self, change: Float[Tensor, " d"]) -> Float[Tensor, " channels"]:
        """How far each channel goes the way that an embedding is to go, -1 to 1."""
        return F.normalize(self.rows.to(change.device), dim=1) @ change


def step_along(
    relevance: Float[Tensor, " channels"],
    channels: Channels,
    deviation: Float[Tensor, " channels"],
    size: int,
    *,
    top: int = TOP,
    beta: float | None = None,
) -> Float[Tensor, " s"]:
    """The step in S, of which `alpha` are taken: the most relevant channel moves by its deviation.

    Args:
        size: how many numbers S has.
        top: so many channels move, the most relevant ones.
        beta: instead: those move whose relevance is this or more.

    Raises:
        SpecError: no channel moves.
    """
    far = relevance.abs()
    most = far.max().item()
    if beta is not None and not 0 <= beta <= most:
        raise SpecError(
            f"beta: {beta:g} leaves no channel; the most relevant one has {most:.3f}, so take "
            f"less than that, such as {most * 0.6:.2f}, or say how many with --top"
        )
    if top < 1:
        raise SpecError(f"top: got {top}; 1 or more channels move, and 20 is usual")
    if not most > 0:
        raise SpecError("these words change nothing that any channel does; take others")
    least = beta if beta is not None else far.topk(min(top, len(far))).values[-1]
    kept = torch.where(far >= least, relevance / most, torch.zeros_like(relevance))
    step = relevance.new_zeros(size)
    step[channels.to(step.device)] = kept * deviation.to(step.device)
    return step


def change_of(perceptor: Perceptor, target: str, neutral: str) -> Float[Tensor, " d"]:
    """Where an embedding goes from neutral words to target words, unit length.

    Raises:
        SpecError: both say the same.
    """
    wanted, plain = (_bare(text) for text in (target, neutral))
    to, start = embed_labels(perceptor, [wanted, plain], FRAMES)
    if not wanted or not plain or torch.equal(to, start):
        raise SpecError(
            f"{target!r} and the neutral {neutral!r} must be words that say different things, such "
            "as 'a face with blue eyes' and 'a face'"
        )
    return F.normalize(to - start, dim=0)


def _bare(text: str) -> str:
    """A phrase without its article."""
    text = text.strip()
    first = next((a for a in ARTICLES if text.lower().startswith(a)), "")
    return text[len(first) :].strip()


def check_alpha(alpha: float) -> None:
    if not math.isfinite(alpha):
        raise SpecError(f"alpha: got {alpha}; it is a number of steps, such as 4 or -4")


def write(directions: Directions, path: Path) -> None:
    """Writes directions, rows in half precision, whole or not at all.

    Raises:
        WeightsError: they cannot be written.
    """
    tensors = {
        "rows": directions.rows.half(),
        "channels": directions.channels.int(),
        "deviation": directions.deviation.float(),
    }
    partial = path.with_name(f".{uuid.uuid4().hex}.part")
    told = {"format": FORMAT, "about": json.dumps(directions.about, sort_keys=True)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # save_file would let none but its owner read the file
        partial.write_bytes(save({name: t.cpu().contiguous() for name, t in tensors.items()}, told))
        partial.replace(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path) -> Directions:
    """What `write` wrote.

    Raises:
        WeightsError: it is something else, or broken.
    """
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            if told.get("format") != FORMAT:
                raise WeightsError(f"{path}: holds no directions; make them: reverie directions")
            about = json.loads(told["about"])
            rows, channels, deviation = (
                file.get_tensor(name) for name in ("rows", "channels", "deviation")
            )
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: there is no such file of directions") from error
    except (OSError, SafetensorError, KeyError, ValueError, RecursionError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(
            f"{path}: these directions are damaged ({error}); make them again: reverie directions"
        ) from error
    _check(rows, channels, deviation, about, path)
    return Directions(rows.float(), channels.long(), deviation.float(), about)


def _check(rows: Tensor, channels: Tensor, deviation: Tensor, about: Any, path: Path) -> None:
    whole = rows.ndim == 2 and channels.ndim == 1 and deviation.ndim == 1
    whole = whole and 0 < len(rows) == len(channels) == len(deviation)
    whole = whole and bool(rows.isfinite().all() and deviation.isfinite().all())
    if not whole or not _tells(about):
        raise WeightsError(
            f"{path}: its rows, channels and deviations do not go together; make it again"
        )


def _tells(about: Any) -> bool:
    """Whether this is what `Survey.about` gives, as far as it is read here."""
    wanted = {"survey": dict, "generator": str, "perceptor": dict}
    if not isinstance(about, dict):
        return False
    return all(isinstance(about.get(name), kind) for name, kind in wanted.items())


def check_fits(made: Directions, wanted: dict[str, Any], path: Path) -> None:
    """Refuses directions of another generator or another perceptor.

    Args:
        wanted: what `Survey.about` gives of the ones at hand.

    Raises:
        WeightsError: they are of others.
    """
    for what in ("generator", "perceptor"):
        if made.about[what] != wanted[what]:
            was, now = (_named(about, what) for about in (made.about, wanted))
            raise WeightsError(
                f"{path}: was prepared with the {what} {was}, and here it is {now}; prepare it for "
                "this one with: reverie directions"
            )


def _named(about: dict[str, Any], what: str) -> str:
    if what == "generator":
        return f"{about['survey']['model']} (sha256 {about['generator'][:12]})"
    return ", ".join(f"{n} (sha256 {sha[:12]})" for n, sha in about["perceptor"].items())
