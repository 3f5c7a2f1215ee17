"""Strokes and other shapes: how they begin, what they may become, and how they go on."""

import dataclasses
import itertools

import pytest
import torch

from reverie import image as images
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Colour, Picture
from reverie.canvas.stroke_canvas import seen
from reverie.canvas.stroke_start import voronoi
from reverie.canvas.strokes import Strokes
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.pixel import PixelPull
from reverie.optimizer import Adam
from reverie.recipe import Recipe, Stage
from reverie.run import Run

CPU = machine("cpu", "fp32")
SIZE = (48, 32)


def canvas(seeds=(1,), **changes):
    return Strokes(**{"size": SIZE, "count": 20, **changes}).build(CPU, seeds)


@pytest.fixture
def halves(tmp_path):
    """A picture that is red on the left and blue on the right."""
    picture = torch.zeros(1, 3, SIZE[1], SIZE[0])
    picture[:, 0, :, :24], picture[:, 2, :, 24:] = 1, 1
    images.save(picture, tmp_path / "halves.png", None)
    return Picture(path=str(tmp_path / "halves.png")), picture


def put(canvas, **values):
    """Sets parameters of single shapes: `points={0: ...}`; each shape is of one cubic."""
    with torch.no_grad():
        for name, rows in values.items():
            for shape, value in rows.items():
                at = shape
                if name == "points":
                    at = slice(int(canvas.owned[shape]), int(canvas.owned[shape + 1]))
                canvas.get_parameter(name)[at] = torch.as_tensor(value, dtype=torch.float32)


def lone(n=3, **changes):
    """Single straight strokes across the middle, opaque, one over the other."""
    made = canvas(count=n, segments=(1, 1), **changes)
    across = [[4, 16], [16, 16], [32, 16], [44, 16]]
    put(
        made,
        points=dict.fromkeys(range(n), across),
        colours={i: [i / n, 0, 0, 1] for i in range(n)},
    )
    return made


def test_strokes_begin_as_chained_random_walks_of_every_colour():
    made = canvas(seeds=range(8), count=64, radius=0.1, width=2.0)
    lengths = made.owned.diff()
    assert set(lengths.tolist()) == {4, 7, 10}
    counts = torch.bincount(lengths)[[4, 7, 10]] / len(lengths)
    assert (counts - 1 / 3).abs().max() < 0.08
    ends = [made.points[a:b].detach() for a, b in itertools.pairwise(made.owned.tolist())]
    steps = torch.cat([one.diff(dim=0) for one in ends])
    most = 0.1 * 32 / 2
    assert steps.abs().max() <= most and steps.abs().mean() == pytest.approx(most / 2, rel=0.05)
    first = torch.stack([one[0] for one in ends]) / torch.tensor(SIZE)
    assert first.min() >= 0 and first.max() <= 1
    assert (first.mean(0) - 0.5).abs().max() < 0.05 and (first.var(0) - 1 / 12).abs().max() < 0.01
    assert (made.colours.mean(0) - 0.5).abs().max() < 0.06
    assert (made.widths == 2.0).all()


def test_widths_and_colours_are_moved_back_into_their_range_and_points_are_free():
    made = canvas(widths=(2.0, 9.0))
    with torch.no_grad():
        made.widths.copy_(torch.linspace(-1, 20, 20))
        made.colours.mul_(4).sub_(2)
        made.points.mul_(3)
        before = made.points.clone()
        made.project_()
    assert made.widths.min() == 2 and made.widths.max() == 9
    assert made.colours.min() == 0 and made.colours.max() == 1
    assert torch.equal(made.points, before)


@pytest.mark.parametrize("shape, points", [("filled", (9, 12)), ("triangles", (3, 3))])
def test_outlines_share_their_first_point_with_their_end(shape, points):
    made = canvas(shape=shape, segments=(3, 4))
    assert set(made.owned.diff().tolist()) == set(points)
    controls, where = made.shapes().controls(), made.layout.contours
    assert torch.equal(controls[where[:-1]], controls[where[1:] - 1])
    assert made.layout.closed.all()


