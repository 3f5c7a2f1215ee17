"""The face of a portrait: marks of life, mouth, nose, eyes and glasses."""

import torch
from torch import Tensor

from training.portrait_shapes import Patch, Sheet, box, ellipse, stroke
from training.portrait_traits import KINDS

EYE_Y, NOSE_Y, MOUTH_Y = 0.10, 0.36, 0.60


BLUSH = torch.tensor([0.45, 0.10, 0.12]).view(1, 3, 1, 1)


def marks(sheet: Sheet) -> None:
    p = sheet.portraits
    if len(rows := p.where(freckles="freckles")):
        with sheet.features((-0.7, 0.15, 0.7, 0.6), rows, depth=0.06) as patch:
            ax, dark = patch.x.abs(), patch.colour("skin") * torch.tensor(
                [0.72, 0.55, 0.45], device=patch.x.device).view(1, 3, 1, 1)  # fmt: skip
            for cx, cy in ((0.26, 0.36), (0.38, 0.30), (0.48, 0.38), (0.35, 0.45), (0.58, 0.31)):
                patch.fill(patch.mask(ellipse(ax - cx, patch.y - cy, 0.03, 0.028)), dark)
    if len(rows := p.where(wrinkles="wrinkles")):
        with sheet.features((-0.7, -0.75, 0.7, 0.85), rows, depth=0.06) as patch:
            x, y, ax, dark = patch.x, patch.y, patch.x.abs(), patch.colour("skin") * 0.72
            brow = torch.minimum((y + 0.58 + 0.1 * x * x).abs(), (y + 0.46 + 0.1 * x * x).abs())
            lines = torch.maximum(brow - 0.016, ax - 0.34)
            fold = torch.maximum(
                (ax - 0.30 - 0.45 * (y - 0.4)).abs() - 0.02, (y - 0.54).abs() - 0.14
            )
            bags = (ellipse(ax - 0.33, y - 0.22, 0.18, 0.14)).abs() - 0.016
            bags = torch.maximum(bags, 0.27 - y)
            patch.fill(patch.mask(torch.minimum(torch.minimum(lines, fold), bags)), dark)
    rows = p.where(scar="scar", beard=("none", "stubble", "moustache", "goatee"))
    if len(rows):
        with sheet.features((0.2, -0.65, 0.8, 0.75), rows, depth=0.06) as patch:
            x, y = patch.x, patch.y
            cut = stroke(x, y, (0.36, 0.30), (0.58, 0.62), 0.028)
            for step in (0.38, 0.46, 0.54):
                middle = 0.36 + (step - 0.30) * 0.69
                stitch = stroke(
                    x, y, (middle - 0.08, step + 0.04), (middle + 0.08, step - 0.04), 0.018
                )
                cut = torch.minimum(cut, stitch)
            patch.fill(patch.mask(cut), patch.colour("skin") * 0.4 + BLUSH.to(patch.x) * 0.4)


def mouth(sheet: Sheet) -> None:
    for mood, paint in MOUTHS.items():
        if len(rows := sheet.portraits.where(mouth=mood)):
            with sheet.features((-0.6, 0.3, 0.6, 1.0), rows, depth=0.07) as patch:
                paint(patch, patch.x, patch.y - MOUTH_Y)
    if len(rows := sheet.portraits.where(fangs="fangs")):
        with sheet.features((-0.4, 0.5, 0.4, 0.95), rows, depth=0.07) as patch:
            y, ax = patch.y - MOUTH_Y, (patch.x.abs() - 0.17).abs()
            tooth = torch.maximum(ax - (0.23 - y) * 0.40, -y - 0.03)
            patch.fill(patch.mask(tooth - 0.022), (0.25, 0.10, 0.12))
            patch.fill(patch.mask(tooth), (1.0, 1.0, 0.97))


def _line(patch: Patch, distance: Tensor) -> None:
    lips = patch.value("lips")
    patch.fill(patch.mask(distance - 0.045 * lips), patch.colour("lip"))


def _bow(x: Tensor, y: Tensor, bend: float, half: float | Tensor) -> Tensor:
    """A line bent by `bend` at its ends (negative: upwards), `half` as wide."""
    return torch.maximum((y - bend * (x * x - 0.06) * 4).abs() - 0.032, x.abs() - half)


def _smile(patch: Patch, x: Tensor, y: Tensor) -> None:
    _line(patch, _bow(x, y, -0.30, 0.36 - 0.12 * patch.value("lips").clamp(max=0.6)))


def _neutral(patch: Patch, x: Tensor, y: Tensor) -> None:
    _line(patch, _bow(x, y, 0.0, 0.25))


