"""What a portrait can be: its attributes, and the colours their names stand for."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

HUES = {
    "red": (0.85, 0.17, 0.18),
    "orange": (0.96, 0.55, 0.16),
    "yellow": (0.98, 0.83, 0.25),
    "green": (0.27, 0.65, 0.32),
    "teal": (0.16, 0.62, 0.62),
    "blue": (0.22, 0.42, 0.85),
    "purple": (0.53, 0.28, 0.72),
    "pink": (0.97, 0.60, 0.74),
    "brown": (0.50, 0.32, 0.20),
    "black": (0.13, 0.13, 0.16),
    "white": (0.95, 0.95, 0.94),
    "grey": (0.56, 0.57, 0.60),
}
SKINS = {
    "pale": (0.97, 0.90, 0.86),
    "light": (0.99, 0.82, 0.70),
    "tan": (0.90, 0.68, 0.48),
    "brown": (0.68, 0.45, 0.29),
    "dark": (0.42, 0.26, 0.18),
    "green": (0.50, 0.74, 0.40),
    "blue": (0.48, 0.66, 0.92),
    "purple": (0.70, 0.54, 0.86),
    "grey": (0.66, 0.69, 0.70),
    "red": (0.88, 0.27, 0.22),
    "white": (0.97, 0.97, 0.96),
    "furry": (0.52, 0.37, 0.25),
}
HAIRS = {
    "black": (0.12, 0.11, 0.13),
    "dark brown": (0.27, 0.17, 0.12),
    "brown": (0.46, 0.28, 0.16),
    "red": (0.80, 0.34, 0.13),
    "blonde": (0.96, 0.79, 0.39),
    "grey": (0.64, 0.65, 0.68),
    "white": (0.93, 0.93, 0.93),
    "blue": (0.24, 0.46, 0.88),
    "green": (0.27, 0.68, 0.34),
    "pink": (0.97, 0.50, 0.70),
    "purple": (0.56, 0.30, 0.76),
}
IRISES = {
    "brown": (0.42, 0.24, 0.12),
    "blue": (0.20, 0.50, 0.92),
    "green": (0.20, 0.66, 0.32),
    "grey": (0.52, 0.58, 0.64),
    "amber": (0.85, 0.55, 0.12),
    "purple": (0.60, 0.25, 0.85),
    "red": (0.90, 0.10, 0.10),
    "glowing yellow": (1.00, 0.92, 0.25),
    "glowing red": (1.00, 0.16, 0.10),
}
KINDS = (
    *("person", "vampire", "zombie", "werewolf", "witch", "wizard", "clown", "king", "queen"),
    *("princess", "pirate", "elf", "devil", "angel", "alien", "monster", "santa", "ghost"),
    "robot",
)

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "gender": ("male", "female"),
    "age": ("baby", "child", "adult", "old"),
    "skin": tuple(SKINS),
    "hair_colour": tuple(HAIRS),
    "hair_style": (
        *("bald", "short", "bob", "long", "curly", "mohawk", "bun", "spiky", "fringe"),
        "slicked back",
    ),
    "eye_colour": tuple(IRISES),
    "beard": ("none", "stubble", "moustache", "goatee", "beard", "bushy beard"),
    "mouth": ("smile", "laugh", "neutral", "sad", "angry", "surprised"),
    "fangs": ("none", "fangs"),
    "lips": ("none", "lipstick"),
    "nose": ("small", "big", "long", "red"),
    "ears": ("round", "pointed"),
    "earrings": ("none", "earrings"),
    "wrinkles": ("none", "wrinkles"),
    "freckles": ("none", "freckles"),
    "scar": ("none", "scar"),
    "eyewear": ("none", "round glasses", "square glasses", "sunglasses", "eyepatch"),
    "hat": (
        *("none", "cap", "top hat", "witch hat", "wizard hat", "crown", "beanie", "hood"),
        *("santa hat", "pirate hat"),
    ),
    "hat_colour": tuple(HUES),
    "top": ("none", "horns", "halo"),
    "clothes": ("t shirt", "shirt", "suit", "dress", "hoodie", "cape", "robe"),
    "clothes_colour": tuple(HUES),
    "background": tuple(HUES),
    "backdrop": ("plain", "gradient", "glow"),
}


@dataclass(frozen=True)
class Portraits:
    """A batch of faces: every field is [b], an index into ATTRIBUTES or a number."""

    kind: Tensor
    gender: Tensor
    age: Tensor
    skin: Tensor
    hair_colour: Tensor
    hair_style: Tensor
    eye_colour: Tensor
    beard: Tensor
    mouth: Tensor
    fangs: Tensor
    lips: Tensor
    nose: Tensor
    ears: Tensor
    earrings: Tensor
    wrinkles: Tensor
    freckles: Tensor
    scar: Tensor
    eyewear: Tensor
    hat: Tensor
    hat_colour: Tensor
    top: Tensor
    clothes: Tensor
    clothes_colour: Tensor
    background: Tensor
    backdrop: Tensor
    yaw: Tensor  # -1..1, looking left..right
    pitch: Tensor  # -1..1, looking up..down
    roll: Tensor  # radians
    zoom: Tensor  # about 1
    light: Tensor  # -1..1, from the left..right
    width: Tensor  # -1..1, of the face
    jaw: Tensor  # -1..1, square..pointed
    eye_size: Tensor  # -1..1
    eye_gap: Tensor  # -1..1
    brow: Tensor  # -1..1, thin..thick
    line: Tensor  # 0 or 1: drawn outlines
    side: Tensor  # -1 or 1: parting of the hair
    shade: Tensor  # -1..1, darker..brighter clothes and background
    tint: Tensor  # -1..1, of hair and skin

    def __len__(self) -> int:
        return len(self.kind)

    def rows(self, rows: Tensor | slice) -> "Portraits":
        return Portraits(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def to(self, device: torch.device | str) -> "Portraits":
        return Portraits(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def where(self, **wanted: str | tuple[str, ...]) -> Tensor:
        """The rows whose attributes are as wanted: where(hat="crown", age=("adult", "old"))."""
        mask = torch.ones(len(self), dtype=torch.bool)
        for name, choices in wanted.items():
            allowed = (choices,) if isinstance(choices, str) else choices
            codes = torch.tensor([ATTRIBUTES[name].index(choice) for choice in allowed])
            mask &= torch.isin(getattr(self, name), codes)
        return mask.nonzero().flatten()

    def named(self, index: int) -> dict[str, str]:
        return {
            name: choices[int(getattr(self, name)[index])] for name, choices in ATTRIBUTES.items()
        }
