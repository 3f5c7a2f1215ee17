"""VQGAN against the reference implementation, on random networks with known answers."""

import pytest
import torch
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.nets.vqgan import VQGAN, nearest, rows_of, straight_through
from reverie.weights.vqgan_layouts import vqgan_layout

FOLDERS = families("vqgan")
LOSSES = families("loss-vqgan-clip")
Known = tuple[VQGAN, dict[str, Tensor]]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def known(request: pytest.FixtureRequest) -> Known:
    folder = request.param
    layout, fields = vqgan_layout(weights(folder), config(folder), folder.name)
    return VQGAN.frozen(fields, layout), tensors(folder)


def close(got: Tensor, want: Tensor, atol: float = 2e-5) -> None:
    torch.testing.assert_close(got, want, rtol=0, atol=atol)


def recorded(io: dict[str, Tensor], name: str) -> Tensor:
    """What was recorded, unless the copy is without it."""
    if name not in io:
        pytest.skip(f"this copy has no {name}")
    return io[name]


def grids(io: dict[str, Tensor]) -> list[str]:
    """The endings of the names that speak of one free latent each."""
    recorded(io, "free_z")
    endings = [name.removeprefix("free_z_decode") for name in io if name.startswith("free_z_dec")]
    assert endings
    return endings


def clamped(image: Tensor) -> Tensor:
    """`image` in [0, 1]; the gradient passes where it does not lead further out."""
    image.register_hook(lambda grad: grad * (grad * (image - image.clamp(0, 1)) >= 0))
    return image + (image.clamp(0, 1) - image).detach()


def test_every_stage_of_the_encoder_is_that_of_the_reference(known: Known) -> None:
    network, io = known
    encoded = network.encoder(recorded(io, "image"))
    close(encoded, io["encoder_out"])
    close(network.quant_conv(encoded), io["z_prequant"])


def test_encoding_finds_the_rows_of_the_reference(known: Known) -> None:
    network, io = known
    name = "indices" if network.logits is None else "indices_argmax"
    found = network.indices(recorded(io, "image"))
    assert torch.equal(found.flatten(), io[name].flatten())
    want = io["quant" if network.logits is None else "quant_argmax"]
    close(network.encode(io["image"]), want, 1e-6)


def test_likeliest_rows_with_the_recorded_noise_and_without_are_those_of_the_reference(
    known: Known,
) -> None:
    network, io = known
    if network.logits is None:
        pytest.skip("this one has no noise")
    logits = network.logits(io["z_prequant"])
    close(logits, io["logits"])
    noisy = logits + io["gumbel_noise"]
    for likely, kind in ((noisy, "with_noise"), (logits, "argmax")):
        found = likely.argmax(1)
        assert torch.equal(found, io[f"indices_{kind}"])
        close(rows_of(found, network.codebook), io[f"quant_{kind}"], 1e-6)


def test_decoded_pictures_are_those_of_the_reference(known: Known) -> None:
    network, io = known
    indices = network.indices(recorded(io, "image"))
    close(rows_of(indices, network.codebook), io["decode_code_grid"], 1e-6)
    # Of a Gumbel VQGAN the recorded picture is that of the rows without noise.
    close(network.decode(network.encode(io["image"])), io["decode_quant"])


def test_free_latents_become_rows_and_pictures_of_the_reference_at_any_aspect(known: Known) -> None:
    network, io = known
    for grid in grids(io):
        z = io[f"free_z{grid}"]
        assert torch.equal(nearest(z, network.codebook), io[f"free_z_indices{grid}"])
        rows = straight_through(z, network.codebook)
        assert torch.equal(rows, io[f"free_z_quant{grid}"])
        image = network.decode(rows)
        close(image, io[f"free_z_decode{grid}"])
        close(((image + 1) / 2).clamp(0, 1), io[f"free_z_image01{grid}"])


def test_gradients_to_free_latents_are_those_of_the_reference(known: Known) -> None:
    network, io = known
    for grid in grids(io):
        z = io[f"free_z{grid}"].clone().requires_grad_()
        image, r = network.decode(straight_through(z, network.codebook)), io[f"R{grid}"]
        for name, score in (
            ("mean_decode", image),
            ("mean_R_decode", r * image),
            ("mean_R_image01", r * clamped((image + 1) / 2)),
        ):
            (got,) = torch.autograd.grad(score.mean(), z, retain_graph=True)
            want = io[f"grad_z_{name}{grid}"]
            close(got, want, 1e-3 * want.abs().max().item())


def test_the_range_of_the_codebook_is_that_of_the_reference(known: Known) -> None:
    network, io = known
    close(network.codebook.amin(0), recorded(io, "codebook_min"), 0)
    close(network.codebook.amax(0), io["codebook_max"], 0)


@pytest.mark.parametrize("folder", LOSSES, ids=lambda folder: folder.name)
def test_nearest_rows_and_their_straight_gradient_are_those_of_the_reference(folder) -> None:
    io = tensors(folder)
    z = io["vq.z"].permute(0, 3, 1, 2).requires_grad_()  # [b, h, w, d] -> [b, d, h, w]
    assert torch.equal(nearest(z, io["vq.codebook"]), io["vq.indices"])
    rows = straight_through(z, io["vq.codebook"])
    close(rows.permute(0, 2, 3, 1), io["vq.output"], 1e-6)
    (grad,) = torch.autograd.grad(rows, z, io["vq.upstream_grad"].permute(0, 3, 1, 2))
    close(grad.permute(0, 2, 3, 1), io["vq.grad_z"], 1e-6)
