"""A face, a spooky one, a nightmare: three stages, one film, whatever happens in between."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from nets import small_stylegans as small
from record.films import frames
from reverie import image as images
from reverie.canvas.stylegan_start import LatentFile, MeanLatent, SeedLatent
from reverie.curve import Ramp
from reverie.device import machine
from reverie.errors import PromptError, SpecError
from reverie.perceptor.pocket import understood
from reverie.prompt import parse
from reverie.recipe import Recipe
from reverie.recipes.spooky import spooky
from reverie.record.video import Video
from reverie.run import Run
from reverie.spec import from_json, to_json

CPU = machine("cpu", "fp32")
WEIGHTS = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
POCKET = {"model": "pocket-vqgan", "perceptor": "pocket-clip"}
QUICK = {**POCKET, "size": (24, 32), "face_steps": 4, "spooky_steps": 2, "steps": 5, "cutouts": 2}


@pytest.fixture(scope="module")
def face_model(tmp_path_factory) -> str:
    home = tmp_path_factory.mktemp("small")
    tensors, config = small.stylegan2()
    save_file({k: v.contiguous() for k, v in tensors.items()}, home / "model.safetensors")
    (home / "config.json").write_text(json.dumps(config))
    return str(home)


def test_the_original_is_painted_with_the_originals_constants(face_model):
    made = spooky("a witch", face_model=face_model, model="pocket-vqgan", perceptor=WEIGHTS)
    face, second, dream = made.stages
    assert (face.steps, face.optimizer.lr, face.canvas.space) == (40, Ramp(value=0.1), "s")
    assert face.canvas.start == MeanLatent()
    assert face.losses["prompts"].distance == "cosine"
    assert second.steps == 10
    assert (dream.steps + 1, dream.optimizer.lr, dream.canvas.size) == (300, 0.01, (608, 752))
    assert dream.losses["prompts"].scenes == parse("nightmare")
    assert dream.losses["prompts"].augment.count == 64
    assert dream.losses["prompts"].augment.preset == "updated"  # their augmentations
    assert face.losses["prompts"].scenes == second.losses["prompts"].scenes == parse("a witch")


def test_the_pocket_perceptor_gets_words_that_it_knows(face_model):
    made = spooky("a witch", face_model=face_model, **POCKET)
    words = [p.words for p in made.stages[2].losses["prompts"].scenes[0]]
    assert words and not understood(words)
    asked = spooky("a witch", face_model=face_model, nightmare="an owl", **POCKET)
    assert asked.stages[2].losses["prompts"].scenes == parse("an owl")


@pytest.mark.parametrize("stages", ["face", "face,spooky", "spooky,nightmare", "face, nightmare"])
def test_stages_can_be_left_out(face_model, stages):
    made = spooky("a witch", face_model=face_model, stages=stages, **QUICK)
    assert [stage.name for stage in made.stages] == [s.strip() for s in stages.split(",")]
    assert from_json(to_json(made), Recipe) == made


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"stages": "face,spoky"}, "'spoky' is not a stage .did you mean 'spooky'"),
        ({"stages": ""}, "'' is not a stage"),
        ({"stages": "nightmare,face"}, "in the order face,spooky,nightmare"),
        ({"stages": "face,face"}, "each comes once"),
        ({"steps": 0}, "steps must be 1 or more, got 0; to leave a stage out, .*--stages"),
        ({"face_steps": -1}, "face_steps must be 1 or more, got -1"),
        ({"spooky_steps": 0}, "spooky_steps must be 1 or more"),
        ({"face_lr": -0.1}, "below 0"),
        ({"size": (0, 32)}, "size"),
        ({"init": "nobody.npy"}, "nobody.npy"),
        ({"init": "me.JPG"}, "me.JPG: there is no such file"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_painted(face_model, tmp_path, wrong, message):
    with pytest.raises((SpecError, OSError), match=message):
        made = spooky("a witch", **{**QUICK, "face_model": face_model, **wrong})
        next(Run.start(made, tmp_path / "run", CPU).frames())
    assert not (tmp_path / "run" / "picture.png").exists()


def test_a_nightmare_needs_words(face_model):
    with pytest.raises(PromptError):
        spooky("a witch", face_model=face_model, nightmare=" ", **QUICK)


def test_a_face_starts_where_it_is_told_to(face_model, tmp_path):
    starts = {"mean": MeanLatent(), "seed:7": SeedLatent(seed=7, truncation=0.7)}
    for init, want in starts.items():
        made = spooky("a witch", face_model=face_model, init=init, **QUICK)
        assert made.stages[0].canvas.start == want
    latents = tmp_path / "w.npy"
    np.save(latents, np.ones(small.WIDTH, np.float32))
    made = spooky("a witch", face_model=face_model, init=str(latents), **QUICK)
    assert made.stages[0].canvas.start == LatentFile(path=str(latents))


def test_the_latents_of_a_picture_are_found_first(face_model, tmp_path):
    images.save(torch.rand(1, 3, 32, 32), tmp_path / "me.png", None)
    made = spooky("a witch", face_model=face_model, init=str(tmp_path / "me.png"), **QUICK)
    *before, face, _, _ = (stage.name for stage in made.stages)
    assert before and face == "face"


def test_without_a_face_the_vqgan_starts_from_a_picture(tmp_path, face_model):
    first = Run.start(spooky("a witch", face_model=face_model, **QUICK), tmp_path / "one", CPU)
    list(first.frames())
    only = {"stages": "nightmare", "init": str(first.pictures[0])}
    second = Run.start(spooky("a witch", **QUICK | only), tmp_path / "two", CPU)
    frame = next(second.frames()).frame
    assert (frame.image - images.load(first.pictures[0])).abs().mean() < 0.1


def test_every_picture_of_a_batch_is_that_of_its_seed(tmp_path, face_model):
    made = spooky("a witch", face_model=face_model, init="random", **QUICK)
    both = dataclasses.replace(made, seed=3, count=2)
    one = dataclasses.replace(made, seed=4)
    *_, last = Run.start(both, tmp_path / "both", CPU).frames()
    *_, alone = Run.start(one, tmp_path / "one", CPU).frames()
    assert (last.frame.image[1] - alone.frame.image[0]).abs().max() < 0.02


PAINT = """
import sys
from pathlib import Path
from reverie.run import Run
for progress in Run.open(Path(sys.argv[1])).frames(save_every=0.0):
    print(progress.stage, progress.frame.step, flush=True)
    if len(sys.argv) > 2 and [progress.stage, progress.frame.step] == [*map(int, sys.argv[2:])]:
        sys.stdin.read()
