"""The cutouts of the known systems, as data. Parameters are theirs; `cutouts.py` says what differs.

Sources: pooled, augmented: nerdyrodent/VQGAN-CLIP ("latest", "updated"); crops: Crowson's
VQGAN+CLIP notebook; pixray: pixray/pixray; big-sleep and deep-daze: lucidrains; clipdraw: Frans et
al. (2021); stylegan3-clip: nshepperd's StyleGAN3+CLIP notebook.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from reverie.augment.boxes import Area, Bell, Box, Fit, Squares, Whole
from reverie.curve import Number

PresetName = Literal[
    "pooled",
    "crops",
    "augmented",
    "pixray",
    "big-sleep",
    "deep-daze",
    "clipdraw",
    "stylegan3-clip",
    "whole",
    "scene",
]
Outside = float | Literal["border", "reflection"]


@dataclass(frozen=True, kw_only=True)
class Moves:
    """How one kind of view is chosen. Every stage has the probability that it happens; at 0 it is
    skipped. The crop comes first, then flip, affine, perspective, colour and erasing."""

    box: Box

    flip: float = 0.0

    affine: float = 0.0
    degrees: float = 0.0
    translate: float = 0.0  # of the side
    shear: float = 0.0  # in degrees

    perspective: float = 0.0
    distortion: float = 0.0  # corners move inwards by up to this many half sides
    bend_picture: bool = False  # bend the whole picture before the crop, and not the view

    jitter: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0  # in turns

    erase: float = 0.0
    erase_area: tuple[float, float] = (0.1, 0.4)
    erase_ratio: tuple[float, float] = (0.3, 1 / 0.3)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Kinds of views, each with its share of the count, and what they have in common."""

    kinds: tuple[tuple[float, Moves], ...]
    squash: bool = False  # first make the picture a square of the size of a view
    pool: bool = False  # first shrink the picture by (mean + maximum) / 2 to the size of a view
    outside: Outside = "border"  # what is seen outside the picture; a number is a grey
    noise: Number = 0.0  # each view gets U(0, noise) times normal noise


POOLED = Moves(
    box=Whole(),
    affine=0.7,
    degrees=15,
    translate=0.1,
    shear=5,
    perspective=0.7,
    distortion=0.7,
    jitter=0.7,
    brightness=0.1,
    contrast=0.1,
    saturation=0.1,
    hue=0.1,
    erase=0.7,
)
AUGMENTED = Moves(
    box=Squares(),
    flip=0.5,
    affine=0.8,
    degrees=30,
    translate=0.1,
    perspective=0.4,
    distortion=0.2,
    jitter=0.7,
    saturation=0.01,
    hue=0.01,
)
PIXRAY_ZOOM = Moves(
    box=Area(scale=(0.25, 0.95), ratio=(0.85, 1.2)),
    perspective=0.7,
    distortion=0.4,
    bend_picture=True,
    jitter=0.8,
    saturation=0.1,
    hue=0.1,
)
PIXRAY_WIDE = Moves(
    box=Fit(),
    perspective=0.7,
    distortion=0.2,
    jitter=0.7,
    saturation=0.1,
    hue=0.1,
)
CLIPDRAW = Moves(box=Area(scale=(0.7, 0.9)), perspective=1.0, distortion=0.5, bend_picture=True)

SCENE = Moves(
    box=Squares(power=0.5, smallest=0.7),
    flip=0.5,
    affine=0.8,
    degrees=8,
    translate=0.08,
    jitter=0.8,
    brightness=0.12,
    contrast=0.12,
    saturation=0.1,
)

PRESETS: dict[PresetName, Preset] = {
    "pooled": Preset(kinds=((1.0, POOLED),), squash=True, pool=True, outside=0.0, noise=0.1),
    "crops": Preset(kinds=((1.0, Moves(box=Squares())),)),
    "augmented": Preset(kinds=((1.0, AUGMENTED),), noise=0.1),
    "pixray": Preset(
        kinds=((0.6, PIXRAY_ZOOM), (0.4, PIXRAY_WIDE)), pool=True, outside="reflection", noise=0.1
    ),
    "big-sleep": Preset(kinds=((1.0, Moves(box=Bell())),)),
    "deep-daze": Preset(kinds=((1.0, Moves(box=Squares(smallest=0.1))),)),
    "clipdraw": Preset(kinds=((1.0, CLIPDRAW),), outside=1.0),
    "stylegan3-clip": Preset(kinds=((1.0, Moves(box=Squares(power=0.5))),)),
    "whole": Preset(kinds=((1.0, Moves(box=Whole())),), squash=True),
    "scene": Preset(
        kinds=((0.6, SCENE), (0.4, dataclasses.replace(SCENE, box=Whole()))), noise=0.05
    ),
}
