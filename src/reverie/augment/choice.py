"""What is drawn for the views of a picture: where each looks, and what happens to it there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.augment import warp
from reverie.augment.boxes import Area
from reverie.augment.colour import jitters
from reverie.augment.erase import rectangles
from reverie.augment.fields import elastics, thin_plates
from reverie.augment.moves import Moves
from reverie.augment.sharpen import softnesses
from reverie.protocols import Draws


@dataclass(frozen=True)
class Part:
    """`count` views that are chosen by the same rules."""

    moves: Moves
    draws: Draws
    count: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was drawn for `n` views of each of `b` pictures, on the CPU. None skips a stage."""

    warps: Tensor  # [b, n, 3, 3], from a view to the picture
    elastic: Tensor | None  # [b, n, 2, CELLS, CELLS]
    thin_plate: Tensor | None  # [b, n, 5, 2]
    colours: Tensor | None  # [b, n, 3, 4]
    softness: Tensor | None  # [b, n]
    erased: Tensor | None  # [b, n, 4]
    noise: Tensor | None  # [b, n]


def chosen(parts: Sequence[Part], size: tuple[int, int], t: float, noise: Tensor) -> Choice:
    """The views of all parts, for pictures of `size` (width, height) at time t.

    Args:
        noise: deviations `[b, n]` of the noise that all views have.
    """

    def stage(name: str, rule: Callable[[Part], Tensor]) -> Tensor | None:
        if not any(getattr(part.moves, name) for part in parts):
            return None
        return torch.cat([rule(part) for part in parts], 1)

    strong = stage("gaussian_noise", deviations)
    noise = noise if strong is None else noise.hypot(strong)  # of the sum of two noises
    return Choice(
        warps=torch.cat([warps(part, size, t) for part in parts], 1),
        elastic=stage("elastic", elastic_noise),
        thin_plate=stage("thin_plate", anchor_shifts),
        colours=stage("jitter", colours),
        softness=stage("sharpen", softness),
        erased=stage("erase", erased),
        noise=noise if noise.any() else None,
    )


def warps(part: Part, size: tuple[int, int], t: float) -> Tensor:
    """Homographies from a view to the picture, `[b, count, 3, 3]`."""
    moves, draws, count = part.moves, part.draws, part.count
    view = warp.from_box(moves.box.draw(draws.named("box"), count, size, t))
    move = torch.eye(3, dtype=torch.float64)
    if moves.flip:
        move = warp.flips(draws.named("flip"), count, moves.flip)
    if moves.affine:
        ranges = {"degrees": moves.degrees, "translate": moves.translate, "shear": moves.shear}
        move = warp.affines(draws.named("affine"), count, moves.affine, **ranges) @ move
    if moves.rotate:
        ranges = {"degrees": moves.rotate_degrees, "translate": 0.0, "shear": 0.0}
        move = warp.affines(draws.named("rotate"), count, moves.rotate, **ranges) @ move
    if moves.perspective:
        bent = warp.perspectives(
            draws.named("perspective"), count, moves.perspective, distortion=moves.distortion
        )
        move = bent @ move
    if moves.crop:
        ranges = {"degrees": 0.0, "translate": moves.crop_shift, "shear": 0.0}
        move = warp.affines(draws.named("crop"), count, moves.crop, **ranges) @ move
    back = torch.linalg.inv(move)  # a view pixel asks where it came from
    if moves.resized_crop:
        back = back @ zooms(part, t)
    return back @ view if moves.bend_picture else view @ back


def zooms(part: Part, t: float) -> Tensor:
    """Homographies from a view to a part of it, or to all of it, `[b, count, 3, 3]`."""
    moves, draws = part.moves, part.draws.named("resized-crop")
    rule = Area(scale=moves.resized_area, ratio=moves.resized_ratio)
    done = warp.happens(draws, part.count, moves.resized_crop)[..., None]
    box = rule.draw(draws, part.count, (1, 1), t)
    return warp.from_box(torch.lerp(box.new_tensor([0.0, 0.0, 1.0, 1.0]), box, done))


def elastic_noise(part: Part) -> Tensor:
    return elastics(part.draws.named("elastic"), part.count, part.moves.elastic)


def anchor_shifts(part: Part) -> Tensor:
    moves, draws = part.moves, part.draws.named("thin-plate")
    return thin_plates(draws, part.count, moves.thin_plate, scale=moves.thin_plate_scale)


def colours(part: Part) -> Tensor:
    moves = part.moves
    return jitters(
        part.draws.named("colour"),
        part.count,
        moves.jitter,
        brightness=moves.brightness,
        contrast=moves.contrast,
        saturation=moves.saturation,
        hue=moves.hue,
    )


def softness(part: Part) -> Tensor:
    moves, draws = part.moves, part.draws.named("sharpen")
    return softnesses(draws, part.count, moves.sharpen, sharpness=moves.sharpness)


def erased(part: Part) -> Tensor:
    moves = part.moves
    return rectangles(
        part.draws.named("erase"),
        part.count,
        moves.erase,
        area=moves.erase_area,
        ratio=moves.erase_ratio,
        alike=moves.erase_alike,
    )


def deviations(part: Part) -> Tensor:
    """Of the strong noise of some views, `[b, count]`."""
    moves, draws = part.moves, part.draws.named("gaussian-noise")
    return warp.happens(draws, part.count, moves.gaussian_noise).float() * moves.deviation
