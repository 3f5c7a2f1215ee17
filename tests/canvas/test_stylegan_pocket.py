"""The StyleGAN of the package draws faces: a plain one at its mean, and another for every seed."""

import pytest
import torch

from reverie.canvas.stylegan import POCKET, StyleGAN, outline, read
from reverie.canvas.stylegan_start import MeanLatent, SeedLatent
from reverie.device import machine
from reverie.weights import pocket

ON = machine("cpu", "fp32")


@torch.no_grad()
def drawn(start, seeds=(1,), **options):
    return StyleGAN(model=POCKET, start=start, **options).build(ON, seeds).forward()


def test_it_is_a_stylegan2_of_128_pixels():
    assert outline(POCKET) == ("stylegan2", 128)
    spec = StyleGAN(model=POCKET)
    assert spec.size == (128, 128)
    assert spec.digests() == {POCKET: pocket.digest(POCKET)}
    assert pocket.file_of(POCKET).stat().st_size < 7.8e6


def test_what_its_space_means_is_no_part_of_the_network():
    _, tensors = read(POCKET)
    assert not [name for name in tensors if not name.startswith(("synthesis.", "mapping."))]
    inside = pocket.read(POCKET).tensors
    assert inside["faces.axes"].shape == (150, len(inside["faces.mean"]))


def test_its_mean_is_a_clear_face():
    face = drawn(MeanLatent())[0]
    edges = face.diff(dim=-1).abs().amax()
    middle, corner = face[:, 60:80, 40:88], face[:, :12, :12]
    assert float(edges) > 0.15  # the eyes have outlines
    assert float(middle.std()) > 3 * float(corner.std())
    mirrored = face.flip(-1)
    assert float((face - mirrored).abs().mean()) < 0.03  # it looks straight ahead


@pytest.mark.parametrize("space", ["w", "w+", "s"])
def test_a_batch_of_two_equals_two_runs_of_one(space):
    both = drawn(SeedLatent(), (3, 4), space=space)
    each = torch.cat([drawn(SeedLatent(), (seed,), space=space) for seed in (3, 4)])
    torch.testing.assert_close(both, each, atol=1e-4, rtol=1e-4)
    assert float((each[0] - each[1]).abs().mean()) > 0.05


def test_truncation_leads_to_the_mean():
    mean = drawn(MeanLatent())
    far = [
        float((drawn(SeedLatent(seed=5, truncation=psi)) - mean).square().mean())
        for psi in (1.0, 0.5, 0.0)
    ]
    assert far[0] > far[1] > far[2] and far[2] < 1e-3
