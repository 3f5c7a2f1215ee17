"""ProGAN against the reference implementation, on a random network with known answers."""

import pytest
import torch
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.nets.progan import ProGAN
from reverie.weights.progan_layouts import progan_layout

FOLDERS = families("progan")


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest):
    return request.param


def network(folder, **fields) -> ProGAN:
    layout, told = progan_layout(weights(folder), config(folder), folder.name)
    return ProGAN.frozen(told | fields, layout)


def test_pictures_are_those_of_the_reference_alone_and_blended_with_the_size_before(
    folder,
) -> None:
    io = tensors(folder)
    names = [name for name in io if name.startswith("image_alpha")]
    assert names
    for name in names:
        got = network(folder, alpha=float(name.removeprefix("image_alpha")))(io["z"])
        # 1e-5 where it was recorded; other processors add up in another order
        torch.testing.assert_close(got, io[name], rtol=0, atol=5e-5)


def test_gradients_to_noise_are_those_of_the_reference(folder) -> None:
    io = tensors(folder)
    z = io["z"].clone().requires_grad_()
    image = network(folder, alpha=0.0)(z)
    for name, score in (("mean_image", image), ("mean_R_image", io["R"] * image)):
        (got,) = torch.autograd.grad(score.mean(), z, retain_graph=True)
        want = io[f"grad_z_{name}"]
        torch.testing.assert_close(got, want, rtol=0, atol=1e-3 * want.abs().max().item())


def test_the_first_layer_gives_what_it_gives_in_the_reference(folder) -> None:
    io, seen = tensors(folder), list[Tensor]()
    net = network(folder)
    net.start.register_forward_hook(lambda _, __, out: seen.append(out))
    net(io["z"])
    torch.testing.assert_close(seen[0], io["stage.formatLayer_flat"], rtol=0, atol=1e-5)
