"""The VQGAN network: what holds of it whatever its weights are."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.errors import SpecError
from reverie.nets import vqgan
from reverie.nets.vqgan import VQGAN, Doubled, Weights, nearest, rows_of, straight_through
from reverie.weights.vqgan_layouts import shapes

FIELDS: dict[str, Any] = {
    "resolution": 16,
    "num_res_blocks": 1,
    "ch_mult": (1, 2, 1),
    "attn_resolutions": (8,),
    "gumbel": False,
}
PARAMS = {
    "embed_dim": 6,
    "n_embed": 20,
    "ddconfig": {
        **FIELDS,
        "ch": 32,
        "z_channels": 6,  # a Gumbel quantiser wants as many as a row of the codebook has
        "in_channels": 3,
        "out_ch": 3,
    },
}


def drawn(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tensors(*, gumbel: bool = False) -> dict[str, Tensor]:
    """Weights of a size that keeps activations near 1."""
    found = {}
    for i, (name, shape) in enumerate(shapes(PARAMS, gumbel=gumbel)):
        spread = 0.3 if len(shape) == 1 else torch.Size(shape[1:]).numel() ** -0.5
        found[name] = spread * drawn(shape, i) + (1.0 if ".norm" in name else 0.0)
    return found


def network(precision: torch.dtype = torch.float32, **fields: Any) -> VQGAN:
    told = FIELDS | fields
    return VQGAN.frozen(told, tensors(gumbel=told["gumbel"]), precision)


def gradient(net: VQGAN, z: Tensor) -> Tensor:
    z = z.clone().requires_grad_()
    image = net.decode(z)
    return torch.autograd.grad((drawn(tuple(image.shape), 7) * image).sum(), z)[0]


@pytest.mark.parametrize("gumbel", [False, True])
def test_a_batch_of_two_equals_two_of_one(gumbel: bool) -> None:
    net, pictures = network(gumbel=gumbel), drawn((2, 3, 16, 24), 1)
    rows = net.encode(pictures)
    assert torch.equal(rows[1:], net.encode(pictures[1:]))
    both, alone = net.decode(rows), net.decode(rows[1:])
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize("gumbel", [False, True])
def test_encoding_gives_rows_of_the_codebook_and_the_same_ones_each_time(gumbel: bool) -> None:
    net, picture = network(gumbel=gumbel), drawn((1, 3, 16, 24), 1)
    rows = net.encode(picture)
    assert net.scale == 4 and rows.shape == (1, 6, 4, 6)
    assert torch.equal(rows, rows_of(net.indices(picture), net.codebook))
    assert torch.equal(rows, net.encode(picture))
    assert len(net.indices(picture).unique()) > 1


def test_a_picture_that_is_not_made_of_whole_tiles_is_refused() -> None:
    with pytest.raises(SpecError, match=r"^pixels: a picture of 24x18; .*multiples of 4$"):
        network().encode(torch.zeros(1, 3, 18, 24))


def test_nearest_rows_are_those_of_the_smallest_distance_in_chunks_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    z, codebook = drawn((2, 6, 5, 7), 1), drawn((50, 6), 2)
    want = (z.movedim(1, -1)[..., None, :] - codebook).square().sum(-1).argmin(-1)
    assert torch.equal(nearest(z, codebook), want)
    monkeypatch.setattr(vqgan, "DISTANCES", 99)
    assert torch.equal(nearest(z, codebook), want)
    assert nearest(codebook.T.reshape(1, 6, 50, 1), codebook).flatten().tolist() == list(range(50))


def test_the_gradient_passes_the_choice_of_rows_as_if_nothing_had_happened() -> None:
    z, codebook = drawn((2, 6, 5, 7), 1).requires_grad_(), drawn((50, 6), 2)
    rows, upstream = straight_through(z, codebook), drawn((2, 6, 5, 7), 3)
    assert torch.equal(rows, rows_of(nearest(z, codebook), codebook))  # to the bit
    assert torch.equal(torch.autograd.grad(rows, z, upstream)[0], upstream)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_doubling_and_convolving_in_one_is_doubling_and_then_convolving(
    precision: torch.dtype,
) -> None:
    weight, bias = drawn((5, 3, 3, 3), 1), drawn((5,), 2)
    doubled = Doubled(Weights({"up.weight": weight, "up.bias": bias}, precision), "up")
    x = drawn((2, 3, 4, 7), 3)
    want = F.conv2d(F.interpolate(x, scale_factor=2.0), weight, bias, padding=1)
    rough = 1e-5 if precision == torch.float32 else 0.2
    torch.testing.assert_close(doubled(x).float(), want, rtol=0, atol=rough)


def test_gradients_of_the_decoder_are_those_of_finite_differences() -> None:
    net, z = network().double(), drawn((1, 6, 2, 3), 1).double()
    way, r = drawn((1, 6, 2, 3), 2).double(), drawn((1, 3, 8, 12), 7).double()

    def score(step: float) -> Tensor:
        x = net.post_quant_conv(z + step * way)
        return (r * net.decoder(x)).sum()

    x = z.clone().requires_grad_()
    (grad,) = torch.autograd.grad((r * net.decoder(net.post_quant_conv(x))).sum(), x)
    want = (score(1e-5) - score(-1e-5)) / 2e-5
    torch.testing.assert_close((grad * way).sum(), want, rtol=1e-5, atol=0)


def test_what_is_worked_out_again_in_place_of_being_kept_changes_no_gradient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    z = drawn((2, 6, 4, 6), 1)
    want = gradient(network(), z)
    monkeypatch.setattr(vqgan, "LARGE", 0)
    assert torch.equal(gradient(network(), z), want)


def kept(net: VQGAN, z: Tensor) -> int:
    """Numbers that the decoder keeps for its backward pass, weights aside."""
    own = {buffer.data_ptr() for buffer in net.buffers()}
    seen: dict[int, int] = {}

    def see(x: Tensor) -> Tensor:
        if x.data_ptr() not in own:
            seen[x.data_ptr()] = x.untyped_storage().size() // x.element_size()
        return x

    with torch.autograd.graph.saved_tensors_hooks(see, lambda x: x):
        image = net.decode(z.clone().requires_grad_())
    del image
    return sum(seen.values())


def test_a_residual_block_keeps_its_input_and_one_more_or_only_its_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, z = network(attn_resolutions=()), drawn((1, 6, 16, 16), 1)
    last = 32 * 64 * 64  # numbers in an activation of the last level, which has two blocks
    both = kept(net, z)
    monkeypatch.setattr(vqgan, "LARGE", last - 1)
    assert both - kept(net, z) >= 2 * last
    assert both < 10 * last  # five in the last level; plain torch keeps over 20 there


def test_bfloat16_decodes_nearly_the_same_picture_in_float32() -> None:
    z = network().encode(drawn((2, 3, 16, 24), 1))
    want, got = network().decode(z), network(torch.bfloat16).decode(z)
    assert got.dtype == torch.float32
    assert F.cosine_similarity(got.flatten(), want.flatten(), 0) > 0.999
    exact, rough = (gradient(net, z).flatten() for net in (network(), network(torch.bfloat16)))
    assert F.cosine_similarity(exact, rough, 0) > 0.99


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("strides", [torch.contiguous_format, torch.channels_last])
def test_gradients_are_the_same_in_whichever_layout_latents_come(
    precision: torch.dtype, strides: torch.memory_format
) -> None:
    z, net = drawn((2, 6, 4, 6), 1), network(precision)
    want = gradient(network(), z).flatten()
    got = gradient(net, z.contiguous(memory_format=strides)).flatten()
    assert F.cosine_similarity(got, want, 0) > 0.99


def test_nothing_in_it_learns_and_building_draws_no_numbers() -> None:
    given = tensors()
    before = {name: t.clone() for name, t in given.items()}
    state = torch.random.get_rng_state()
    net = VQGAN.frozen(FIELDS, given)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not list(net.parameters()) and not net.training
    gradient(net, drawn((1, 6, 2, 2), 1))
    assert all(torch.equal(t, before[name]) for name, t in given.items())
