"""On CUDA and MPS the same code paints the same pictures, to the accuracy of float32."""

import copy
from pathlib import Path

import pytest
import torch

from reverie.augment.cutouts import Cutouts
from reverie.augment.presets import PRESETS
from reverie.canvas.averaged import Averaged
from reverie.canvas.biggan import BigGAN
from reverie.canvas.dream import Dream
from reverie.canvas.fourier import Fourier
from reverie.canvas.pixels import Pixels
from reverie.canvas.siren import Siren
from reverie.canvas.strokes import Strokes
from reverie.device import machine
from reverie.loss.prompts import Prompts
from reverie.optimize import optimize
from reverie.optimizer import Adam
from reverie.perceptor.clip import Clip
from reverie.prompt import parse
from reverie.protocols import Draws, Moment

WEIGHTS = str(Path(__file__).parent / "golden" / "clip-vit" / "weights.safetensors")
HERE = machine("auto", "fp32")
CPU = machine("cpu", "fp32")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(HERE.device.type == "cpu", reason="there is no CUDA or MPS device here"),
]


def paint(on, canvas, steps=4, seed=3, count=2, preset="augmented"):
    live = canvas.build(on, range(seed, seed + count))
    loss = Prompts(
        scenes=parse("a fox | fog:-0.3 | noise:4:0.2"),
        perceptors=(Clip(weights=WEIGHTS),),
        augment=Cutouts(count=6, preset=preset, noise=0.0),  # its noise is the device's own
    ).build(live, on)
    optimizer, lr = Adam(lr=0.02).build(live.groups())
    return list(optimize(live, {"prompts": loss}, optimizer, lr, steps=steps, seed=seed))


@pytest.mark.parametrize(
    "canvas",
    [
        Pixels(size=(40, 32)),
        Fourier(size=(40, 33)),
        Averaged(canvas=Pixels(size=(24, 24))),
        BigGAN(size=(40, 32)),
        Dream(size=(40, 32)),
        Siren(size=(40, 32), layers=2, hidden=16, w0=5.0, w0_first=5.0),
        Strokes(size=(40, 32), count=12, width=3.0),
    ],
    ids=lambda spec: type(spec).__name__,
)
def test_the_first_steps_are_those_of_the_cpu(canvas):
    there, here = paint(CPU, canvas), paint(HERE, canvas)
    for a, b in zip(there, here, strict=True):
        assert b.image.device.type == HERE.device.type
        torch.testing.assert_close(
            a.losses["prompts"], b.losses["prompts"].cpu(), rtol=1e-3, atol=0
        )
    torch.testing.assert_close(there[0].image, here[0].image.cpu(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
def test_cutouts_are_those_of_the_cpu(preset):
    picture = Draws((0, 1), 0, "picture").uniform(3, 60, 80)

    def views(image):
        looks = Cutouts(count=4, preset=preset, noise=0.0).build()(
            image, Moment(0, 0.0, Draws((0, 1), 0))
        )
        return looks.draw(slice(0, 4), 32).cpu()

    torch.testing.assert_close(views(picture), views(picture.to(HERE.device)), rtol=0, atol=1e-4)


def test_the_callers_random_state_on_the_device_is_left_alone():
    module = torch.get_device_module(HERE.device.type)
    before = copy.deepcopy(module.get_rng_state())
    paint(HERE, Pixels(size=(40, 32)), preset="pooled")
    assert torch.equal(module.get_rng_state(), before)


def test_bf16_paints_on_the_device():
    on = machine(str(HERE.device), "bf16")
    frames = paint(on, Fourier(size=(40, 32)), steps=8)
    assert frames[-1].losses["prompts"].isfinite().all()
