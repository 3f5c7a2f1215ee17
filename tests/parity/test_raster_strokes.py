"""Strokes as diffvg draws them with many samples over white, from recorded pictures."""

from pathlib import Path
from typing import Any

import pytest
import torch

from parity.golden import config, families, tensors
from reverie.raster.layout import layout
from reverie.raster.rasterize import rasterize

CASES = [
    pytest.param(folder, case, id=f"{folder.name}-{case['name']}")
    for folder in families("raster-strokes")
    for case in config(folder)["cases"]
]


@pytest.mark.parametrize(("folder", "case"), CASES)
def test_strokes_are_the_recorded_ones(folder: Path, case: dict[str, Any]):
    io = {n: x for n, x in tensors(folder).items() if n.startswith(f"{case['name']}.")}
    about = {n.removeprefix(f"{case['name']}."): x for n, x in io.items()}
    wanted = about["image_u8"].float() / 255
    counts = about["num_points"].tolist()
    assert len(counts) == case["strokes"]
    points = torch.cat([p[:n] for p, n in zip(about["points"], counts, strict=True)])
    _, h, w = wanted.shape
    shapes = layout([[n] for n in counts])
    image = rasterize(shapes, points, about["width"], about["rgba"], torch.ones(3), (w, h))[0]
    error = (image.clamp(0, 1) - wanted).double()
    loudness = -10 * error.square().mean().log10()
    assert loudness >= (38 if case["widths"] == "init" else 42)
    assert error.abs().mean() <= 0.004
