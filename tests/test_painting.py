"""Stages that go on from the stage before them."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import save_file

from nets import small_stylegans as small
from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.canvas.pixels import Pixels
from reverie.canvas.stylegan import StyleGAN
from reverie.canvas.stylegan_start import LatentFile, RandomLatent
from reverie.device import machine
from reverie.errors import SpecError, WeightsError
from reverie.film.painter import Painter
from reverie.loss.latent import LatentPull
from reverie.loss.pixel import PixelPull
from reverie.optimizer import Adam
from reverie.painting import Painting
from reverie.recipe import Recipe, Stage
from reverie.run import Run

CPU = machine("cpu", "fp32")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    home = tmp_path_factory.mktemp("small")
    tensors, config = small.stylegan2()
    save_file({k: v.contiguous() for k, v in tensors.items()}, home / "model.safetensors")
    (home / "config.json").write_text(json.dumps(config))
    return str(home)


@pytest.fixture(scope="module")
def goal(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("goal") / "goal.png"
    images.save(torch.linspace(0, 1, 32).expand(1, 3, 32, 32).contiguous(), path, None)
    return str(path)


def stage(canvas, goal, **losses) -> Stage:
    near = {"goal": PixelPull(towards=goal), **losses}
    return Stage(canvas=canvas, losses=near, optimizer=Adam(lr=0.1), steps=3)


def recipe(*stages) -> Recipe:
    return Recipe(name="test", title="test", stages=stages, seed=5, count=2)


def pictures(run) -> dict[tuple[int, int], torch.Tensor]:
    return {(p.stage, p.frame.step): p.frame.image for p in run.frames()}


def spaces(model, *names) -> list[StyleGAN]:
    return [StyleGAN(model=model, space=s, start=RandomLatent(), noise="random") for s in names]


@pytest.mark.parametrize("names", [("w", "w"), ("w", "w+"), ("w", "s"), ("w+", "s"), ("s", "s")])
def test_the_next_stage_begins_with_the_very_picture(model, goal, tmp_path, names):
    stages = [stage(canvas, goal) for canvas in spaces(model, *names)]
    seen = pictures(Run.start(recipe(*stages), tmp_path / "run", CPU))
    torch.testing.assert_close(seen[1, 0], seen[0, 3], rtol=0, atol=2e-5)
    assert not torch.allclose(seen[0, 0], seen[0, 3], atol=1e-3)


def test_noise_maps_go_on_as_they_were_made(model, goal):
    first, second = (
        stage(dataclasses.replace(canvas, noise="optimised"), goal)
        for canvas in spaces(model, "w", "w+")
    )
    before = Painting(first, range(2), CPU)
    frames = [frame.image for frame, _ in before.frames()]
    after = Painting(second, range(2), CPU, before=before).canvas
    torch.testing.assert_close(after(), frames[-1], rtol=0, atol=2e-5)


def test_an_average_goes_on_with_its_canvas(model, goal):
    first, second = (
        stage(Averaged(canvas=canvas, decay=0.9), goal) for canvas in spaces(model, "w", "w+")
    )
    one = Painting(first, range(2), CPU)
    frames = [frame for frame, _ in one.frames()]
    same = Painting(first, range(2), CPU, before=one).canvas
    assert torch.equal(same.shown(same()), frames[-1].image)  # average and all
    other = Painting(second, range(2), CPU, before=one).canvas
    torch.testing.assert_close(other(), one.canvas(), rtol=0, atol=2e-5)
    assert torch.equal(other.shown(other()), other())  # and a new average begins


def test_a_pull_to_the_start_is_to_where_the_stage_began(model, goal):
    first, second = (stage(c, goal, keep=LatentPull()) for c in spaces(model, "w", "w+"))
    before = Painting(first, range(2), CPU)
    frames = [frame for frame, _ in before.frames()]
    assert (frames[-1].losses["keep"] > 0).all()
    begun, _ = next(Painting(second, range(2), CPU, before=before).frames())
    assert (begun.losses["keep"] == 0).all()


@pytest.mark.parametrize("names", [("w+", "w+"), ("w", "s")])
def test_a_run_resumed_in_the_second_stage_equals_an_uninterrupted_one(
    model, goal, tmp_path, names
):
    stages = [stage(canvas, goal, keep=LatentPull(weight=9.0)) for canvas in spaces(model, *names)]
    whole = pictures(Run.start(recipe(*stages), tmp_path / "whole", CPU))
    run = Run.start(recipe(*stages), tmp_path / "stopped", CPU)
    for progress in run.frames():
        if (progress.stage, progress.frame.step) == (1, 2):
            break
    rest = pictures(Run.open(run.folder))
    assert torch.equal(rest[1, 3], whole[1, 3])


def test_a_film_goes_on_in_the_same_way(model, goal):
    stages = [stage(canvas, goal) for canvas in spaces(model, "w", "w+")]
    frames = list(Painter(recipe(*stages), 1, CPU).first())
    torch.testing.assert_close(frames[4].image, frames[3].image, rtol=0, atol=2e-5)


def test_rows_that_differ_are_no_point_of_w(model, goal):
    first, second = (stage(canvas, goal) for canvas in spaces(model, "w+", "w"))
    before = Painting(first, range(2), CPU)
    list(before.frames())
    with pytest.raises(SpecError, match="rows of w differ"):
        Painting(second, range(2), CPU, before=before)


def test_a_canvas_of_another_kind_starts_from_the_picture(model, goal, tmp_path):
    (canvas,) = spaces(model, "w")
    plain = dataclasses.replace(stage(Pixels(size=(40, 40)), goal), optimizer=Adam(lr=0.0))
    seen = pictures(Run.start(recipe(stage(canvas, goal), plain), tmp_path / "run", CPU))
    torch.testing.assert_close(seen[1, 3], images.resize(seen[0, 3], (40, 40)), rtol=0, atol=2e-3)


@pytest.mark.parametrize("space", ["w", "w+", "s"])
@pytest.mark.parametrize("decay", [None, 0.9])
def test_a_face_can_be_begun_with_again(model, goal, tmp_path, space, decay):
    bare = StyleGAN(model=model, space=space, start=RandomLatent())
    canvas = Averaged(canvas=bare, decay=decay) if decay else bare
    run = Run.start(recipe(stage(canvas, goal)), tmp_path / "run", CPU)
    shown = list(run.frames())[-1].frame.image
    files = [path.with_suffix(".safetensors") for path in run.pictures]
    wider = "s" if space == "s" else "w+"
    again = [
        StyleGAN(model=model, space=wider, start=LatentFile(path=str(path))).build(CPU, (0,))
        for path in files
    ]
    torch.testing.assert_close(torch.cat([c() for c in again]), shown, rtol=0, atol=2e-5)


def test_a_face_of_another_network_is_refused(model, goal, tmp_path):
    (canvas,) = spaces(model, "w")
    run = Run.start(recipe(stage(canvas, goal)), tmp_path / "run", CPU)
    list(run.frames())
    tensors, config = small.stylegan2()
    tensors["mapping.w_avg"] += 1
    (tmp_path / "other").mkdir()
    save_file(
        {k: v.contiguous() for k, v in tensors.items()}, tmp_path / "other" / "model.safetensors"
    )
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    start = LatentFile(path=str(run.pictures[0].with_suffix(".safetensors")))
    other = StyleGAN(model=str(tmp_path / "other"), start=start)
    with pytest.raises(WeightsError, match=r"is of .*small.* generator is another"):
        other.build(CPU, (0,))
