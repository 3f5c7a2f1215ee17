import pytest
import torch
from torch import Tensor, nn

from reverie.errors import SpecError
from reverie.nets.biggan import (
    BigGANDeep,
    ConditionalBatchNorm,
    PlainBatchNorm,
    SelfAttention,
    frozen,
    stats_rows,
)

LAYERS = ((False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1))
FIELDS = {
    "layers": LAYERS,
    "z_dim": 6,
    "class_embed_dim": 5,
    "channel_width": 8,
    "num_classes": 7,
    "attention_layer_position": 2,
    "eps": 1e-4,
    "n_stats": 3,
}


def drawn(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def network(**fields) -> BigGANDeep:
    """A network in whose pictures every weight and statistic shows."""
    net = BigGANDeep(**{**FIELDS, **fields})
    state = {name: 0.3 * drawn(tensor.shape, i) for i, (name, tensor) in
             enumerate(net.state_dict().items())}  # fmt: skip
    state |= {name: tensor.exp() for name, tensor in state.items() if name.endswith("_vars")}
    net.load_state_dict(state)
    return net.eval()


def channels_last(net: BigGANDeep) -> BigGANDeep:
    for weight in net.parameters():
        if weight.ndim == 4:
            weight.data = weight.contiguous(memory_format=torch.channels_last)
    return net


def inputs(n: int, *, rows: bool = False) -> tuple[Tensor, Tensor]:
    between = (len(LAYERS) + 1,) if rows else ()
    return drawn((n, *between, 6), 1), drawn((n, *between, 7), 2).softmax(-1)


@pytest.mark.parametrize("rows", [False, True])
def test_a_batch_of_two_equals_two_of_one(rows: bool) -> None:
    net, (z, classes) = network(), inputs(2, rows=rows)
    for t in (1.0, 0.6):
        alone = [net(z[i : i + 1], classes[i : i + 1], t) for i in range(2)]
        torch.testing.assert_close(net(z, classes, t), torch.cat(alone), rtol=0, atol=1e-4)


def test_a_row_for_each_block_that_is_always_the_same_equals_the_row_alone() -> None:
    net, (z, classes) = network(), inputs(2)
    many = [x[:, None].expand(-1, len(LAYERS) + 1, -1) for x in (z, classes)]
    want = net(z, classes)
    for got in (net(*many), net(many[0], classes), net(z, many[1])):
        torch.testing.assert_close(got, want, rtol=0, atol=1e-4)


def test_every_row_of_noise_and_classes_changes_the_picture() -> None:
    net, (z, classes) = network(), inputs(1, rows=True)
    grads = torch.autograd.grad(
        net(z.requires_grad_(), classes.requires_grad_()).square().mean(), (z, classes)
    )
    assert all(grad.abs().amax(2).min() > 0 for grad in grads)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_has_the_channels_asked_for_and_they_are_the_first(channels: int) -> None:
    inside = inputs(2)
    got, full = (network(image_channels=c)(*inside) for c in (channels, 8))
    assert got.shape == (2, channels, 16, 16) and got.abs().max() <= 1
    torch.testing.assert_close(got, full[:, :channels], rtol=0, atol=1e-4)


def test_without_attention_no_layer_is_one() -> None:
    for place, want in ((None, []), (2, [2])):
        layers = network(attention_layer_position=place).generator.layers
        assert [i for i, layer in enumerate(layers) if isinstance(layer, SelfAttention)] == want


def test_attention_is_a_mean_over_places_weighed_by_likeness() -> None:
    attention, x = SelfAttention(8), drawn((1, 8, 4, 4), 3)
    with torch.no_grad():
        attention.gamma.fill_(0.7)
        q, k, v = (getattr(attention, f"snconv1x1_{part}")(x) for part in ("theta", "phi", "g"))
        k, v = (y.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5)) for y in (k, v))
        want = torch.empty(1, 4, 4, 4)
        for i in range(4):
            for j in range(4):
                share = (q[0, :, i, j, None, None] * k[0]).sum(0).flatten().softmax(0).view(2, 2)
                want[0, :, i, j] = (share * v[0]).sum((1, 2))
        want = x + 0.7 * attention.snconv1x1_o_conv(want)
        torch.testing.assert_close(attention(x), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "z, classes",
    [((2, 5), (2, 7)), ((2, 6), (2, 9)), ((2, 5, 6), (2, 5, 1)), ((2, 3, 6), (2, 7))],
)
def test_a_wrong_count_is_refused_with_one_line_that_says_what_is_wanted(z, classes) -> None:
    with pytest.raises(
        SpecError, match=r"^(z|classes): got \[2, .*takes \[b, [67]\], or"
    ) as caught:
        network()(torch.zeros(z), torch.zeros(classes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "fields, about",
    [
        ({"image_channels": 9}, "image_channels must be 1 to 8"),
        ({"channel_width": 1, "image_channels": 1, "attention_layer_position": None}, "layers: "),
        ({"layers": ((True, 2, 4),)}, "layers: "),
        ({"channel_width": 2, "image_channels": 1}, "attention needs 8"),
    ],
)
def test_an_architecture_that_cannot_be_built_is_refused(fields: dict, about: str) -> None:
    with pytest.raises(SpecError, match=about):
        BigGANDeep(**{**FIELDS, **fields})


@pytest.mark.parametrize("n_stats", [1, 2, 3, 50, 51, 99])
def test_every_truncation_finds_its_statistics_and_the_whole_the_last(n_stats: int) -> None:
    norm = PlainBatchNorm(1, 1e-4, n_stats).eval()
    norm.running_means.copy_(torch.arange(n_stats)[:, None])

    def mean(t: float) -> float:
        return -norm(torch.zeros(1, 1, 1, 1), stats_rows(t, n_stats)).item() * (1 + 1e-4) ** 0.5

    for t in torch.linspace(0, 1, 101).tolist():
        assert mean(t) == pytest.approx(t * (n_stats - 1), abs=1e-4)
    assert mean(1.0) == pytest.approx(n_stats - 1)
    for t in (-0.1, 1.1, float("nan")):
        with pytest.raises(SpecError, match="truncation must be 0 to 1"):
            stats_rows(t, n_stats)


def test_the_published_interpolation_is_turned_round_and_rounds_to_a_neighbour() -> None:
    norm = PlainBatchNorm(1, 0.0, 51).eval()
    norm.running_means.copy_(torch.arange(51)[:, None])
    rows = ((0.14, 8), (0.28, 15), (0.42, 21), (0.56, 29), (0.58, 28), (0.94, 46), (0.435, 21.25))
    for t, row in rows:
        got = -norm(torch.zeros(1, 1, 1, 1), stats_rows(t, 51, "published")).item()
        assert got == pytest.approx(row), t


def test_a_network_in_bf16_draws_about_the_same_and_passes_gradient_on() -> None:
    made, (z, classes) = network(), inputs(2, rows=True)
    half = frozen(FIELDS, made.state_dict(), torch.bfloat16)
    got = half(z.requires_grad_(), classes.requires_grad_())
    assert got.dtype == torch.float32 and half.embeddings.weight.dtype == torch.float32
    assert (got - made(z, classes)).abs().mean() < 0.02
    got.sum().backward()
    assert all(x.grad.dtype == torch.float32 and x.grad.abs().sum() > 0 for x in (z, classes))


def test_training_uses_the_statistics_of_the_batch_and_moves_every_row_towards_them() -> None:
    net, (z, classes) = network().train(), inputs(4)
    seen: dict[str, Tensor] = {}
    norms = {
        n: m for n, m in net.named_modules() if isinstance(m, PlainBatchNorm | ConditionalBatchNorm)
    }
    for name, norm in norms.items():
        norm.register_forward_hook(lambda _, given, __, key=name: seen.update({key: given[0]}))
    before = {name: tensor.clone() for name, tensor in net.named_buffers()}
    net(z, classes)
    assert len(norms) == 4 * len(LAYERS) + 1
    for name, norm in norms.items():
        x = seen[name].double()
        for kind, now in (("running_means", x.mean((0, 2, 3))), ("running_vars", x.var((0, 2, 3)))):
            want = 0.9 * before[f"{name}.{kind}"] + 0.1 * now.float()
            torch.testing.assert_close(getattr(norm, kind), want, rtol=1e-5, atol=1e-6)
    x = drawn((4, 8, 4, 4), 5)
    out = net.generator.bn(3 * x + 2, (0, 0.0))
    torch.testing.assert_close(out, net.generator.bn(x, (0, 0.0)), rtol=0, atol=1e-3)


def test_a_trained_network_makes_the_same_pictures_at_evaluation_as_in_the_last_batches() -> None:
    net, (z, classes) = network().train(), inputs(8)
    for _ in range(100):
        net(z, classes)
    last = net(z, classes)
    assert (net.eval()(z, classes) - last).abs().mean() < 0.01  # the variances recorded are n/(n-1)


def test_evaluation_leaves_the_statistics_alone() -> None:
    net = network()
    before = {name: tensor.clone() for name, tensor in net.named_buffers()}
    net(*inputs(2))
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.named_buffers())


