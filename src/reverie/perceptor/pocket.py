"""The pocket perceptors: CLIPs of our own, small enough to come with the package.

Source: `nets/pocket_clip.py`, `nets/pocket_judge.py`; how they were trained: `training/`; how good
they are: docs/pocket.md.
Differs: from CLIP in all that size brings: they know drawn things, colours, places, art styles and
cartoon faces, and read other words as near ones or by their spelling (see `reading`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL.Image import Image as Picture
from PIL.Image import Resampling
from torch import Tensor, nn

from reverie.nets.pocket_clip import PocketClip
from reverie.nets.pocket_judge import PocketJudge
from reverie.perceptor.layers import place
from reverie.perceptor.pocket_words import PocketWords, Reading
from reverie.perceptor.reading import Read, spans
from reverie.protocols import Activations, Embedding, Machine, PerceptorSpec
from reverie.spec import spec
from reverie.weights import pocket

PocketName = Literal["pocket-clip", "pocket-judge"]
NETWORKS: dict[str, type[PocketClip] | type[PocketJudge]] = {
    "pocket-clip": PocketClip,
    "pocket-judge": PocketJudge,
}


class PocketPerceptor(nn.Module):
    """Views and texts in the space of a pocket model. Nothing here learns."""

    logit_scale = 30.0
    unit = "words"

    def __init__(
        self,
        network: PocketClip | PocketJudge,
        words: PocketWords,
        *,
        size: int,
        precision: torch.dtype,
    ) -> None:
        super().__init__()
        self.size = size
        self.network = network.eval().requires_grad_(False)
        self.words, self.precision = words, precision
        self.vocabulary = words.nearest | {word: word for word in words.vocabulary}
        self.layers: list[str] = network.image.layers
        self.network.image.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode_image(self, views: Float[Tensor, "n 3 s s"]) -> Embedding:
        views = views.contiguous(memory_format=torch.channels_last)
        with self._precisely(views):
            return F.normalize(self.network.image(views).float(), dim=1)

    def activations(self, views: Float[Tensor, "n 3 s s"], layer: str) -> Activations:
        at = place(layer, self.layers)
        views = views.contiguous(memory_format=torch.channels_last)
        with self._precisely(views):
            return self.network.image.activations(views, at).float()

    def _precisely(self, views: Tensor) -> torch.autocast:
        on = self.precision != torch.float32
        return torch.autocast(views.device.type, self.precision, on)

    def encode_text(self, texts: Sequence[str]) -> Embedding:
        device = next(self.network.parameters()).device
        words, pieces = (rows.to(device) for rows in self.words.encode(list(texts)))
        return F.normalize(self.network.text(words, pieces).float(), dim=1)

    def has_room_for(self, text: str) -> bool:
        """Whether a text is read to its end."""
        return len(self.words.read(text).words) <= self.room

    @property
    def room(self) -> int:
        return self.words.length

    def read(self, text: str) -> list[Read]:
        found: list[Read] = []
        for start, end in spans(text):
            known = self.words.read(text[start:end])
            found.append(
                Read(
                    start=start,
                    end=end,
                    pieces=known.words,
                    instead=known.instead,
                    unknown=known.guessed,
                )
            )
        return found

    def prepare(self, picture: Picture) -> Float[Tensor, "3 s s"]:
        """A picture as one view, in [0, 1]: its middle square, scaled down with care."""
        short = min(picture.size)
        left, top = ((side - short) // 2 for side in picture.size)
        square = picture.convert("RGB").crop((left, top, left + short, top + short))
        how = Resampling.BOX if short > self.size else Resampling.BICUBIC
        square = square.resize((self.size, self.size), how)
        data = torch.frombuffer(bytearray(square.tobytes()), dtype=torch.uint8)
        pixels = data.view(self.size, self.size, 3).permute(2, 0, 1)  # [s, s, 3] -> [3, s, s]
        return pixels.to(next(self.network.parameters()).device).float() / 255


@spec
class Pocket(PerceptorSpec):
    """A perceptor that is in the package. `pocket-judge` is for measuring: do not paint with it."""

    model: PocketName = "pocket-clip"

    def build(self, machine: Machine) -> PocketPerceptor:
        return _built(self.model, machine)

    def digests(self) -> dict[str, str]:
        return {self.model: pocket.digest(self.model)}


@lru_cache(maxsize=4)
def _built(name: str, machine: Machine) -> PocketPerceptor:
    model = pocket.read(name)
    words = tokenizer(name)
    with torch.device("meta"):  # draws no numbers
        network = NETWORKS[name](len(words), buckets=words.buckets)
    network.load_state_dict(model.tensors, assign=True)
    eye = PocketPerceptor(network, words, size=model.about["size"], precision=machine.precision)
    return eye.to(machine.device)


@lru_cache(maxsize=2)
def tokenizer(name: str = "pocket-clip") -> PocketWords:
    """How a pocket model reads."""
    about = pocket.read(name).about
    return PocketWords(
        about["words"], pocket.nearest_words(), buckets=about["buckets"], length=about["length"]
    )


def reading(texts: Sequence[str], name: str = "pocket-clip") -> Reading:
    """What a pocket model makes of the words of some texts together."""
    return tokenizer(name).read(" ".join(texts))


def understood(texts: Sequence[str], name: str = "pocket-clip") -> str:
    """What to tell of words that are not read as they stand; "" when all are."""
    return told(reading(texts, name))


def told(read: Reading) -> str:
    """A reading in words, as `understood` says it."""
    said = [f'reading "{asked}" as "{known}"' for asked, known in read.instead]
    if read.guessed:
        said.append("I do not know " + ", ".join(f'"{word}"' for word in read.guessed))
    return "; ".join(said)


def tiny() -> Pocket:
    return Pocket()
