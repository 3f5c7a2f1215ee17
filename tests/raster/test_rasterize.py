"""What the picture of shapes must be, whoever computes it."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raster.plain import rasterize as plain
from raster.scenes import BACKENDS, Dice, apart, clipdraw, draw, gradients, straight, use, walks
from reverie.raster.layout import PAINTS, layout
from reverie.raster.rasterize import rasterize

WHITE = torch.ones(3, dtype=torch.float64)


@pytest.fixture(autouse=True, params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    use(request.param, monkeypatch)
    return request.param


def anything(seed: int):
    """Some pictures of strokes and fills, near and far, thin and wide, on all kinds of paper."""
    dice = Dice(seed)
    pictures = [dice.whole(0, 5) for _ in range(dice.whole(1, 4))]
    n, b, w, h = sum(pictures), len(pictures), dice.whole(1, 60), dice.whole(1, 60)
    shapes = [[3 * dice.whole(1, 4) + 1 for _ in range(dice.whole(1, 3))] for _ in range(n)]
    kinds = [PAINTS[dice.whole(0, 3)] for _ in range(n)]
    about = layout(shapes, paint=kinds, pictures=pictures)
    extent = torch.tensor([w, h], dtype=torch.float64)
    spread = (1.0, 3.0, 0.2, 0.02)[dice.whole(0, 4)]
    points = (dice(int(about.contours[-1]), 2) - 0.5) * extent * spread + dice(2) * extent
    widths = dice(n) * (0.8, 4, 30, 150)[dice.whole(0, 4)] + 0.05
    paper = dice(*((3,), (b, 3), (b, 3, h, w))[dice.whole(0, 3)])
    softness = (1.0, 0.4, 3.0)[dice.whole(0, 3)]
    return about, [points, widths, dice(n, 4), paper], (w, h), softness


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 2**31))
def test_a_picture_and_its_gradient_are_those_of_plain_autograd(seed: int):
    about, numbers, size, softness = anything(seed)
    (image, *slopes), (same, *wanted) = (
        gradients(lambda *x, f=f: f(about, *x, size, softness=softness), numbers)
        for f in (rasterize, plain)
    )
    torch.testing.assert_close(image, same, rtol=0, atol=1e-5)
    for got, want in zip(slopes, wanted, strict=True):
        assert (got - want).norm() <= 1e-3 * want.norm() + 1e-5


def test_exactly_so_in_float64_where_nothing_is_hidden():
    shapes = layout(
        [[7]] * 3 + [[4, 7]] * 3, paint=["stroke"] * 3 + ["nonzero", "evenodd"] * 1 + ["stroke"]
    )
    dice = Dice(3)
    numbers = [walks(dice, shapes, 50, 15), 5 * dice(6), 0.6 * dice(6, 4), dice(3)]
    ours, theirs = (
        gradients(lambda *x, f=f: f(shapes, *x, (50, 41)), numbers) for f in (rasterize, plain)
    )
    assert max(apart(a, b) for a, b in zip(ours, theirs, strict=True)) < 1e-9


@pytest.mark.parametrize("full", ["init", "log", "uni"])
def test_float32_is_close_to_float64(full: str):
    shapes, numbers = clipdraw(64, 160, full)
    paper = torch.ones(3)
    found, exact = (
        gradients(lambda *x: rasterize(shapes, *x, paper.to(x[0]), (160, 160)), given)
        for given in (numbers, [x.double() for x in numbers])
    )
    assert (found[0] - exact[0]).abs().max() < 3e-3
    assert max(apart(a.double(), b) for a, b in zip(found[1:], exact[1:], strict=True)) < 2e-3


def test_a_line_covers_its_area():
    cover = draw(straight((12.3, 20.1), (50.7, 33.4)), [9.0], (64, 64))
    length = math.hypot(38.4, 13.3)
    assert cover.sum().item() == pytest.approx(9 * length + math.pi * 4.5**2, rel=0.005)


def test_a_thin_line_keeps_its_area():
    wide, thin, hair = (
        draw(straight((7.2, 9.9), (55.1, 41.3)), [w], (64, 64)).sum().item()
        for w in (1.0, 0.25, 0.05)
    )
    assert wide / thin == pytest.approx(4, rel=0.05)
    assert wide / hair == pytest.approx(20, rel=0.05)


def test_a_line_of_no_length_is_a_disc():
    cover = draw(torch.full((4, 2), 20.4, dtype=torch.float64), [17.0], (40, 40))
    y, x = torch.meshgrid(*[torch.arange(40) + 0.5] * 2, indexing="ij")
    away = torch.hypot(x - 20.4, y - 20.4)
    torch.testing.assert_close(cover, (9 - away).clamp(0, 1).double(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("paint", ["nonzero", "evenodd"])
def test_a_triangle_covers_its_area(paint: str):
    corners = (5.3, 7.1), (58.2, 20.4), (22.9, 49.8)
    cover = draw(straight(*corners, corners[0]), [0.0], (64, 64), paint=paint)
    (ax, ay), (bx, by), (cx, cy) = corners
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    assert cover.sum().item() == pytest.approx(area, rel=1e-6)
    assert cover.min() >= 0
    assert cover.max() <= 1 + 1e-6


def test_evenodd_leaves_a_hole_where_nonzero_has_none():
    square = [(8.0, 8.0), (40.0, 8.0), (40.0, 40.0), (8.0, 40.0), (8.0, 8.0)]
    small = [(16.0, 16.0), (32.0, 16.0), (32.0, 32.0), (16.0, 32.0), (16.0, 16.0)]
    points = torch.cat([straight(*square), straight(*small)])
    black = torch.tensor([[0.0, 0, 0, 1]], dtype=torch.float64)
    for paint, area in (("nonzero", 32 * 32), ("evenodd", 32 * 32 - 16 * 16)):
        shapes = layout([[13, 13]], paint=paint)
        image = rasterize(shapes, points, torch.zeros(1).double(), black, WHITE, (48, 48))
        assert (1 - image[0, 0]).sum().item() == pytest.approx(area)


def test_a_fill_larger_than_the_canvas_covers_all_of_it():
    big = straight((-50, -60), (90, -55), (95, 99), (-40, 80), (-50, -60))
    assert draw(big, [0.0], (30, 20), paint="nonzero").min() == 1


def test_a_stroke_over_all_gives_exactly_its_colour():
    colour = torch.tensor([[0.2, 0.7, 0.4, 1.0]])
    points = straight((0, 0), (30, 30)).float()
    image = rasterize(
        layout([[4]]), points, torch.tensor([200.0]), colour, torch.zeros(3), (30, 30)
    )
    assert torch.equal(image, colour[0, :3, None, None].expand(1, 3, 30, 30))


def test_of_two_shapes_the_later_is_above_and_lets_through_what_it_does_not_hide():
    points = torch.cat([straight((0, 10), (40, 10)), straight((20, -20), (20, 40))])
    colours = torch.tensor([[1.0, 0.0, 0.2, 0.6], [0.1, 0.9, 0.3, 0.7]], dtype=torch.float64)
    widths = torch.tensor([60.0, 60.0], dtype=torch.float64)
    paper = torch.tensor([0.5, 0.6, 0.7], dtype=torch.float64)
    image = rasterize(layout([[4], [4]]), points, widths, colours, paper, (40, 20))
    under = 0.6 * colours[0, :3] + 0.4 * paper
    torch.testing.assert_close(image[0, :, 10, 20], 0.7 * colours[1, :3] + 0.3 * under)
    again = points.view(2, 4, 2).flip(0).flatten(0, 1)
    turned = rasterize(layout([[4], [4]]), again, widths, colours.flip(0), paper, (40, 20))
    assert (image - turned).abs().max() > 0.1


def test_a_batch_is_its_pictures_one_by_one():
    dice = Dice(5)
    counts = [3, 0, 5]
    together = layout([[7]] * 8, paint=["stroke", "nonzero"] * 4, pictures=counts)
    points, widths, colours = walks(dice, together, 40, 12), 6 * dice(8), dice(8, 4)
    paper = dice(3, 3)
    image = rasterize(together, points, widths, colours, paper, (40, 30))
    lo = 0
    for i, n in enumerate(counts):
        alone = layout([[7]] * n, paint=(["stroke", "nonzero"] * 4)[lo : lo + n])
        chosen = slice(lo, lo + n)
        single = rasterize(
            alone,
            points[7 * lo : 7 * (lo + n)],
            widths[chosen],
            colours[chosen],
            paper[i : i + 1],
            (40, 30),
        )
        torch.testing.assert_close(image[i : i + 1], single)
        lo += n


def test_the_same_twice_to_the_bit():
    shapes, numbers = clipdraw(64, 120, "log")
    once, twice = (
        gradients(lambda *x: rasterize(shapes, *x, torch.ones(3), (120, 120)), numbers)
        for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))


def test_two_thousand_shapes_may_lie_over_one_pixel():
    dice = Dice(0)
    n = 2000
    points = straight((2.0, 4.0), (6.0, 4.0)).repeat(n, 1) + 0.2 * dice(4 * n, 2)
    colours = dice(n, 4) * torch.tensor([1, 1, 1, 0.002], dtype=torch.float64)
    given = [points, torch.full((n,), 20.0, dtype=torch.float64), colours, WHITE]
    image, *slopes = gradients(lambda *x: rasterize(layout([[4]] * n), *x, (8, 8)), given)
    expected = WHITE[:, None, None]
    for colour in colours:
        expected = expected + colour[3] * (colour[:3, None, None] - expected)
    torch.testing.assert_close(image[0, :, 4, 4], expected[:, 0, 0])
    assert all(slope.isfinite().all() for slope in slopes)
    assert (slopes[2][:, :3] != 0).all()


def test_no_shape_and_no_visible_shape_leave_the_paper_as_it_is():
    paper = Dice(1)(2, 3, 9, 11)
    nothing = torch.zeros(0, dtype=torch.float64)
    empty = layout([], pictures=[0, 0])
    none = rasterize(empty, nothing.view(0, 2), nothing, nothing.view(0, 4), paper, (11, 9))
    assert torch.equal(none, paper)
    points = straight((-90, -90), (-50, -80)).repeat(2, 1)
    given = [points, torch.ones(2).double(), torch.ones(2, 4).double(), paper]
    beyond = layout([[4], [4]], paint=["stroke", "nonzero"], pictures=[1, 1])
    image, *slopes = gradients(lambda *x: rasterize(beyond, *x, (11, 9)), given)
    assert torch.equal(image, paper)
    assert not any(slope.any() for slope in slopes[:3])


@pytest.mark.parametrize("paint", PAINTS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_shape_that_is_not_finite_is_left_out_and_gets_no_gradient(paint: str, bad: float):
    shapes = layout([[4], [7], [4]], paint=paint)
    dice = Dice(8)
    given = [walks(dice, shapes, 30, 20), 3 * dice(3) + 1, dice(3, 4), dice(3)]
    alone = [given[0][[*range(4), *range(11, 15)]], given[1][[0, 2]], given[2][[0, 2]], given[3]]
    given[0][6, 1] = bad
    image, *slopes = gradients(lambda *x: rasterize(shapes, *x, (30, 30)), given)
    without = rasterize(layout([[4], [4]], paint=paint), *alone, (30, 30))
    torch.testing.assert_close(image, without)
    assert all(slope.isfinite().all() for slope in slopes)
    assert not slopes[0][4:11].any()
    assert not slopes[2][1].any()


@pytest.mark.parametrize("paint", PAINTS)
def test_a_colour_that_is_no_number_spoils_nothing(paint: str):
    points = straight((5, 8), (25, 20), (9, 24)).repeat(2, 1)
    colours = torch.tensor([[0.2, 0.4, 0.6, 0.5], [0.1, math.nan, 0.3, 0.5]], dtype=torch.float64)
    given = [points, torch.full((2,), 6.0).double(), colours]
    image, *slopes = gradients(
        lambda *x: rasterize(layout([[7], [7]], paint=paint), *x, WHITE, (30, 30)), given
    )
    alone = [x[: len(x) // 2] for x in given]
    without = rasterize(layout([[7]], paint=paint), *alone, WHITE, (30, 30))
    torch.testing.assert_close(image, without)
    assert all(slope.isfinite().all() for slope in slopes)


@pytest.mark.parametrize("paint", PAINTS)
def test_degenerate_shapes_give_no_nan(paint: str):
    point = torch.full((4, 2), 8.5, dtype=torch.float64)
    there_and_back = straight((3.5, 8.5), (12.5, 8.5), (3.5, 8.5))
    doubled = torch.tensor([[4.0, 4], [4, 4], [12, 12], [12, 12]], dtype=torch.float64)
    far = straight((-4e5, 8), (4e5, 9))
    points = torch.cat([point, there_and_back, doubled, far])
    shapes = layout([[4], [7], [4], [4]], paint=paint)
    colours = torch.tensor([[0.5, 0.5, 0.5, a] for a in (0.0, 1.0, 0.0, 1.0)], dtype=torch.float64)
    for width in (0.0, 1e-3, 7.0, 1e4):
        widths = torch.full((4,), width, dtype=torch.float64)
        found = gradients(
            lambda *x: rasterize(shapes, *x, WHITE, (16, 16)), [points, widths, colours]
        )
        assert all(x.isfinite().all() for x in found)


def test_a_softer_edge_is_wider_and_covers_as_much():
    line = straight((10.3, 12.2), (40.8, 31.7))
    sharp, soft = (draw(line, [12.0], (64, 48), softness=s) for s in (0.5, 4.0))
    grey = [((x > 0.01) & (x < 0.99)).sum().item() for x in (sharp, soft)]
    assert grey[1] > 5 * grey[0]
    assert soft.sum().item() == pytest.approx(sharp.sum().item(), rel=0.01)


def test_a_hundred_steps_of_descent_come_nearer_to_a_picture():
    shapes, (points, widths, colours) = clipdraw(64, 64, "init")
    y, x = torch.meshgrid(*[torch.linspace(0, 1, 64)] * 2, indexing="ij")
    target = torch.stack([x, y, (x - y).abs()])[None]
    lists = [z.requires_grad_() for z in (points, widths, colours)]
    rates = zip(lists, (1.0, 0.1, 0.01), strict=True)
    adam = torch.optim.Adam([{"params": [z], "lr": lr} for z, lr in rates])
    errors = []
    for _ in range(100):
        error = (rasterize(shapes, *lists, torch.ones(3), (64, 64)) - target).square().mean()
        adam.zero_grad()
        error.backward()
        adam.step()
        with torch.no_grad():
            widths.clamp_(1, 50)
            colours.clamp_(0, 1)
        errors.append(error.item())
    smooth = torch.tensor(errors).unfold(0, 20, 10).mean(1)
    assert (smooth.diff() < 0).all()
    assert smooth[-1] < 0.5 * smooth[0]
