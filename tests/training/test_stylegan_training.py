"""What the pocket StyleGAN learns with is what the package draws with, and no step is lost."""

import json
from typing import TypeVar

import pytest
import torch
from torch import Generator, Tensor, nn

from reverie.canvas import stylegan as canvases
from reverie.canvas.stylegan import StyleGAN
from reverie.canvas.stylegan_start import SeedLatent
from reverie.nets.stylegan2 import StyleGAN2
from reverie.protocols import Machine
from reverie.weights import pocket as package
from reverie.weights.stylegan_layouts import stylegan_layout
from training import face_space, loop, muon, pocket, portraits, ship, stylegan, stylegan_mapping
from training.face_space import W_DIM
from training.portraits import ATTRIBUTES
from training.stylegan_export import about, exported
from training.stylegan_mapping import Z_DIM, Mapping
from training.stylegan_net import COARSE, Painter, blurred, doubled, phases

RATE = loop.Rate(1e-2, 1e-3, 1, 4)
CPU = torch.device("cpu")
Net = TypeVar("Net", bound=nn.Module)


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Runs and shipped models of their own, and the caller's random state as it was."""
    monkeypatch.setattr(pocket, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(pocket, "SHIPPED", tmp_path / "shipped")
    with torch.random.fork_rng():
        torch.manual_seed(2)
        yield


def normal(*shape: int, seed: int = 5) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed))


def package_net(painter: Painter, mapping: Mapping, size: int) -> StyleGAN2:
    tensors, fields = stylegan_layout(
        exported(painter.state_dict(), mapping), about(size), "exported"
    )
    return StyleGAN2.frozen({k: v for k, v in fields.items() if k != "network"}, tensors)


@torch.no_grad()
def roughened(net: Net) -> Net:
    """With biases that are not as they begin."""
    for weight in net.parameters():
        if weight.ndim == 1:
            weight.add_(0.3 * torch.randn_like(weight))
    return net


@pytest.mark.parametrize("size", [32, 128])
@torch.no_grad()
def test_the_package_draws_what_was_trained(size):
    painter = roughened(Painter(size))
    net = package_net(painter, Mapping(), size)
    ws = 0.35 * normal(3, 2, W_DIM)
    rows = ws.repeat_interleave(torch.tensor([COARSE, net.num_ws - COARSE]), 1)
    torch.testing.assert_close((net.synthesis(rows) + 1) / 2, painter(ws), atol=1e-4, rtol=1e-4)
    assert net.noise_sizes == ()


@torch.no_grad()
def test_the_package_maps_noise_as_was_trained():
    mapping = roughened(Mapping())
    net = package_net(Painter(32), mapping, 32)
    z = normal(5, Z_DIM)
    torch.testing.assert_close(net.mapping(z)[:, 0], mapping(z), atol=1e-5, rtol=1e-4)
    assert torch.equal(net.w_avg, torch.zeros(W_DIM))


