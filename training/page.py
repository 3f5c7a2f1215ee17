"""The page of a run: curves of its log and a sheet of what it last learnt from."""

import base64
import html
import io
import json
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

_PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:14px sans-serif;margin:2em}}svg{{background:#f6f6f4;margin:.4em}}
figure{{display:inline-block;width:140px;margin:.3em;vertical-align:top;font-size:11px}}
img{{width:128px;image-rendering:pixelated}}</style><h1>{title}</h1>{curves}<p>{sheet}</p>"""


def write(folder: Path, pictures: Tensor, captions: list[str], *, count: int = 48) -> None:
    """Write `page.html` in the folder of a run. pictures: `[n, 3, h, w]` in 0..1."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    names = sorted({name for row in rows for name in row} - {"step"})
    curves = "".join(
        _curve(name, [(r["step"], r[name]) for r in rows if name in r]) for name in names
    )
    shown = zip(pictures[:count], captions[:count], strict=True)
    sheet = "".join(
        f'<figure><img src="{_inline(picture)}"><br>{html.escape(text)}</figure>'
        for picture, text in shown
    )
    text = _PAGE.format(title=html.escape(folder.name), curves=curves, sheet=sheet)
    (folder / "page.html").write_text(text)


def _inline(picture: Tensor) -> str:
    file = io.BytesIO()
    pixels = (picture.permute(1, 2, 0) * 255).round().to(torch.uint8).cpu().numpy()
    Image.fromarray(pixels).save(file, "png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _curve(name: str, points: list[tuple[float, float]]) -> str:
    if not points:
        return ""
    steps, values = [p[0] for p in points], [p[1] for p in points]
    low, high = min(values), max(values)
    wide, tall = max(steps[-1] - steps[0], 1), (high - low) or 1
    line = " ".join(
        f"{10 + 280 * (s - steps[0]) / wide:.1f},{130 - 100 * (v - low) / tall:.1f}"
        for s, v in points
    )
    said = f"{html.escape(name)}: {values[-1]:.4g} (least {low:.4g}, most {high:.4g})"
    return (
        f'<svg width="300" height="140"><text x="10" y="18" font-size="12">{said}</text>'
        f'<polyline points="{line}" fill="none" stroke="#36c" stroke-width="1.5"/></svg>'
    )
