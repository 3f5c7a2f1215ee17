"""Pictures and words side by side in a perceptor's space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image as Pil
from torch import Tensor

from reverie import image as images
from reverie.protocols import Embedding, Perceptor

TEMPLATES = (
    "{}",
    "a photo of {}",
    "a picture of {}",
    "a painting of {}",
    "a drawing of {}",
    "a close-up of {}",
    "an illustration of {}",
)


class Comparer(Perceptor, Protocol):
    """A perceptor that can also prepare whole pictures for itself."""

    logit_scale: float

    def prepare(self, image: Pil.Image) -> Tensor: ...


@torch.no_grad()
def embed_pictures(perceptor: Comparer, paths: Sequence[str | Path]) -> Embedding:
    """Whole pictures, cut to a centre square as the perceptor was trained, `[n, d]`."""
    device = next(perceptor.parameters()).device  # type: ignore[attr-defined]
    rows = [
        perceptor.encode_image(perceptor.prepare(images.open_picture(path))[None].to(device))
        for path in paths
    ]
    return torch.cat(rows)


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
    perceptor: Comparer, pictures: Sequence[str | Path], labels: Sequence[str]
) -> Tensor:
    """The probability of each label for each picture, `[pictures, labels]`; rows add up to 1."""
    cosines = embed_pictures(perceptor, pictures) @ embed_labels(perceptor, labels).T
    return (perceptor.logit_scale * cosines).softmax(1)
