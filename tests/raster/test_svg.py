"""Drawings go out as SVG and come back, and other renderers show what ours shows."""

import dataclasses
import io
import re

import numpy as np
import pytest
import resvg_py
import torch
from PIL import Image as pil

from reverie.errors import PictureError
from reverie.protocols import Draws
from reverie.raster.layout import layout
from reverie.raster.svg import to_svg, visible, write_svg
from reverie.raster.svg_read import read_svg, story_of
from reverie.raster.vector import VectorDrawing

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm" viewBox="0 0 200 100">'


BOMB = (
    f"{HEAD}<defs><circle id='a0' r='9'/>"
    + "".join(f"<g id='a{i + 1}'>" + 10 * f"<use href='#a{i}'/>" + "</g>" for i in range(9))
    + "</defs><use href='#a9'/></svg>"
)


def strokes(count=40, size=(120, 90), seed=0, widths=(1.0, 12.0)):
    """Random strokes of one to three cubics."""
    draws = Draws((seed,), 0, "drawing")
    cubics = (1 + 3 * draws.named("cubics").uniform(count)[0]).int().tolist()
    points = []
    for i, k in enumerate(cubics):
        own = draws.named(f"stroke {i}")
        first = own.named("place").uniform(1, 2)[0] * torch.tensor(size)
        walk = (own.named("walk").uniform(3 * k, 2)[0] - 0.5) * 30
        points.append(torch.cat([first, first + walk.cumsum(0)]))
    thin, wide = widths
    return VectorDrawing(
        size=size,
        layout=layout([[3 * k + 1] for k in cubics]),
        points=torch.cat(points),
        widths=thin + (wide - thin) * draws.named("width").uniform(count)[0],
        colours=draws.named("colour").uniform(count, 4)[0],
        paper=(0.99, 0.96, 0.89),
    )


def shapes():
    """A ring, a star, and strokes with every kind of end and corner."""
    star = [(60, 8), (88, 82), (14, 36), (106, 36), (32, 82)]
    corner = [(20.3, 70.2), (60.1, 20.7), (100.4, 72.8)]
    contours = [star, [(30, 30), (90, 30), (90, 60), (30, 60)], [(45, 40), (45, 50), (75, 50)]]
    made = [polygon(c) for c in contours] + [polyline(corner)] * 3
    return VectorDrawing(
        size=(120, 90),
        layout=layout(
            [[16], [13, 10], [7], [7], [7]],
            paint=["evenodd", "nonzero", "stroke", "stroke", "stroke"],
            cap=["round", "round", "butt", "square", "round"],
            join=["round", "round", "miter", "bevel", "round"],
            closed=[True, True, True, False, False, False],
        ),
        points=torch.cat(made),
        widths=torch.tensor([1.0, 1.0, 9.0, 6.0, 3.0]),
        colours=torch.tensor(
            [[0.9, 0.2, 0.1, 1], [0.1, 0.3, 0.8, 0.7], [0, 0, 0, 1], [1, 1, 0, 0.6], [0, 1, 0, 1]]
        ),
    )


def polyline(corners):
    points = [torch.tensor(corners[0], dtype=torch.float32)]
    for corner in corners[1:]:
        end = torch.tensor(corner, dtype=torch.float32)
        points += [torch.lerp(points[-1], end, 1 / 3), torch.lerp(points[-1], end, 2 / 3), end]
    return torch.stack(points)


def polygon(corners):
    return polyline([*corners, corners[0]])


def resvg(text, width):
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=width, dpi=96))
    return np.asarray(pil.open(io.BytesIO(png)).convert("RGB")) / 255


def shown(drawing, factor=1):
    size = tuple(factor * side for side in drawing.size)
    return drawing.draw(size)[0].permute(1, 2, 0).numpy()


