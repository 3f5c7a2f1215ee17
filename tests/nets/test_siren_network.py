"""SIREN: tiles and precision change what a gradient costs, not what is drawn."""

import pytest
import torch

from reverie.nets import siren
from reverie.nets.siren import Siren, bound, places, points, shapes

LAYERS, HIDDEN = 3, 16


def network(b: int = 1, precision: torch.dtype = torch.float32) -> Siren:
    rng, made, tensors = torch.Generator().manual_seed(4), shapes(LAYERS, HIDDEN), {}
    for name, shape in made.items():
        into = made[name.replace("bias", "weight")][1]
        even = torch.rand(b, *shape, generator=rng) * 2 - 1
        tensors[name] = even * bound(name, into, 30.0)
    return Siren(tensors, precision=precision)


def grid(side: int = 20):
    return points(*places((side, side)))


def gradient(net: Siren, side: int = 20):
    net.zero_grad()
    given = net(grid(side))
    pull = torch.randn(given.shape, generator=torch.Generator().manual_seed(1))
    given.backward(pull)
    return given.detach(), torch.cat([p.grad.flatten() for p in net.parameters()])


@pytest.fixture
def in_tiles(monkeypatch):
    """Nothing may wait for the gradient, and tiles are small."""
    monkeypatch.setattr(siren, "KEPT", 0)
    monkeypatch.setattr(siren, "TILE", 64)


def test_tiles_change_neither_the_picture_nor_its_gradient(monkeypatch):
    whole = gradient(network(2))
    monkeypatch.setattr(siren, "KEPT", 0)
    monkeypatch.setattr(siren, "TILE", 64)
    tiled = gradient(network(2))
    torch.testing.assert_close(tiled[0], whole[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(tiled[1], whole[1], rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("in_tiles")
def test_a_lower_precision_leaves_the_picture_alone_and_the_gradient_its_way():
    exact, rough = gradient(network()), gradient(network(precision=torch.bfloat16))
    assert torch.equal(exact[0], rough[0])
    assert not torch.equal(exact[1], rough[1])
    assert torch.cosine_similarity(exact[1], rough[1], dim=0) > 0.999


@pytest.mark.usefixtures("in_tiles")
def test_what_waits_for_the_gradient_does_not_grow_with_the_layers():
    kept = 0

    def seen(tensor):
        nonlocal kept
        kept += tensor.numel()
        return tensor

    net = network()
    with torch.autograd.graph.saved_tensors_hooks(seen, lambda x: x):
        net(grid(40))
    assert kept <= 2 * 40 * 40 + sum(p.numel() for p in net.parameters())


def test_each_network_of_a_batch_is_drawn_on_its_own():
    both = network(2)
    alone = Siren({name: x[1:].clone() for name, x in both.state_dict().items()})
    torch.testing.assert_close(both(grid())[1:], alone(grid()), rtol=0, atol=1e-6)


def test_the_longer_side_goes_from_minus_one_to_one():
    rows, columns = places((9, 5))
    torch.testing.assert_close(columns, torch.linspace(-1, 1, 9))
    torch.testing.assert_close(rows, torch.linspace(-0.5, 0.5, 5))


def test_a_larger_picture_has_its_places_around_those_of_the_painted_one():
    for small, large in zip(places((6, 4)), places((24, 16), (6, 4)), strict=True):
        torch.testing.assert_close(large.unflatten(0, (-1, 4)).mean(1), small)


def test_another_shape_is_cut_out_of_the_painted_one_or_lies_around_it():
    (rows, columns), (whole, across) = places((12, 12), (12, 6)), places((12, 6))
    assert rows.abs().max() <= whole.abs().max() + 0.06 and columns.abs().max() < across.max()
    rows, columns = places((12, 12), (12, 6), beyond=True)
    torch.testing.assert_close(columns, across)
    assert rows.max() > 2 * whole.max()
