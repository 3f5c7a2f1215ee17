"""The pull of StyleCLIP, in the units of w."""

import json

import pytest
import torch
from safetensors.torch import save_file

from nets import small_stylegans as small
from reverie.canvas.averaged import Averaged
from reverie.canvas.pixels import Pixels
from reverie.canvas.stylegan import StyleGAN, built
from reverie.canvas.stylegan_start import RandomLatent
from reverie.device import machine
from reverie.errors import SpecError
from reverie.loss.latent import StylePull
from reverie.protocols import Draws, Moment

CPU = machine("cpu", "fp32")
NOW = Moment(0, 0.0, Draws((0, 1), 0))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    home = tmp_path_factory.mktemp("small")
    tensors, config = small.stylegan2()
    save_file({k: v.contiguous() for k, v in tensors.items()}, home / "model.safetensors")
    (home / "config.json").write_text(json.dumps(config))
    return str(home)


@pytest.mark.parametrize("space", ["w", "w+", "s"])
@pytest.mark.parametrize("averaged", [False, True])
def test_the_pull_is_the_sum_of_squares_of_all_rows_of_w_or_all_styles(model, space, averaged):
    spec = StyleGAN(model=model, space=space, start=RandomLatent())
    canvas = (Averaged(canvas=spec) if averaged else spec).build(CPU, (0, 1))
    loss = StylePull(weight=0.008).build(canvas, CPU)
    assert (loss(canvas(), NOW) == 0).all()
    q = canvas.latents()
    with torch.no_grad():
        q += Draws((0, 1), 0, "move").normal(*q.shape[1:])
    before = RandomLatent().draw(network := built(model, CPU), None, (0, 1))
    bare = canvas.canvas if averaged else canvas
    if space == "s":
        gone = bare.styles() - network.styles(before)
    else:
        gone = bare.point() - before
        assert gone.shape == (2, network.num_ws, network.w_dim)
    want = 0.008 * gone.square().flatten(1).sum(1)
    torch.testing.assert_close(loss(canvas(), NOW), want, rtol=1e-4, atol=1e-7)
    assert want.amin() > 1e-4


def test_what_has_no_styles_is_not_pulled_by_them():
    canvas = Pixels(size=(8, 8)).build(CPU, (0,))
    with pytest.raises(SpecError, match="has no styles; LatentPull works there"):
        StylePull().build(canvas, CPU)
