"""The losses, clamps, resampling and averages of the originals, from recorded answers."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from parity.golden import config, families, tensors
from reverie import image as images
from reverie.canvas.averaged import AveragedCanvas
from reverie.loss.targets import pull, spherical
from reverie.protocols import Canvas, Image

CLIP_LOSSES = families("loss-vqgan-clip")
AVERAGES = families("loss-bigsleep")


def close(got: Tensor, want: Tensor, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    torch.testing.assert_close(got, want.reshape(got.shape), rtol=rtol, atol=atol)


@pytest.mark.parametrize("folder", CLIP_LOSSES, ids=lambda folder: folder.name)
class TestVqganClip:
    def test_the_distance_is_the_recorded_one(self, folder: Path):
        io = tensors(folder)
        got = spherical(F.normalize(io["input"], dim=-1), F.normalize(io["embed"], dim=-1))
        close(got, io["spherical_dist"])

    def test_the_pull_of_a_prompt_and_its_gradient_are_the_recorded_ones(self, folder: Path):
        io = tensors(folder)
        targets = F.normalize(io["embed"], dim=-1)
        for i, case in enumerate(config(folder)["cases"]):
            seen = io["input"].clone().requires_grad_()
            stop = float("-inf") if case["stop"] is None else case["stop"]
            distance = spherical(F.normalize(seen, dim=-1), targets)
            loss = pull(distance, case["weight"], stop).mean()
            (gradient,) = torch.autograd.grad(loss, seen)
            close(loss.detach(), io[f"case{i}.loss"])
            want = io[f"case{i}.grad_input"]
            close(gradient, want, atol=1e-5 * want.abs().max().item() + 1e-9)

    def test_a_clamped_picture_passes_the_recorded_gradient(self, folder: Path):
        io = tensors(folder)
        x = io["clamp.input"].clone().requires_grad_()
        inside = images.clamp_with_gradient(x, 0.0, 1.0)
        (gradient,) = torch.autograd.grad(inside, x, io["clamp.upstream_grad"])
        assert torch.equal(inside, io["clamp.output_0_1"])
        assert torch.equal(gradient, io["clamp.grad_input"])

    @pytest.mark.parametrize(
        ("name", "lobes"), [("vqgan_clip_lanczos2", 2), ("big_sleep_lanczos3", 3)]
    )
    def test_resampling_is_the_recorded_one(self, folder: Path, name: str, lobes: int):
        io = tensors(folder)
        wanted = {key: x for key, x in io.items() if key.startswith(f"resample.{name}_")}
        for key, want in wanted.items():
            image, size = io["resample.image"], (want.shape[-1], want.shape[-2])
            if "srgb" in key:  # the same, in linear light
                got = from_linear(images.resample(to_linear(image), size, lobes))
            else:
                got = images.resample(image, size, lobes)
            close(got, want, atol=1e-5)
        assert wanted


@pytest.mark.parametrize("folder", AVERAGES, ids=lambda folder: folder.name)
def test_the_average_of_a_canvas_is_the_recorded_one(folder: Path):
    io = tensors(folder)

    class Held(Canvas):
        def __init__(self, values: Tensor) -> None:
            super().__init__()
            self.values = nn.Parameter(values.clone())

        def forward(self) -> Image:
            return self.values.expand(1, 3, *self.values.shape)

    canvas = AveragedCanvas(Held(io["ema.initial"]), config(folder)["ema"]["decay"])
    with torch.no_grad():
        close(canvas.shown(canvas())[0, 0], io["ema.average_after_init"])
        for i in range(sum(key.startswith("ema.delta") for key in io)):
            for values in canvas.parameters():
                values += io[f"ema.delta{i}"]
            canvas.project_()
            close(canvas.shown(canvas())[0, 0], io[f"ema.average_after_update{i}"])


def to_linear(srgb: Tensor) -> Tensor:
    """IEC 61966-2-1."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def from_linear(light: Tensor) -> Tensor:
    curved = 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, curved)
