"""CLIPDraw's recipe: what it takes over from the original, and how it starts."""

from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.drawing import Drawing
from reverie.canvas.start import Colour
from reverie.canvas.strokes import Strokes
from reverie.curve import Cosine, Linear, Ramp, Steps, as_curve, scaled
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.prompts import PromptLoss
from reverie.optimizer import Adam
from reverie.painting import Painting
from reverie.perceptor.clip import Clip
from reverie.protocols import Draws, Moment
from reverie.recipe import Recipe
from reverie.recipes.clipdraw import clipdraw
from reverie.recipes.saved import reworded, varied
from reverie.spec import from_json, to_json

CLIP = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
CPU = machine("cpu", "fp32")


def test_with_a_clip_it_is_the_original():
    (stage,) = clipdraw("a fox", perceptor=CLIP).stages
    canvas, loss = stage.canvas, stage.losses["prompts"]
    assert canvas.size == (224, 224) and canvas.count == 256 and canvas.start is None
    assert canvas.segments == (1, 3) and canvas.radius == 0.1
    assert canvas.width == 2.0 and canvas.widths == (2.0, 100.0)  # half of it in diffvg
    assert canvas.build(CPU, (0,)).paper.tolist() == [[1, 1, 1]]
    assert stage.steps == 1000 and [*stage.losses] == ["prompts"]
    assert loss.augment == Cutouts(count=4, preset="clipdraw")


def test_points_slow_down_at_half_and_at_three_quarters():
    (stage,) = clipdraw("a fox", perceptor=CLIP).stages
    assert isinstance(stage.optimizer, Adam) and stage.optimizer.betas == (0.9, 0.999)
    curves = {name: as_curve(rate) for name, rate in stage.optimizer.lr.items()}
    steps = (0, 499, 500, 749, 750, 999)
    assert [curves["points"](k / 1000) for k in steps] == [1.0, 1.0, 0.4, 0.4, 0.1, 0.1]
    assert {curves["widths"](k / 1000) for k in steps} == {0.2}  # theirs, 0.1, is of half a width
    assert {curves["colours"](k / 1000) for k in steps} == {0.01}


def test_the_loss_is_less_the_sum_of_the_cosines_of_all_views_and_a_constant():
    (stage,) = clipdraw("a fox", perceptor=CLIP, strokes=20, size=(40, 40)).stages
    canvas = stage.canvas.build(CPU, (3,))
    loss = stage.losses["prompts"].build(canvas, CPU)
    assert isinstance(loss, PromptLoss)
    image, draws = canvas().detach(), Draws((3,), 7, "prompts")
    value = sum(loss(image, Moment(7, 0.0, draws)))
    eye = Clip(weights=CLIP).build(CPU)
    looks = Cutouts(count=4, preset="clipdraw").build()(image, Moment(7, 0.0, draws))
    with torch.no_grad():
        cosines = eye.encode_image(looks.draw(slice(0, 4), eye.size)) @ eye.encode_text(["a fox"]).T
    torch.testing.assert_close(value, 4 - cosines.sum(0))


def test_lengths_and_rates_grow_with_the_picture():
    (stage,) = clipdraw("a fox", perceptor=CLIP, size=(672, 448)).stages
    assert stage.canvas.widths == (4.0, 200.0) and stage.canvas.width == 4.0
    rates = stage.optimizer.lr
    assert as_curve(rates["points"])(0.5) == pytest.approx(0.8)
    assert (rates["widths"], rates["colours"]) == (pytest.approx(0.4), 0.01)


@pytest.mark.parametrize(
    "curve",
    [
        0.5,
        (1.0, 0.2),
        Linear(start=1.0, end=0.2),
        Cosine(start=1.0),
        Ramp(value=0.3),
        Steps(at=((0.0, 1.0), (0.5, 0.4))),
    ],
)
def test_every_curve_can_be_scaled(curve):
    for t in (0.0, 0.1, 0.5, 1.0):
        assert as_curve(scaled(curve, 3.0))(t) == pytest.approx(3 * as_curve(curve)(t))


def test_bad_sketches_are_pushed_away_on_demand():
    (stage,) = clipdraw("a fox ^ an owl", perceptor=CLIP, negative=True).stages
    for scene, first in zip(stage.losses["prompts"].scenes, ("a fox", "an owl"), strict=True):
        assert [(p.words, p.weight) for p in scene] == [
            (first, 1.0),
            ("A badly drawn sketch.", -0.3),
            ("Many ugly, messy drawings.", -0.3),
        ]


def test_a_palette_becomes_pens_and_a_width_may_be_fixed(tmp_path):
    made = clipdraw("a fox", perceptor=CLIP, palette="black, #c0392b,teal", width=4, widest=4)
    canvas = made.stages[0].canvas
    assert canvas.pens == ("black", "#c0392b", "teal") and canvas.widths == (4.0, 4.0)
    (tmp_path / "ink.txt").write_text("; mine\n#1a1a1a black 0.4mm\nteal\n")
    filed = clipdraw("a fox", perceptor=CLIP, palette=str(tmp_path / "ink.txt"))
    assert filed.stages[0].canvas.pens == ("#1a1a1a", "teal")
    with pytest.raises(SpecError, match="'inky'"):
        clipdraw("a fox", perceptor=CLIP, palette="black,inky")


def test_under_the_pocket_perceptor_strokes_begin_on_a_drawing_and_are_held_to_it():
    start, paint = clipdraw("a red apple", perceptor="pocket-clip", size=(64, 40)).stages
    assert isinstance(start.canvas.start, Drawing) and start.canvas == paint.canvas
    assert start.losses["start"].towards == start.canvas.start
    assert paint.losses["keep"].towards == "start"
    (alone,) = clipdraw("a red apple", perceptor="pocket-clip", init="none").stages
    assert "keep" not in alone.losses and alone.canvas.start is None


def test_strokes_are_fitted_to_a_picture_before_the_words_pull(tmp_path):
    picture = torch.zeros(1, 3, 40, 40)
    picture[:, 0, 10:30, 10:30] = 1
    images.save(picture, tmp_path / "a.png", None)
    given = {"perceptor": CLIP, "init": str(tmp_path / "a.png"), "size": (40, 40), "strokes": 30}
    start, paint = clipdraw("a fox", start_steps=30, **given).stages
    painting = Painting(start, range(1), CPU)
    frames = [frame.image for frame, _ in painting.frames()]
    apart = [float((image - picture).abs().mean()) for image in frames]
    assert apart[-1] < 0.6 * apart[0] and apart[-1] < 0.06
    assert torch.equal(Painting(paint, range(1), CPU, before=painting).canvas(), frames[-1])
    with pytest.raises(SpecError, match="start_steps"):
        clipdraw("a fox", start_steps=0, **given)


def test_a_saved_one_takes_other_words_with_another_drawing_and_other_options():
    made = clipdraw("a red apple", perceptor="pocket-clip", size=(32, 32))
    other = reworded(made, "a blue cat")
    for old, new in zip(made.stages, other.stages, strict=True):
        assert old.canvas.start.arrangements != new.canvas.start.arrangements
    assert other.stages[0].losses["start"].towards == other.stages[0].canvas.start
    assert from_json(to_json(other), Recipe) == other
    (stage,) = varied(
        clipdraw("a fox", perceptor=CLIP), strokes=9, palette="red,blue", paper="teal", init="teal"
    ).stages
    want = Strokes(count=9, pens=("red", "blue"), paper="teal", start=Colour(colour="teal"))
    assert stage.canvas == want
