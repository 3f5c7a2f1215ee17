"""What was painted as a function is drawn again at any size; strangers' files run nothing."""

import json

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from reverie import image as images
from reverie.canvas.siren import Siren
from reverie.device import machine
from reverie.errors import PictureError, SpecError, WeightsError
from reverie.loss.smooth import TotalVariation
from reverie.optimize import optimize
from reverie.optimizer import Adam
from reverie.protocols import Canvas, Image, Moment
from reverie.recipe import Recipe, Stage
from reverie.record.story import story_in
from reverie.render import Field, drawing_in, render
from reverie.run import Run
from reverie.spec import canonical

CPU = machine("cpu", "fp32")
SPEC = Siren(size=(24, 16), layers=2, hidden=16, w0_first=10.0)


def waves(width: int, height: int) -> Image:
    across, down = torch.linspace(0, 6, width), torch.linspace(0, 4, height)[:, None]
    rows = [across.sin() + down.cos(), (across + down).cos(), across.cos() * down.sin()]
    return torch.stack([row.expand(height, width) for row in rows])[None] / 4 + 0.5


def fitted() -> Canvas:
    """A canvas that shows something."""
    canvas = SPEC.build(CPU, (1,))
    goal = waves(*SPEC.size)
    optimizer, lr = Adam(lr=2e-3).build(canvas.groups())

    def far(image: Image, moment: Moment):
        return (image - goal).square().mean((1, 2, 3))

    *_, last = optimize(canvas, {"far": far}, optimizer, lr, steps=80)
    assert last.losses["far"] < 0.003
    return canvas


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run's folder, with a picture that is something and the network beside it."""
    into = tmp_path_factory.mktemp("run")
    losses = {"smooth": TotalVariation()}
    recipe = Recipe(name="x", title="x", stages=(Stage(canvas=SPEC, losses=losses, steps=1),))
    run = Run.start(recipe, into, CPU)
    list(run.frames())
    canvas, (picture,) = fitted(), run.pictures
    with torch.no_grad():
        images.save(canvas(), picture, images.read_text(picture))
    SPEC.keep(canvas, run.pictures)
    return into


@pytest.fixture
def file(folder):
    return folder / "picture.safetensors"


def drawn(file, size, into, **options):
    for _ in render(drawing_in(file), size, into, CPU, **options):
        pass
    return images.load(into)


def test_the_larger_picture_is_the_painted_one(folder, file, tmp_path):
    large = drawn(file, (24 * 8, 16 * 8), tmp_path / "large.png")
    painted = images.load(folder / "picture.png")
    torch.testing.assert_close(F.avg_pool2d(large, 8), painted, rtol=0, atol=0.03)


def test_at_its_own_size_it_is_the_same_to_the_bit(folder, file, tmp_path):
    assert torch.equal(
        drawn(file, (24, 16), tmp_path / "a.png"), images.load(folder / "picture.png")
    )


def test_another_shape_is_cut_out_of_the_middle(file, tmp_path):
    whole, cut = (drawn(file, size, tmp_path / "a.png") for size in ((96, 64), (64, 64)))
    torch.testing.assert_close(cut, whole[..., 16:80], rtol=0, atol=1 / 255)


def test_beyond_shows_all_that_was_painted_and_more(file, tmp_path):
    whole = drawn(file, (96, 64), tmp_path / "a.png")
    more = drawn(file, (96, 128), tmp_path / "b.png", beyond=True)
    torch.testing.assert_close(more[:, :, 32:96], whole, rtol=0, atol=1 / 255)
    assert more[:, :, :32].std() > 0.02


def test_the_story_is_in_the_rendered_picture_with_its_size(folder, file, tmp_path):
    drawn(file, (48, 32), tmp_path / "a.webp")
    found = story_in(tmp_path / "a.webp")
    assert found.pop("rendered") == [48, 32]
    assert found == story_in(folder / "picture.png")


def test_a_picture_leads_to_the_file_beside_it(folder):
    assert drawing_in(folder / "picture.png").size == SPEC.size


