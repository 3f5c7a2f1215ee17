"""Latents of a picture: stages, measures and what they start from."""

import json
import math
import re
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nets import small_stylegans as small
from reverie import image as images
from reverie.canvas.stylegan import StyleGAN
from reverie.canvas.stylegan_chosen import ChosenSeeds
from reverie.canvas.stylegan_start import LatentFile, MeanLatent, RandomLatent, SeedLatent
from reverie.cli.app import main
from reverie.device import machine
from reverie.errors import ReverieError
from reverie.loss.latent import LatentPull
from reverie.loss.pixel import apart
from reverie.recipe import Recipe, Stage, digests
from reverie.recipes.invert import beginning, compared, inversion, invert, likeness
from reverie.run import Run

CPU = machine("cpu", "fp32")
QUICK: dict[str, Any] = {"features": 0.0, "init": "mean", "steps": 8, "fine_steps": 8}


@pytest.fixture(autouse=True)
def store(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    home = tmp_path_factory.mktemp("small")
    tensors, config = small.stylegan2()
    for name in tensors:
        if re.search(r"torgb\.(weight|bias)", name):
            tensors[name] = tensors[name] / 10  # colours mostly within 0..1
    save_file({k: v.contiguous() for k, v in tensors.items()}, home / "model.safetensors")
    (home / "config.json").write_text(json.dumps(config))
    return str(home)


@pytest.fixture(scope="module")
def face(model, tmp_path_factory) -> str:
    """Drawn by the network itself, from rows of w that are all the same."""
    path = tmp_path_factory.mktemp("faces") / "somebody.png"
    images.save(StyleGAN(model=model, start=RandomLatent()).build(CPU, (3,))().detach(), path, None)
    return str(path)


def pictures(run: Run) -> dict[tuple[int, int], Tensor]:
    return {(p.stage, p.frame.step): p.frame.image for p in run.frames()}


def test_each_stage_comes_nearer(model, face, tmp_path):
    recipe = invert(face, model=model, **QUICK | {"steps": 12, "fine_steps": 12})
    assert [stage.name for stage in recipe.stages] == ["find", "refine"]
    seen, goal = pictures(Run.start(recipe, tmp_path / "run", CPU)), images.load(face)
    places = ((0, 0), (0, 12), (1, 0), (1, 12))
    begun, found, gone_on, refined = (apart(seen[place], goal, 1).item() for place in places)
    assert found < 0.6 * begun
    assert gone_on == pytest.approx(found, rel=1e-3) and refined < found


def test_w_alone_has_one_stage(model, face):
    (stage,) = invert(face, model=model, space="w", **QUICK).stages
    assert isinstance(stage.canvas, StyleGAN) and stage.canvas.space == "w"


def test_another_canvas_goes_on_from_what_was_found(model, face, tmp_path):
    canvas = StyleGAN(model=model, space="s")
    found = inversion(canvas, MeanLatent(), likeness(face, features=0.0), steps=(5, 5))
    last = Stage(canvas=canvas, losses={"keep": LatentPull()}, steps=2)
    recipe = Recipe(name="test", title="test", stages=(*found, last))
    seen = pictures(Run.start(recipe, tmp_path / "run", CPU))
    torch.testing.assert_close(seen[2, 0], seen[1, 5], rtol=0, atol=2e-5)


def test_holding_on_keeps_latents_near_the_mean(model, face, tmp_path):
    far = []
    for hold in (0.0, 5.0):
        recipe = invert(face, model=model, space="w", hold=hold, **QUICK | {"steps": 12})
        run = Run.start(recipe, tmp_path / str(hold), CPU)
        list(run.frames())
        path = str(run.pictures[0].with_suffix(".safetensors"))
        canvas = StyleGAN(model=model, start=LatentFile(path=path)).build(CPU, (0,))
        far.append(canvas.latents().square().mean().item())
    assert far[1] < 0.7 * far[0]


class TestMeasures:
    def test_a_weight_of_nothing_leaves_a_measure_out(self, face):
        assert list(likeness(face)) == ["pixels", "features"]
        assert list(likeness(face, pixels=0.0)) == ["features"]

    def test_what_is_imported_joins_in(self, face, tmp_path, capsys):
        from loss.test_imported_losses import FILES, tensors

        for kind, name in FILES.items():
            torch.save(tensors(kind), tmp_path / name)
            assert main(["models", "import", str(tmp_path / name), "--name", f"my-{kind}"]) == 0
        made = likeness(face)
        assert list(made) == ["pixels", "features", "lpips", "identity"]
        named = {*digests(tuple(made.values()))} - {"pocket-clip"}
        assert named == {face, "my-vgg16", "my-lpips", "my-arcface"}
        assert list(likeness(face, lpips=0.0, identity=0.0)) == ["pixels", "features"]


class TestBeginning:
    def test_the_nearest_of_many_seeds_comes_first(self, model, face):
        canvas = StyleGAN(model=model)
        start = beginning(face, canvas, "best:20")
        assert isinstance(start, ChosenSeeds) and start.among == 20
        goal, far = images.load(face), []
        for seed in range(20):
            one = StyleGAN(model=model, start=SeedLatent(seed=seed, truncation=start.truncation))
            far.append(apart(one.build(CPU, (0,))(), goal, 5).item())
        assert list(start.seeds) == sorted(range(20), key=far.__getitem__)[: len(start.seeds)]

    def test_latents_of_a_file_are_refined_only(self, model, face, tmp_path):
        run = Run.start(invert(face, model=model, **QUICK), tmp_path / "run", CPU)
        list(run.frames())
        path = str(run.pictures[0].with_suffix(".safetensors"))
        (stage,) = invert(face, model=model, **QUICK | {"init": path}).stages
        assert stage.name == "refine"

    @pytest.mark.parametrize(
        ("init", "message"),
        [("best:0", "1 to 1024"), ("nobody", "is not mean, seed:7"), ("seed:-1", "is not mean")],
    )
    def test_nonsense_is_refused(self, model, face, init, message):
        with pytest.raises(ReverieError, match=message):
            beginning(face, StyleGAN(model=model), init)


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, n) for name in ("steps", "fine_steps", "cutouts") for n in (-1, 0)]
    + [(name, n) for name in ("lr", "hold", "pixels", "lpips") for n in (-1.0, math.nan, math.inf)],
)
def test_numbers_that_make_no_sense_are_refused(model, face, name, number):
    with pytest.raises(ReverieError, match=f"{name}: got {number}"):
        invert(face, model=model, **QUICK | {name: number})


def test_before_and_after_are_side_by_side_once_the_run_is_over(model, face, tmp_path):
    run = Run.start(invert(face, model=model, **QUICK), tmp_path / "run", CPU)
    assert compared(run) == []
    list(run.frames())
    (path,) = compared(run)
    assert path.parent == run.folder
    both, goal = images.load(path), images.load(face)
    assert both.shape == (1, 3, 32, 66)
    assert torch.equal(both[..., :32], goal)
    assert torch.equal(both[..., -32:], images.load(run.pictures[0]))
