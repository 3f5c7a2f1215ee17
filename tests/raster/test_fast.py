"""Compiled loops draw what the plain version draws, and know how it changes."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from raster import plain
from reverie.raster import fast
from reverie.raster.flatten import flatten
from reverie.raster.layout import layout
from reverie.raster.scene import Scene

pytest.importorskip("numba")
SIZE = (83, 61)
KINDS = ("stroke", "nonzero", "evenodd", "mixed")


class Drawn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scene, *given):
        image, ctx.kept = fast.draw(scene, *given)
        ctx.scene = scene
        ctx.save_for_backward(*given)
        return image

    @staticmethod
    def backward(ctx, grad):
        return None, *fast.slopes(ctx.scene, *ctx.saved_tensors, ctx.kept, grad)


def rasterize(shapes, points, widths, colours, paper, size, *, softness=1.0):
    lines = flatten(shapes, points)
    scene = Scene(
        chains=lines.where,
        shapes=shapes.shapes,
        pictures=shapes.pictures,
        paint=shapes.paint,
        size=size,
        softness=softness,
    )
    return Drawn.apply(scene, lines.vertices, widths / 2, colours, paper)


def drawing(kind, seed=0, *, count=24, pictures=(10, 0, 14)):
    """A layout, points, widths, colours and paper in float64. Every other shape has two contours;
    some lie partly or wholly beside the picture, some are opaque, some lines are very thin."""
    g = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.rand(*shape, generator=g, dtype=torch.float64)

    cubics = torch.randint(1, 4, (count,), generator=g).tolist()
    paint = ["stroke", "nonzero", "evenodd"] * count if kind == "mixed" else [kind] * count
    shapes = layout(
        [[3 * n + 1] * (1 + i % 2) for i, n in enumerate(cubics)],
        paint=paint[:count],
        pictures=pictures,
    )
    points = rand(int(shapes.contours[-1]), 2) * 120 - 20
    first = points[shapes.contours[:-1]].repeat_interleave(shapes.contours.diff(), 0)
    points = 0.4 * points + 0.6 * first
    widths = 20 * rand(count) * rand(count)
    colours = rand(count, 4)
    colours[::5, 3] = 1
    paper = rand(len(pictures), 3, SIZE[1], SIZE[0])
    return shapes, points, widths, colours, paper


def compared(draw, shapes, given, *, dtype=torch.float64, softness=1.0):
    """The picture and the gradient of its product with noise."""
    given = [x.detach().clone().to(dtype).requires_grad_() for x in given]
    w, h = SIZE
    image = draw(shapes, *given, SIZE, softness=softness)
    noise = torch.rand(3, h, w, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    (image * noise.to(dtype)).sum().backward()
    slopes = [torch.zeros_like(x) if x.grad is None else x.grad for x in given]
    return image.detach(), slopes


def assert_same(shapes, *given, dtype=torch.float64, softness=1.0):
    near, rate = (1e-5, 1e-6) if dtype == torch.float64 else (3e-3, 1e-3)
    given = [x.to(dtype).double() for x in given]  # what is rounded is so for both
    image, slopes = compared(rasterize, shapes, given, dtype=dtype, softness=softness)
    wanted, truth = compared(plain.rasterize, shapes, given, softness=softness)
    assert image.dtype == dtype
    assert (image - wanted).abs().max() <= near
    for slope, true in zip(slopes, truth, strict=True):
        assert slope.dtype == dtype
        assert (slope - true).norm() <= rate * true.norm()
    return truth


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_gradients_are_those_of_the_plain_version(kind, dtype):
    truth = assert_same(*drawing(kind, 2), dtype=dtype)
    assert all(x.norm() > 0 for x in (truth[0], truth[2], truth[3]))


@pytest.mark.parametrize("softness", [0.4, 3.0])
def test_so_are_those_with_harder_and_softer_edges(softness):
    assert_same(*drawing("mixed", 1), softness=softness)


@pytest.mark.parametrize("kind", KINDS)
def test_the_slope_is_the_picture_s_change(kind):
    shapes, points, widths, colours, paper = drawing(kind, 3)
    colours[:, 3] *= 0.9  # below the opaque, a change of 1e-6 is lost among what nobody sees
    assert_slope(shapes, [points, widths, colours, paper])


def test_level_and_upright_edges_have_their_slope_too():
    corners = torch.tensor([[10.3, 9.4], [50.6, 9.4], [50.6, 40.7], [10.3, 40.7], [10.3, 9.4]])
    edges = [torch.lerp(a, b, t / 3) for a, b in pairwise(corners) for t in range(3)]
    shapes, (w, h) = layout([[13]], paint="nonzero"), SIZE
    points = torch.stack([*edges, corners[-1]]).double()
    given = [points, torch.ones(1), torch.full((1, 4), 0.7), torch.ones(1, 3, h, w)]
    assert_slope(shapes, [x.double() for x in given])


def assert_slope(shapes, given, step=1e-6):
    """By central differences along random directions."""
    g = torch.Generator().manual_seed(7)
    _, slopes = compared(rasterize, shapes, given)
    noise = torch.rand(
        3, SIZE[1], SIZE[0], generator=torch.Generator().manual_seed(9), dtype=torch.float64
    )
    for x, slope in zip(range(4), slopes, strict=True):
        way = torch.randn(given[x].shape, generator=g, dtype=torch.float64)
        if x == 3:
            way = way[..., :1, :1].expand_as(way)
        sums = []
        for sign in (1, -1):
            moved = [y + sign * step * way if i == x else y for i, y in enumerate(given)]
            sums.append((rasterize(shapes, *moved, SIZE) * noise).sum())
        change = (sums[0] - sums[1]) / (2 * step)
        assert abs(change - (slope * way).sum()) <= 1e-6 * (slope * way).norm() + 1e-7


def cross(*, paint, alpha=1.0, spread=20.0):
    """One closed star that crosses itself, about the middle of the picture."""
    turns = torch.arange(16, dtype=torch.float64) / 3 * 4 * torch.pi / 5 + 0.1
    around = torch.stack([turns.cos(), turns.sin()], 1) * spread + torch.tensor(SIZE) / 2
    colour = torch.tensor([[0.2, 0.5, 0.8, alpha]], dtype=torch.float64)
    paper = torch.ones(1, 3, SIZE[1], SIZE[0], dtype=torch.float64)
    return layout([[16]], paint=paint), around, torch.full((1,), 6.0).double(), colour, paper


@pytest.mark.parametrize("spread", [1e-9, 1e-3, 0.3, 20, 3e3, 3e5])
@pytest.mark.parametrize("paint", ["stroke", "nonzero", "evenodd"])
def test_tiny_and_huge_shapes_are_no_exception(paint, spread):
    shapes, *given = cross(paint=paint, spread=spread)
    image, slopes = compared(rasterize, shapes, given)
    assert (image - compared(plain.rasterize, shapes, given)[0]).abs().max() <= 1e-5
    assert all(x.isfinite().all() for x in slopes)


def test_the_middle_of_a_star_is_a_hole_only_by_even_and_odd():
    middle = [float(rasterize(*cross(paint=p), SIZE)[0, 0, 30, 41]) for p in KINDS[1:3]]
    assert middle == pytest.approx([0.2, 1.0])


def test_points_that_coincide_make_a_disc():
    shapes, _, widths, colours, paper = cross(paint="stroke")
    points = torch.tensor([[40.3, 30.6]]).double().expand(16, 2).contiguous()
    image, slopes = compared(rasterize, shapes, (points, widths, colours, paper))
    area = (1 - image[0, 0]).sum() / 0.8
    assert float(area) == pytest.approx(torch.pi * 9, rel=0.01)
    assert all(x.isfinite().all() for x in slopes)


def test_numbers_that_are_not_finite_leave_a_shape_out_and_the_others_alone():
    shapes, points, widths, colours, paper = drawing("mixed", 5)
    owner = shapes.shapes[1:4]
    points, widths, colours = points.clone(), widths.clone(), colours.clone()
    points[int(shapes.contours[int(owner[0])])] = torch.nan
    colours[2, 1] = torch.inf
    widths[3] = torch.inf
    image, slopes = compared(rasterize, shapes, (points, widths, colours, paper))
    assert image.isfinite().all()
    assert all(x.isfinite().all() for x in slopes)
    assert not slopes[2][1:4].any()
    colours[1:4, 3], colours[2, 1] = 0, 0
    points[int(shapes.contours[int(owner[0])])] = 0
    widths[3] = 1
    wanted, truth = compared(rasterize, shapes, (points, widths, colours, paper))
    assert torch.equal(image, wanted)
    assert torch.equal(slopes[2][4:], truth[2][4:])


def test_the_same_drawing_is_the_same_to_the_last_bit():
    shapes, *given = drawing("mixed", 6)
    one, two = (compared(rasterize, shapes, given, dtype=torch.float32) for _ in range(2))
    assert torch.equal(one[0], two[0])
    assert all(map(torch.equal, one[1], two[1]))


def test_what_many_layers_hide_is_left_out_without_a_trace():
    shapes, points, widths, colours, paper = drawing("stroke", 7, count=60, pictures=(60,))
    widths = widths + 60
    for alpha in (0.5, 1.0):  # below an opaque shape lies what it would show if it were less so
        colours[:, 3] = alpha
        image, slopes = compared(rasterize, shapes, (points, widths, colours, paper))
        wanted, truth = compared(plain.rasterize, shapes, (points, widths, colours, paper))
        assert 0 < (image - wanted).abs().max() <= 1e-5
        for slope, true in zip(slopes, truth, strict=True):
            assert (slope - true).abs().max() <= 1e-4 * truth[2].abs().max()


@pytest.mark.parametrize("paint", ["stroke", "nonzero"])
def test_two_thousand_shapes_may_lie_over_one_another(paint):
    shapes, *given = cross(paint=paint)
    cover = (1 - rasterize(shapes, *given, SIZE)) / (1 - given[2][0, :3, None, None])
    many = layout([[16]] * 2000, paint=paint)
    *given, paper = [x.repeat(2000, *[1] * (x.ndim - 1)) for x in given[:3]] + given[3:]
    given[2][:, 3] = 0.001
    image, slopes = compared(rasterize, many, (*given, paper))
    light = (1 - 0.001 * cover) ** 2000
    wanted = light + (1 - light) * given[2][0, :3, None, None]
    assert torch.allclose(image, wanted)
    assert 0.1 < float(slopes[2][0, 0] / slopes[2][-1, 0]) < 0.999  # the lowest is seen least


def test_pictures_without_shapes_are_their_paper():
    empty = Scene(
        chains=torch.tensor([0]),
        shapes=torch.tensor([0]),
        pictures=torch.tensor([0, 0, 0]),
        paint=torch.tensor([], dtype=torch.int64),
        size=(9, 5),
        softness=1.0,
    )
    paper = torch.rand(2, 3, 1, 1, generator=torch.Generator().manual_seed(0)).expand(2, 3, 5, 9)
    given = (torch.zeros(0, 2), torch.zeros(0), torch.zeros(0, 4), paper)
    image, saved = fast.draw(empty, *given)
    assert torch.equal(image, paper)
    assert torch.equal(fast.slopes(empty, *given, saved, paper)[3], paper)


@pytest.fixture
def forgotten():
    """What was found out about numba is forgotten, before and after."""
    fast.why_not.cache_clear()
    yield
    fast.why_not.cache_clear()


def test_here_it_is_ready():
    assert fast.ready(), fast.why_not()


def test_without_numba_it_is_not_ready(forgotten, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not fast.ready()
    assert "not installed" in str(fast.why_not())


def test_a_compiler_that_fails_is_told_once_and_is_no_failure(forgotten, monkeypatch):
    asked = []

    def broken():
        asked.append(1)
        raise OSError("no space\nleft")

    monkeypatch.setattr(fast, "rehearse", broken)
    assert not fast.ready()
    assert not fast.ready()
    assert len(asked) == 1
    assert str(fast.why_not()).endswith("(OSError: no space left)")


def test_where_nothing_can_be_kept_a_kernel_is_compiled_anyway():
    from reverie.raster.compiled import kernel

    names = {}
    exec("def double(x): return 2 * x", names)  # of no file, so of no folder
    assert kernel(names["double"])(3) == 6


def test_numba_is_not_imported_before_it_is_asked_for():
    source = Path(fast.__file__).parents[2]
    code = "import sys, reverie.raster.fast; raise SystemExit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=source).returncode == 0
