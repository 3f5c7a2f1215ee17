"""StyleCLIP's mappers from their files, put to work on faces of the generator they are for.

Source: the `mapper` of the checkpoints of https://github.com/orpatashnik/StyleCLIP: one network
for three groups of rows, for all rows, or for every layer of S; a tenth of what it says is added.
Differs: what is missing, unknown or of another width is refused; there, names are not looked at.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reverie.errors import SpecError, WeightsError
from reverie.nets.mapper import (
    LAYERS,
    PARTS,
    LevelsMapper,
    SingleMapper,
    StyleMapper,
    widths,
)
from reverie.nets.stylegan import StyleGAN, Styles, Weights, Ws
from reverie.weights.store import find

STRENGTH = 0.1  # the share of its answer that StyleCLIP adds
PUBLISHED = 1024  # pixels a side of the generator, where a file does not say


@dataclass(frozen=True)
class Mapper:
    """A mapper for one generator. digest: SHA-256 of its file."""

    network: LevelsMapper | SingleMapper | StyleMapper
    digest: str

    @classmethod
    def of(cls, file: str, generator: StyleGAN, parts: Sequence[str] = tuple(PARTS)) -> "Mapper":
        """
        Args:
            file: a checkpoint, or the name of a stored mapper.
            parts: of coarse, medium and fine, those that move; without fine, colours stay.

        Raises:
            WeightsError: it is no mapper, or one for another generator.
            SpecError: it has no such parts.
        """
        if not parts or not set(parts) <= set(PARTS):
            raise SpecError(f"parts: got {', '.join(parts) or 'none'}; of {', '.join(PARTS)}")
        found = find(file, "mapper")
        tensors, config = found.contents()
        named = widths(tensors)
        if not named:
            raise WeightsError(f"{found.path}: is no mapper of StyleCLIP: it has no mapper.*")
        _check_layers(tensors, named, str(found.path))
        weights = Weights(tensors)
        if all(name.startswith("mapper_") for name in named):
            wanted = {
                f"mapper_{i}": style.at.stop - style.at.start
                for i, style in enumerate(generator.layout)
            }
            _check_widths(named, wanted, str(found.path))
            made = StyleMapper(weights, generator.layout)
        else:
            _check_rows(config, generator, str(found.path))
            groups = ("mapping", *(name for _, name in PARTS.values()))
            _check_widths(named, dict.fromkeys(groups, generator.w_dim), str(found.path))
            made = SingleMapper(weights) if "mapping" in named else LevelsMapper(weights, parts)
        _check_parts(made, parts, str(found.path))
        return cls(made.to(generator.w_avg.device), found.digest())

    @torch.no_grad()
    def mapped(
        self, generator: StyleGAN, latents: Ws | Styles, strength: float = STRENGTH
    ) -> Ws | Styles:
        """Latents as the mapper would have them; a mapper of styles makes points of S.

        Raises:
            SpecError: a point of S came, and the mapper takes rows of w.
        """
        if not math.isfinite(strength):
            raise SpecError(f"strength: got {strength}; it is a number, and {STRENGTH} is usual")
        if isinstance(self.network, StyleMapper):
            latents = latents if latents.ndim == 2 else generator.styles(latents)
        elif latents.ndim == 2:
            raise SpecError("this mapper takes rows of w, and an edited face is a point of S")
        return latents + strength * self.network(latents)


def _check_layers(tensors: Mapping[str, Tensor], named: Mapping[str, int], file: str) -> None:
    for name, width in named.items():
        for i in LAYERS:
            for part, shape in (("weight", (width, width)), ("bias", (width,))):
                key = f"mapper.{name}.mapping.{i}.{part}"
                came = list(tensors[key].shape) if key in tensors else "nothing"
                if came != list(shape):
                    raise WeightsError(f"{file}: {key} is {came}; wanted is {list(shape)}")


def _check_widths(named: Mapping[str, int], wanted: Mapping[str, int], file: str) -> None:
    for name, width in named.items():
        if wanted.get(name) != width:
            known = f"takes {wanted[name]} there" if name in wanted else "has no such part"
            raise WeightsError(
                f"{file}: {name} is for {width} numbers, and this generator {known}; a mapper goes "
                "with the generator it was trained on; name that one with --model"
            )


def _check_rows(config: Mapping[str, Any], generator: StyleGAN, file: str) -> None:
    told = config.get("opts")
    size = told.get("stylegan_size", PUBLISHED) if isinstance(told, dict) else PUBLISHED
    if not isinstance(size, int) or size != generator.resolution:
        raise WeightsError(
            f"{file}: is for a generator of {size} pixels a side, and this one draws "
            f"{generator.resolution}; name the right one with --model"
        )


def _check_parts(made: torch.nn.Module, parts: Sequence[str], file: str) -> None:
    if not isinstance(made, LevelsMapper):
        if set(parts) != set(PARTS):
            raise SpecError(f"parts: {file} has no coarse, medium and fine part; leave them out")
    elif not len(made.parts):
        raise SpecError(f"parts: {file} lacks {', '.join(parts)}; take another part")
