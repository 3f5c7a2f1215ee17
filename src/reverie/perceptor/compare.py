"""Pictures and words side by side in a perceptor's space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from PIL import Image as Pil
from torch import Tensor

from reverie import image as images
from reverie.place import Box, cropped, pixels
from reverie.protocols import Embedding, Perceptor, Views

TEMPLATES = (
    "{}",
    "a photo of {}",
    "a picture of {}",
    "a painting of {}",
    "a drawing of {}",
    "a close-up of {}",
    "an illustration of {}",
)


@runtime_checkable
class Prepares(Protocol):
    """A perceptor with a preparation of its own for whole pictures."""

    def prepare(self, picture: Pil.Image) -> Tensor: ...


@runtime_checkable
class Classifier(Perceptor, Protocol):
    """A perceptor that knows how sure its cosines make it."""

    logit_scale: float  # what cosines are multiplied by before a softmax


@torch.no_grad()
def embed_pictures(
    perceptor: Perceptor, sources: Sequence[str | Path], box: Box | None = None
) -> Embedding:
    """Whole pictures, or the same part of each, by path or link, `[n, d]`.

    They are prepared as the perceptor was trained, and squashed into a square where it does not
    say how. Embedded one by one, so that the number of pictures is not limited by memory.
    """
    rows = [perceptor.encode_image(_prepared(perceptor, source, box)) for source in sources]
    return torch.cat(rows)


def _prepared(perceptor: Perceptor, source: str | Path, box: Box | None) -> Views:
    if isinstance(perceptor, Prepares):
        picture = images.open_upright(source)
        part = picture if box is None else picture.crop(pixels(box, picture.size))
        return perceptor.prepare(part)[None]
    device = perceptor.encode_text(["a picture"]).device
    size = (perceptor.size, perceptor.size)
    return images.resize(cropped(images.load(source), box), size).clamp(0, 1).to(device)


@torch.no_grad()
def embed_labels(
    perceptor: Perceptor, labels: Sequence[str], templates: Sequence[str] = TEMPLATES
) -> Embedding:
    """Each label as the mean of its wordings, `[n, d]`, unit length.

    Source: Radford et al., "CLIP" (2021), section 3.1.4: templates are averaged as embeddings.
    """
    texts = [template.format(label) for label in labels for template in templates]
    rows = perceptor.encode_text(texts).unflatten(0, (len(labels), -1))  # [n*k, d] -> [n, k, d]
    return torch.nn.functional.normalize(rows.mean(1), dim=-1)


def classify(
    perceptor: Classifier, pictures: Sequence[str | Path], labels: Sequence[str]
) -> Tensor:
    """The probability of each label for each picture, `[pictures, labels]`; rows add up to 1."""
    cosines = embed_pictures(perceptor, pictures) @ embed_labels(perceptor, labels).T
    return (perceptor.logit_scale * cosines).softmax(1)
