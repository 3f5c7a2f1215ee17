"""What the recipes on a VQGAN share: the model, the size in tiles, starts and pulls."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.canvas.vqgan import VQGAN
    from reverie.protocols import CanvasSpec, LossSpec
    from reverie.recipes.words import Scenes

KeepBy = Literal["mse", "spherical", "cosine", "pixels"]


@dataclass(frozen=True)
class Usual:
    """How a VQGAN is painted with, unless something else is asked for."""

    steps: int
    lr: Number
    cutouts: int
    preset: str
    keep: Number


ORIGINAL = Usual(steps=500, lr=0.1, cutouts=32, preset="pooled", keep=0.0)
SMALL = Usual(steps=120, lr=(0.12, 0.04), cutouts=16, preset="scene", keep=(1.0, 0.0))


def usual(model: str, perceptor: str) -> Usual:
    """As generate.py has it; or, where the pocket models paint alone, as suits them."""
    from reverie.canvas.vqgan import POCKET
    from reverie.recipes import words

    model = best() if model == "auto" else model
    seer = words.best() if perceptor == "auto" else perceptor
    return SMALL if (model, seer) == (POCKET, "pocket-clip") else ORIGINAL


def canvas(
    model: str, size: tuple[int, int], init: str, scenes: "Scenes", perceptor: str
) -> "VQGAN":
    """A canvas of whole tiles, `size` rounded to them. Where the pocket models paint alone, an
    `init` of `auto` is a guess of theirs, else random rows of the codebook."""
    from reverie.canvas.vqgan import VQGAN
    from reverie.recipes.guess import attracting

    if init == "auto":
        small = usual(model, perceptor) is SMALL
        init = "guess" if small and attracting(scenes[0]) else "codes"
    model = best() if model == "auto" else model
    return VQGAN(model=model, size=rounded(size, model), start=start(init, scenes))


def start(init: str, scenes: "Scenes") -> "StartSpec | None":
    """What a canvas starts from; None, random rows of the codebook, for `codes`."""
    from reverie.recipes import words

    return None if init == "codes" else words.start(init, scenes, ("codes", "guess"))


def best() -> str:
    """The installed VQGAN that comes first in the manifest, or else the first imported one; or
    else the one in the package."""
    from reverie.recipes.words import first_installed

    return first_installed("vqgan") or "pocket-vqgan"


def rounded(size: tuple[int, int], model: str) -> tuple[int, int]:
    """The nearest size that is made of whole tiles of a model; what is no size stays as it is."""
    from reverie.weights.store import scale_of

    tile = scale_of(model)
    width, height = (max(round(side / tile), 1) * tile if side > 0 else side for side in size)
    return width, height


def fitted(canvas: "CanvasSpec", size: tuple[int, int]) -> tuple[int, int]:
    """The nearest size that a canvas can have: whole tiles if it draws with a VQGAN."""
    from reverie.canvas.averaged import Averaged
    from reverie.canvas.vqgan import VQGAN
    from reverie.canvas.vqgan_codes import VQGANCodes

    if isinstance(canvas, Averaged):
        return fitted(canvas.canvas, size)
    return rounded(size, canvas.model) if isinstance(canvas, VQGAN | VQGANCodes) else size


def pulls(keep: Number, to: str, by: KeepBy) -> "dict[str, LossSpec]":
    """The loss that keeps the picture near its start or another picture; none for a weight of 0."""
    from reverie.loss.latent import LatentPull
    from reverie.loss.pixel import PixelPull

    if keep == 0:
        return {}
    if by == "pixels":
        return {"keep": PixelPull(weight=keep, towards=to)}
    return {"keep": LatentPull(weight=keep, towards=to, measure=by)}
