"""ProGAN against its layers written out, and what a step keeps."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nets.small_stylegans import drawn, progan
from reverie.errors import SpecError
from reverie.nets.progan import ProGAN
from reverie.weights.progan_layouts import progan_layout

ROUNDING = 5e-5  # of the brightest: processors add up in orders of their own
KINDS = {
    "usual": {},
    "blended": {"alpha": 0.3},
    "tanh": {"tanh": True},
    "not normalized": {"normalized": False},
    "not equalized": {"equalized": False, "slope": 0.1},
}


def network(fields: dict, precision: torch.dtype = torch.float32) -> ProGAN:
    tensors, told = progan_layout(*progan(2), "file")
    return ProGAN.frozen(told | fields, tensors, precision)


def written_out(
    z: Tensor, alpha=0.0, slope=0.2, equalized=True, normalized=True, tanh=False
) -> Tensor:
    tensors, _ = progan(2)

    def layer(name: str, x: Tensor) -> Tensor:
        weight, bias = (tensors[f"{name}.module.{part}"] for part in ("weight", "bias"))
        if weight.ndim == 2:
            y = x @ weight.T + bias
        else:
            y = F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)
        return y * (math.sqrt(2 / weight[0].numel()) if equalized else 1)

    def norm(x: Tensor) -> Tensor:
        return x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt() if normalized else x

    def bent(x: Tensor) -> Tensor:
        return norm(F.leaky_relu(x, slope))

    x = F.leaky_relu(layer("formatLayer", norm(z)), slope).reshape(len(z), -1, 4, 4)
    x = bent(layer("groupScale0.0", norm(x)))
    images = [layer("toRGBLayers.0", x)]
    for i in range(2):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        for j in range(2):
            x = bent(layer(f"scaleLayers.{i}.{j}", x))
        images.append(layer(f"toRGBLayers.{i + 1}", x))
    before = images[-2].repeat_interleave(2, 2).repeat_interleave(2, 3)
    image = alpha * before + (1 - alpha) * images[-1]
    return image.tanh() if tanh else image


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_gradients_are_those_of_the_layers_written_out(kind) -> None:
    net = network(KINDS[kind])
    z = drawn(2, net.z_dim).requires_grad_()
    got, want = net(z), written_out(z, **KINDS[kind])
    torch.testing.assert_close(got, want, rtol=0, atol=ROUNDING * want.abs().max().item())
    weight = drawn(*got.shape, seed=3)
    one, other = (torch.autograd.grad((y * weight).sum(), z)[0] for y in (got, want))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-3 * other.abs().max().item())


def test_a_batch_of_two_equals_two_of_one() -> None:
    net = network({})
    z = drawn(2, net.z_dim)
    both, apart = net(z), torch.cat([net(z[:1]), net(z[1:])])
    torch.testing.assert_close(both, apart, rtol=0, atol=ROUNDING * both.abs().max().item())


def test_bf16_gives_nearly_the_picture_of_float32() -> None:
    z = drawn(2, network({}).z_dim)
    want, got = network({})(z), network({}, torch.bfloat16)(z)
    assert got.dtype == torch.float32
    assert 0 < (got - want).std() < 0.03 * want.std()


def test_noise_of_another_width_is_refused() -> None:
    with pytest.raises(SpecError, match=r"z: got \[1, 5\]; this ProGAN takes \[b, 12\]"):
        network({})(drawn(1, 5))
