"""The recipe of drawings that grow."""

from pathlib import Path

import pytest

from reverie.canvas.drawing import Drawing
from reverie.canvas.outlined import Outlined
from reverie.curve import as_curve
from reverie.device import machine
from reverie.errors import SpecError
from reverie.painting import Painting
from reverie.recipes.draw import COUNTS, draw
from reverie.recipes.saved import reworded

CLIP = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
CPU = machine("cpu", "fp32")


def test_with_a_clip_the_words_pull_at_ever_more_shapes():
    stages = draw("a fox", perceptor=CLIP, strokes=100, steps=90).stages
    assert [(s.canvas.count, s.steps, s.name) for s in stages] == [
        (25, 30, "part-1"),
        (50, 30, "part-2"),
        (100, 30, "part-3"),
    ]
    assert all([*s.losses] == ["prompts"] and s.canvas.start is None for s in stages)
    (one,) = draw("a fox", perceptor=CLIP, grow=1).stages
    assert one.canvas.count == COUNTS["strokes"] and one.name == ""


def test_with_the_pocket_perceptor_shapes_grow_on_a_drawing_and_then_the_words_pull():
    stages = draw("a red apple", perceptor="pocket-clip", start_steps=60).stages
    assert [s.name for s in stages] == ["start-1", "start-2", "start-3", "paint"]
    assert [s.canvas.count for s in stages] == [48, 96, 192, 192]
    assert [s.steps for s in stages[:3]] == [20, 20, 20]
    assert all(isinstance(s.canvas.start, Drawing) for s in stages)
    assert [*stages[-1].losses] == ["prompts", "keep"]


def test_pens_follow_outlines_in_lines_of_one_width():
    start, *_ = draw("a red apple", perceptor="pocket-clip", palette="black,teal").stages
    canvas = start.canvas
    assert isinstance(canvas.start, Outlined) and canvas.start.pens == canvas.pens
    assert canvas.widths[0] == canvas.widths[1] == canvas.width
    assert start.losses["start"].towards == canvas.start
    cut, *_ = draw("a red apple", perceptor="pocket-clip", palette="red", shape="filled").stages
    assert isinstance(cut.canvas.start, Drawing)
    assert cut.canvas.paper == canvas.paper == "#ffffff"


def test_widths_are_shares_of_the_short_side():
    (stage,) = draw("a fox", perceptor=CLIP, grow=1, size=(300, 200), width=2).stages
    assert stage.canvas.widths == (4.0, 4.0)
    wide, narrow = (
        draw("a fox", perceptor=CLIP, grow=1, size=size).stages[0]
        for size in ((448, 448), (224, 224))
    )
    assert wide.canvas.widths == tuple(2 * w for w in narrow.canvas.widths)
    rates = [as_curve(s.optimizer.lr["points"])(0.0) for s in (wide, narrow)]
    assert rates[0] == 2 * rates[1]


def test_a_drawing_of_some_stages_comes_nearer_to_its_start():
    stages = draw("a red apple", perceptor="pocket-clip", size=(48, 48), start_steps=24).stages
    before, apart = None, []
    for stage in stages[:3]:
        before = Painting(stage, range(1), CPU, before=before)
        *_, (last, _) = before.frames()
        apart.append(float(last.losses["start"]))
    assert apart[2] < apart[1] < apart[0]
    assert before.canvas.layout.count == 192


def test_a_saved_drawing_of_pens_takes_other_words_with_another_outline():
    made = draw("a red apple", perceptor="pocket-clip", palette="black")
    other = reworded(made, "a blue cat")
    begun = [r.stages[0].canvas.start.start.arrangements for r in (made, other)]
    assert begun[0] != begun[1]
    assert other.stages[0].losses["start"].towards == other.stages[0].canvas.start


@pytest.mark.parametrize(
    "options, said",
    [
        ({"grow": 9}, "grow: got 9"),
        ({"grow": 0}, "grow: got 0"),
        ({"strokes": 0}, "count: got 0"),
        ({"width": 0}, "widths: got"),
        ({"palette": "inky"}, "'inky' is no colour"),
        ({"init": "teal", "start_steps": 0}, "start_steps: got 0"),
    ],
)
def test_what_makes_no_sense_is_refused(options, said):
    with pytest.raises(SpecError, match=said):
        draw("a fox", perceptor=CLIP, **options)
