"""Hats, horns and halos of a portrait, and what only one kind of character has."""

import torch
from torch import Tensor

from training.portrait_shapes import Patch, Sheet, box, ellipse, stroke, zigzag


def wings(sheet: Sheet) -> None:
    """An angel's wings, behind everything."""
    rows = sheet.portraits.where(kind="angel")
    if len(rows):
        with sheet.patch((-2.0, -0.4, 2.0, 2.0), rows, upright=True) as patch:
            ax, y = patch.x.abs(), patch.y
            for low, far in ((1.25, 1.0), (0.95, 1.12), (0.62, 1.22)):
                lean = y - low + 0.75 * (ax - 0.9)
                patch.shape(ellipse(ax - far, lean, 0.55, 0.28), (0.97, 0.97, 1.0))


def casing(sheet: Sheet) -> None:
    """A robot's head of metal; a monster's bolts."""
    if len(rows := sheet.portraits.where(kind="robot")):
        with sheet.patch((-1.2, -1.05, 1.2, 1.05), rows) as patch:
            x, y, metal = patch.x, patch.y, patch.colour("skin")
            wide = patch.value("width")
            patch.shape(box(x.abs() - wide - 0.08, y - 0.1, 0.06, 0.16) - 0.05, metal * 0.7)
            corner = (box(x, y, wide - 0.14, 0.75)).clamp(min=0) * 0.4
            patch.shape(box(x, y, wide - 0.06, 0.86) + corner - 0.08, metal)
            plate = box(x, y - 0.12, wide - 0.20, 0.72) - 0.06
            patch.fill(patch.mask(plate), metal * 0.72 + 0.28)
            patch.fill(patch.mask(plate.abs() - 0.014), metal * 0.55)
            rivet = ellipse(x.abs() - wide + 0.08, y.abs() - 0.80, 0.045, 0.045)
            patch.fill(patch.mask(rivet), metal * 0.5)
    if len(rows := sheet.portraits.where(kind="monster")):
        with sheet.patch((-0.9, 0.6, 0.9, 1.4), rows) as patch:
            ax, y = patch.x.abs(), patch.y - 1.02
            bolt = torch.minimum(box(ax - 0.42, y, 0.14, 0.05), box(ax - 0.53, y, 0.05, 0.11))
            patch.shape(bolt, (0.60, 0.62, 0.66))


def makeup(sheet: Sheet) -> None:
    """A clown's painted eyes."""
    if len(rows := sheet.portraits.where(kind="clown")):
        with sheet.patch((-0.7, -0.6, 0.7, 0.7), rows, depth=0.10) as patch:
            gap = 0.35 + 0.03 * patch.value("eye_gap")
            across, y = (patch.x.abs() - gap).abs(), (patch.y - 0.10).abs()
            patch.fill(patch.mask((across * 2.6 + y - 0.52) * 0.4), patch.colour("hair"))


def hats(sheet: Sheet) -> None:
    p = sheet.portraits
    for kind, paint in HATS.items():
        if len(rows := p.where(hat=kind)):
            depth = 0.02 if kind == "hood" else 0.04
            with sheet.patch((-1.95, -2.4, 1.95, 1.3), rows, depth=depth) as patch:
                paint(patch, patch.x, patch.y, patch.colour("hat"))


def tops(sheet: Sheet) -> None:
    """Horns, halos, and what stands on the heads of aliens and robots."""
    p = sheet.portraits
    if len(rows := p.where(kind=("alien", "robot"))):
        with sheet.patch((-0.7, -1.5, 0.7, -0.8), rows) as patch:
            ax, y = patch.x.abs(), patch.y
            stalk = stroke(ax, y, (0.22, -0.90), (0.40, -1.16), 0.035)
            patch.shape(stalk, patch.colour("skin") * 0.8)
            patch.shape(ellipse(ax - 0.42, y + 1.20, 0.11, 0.11), patch.colour("iris"))
    if len(rows := p.where(top="horns")):
        with sheet.patch((-1.2, -1.6, 1.2, -0.4), rows, depth=0.0) as patch:
            ax, y = patch.x.abs(), patch.y
            outer = ellipse(ax - 0.30, y + 1.02, 0.52, 0.52)
            inner = ellipse(ax - 0.18, y + 1.20, 0.46, 0.50)
            horn = torch.maximum(torch.maximum(outer, -inner), 0.30 - ax)
            patch.shape(torch.maximum(horn, y + 0.60), (0.45, 0.10, 0.10))
    if len(rows := p.where(top="halo")):
        with sheet.patch((-1.2, -2.0, 1.2, -0.7), rows) as patch:
            ring = ellipse(patch.x, patch.y + 1.36, 0.62, 0.19).abs() - 0.06
            patch.fill(patch.soft(ring, 0.12) * 0.5, (1.0, 0.95, 0.6))
            patch.shape(ring, (1.0, 0.84, 0.25))


def _dome(x: Tensor, y: Tensor, wide: Tensor, edge: float) -> Tensor:
    return torch.maximum(ellipse(x, y + 0.40, wide + 0.12, 0.82), y - edge)


