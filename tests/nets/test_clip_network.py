import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from perceptor.tiny_clip import resnet_tensors, vit_tensors
from reverie.device import fast_matmul, machine
from reverie.nets import clip
from reverie.nets.clip import ClipNetwork, ClipShape, ImageResNet, ImageTransformer
from reverie.weights.clip_layouts import openai_layout

LAYOUTS = {"vit": vit_tensors, "resnet": resnet_tensors}


@pytest.fixture(params=LAYOUTS)
def network(request: pytest.FixtureRequest) -> ClipNetwork:
    return built(LAYOUTS[request.param]())


def built(tensors: dict[str, Tensor]) -> ClipNetwork:
    tensors, shape = openai_layout(tensors, {}, "tiny")
    return ClipNetwork(ClipShape(**shape), tensors)


def pixels(n: int = 2) -> Tensor:
    return torch.randn(n, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def test_everything_is_frozen_and_the_pixels_are_not(network: ClipNetwork) -> None:
    seen = pixels().requires_grad_()
    network.visual(seen).sum().backward()
    assert seen.grad is not None and seen.grad.abs().amax((1, 2, 3)).min() > 0
    assert not list(network.parameters())
    assert not any(buffer.requires_grad for buffer in network.buffers())


def test_weights_of_half_precision_are_computed_with_in_float32(network: ClipNetwork) -> None:
    draw = vit_tensors if network.shape.patch else resnet_tensors
    half = {name: tensor.half() for name, tensor in draw().items()}
    back = {name: tensor.float() for name, tensor in half.items()}
    assert torch.equal(built(half).visual(pixels()), built(back).visual(pixels()))


def test_the_checkpoint_is_left_as_it_was() -> None:
    for draw in LAYOUTS.values():
        tensors = draw()
        built(tensors).visual(pixels())
        assert all(torch.equal(tensor, tensors[name]) for name, tensor in draw().items())


def test_the_last_block_for_one_token_is_the_first_row_of_the_whole_block() -> None:
    visual = built(vit_tensors()).visual
    assert isinstance(visual, ImageTransformer)
    x = visual.embed(pixels())
    torch.testing.assert_close(visual.blocks[0](x, queries=1), visual.blocks[0](x)[:, :1])


def test_both_ways_of_attention_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    visual, grads = built(vit_tensors()).visual, []
    for limit in (0, 10_000):
        monkeypatch.setattr(clip, "PLAIN_ATTENTION", limit)
        seen = pixels().requires_grad_()
        visual(seen).square().sum().backward()
        grads.append(seen.grad)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-5 * grads[0].abs().max().item())


def test_a_word_does_not_see_the_words_after_it() -> None:
    text = built(vit_tensors()).text
    tokens = torch.tensor([[1, 2, 3, 4, 5], [1, 2, 3, 9, 8]])
    tokens = F.pad(tokens, (0, 35))
    hidden = text.hidden(tokens)
    torch.testing.assert_close(hidden[0, :3], hidden[1, :3])
    assert not torch.allclose(hidden[0, 3], hidden[1, 3], atol=1e-3)


def test_the_feature_of_a_text_stands_at_its_largest_id() -> None:
    text = built(vit_tensors()).text
    tokens = F.pad(torch.tensor([[254, 7, 255]]), (0, 37))
    longer = tokens.clone()
    longer[0, 3:] = 9  # what follows the end is not read
    torch.testing.assert_close(text(tokens), text(longer))


def test_a_resnet_with_folded_batch_norms_is_the_resnet_as_written() -> None:
    tensors = resnet_tensors()
    visual = built(tensors).visual
    assert isinstance(visual, ImageResNet)
    torch.testing.assert_close(
        visual.attnpool(as_written(tensors, pixels())), visual(pixels()), rtol=1e-4, atol=1e-5
    )


def as_written(t: dict[str, Tensor], x: Tensor) -> Tensor:
    """The paper's ResNet up to the attention pool, one operation after the other."""

    def unit(x: Tensor, conv: str, bn: str, stride: int = 1) -> Tensor:
        x = F.conv2d(x, t[f"{conv}.weight"], None, stride, t[f"{conv}.weight"].shape[-1] // 2)
        mean, var = t[f"{bn}.running_mean"], t[f"{bn}.running_var"]
        return F.batch_norm(x, mean, var, t[f"{bn}.weight"], t[f"{bn}.bias"])

    for i in (1, 2, 3):
        x = unit(x, f"visual.conv{i}", f"visual.bn{i}", 2 if i == 1 else 1).relu()
    x = F.avg_pool2d(x, 2)
    for name, pool in (("1.0", 1), ("2.0", 2), ("2.1", 1), ("3.0", 2), ("4.0", 2)):
        at = f"visual.layer{name}"
        h = unit(x, f"{at}.conv1", f"{at}.bn1").relu()
        h = unit(h, f"{at}.conv2", f"{at}.bn2").relu()
        h, x = (F.avg_pool2d(y, pool) if pool > 1 else y for y in (h, x))
        if name.endswith(".0"):
            x = unit(x, f"{at}.downsample.0", f"{at}.downsample.1")
        x = (x + unit(h, f"{at}.conv3", f"{at}.bn3")).relu()
    return x


def test_a_network_is_the_same_however_fp32_is_multiplied_while_it_is_built():
    tensors, fields = openai_layout(vit_tensors(), {}, "tiny")
    plain = ClipNetwork(ClipShape(**fields), tensors)
    with fast_matmul(machine("cpu", "fp32")):
        fast = ClipNetwork(ClipShape(**fields), tensors)
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, fast.state_dict()[name]), name
