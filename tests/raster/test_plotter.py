"""Drawings for pen plotters: layers, borders, and a pen that travels little."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from reverie.errors import SpecError
from reverie.protocols import Draws
from reverie.raster.bezier import Stroke, begun, cubics, joined, measured, part
from reverie.raster.border import inside
from reverie.raster.layout import layout
from reverie.raster.pens import Pen
from reverie.raster.plotter import plot, plot_svg
from reverie.raster.travel import lifted, shortened
from reverie.raster.vector import VectorDrawing

SVG, INK = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"
BOX = (0.0, 0.0, 100.0, 100.0)


def line(*ends):
    (a, b), (c, d) = ends
    return np.linspace((a, b), (c, d), 4)


def numbers(*shape, name="plot"):
    return Draws((3,), 0, name).uniform(*shape)[0].double().numpy()


def drawing(curves, colours=(0, 0, 0, 1), *, size=(100, 100), **how):
    """Shapes of one contour each."""
    n = len(curves)
    colours = torch.tensor(colours, dtype=torch.float32)
    return VectorDrawing(
        size=size,
        layout=layout([[len(curve)] for curve in curves], **how),
        points=torch.tensor(np.concatenate(curves), dtype=torch.float32),
        widths=torch.full((n,), 2.0),
        colours=colours.expand(n, 4),
    )


def plotted(*given, **how):
    return plot(*given, **{"width": 100, "margin": 0, **how})


def sampled(curve, n=200):
    t = np.linspace(0, 1, n)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], 1)
    return (weights @ cubics(curve)).reshape(-1, 2)


class TestCurves:
    def test_a_part_of_a_cubic_lies_on_it(self):
        cubic = numbers(4, 2)
        whole, some = sampled(cubic, 301), sampled(part(cubic, 0.25, 0.75), 151)
        np.testing.assert_allclose(some, whole[75:226], atol=1e-12)

    def test_all_of_a_cubic_is_the_same_to_the_last_bit(self):
        cubic = numbers(4, 2)
        assert (part(cubic, 0.0, 1.0) == cubic).all()

    def test_the_length_of_a_quarter_of_a_circle_is_that_of_a_circle(self):
        k = 0.5522847498
        quarter = np.array([(1, 0), (1, k), (k, 1), (0, 1)]) * 100.0
        assert Stroke(quarter).length == pytest.approx(50 * np.pi, rel=1e-3)

    def test_what_is_begun_has_the_length_that_was_asked_for(self):
        curve = numbers(10, 2) * 100
        whole = measured(cubics(curve))[:, -1].sum()
        for share in (0.1, 0.5, 0.93):
            some = begun(curve, whole * share)
            assert Stroke(some).length == pytest.approx(whole * share, rel=5e-3)
            assert (some[0] == curve[0]).all()
        assert begun(curve, 0.0) is None
        assert begun(curve, whole) is curve


class TestBorder:
    def test_what_is_inside_stays_as_it_is(self):
        stroke = Stroke(numbers(7, 2) * 100)
        assert inside(stroke, BOX) == [stroke]

    def test_pieces_are_on_the_curve_and_in_the_box_and_all_that_is(self):
        for seed in range(20):
            curve = numbers(13, 2, name=f"curve {seed}") * 300 - 100
            pieces = inside(Stroke(curve), BOX)
            dense = sampled(curve, 2000)
            within = dense[((dense >= 0) & (dense <= 100)).all(1)]
            got = np.concatenate([sampled(piece.points) for piece in pieces] or [np.empty((0, 2))])
            assert len(got) or not len(within)
            assert ((got >= -1e-6) & (got <= 100 + 1e-6)).all()
            for some, among in ((got[::40], dense), (within[::100], got)):
                if len(some):
                    away = np.hypot(*np.moveaxis(some[:, None] - among[None], -1, 0)).min(1)
                    assert away.max() < 3

    def test_a_stroke_that_leaves_and_returns_is_two(self):
        curve = np.array([(10, 50), (80, 200), (60, 200), (90, 50)], dtype=float)
        first, second = inside(Stroke(curve), BOX)
        assert first.points[-1][1] == pytest.approx(100) == second.points[0][1]

    def test_a_closed_stroke_that_is_cut_once_stays_in_one_piece(self):
        corners = [(50, 50), (150, 50), (150, 80), (50, 80), (50, 50)]
        square = joined(np.stack([line(*pair) for pair in pairwise(corners)]))
        (piece,) = inside(Stroke(square, closed=True), BOX)
        assert not piece.closed
        assert piece.length == pytest.approx(50 + 30 + 50)


class TestTravel:
    def strokes(self, n, name="travel"):
        return [Stroke(line(*ends)) for ends in numbers(n, 2, 2, name=name) * 100]

    def test_the_pen_travels_far_less_and_every_stroke_is_there(self):
        strokes = self.strokes(300)
        made = shortened(strokes)

        def as_set(some):
            return {frozenset(map(tuple, s.points[[0, -1]].tolist())) for s in some}

        assert as_set(made) == as_set(strokes) and len(made) == 300
        assert lifted(made) < 0.15 * lifted(strokes)

    def test_stretches_are_turned_where_the_nearest_end_is_a_trap(self):
        from reverie.raster.travel import _nearest

        strokes = self.strokes(200, "trap")
        assert lifted(shortened(strokes)) < 0.95 * lifted(_nearest(strokes))

    def test_the_same_strokes_give_the_same_order(self):
        once, again = (shortened(self.strokes(100)) for _ in range(2))
        assert all((a.points == b.points).all() for a, b in zip(once, again, strict=True))

    def test_a_short_order_is_left_alone(self):
        strokes = [Stroke(line((i, 0), (i + 1, 0))) for i in range(9)]
        assert lifted(strokes) == 9
        assert lifted(shortened(strokes)) == 9

    def test_a_closed_stroke_begins_where_the_pen_comes_by(self):
        corners = [(50, 10), (10, 10), (10, 50), (50, 50), (50, 10)]
        square = joined(np.stack([line(*pair) for pair in pairwise(corners)]))
        (made,) = shortened([Stroke(square, closed=True)])
        assert made.points[0].tolist() == made.points[-1].tolist() == [10, 10]
        assert made.length == pytest.approx(160)

    def test_bands_leave_nothing_out(self, monkeypatch):
        monkeypatch.setattr("reverie.raster.travel.TOGETHER", 40)
        strokes = self.strokes(130)
        made = shortened(strokes)
        assert len(made) == 130 and lifted(made) < 0.3 * lifted(strokes)


class TestLayers:
    def test_shapes_get_the_pen_whose_colour_looks_nearest(self):
        curves = [line((0, 0), (9, i)) for i in range(3)]
        colours = [(0.9, 0.2, 0.1, 1), (0.1, 0.1, 0.1, 1), (0.0, 0.4, 0.5, 1)]
        pens = tuple(Pen(colour=name) for name in ("black", "gold", "teal", "tomato"))
        made = plotted(drawing(curves, colours), pens)
        assert [layer.label for layer in made.layers] == ["1-black", "3-teal", "4-tomato"]
        assert [len(layer.strokes) for layer in made.layers] == [1, 1, 1]
        assert made.layers[2].strokes[0].points[-1][1] == pytest.approx(0)

    def test_without_a_palette_the_pens_are_the_drawings_colours(self):
        curves = [line((0, 0), (9, i)) for i in range(3)]
        made = plotted(drawing(curves, [(0, 0, 0, 1), (1, 0.2, 0, 1), (0, 0, 0, 0.9)]))
        assert [(x.label, len(x.strokes)) for x in made.layers] == [
            ("1-black", 2),
            ("2-#ff3300", 1),
        ]

    def test_many_colours_want_a_palette(self):
        curves = [line((0, 0), (9, i)) for i in range(13)]
        many = [(i / 13, 0, 0, 1) for i in range(13)]
        with pytest.raises(SpecError, match="13 colours, more than 12; .* --palette"):
            plotted(drawing(curves, many))
        assert len(plotted(drawing(curves[1:], many[1:])).layers) == 12

    def test_faint_shapes_are_left_out_and_counted(self):
        curves = [line((0, 0), (9, i)) for i in range(3)]
        made = plotted(drawing(curves, [(0, 0, 0, 0.49), (0, 0, 0, 0.5), (1, 0, 0, 0.1)]))
        assert (made.faint, [len(layer.strokes) for layer in made.layers]) == (2, [1])

    def test_fills_are_their_outlines_closed(self):
        made = plotted(drawing([joined_corner()], paint="nonzero"))
        (stroke,) = made.layers[0].strokes
        assert made.filled == 1 and stroke.closed
        assert stroke.length == pytest.approx(10 + 10 + 200**0.5, rel=1e-6)

    def test_the_drawing_fills_the_paper_between_the_margins(self):
        made = plotted(drawing([line((0, 0), (50, 20))], size=(50, 20)), width=200, margin=10)
        assert made.size == (200, pytest.approx(180 * 0.4 + 20))
        ends = made.layers[0].strokes[0].points[[0, -1]]
        np.testing.assert_allclose(ends, [(10, 10), (190, 82)])

    def test_what_leaves_the_picture_is_cut_off_and_counted(self):
        curves = [line((-50, 50), (50, 50)), line((120, 0), (120, 90)), line((1, 1), (2, 2))]
        made = plotted(drawing(curves), margin=10)
        assert (made.cut, made.outside, len(made.layers[0].strokes)) == (1, 1, 2)
        lowest = min(stroke.points.min() for stroke in made.layers[0].strokes)
        assert lowest == pytest.approx(10)

    def test_a_line_is_drawn_once_by_a_pen(self):
        curve = line((0, 0), (9, 9))
        made = plotted(drawing([curve, curve], [(0, 0, 0, 1)]))
        assert (made.double, len(made.layers[0].strokes)) == (1, 1)

    @pytest.mark.parametrize(("width", "margin"), [(20, 10), (20, 30), (0, 0), (20, -1)])
    def test_margins_must_leave_room(self, width, margin):
        with pytest.raises(SpecError, match="no room"):
            plotted(drawing([line((0, 0), (9, 9))]), width=width, margin=margin)

    def test_nothing_to_draw_is_said(self):
        with pytest.raises(SpecError, match="none of 1 shapes can be drawn"):
            plotted(drawing([line((0, 0), (9, 9))], [(0, 0, 0, 0.2)]))


def joined_corner():
    return joined(np.stack([line((0, 0), (10, 0)), line((10, 0), (10, 10))]))


class TestFiles:
    def text(self, **pen):
        curves = [np.array([(5, 5), (5, 20), (30, 40), (50, 5)]), line((0, 0), (9, 9))]
        made = drawing(curves, [(0, 0, 0, 1), (0, 0.5, 0.5, 1)])
        pens = (Pen(colour="black", **pen), Pen(colour="teal", mm=0.7))
        return plot_svg(plotted(made, pens, width=120, margin=10), title="a <fox>")

    def test_layers_are_groups_as_inkscape_and_plotters_read_them(self):
        root = ElementTree.fromstring(self.text(name='dark "ink" & more'))
        groups = root.findall(f"{SVG}g")
        assert [g.get(f"{INK}groupmode") for g in groups] == ["layer", "layer"]
        assert [g.get(f"{INK}label") for g in groups] == ['1-dark "ink" & more', "2-teal"]
        assert [g.get("id") for g in groups] == ["layer1", "layer2"]
        assert [g.get("stroke") for g in groups] == ["#000000", "#008080"]
        assert [g.get("stroke-width") for g in groups] == ["0.4", "0.7"]
        assert all(g.get("fill") == "none" for g in groups)

    def test_units_are_millimetres(self):
        root = ElementTree.fromstring(self.text())
        facts = (root.get("width"), root.get("height"), root.get("viewBox"))
        assert facts == ("120mm", "120mm", "0 0 120 120")
        assert root.findtext(f"{SVG}title") == "a <fox>"

    def test_curves_stay_curves(self):
        paths = ElementTree.fromstring(self.text()).findall(f".//{SVG}path")
        assert [p.get("d") for p in paths] == ["M15 15C15 30 40 50 60 15", "M10 10L19 19"]