def _baseball(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    wide = patch.value("width")
    patch.shape(_dome(x, y, wide, -0.42), cloth)
    seam = torch.maximum((x / (0.3 + 0.2 * (y + 1.3))).abs().sub(1).abs() * 0.3 - 0.015, y + 0.45)
    patch.fill(patch.mask(torch.maximum(seam, -1.2 - y)) * 0.6, cloth * 0.7)
    visor = torch.maximum(ellipse(x, y + 0.36, wide + 0.16, 0.22), -y - 0.50 + 0.12 * x * x)
    patch.shape(visor, cloth * 0.72)
    patch.shape(ellipse(x, y + 1.22, 0.08, 0.06), cloth * 0.8)


def _top_hat(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    tall = box(x / (1 - 0.10 * (y + 1.2)), y + 1.20, 0.62, 0.68)
    patch.shape(tall, cloth)
    patch.fill(patch.mask(torch.maximum(tall, (y + 0.74).abs() - 0.13)), 1 - cloth * 0.8)
    patch.fill(patch.mask(torch.maximum(tall + 0.05, (x + 0.40).abs() - 0.06)) * 0.35,
               cloth * 0.5 + 0.5)  # fmt: skip
    patch.shape(ellipse(x, y + 0.54 + 0.10 * x * x, 1.08, 0.12), cloth * 0.85)


def _cone(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> Tensor:
    bent = x - 0.35 * patch.value("side") * ((-y - 1.2).clamp(min=0) ** 2)
    return torch.maximum(bent.abs() - 0.43 * (y + 2.20), y + 0.50) * 0.9


def _witch_hat(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    cone = _cone(patch, x, y, cloth)
    patch.shape(cone, cloth)
    patch.fill(patch.mask(torch.maximum(cone, (y + 0.74).abs() - 0.12)), (0.55, 0.22, 0.65))
    buckle = box(x, y + 0.74, 0.14, 0.12).abs() - 0.03
    patch.fill(patch.mask(buckle), (0.98, 0.80, 0.22))
    patch.shape(ellipse(x, y + 0.52 - 0.06 * x * x, 1.45, 0.17), cloth * 0.9)


def _wizard_hat(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    cone = _cone(patch, x, y, cloth)
    patch.shape(cone, cloth)
    for cx, cy, radius in ((-0.25, -0.95, 0.11), (0.24, -1.15, 0.10), (-0.05, -1.52, 0.08)):
        dx, dy = (x - cx).abs(), (y - cy).abs()
        star = (dx + 1e-4).sqrt() + (dy + 1e-4).sqrt() - (2 * radius) ** 0.5
        patch.fill(patch.mask(star * 0.4), (1.0, 0.90, 0.35))
    patch.shape(ellipse(x, y + 0.52 - 0.06 * x * x, 1.20, 0.16), cloth * 0.85)


def _crown(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    wide = patch.value("width") - 0.04
    rise = 0.62 + 0.10 * x * x
    points = -y - rise - 0.10 - 0.48 * zigzag(x / 0.52 + 0.5)
    crown = torch.maximum(
        x.abs() - wide - 0.10 * (-y - 0.5), torch.maximum(points * 0.5, y + rise - 0.18)
    )
    patch.shape(crown, cloth)
    patch.fill(patch.mask(torch.maximum(crown, -y - rise + 0.02)), cloth * 0.82)
    for cx, gem in ((0.0, (0.88, 0.12, 0.2)), (0.42, (0.15, 0.45, 0.9))):
        jewel = ellipse(x.abs() - cx, y + 0.56 + 0.10 * cx * cx, 0.085, 0.085)
        patch.fill(patch.mask(jewel), gem)


def _beanie(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    wide = patch.value("width")
    patch.shape(ellipse(x, y + 1.26, 0.20, 0.20), cloth * 0.5 + 0.5)
    dome = patch.shape(_dome(x, y, wide, -0.45), cloth)
    ribs = (x * 18).sin().mul_(0.5).add_(0.5)
    patch.fill(dome * ribs * 0.18, cloth * 0.5)
    patch.shape(box(x, y + 0.50 + 0.05 * x * x, wide + 0.06, 0.11) - 0.05, cloth * 0.8)


def _hood(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    wide = patch.value("width")
    cowl = torch.maximum(ellipse(x, y - 0.02, wide + 0.30, 1.25), y - 1.15)
    face = ellipse(x, y - 0.12, wide - 0.03, 0.88)
    patch.fill(patch.soft(-face, 0.2) * patch.mask(cowl) * 0.45, cloth * 0.25)
    patch.shape(torch.maximum(cowl, -face), cloth)
    patch.fill(patch.mask(face.abs() - 0.04), cloth * 0.7)


def _santa_hat(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    side = patch.value("side")
    flipped, wide = x * side, patch.value("width")
    dome = torch.maximum(ellipse(x, y + 0.45, wide + 0.05, 0.85), y + 0.45)
    tail = stroke(flipped, y, (0.25, -1.12), (0.92, -0.62), 0.20)
    patch.shape(torch.minimum(dome, tail), cloth)
    patch.shape(ellipse(flipped - 0.98, y + 0.50, 0.19, 0.19), (0.97, 0.97, 0.97))
    patch.shape(box(x, y + 0.50 + 0.05 * x * x, wide + 0.03, 0.06) - 0.09, (0.97, 0.97, 0.97))


def _pirate_hat(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    ax = x.abs()
    rim = torch.maximum(-y - 1.42 + 0.75 * ax - 0.28 * x * x, y + 0.42 + 0.28 * x * x)
    hat = torch.maximum(rim * 0.8, ax - 1.22)
    patch.shape(hat, cloth)
    patch.fill(patch.mask(hat.abs() - 0.035), (0.98, 0.82, 0.30))
    skull = torch.minimum(ellipse(x, y + 0.92, 0.17, 0.15), box(x, y + 0.76, 0.09, 0.08))
    patch.fill(patch.mask(skull), (0.97, 0.97, 0.95))
    patch.fill(patch.mask(ellipse(ax - 0.07, y + 0.91, 0.045, 0.05)), (0.08, 0.08, 0.1))


HATS = {
    "cap": _baseball,
    "top hat": _top_hat,
    "witch hat": _witch_hat,
    "wizard hat": _wizard_hat,
    "crown": _crown,
    "beanie": _beanie,
    "hood": _hood,
    "santa hat": _santa_hat,
    "pirate hat": _pirate_hat,
}
