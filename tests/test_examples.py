"""The examples run, and the one-file version is the library's own arithmetic."""

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from faces.small_faces import saved
from reverie import FaceEditor
from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Perlin
from reverie.device import machine
from reverie.loss.prompts import Prompts
from reverie.optimize import optimize
from reverie.optimizer import Adam
from reverie.perceptor.clip import Clip
from reverie.prompt import parse
from reverie.protocols import Draws
from reverie.raster.svg_read import read_svg
from reverie.record.story import story_in

ROOT = Path(__file__).parent.parent
WEIGHTS = str(ROOT / "tests" / "golden" / "clip-vit" / "weights.safetensors")
CPU = machine("cpu", "fp32")


def one_file():
    found = importlib.util.spec_from_file_location("one_file", ROOT / "examples" / "one_file.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_one_file_paints_what_the_library_paints():
    seed, steps, size = 3, 12, (30, 24)  # smaller than a view, so that no view shrinks
    cutouts = Cutouts(count=6, preset="crops", smallest=0.4)
    canvas = Pixels(size=size).build(CPU, (seed,))
    start = canvas().detach().clone()
    prompts = Prompts(
        scenes=parse("a fox | fog:-0.3"), perceptors=(Clip(weights=WEIGHTS),), augment=cutouts
    ).build(canvas, CPU)
    optimizer, lr = Adam(lr=0.02).build(canvas.groups())
    losses = {"prompts": prompts}
    *_, last = optimize(canvas, losses, optimizer, lr, steps=steps, seed=seed)

    def boxes(step):
        draws = Draws((seed,), step, "prompts").named("cutouts")
        warps = cutouts.build().choose(draws, size, step / steps).warps[0].float()  # [n, 3, 3]
        return torch.stack([warps[:, 0, 2], warps[:, 1, 2], warps[:, 0, 0], warps[:, 1, 1]], 1)

    words = [("a fox", 1.0), ("fog", -0.3)]
    perceptor = Clip(weights=WEIGHTS).build(CPU)
    ours = one_file().paint(perceptor, words, start, boxes, steps=steps, lr=0.02)
    assert not torch.allclose(ours, start, atol=0.05)
    torch.testing.assert_close(ours, last.image, rtol=0, atol=2e-4)


def run(name, *arguments, cwd):
    command = [sys.executable, str(ROOT / "examples" / name), *arguments, "--perceptor", WEIGHTS]
    return subprocess.run(command, cwd=cwd, env=os.environ, capture_output=True, text=True)


def test_one_file_runs_from_the_shell(tmp_path):
    done = run("one_file.py", "a fox", "--steps", "2", "--size", "40", "30", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "one_file.png"), done.stderr
    assert (tmp_path / "one_file.png").stat().st_size > 1000


def test_a_scene_of_ones_own_is_a_recipe():
    stage = runpy.run_path(str(ROOT / "examples" / "my_scene.py"), run_name="scene")["stage"]
    names = [thing.name for thing in stage.canvas.arrangements[0].things]
    assert names == ["frog", "crown"]
    assert stage.canvas.build(CPU, (3,))().shape == (1, 3, 512, 512)


def test_a_canvas_of_ones_own_runs_from_the_shell(tmp_path):
    done = run("my_canvas.py", "a bowl of fruit", "--steps", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert story_in(tmp_path / "discs" / "picture.png")["recipe"]["name"] == "discs"


def test_a_picture_is_restyled_from_the_shell(tmp_path):
    images.save(torch.rand(1, 3, 24, 40), tmp_path / "photo.png", text=None)
    given = ("photo.png", "a watercolour", "--steps", "2", "--size", "50")
    done = run("my_style.py", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = tmp_path / "pictures" / "my-style" / "picture.png"
    assert images.load(made).shape == (1, 3, 32, 48)


def test_a_picture_turns_into_a_nightmare_with_its_film(tmp_path):
    images.save(torch.rand(1, 3, 32, 32), tmp_path / "portrait.png", text=None)
    nightmare = runpy.run_path(str(ROOT / "examples" / "spooky.py"), run_name="spooky")["nightmare"]
    quick = {"size": (24, 32), "spooky_steps": 2, "steps": 3, "cutouts": 2}
    pocket = {"model": "pocket-vqgan", "perceptor": "pocket-clip"}
    run = nightmare("a ghost", str(tmp_path / "portrait.png"), tmp_path / "out", **quick, **pocket)
    assert [path.name for path in run.stills] == ["stage-1-spooky.png"]
    assert [path.name for path in run.files] == ["picture.png", "spooky.mp4"]


def test_faces_are_edited_step_by_step(tmp_path):
    model, clip = saved(tmp_path / "small"), Clip(weights=WEIGHTS)
    edited = runpy.run_path(str(ROOT / "examples" / "edit_face.py"), run_name="faces")["edited"]
    sheet = edited("a hat", FaceEditor.of(model, clip, CPU), "1-2")
    assert sheet.shape == (1, 3, 2 * 34 - 2, 5 * 34 - 2)
    first, last = sheet[..., :32], sheet[..., -32:]
    assert (first - last).abs().mean() > 0.001


def test_a_picture_is_painted_small_and_drawn_large(tmp_path):
    example = runpy.run_path(str(ROOT / "examples" / "big_field.py"), run_name="field")
    quick = {"steps": 1, "start_steps": 1, "cutouts": 2, "perceptor": "pocket-clip"}
    path = example["drawn_large"]("a fox", tmp_path, small=16, large=40, device="cpu", **quick)
    assert images.load(path).shape == (1, 3, 40, 40)
    assert story_in(path)["recipe"]["name"] == "deep-daze"


def test_the_example_of_crossing_goes_from_one_thing_towards_the_other():
    crossed = runpy.run_path(str(ROOT / "examples" / "crossing.py"), run_name="crossing")["crossed"]
    pictures = crossed("castle", "rocket", size=(32, 24))
    assert pictures.shape == (7, 3, 24, 32)
    away = (pictures - pictures[:1]).abs().mean((1, 2, 3))
    assert away[0] == 0 and away[6] > away[3] > 0


def test_the_example_of_dreams_shows_what_each_neuron_likes():
    liked = runpy.run_path(str(ROOT / "examples" / "dream.py"), run_name="dream")["liked"]
    quick = {"size": (24, 16), "octaves": 1, "steps": 2}
    first, other = (liked("block2", neuron, "pocket-clip", **quick) for neuron in (0, 1))
    assert first.shape == (1, 3, 16, 24)
    assert (first - other).abs().mean() > 0.001


def test_words_with_places_fit_their_own_parts(tmp_path):
    example = runpy.run_path(str(ROOT / "examples" / "places.py"), run_name="places")
    quick = {"size": (96, 64), "steps": 2, "refine": 0, "cutouts": 4}
    path = example["painted"](example["WORDS"], tmp_path, **quick)
    fits = example["fits"](path, example["WORDS"])
    assert [*fits] == ["a red apple", "a green pear"]
    assert all(own > others + 0.2 for own, others in fits.values())


def test_the_example_of_plotting_leaves_a_file_for_the_plotter_and_a_film(tmp_path):
    plotted = runpy.run_path(str(ROOT / "examples" / "plot.py"), run_name="plot")["plotted"]
    quick = {"size": (48, 32), "strokes": 4, "grow": 1, "steps": 1, "start_steps": 1}
    quick |= {"perceptor": "pocket-clip", "cutouts": 2, "seed": 1, "device": "cpu"}
    made = plotted("a fox", "black 0.5mm, teal", tmp_path, width=120, seconds=0.2, **quick)
    assert made.size == (120, pytest.approx(100 * 32 / 48 + 20, abs=0.1))
    assert {layer.label for layer in made.layers} <= {"1-black", "2-teal"} and made.layers
    assert read_svg(tmp_path / "plot.svg").layout.count == sum(len(x.strokes) for x in made.layers)
    assert (tmp_path / "drawing.mp4").stat().st_size > 500


def test_strokes_learn_to_look_like_a_picture_without_words():
    fitted = runpy.run_path(str(ROOT / "examples" / "by_strokes.py"), run_name="strokes")["fitted"]
    goal = Perlin(cells=2, octaves=1).draw((48, 32), (1,), torch.device("cpu"))
    drawing, errors = fitted(goal, 24, 60)
    assert errors[-1] < errors[0] / 3
    assert (drawing.draw() - goal).square().mean() == pytest.approx(errors[-1], rel=0.2)


def test_every_prompt_of_a_template_is_painted_with_both_seeds(tmp_path):
    sheet = runpy.run_path(str(ROOT / "examples" / "words.py"), run_name="words")["sheet"]
    quick = {"size": (32, 32), "steps": 1, "refine": 0, "cutouts": 2, "device": "cpu"}
    file = sheet("{a fox|an owl}", tmp_path / "sheet.png", tmp_path / "runs", **quick)
    titles = [
        story_in(tmp_path / "runs" / str(i) / f"picture-{k}.png")["recipe"]["title"]
        for i in (0, 1)
        for k in (1, 2)
    ]
    assert titles == ["a fox", "a fox", "an owl", "an owl"]
    assert images.load(file).shape[2] > 2 * 32


def test_a_writer_of_ones_own_writes_new_prompts():
    prompts = runpy.run_path(str(ROOT / "examples" / "write_prompts.py"), run_name="w")["prompts"]
    made = prompts("a lighthouse")
    assert len({*made}) == 6 and all(line.startswith("a lighthouse") for line in made)
    assert sum("in the rain" in line for line in made) >= 2
