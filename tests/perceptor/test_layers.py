"""A layer of a perceptor gives what the whole run has there, and stops there."""

from contextlib import contextmanager

import pytest
import torch
from torch import nn

from contracts.test_perceptor_contract import PERCEPTORS, views
from reverie.errors import SpecError
from reverie.perceptor.layers import check_neuron, place
from reverie.protocols import Layered


@pytest.fixture(params=PERCEPTORS)
def perceptor(request):
    return PERCEPTORS[request.param]().eval()


def blocks(perceptor) -> dict[str, nn.Module]:
    """The module whose output each layer is, as far as the whole run computes all of it."""
    network = perceptor.network
    if hasattr(network, "visual"):
        tower = network.visual
        if hasattr(tower, "blocks"):
            whole = enumerate(list(tower.blocks)[:-1], 1)  # the last works for one token alone
            return {f"block{i}": block for i, block in whole}
        stages = enumerate(tower.stages, 1)
        named = {f"layer{i}.{j}": b for i, stage in stages for j, b in enumerate(stage)}
        return {"stem": tower.stem} | named
    tower = network.image
    ends = getattr(tower, "ends", range(len(tower.blocks) + 1))
    return {
        name: tower.blocks[end - 1] for name, end in zip(tower.layers, ends, strict=True) if end
    }


@contextmanager
def watched(perceptor):
    """What the blocks give, in the order in which they run."""
    seen: dict[str, torch.Tensor] = {}

    def watch(name, block):
        return block.register_forward_hook(lambda _, __, out: seen.update({name: out}))

    hooks = [watch(name, block) for name, block in blocks(perceptor).items()]
    yield seen
    for hook in hooks:  # perceptors are shared
        hook.remove()


def test_every_layer_is_what_the_whole_run_has_there(perceptor):
    with watched(perceptor) as seen:
        perceptor.encode_image(views(perceptor, 2))
    assert seen and {*seen} <= {*perceptor.layers}
    for name, want in seen.items():
        want = want[:, 1:].mT if want.ndim == 3 else want  # tokens but the one of the class
        got = perceptor.activations(views(perceptor, 2), name)
        torch.testing.assert_close(got, want.float(), rtol=0, atol=1e-5)


def test_nothing_is_computed_after_the_layer(perceptor):
    known = list(blocks(perceptor))
    with watched(perceptor) as seen:
        for count, name in enumerate(known, 1):
            seen.clear()
            perceptor.activations(views(perceptor, 1), name)
            assert list(seen) == known[:count]


def test_every_layer_has_numbers_for_every_view_and_gradient_to_it(perceptor):
    assert isinstance(perceptor, Layered)
    assert len(set(perceptor.layers)) == len(perceptor.layers)
    for name in perceptor.layers:
        pixels = views(perceptor, 2).requires_grad_()
        seen = perceptor.activations(pixels, name)
        assert seen.dtype == torch.float32 and len(seen) == 2 and seen.ndim in (3, 4)
        seen.square().mean().backward()
        assert (pixels.grad.abs().sum((1, 2, 3)) > 0).all()


def test_to_look_at_a_layer_leaves_nothing_behind(perceptor):
    before = perceptor.encode_image(views(perceptor, 2))
    for name in perceptor.layers:
        perceptor.activations(views(perceptor, 2), name)
    assert torch.equal(perceptor.encode_image(views(perceptor, 2)), before)
    assert not any(module._forward_hooks for module in perceptor.modules())


def test_a_wrong_layer_is_told_the_right_ones(perceptor):
    with pytest.raises(SpecError, match=f"'blok' is not one of {perceptor.layers[0]}, ") as caught:
        perceptor.activations(views(perceptor, 1), "blok")
    assert "\n" not in str(caught.value)
    assert place(perceptor.layers[-1], perceptor.layers) == len(perceptor.layers) - 1


def test_a_neuron_that_is_not_there_is_refused(perceptor):
    layer = perceptor.layers[-1]
    count = perceptor.activations(views(perceptor, 1), layer).shape[1]
    check_neuron(count - 1, perceptor, layer, torch.device("cpu"))
    for wrong in (count, -1):
        with pytest.raises(SpecError, match=f"{wrong}; {layer} has {count}, numbered from 0 to"):
            check_neuron(wrong, perceptor, layer, torch.device("cpu"))
