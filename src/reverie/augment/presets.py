"""The cutouts of the known systems, as data. Parameters are theirs; `cutouts.py` says what differs.

Sources: pooled, updated, nrupdated, updated-pooling: nerdyrodent/VQGAN-CLIP ("latest" is pooled);
crops: Crowson's VQGAN+CLIP notebook, there "original"; mse: jbusted's MSE regularised notebook;
eai: EleutherAI/vqgan-clip; pytti: pytti-tools/pytti-core; pixray: pixray/pixray; big-sleep and
deep-daze: lucidrains (deep-daze-normal is its `gauss_sampling`, mended); clipdraw: Frans et al.
(2021); stylegan3-clip: nshepperd's StyleGAN3+CLIP notebook. augmented, scene and whole are ours;
augmented is updated without its sharpening, which softens.
"""

from dataclasses import dataclass, replace
from typing import Literal

from reverie.augment.boxes import Area, Bell, Fit, Normal, Squares, Whole
from reverie.augment.moves import Moves, usual
from reverie.curve import Number

PresetName = Literal[
    "pooled",
    "crops",
    "augmented",
    "updated",
    "nrupdated",
    "updated-pooling",
    "mse",
    "eai",
    "pytti",
    "pixray",
    "big-sleep",
    "deep-daze",
    "deep-daze-normal",
    "clipdraw",
    "stylegan3-clip",
    "whole",
    "scene",
]
Outside = float | Literal["border", "reflection"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Kinds of views, each with its share of the count, and what they have in common."""

    kinds: tuple[tuple[float, Moves], ...]
    squash: bool = False  # first make the picture a square of the size of a view
    pool: bool = False  # first shrink the picture by (mean + maximum) / 2 to the size of a view
    outside: Outside = "border"  # what is seen outside the picture; a number is a grey
    noise: Number = 0.0  # each view gets U(0, noise) times normal noise


USUAL = usual("affine", "perspective", "jitter", "erase")
POOLED = Moves(box=Whole(), **USUAL)
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
UPDATED = replace(AUGMENTED, sharpen=0.4, sharpness=0.3)
NRUPDATED = replace(Moves(box=Squares(), **USUAL), degrees=30, distortion=0.5)
UPDATED_POOLING = replace(POOLED, shear=0.0, brightness=0.0, contrast=0.0)
MSE = replace(AUGMENTED, box=Bell(low=None, high=1.0))
EAI = Moves(box=Bell(low=None, high=1.0), **USUAL, **usual("flip"))
PYTTI = replace(
    AUGMENTED,
    box=Bell(low=None, high=1.0, power=2.0, spill=0.25),
    flip=0.3,
    erase=0.7,
    erase_alike=False,
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
    "updated": Preset(kinds=((1.0, UPDATED),), noise=0.1),
    "nrupdated": Preset(kinds=((1.0, NRUPDATED),), outside=0.0, noise=0.1),
    "updated-pooling": Preset(
        kinds=((1.0, UPDATED_POOLING),), squash=True, pool=True, outside=0.0, noise=0.1
    ),
    "mse": Preset(kinds=((1.0, MSE),), noise=0.1),
    "eai": Preset(kinds=((1.0, EAI),), outside=0.0, noise=0.1),
    "pytti": Preset(kinds=((1.0, PYTTI),), noise=0.1),
    "pixray": Preset(
        kinds=((0.6, PIXRAY_ZOOM), (0.4, PIXRAY_WIDE)), pool=True, outside="reflection", noise=0.1
    ),
    "big-sleep": Preset(kinds=((1.0, Moves(box=Bell())),)),
    "deep-daze": Preset(kinds=((1.0, Moves(box=Squares(smallest=0.1))),)),
    "deep-daze-normal": Preset(kinds=((1.0, Moves(box=Normal())),)),
    "clipdraw": Preset(kinds=((1.0, CLIPDRAW),), outside=1.0),
    "stylegan3-clip": Preset(kinds=((1.0, Moves(box=Squares(power=0.5))),)),
    "whole": Preset(kinds=((1.0, Moves(box=Whole())),), squash=True),
    "scene": Preset(kinds=((0.6, SCENE), (0.4, replace(SCENE, box=Whole()))), noise=0.05),
}
