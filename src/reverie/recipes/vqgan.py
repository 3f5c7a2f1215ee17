"""What the recipes on a VQGAN share: the model, the size in tiles, starts and pulls."""

from typing import TYPE_CHECKING, Literal

from reverie.curve import Number

if TYPE_CHECKING:
    from reverie.canvas.start import StartSpec
    from reverie.canvas.vqgan import VQGAN
    from reverie.protocols import CanvasSpec, LossSpec

KeepBy = Literal["mse", "spherical", "cosine", "pixels"]


def canvas(model: str, size: tuple[int, int], init: str) -> "VQGAN":
    """A canvas of whole tiles, `size` rounded to them."""
    from reverie.canvas.vqgan import VQGAN

    model = best() if model == "auto" else model
    return VQGAN(model=model, size=rounded(size, model), start=start(init))


def start(init: str) -> "StartSpec | None":
    """What a canvas starts from; None, random rows of the codebook, for `codes`."""
    from reverie.canvas.start import start_from

    return None if init.strip() == "codes" else start_from(init)


def best() -> str:
    """The installed VQGAN that comes first in the manifest, or else the first imported one; or
    else the one in the package."""
    from reverie.recipes.words import first_installed

    return first_installed("vqgan") or "pocket-vqgan"


def rounded(size: tuple[int, int], model: str) -> tuple[int, int]:
    """The nearest size that is made of whole tiles of a model."""
    tile = tile_of(model)
    width, height = (max(round(side / tile), 1) * tile for side in size)
    return width, height


def tile_of(model: str) -> int:
    """Pixels a side of a tile of a model, from what lies beside its weights."""
    from reverie.canvas.vqgan import POCKET
    from reverie.weights import pocket
    from reverie.weights.store import find
    from reverie.weights.vqgan_layouts import scale

    if model == POCKET:
        return pocket.read(POCKET).about["scale"]
    found = find(model)
    return scale(found.config, str(found.path))


def fitted(canvas: "CanvasSpec", size: tuple[int, int]) -> tuple[int, int]:
    """The nearest size that a canvas can have: whole tiles if it draws with a VQGAN."""
    from reverie.canvas.averaged import Averaged

    if isinstance(canvas, Averaged):
        return fitted(canvas.canvas, size)
    model = getattr(canvas, "model", None)
    return rounded(size, model) if model else size


def pulls(keep: Number, to: str, by: KeepBy) -> "dict[str, LossSpec]":
    """The loss that keeps the picture near its start or another picture; none for a weight of 0."""
    from reverie.loss.latent import LatentPull
    from reverie.loss.pixel import PixelPull

    if keep == 0:
        return {}
    if by == "pixels":
        return {"keep": PixelPull(weight=keep, towards=to)}
    return {"keep": LatentPull(weight=keep, towards=to, measure=by)}
