"""Hair, beards, hats, horns and halos of a portrait."""

import torch
from torch import Tensor

from training.portrait_shapes import Patch, Sheet, box, ellipse, polygon, zigzag
from training.portrait_traits import Portraits


def hooded(p: Portraits) -> Tensor:
    """Rows whose hair and ears are under a hood."""
    return p.where(hat="hood")


def covered(p: Portraits) -> Tensor:
    """Rows whose ears cannot be seen."""
    under = p.where(hair_style=("bob", "long", "fringe"), ears="round")
    return torch.cat([hooded(p), under, p.where(kind=("alien", "robot"))]).unique()


def styled(p: Portraits, *styles: str) -> Tensor:
    rows = p.where(hair_style=styles)
    return rows[~torch.isin(rows, hooded(p))]


def behind(sheet: Sheet) -> None:
    """What hangs behind the head: long hair, a cape's collar, the back of a hood."""
    p = sheet.portraits
    if len(rows := p.where(clothes="cape")):
        with sheet.patch((-1.4, -0.2, 1.4, 2.0), rows, upright=True) as patch:
            ax, cloth = patch.x.abs(), patch.colour("clothes")
            patch.shape(
                polygon(ax, patch.y, (0.0, 0.4), (1.28, 0.05), (1.0, 1.9), (0.0, 1.9)), cloth
            )
            inner = polygon(ax, patch.y, (0.0, 0.5), (1.14, 0.22), (0.9, 1.9), (0.0, 1.9))
            patch.fill(patch.mask(inner), (0.62, 0.07, 0.12))
    if len(rows := hooded(p)):
        with sheet.patch((-1.2, -1.3, 1.2, 1.3), rows) as patch:
            shade = ellipse(patch.x, patch.y - 0.10, patch.value("width") + 0.05, 1.0)
            patch.fill(patch.mask(shade), patch.colour("hat") * 0.35)
    for style, paint in BACKS.items():
        if len(rows := styled(p, style)):
            with sheet.patch((-1.6, -1.5, 1.6, 2.2), rows, depth=-0.08) as patch:
                back = paint(patch, patch.x, patch.y)
                patch.shape(back, patch.colour("hair") * 0.72)


