"""The recipe of a SIREN: what it takes over from the original, and how it starts."""

from pathlib import Path

import pytest
import torch

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.drawing import Drawing
from reverie.canvas.siren import Siren
from reverie.canvas.start import Picture
from reverie.curve import as_curve
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.pixel import PixelPull
from reverie.optimizer import AdamP, DiffGrad
from reverie.painting import Painting
from reverie.recipe import Recipe, digests
from reverie.recipes.deep_daze import deep_daze
from reverie.recipes.saved import reworded, varied
from reverie.spec import from_json, to_json

CLIP = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
CPU = machine("cpu", "fp32")


def test_with_a_clip_it_is_the_original():
    (stage,) = deep_daze("a fox", perceptor=CLIP).stages
    loss = stage.losses["prompts"]
    assert stage.canvas == Siren(layers=16, hidden=256, w0=30.0, w0_first=30.0)
    assert stage.optimizer == AdamP(lr=1e-5) and stage.steps == 20 * 1050
    assert loss.augment == Cutouts(count=16, preset="deep-daze")
    assert (loss.distance, loss.averaging, [*stage.losses]) == ("cosine", 0.3, ["prompts"])


def test_under_the_pocket_perceptor_it_starts_from_a_drawing_and_holds_to_it():
    start, paint = deep_daze("a red apple", perceptor="pocket-clip", size=(64, 40)).stages
    assert isinstance(start.losses["start"].towards, Drawing)
    assert (start.canvas.size, paint.canvas.size) == ((32, 20), (64, 40))
    assert paint.losses["keep"].towards == "start"
    (alone,) = deep_daze("a red apple", perceptor="pocket-clip", init="none").stages
    assert "keep" not in alone.losses


def test_a_picture_is_fitted_before_the_words_pull(tmp_path):
    across = torch.linspace(0, 1, 32) * torch.tensor([1, 0.5, 0.2])[:, None, None]
    across = across.expand(1, 3, 24, 32)
    images.save(across, tmp_path / "a.png", None)
    given = {"init": str(tmp_path / "a.png"), "size": (32, 24), "hidden": 64}
    start, paint = deep_daze("a fox", perceptor=CLIP, **given).stages
    assert start.losses["start"] == PixelPull(
        towards=Picture(path=str(tmp_path / "a.png")), measure="square"
    )
    assert start.optimizer == DiffGrad(lr=3e-4) and start.canvas == paint.canvas
    painting = Painting(start, range(1), CPU)
    *_, (last, _) = painting.frames()
    assert (last.image - across).abs().mean() < 0.05
    assert torch.equal(Painting(paint, range(1), CPU, before=painting).canvas(), last.image)


def test_no_steps_for_a_start_are_refused_and_its_picture_is_among_the_digests(tmp_path):
    images.save(torch.rand(3, 8, 8), tmp_path / "a.png", None)
    given = {"perceptor": CLIP, "init": str(tmp_path / "a.png")}
    with pytest.raises(SpecError, match="start_steps"):
        deep_daze("a fox", start_steps=0, **given)
    assert str(tmp_path / "a.png") in digests(deep_daze("a fox", **given))


def test_options_of_views_reach_them():
    given = {"smallest": (0.1, 0.75), "largest": 0.9, "centre": True}
    (stage,) = deep_daze("a fox", perceptor=CLIP, **given).stages
    augment = stage.losses["prompts"].augment
    assert {name: getattr(augment, name) for name in given} == given
    with pytest.raises(SpecError, match="preset 'whole' has no 'smallest'"):
        deep_daze("a fox", perceptor=CLIP, preset="whole", smallest=0.3)


def test_a_story_becomes_scenes_and_stays_one_title():
    text = "a fox sleeps in the snow under a tree"
    made = deep_daze(text, perceptor=CLIP, story=True, story_words=3, story_more=3)
    loss = made.stages[0].losses["prompts"]
    assert [scene[0].words for scene in loss.scenes] == [
        "a fox sleeps",
        "a fox sleeps in the snow",
        text,
    ]
    assert made.title == text
    parts = deep_daze("a fox. an owl", perceptor=CLIP, story_mark=".").stages[0]
    assert len(parts.losses["prompts"].scenes) == 2


def test_a_saved_one_takes_other_words_with_another_drawing():
    made = deep_daze("a red apple", perceptor="pocket-clip", size=(32, 32))
    other = reworded(made, "a blue cat")
    drawings = [r.stages[0].losses["start"].towards.arrangements for r in (made, other)]
    assert drawings[0] != drawings[1]
    assert from_json(to_json(other), Recipe) == other


def test_a_saved_one_takes_other_options():
    made = deep_daze("a fox", perceptor=CLIP)
    options = {"layers": 3, "hidden": 24, "averaging": 0.5, "smallest": 0.3}
    (stage,) = varied(made, **options).stages
    assert (stage.canvas.layers, stage.canvas.hidden) == (3, 24)
    loss = stage.losses["prompts"]
    assert (loss.averaging, loss.augment.smallest) == (0.5, 0.3)


def test_a_deep_network_takes_smaller_steps_where_the_pocket_perceptor_judges() -> None:
    shallow, deep = (deep_daze("a fox", perceptor="pocket-clip", layers=n) for n in (8, 9))
    for small, large in zip(deep.stages, shallow.stages, strict=True):
        rates = [as_curve(stage.optimizer.lr)(0.0) for stage in (small, large)]
        assert rates[0] < rates[1]