def test_a_doubling_convolution_and_its_blur_are_one_convolution():
    x, weight = normal(2, 5, 6, 7), normal(4, 5, 3, 3, seed=6)
    two = blurred(nn.functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
    one = nn.functional.conv2d(x, phases(weight), padding=1)
    torch.testing.assert_close(nn.functional.pixel_shuffle(one, 2), two, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_network_that_has_just_grown_draws_the_same_only_larger():
    small, large = learner(32), learner(64)
    roughened(small.mean)
    large.warm(small.state())
    ws = 0.35 * normal(2, 2, W_DIM)
    torch.testing.assert_close(
        2 * large.net(ws) - 1, doubled(2 * small.mean(ws) - 1), atol=1e-5, rtol=1e-5
    )


def learner(size: int = 32) -> stylegan.Learner:
    return stylegan.Learner(size, RATE, seed=3, perception=0.1, adversary=0.2)


def drawing():
    return learner(), lambda step: stylegan.lesson(3, 32, seed=1, step=step)


def mapping():
    made = stylegan_mapping.Learner(RATE, seed=3)
    return made, lambda step: stylegan_mapping.lesson(16, Generator().manual_seed(step))


@pytest.mark.parametrize("kind", [drawing, mapping])
def test_a_run_that_was_stopped_and_goes_on_equals_one_that_was_not(kind, tmp_path):
    every = loop.Every(told=1, kept=2)
    whole, make = kind()
    (tmp_path / "whole").mkdir()
    loop.train(whole, make, tmp_path / "whole", steps=3, batch=3, every=every)
    folder = tmp_path / "parts"
    folder.mkdir()
    first, make = kind()
    loop.train(first, make, folder, steps=2, batch=3, every=every)
    again, make = kind()
    assert loop.resume(again, folder, CPU) and again.step == 2
    loop.train(again, make, folder, steps=3, batch=3, every=every)
    one, two = whole.state(), again.state()
    for name in ("net", "mean"):
        for key, value in one[name].items():
            assert torch.equal(value, two[name][key]), (name, key)


def test_drawing_is_learnt():
    made = stylegan.Learner(32, loop.Rate(1e-2, 1e-2, 1, 9), seed=3, perception=0.0, adversary=0.0)
    given = stylegan.lesson(6, 32, seed=1, step=0)
    told = [made.learn(given)["distance"] for _ in range(8)]
    assert told[-1] < 0.7 * told[0]


def test_what_is_shipped_is_what_the_canvas_draws(monkeypatch):
    painter, (noise, _) = learner(), mapping()
    for name, run in (("faces", painter), ("noise", noise)):
        folder = pocket.RUNS / name
        folder.mkdir(parents=True)
        (folder / "phase.json").write_text(json.dumps({"size": 32}))
        pocket.keep(folder / "state.pt", run.state())
    path = ship.ship("stylegan", "faces", "noise")
    monkeypatch.setattr(package, "FOLDER", pocket.SHIPPED)
    caches = (package.read, canvases.outline, canvases.built)
    for kept in caches:
        kept.cache_clear()
    try:
        spec = StyleGAN(model="pocket-stylegan", start=SeedLatent(truncation=1.0))
        assert spec.size == (32, 32)
        assert spec.digests() == {"pocket-stylegan": package.digest("pocket-stylegan")}
        on = Machine(CPU, torch.float32)
        with torch.no_grad():
            drawn = spec.build(on, range(2)).forward()
        w = noise.mean(torch.cat([stylegan_mapping_noise(seed) for seed in range(2)])).detach()
        with torch.no_grad():
            wanted = painter.mean(w[:, None].expand(-1, 2, -1)).clamp(0, 1)
        assert float((drawn - wanted).abs().max()) < 0.01  # fp16
        assert path.stat().st_size < 8e6
        assert set(package.read("pocket-stylegan").about["attributes"]) == set(ATTRIBUTES)
    finally:
        for kept in caches:
            kept.cache_clear()


def stylegan_mapping_noise(seed: int) -> Tensor:
    from reverie.nets.stylegan import latents_of_seeds

    return latents_of_seeds([seed], Z_DIM)


def test_noise_stands_for_faces_as_they_are_sampled():
    z = normal(4000, Z_DIM)
    found = face_space.numbers(stylegan_mapping.people(z)).mean(0)
    wanted = face_space.space().mean
    assert float((found - wanted).abs().max()) < 0.05


def test_noise_gives_characters_what_they_always_have():
    people = stylegan_mapping.people(normal(4000, Z_DIM))
    witches = people.where(kind="witch")
    assert len(witches) > 50
    assert people.rows(witches).where(hat="witch hat", gender="female").tolist() == [
        *range(len(witches))
    ]


def test_the_length_of_noise_says_nothing():
    z = normal(5, Z_DIM)
    one, two = (face_space.numbers(stylegan_mapping.people(k * z)) for k in (1.0, 3.0))
    torch.testing.assert_close(one, two, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("shape", [(20, 50), (50, 20)])
def test_a_change_is_turned_to_be_as_long_in_every_direction(shape):
    found = torch.linalg.svdvals(muon.orthogonal(normal(*shape)))
    assert float(found.min()) > 0.5 and float(found.max()) < 1.4


def test_a_step_changes_the_numbers_of_a_matrix_by_about_the_rate():
    weight = nn.Parameter(normal(24, 3, 3, 3))
    before = weight.detach().clone()
    optimizer = muon.Muon([weight], lr=0.01)
    (weight * normal(24, 3, 3, 3, seed=8)).sum().backward()
    optimizer.step()
    moved = (weight.detach() - before).square().mean().sqrt()
    assert 0.005 < float(moved) < 0.015


def test_the_face_counts_most():
    counts = stylegan.weights(32, 4.0)[0, 0]
    assert float(counts.mean()) == pytest.approx(1, abs=1e-5)
    middle, corner = counts[20, 16], counts[0, 0]
    assert middle > 2 * corner


def test_a_portrait_is_drawn_in_the_mixture_of_colours_that_is_asked_for():
    one = portraits.sample(1, Generator().manual_seed(4))
    hues = len(ATTRIBUTES["background"])
    pictures = []
    for red, blue in ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0)):
        mix = torch.zeros(1, hues)
        mix[0, ATTRIBUTES["background"].index("red")] = red
        mix[0, ATTRIBUTES["background"].index("blue")] = blue
        pictures.append(portraits.draw(one, 32, mixes={"background": mix})[0, :, 1, 1])
    red, both, blue = pictures
    torch.testing.assert_close(both, (red + blue) / 2, atol=0.02, rtol=0)
    assert float(red[0] - blue[0]) > 0.2


def test_the_first_rows_of_w_belong_to_the_layers_up_to_16_pixels():
    sides = [int(name.split("_")[0].removeprefix("b")) for name in Painter(128).convs]
    assert sides[:COARSE] == [side for side in sides if side <= 16]