@pytest.mark.parametrize("shape, corners", [("triangles", 3), ("lines", 2)])
def test_sides_of_triangles_and_lines_are_straight(shape, corners):
    made = canvas(shape=shape)
    controls = made.shapes().controls()
    first = controls[:4]
    a, b = made.points[0], made.points[1]
    for k in range(4):
        torch.testing.assert_close(first[k], (a + (b - a) * k / 3).detach())
    assert len(made.points) == corners * 20


def test_pens_draw_in_the_nearest_of_their_colours_or_not_at_all():
    made = canvas(count=3, segments=(1, 1), pens=("black", "#ff0000"))
    put(made, colours={0: [0.9, 0.1, 0, 0.6], 1: [0.1, 0.2, 0, 0.9], 2: [1, 1, 1, 0.4]})
    want = torch.tensor([[1, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]]).float()
    torch.testing.assert_close(made.inks().detach(), want)
    assert made.drawing(0).layout.count == 2  # the third is lifted


def test_the_gradient_of_a_pen_reaches_the_colour_that_chose_it():
    made = canvas(count=1, segments=(1, 1), pens=("black", "white"), paper="#808080", width=6.0)
    put(made, points={0: [[4, 16], [16, 16], [32, 16], [44, 16]]}, colours={0: [0.4] * 3 + [0.4]})
    (made().sum()).backward()
    slope = made.colours.grad[0]
    assert slope[3] < 0  # put down, the black pen would darken the paper
    put(made, colours={0: [0.4] * 3 + [0.9]})
    made.zero_grad()
    made().sum().backward()
    assert (made.colours.grad[0, :3] > 0).all()


def test_full_opacity_is_all_or_nothing():
    made = canvas(opacity="full")
    assert set(made.inks()[:, 3].tolist()) == {0.0, 1.0}
    assert torch.equal(made.inks()[:, :3], made.colours[:, :3])


@pytest.mark.parametrize("shape", ["strokes", "lines", "filled", "triangles"])
def test_with_a_start_shapes_have_the_colours_of_their_places(shape, halves):
    start, picture = halves
    made = canvas(shape=shape, segments=(3, 3), count=40, start=start)
    paper = (1 - picture).abs().mean()
    assert (made() - picture).abs().mean() < 0.5 * paper
    middles = torch.stack(
        [made.points[a:b].mean(0) for a, b in itertools.pairwise(made.owned.tolist())]
    ).detach()
    left = middles[:, 0] < 20
    assert (made.colours[left, 0] > 0.8).all() and left.sum() > 8
    assert (made.colours[middles[:, 0] > 28, 2] > 0.8).all()


def test_along_edges_strokes_lie_and_run_where_colours_meet(halves):
    made = canvas(start=halves[0], follow="edges", segments=(1, 1), count=12)
    points = made.points.detach().unflatten(0, (12, 4))
    near = (points[..., 0].mean(1) - 24).abs() < 4
    assert near.sum() >= 9
    way = (points[:, 3] - points[:, 0])[near].abs()
    assert (way[:, 1] > 3 * way[:, 0]).all()


def test_a_start_depends_on_the_seed_of_its_picture_alone(halves):
    both, one = canvas((4, 5), start=halves[0]), canvas((5,), start=halves[0])
    torch.testing.assert_close(both()[1:], one(), rtol=0, atol=1e-6)


def test_what_of_a_shape_shows_is_measured():
    made = lone(3, width=4.0)
    area = seen(made)
    assert area[:2].tolist() == [0, 0]  # under the third
    assert area[2] == pytest.approx(4 * 40 + torch.pi * 4, rel=0.02)


def test_a_shape_of_the_colour_of_the_paper_does_not_tell():
    made = lone(1, width=4.0, paper="#808080")
    put(made, colours={0: [128 / 255, 128 / 255, 128 / 255, 1]})
    assert seen(made)[0] == 0
    put(made, colours={0: [128 / 255, 128 / 255, 0.6, 1]})
    assert seen(made)[0] > 100


