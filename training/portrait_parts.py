"""The parts of a portrait in painter's order: backdrop, body, head, face; then hair and hats."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from training import portrait_face as face
from training import portrait_hair as hair
from training import portrait_hats as hats
from training.portrait_shapes import Patch, Sheet, box, ellipse, polygon
from training.portrait_traits import ATTRIBUTES, HAIRS, HUES, IRISES, SKINS, Portraits


def draw(
    portraits: Portraits,
    size: int,
    device: torch.device | str = "cpu",
    mixes: Mapping[str, Tensor] = MappingProxyType({}),
) -> Tensor:
    """Pictures [b,3,size,size] in 0..1, painted at twice the size and averaged.

    mixes: of attributes that are colours, how much there is of each choice, [b, choices].
    """
    portraits = portraits.to("cpu")
    chunk = len(portraits) if torch.device(device).type != "cpu" else CHUNK
    pictures = []
    for start in range(0, len(portraits), max(chunk, 1)):
        rows = slice(start, start + chunk)
        some = {name: mix[rows] for name, mix in mixes.items()}
        pictures.append(_paint(portraits.rows(rows), size, device, some))
    return torch.cat(pictures) if pictures else torch.zeros(0, 3, size, size, device=device)


CHUNK = 32  # pictures at a time: their planes fit a processor's cache


def _paint(
    portraits: Portraits, size: int, device: torch.device | str, mixes: Mapping[str, Tensor]
) -> Tensor:
    sheet = Sheet(portraits, 2 * size, device)
    _choose_colours(sheet, mixes)
    _choose_looks(sheet, mixes)
    backdrop(sheet)
    hats.wings(sheet)
    hair.behind(sheet)
    body(sheet)
    ears(sheet)
    head(sheet)
    hats.casing(sheet)
    face.marks(sheet)
    hats.makeup(sheet)
    hair.beard(sheet)
    face.mouth(sheet)
    hair.moustache(sheet)
    face.nose(sheet)
    face.eyes(sheet)
    face.glasses(sheet)
    hair.front(sheet)
    earrings(sheet)
    hats.hats(sheet)
    hats.tops(sheet)
    return torch.nn.functional.avg_pool2d(sheet.canvas, 2).clamp_(0, 1)


def _choose_colours(sheet: Sheet, mixes: Mapping[str, Tensor]) -> None:
    p = sheet.portraits
    bright = 1 + 0.09 * p.shade[:, None]
    warm = 1 + p.tint[:, None] * torch.tensor([0.03, 0.06, 0.08])
    sheet.set("skin", (_colour(p, "skin", mixes) * warm).clamp(0, 1))
    sheet.set("hair", (_colour(p, "hair_colour", mixes) * warm).clamp(0, 1))
    sheet.set("iris", _colour(p, "eye_colour", mixes))
    sheet.set("hat", _colour(p, "hat_colour", mixes) * bright)
    sheet.set("clothes", _colour(p, "clothes_colour", mixes) * bright)
    sheet.set("background", _colour(p, "background", mixes) * bright)


def _colour(p: Portraits, name: str, mixes: Mapping[str, Tensor]) -> Tensor:
    """[b,3] of an attribute that is a colour."""
    return (_shares(p, name, mixes) @ torch.tensor(list(COLOURS[name].values()))).clamp(0, 1)


def _shares(p: Portraits, name: str, mixes: Mapping[str, Tensor]) -> Tensor:
    """[b,choices], how much there is of each."""
    return mixes[name] if name in mixes else F.one_hot(getattr(p, name), len(COLOURS[name])).float()


# Of each mood: how open the eyes are, where the upper lid cuts and how it slants, and the brows.
MOODS = {
    "smile": (1.00, -0.19, 0.00, 0.35, 0.05),
    "laugh": (0.97, -0.20, 0.00, 0.40, 0.05),
    "neutral": (0.97, -0.17, 0.00, 0.34, 0.03),
    "sad": (0.95, -0.11, 0.35, 0.36, 0.50),
    "angry": (0.95, -0.08, -0.45, 0.25, -0.60),
    "surprised": (1.15, -0.40, 0.00, 0.44, 0.10),
}


def _choose_looks(sheet: Sheet, mixes: Mapping[str, Tensor]) -> None:
    p = sheet.portraits
    moods = torch.tensor([MOODS[mood] for mood in ATTRIBUTES["mouth"]])[p.mouth]
    for column, name in enumerate(("wide", "lid", "slant", "brow_y", "brow_slant")):
        sheet.set(name, moods[:, column])
    female, old = p.gender.float(), (p.age == ATTRIBUTES["age"].index("old")).float()
    young = (p.age <= 1).float()
    sheet.set("lash", 0.022 + 0.016 * female)
    sheet.set("flick", -0.1 + 0.1 * female * (1 - young))
    sheet.set("bushy", 0.018 * old + 0.012 * (1 - female) - 0.018 * young - 0.008 * female)
    alien = p.kind == ATTRIBUTES["kind"].index("alien")
    sheet.set("stare", 0.14 * young + 0.10 * (p.age == 0) + 0.38 * alien)
    sheet.set("jaw", p.jaw + 1.4 * alien)
    sheet.set("browed", torch.isin(p.kind, _kinds("alien", "ghost", "robot")).logical_not().float())
    tired = torch.isin(p.kind, _kinds("zombie", "monster", "ghost", "vampire", "werewolf"))
    sheet.set("sockets", torch.where(tired, 0.75, 0.15 + 0.25 * old))
    lips = p.lips.float()
    sheet.set("lips", lips * (0.6 + 1.0 * (p.kind == ATTRIBUTES["kind"].index("clown"))))
    red = torch.tensor([0.80, 0.10, 0.20])
    skin = _colour(p, "skin", mixes) * 0.38
    sheet.set("lip", torch.where(lips[:, None] > 0, red, skin))
    iris = _colour(p, "eye_colour", mixes)
    glowing = torch.tensor([float(colour.startswith("glowing")) for colour in IRISES])
    glow = (_shares(p, "eye_colour", mixes) @ glowing).clamp(0, 1)
    sheet.set("glow", glow)
    sheet.set("eyeball", torch.lerp(torch.ones(3), iris * 0.45 + 0.55, glow[:, None]))


def _kinds(*kinds: str) -> Tensor:
    return torch.tensor([ATTRIBUTES["kind"].index(kind) for kind in kinds])


COLOURS = {
    "skin": SKINS,
    "hair_colour": HAIRS,
    "eye_colour": IRISES,
    **dict.fromkeys(("hat_colour", "clothes_colour", "background"), HUES),
}


def backdrop(sheet: Sheet) -> None:
    p, colour = sheet.portraits, sheet.values["background"]
    sheet.canvas.copy_(colour.expand_as(sheet.canvas))
    v = sheet.axis.view(1, 1, -1, 1)
    if len(rows := p.where(backdrop="gradient")):
        rows = rows.to(sheet.device)
        low, high = colour[rows] * 0.72, colour[rows] * 0.75 + 0.25
        sheet.canvas[rows] = high.lerp(low, (v + 1) / 2).expand(-1, -1, -1, sheet.size)
    if len(rows := p.where(backdrop="glow")):
        rows = rows.to(sheet.device)
        far = (v.square() + v.transpose(2, 3).square()).mul(0.55).clamp(0, 1)
        sheet.canvas[rows] = (colour[rows] * 0.75 + 0.25).lerp(colour[rows] * 0.8, far)


def body(sheet: Sheet) -> None:
    with sheet.patch((-2.2, 0.55, 2.2, 2.4), upright=True) as patch:
        x, y, skin, cloth = patch.x, patch.y, patch.colour("skin"), patch.colour("clothes")
        shoulders = 1.28 - 0.22 * patch.value("child")
        trunk = ellipse(x, y - 2.35, shoulders, 1.18)
        patch.shape(trunk, cloth)
        throat = box(x, y - 0.96, 0.27 - 0.04 * patch.value("child"), 0.32)
        patch.shape(throat, skin * 0.88)
        under = patch.soft(ellipse(x, y - 0.72, 0.5, 0.36), 0.3) * patch.mask(throat)
        patch.fill(under * 0.4, skin * 0.45)
    for kind, paint in COLLARS.items():
        if len(rows := sheet.portraits.where(clothes=kind)):
            with sheet.patch((-1.5, 0.5, 1.5, 2.4), rows, upright=True) as patch:
                paint(patch, patch.x, patch.y, patch.colour("clothes"))


def _t_shirt(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    neck = ellipse(x, y - 1.1, 0.36, 0.26)
    patch.fill(patch.mask(torch.maximum(neck.abs() - 0.05, 1.12 - y)), cloth * 0.75)


def _shirt(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    ax = x.abs()
    flap = polygon(ax, y, (0.22, 1.0), (0.42, 1.12), (0.36, 1.5), (0.0, 1.32))
    patch.shape(flap, cloth * 0.6 + 0.4)
    for height in (1.5, 1.72):
        patch.fill(patch.mask(ellipse(x, y - height, 0.035, 0.035)), cloth * 0.5)


def _suit(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    ax = x.abs()
    patch.fill(patch.mask(polygon(ax, y, (0.0, 1.12), (0.36, 1.1), (0.0, 2.2))), (0.96, 0.96, 0.96))
    tie = polygon(ax, y, (0.0, 1.22), (0.07, 1.25), (0.12, 1.8), (0.0, 2.0))
    patch.fill(patch.mask(tie), 1 - cloth * 0.75)
    lapel = polygon(ax, y, (0.30, 1.08), (0.62, 1.35), (0.04, 2.2), (0.02, 2.1))
    patch.shape(lapel, cloth * 0.8)


def _dress(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    skin = patch.colour("skin")
    trunk = ellipse(x, y - 2.35, 1.25 - 0.22 * patch.value("child"), 1.16)
    neckline = torch.maximum(trunk, ellipse(x, y - 1.0, 0.78, 0.48))
    patch.fill(patch.mask(neckline), skin)
    patch.fill(patch.mask(box(x, y - 0.97, 0.25, 0.23)), skin * 0.88)
    beads = ellipse(x, y - 0.98, 0.38, 0.33).abs() - 0.03
    patch.fill(patch.mask(torch.maximum(beads, 1.05 - y)), cloth * 0.5 + 0.45)


def _hoodie(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    ring = (ellipse(x, y - 1.12, 0.50, 0.26)).abs() - 0.13
    patch.shape(torch.maximum(ring, 1.02 - y), cloth * 0.85)
    strings = torch.maximum((x.abs() - 0.17).abs() - 0.025, (y - 1.58).abs() - 0.16)
    patch.fill(patch.mask(strings), (0.95, 0.95, 0.95))


def _cape(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    ax = x.abs()
    patch.fill(patch.mask(polygon(ax, y, (0.0, 1.15), (0.3, 1.1), (0.0, 1.9))), (0.96, 0.96, 0.96))
    collar = polygon(ax, y, (0.95, 0.62), (0.98, 1.35), (0.02, 1.75), (0.26, 1.12))
    patch.shape(collar, cloth)
    lining = polygon(ax, y, (0.86, 0.80), (0.84, 1.30), (0.12, 1.60), (0.30, 1.18))
    patch.fill(patch.mask(lining), (0.75, 0.10, 0.15))
    patch.shape(ellipse(x, y - 1.62, 0.11, 0.11), (0.98, 0.80, 0.25))


def _robe(patch: Patch, x: Tensor, y: Tensor, cloth: Tensor) -> None:
    ax = x.abs()
    trim = polygon(ax, y, (0.24, 1.02), (0.44, 1.10), (0.12, 2.4), (0.0, 2.4), (0.0, 1.45))
    patch.shape(trim, cloth * 0.5 + 0.5)


COLLARS = {
    "t shirt": _t_shirt,
    "shirt": _shirt,
    "suit": _suit,
    "dress": _dress,
    "hoodie": _hoodie,
    "cape": _cape,
    "robe": _robe,
}


def ears(sheet: Sheet) -> None:
    p = sheet.portraits
    for kind in ("round", "pointed"):
        rows = p.where(ears=kind)
        rows = rows[~torch.isin(rows, hair.covered(p))]
        if not len(rows):
            continue
        with sheet.patch((-1.5, -0.65, 1.5, 0.5), rows, depth=-0.05) as patch:
            skin, away = patch.colour("skin"), patch.x.abs() - patch.value("width")
            if kind == "round":
                patch.shape(ellipse(away - 0.02, patch.y - 0.12, 0.17, 0.22), skin)
                patch.fill(patch.mask(ellipse(away - 0.04, patch.y - 0.12, 0.09, 0.13)),
                           skin * 0.8)  # fmt: skip
            else:
                tip = polygon(
                    away, patch.y, (-0.2, -0.15), (0.42, -0.42), (0.14, 0.26), (-0.2, 0.36)
                )
                patch.shape(tip - 0.03, skin)
                inner = polygon(away, patch.y, (0.0, -0.08), (0.29, -0.29), (0.07, 0.14))
                patch.fill(patch.mask(inner), skin * 0.78)


def earrings(sheet: Sheet) -> None:
    p = sheet.portraits
    rows = p.where(earrings="earrings")
    rows = rows[~torch.isin(rows, hair.hooded(p))]
    if len(rows):
        with sheet.patch((-1.3, 0.2, 1.3, 0.7), rows, depth=-0.05) as patch:
            away = patch.x.abs() - patch.value("width") - 0.06
            ring = ellipse(away, patch.y - 0.46, 0.11, 0.13).abs() - 0.035
            patch.fill(patch.mask(ring), (0.99, 0.82, 0.22))


def outline(patch: Patch, x: Tensor, y: Tensor, larger: float = 0.0) -> Tensor:
    """Distance to the head: an egg whose cheeks narrow to the jaw."""
    below = y.clamp(min=0)
    jaw = 0.16 + 0.10 * patch.value("jaw") - 0.06 * patch.value("child")
    wide = (patch.value("width") + larger) * (1 - jaw * below * below)
    return ellipse(x / wide, y / (0.95 + larger), 1.0, 1.0) * 0.85


def head(sheet: Sheet) -> None:
    with sheet.patch((-1.05, -1.05, 1.05, 1.05)) as patch:
        x, y, skin = patch.x, patch.y, patch.colour("skin")
        inside = patch.shape(outline(patch, x, y), skin)
        lit = x * patch.value("light")
        patch.fill(inside * (0.13 - 0.30 * lit + 0.16 * y).clamp_(0, 0.45), skin * skin * 0.75)
        cheeks = ellipse(x.abs() - 0.50, y - 0.42 - patch.value("low"), 0.20, 0.14)
        patch.fill(
            inside * patch.soft(cheeks + 0.08, 0.16) * 0.30, skin * 0.55 + face.BLUSH.to(skin)
        )
