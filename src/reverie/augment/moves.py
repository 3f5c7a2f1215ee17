"""What may happen to a view, each thing with its probability, and the augments by name.

Source: nerdyrodent/VQGAN-CLIP, `generate.py` (2021), whose `-aug` chooses among these by two
letters; the parameters in `AUGMENTS` are those of its "latest" cutouts.
Differs: the order is fixed: crop, flip, affine, rotation, perspective, shift, resized crop,
bending, colour, softening, erasing, noise. `crop` there cuts a view to its own size and so does
nothing; here it shifts the view by up to an eighth, what a padded random crop is for. Both crops
happen to each view by itself, not to all or none. The factor of `sharpen`, 0 to 0.3, is below 1,
so it softens a view, there as here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from reverie.augment.boxes import Box
from reverie.errors import SpecError
from reverie.spec import hint

AugmentName = Literal[
    "flip",
    "affine",
    "rotate",
    "perspective",
    "crop",
    "resized-crop",
    "elastic",
    "thin-plate",
    "jitter",
    "sharpen",
    "erase",
    "gaussian-noise",
]
NAMES: tuple[AugmentName, ...] = get_args(AugmentName)
CODES: dict[str, AugmentName] = {
    "Ji": "jitter",
    "Sh": "sharpen",
    "Gn": "gaussian-noise",
    "Pe": "perspective",
    "Ro": "rotate",
    "Af": "affine",
    "Et": "elastic",
    "Ts": "thin-plate",
    "Cr": "crop",
    "Er": "erase",
    "Re": "resized-crop",
    "Hf": "flip",
}


@dataclass(frozen=True, kw_only=True)
class Moves:
    """How one kind of view is chosen. Every augment has the probability that it happens; at 0 it
    is skipped."""

    box: Box

    flip: float = 0.0

    affine: float = 0.0
    degrees: float = 0.0
    translate: float = 0.0  # of the side
    shear: float = 0.0  # in degrees

    rotate: float = 0.0
    rotate_degrees: float = 0.0

    perspective: float = 0.0
    distortion: float = 0.0  # corners move inwards by up to this many half sides
    bend_picture: bool = False  # bend the whole picture before the crop, and not the view

    crop: float = 0.0
    crop_shift: float = 0.0  # of the side

    resized_crop: float = 0.0
    resized_area: tuple[float, float] = (0.1, 1.0)
    resized_ratio: tuple[float, float] = (0.75, 1.333)

    elastic: float = 0.0

    thin_plate: float = 0.0
    thin_plate_scale: float = 0.0  # anchors move by up to this many half sides

    jitter: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0  # in turns

    sharpen: float = 0.0
    sharpness: float = 0.0  # what is kept of the difference to a blurred view is up to this

    erase: float = 0.0
    erase_area: tuple[float, float] = (0.1, 0.4)
    erase_ratio: tuple[float, float] = (0.3, 1 / 0.3)
    erase_alike: bool = True  # one rectangle for all the views of a picture

    gaussian_noise: float = 0.0
    deviation: float = 0.0


AUGMENTS: dict[AugmentName, Mapping[str, Any]] = {
    "flip": {"flip": 0.5},
    "affine": {"affine": 0.7, "degrees": 15, "translate": 0.1, "shear": 5},
    "rotate": {"rotate": 0.7, "rotate_degrees": 15},
    "perspective": {"perspective": 0.7, "distortion": 0.7},
    "crop": {"crop": 0.5, "crop_shift": 1 / 8},
    "resized-crop": {"resized_crop": 0.5},
    "elastic": {"elastic": 0.7},
    "thin-plate": {"thin_plate": 0.7, "thin_plate_scale": 0.8},
    "jitter": {
        "jitter": 0.7,
        "brightness": 0.1,
        "contrast": 0.1,
        "saturation": 0.1,
        "hue": 0.1,
    },
    "sharpen": {"sharpen": 0.5, "sharpness": 0.3},
    "erase": {"erase": 0.7},
    "gaussian-noise": {"gaussian_noise": 0.5, "deviation": 1.0},
}


def usual(*names: AugmentName) -> dict[str, Any]:
    """The parameters of these augments as generate.py has them."""
    return {field: value for name in names for field, value in AUGMENTS[name].items()}


def only(moves: Moves, names: Sequence[str]) -> Moves:
    """`moves` with these augments and no others: as they are where `moves` has them, else as
    generate.py has them.

    Raises:
        SpecError: there is no augment of a name.
    """
    changes: dict[str, Any] = {}
    for name in names:
        if name not in NAMES:
            raise SpecError(f"augments: {name!r} is not one{hint(name, NAMES)}")
    for name in NAMES:
        field = name.replace("-", "_")
        if name not in names:
            changes[field] = 0.0
        elif not getattr(moves, field):
            changes |= AUGMENTS[name]
    return replace(moves, **changes)


def read_augments(text: str) -> tuple[AugmentName, ...]:
    """Reads `Af,Pe,Ji,Er`, `affine perspective`, or `none`.

    Raises:
        SpecError: a word of it is neither the name nor the two letters of an augment.
    """
    words = [word.lower() for word in re.split(r"[\s,+]+", text.strip()) if word]
    if words == ["none"]:
        return ()
    known: dict[str, AugmentName] = {name: name for name in NAMES}
    known |= {code.lower(): name for code, name in CODES.items()}
    for word in words:
        if word not in known:
            every = ", ".join(f"{code} {name}" for code, name in CODES.items())
            raise SpecError(f"augments: {word!r} is not one of {every}, or none")
    if not words:
        raise SpecError("augments: name at least one, such as Af,Pe,Ji,Er; or write none")
    return tuple(dict.fromkeys(known[word] for word in words))