def _sad(patch: Patch, x: Tensor, y: Tensor) -> None:
    _line(patch, _bow(x, y - 0.08, 0.36, 0.29))


def _laugh(patch: Patch, x: Tensor, y: Tensor) -> None:
    open_ = torch.maximum(ellipse(x, y + 0.10, 0.40, 0.36), -0.06 - y + 0.25 * x * x * -1)
    patch.fill(patch.mask(open_ - 0.03 - 0.03 * patch.value("lips")), patch.colour("lip"))
    alpha = patch.mask(open_)
    patch.fill(alpha, (0.36, 0.07, 0.10))
    patch.fill(alpha * patch.mask(ellipse(x, y - 0.25, 0.20, 0.13)), (0.92, 0.42, 0.42))
    patch.fill(alpha * patch.mask(y - 0.045), (1.0, 1.0, 0.98))


def _angry(patch: Patch, x: Tensor, y: Tensor) -> None:
    grim = box(x, y - 0.02 - 0.5 * x * x, 0.27, 0.05) - 0.05
    patch.fill(patch.mask(grim - 0.03 - 0.03 * patch.value("lips")), patch.colour("lip"))
    alpha = patch.mask(grim)
    patch.fill(alpha, (0.98, 0.98, 0.95))
    gaps = torch.minimum(
        (x / 0.15 - (x / 0.15).round()).abs() * 0.15, (y - 0.02 - 0.5 * x * x).abs()
    )
    patch.fill(alpha * patch.mask(gaps - 0.012), (0.35, 0.25, 0.25))


def _surprised(patch: Patch, x: Tensor, y: Tensor) -> None:
    hole = ellipse(x, y - 0.05, 0.13, 0.18)
    patch.fill(patch.mask(hole - 0.035 - 0.035 * patch.value("lips")), patch.colour("lip"))
    patch.fill(patch.mask(hole), (0.36, 0.07, 0.10))
    patch.fill(patch.mask(torch.maximum(hole, 0.12 - y)), (0.92, 0.42, 0.42))


MOUTHS = {
    "smile": _smile,
    "laugh": _laugh,
    "neutral": _neutral,
    "sad": _sad,
    "angry": _angry,
    "surprised": _surprised,
}


PLAIN_NOSED = tuple(kind for kind in KINDS if kind not in ("werewolf", "robot", "ghost"))


def nose(sheet: Sheet) -> None:
    for kind in ("small", "big", "long", "red"):
        rows = sheet.portraits.where(nose=kind, kind=PLAIN_NOSED)
        if len(rows):
            with sheet.features((-0.35, -0.15, 0.35, 0.75), rows, depth=0.17) as patch:
                x, y, skin = patch.x, patch.y - NOSE_Y, patch.colour("skin")
                if kind == "small":
                    tip = torch.maximum(ellipse(x, y, 0.11, 0.07).abs() - 0.022, 0.0 - y)
                    patch.fill(patch.mask(tip), skin * 0.66)
                elif kind == "red":
                    patch.shape(ellipse(x, y + 0.02, 0.22, 0.22), (0.92, 0.12, 0.13))
                    patch.fill(patch.mask(ellipse(x + 0.08, y + 0.10, 0.06, 0.05)), (1.0, 0.8, 0.8))
                else:
                    a, b, up = (0.20, 0.17, 0.0) if kind == "big" else (0.12, 0.31, 0.05)
                    bulb = ellipse(x, y + up, a, b)
                    patch.fill(patch.mask(bulb - 0.025), skin * 0.66)
                    patch.fill(patch.mask(torch.maximum(bulb, y - 0.06)), skin)
                    patch.fill(patch.mask(bulb), skin * 0.94)
                    shine = ellipse(x + 0.05, y + 0.05, 0.05, 0.05)
                    patch.fill(patch.mask(shine) * 0.5, skin * 0.5 + 0.5)
    if len(rows := sheet.portraits.where(kind="werewolf")):
        with sheet.features((-0.35, 0.1, 0.35, 0.65), rows, depth=0.17) as patch:
            x, y = patch.x, patch.y - NOSE_Y
            snout = ellipse(x, y + 0.02 - 0.9 * x * x, 0.21, 0.13)
            patch.shape(snout, (0.08, 0.07, 0.08))
            patch.fill(patch.mask(ellipse(x + 0.06, y + 0.07, 0.06, 0.025)), (0.5, 0.5, 0.55))