def test_rows_are_counted_and_what_is_left_early_leaves_nothing(file, tmp_path):
    work = render(drawing_in(file), (60, 40), tmp_path / "a.png", CPU)
    assert next(work) == (0, 40) and 0 < next(work)[0] < 40
    work.close()
    assert not any(tmp_path.iterdir())
    *_, last = render(drawing_in(file), (60, 40), tmp_path / "a.png", CPU)
    assert last == (40, 40) and (tmp_path / "a.png").exists()


@pytest.mark.parametrize("size", [(0, 8), (20_000, 8), (9000, 9000)])
def test_a_size_that_no_picture_has_is_refused(file, tmp_path, size):
    with pytest.raises(SpecError, match="size"):
        next(render(drawing_in(file), size, tmp_path / "a.png", CPU))


class TestOtherFiles:
    def forged(self, file, path, told=None, **changes):
        tensors = {name: x for name, x in (load_file(file) | changes).items() if x is not None}
        save_file(tensors, path, {"canvas": canonical(SPEC)} | (told or {}))
        return path

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"layers.1.bias": None}, "'layers.1.bias' is missing"),
            ({"extra": torch.zeros(1)}, "'extra' is none of"),
            ({"layers.0.weight": torch.zeros(16, 3)}, r"is F32 \[16, 3\]; wanted is F32 \[16, 2\]"),
            ({"last_layer.bias": torch.zeros(3).double()}, "is F64"),
            ({"last_layer.bias": torch.full((3,), float("nan"))}, "not finite"),
        ],
    )
    def test_tensors_that_are_not_its_network_s_are_refused(self, file, tmp_path, changes, why):
        with pytest.raises(WeightsError, match=why):
            drawing_in(self.forged(file, tmp_path / "a.safetensors", **changes))

    @pytest.mark.parametrize(
        ("told", "why"),
        [
            ({"canvas": "no JSON"}, "not valid"),
            ({"canvas": "[" * 100_000}, "not valid"),
            ({"canvas": '{"kind": "Pixels"}'}, "expected Siren, got Pixels"),
            ({"canvas": '{"kind": "os.system"}'}, "unknown kind"),
            ({"canvas": '{"kind": "Siren", "layers": 100000}'}, "layers: got 100000"),
            ({"story": "[]"}, "a story is an object"),
            ({"story": "{}"}, "is missing"),
        ],
    )
    def test_what_it_says_of_itself_must_be_true(self, file, tmp_path, told, why):
        with pytest.raises(WeightsError, match=why):
            drawing_in(self.forged(file, tmp_path / "a.safetensors", told))

    def test_a_damaged_file_a_pickle_and_other_tensors_are_refused(self, file, tmp_path):
        path = tmp_path / "a.safetensors"
        path.write_bytes(file.read_bytes()[:-20])
        with pytest.raises(WeightsError, match="cannot be read as a painted network"):
            drawing_in(path)
        torch.save({"a": torch.zeros(3)}, path)
        with pytest.raises(WeightsError, match="cannot be read as a painted network"):
            drawing_in(path)
        save_file({"latents": torch.zeros(1, 512)}, path)
        with pytest.raises(WeightsError, match="nothing that was painted"):
            drawing_in(path)

    def test_the_network_of_another_picture_is_not_taken_for_it(self, folder, file, tmp_path):
        (tmp_path / "picture.safetensors").write_bytes(file.read_bytes())
        story = story_in(folder / "picture.png")
        story["recipe"]["seed"] = 7
        images.save(torch.rand(3, 8, 8), tmp_path / "picture.png", json.dumps(story))
        with pytest.raises(WeightsError, match="another picture"):
            drawing_in(tmp_path / "picture.png")
        images.save(torch.rand(3, 8, 8), tmp_path / "picture.png", None)  # which tells nothing
        assert isinstance(drawing_in(tmp_path / "picture.png"), Field)

    def test_what_is_not_there_is_said(self, tmp_path):
        images.save(torch.rand(3, 8, 8), tmp_path / "a.png", None)
        for name, why in (
            ("a.png", "no a.svg or a.safetensors beside it"),
            ("b.png", "there is no such file"),
            ("b.safetensors", "there is no such file"),
            ("", "this is a folder"),
            ("a.txt", "wanted is one of .safetensors"),
        ):
            with pytest.raises(PictureError, match=why):
                drawing_in(tmp_path / name)