def _bob_back(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    wide = patch.value("width") + 0.24
    return torch.maximum(ellipse(x, y + 0.02, wide, 1.12), y - 0.92 - 0.06 * x.abs())


def _long_back(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    wide = patch.value("width") + 0.20 + 0.10 * y.clamp(min=0)
    fall = box(x, y - 0.85, wide, 0.85)
    return torch.minimum(ellipse(x, y + 0.02, wide, 1.12), fall)


def _curly_back(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    angle = torch.atan2(y + 0.1, x)
    curls = 1 + 0.07 * (angle * 7).cos().abs()
    wide = patch.value("width")
    return (ellipse(x / (wide + 0.28), (y + 0.12) / 1.08, 1.0, 1.0) + 1 - curls) * 0.9


BACKS = {"bob": _bob_back, "long": _long_back, "fringe": _bob_back, "curly": _curly_back}


def front(sheet: Sheet) -> None:
    """The hair before the face, over a soft shadow on the brow; a bald baby's one curl."""
    p = sheet.portraits
    if len(rows := p.where(hair_style="bald", age="baby", hat="none", kind="person")):
        with sheet.patch((-0.4, -1.25, 0.4, -0.7), rows) as patch:
            ring = ellipse(patch.x - 0.02, patch.y + 0.98, 0.11, 0.12).abs() - 0.03
            curl = torch.maximum(ring, -patch.x - 0.04 - 0.5 * (patch.y + 0.98))
            patch.fill(patch.mask(curl), patch.colour("hair"))
    for style, paint in FRONTS.items():
        if len(rows := styled(sheet.portraits, style)):
            bottom = 1.55 if style == "long" else 0.95
            with sheet.patch((-1.35, -1.65, 1.35, bottom), rows, depth=0.05) as patch:
                x, y, colour = patch.x, patch.y, patch.colour("hair")
                lock = paint(patch, x, y)
                face = patch.mask(ellipse(x, y, patch.value("width") - 0.02, 0.95))
                patch.fill(patch.soft(lock, 0.13) * face * 0.30, patch.colour("skin") * 0.45)
                inside = patch.shape(lock, colour)
                strands = (x * 9 + y * 2.5 * patch.value("side")).sin().mul_(0.5).add_(0.5)
                patch.fill(inside * strands * 0.16, colour * 0.55)
                lit = x + 0.25 * patch.value("light")
                gleam = (ellipse(lit, y + 0.18, 0.66, 0.66)).abs() - 0.03
                shine = patch.soft(gleam, 0.07) * patch.soft(y + 0.66, 0.2)
                patch.fill(inside * shine * 0.42, colour * 0.55 + 0.45)


def _cap(patch: Patch, x: Tensor, y: Tensor, larger: float) -> Tensor:
    return ellipse(x, y + 0.03, patch.value("width") + larger, 1.0 + larger)


def _opening(patch: Patch, x: Tensor, y: Tensor, top: float, narrower: float) -> Tensor:
    """The face's window in the hair, from `top` downwards."""
    return ellipse(x, y - 0.5, patch.value("width") - narrower, 0.5 - top)


def _short(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    tilted = y + 0.22 * x * patch.value("side")
    tufts = zigzag(x * 2.6 + 0.3 * y + 0.25) * (1 - x * x).clamp(min=0)
    window = _opening(patch, x, tilted - 0.10 * tufts, -0.58, 0.05)
    ruffled = _cap(patch, x, y, 0.06) - 0.09 * tufts * (-y).clamp(0, 1)
    return torch.maximum(torch.maximum(ruffled, -window), y + 0.02 - 0.25 * (x.abs() - 0.8))


def _bob(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    shifted = x + 0.18 * patch.value("side") * (0.4 - y).clamp(0, 1)
    window = _opening(patch, shifted, y, -0.58, 0.10)
    whole = ellipse(x, y + 0.02, patch.value("width") + 0.21, 1.10)
    return torch.maximum(torch.maximum(whole, -window), y - 0.80 + 0.35 * (x.abs() - 0.8))


def _long(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    width = patch.value("width")
    window = _opening(patch, x, y + 0.10 * (0.35 - x.abs()).clamp(min=0), -0.56, 0.09)
    whole = ellipse(x, y + 0.02, width + 0.17, 1.09)
    curtains = torch.maximum(whole, -window)
    wave = 0.05 * (y * 6).sin()
    out = width + 0.01 + 0.08 * y.clamp(0, 1) + wave * 0.5
    fall = torch.maximum((x.abs() - out).abs() - 0.15, (y - 0.7).abs() - 0.75)
    fall = fall - 0.03
    return torch.minimum(torch.maximum(curtains, y - 0.4), fall.maximum(0.1 - y))


def _curly(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    angle = torch.atan2(y + 0.1, x)
    bumps = (angle * 7 + 0.4).cos().abs()
    width = patch.value("width")
    outer = (ellipse(x / (width + 0.20), (y + 0.10) / 1.05, 1.0, 1.0) - 0.09 * bumps) * 0.9
    inner = (ellipse(x / (width - 0.10), (y - 0.45) / 0.93, 1.0, 1.0) + 0.07 * bumps) * 0.8
    return torch.maximum(torch.maximum(outer, -inner), y - 0.10 - 0.06 * bumps)


def _mohawk(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    shaved = torch.maximum(_cap(patch, x, y, 0.0), -_opening(patch, x, y, -0.56, 0.04))
    shaved = torch.maximum(shaved, y - 0.0)
    patch.fill(patch.mask(shaved) * 0.35, patch.colour("hair"))
    spikes = 1.52 - 0.20 * zigzag(x * 4.2 + 0.5) - 0.5 * x * x
    crest = torch.maximum(x.abs() - 0.27 - 0.09 * (-y - 0.7), -y - spikes)
    return torch.maximum(crest * 0.7, y + 0.62 - 0.10 * zigzag(x * 5))


def _bun(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    window = _opening(patch, x, y, -0.60, 0.05)
    smooth = torch.maximum(torch.maximum(_cap(patch, x, y, 0.06), -window), y - 0.05)
    return torch.minimum(smooth, ellipse(x, y + 1.17, 0.36, 0.32))


def _spiky(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    angle = torch.atan2(y + 0.05, x)
    spikes = zigzag(angle * 2.4 + 0.25)
    outer = (ellipse(x / (patch.value("width") + 0.05), (y + 0.05) / 0.98, 1.0, 1.0)) * 0.9
    outer = (outer - 0.34 * spikes) * 0.6
    locks = y + 0.62 - 0.26 * zigzag(x * 2.6 + 0.1 * patch.value("side"))
    sides = torch.maximum(patch.value("width") - 0.16 - x.abs(), y - 0.0)
    return torch.maximum(outer, torch.minimum(locks * 0.6, sides))


def _fringe(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    whole = ellipse(x, y + 0.02, patch.value("width") + 0.21, 1.10)
    bangs = y + 0.24 - 0.05 * zigzag(x * 4) - 0.10 * x * x
    sides = torch.maximum(patch.value("width") - 0.12 - x.abs() + 0.1 * y, y - 0.78)
    return torch.maximum(whole, torch.minimum(bangs, sides))


def _slicked(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    peak = 0.26 * (1 - x.abs() * 3.2).clamp(min=0)
    window = _opening(patch, x, y - peak, -0.66, 0.03)
    burns = y - 0.10 + 1.2 * (patch.value("width") - x.abs()).clamp(min=0)
    return torch.maximum(torch.maximum(_cap(patch, x, y, 0.05), -window), burns)


FRONTS = {
    "short": _short,
    "bob": _bob,
    "long": _long,
    "curly": _curly,
    "mohawk": _mohawk,
    "bun": _bun,
    "spiky": _spiky,
    "fringe": _fringe,
    "slicked back": _slicked,
}


def beard(sheet: Sheet) -> None:
    p = sheet.portraits
    for kind in ("stubble", "goatee", "beard", "bushy beard"):
        if len(rows := p.where(beard=kind)):
            with sheet.patch((-1.1, -0.1, 1.1, 1.75), rows, depth=0.03) as patch:
                x, y, colour = patch.x, patch.y, patch.colour("hair")
                growth = _growth(patch, kind, x, y)
                if kind == "stubble":
                    grain = (x * 60).sin() * (y * 60).sin()
                    patch.fill(patch.mask(growth) * (0.34 + 0.12 * grain), colour * 0.6)
                    continue
                inside = patch.shape(growth, colour)
                strands = (x * 13 + 2 * (y * 4).sin()).sin().mul_(0.5).add_(0.5)
                patch.fill(inside * strands * 0.18, colour * 0.5)


def _growth(patch: Patch, kind: str, x: Tensor, y: Tensor) -> Tensor:
    width = patch.value("width")
    if kind == "goatee":
        return torch.maximum(ellipse(x, y - 0.84, 0.27, 0.30), 0.66 - y - 0.5 * x * x)
    line = 0.42 - 0.55 * (x * x) + 0.10 * (x * 7).cos().clamp(min=0)
    if kind == "bushy beard":
        waves = 0.05 * (x * 14).sin() + 0.03 * (y * 12).sin()
        shape = ellipse(x, y - 0.55, width + 0.10, 1.02) - waves
        return torch.maximum(shape, line - y)
    larger = 0.07 if kind == "beard" else -0.02
    jaw = ellipse(x, y, (width + larger) * (1 - 0.13 * y * y), 0.97 + larger)
    return torch.maximum(jaw, line - y)


def moustache(sheet: Sheet) -> None:
    rows = sheet.portraits.where(beard=("moustache", "goatee", "beard", "bushy beard"))
    if not len(rows):
        return
    with sheet.patch((-0.7, 0.28, 0.7, 0.75), rows, depth=0.08) as patch:
        ax, y = patch.x.abs(), patch.y - 0.49
        droop = y - 0.6 * (ax - 0.12) * (ax - 0.12) + 0.02
        half = ellipse(ax - 0.19, droop, 0.24, 0.085)
        patch.shape(half, patch.colour("hair") * 0.92)
