"""A face by what is seen of it, such as red hair and a witch hat, for the StyleGAN in the package.

Every direction of its space w is one of what can be seen (see `training/face_space.py`), so what
is said of a face is a point of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.canvas.stylegan_start import LatentSpec
from reverie.errors import SpecError
from reverie.nets.stylegan import StyleGAN, Ws
from reverie.protocols import Draws
from reverie.spec import hint, spec
from reverie.weights import pocket

MODEL = "pocket-stylegan"
LIVELY = 0.6  # how far poses and proportions vary, in parts of what was trained on
WORD = "="  # between an attribute and its value
Numbers = Float[Tensor, "*faces numbers"]
Points = Float[Tensor, "*faces w"]


@dataclass(frozen=True)
class Space:
    """What can be seen of a face, and where that lies in w.

    Args:
        choices: of each attribute, in the order of the numbers.
        measures: attributes that are numbers, -1 to 1; these come after the choices.
        usual: what an ordinary person looks like, but for the colours; and what each character
            has of its own.
        common: of each attribute that is a colour, the values that anybody may have.
        mean, axes: w is what is said of a face, less the mean, along the axes.
    """

    choices: dict[str, tuple[str, ...]]
    measures: tuple[str, ...]
    usual: dict[str, dict[str, str]]
    common: dict[str, tuple[str, ...]]
    mean: Float[Tensor, " numbers"]
    axes: Float[Tensor, "w numbers"]

    def ordinary(self, kind: str) -> dict[str, str]:
        """What an ordinary face of a character looks like."""
        return self.usual["person"] | self.usual[kind]

    def numbers(self, traits: Mapping[str, str]) -> Float[Tensor, " numbers"]:
        """What is said of a face as numbers; what is not said as it is in the mean."""
        return self.changed(self.mean[None], traits)[0]

    def changed(self, rows: Numbers, traits: Mapping[str, str], share: float = 1.0) -> Numbers:
        """Faces as numbers, with other traits.

        Args:
            share: 0 leaves them as they were, 1 makes them have the traits, more exaggerates.
        """
        found, start = rows.clone(), 0
        for name, choices in self.choices.items():
            own = slice(start, start := start + len(choices))
            if name in traits:
                wanted = torch.zeros(len(choices)).to(rows)
                wanted[choices.index(traits[name])] = 1
                found[..., own] = rows[..., own].lerp(wanted, share)
        return found

    def points(self, rows: Numbers) -> Points:
        """w of faces."""
        return (rows - self.mean.to(rows)) @ self.axes.to(rows).T

    def of_points(self, w: Points) -> Numbers:
        """What w says of faces."""
        return w @ self.axes.to(w) + self.mean.to(w)

    def checked(self, traits: Sequence[str]) -> dict[str, str]:
        """Traits such as `hair_colour=red` by the names of their attributes.

        Raises:
            SpecError: there is no such attribute, or no such value of it.
        """
        found: dict[str, str] = {}
        for text in traits:
            name, said, value = (part.strip() for part in text.partition(WORD))
            name = name.replace(" ", "_")
            if not said or name not in self.choices:
                raise SpecError(
                    f"traits: {text!r} is not ATTRIBUTE=VALUE{hint(name, self.choices)}"
                )
            if value not in self.choices[name]:
                raise SpecError(f"traits: {text!r}{hint(value, self.choices[name])}")
            if name in found:
                raise SpecError(f"traits: {name} is said twice, {found[name]} and {value}")
            found[name] = value
        return found


@lru_cache(maxsize=1)
def space() -> Space:
    """That of the model in the package.

    Raises:
        WeightsError: the package was installed without it.
    """
    model = pocket.read(MODEL)
    told = model.about
    return Space(
        choices={name: tuple(values) for name, values in told["attributes"].items()},
        measures=tuple(told["measures"]),
        usual=told["usual"],
        common={name: tuple(values) for name, values in told["common"].items()},
        mean=model.tensors["faces.mean"],
        axes=model.tensors["faces.axes"],
    )


@spec
class Portrait(LatentSpec):
    """`traits` such as `hair_colour=red`; all others are those of an ordinary face of its
    character. Colours that are not said, pose and proportions are drawn for every picture.

    guessed: from words, so that other words guess anew.
    """

    traits: tuple[str, ...]
    guessed: bool = False

    def draw(self, network: StyleGAN, label: int | None, seeds: Sequence[int]) -> Ws:
        known = space()
        if network.w_dim != len(known.axes) or label is not None:
            raise SpecError(f"traits: only {MODEL} can be told what to draw; start from seed:7")
        traits = known.checked(self.traits)
        traits = known.ordinary(traits.get("kind", "person")) | traits
        drawn = {name: Draws(seeds, 0, f"portrait/{name}").uniform(1) for name in known.common}
        rows = torch.stack([known.numbers(traits) for _ in seeds])
        for at in range(len(seeds)):
            colours = {
                name: common[int(drawn[name][at] * len(common))]
                for name, common in known.common.items()
                if name not in traits
            }
            rows[at] = known.numbers(traits | colours)
        pose = Draws(seeds, 0, "portrait/pose").uniform(len(known.measures))
        rows[:, -len(known.measures) :] += LIVELY * (2 * pose - 1)
        points = known.points(rows).to(network.w_avg.device)
        return points[:, None].expand(-1, network.num_ws, -1)  # [b, w] -> [b, num_ws, w]