def test_the_paper_may_be_that_of_the_margin(tmp_path):
    pictures = torch.full((1, 3, 32, 48), 0.8)
    pictures[:, 0, 10:20, 10:30] = 0.1
    images.save(pictures, tmp_path / "a.png", None)
    made = canvas(count=8, paper="auto", start=Picture(path=str(tmp_path / "a.png")))
    torch.testing.assert_close(made.paper, torch.full((1, 3), 204 / 255))
    assert made.drawing(0).paper == pytest.approx((0.8, 0.8, 0.8))
    assert canvas(paper="auto").paper.tolist() == [[1, 1, 1]]


def test_shapes_that_nobody_sees_give_way_to_new_ones():
    before = lone(5, width=4.0)
    put(
        before,
        points={3: [[100, 100]] * 4, 4: [[8, 6], [16, 6], [32, 6], [40, 6]]},
        colours={4: [0, 1, 0, 1]},
    )
    after = canvas(count=5, segments=(1, 1), width=4.0)
    assert after.go_on_(before)  # 0 and 1 are hidden, 3 is outside
    assert after.layout.count == 5
    torch.testing.assert_close(after.colours[:2], before.colours[[2, 4]])
    kept = canvas(count=2, segments=(1, 1))
    kept.go_on_(before)
    assert (kept() - before()).abs().mean() < 0.01


def test_of_too_many_shapes_those_that_show_most_are_kept_in_their_order():
    before = canvas(count=3, segments=(1, 1), width=2.0)
    rows = {i: [[4, y], [16, y], [32, y], [44, y]] for i, y in enumerate((5, 15, 25))}
    wide = {0: 4.0, 1: 2.0, 2: 6.0}
    put(before, points=rows, widths=wide, colours={i: [0, 0, i / 2, 1] for i in range(3)})
    after = canvas(count=2)
    after.go_on_(before)
    assert after.widths.tolist() == [4.0, 6.0]


def test_a_larger_canvas_shows_the_same_drawing_larger():
    before = canvas(count=30, width=3.0)
    after, kept = canvas(size=(96, 64), count=10), canvas(count=10)
    after.go_on_(before)
    kept.go_on_(before)
    torch.testing.assert_close(after.points, 2 * kept.points)
    small = torch.nn.functional.avg_pool2d(after(), 2)
    assert (small - kept()).abs().mean() < 0.01


def test_new_shapes_lie_where_the_picture_is_missing(halves):
    start, _ = halves
    before = canvas(count=1, segments=(1, 1), width=40.0)
    put(before, points={0: [[2, 0], [2, 10], [2, 20], [2, 32]]}, colours={0: [1, 0, 0, 1]})
    after = canvas(count=13, segments=(1, 1), start=start)
    after.go_on_(before)
    middles = after.points[4:].unflatten(0, (12, 4)).mean(1)[:, 0]
    assert (middles > 20).sum() >= 11  # the left is there already
    assert (after.colours[1:][middles > 28, 0] < 0.1).all()  # blue, where white paper shows


def test_without_a_start_of_its_own_a_canvas_has_the_goal_of_the_one_before(halves):
    before, after = canvas(start=halves[0]), canvas(size=(24, 16))
    after.go_on_(before)
    assert after.goal.shape == (1, 3, 16, 24)
    assert after.goal[0, 0, :, :10].min() > 0.9 and after.goal[0, 2, :, 14:].min() > 0.9


def test_free_shapes_take_over_what_pens_drew():
    before, after = canvas(pens=("black", "red")), canvas(count=3)
    after.go_on_(before)
    colours = after.colours.detach()
    assert (colours[:, 3] == 1).all() and (colours[:, 1:3] == 0).all()
    alike = canvas(count=3, pens=("black", "red"))
    alike.go_on_(before)
    assert (alike.colours[:, 1:3] > 0).any()  # what chose the pen is kept


def test_the_largest_shapes_of_a_start_lie_below(halves):
    widths = canvas(start=halves[0], count=12, widths=(0.1, 100.0)).widths
    assert (widths.diff() <= 0).all() and widths[0] > widths[-1]


