"""StyleCLIP's mapper: w and a sentence it was trained on -> the same face with that look.

Source: Patashnik et al., "StyleCLIP" (2021), https://arxiv.org/abs/2103.17249, section 5; tensors
go by the names of its files. Their normalisation runs over the layers of w, and not over its
numbers; the weights were trained so, and so it stays.
Differs: the weights are frozen buffers, every constant factor multiplied in beforehand.
"""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.nets.stylegan import EPS, SLOPE, Linear, Style, Styles, Weights, Ws

RATE = 0.01  # that scales its weights
PARTS = {  # the rows of w that each network moves, and what its tensors are called
    "coarse": (slice(0, 4), "course_mapping"),  # as their files spell it
    "medium": (slice(4, 8), "medium_mapping"),
    "fine": (slice(8, None), "fine_mapping"),
}
LAYERS = range(1, 5)


class LevelsMapper(nn.Module):
    """What is added to rows of w, by a network for the coarse, the medium and the fine rows.

    Args:
        parts: of PARTS, those that move; the others add nothing. A file may lack some.
    """

    def __init__(self, weights: Weights, parts: Sequence[str] = tuple(PARTS)) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(
            {
                part: PartMapper(weights, f"mapper.{PARTS[part][1]}")
                for part in parts
                if f"mapper.{PARTS[part][1]}.mapping.1.weight" in weights
            }
        )

    def forward(self, ws: Ws) -> Ws:
        step = torch.zeros_like(ws)
        for part, network in self.parts.items():
            rows = PARTS[part][0]
            if ws[:, rows].shape[1]:
                step[:, rows] = network(ws[:, rows])
        return step


class SingleMapper(nn.Module):
    """What is added to rows of w, by one network for all."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.network = PartMapper(weights, "mapper.mapping")

    def forward(self, ws: Ws) -> Ws:
        return self.network(ws)


class StyleMapper(nn.Module):
    """What is added to a point of S, by a network for every layer, or for those without colours."""

    def __init__(self, weights: Weights, layout: Sequence[Style]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict()
        self.places: dict[str, slice] = {}
        for i, style in enumerate(layout):
            if f"mapper.mapper_{i}.mapping.1.weight" in weights:
                self.networks[str(i)] = PartMapper(weights, f"mapper.mapper_{i}")
                self.places[str(i)] = style.at

    def forward(self, styles: Styles) -> Styles:
        step = torch.zeros_like(styles)
        for number, network in self.networks.items():
            at = self.places[number]
            step[:, at] = network(styles[:, at])
        return step


class PartMapper(nn.Module):
    """Numbers of mean square 1 along their second axis, through four layers."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(Linear(*weights.linear(f"{name}.mapping.{i}", RATE)) for i in LAYERS)
        )

    def forward(self, x: Float[Tensor, "b *rows n"]) -> Float[Tensor, "b *rows n"]:
        x = x * (x.square().mean(1, keepdim=True) + EPS).rsqrt()
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * math.sqrt(2)
        return x


def widths(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """How many numbers each network of a mapper takes, by the names of their tensors."""
    return {
        name.removeprefix("mapper.").removesuffix(".mapping.1.weight"): tensor.shape[1]
        for name, tensor in tensors.items()
        if name.endswith(".mapping.1.weight")
    }
