"""The pocket VQGAN reads and draws pictures of any size, piece by piece, and only latents learn."""

import pytest
import torch
from torch import Tensor

from reverie.nets.pocket_vqgan import SIZES, PocketVQGAN, on_sphere
from reverie.nets.vqgan import nearest, straight_through

SMALL = {
    "codes": 24,
    "dim": 4,
    "encoder": ((8, 0), (8, 1), (12, 1)),
    "decoder": ((12, 1), (8, 1), (8, 1)),
    "thin": 4,
}
REACH = 6  # cells: one for the first convolution, two for its blocks, and less for the finer ones


def tensors(sizes=SMALL) -> dict[str, Tensor]:
    """Weights of which every one shows."""
    net, rng = PocketVQGAN(**sizes), torch.Generator().manual_seed(1)
    for weight in net.parameters():
        weight.data.add_(0.1 * torch.randn(weight.shape, generator=rng))
    net.codebook.copy_(on_sphere(torch.randn(net.codebook.shape, generator=rng)))
    return net.state_dict()


@pytest.fixture(scope="module")
def net() -> PocketVQGAN:
    return PocketVQGAN.frozen(SMALL, tensors())


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.mark.parametrize("size", [(8, 8), (64, 40), (16, 136)])
def test_a_picture_of_whole_cells_becomes_rows_of_the_codebook_and_a_picture_again(net, size):
    rows = net.encode(noise(2, 3, *size))
    assert rows.shape == (2, 4, size[0] // net.scale, size[1] // net.scale)
    cells = rows.permute(0, 2, 3, 1).flatten(0, 2)  # [b, d, h, w] -> [b h w, d]
    assert (cells[:, None] == net.codebook).all(2).any(1).all()
    assert net.decode(rows).shape == (2, 3, *size)


def test_encoding_takes_the_nearest_rows(net):
    pixels = noise(2, 3, 64, 64)
    own = net.latents(pixels)
    torch.testing.assert_close(own.square().mean(1), torch.ones(2, 8, 8))
    chosen = nearest(own, net.codebook)
    assert len(chosen.unique()) > 4
    assert torch.equal(net.encode(pixels), net.codebook[chosen].permute(0, 3, 1, 2))


def test_a_picture_of_a_batch_is_what_it_is_alone(net):
    pixels, latents = noise(3, 3, 32, 32), noise(3, 4, 6, 6)
    assert torch.equal(net.encode(pixels[1:2]), net.encode(pixels)[1:2])
    torch.testing.assert_close(net.decode(latents[1:2]), net.decode(latents)[1:2])


def test_what_is_far_away_changes_nothing(net):
    one, size = noise(1, 4, 20, 20), 20 * net.scale
    other = one.clone()
    other[..., :3, :3] += 1
    moved = (net.decode(one) - net.decode(other)).abs().sum(1)[0] > 0
    edge = (3 + REACH) * net.scale
    assert moved[: 3 * net.scale, : 3 * net.scale].float().mean() > 0.99
    assert not moved[edge:].any() and not moved[:, edge:].any() and edge < size


def test_only_latents_collect_gradient(net):
    latents = noise(1, 4, 6, 6).requires_grad_()
    net.decode(straight_through(latents, net.codebook)).square().sum().backward()
    assert latents.grad is not None
    assert latents.grad.isfinite().all() and (latents.grad != 0).float().mean() > 0.99
    assert not any(weight.requires_grad for weight in net.parameters())
    assert all(weight.grad is None for weight in net.parameters())


def test_half_precision_is_for_the_layers_alone():
    given = {name: tensor.half() for name, tensor in tensors().items()}
    half, full = (
        PocketVQGAN.frozen(SMALL, given, dtype) for dtype in (torch.bfloat16, torch.float32)
    )
    assert {weight.dtype for weight in half.parameters()} == {torch.bfloat16}
    assert half.codebook.dtype == torch.float32
    pixels, latents = noise(1, 3, 32, 32), noise(1, 4, 6, 6)
    assert half.encode(pixels).dtype == half.decode(latents).dtype == torch.float32
    torch.testing.assert_close(half.decode(latents), full.decode(latents), rtol=0, atol=0.05)


def test_to_build_the_shipped_one_takes_no_random_numbers():
    weights = PocketVQGAN(**SIZES).state_dict()
    before = torch.get_rng_state()
    net = PocketVQGAN.frozen(SIZES, weights)
    assert torch.equal(torch.get_rng_state(), before)
    assert net.scale == 8 and net.codebook.shape == (1024, 16)
