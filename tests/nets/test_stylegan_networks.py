"""The StyleGANs: what goes in, what comes out, and what a step remembers."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nets.small_stylegans import CHANNELS, WIDTH, drawn, stylegan2, stylegan3
from reverie.errors import SpecError
from reverie.nets import stylegan3 as stylegan3_module
from reverie.nets.stylegan import StyleGAN, latents_of_seeds, moments, numpy_normal
from reverie.nets.stylegans import frozen
from reverie.protocols import Draws
from reverie.weights.stylegan_layouts import stylegan_layout

PUBLISHED = {
    "skip": lambda: stylegan2(),
    "orig": lambda: stylegan2("orig"),
    "resnet": lambda: stylegan2("resnet"),
    "conditional": lambda: stylegan2(c_dim=4),
    "clamped": lambda: stylegan2(conv_clamp=0.5),
    "resnet, clamped": lambda: stylegan2("resnet", conv_clamp=0.5),
    "no noise": lambda: stylegan2(noisy=False),
}
THREE = {"three, T": lambda: stylegan3(), "three, R": lambda: stylegan3(1)}
ALL = PUBLISHED | THREE


def made(kind: str, precision: torch.dtype = torch.float32) -> StyleGAN:
    tensors, fields = stylegan_layout(*ALL[kind](), kind)
    return frozen(fields, tensors, precision)


def rows(network: StyleGAN, count: int = 2) -> Tensor:
    return drawn(count, network.num_ws, network.w_dim, seed=50)


def close(got: Tensor, want: Tensor, share: float = 1e-4) -> None:
    torch.testing.assert_close(got, want, rtol=0, atol=share * want.abs().max().item())


def written_out(kind: str, ws: Tensor, maps: list[Tensor] | None) -> Tensor:
    """StyleGAN2 one picture at a time, with the weights of its own, and nothing clever."""
    t, config = ALL[kind]()
    told = config["init_kwargs"]["synthesis_kwargs"]
    clamp, images = told.get("conv_clamp") or math.inf, []
    row = torch.tensor([1.0, 3, 3, 1]) / 4
    taps = row.outer(row)[None, None]

    def up(x: Tensor) -> Tensor:
        c, (h, w) = len(x), x.shape[1:]
        wide = F.pad(x[:, :, None, :, None], (0, 1, 0, 0, 0, 1)).reshape(c, 2 * h, 2 * w)
        return F.conv2d(F.pad(wide, (2, 1, 2, 1))[:, None], taps)[:, 0]

    def layer(name: str, x: Tensor, w: Tensor, gain: float = 1.0) -> Tensor:
        style = t[f"{name}.affine.weight"] @ w / math.sqrt(WIDTH) + t[f"{name}.affine.bias"]
        weight = t[f"{name}.weight"]
        if weight.shape[-1] == 1:
            y = F.conv2d(x[None], weight * style[:, None, None] / math.sqrt(len(style)))[0]
            return (y + t[f"{name}.bias"][:, None, None]).clamp(-clamp, clamp)
        weight = weight * style[:, None, None]
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if name.endswith("conv0"):
            y = F.conv_transpose2d(x[None], weight.transpose(0, 1), stride=2)[0]
            y = F.conv2d(F.pad(y, (1, 1, 1, 1))[:, None], taps)[:, 0]
        else:
            y = F.conv2d(x[None], weight, padding=1)[0]
        if maps is not None:
            y = y + t[f"{name}.noise_strength"] * noise.pop(0)
        y = F.leaky_relu(y + t[f"{name}.bias"][:, None, None], 0.2) * math.sqrt(2) * gain
        return y.clamp(-clamp * gain, clamp * gain)

    for i, picture in enumerate(ws):
        noise = [] if maps is None else [m[i % len(m), 0] for m in maps]
        x, image, at = t["synthesis.b4.const"], None, 0
        for size in CHANNELS:
            name = f"synthesis.b{size}"
            residual = told["architecture"] == "resnet" and size > 4
            gain = math.sqrt(0.5) if residual else 1.0
            side = x
            if size > 4:
                x, at = layer(f"{name}.conv0", x, picture[at]), at + 1
            x, at = layer(f"{name}.conv1", x, picture[at], gain), at + 1
            if residual:
                mix = t[f"{name}.skip.weight"][:, :, 0, 0]
                side = torch.einsum("oi,ihw->ohw", mix, side) / math.sqrt(mix.shape[1])
                x = x + up(side) * gain
            image = None if image is None else up(image)
            if f"{name}.torgb.weight" in t:
                colours = layer(f"{name}.torgb", x, picture[at])
                image = colours if image is None else image + colours
        images.append(image)
    return torch.stack(images)


@pytest.mark.parametrize("kind", PUBLISHED)
def test_pictures_and_gradients_are_those_of_the_network_written_out(kind) -> None:
    network = made(kind)
    ws = rows(network).requires_grad_()
    maps = [drawn(i % 2 + 1, 1, n, n, seed=i) for i, n in enumerate(network.noise_sizes)]
    for noise in maps:  # some one for each picture, some one for both
        noise.requires_grad_()
    got = network.synthesis(ws, maps)
    want = written_out(kind, ws, maps or None)
    close(got, want)
    weight = drawn(*got.shape, seed=3)
    grads = [torch.autograd.grad((y * weight).sum(), [ws, *maps]) for y in (got, want)]
    for one, other in zip(*grads, strict=True):
        close(one, other, 1e-3)


@pytest.mark.parametrize("kind", ALL)
def test_a_batch_of_two_equals_two_of_one(kind) -> None:
    network = made(kind)
    ws = rows(network)
    alone = torch.cat([network.synthesis(w[None]) for w in ws])
    close(network.synthesis(ws), alone)


@pytest.mark.parametrize("kind", ALL)
def test_the_styles_of_w_give_the_pictures_of_w_and_each_of_them_counts(kind) -> None:
    network = made(kind)
    ws = rows(network)
    styles = network.styles(ws).requires_grad_()
    assert styles.shape == (2, network.s_dim)
    image = network.synthesis_from_styles(styles)
    torch.testing.assert_close(image, network.synthesis(ws), rtol=0, atol=0)
    weight = drawn(*image.shape, seed=3)
    (grad,) = torch.autograd.grad((image * weight).sum(), styles)
    for style in network.layout:
        assert (grad[:, style.at] != 0).all(), style.layer


def test_the_layers_stand_in_s_as_in_styleclip_one_after_the_other() -> None:
    layout = made("skip").layout
    assert [style.layer for style in layout[:5]] == [
        *("b4.conv1", "b4.torgb", "b8.conv0", "b8.conv1", "b8.torgb")
    ]
    assert [i for i, style in enumerate(layout) if style.to_rgb] == [1, 4, 7, 10]
    assert layout[0].at.start == 0
    assert all(a.at.stop == b.at.start for a, b in pairwise(layout))
    three = made("three, T").layout
    assert [three[0].layer, three[0].at, three[-1].to_rgb] == ["input", slice(0, 4), True]
    assert sum(style.to_rgb for style in three) == 1


def test_noise_may_be_the_networks_own_none_given_or_drawn_for_each_picture() -> None:
    network = made("skip")
    ws, zeros = rows(network), [torch.zeros(1, 1, n, n) for n in network.noise_sizes]
    own = network.get_submodule("blocks.3.conv1").get_buffer("noise_const")
    assert network.noise_sizes == (4, 8, 8, 16, 16, 32, 32)
    close(network.synthesis(ws, "none"), network.synthesis(ws, zeros))
    assert not network.synthesis(ws, "none").allclose(network.synthesis(ws))
    assert own.shape == (1, 1, 32, 32)
    close(network.synthesis(ws, network.const_noise()), network.synthesis(ws, "const"))
    both = network.synthesis(ws, network.drawn_noise(Draws((5, 6), 0)))
    alone = network.synthesis(ws[1:], network.drawn_noise(Draws((6,), 0)))
    close(both[1:], alone)


def test_noise_of_another_size_or_number_is_refused() -> None:
    network = made("skip")
    maps = network.drawn_noise(Draws((1,), 0))
    for wrong in (maps[:-1], maps[::-1], [*maps, maps[0]]):
        with pytest.raises(SpecError, match=r"7, \[b, 1, n, n\] each"):
            network.synthesis(rows(network, 1), wrong)


def test_a_file_of_rows_that_would_pass_as_a_batch_is_refused() -> None:
    network = made("skip")
    with pytest.raises(SpecError, match=r"ws: got \[8, 1, 10\].*\[b, 8, 10\]"):
        network.synthesis(drawn(8, 1, WIDTH))
    with pytest.raises(SpecError, match=r"z: got"):
        network.mapping(drawn(2, WIDTH + 1))
    with pytest.raises(SpecError, match=r"styles: got"):
        network.synthesis_from_styles(drawn(2, 5))
    with pytest.raises(SpecError, match=r"label: got"):
        made("conditional").mapping(drawn(2, WIDTH), drawn(2, 3))


def test_truncation_goes_from_w_to_the_mean_and_only_in_the_rows_before_the_cutoff() -> None:
    network = made("skip")
    z = drawn(2, WIDTH)
    full = network.mapping(z)
    assert (full == full[:, :1]).all()
    torch.testing.assert_close(
        network.mapping(z, truncation=0.0), network.w_avg.expand_as(full), rtol=0, atol=1e-6
    )
    some = network.mapping(z, truncation=0.25, cutoff=3)
    want = network.w_avg + 0.25 * (full - network.w_avg)
    torch.testing.assert_close(some[:, :3], want[:, :3])
    assert some[:, 3:].equal(full[:, 3:])


def test_labels_change_w() -> None:
    network = made("conditional")
    z, labels = drawn(1, WIDTH).expand(4, -1), torch.eye(4)
    ws = network.mapping(z, labels)[:, 0]
    assert len({tuple(w.tolist()) for w in ws}) == 4


def test_without_a_mean_in_the_file_it_is_that_of_many_w() -> None:
    tensors, config = stylegan2()
    del tensors["mapping.w_avg"]
    layout, fields = stylegan_layout(tensors, config, "file")
    network = frozen(fields, layout)
    mean, _ = network.w_statistics(4096, seed=0)
    torch.testing.assert_close(network.w_avg, mean)


def test_a_seed_gives_the_noise_of_numpy() -> None:
    first = [1.764052345967664, 0.4001572083672233, 0.9787379841057392]  # of seed 0
    z = latents_of_seeds([0, 7, 0], 3)
    assert z[0].tolist() == np.array(first, dtype=np.float32).tolist()
    assert z[0].equal(z[2])
    assert not z[0].equal(z[1])
    assert numpy_normal(0, 2, 3)[0].equal(z[0])
    with pytest.raises(SpecError, match="0 to 4294967295"):
        latents_of_seeds([-1], 3)


def test_statistics_of_w_and_of_styles_are_those_of_the_noise_they_speak_of() -> None:
    network = made("skip")
    ws = network.mapping(numpy_normal(123, 1500, WIDTH))[:, 0]
    mean, std = network.w_statistics(1500)
    torch.testing.assert_close(mean, ws.mean(0), rtol=0, atol=1e-5)
    torch.testing.assert_close(std, ws.std(0, correction=0), rtol=0, atol=1e-5)
    near = network.mapping(numpy_normal(5, 1500, WIDTH), truncation=0.7, cutoff=2)
    styles = network.styles(near)
    mean, std = network.style_statistics(1500, cutoff=2)
    torch.testing.assert_close(mean, styles.mean(0), rtol=0, atol=1e-4)
    torch.testing.assert_close(std, styles.std(0, correction=0), rtol=0, atol=1e-4)


def test_a_small_deviation_about_a_large_mean_is_not_lost() -> None:
    parts = [1000 + 1e-3 * drawn(500, 2, seed=i) for i in range(2)]
    _, std = moments(iter(parts))
    torch.testing.assert_close(std, torch.cat(parts).double().std(0).float(), rtol=1e-2, atol=0)


@pytest.mark.parametrize("kind", ["skip", "resnet", "three, T", "three, R"])
def test_bf16_gives_nearly_the_picture_and_the_gradient_of_float32(kind) -> None:
    found = []
    for precision in (torch.float32, torch.bfloat16):
        network = made(kind, precision)
        ws = rows(network).requires_grad_()
        image = network.synthesis(ws)
        weight = drawn(*image.shape, seed=3)
        found.append((image.detach(), torch.autograd.grad((image * weight).sum(), ws)[0]))
    (want, slope), (got, near) = found
    assert got.dtype == torch.float32
    assert 0 < (got - want).std() < 0.03 * want.std()
    assert F.cosine_similarity(near.flatten(), slope.flatten(), 0) > 0.99


@pytest.mark.parametrize("kind", THREE)
def test_a_layer_that_works_in_parts_gives_the_same_picture_and_gradient(kind, monkeypatch) -> None:
    network = made(kind)
    found = []
    for large in (1 << 24, 1):
        monkeypatch.setattr(stylegan3_module, "LARGE", large)
        ws = rows(network).requires_grad_()
        image = network.synthesis(ws)
        (grad,) = torch.autograd.grad((image * drawn(*image.shape, seed=3)).sum(), ws)
        found.append((image.detach(), grad))
    close(found[1][0], found[0][0], 1e-5)
    close(found[1][1], found[0][1], 1e-4)


def test_a_picture_of_stylegan3_with_tiny_styles_does_not_feel_the_other_of_its_batch() -> None:
    network = made("three, T")
    styles = network.styles(rows(network))
    styles[1, : network.layout[-1].at.start] *= 1e-5  # all but those that make colours
    both = network.synthesis_from_styles(styles)
    close(both[1:], network.synthesis_from_styles(styles[1:]))


def test_the_picture_of_r_turns_as_a_whole_with_its_transform() -> None:
    network = made("three, R")
    ws = rows(network, 1)
    ws[:, 0] = 0
    before = network.synthesis(ws)
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    network.get_buffer("input.transform").copy_(quarter)
    after = network.synthesis(ws)
    assert not after.allclose(before, atol=0.01)
    close(after, before.rot90(1, (2, 3)), 1e-3)


def test_a_step_of_stylegan2_keeps_little_more_than_what_goes_out_of_each_layer() -> None:
    network = made("skip")
    ws, kept = rows(network).requires_grad_(), dict[int, int]()

    def seen(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if tensor.shape[-2:] == (32, 32):  # the largest: it is these that count
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(seen, lambda tensor: tensor):
        image = network.synthesis(ws, "none")
        kinds = sorted(kept.values())
    plane = 2 * 32 * 32 * 4  # bytes of one channel of both pictures
    assert kinds == 2 * [CHANNELS[32] * plane], "conv0 and conv1, and no more"
    assert image.requires_grad
