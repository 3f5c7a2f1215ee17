"""Caps and joins that are not round, against their geometry and against another renderer."""

import io
import math

import numpy as np
import pytest
import resvg_py
import torch
from PIL import Image
from torch import Tensor

from raster.scenes import BACKENDS, draw, gradients, straight, use
from reverie.raster.layout import CAPS, JOINS, layout
from reverie.raster.rasterize import rasterize

LINE = straight((12.3, 20.1), (50.7, 33.4))
LENGTH = math.hypot(38.4, 13.3)


@pytest.fixture(autouse=True, params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(request.param, monkeypatch)
    return request.param


@pytest.mark.parametrize(
    ("cap", "more"), [("butt", 0.0), ("square", 9.0 * 9), ("round", math.pi * 4.5**2)]
)
def test_a_cap_adds_its_area(cap: str, more: float):
    for join in JOINS:  # a single line has no joins
        area = draw(LINE, [9.0], (64, 64), cap=cap, join=join).sum().item()
        assert area == pytest.approx(9 * LENGTH + more, rel=1e-6 if cap != "round" else 0.005)


@pytest.mark.parametrize("degrees", [20.0, 70.0, 100.0, 150.0, -70.0, -130.0])
@pytest.mark.parametrize("join", JOINS)
def test_a_join_adds_its_area(join: str, degrees: float):
    turn, r, long = math.radians(degrees), 4.0, 24.0
    end = 48 + long * math.cos(turn), 50 + long * math.sin(turn)
    points = straight((48 - long, 50), (48, 50), end)
    area = draw(points, [2 * r], (96, 96), cap="butt", join=join, miter_limit=3.0).sum().item()
    turn = abs(turn)
    kite = r * r * math.tan(turn / 2)  # what both lines cover, and what a miter adds
    sharp = join == "miter" and 1 / math.cos(turn / 2) <= 3
    added = {"bevel": r * r * math.sin(turn) / 2, "round": r * r * turn / 2, "miter": kite}
    both = 2 * r * 2 * long - kite
    shape = join if join != "miter" or sharp else "bevel"
    assert area == pytest.approx(both + added[shape], abs=0.3 if shape == "round" else 0.12)


def test_a_closed_square_with_miters_is_a_frame_and_has_no_caps():
    corners = [(10.2, 10.3), (40.2, 10.3), (40.2, 40.3), (10.2, 40.3)]
    outer, inner = 36.0**2, 24.0**2
    for points in (straight(*corners, corners[0]), straight(*corners)):
        for cap in CAPS:
            area = draw(points, [6.0], (50, 50), cap=cap, join="miter", closed=True).sum()
            assert area.item() == pytest.approx(outer - inner)
    open_ = draw(straight(*corners), [6.0], (50, 50), cap="butt", join="miter").sum()
    assert open_.item() < outer - inner - 100


def test_a_closed_round_line_is_closed_too():
    corners = [(10.2, 10.3), (40.2, 10.3), (25.2, 40.3)]
    closed = draw(straight(*corners), [6.0], (50, 50), closed=True)
    torch.testing.assert_close(closed, draw(straight(*corners, corners[0]), [6.0], (50, 50)))


@pytest.mark.parametrize(("cap", "area"), [("butt", 0.0), ("square", 81.0), ("round", 63.6)])
def test_a_point_is_as_svg_wants_it(cap: str, area: float):
    point = torch.full((4, 2), 16.3, dtype=torch.float64)
    cover = draw(point, [9.0], (32, 32), cap=cap, join="bevel")
    assert cover.sum().item() == pytest.approx(area, rel=0.02)


def test_a_curve_has_no_notches():
    """Along a ring with butt caps nothing but the two edges and the ends is grey."""
    k = 0.5523 * 20
    ring = torch.tensor(
        [[32, 12], [32 + k, 12], [52, 32 - k], [52, 32], [52, 32 + k], [32 + k, 52], [32, 52]],
        dtype=torch.float64,
    )
    cover = draw(ring, [13.0], (64, 64), cap="butt", join="miter")
    y, x = torch.meshgrid(*[torch.arange(64) + 0.5] * 2, indexing="ij")
    away = torch.hypot(x - 32, y - 32)
    sure = (x > 33) & ((away - 20).abs() < 5.7)
    assert cover[sure].min() > 0.999
    beyond = (x > 33) & ((away - 20).abs() > 7.3)
    assert cover[beyond].max() < 1e-3
    assert cover[x < 32].max() < 1e-3  # it is cut off across the curve, not across a chord
    half = (math.pi * (26.5**2 - 13.5**2)) / 2
    assert cover.sum().item() == pytest.approx(half, rel=0.003)


def test_where_a_line_lies_over_itself_it_is_no_darker():
    loop = torch.tensor([[10, 40], [70, 5], [-10, 5], [50, 40]], dtype=torch.float64)
    back = straight((8, 50), (52, 50), (9, 50.4))
    for points in (loop, back):
        cover = draw(points, [7.0], (60, 60), cap="butt", join="bevel")
        assert cover.max() <= 1 + 1e-9
        assert cover.min() >= -1e-9


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("join", JOINS)
def test_degenerate_lines_give_no_nan(cap: str, join: str):
    point = [[8.5, 8.5]] * 4
    back = straight((3, 8), (12, 8), (3, 8)).tolist()
    doubled = [[4.0, 4], [4, 4], [12, 12], [12, 12]]
    lost = [[math.nan, 4], [4, 4], [12, 12], [12, 12]]
    points = torch.tensor(point + back + doubled + lost, dtype=torch.float64)
    shapes = layout([[4], [7], [4], [4]], cap=cap, join=join, closed=[False, True, False, False])  # type: ignore[arg-type]
    colours = torch.full((4, 4), 0.5, dtype=torch.float64)
    paper = torch.ones(3, dtype=torch.float64)
    for width in (0.0, 5.0, 900.0):
        widths = torch.full((4,), width, dtype=torch.float64)
        found = gradients(
            lambda *x: rasterize(shapes, *x, colours, paper, (16, 16)), [points, widths]
        )
        assert all(x.isfinite().all() for x in found)
        assert not found[1][15:].any()


def rendered(path: str, style: str, side: int) -> Tensor:
    """The cover `[side, side]` by resvg, drawn eight times as large."""
    svg = f"""<svg xmlns="http://www.w3.org/2000/svg" width="{8 * side}" height="{8 * side}"
        viewBox="0 0 {side} {side}"><rect width="100%" height="100%" fill="white"/>
        <path d="{path}" {style}/></svg>"""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg))
    grey = np.asarray(Image.open(io.BytesIO(png)).convert("L")) / 255
    return 1 - torch.from_numpy(grey).view(side, 8, side, 8).mean((1, 3))


