"""StyleCLIPDraw and CLIPasso: their programs' constants, styles by name or picture, sketches."""

import pytest
import torch
from safetensors.torch import save_file

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.drawing import Drawing
from reverie.canvas.start import Picture
from reverie.canvas.strokes import Strokes
from reverie.curve import as_curve
from reverie.device import machine
from reverie.errors import ReverieError
from reverie.loss.layers import LayerPull
from reverie.loss.prompts import Prompts
from reverie.loss.style import StyleTransfer
from reverie.optimizer import Adam, RMSprop
from reverie.perceptor.pocket import Pocket
from reverie.recipes.clip_sketch import clip_sketch
from reverie.recipes.saved import varied
from reverie.recipes.styleclipdraw import styleclipdraw
from reverie.run import Run
from reverie.weights import store
from reverie.weights.feature_layouts import vgg16_shapes

CPU = machine("cpu", "fp32")


@pytest.fixture
def picture(tmp_path) -> str:
    noise = torch.rand(3, 30, 40, generator=torch.Generator().manual_seed(1))
    images.save(noise, tmp_path / "p.png", None)
    return str(tmp_path / "p.png")


@pytest.fixture(autouse=True)
def an_empty_store(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "models"))


def drawn(**options):
    """Its last stage, and the losses of that by name."""
    stage = styleclipdraw("a fox", **options).stages[-1]
    assert isinstance(stage.losses["style"], StyleTransfer)
    assert isinstance(stage.losses["prompts"], Prompts)
    return stage, stage.losses["prompts"], stage.losses["style"]


@pytest.mark.parametrize(
    ("variant", "steps", "views", "words", "strength", "optimizer", "rates"),
    [
        ("fast", 500, 4, {0.0: 1, 0.79: 1, 0.8: 0.1}, 1, RMSprop, (0.3, 0.6, 0.03)),
        ("slow", 1000, 4, {0.0: 4, 1.0: 4}, 4, Adam, (1.0, 0.2, 0.01)),
        ("replicate", 500, 10, {0.0: 10, 0.89: 10, 0.9: 0}, 2, Adam, (1.0, 0.2, 0.01)),
    ],
)
def test_each_variant_has_its_programs_constants(
    variant, steps, views, words, strength, optimizer, rates
):
    stage, prompts, style = drawn(variant=variant)
    cuts = prompts.augment
    assert isinstance(cuts, Cutouts)
    assert (stage.steps, cuts.count, cuts.preset) == (steps, views, "clipdraw")
    assert {t: as_curve(prompts.weight)(t) for t in words} == words
    assert (style.weight, style.contrast, prompts.distance) == (strength, "half", "cosine")
    assert isinstance(stage.optimizer, optimizer)
    assert isinstance(stage.optimizer.lr, dict)
    found = [as_curve(stage.optimizer.lr[name])(0.0) for name in ("points", "widths", "colours")]
    assert tuple(found) == pytest.approx(rates)
    assert isinstance(stage.canvas, Strokes) and stage.canvas.start is None


def test_rates_grow_with_the_picture():
    stage, _, _ = drawn(variant="fast", size=(448, 448))
    assert isinstance(stage.optimizer.lr, dict)
    assert as_curve(stage.optimizer.lr["points"])(0.0) == pytest.approx(0.6)
    assert as_curve(stage.optimizer.lr["colours"])(0.0) == pytest.approx(0.03)


class TestStyle:
    def test_it_is_a_picture_or_an_art_of_the_words(self, picture):
        assert drawn(style=picture)[2].picture == picture
        oil = drawn(style="oil")[2].picture
        assert isinstance(oil, Drawing) and oil.art == "oil"
        usual = drawn()[2].picture
        assert isinstance(usual, Drawing) and usual.art == "watercolour"
        said = styleclipdraw("a mosaic of a fox").stages[-1].losses["style"]
        assert isinstance(said, StyleTransfer) and said.picture.art == "mosaic"

    def test_what_is_neither_is_refused(self):
        with pytest.raises(ReverieError, match=r"'oill' is no picture, and no art.*'oil'"):
            drawn(style="oill")

    def test_a_perceptor_sees_it_unless_vgg16_is_there(self, tmp_path):
        assert drawn()[2].features == Pocket()
        tensors = {n: torch.zeros(shape) for n, shape in vgg16_shapes().items()}
        save_file(tensors, tmp_path / "v.safetensors")
        assert drawn(features=str(tmp_path / "v.safetensors"))[2].features.endswith("v.safetensors")
        store.add(tmp_path / "v.safetensors", "my-vgg")
        assert drawn()[2].features == "my-vgg"
        assert drawn(features="pocket-clip")[2].features == Pocket()
        assert drawn(features="my-vgg")[2].features == "my-vgg"

    def test_its_strength_and_picture_can_be_changed_in_a_saved_recipe(self, picture):
        recipe = styleclipdraw("a fox", variant="fast")
        found = varied(recipe, style=picture, strength=3.0).stages[0].losses["style"]
        assert isinstance(found, StyleTransfer)
        assert (found.picture, found.weight) == (picture, 3.0)

    def test_a_drawing_comes_nearer_to_it(self, picture, tmp_path):
        recipe = styleclipdraw(
            "a fox", style=picture, variant="fast", size=(48, 48), strokes=24, steps=6
        )
        last = list(Run.start(recipe, tmp_path / "run", CPU).frames())
        far = [p.frame.notes["style"].item() for p in (last[0], last[-1])]
        assert far[1] < far[0]


class TestSketch:
    def test_it_is_ink_of_one_width_along_edges(self, picture):
        (stage,) = clip_sketch(picture, size=(448, 448)).stages
        canvas, pull = stage.canvas, stage.losses["layers"]
        assert isinstance(canvas, Strokes) and isinstance(pull, LayerPull)
        assert (canvas.segments, canvas.widths, canvas.pens) == ((1, 1), (6.0, 6.0), ("black",))
        assert (canvas.start, canvas.follow) == (Picture(path=picture), "edges")
        assert (pull.towards, pull.embedding, [*stage.losses]) == (picture, 0.1, ["layers"])

    def test_words_beside_a_picture_pull_too(self, picture):
        (stage,) = clip_sketch(f"{picture} | a fox", words=0.5).stages
        said = stage.losses["prompts"]
        assert isinstance(said, Prompts) and said.weight == 0.5
        assert [prompt.words for prompt in said.scenes[0]] == ["a fox"]

    def test_words_alone_are_drawn_first(self):
        (stage,) = clip_sketch("a fox").stages
        assert isinstance(stage.losses["layers"].towards, Drawing)
        with pytest.raises(ReverieError, match="name a picture to sketch"):
            clip_sketch("a fox:-1")

    def test_two_pictures_are_refused(self, picture, tmp_path):
        with pytest.raises(ReverieError, match="there are 2 pictures"):
            clip_sketch(f"{picture} | {tmp_path}/other.png")

    def test_a_sketch_comes_nearer(self, tmp_path):
        y, x = torch.meshgrid(torch.arange(48) - 24, torch.arange(48) - 20, indexing="ij")
        disc = ((x.square() + y.square()).sqrt() > 14).float().expand(3, 48, 48)
        images.save(disc, tmp_path / "disc.png", None)
        recipe = clip_sketch(str(tmp_path / "disc.png"), size=(48, 48), strokes=6, steps=20)
        seen = list(Run.start(recipe, tmp_path / "run", CPU).frames())
        far = [p.frame.losses["layers"].item() for p in seen]
        assert sum(far[-4:]) < 0.98 * sum(far[:4])
