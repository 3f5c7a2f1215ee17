"""Art styles change how a scene looks, at every size, and let gradient through."""

import pytest
import torch

from reverie.canvas.art import ARTS, Art
from reverie.canvas.scene import Arrangement, Scene, Thing
from reverie.device import machine
from reverie.errors import SpecError
from reverie.protocols import Draws
from reverie.spec import from_json, to_json

CPU = machine("cpu", "fp32")
OWL = Arrangement(things=(Thing(name="owl"),))


def picture(size, b=1):
    """Soft hills of colour with a sharp bar."""
    width, height = size
    x, y = torch.linspace(0, 3, width), torch.linspace(0, 2, height)[:, None]
    hills = torch.stack([(x + y).sin(), (x - y).cos(), (x * y).sin()]) * 0.4 + 0.5
    hills[:, height // 3 : height // 2] = torch.tensor([0.9, 0.2, 0.1])[:, None, None]
    return hills.expand(b, -1, -1, -1).contiguous()


def seen(kind, size, seeds=(0,)):
    return Art(kind, size, Draws(seeds, 0, "art"))(picture(size, len(seeds)))


@pytest.mark.parametrize("size", [(64, 64), (200, 120), (30, 90), (9, 7), (1, 1)])
@pytest.mark.parametrize("kind", ARTS)
def test_every_style_draws_at_every_size(kind, size):
    drawn = seen(kind, size, (0, 1))
    assert drawn.shape == (2, 3, size[1], size[0])
    assert drawn.isfinite().all() and drawn.min() >= 0 and drawn.max() <= 1


def test_styles_differ_from_each_other_and_from_none():
    drawn = {kind: seen(kind, (96, 64)) for kind in ("", *ARTS)}
    assert torch.equal(drawn[""], picture((96, 64)))
    for one in drawn:
        for other in drawn:
            assert one == other or (drawn[one] - drawn[other]).abs().mean() > 0.01, (one, other)


@pytest.mark.parametrize("kind", ARTS)
def test_what_is_random_in_a_style_belongs_to_one_picture(kind):
    together = seen(kind, (48, 40), (3, 4))
    torch.testing.assert_close(together[1:], seen(kind, (48, 40), (4,)), rtol=0, atol=1e-5)
    drawn_by_hand = kind in ("mosaic", "stained glass", "watercolour", "oil")
    assert torch.equal(together[0], together[1]) is not drawn_by_hand


@pytest.mark.parametrize("kind", ARTS)
def test_gradient_reaches_the_picture(kind):
    size = (48, 40)
    given = picture(size).requires_grad_()
    Art(kind, size, Draws((0,), 0))(given).square().sum().backward()
    assert given.grad.isfinite().all()
    assert (given.grad.abs().sum(1) > 0).float().mean() > 0.3


@pytest.mark.parametrize("kind", ["black and white", "pencil"])
def test_some_styles_have_no_colour(kind):
    drawn = seen(kind, (40, 40))
    assert torch.equal(drawn[:, 0], drawn[:, 1]) and torch.equal(drawn[:, 1], drawn[:, 2])


def test_pixel_art_has_flat_squares():
    drawn = seen("pixel art", (280, 280))
    assert torch.equal(drawn[..., 0:10:3, 20:30:3], drawn[..., :1, 20:21].expand(-1, -1, 4, 4))


class TestScenes:
    @pytest.mark.parametrize("kind", ARTS)
    def test_a_scene_through_a_style_still_bends(self, kind):
        canvas = Scene(arrangements=(OWL,), size=(32, 24), art=kind).build(CPU, range(2))
        canvas().square().sum().backward()
        for (parameter,) in canvas.groups().values():
            assert parameter.grad.isfinite().all() and parameter.grad.abs().sum() > 0

    def test_its_state_holds_the_style(self):
        scene = Scene(arrangements=(OWL,), size=(32, 24), art="mosaic")
        one, other = (scene.build(CPU, (seed,)) for seed in (1, 2))
        assert not torch.equal(one(), other())
        other.load_state_dict(one.state_dict())
        assert torch.equal(one(), other())

    def test_it_survives_json(self):
        scene = Scene(arrangements=(OWL,), art="stained glass")
        assert from_json(to_json(scene), Scene) == scene

    def test_an_unknown_style_is_refused_with_a_hint(self):
        wrong = to_json(Scene(arrangements=(OWL,))) | {"art": "mosaics"}
        with pytest.raises(SpecError, match=r"art: 'mosaics' .*did you mean 'mosaic'"):
            from_json(wrong, Scene)