def test_every_weight_that_shows_in_the_picture_learns() -> None:
    net, (z, classes) = network().train(), inputs(4)
    (net(z, classes) * drawn((4, 3, 16, 16), 9)).sum().backward()
    # A batch norm takes out what a bias in front of it adds, so these learn nothing in training.
    silent = tuple(f"conv_{i}.bias" for i in range(4))
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert name.endswith(silent) or weight.grad.abs().max() > 1e-4, name


def test_statistics_stay_float32_and_exact_under_bfloat16() -> None:
    net, (z, classes) = network().train(), inputs(4)
    seen: list[Tensor] = []

    def see(_: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        seen.extend((given[0], out))

    net.generator.bn.register_forward_hook(see)
    before = net.generator.bn.running_vars.clone()
    with torch.autocast("cpu", torch.bfloat16):
        picture = net(z, classes)
    assert picture.dtype == torch.float32
    assert {x.dtype for x in seen} == {torch.bfloat16}  # nothing in between grows to float32
    assert all(buffer.dtype == torch.float32 for buffer in net.buffers())
    want = 0.9 * before + 0.1 * seen[0].double().var((0, 2, 3)).float()
    torch.testing.assert_close(net.generator.bn.running_vars, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("train", [False, True])
def test_bfloat16_and_channels_last_give_nearly_and_quite_the_same_pictures(train: bool) -> None:
    want = network().train(train)(*inputs(4))
    net = channels_last(network().train(train))
    torch.testing.assert_close(net(*inputs(4)), want, rtol=0, atol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        assert (network().train(train)(*inputs(4)) - want).abs().mean() < 0.02


def test_channels_last_lasts_through_the_network() -> None:
    net = channels_last(network())
    for layer in (*net.generator.layers, net.generator.bn):
        layer.register_forward_hook(
            lambda _, __, out: (
                None
                if out.is_contiguous(memory_format=torch.channels_last)
                else pytest.fail("lost")
            )
        )
    net(*inputs(2))


def test_a_frozen_network_of_half_precision_computes_in_float32_and_draws_no_numbers() -> None:
    half = {name: tensor.half() for name, tensor in network().state_dict().items()}
    back = network()
    back.load_state_dict({name: tensor.float() for name, tensor in half.items()})
    state = torch.random.get_rng_state()
    net = frozen(FIELDS, half)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not net.training and not any(weight.requires_grad for weight in net.parameters())
    assert torch.equal(net(*inputs(2)), back(*inputs(2)))
