"""The gradient is that of the picture, and points where true shapes would have to move."""

import math
from functools import cache

import pytest
import torch
from torch import Tensor

from raster.scenes import BACKENDS, Dice, apart, differences, draw, straight, use, walks
from reverie.raster.layout import layout
from reverie.raster.rasterize import rasterize


@pytest.fixture(autouse=True, params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(request.param, monkeypatch)
    return request.param


KINDS = {
    "strokes": {"paint": "stroke"},
    "nonzero": {"paint": "nonzero"},
    "evenodd": {"paint": "evenodd"},
    "butt and miter": {"cap": "butt", "join": "miter"},
    "square and bevel": {"cap": "square", "join": "bevel"},
    "butt and round": {"cap": "butt"},
    "round and miter": {"join": "miter", "miter_limit": 10.0},
    "closed": {"closed": True},
    "closed and miter": {"join": "miter", "closed": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_finite_differences(kind: str):
    softness = 2.5 if kind.startswith("closed") else 1.0
    dice = Dice(sorted(KINDS).index(kind))
    shapes = layout([[7], [4, 4]], **KINDS[kind])  # type: ignore[arg-type]
    given = [walks(dice, shapes, 30, 10), 7 * dice(2) + 0.4, dice(2, 4), dice(3)]
    noise = dice.normal(1, 3, 26, 30)

    def loss(*x: Tensor) -> Tensor:
        return (rasterize(shapes, *x, (30, 26), softness=softness) * noise).sum()

    live = [x.clone().requires_grad_() for x in given]
    slopes = torch.autograd.grad(loss(*live), live)
    for k, slope in enumerate(slopes):
        some = list(range(0, slope.numel(), -(-slope.numel() // 9)))
        # Two steps that differ tell elements whose step crosses a kink.
        found, again = (differences(loss, given, k, some, step) for step in (1e-6, 4e-7))
        smooth = (found - again).abs() < 1e-5 * found.abs().clamp(min=1)
        assert smooth.double().mean() > 0.8
        assert apart(slope.flatten()[some][smooth], found[smooth]) < 1e-6


def test_the_gradient_reaches_every_pixel_of_a_paper():
    dice = Dice(2)
    shapes = layout([[7], [7]], paint=["stroke", "nonzero"])
    given = [walks(dice, shapes, 13, 9), 4 * dice(2), dice(2, 4)]
    paper = dice(1, 3, 11, 13).requires_grad_()
    noise = dice.normal(1, 3, 11, 13)
    (slope,) = torch.autograd.grad(
        (rasterize(shapes, *given, paper, (13, 11)) * noise).sum(), paper
    )
    through = rasterize(shapes, *given, torch.ones(3).double(), (13, 11)) - rasterize(
        shapes, *given, torch.zeros(3).double(), (13, 11)
    )
    torch.testing.assert_close(slope, noise * through)


def test_the_gradient_of_an_opaque_shape_sees_what_it_hides():
    """Where alpha is 1 nothing shows through, yet a lower alpha would show it."""
    shapes = layout([[4], [4]])
    points = straight((-20, 8), (40, 8)).repeat(2, 1)
    colours = torch.tensor([[1.0, 0, 0, 1], [0, 0, 1, 1]], dtype=torch.float64, requires_grad=True)
    widths = torch.full((2,), 60.0, dtype=torch.float64)
    image = rasterize(shapes, points, widths, colours, torch.ones(3).double(), (16, 16))
    (slope,) = torch.autograd.grad(image[0, 0].sum(), colours)
    assert slope[1, 3].item() == pytest.approx(-256)  # red would come through
    assert slope[0, 3].item() == 0


def test_the_area_of_a_stroke_grows_with_its_width_by_its_perimeter():
    line = straight((12.3, 20.1), (50.7, 33.4))
    width = torch.tensor([9.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(draw(line, width, (64, 64)).sum(), width)
    perimeter = 2 * math.hypot(38.4, 13.3) + math.pi * 9
    assert 2 * slope.item() == pytest.approx(perimeter, rel=0.02)  # both sides move by half


def hard(points: Tensor, width: Tensor, size: int) -> Tensor:
    """The cover of a round stroke by asking 4x4 places of every pixel how far the true curve is."""
    t = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    curves = points.unfold(0, 4, 3).transpose(1, 2)  # [cubics, 4, 2]
    powers = torch.cat([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], 1)
    line = (powers @ curves).flatten(0, 1)
    at = (torch.arange(size * 4, dtype=torch.float64) + 0.5) / 4
    where = torch.cartesian_prod(at, at).flip(1)
    a, along = line[:-1], line.diff(dim=0)
    share = along.square().sum(1).clamp(min=1e-12)
    # |w - a - u along|^2, of all places and chords, by matrix products
    ahead = ((where @ along.T) - (a * along).sum(1)) / share
    u = ahead.clamp(0, 1)
    off = where.square().sum(1)[:, None] - 2 * where @ a.T + a.square().sum(1)
    squared = off - 2 * u * ahead * share + u * u * share
    distance = squared.amin(1).clamp(min=0).sqrt()
    cover = ((width / 2 - distance) * 4 + 0.5).clamp(0, 1)
    return cover.view(size, 4, size, 4).mean((1, 3))


CURVES = {
    "straight": straight((9.3, 14.6), (37.7, 30.6)),
    "arc": torch.tensor([[8.0, 30.2], [12.3, 9.6], [34.1, 9.2], [41.1, 28.8]], dtype=torch.float64),
    "corner": straight((9.2, 12.5), (29.6, 36.3), (41.0, 13.7)),
    "walk": walks(Dice(4), layout([[7]]), 8, 13) + 20,
}


@cache
def true_slopes(curve: str, width: float, size: int) -> tuple[Tensor, Tensor]:
    """How the true cover changes with every coordinate `[2 * points, size, size]` and width."""
    given = [CURVES[curve], torch.tensor([width], dtype=torch.float64)]
    found: list[list[Tensor]] = [[], []]
    for k, x in enumerate(given):
        for i in range(x.numel()):
            sides = []
            for step in (0.02, -0.02):
                there = [x.clone() for x in given]
                there[k].view(-1)[i] += step
                sides.append(hard(*there, size))
            found[k].append((sides[0] - sides[1]) / 0.04)
    return torch.stack(found[0]), found[1][0]


@pytest.mark.parametrize(("curve", "width"), [(c, 8.0 if c == "arc" else 3.0) for c in CURVES])
def test_the_gradient_is_that_of_the_true_shape(curve: str, width: float):
    size = 48
    coarse = Dice(6).normal(1, 6, 8, 8)
    fields = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic")[0]
    given = [CURVES[curve], torch.tensor([width], dtype=torch.float64)]

    def ours(k: int, weights: Tensor) -> Tensor:
        live = [x.clone().requires_grad_() for x in given]
        loss = (draw(*live, (size, size)) * weights).sum()
        return torch.autograd.grad(loss, live[k])[0].flatten()

    by_point, by_width = true_slopes(curve, width, size)
    true = torch.einsum("pyx,fyx->fp", by_point, fields)
    got = torch.stack([ours(0, field) for field in fields])
    assert torch.cosine_similarity(got.flatten(), true.flatten(), 0) >= 0.98
    for field in fields.abs():
        assert ours(1, field).item() == pytest.approx((by_width * field).sum().item(), rel=0.15)