ZIGZAG = ((20.3, 60.2), (33.1, 22.7), (50.2, 64.1), (66.4, 28.3))
WAVE = ((9.2, 30.1), (40.0, -20.0), (30.0, 90.0), (70.1, 40.2))


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("join", JOINS)
def test_lines_are_as_resvg_draws_them(cap: str, join: str, closed: bool):
    zigzag = "M" + " L".join(f"{x},{y}" for x, y in ZIGZAG) + (" Z" if closed else "")
    wave = "M{},{} C{},{} {},{} {},{}".format(*(z for p in WAVE for z in p))
    style = f'fill="none" stroke="black" stroke-linecap="{cap}" stroke-linejoin="{join}"'
    kinds = {"cap": cap, "join": join, "closed": closed}
    ours = draw(straight(*ZIGZAG), [11.0], (80, 80), **kinds)
    theirs = rendered(zigzag, style + ' stroke-width="11"', 80)
    assert (ours - theirs).abs().mean() < 0.0015
    kinds["closed"] = False
    ours = draw(torch.tensor(WAVE, dtype=torch.float64), [9.0], (80, 80), **kinds)
    theirs = rendered(wave, style + ' stroke-width="9"', 80)
    assert (ours - theirs).abs().mean() < 0.0015
    assert (ours - theirs).abs().max() < 0.11


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
def test_fills_are_as_resvg_draws_them(rule: str):
    star = [
        (40 + 30 * math.sin(4 * math.pi * k / 5), 41 - 30 * math.cos(4 * math.pi * k / 5))
        for k in range(5)
    ]
    path = "M" + " L".join(f"{x},{y}" for x, y in star) + " Z"
    theirs = rendered(path, f'fill="black" fill-rule="{rule}"', 80)
    ours = draw(straight(*star), [0.0], (80, 80), paint=rule)
    assert (ours - theirs).abs().mean() < 0.001
