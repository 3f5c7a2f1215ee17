"""CLIP as a perceptor.

Source: Radford et al. (2021), https://arxiv.org/abs/2103.00020, and https://github.com/openai/CLIP.
Differs: views come in [0, 1] and the normalisation is done here; embeddings have unit length and
are float32, whatever the image tower computes in; the text tower always computes in float32.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL.Image import Image as Picture
from PIL.Image import Resampling
from torch import Tensor, nn

from reverie.errors import WeightsError
from reverie.nets.clip import ClipNetwork, ClipShape, TextTransformer
from reverie.perceptor.layers import place
from reverie.perceptor.reading import Read, spans
from reverie.perceptor.tokenizer import BYTES, PromptWarning, Tokenizer
from reverie.protocols import Activations, Embedding, Machine, PerceptorSpec
from reverie.spec import spec
from reverie.weights.clip_layouts import openai_layout
from reverie.weights.store import Checkpoint, find
from reverie.weights.vqgan_layouts import is_vqgan


class ClipPerceptor(nn.Module):
    """Views and texts in CLIP's space. Nothing here learns; only views collect gradient.

    Args:
        words: builds the text tower once more. Then painting goes on without one, which is a third
            of the numbers; without `words` it stays.
    """

    mean: Tensor
    std: Tensor
    unit = "tokens"
    vocabulary: ClassVar[Mapping[str, str]] = {}  # it reads any word

    def __init__(
        self,
        network: ClipNetwork,
        tokenizer: Tokenizer,
        words: Callable[[], TextTransformer] | None = None,
    ) -> None:
        super().__init__()
        self.words = words
        self.network, self.tokenizer = network, tokenizer
        self.size = network.shape.image_size
        self.layers: list[str] = network.visual.layers
        self.logit_scale = network.logit_scale.item()
        for name in ("mean", "std"):
            numbers = torch.tensor(getattr(network.shape, name)).view(3, 1, 1)
            self.register_buffer(name, numbers)

    def encode_image(self, views: Float[Tensor, "n 3 s s"]) -> Embedding:
        return F.normalize(self.network.visual(self._pixels(views)).float(), dim=1)

    def activations(self, views: Float[Tensor, "n 3 s s"], layer: str) -> Activations:
        at = place(layer, self.layers)
        return self.network.visual.activations(self._pixels(views), at).float()

    def _pixels(self, views: Float[Tensor, "n 3 s s"]) -> Float[Tensor, "n 3 s s"]:
        """As the image tower wants them. Views with a gradient are painted, which needs no text."""
        if views.requires_grad and self.words is not None:
            self.network._modules.pop("text", None)
        pixels = (views - self.mean) / self.std
        return pixels.to(next(self.network.visual.buffers()).dtype)

    def encode_text(self, texts: Sequence[str]) -> Embedding:
        tokens = self.tokenizer.tokens(texts).to(self.mean.device)
        text = self.network._modules.get("text")
        if text is None:
            assert self.words is not None
            self.network.text = text = self.words().to(self.mean.device)
        return F.normalize(text(tokens), dim=1)

    def has_room_for(self, text: str) -> bool:
        """Whether a text is read to its end."""
        return len(self.tokenizer.encode(text)) <= self.room

    @property
    def room(self) -> int:
        return self.tokenizer.context - 2

    def read(self, text: str) -> list[Read]:
        return [
            Read(start=start, end=end, pieces=tuple(self.tokenizer.pieces(text[start:end])))
            for start, end in spans(text)
        ]

    def prepare(self, picture: Picture) -> Float[Tensor, "3 s s"]:
        """A picture as one view, in [0, 1], to the bit as OpenAI's preprocessing makes it."""
        width, height = picture.size
        short, long = self.size, self.size * max(width, height) // min(width, height)
        wide = (long, short) if width > height else (short, long)
        picture = picture.resize(wide, Resampling.BICUBIC)
        left, top = (round((side - short) / 2) for side in wide)
        picture = picture.crop((left, top, left + short, top + short))
        picture = picture.convert("RGB")  # after resizing, as there
        data = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        pixels = data.view(short, short, 3).permute(2, 0, 1)  # [s, s, 3] -> [3, s, s]
        return pixels.to(self.mean.device).float() / 255


@spec
class Clip(PerceptorSpec):
    """CLIP in OpenAI's architecture, from a file or folder in any of three layouts.

    `weights` is a name that `reverie models` lists, or a path. Built once for every machine.

    raw: shows CLIP views in [-1, 1] without its mean and deviation, as StyleCLIP does: paler than
        what it was trained on, so its scores are lower, and its edits those of StyleCLIP.
    """

    weights: str
    raw: bool = False

    def build(self, machine: Machine) -> ClipPerceptor:
        return _built(self.weights, self.raw, machine)

    def digests(self) -> dict[str, str]:
        return {self.weights: find(self.weights, "clip").digest()}


@lru_cache(maxsize=4)
def _built(weights: str, raw: bool, machine: Machine) -> ClipPerceptor:
    checkpoint = find(weights, "clip")
    shape, tensors = _read(checkpoint)
    vocabulary = checkpoint.vocabulary if shape.vocab >= BYTES + 2 else None
    if vocabulary is None and shape.vocab < BYTES + 2:
        said = "knows no words, only letters: a network for tests; expect no likeness"
        warnings.warn(f"{weights} {said}", PromptWarning, stacklevel=2)
    tokenizer = Tokenizer(vocabulary, shape.context, shape.vocab)
    network = ClipNetwork(shape, tensors)
    network.visual.to(machine.precision)
    perceptor = ClipPerceptor(network, tokenizer, lambda: _words(checkpoint))
    if raw:
        perceptor.mean.fill_(0.5)
        perceptor.std.fill_(0.5)
    return perceptor.to(machine.device).eval()


def _words(checkpoint: Checkpoint) -> TextTransformer:
    shape, tensors = _read(checkpoint)
    words = {name: t.float() for name, t in tensors.items() if not name.startswith("visual.")}
    return TextTransformer(shape, words)


def _read(checkpoint: Checkpoint) -> tuple[ClipShape, dict[str, Tensor]]:
    tensors, file = checkpoint.tensors(), str(checkpoint.path)
    if is_vqgan(tensors):
        raise WeightsError(f"{file}: is a VQGAN; wanted here is a CLIP, such as ViT-B/32")
    tensors, fields = openai_layout(tensors, checkpoint.config, file)
    return ClipShape(**fields), tensors
