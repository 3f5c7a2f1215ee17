"""The gradient is that of the picture, and points where true shapes would have to move."""

import math

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
@pytest.mark.parametrize("softness", [1.0, 2.5])
def test_the_gradient_is_that_of_finite_differences(kind: str, softness: float):
    dice = Dice(sorted(KINDS).index(kind))
    shapes = layout([[10], [4], [7, 4], [7]], **KINDS[kind])  # type: ignore[arg-type]
    given = [walks(dice, shapes, 40, 12), 7 * dice(4) + 0.4, dice(4, 4), dice(3)]
    noise = dice.normal(1, 3, 36, 40)

    def loss(*x: Tensor) -> Tensor:
        return (rasterize(shapes, *x, (40, 36), softness=softness) * noise).sum()

    live = [x.clone().requires_grad_() for x in given]
    slopes = torch.autograd.grad(loss(*live), live)
    for k, slope in enumerate(slopes):
        # Two steps that differ tell elements whose step crosses a kink.
        found, again = (differences(loss, given, k, step) for step in (1e-6, 4e-7))
        smooth = (found - again).abs() < 1e-5 * found.abs().clamp(min=1)
        assert smooth.float().mean() > 0.9
        assert apart(slope[smooth], found[smooth]) < 1e-6


def test_the_gradient_reaches_every_pixel_of_a_paper():
    dice = Dice(2)
    shapes = layout([[7], [7]], paint=["stroke", "nonzero"])
    given = [walks(dice, shapes, 13, 9), 4 * dice(2), dice(2, 4)]
    paper = dice(1, 3, 11, 13).requires_grad_()
    noise = dice.normal(1, 3, 11, 13)
    (slope,) = torch.autograd.grad((rasterize(shapes, *given, paper, (13, 11)) * noise).sum(), paper)
    through = (
        rasterize(shapes, *given, torch.ones(3).double(), (13, 11))
        - rasterize(shapes, *given, torch.zeros(3).double(), (13, 11))
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
    assert 2 * slope.item() == pytest.approx(perimeter, rel=0.01)  # both sides move by half


def hard(points: Tensor, width: Tensor, size: int) -> Tensor:
    """The cover of a round stroke by asking 6x6 places of every pixel how far the true curve is."""
    t = torch.linspace(0, 1, 80, dtype=torch.float64)[:, None]
    curves = points.unfold(0, 4, 3).transpose(1, 2)  # [cubics, 4, 2]
    powers = torch.cat([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], 1)
    line = (powers @ curves).flatten(0, 1)
    at = (torch.arange(size * 6, dtype=torch.float64) + 0.5) / 6
    where = torch.cartesian_prod(at, at).flip(1)
    a, along = line[:-1], line.diff(dim=0)
    share = along.square().sum(1).clamp(min=1e-12)
    # |w - a - u along|^2, of all places and chords, by matrix products
    ahead = ((where @ along.T) - (a * along).sum(1)) / share
    u = ahead.clamp(0, 1)
    off = where.square().sum(1)[:, None] - 2 * where @ a.T + a.square().sum(1)
    squared = off - 2 * u * ahead * share + u * u * share
    distance = squared.amin(1).clamp(min=0).sqrt()
    cover = ((width / 2 - distance) * 6 + 0.5).clamp(0, 1)
    return cover.view(size, 6, size, 6).mean((1, 3))


CURVES = {
    "straight": straight((6.2, 9.7), (25.1, 20.4)),
    "arc": torch.tensor([[5.3, 20.1], [8.2, 6.4], [22.7, 6.1], [27.4, 19.2]], dtype=torch.float64),
    "corner": straight((6.1, 8.3), (19.7, 24.2), (27.3, 9.1)),
    "walk": walks(Dice(4), layout([[7]]), 8, 9) + 11,
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("width", [3.0, 8.0])
def test_the_gradient_is_that_of_the_true_shape(curve: str, width: float):
    size, points = 32, CURVES[curve]
    coarse = Dice(6).normal(1, 1, 5, 5)
    weights = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic")[0, 0]
    given = [points, torch.tensor([width], dtype=torch.float64)]
    live = [x.clone().requires_grad_() for x in given]
    slopes = torch.autograd.grad((draw(*live, (size, size)) * weights).sum(), live)
    true = [
        differences(lambda *x: (hard(*x, size) * weights).sum(), given, k, 0.02) for k in range(2)
    ]
    cosine = torch.cosine_similarity(slopes[0].flatten(), true[0].flatten(), 0)
    assert cosine >= 0.98
    assert slopes[1].item() == pytest.approx(true[1].item(), rel=0.15, abs=0.2)