def read(text, tmp_path, name="a.svg"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_svg(path)


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize("drawing", [strokes(), strokes(widths=(1.0, 1.5)), shapes()])
def test_another_renderer_shows_what_ours_shows(drawing, factor):
    difference = resvg(to_svg(drawing), factor * drawing.size[0]) - shown(drawing, factor)
    assert -10 * np.log10((difference**2).mean()) >= 35
    assert abs(difference).mean() <= 0.006


@pytest.mark.parametrize("drawing", [strokes(), shapes()])
def test_a_drawing_comes_back_as_it_was(drawing, tmp_path):
    again = read(to_svg(drawing, mm=200), tmp_path)
    assert again.size == drawing.size
    for name in ("points", "widths"):
        assert torch.allclose(getattr(again, name), getattr(drawing, name), atol=1e-3)
    assert (again.colours - drawing.colours).abs().max() <= 0.51 / 255
    assert np.allclose(again.paper, drawing.paper, atol=0.51 / 255)
    for name in ("contours", "shapes", "paint", "closed"):
        assert torch.equal(getattr(again.layout, name), getattr(drawing.layout, name))
    stroked = drawing.layout.paint == 0
    for name in ("cap", "join"):
        own, back = getattr(drawing.layout, name), getattr(again.layout, name)
        assert torch.equal(own[stroked], back[stroked])


def test_it_is_as_wide_on_paper_as_is_asked_for():
    assert 'width="200mm" height="150mm" viewBox="0 0 120 90"' in to_svg(strokes(), mm=200)
    assert 'width="31.75mm"' in to_svg(strokes())  # 120 of 96 pixels an inch


def test_opacity_is_no_part_of_a_colour():
    text = to_svg(strokes())
    assert "rgba" not in text and "stroke-opacity=" in text
    assert re.search(r'<rect id="paper".*fill="#fcf5e3"/>', text)


def test_it_remembers_its_story_whatever_is_in_it(tmp_path):
    path = tmp_path / "a.svg"
    story = '{"title": "a <fox> & ]]> \x07"}'
    write_svg(to_svg(strokes(), title="<&>", story=story), path)
    assert story_of(path) == story.replace("\x07", "")
    write_svg(to_svg(strokes()), path)
    assert story_of(path) is None


def test_shapes_that_nobody_sees_are_left_out_and_the_picture_stays():
    drawing = strokes()
    cover = dataclasses.replace(drawing, colours=drawing.colours.clone())
    cover.colours[3:6, 3] = 0
    cover.points[: int(drawing.layout.contours[1])] += 1000
    less = visible(cover)
    assert 0 < less.layout.count <= drawing.layout.count - 4
    assert np.abs(shown(less) - shown(cover)).max() <= 0.5 / 255 + 1e-6


class TestOfOthers:
    def test_groups_transforms_styles_and_links_are_followed(self, tmp_path):
        text = (
            f"{HEAD}<style>.a {{fill: none; stroke: #00ff00; stroke-width: 2}}</style>"
            '<g transform="translate(10 20) scale(2)" opacity="0.5"><g opacity="0.5">'
            '<path class="a" d="M0 0 L5 0"/></g></g>'
            '<defs><path id="p" d="M0 0h9v9z"/></defs><use href="#p" x="50" fill="red"/></svg>'
        )
        line, triangle = (read(text, tmp_path).picked(torch.tensor([i])) for i in range(2))
        assert torch.allclose(line.points[[0, -1]], torch.tensor([[10.0, 20], [20, 20]]))
        assert line.widths.tolist() == [4.0]
        assert torch.allclose(line.colours, torch.tensor([[0.0, 1, 0, 0.25]]))
        assert torch.allclose(triangle.points[0], torch.tensor([50.0, 0]))
        assert triangle.colours.tolist() == [[1, 0, 0, 1]]

    @pytest.mark.parametrize(
        "shape",
        [
            '<circle cx="60" cy="50" r="30" fill="teal"/>',
            '<ellipse cx="90" cy="50" rx="50" ry="20" fill="teal" transform="rotate(20 90 50)"/>',
            '<ellipse cx="170" cy="50" rx="9" ry="25" stroke="red" transform="rotate(20 170 50)"/>',
            '<rect x="20" y="10" width="90" height="60" rx="20" fill="teal" stroke="red"/>',
            '<polygon points="10,10 150,30 60,90" fill="teal" fill-rule="evenodd"/>',
            '<polyline points="10,10 150,30 60,90" fill="none" stroke="teal" stroke-width="9"/>',
            '<path d="M20 50 q30 -80 60 0 t60 0 a20 30 40 0 1 20 20" stroke="teal" fill="none"/>',
            '<path d="M20 20 l40 60 l20 -60 z m80 0 c30 90 50 10 50 70 z" fill="teal"/>',
            '<line x1="10" y1="10" x2="150" y2="90" stroke="teal" style="stroke-width:2mm"/>',
        ],
    )
    def test_every_kind_of_shape_looks_as_elsewhere(self, shape, tmp_path):
        text = f'{HEAD}<rect width="200" height="100" fill="#fed"/>{shape}</svg>'
        difference = resvg(text, 400) - shown(read(text, tmp_path), 2)
        assert -10 * np.log10((difference**2).mean()) >= 38

    def test_a_gradient_is_its_mean_colour(self, tmp_path):
        text = (
            f'{HEAD}<linearGradient id="a"><stop stop-color="red"/><stop stop-color="blue"/>'
            '</linearGradient><radialGradient id="b" href="#a"/>'
            '<circle r="9" fill="url(#b)"/></svg>'
        )
        assert read(text, tmp_path).colours.tolist() == [[0.5, 0, 0.5, 1]]

    def test_what_is_hidden_or_has_no_paint_is_not_drawn(self, tmp_path):
        text = (
            f'{HEAD}<circle r="9"/><circle r="9" display="none"/><circle r="9" fill="none"/>'
            '<g visibility="hidden"><circle r="9"/></g><line x2="9" y2="9"/></svg>'
        )
        assert read(text, tmp_path).layout.count == 1

    def test_a_tiny_viewbox_is_enlarged_and_a_large_one_kept(self, tmp_path):
        icon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 12"><circle r="6"/></svg>'
        drawing = read(icon, tmp_path)
        assert drawing.size == (1024, 512)
        assert drawing.points[:, 0].max() == pytest.approx(256, abs=0.01)
        assert read(icon.replace("24 12", "240 120"), tmp_path).size == (240, 120)

    def test_what_only_links_or_lines_would_draw_is_not_drawn_by_itself(self, tmp_path):
        text = (
            f'{HEAD}<symbol id="s"><circle r="9" fill="red"/></symbol><use href="#s" x="20"/>'
            '<switch><circle r="3"/><circle r="4"/></switch>'
            '<marker id="m"><circle r="5"/></marker><mask id="k"><circle r="6"/></mask></svg>'
        )
        with pytest.warns(match="left out: mask, marker"):
            drawing = read(text, tmp_path)
        spans = [
            x.points[:, 0].max().item() for x in map(drawing.picked, torch.eye(2).nonzero()[:, 1:])
        ]
        assert spans == pytest.approx([29, 3], abs=0.01)

    def test_only_a_whole_rectangle_is_the_paper(self, tmp_path):
        circle = '<circle cx="50" cy="50" r="9"/></svg>'
        whole = f'{HEAD}<path d="M0 0H200V100H0Z" fill="red"/>{circle}'
        assert read(whole, tmp_path).paper == (1, 0, 0)
        bow = f'{HEAD}<path d="M0 0L200 100H0L200 0Z" fill="red"/>{circle}'
        assert read(bow, tmp_path).paper == (1, 1, 1)

    def test_what_is_left_out_is_named(self, tmp_path):
        text = f'{HEAD}<circle r="9" stroke-dasharray="1 2"/><text>x</text></svg>'
        with pytest.warns() as notes:
            read(text, tmp_path)
        said = " ".join(str(note.message) for note in notes)
        assert "left out: text" in said and "dashed lines" in said

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "not an SVG that can be read"),
            ("<svg", "not an SVG that can be read"),
            ("<html/>", "its root is <html>"),
            (f"{HEAD}</svg>", "no path, line or other shape"),
            ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 9"><path/></svg>', "no size"),
            (f'{HEAD}<path d="M0 0"/></svg>', "no path, line or other shape"),
            (
                f'<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>{HEAD}<text>&b;</text></svg>',
                "entities that stand for more",
            ),
            (
                f'{HEAD}<path d="M0 0h9v9" transform="{40 * "translate("}"/></svg>',
                "40 brackets lie in each other",
            ),
            (HEAD.replace("0 0 200 100", "nan a 0 1") + "<path/></svg>", "not an SVG that can"),
            (BOMB, "this SVG is too much: more than 200,000 elements"),
            (f'{HEAD}<g id="a"><use href="#a"/></g></svg>', "a link leads to itself"),
            (HEAD + 300 * "<g>" + '<circle r="9"/>' + 300 * "</g>" + "</svg>", "too deep"),
            (
                f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}</svg>',
                "entities that stand for more",
            ),
        ],
    )
    def test_a_file_that_will_not_do_is_refused_in_one_line(self, text, message, tmp_path):
        with pytest.raises(PictureError, match=message) as caught:
            read(text, tmp_path)
        assert "\n" not in str(caught.value)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(PictureError, match=r"no\.svg: cannot be read \(No such file"):
            read_svg(tmp_path / "no.svg")