def test_places_are_shared_out_evenly():
    chance = torch.linspace(0.05, 0.95, 16)[torch.arange(16) * 7 % 16]
    middles, whole, held = voronoi(torch.ones(40, 40), chance)
    assert whole.min() > 60 and whole.max() < 160  # of 100
    torch.testing.assert_close(whole, held)
    weight = torch.zeros(40, 40)
    weight[:, 20] = 1
    middles, whole, held = voronoi(weight, chance[:8])
    assert (middles[:, 0] - 20.5).abs().max() < 0.1 and held.max() <= 8 < whole.min()


def test_every_picture_of_a_batch_goes_on_by_itself(halves):
    def grown(seeds):
        first, then = canvas(seeds, count=8), canvas(seeds, count=16, start=halves[0])
        then.go_on_(first)
        return then

    both, one = grown((4, 5)), grown((5,))
    torch.testing.assert_close(both()[1:], one(), rtol=0, atol=1e-6)
    torch.testing.assert_close(both.drawing(1).points, one.drawing(0).points)


def test_other_canvases_are_started_from_by_their_picture():
    assert not canvas().go_on_(Pixels(size=SIZE).build(CPU, (1,)))
    made = canvas(count=40)
    want = Colour(colour="#204060").draw(SIZE, (1,), CPU.device)
    made.encode_(want)
    assert (made() - want).abs().mean() < 0.2


def test_a_state_of_other_lengths_can_be_loaded():
    first, then = canvas((1, 2), count=7), canvas((1, 2), count=30, shape="filled", segments=(2, 3))
    parameters = list(then.parameters())
    then.load_state_dict(first.state_dict())
    assert torch.equal(then(), first())
    assert all(a is b for a, b in zip(parameters, then.parameters(), strict=True))


def test_a_drawing_is_the_picture_as_vectors():
    made = canvas((3, 4), count=30, pens=("teal", "orange"), width=5.0, paper="#102030")
    for i, picture in enumerate(made()):
        drawing = made.drawing(i)
        torch.testing.assert_close(drawing.draw()[0], picture.detach(), rtol=0, atol=1e-5)
        assert 0 < drawing.layout.count < 30


def growing_run(folder):
    spec = Strokes(size=(24, 16), count=6, width=2.0)
    losses = {"towards": PixelPull(towards=Colour(colour="teal"))}
    rates = Adam(lr={"points": 1.0, "widths": 0.1, "colours": 0.05})
    canvases = [spec, dataclasses.replace(spec, count=11), dataclasses.replace(spec, count=17)]
    stages = tuple(Stage(canvas=c, losses=losses, optimizer=rates, steps=3) for c in canvases)
    made = Recipe(name="test", title="teal", stages=stages, seed=5, count=2)
    return Run.start(made, folder, CPU)


@pytest.mark.parametrize("stop", [2, 4, 6, 9])
def test_a_stopped_run_whose_shapes_grew_more_goes_on_to_the_same_picture(tmp_path, stop):
    whole = growing_run(tmp_path / "whole")
    last = [p.frame.image for p in whole.frames()][-1]
    stopped = growing_run(tmp_path / "stopped")
    painted = stopped.frames()
    list(itertools.islice(painted, stop + 1))
    painted.close()
    again = [p.frame.image for p in Run.open(stopped.folder).frames()][-1]
    assert torch.equal(again, last)


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("count", 0, "shapes are wanted"),
        ("segments", (3, 1), "the fewer first"),
        ("segments", (0, 1), "1 to 16 cubics"),
        ("widths", (0.0, 3.0), "above 0"),
        ("widths", (4.0, 3.0), "the thinner first"),
        ("radius", 0.0, "radius: got 0.0"),
        ("softness", float("nan"), "softness: got nan"),
        ("paper", "blueish", "'blueish' is unknown"),
        ("pens", ("black", "inky"), "'inky' is unknown"),
        ("size", (0, 3), "width and a height"),
    ],
)
def test_what_makes_no_sense_is_refused(field, value, said):
    with pytest.raises(SpecError, match=said):
        Strokes(**{field: value})


def test_an_outline_of_one_cubic_is_refused():
    with pytest.raises(SpecError, match="2 to 16 cubics"):
        Strokes(shape="filled", segments=(1, 3))