"""


def painted(folder, *stop):
    """A process that paints, and waits at a step to be killed, or ends."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PAINT, str(folder), *map(str, stop)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    assert process.stdout
    last = b"%d %d\n" % stop if stop else b"2 5\n"
    for line in process.stdout:
        if line == last:
            break
    if stop:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    return process.returncode


@pytest.mark.parametrize("stop", [(0, 4), (2, 3)])
def test_a_chain_that_is_killed_goes_on_to_the_same_film(tmp_path, face_model, stop, whole):
    made = spooky("a witch", face_model=face_model, **QUICK)
    folder = tmp_path / "run"
    Run.start(made, folder, CPU, film=Video(path=str(folder / "spooky.apng"), length=None))
    assert painted(folder, *stop) == -signal.SIGKILL
    assert not (folder / "spooky.apng").exists()
    assert painted(folder) == 0
    for name in ("spooky.apng", "picture.png", "stage-1-face.png", "stage-2-spooky.png"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory, face_model):
    folder = tmp_path_factory.mktemp("whole") / "run"
    made = spooky("a witch", face_model=face_model, **QUICK)
    Run.start(made, folder, CPU, film=Video(path=str(folder / "spooky.apng"), length=None))
    assert painted(folder) == 0
    assert len(frames(folder / "spooky.apng")) == 5 + 3 + 6
    return folder