def eyes(sheet: Sheet) -> None:
    with sheet.features((-0.90, -0.65, 0.90, 0.60), depth=0.10) as patch:
        stare = patch.value("stare")
        gap = 0.35 + 0.03 * patch.value("eye_gap") + 0.05 * stare
        x, y = patch.x, patch.y - EYE_Y
        mirrored = x.abs() - gap
        local = torch.where(x < 0, x + gap, x - gap)
        big = 1.06 + 0.08 * patch.value("eye_size") + stare
        a, b = 0.205 * big, 0.215 * big * patch.value("wide")
        ball = ellipse(mirrored, y, a, b)
        lid = patch.value("lid") + patch.value("slant") * mirrored - y
        white = torch.maximum(ball, lid)
        lash = torch.maximum(white, y + 0.02).abs() - patch.value("lash")
        lash = torch.maximum(lash, y + 0.015)
        flick = stroke(mirrored, y, (0.17, -0.10), (0.27, -0.17), 0.022) - patch.value("flick")
        skin = patch.colour("skin")
        patch.fill(patch.soft(ball, 0.16) * patch.value("sockets") * 0.6, skin * skin * 0.6)
        iris, look = patch.colour("iris"), 0.035 * patch.value("yaw")
        patch.fill(patch.soft(ball, 0.16) * patch.value("glow") * 0.55, iris)
        patch.fill(patch.mask(white - 0.025), skin * 0.55)
        inside = patch.mask(white)
        patch.fill(inside, patch.colour("eyeball"))
        middle = ellipse(local - look, y - 0.01, 0.155 * big, 0.165 * big)
        patch.fill(inside * patch.mask(middle), iris * 0.55)
        patch.fill(inside * patch.mask(middle + 0.025), iris)
        patch.fill(inside * patch.mask(middle + 0.075), (0.05, 0.04, 0.06))
        shine = ellipse(local - look + 0.05, y + 0.055, 0.05, 0.05)
        glint = ellipse(local - look - 0.06, y - 0.075, 0.026, 0.026)
        patch.fill(inside * patch.mask(torch.minimum(shine, glint)), (1.0, 1.0, 1.0))
        patch.fill(patch.mask(torch.minimum(lash, flick)), (0.10, 0.07, 0.09))
        across = mirrored
        arch = (
            y + patch.value("brow_y") - patch.value("brow_slant") * across + 0.9 * across * across
        )
        thick = 0.042 + 0.022 * patch.value("brow") + patch.value("bushy")
        brow = torch.maximum(arch.abs() - thick * (1 - 1.2 * across), across.abs() - 0.21)
        patch.fill(patch.mask(brow) * patch.value("browed"), patch.colour("hair") * 0.72)


def glasses(sheet: Sheet) -> None:
    for kind in ("round glasses", "square glasses", "sunglasses"):
        if len(rows := sheet.portraits.where(eyewear=kind)):
            with sheet.features((-1.1, -0.35, 1.1, 0.55), rows, depth=0.12) as patch:
                gap = 0.35 + 0.03 * patch.value("eye_gap")
                x, y = patch.x, patch.y - EYE_Y
                mirrored = x.abs() - gap
                if kind == "round glasses":
                    lens = ellipse(mirrored, y, 0.30, 0.30)
                elif kind == "square glasses":
                    lens = box(mirrored, y, 0.25, 0.19) - 0.04
                else:
                    lens = (
                        mirrored.abs() ** 3 / 0.31**3 + (y - 0.01).abs() ** 3 / 0.26**3 - 1
                    ) * 0.1
                bridge = torch.maximum((y + 0.05).abs() - 0.03, x.abs() - gap + 0.25)
                arms = torch.maximum((y + 0.06).abs() - 0.03, 0.28 - mirrored)
                arms = torch.maximum(arms, x.abs() - patch.value("width"))
                frame = torch.minimum(torch.minimum(bridge, arms), lens.abs() - 0.035)
                if kind == "sunglasses":
                    patch.fill(patch.mask(lens), (0.07, 0.07, 0.10))
                    glare = torch.maximum(lens + 0.05, (mirrored + y * 0.7 + 0.06).abs() - 0.04)
                    patch.fill(patch.mask(glare) * 0.45, (1.0, 1.0, 1.0))
                else:
                    patch.fill(patch.mask(lens) * 0.10, (1.0, 1.0, 1.0))
                patch.fill(patch.mask(frame), (0.12, 0.10, 0.12))
    if len(rows := sheet.portraits.where(eyewear="eyepatch")):
        with sheet.features((-1.0, -0.9, 1.0, 0.5), rows, depth=0.08) as patch:
            x, y = patch.x, patch.y - EYE_Y
            strap = stroke(x, y, (-0.85, -0.62), (0.85, 0.12), 0.035)
            cover = torch.maximum(ellipse(x - 0.345, y, 0.28, 0.28), -y - 0.18)
            patch.fill(patch.mask(torch.minimum(strap, cover)), (0.09, 0.08, 0.10))
