"""A matrix as a picture: one coloured square per value, with its number."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pil
from PIL import ImageDraw, ImageFont
from torch import Tensor

CELL = 72  # pixels
LOW, MIDDLE, HIGH = (33, 51, 107), (222, 116, 92), (255, 243, 214)  # night, dawn, day


def draw_heatmap(matrix: Tensor, rows: Sequence[str], columns: Sequence[str], path: Path) -> None:
    """Draws `matrix [rows, columns]`, dark for its smallest value and light for its largest."""
    font = ImageFont.load_default(size=15)
    left = int(max(font.getlength(_cut(name)) for name in rows)) + 24
    top = int(max(font.getlength(_cut(name)) for name in columns)) + 24
    width, height = left + CELL * len(columns) + 16, top + CELL * len(rows) + 16
    picture = Pil.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    low, high = matrix.min().item(), matrix.max().item()
    for i, row in enumerate(matrix.tolist()):
        draw.text((left - 12, top + CELL * (i + 0.5)), _cut(rows[i]), "black", font, anchor="rm")
        for j, value in enumerate(row):
            share = (value - low) / (high - low) if high > low else 1.0
            x, y = left + CELL * j, top + CELL * i
            draw.rectangle((x, y, x + CELL - 3, y + CELL - 3), _colour(share))
            ink = "black" if share > 0.5 else "white"
            middle = (x + CELL / 2 - 1, y + CELL / 2 - 1)
            draw.text(middle, f"{value:.2f}", ink, font, anchor="mm")
    for j, name in enumerate(columns):
        label = Pil.new("RGB", (top, 24), "white")
        ImageDraw.Draw(label).text((0, 12), _cut(name), "black", font, anchor="lm")
        turned = label.rotate(90, expand=True)  # reads upwards
        picture.paste(turned, (left + CELL * j + CELL // 2 - 12, -12))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.png")
    picture.save(temporary)
    temporary.replace(path)


def _colour(share: float) -> tuple[int, int, int]:
    a, b, t = (LOW, MIDDLE, 2 * share) if share < 0.5 else (MIDDLE, HIGH, 2 * share - 1)
    red, green, blue = (round(x + (y - x) * t) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _cut(name: str) -> str:
    return name if len(name) <= 32 else f"{name[:30]}…"
