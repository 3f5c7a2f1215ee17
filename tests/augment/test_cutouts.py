import gc
import weakref
from dataclasses import replace
from typing import get_args

import pytest
import torch
import torch.nn.functional as F

from reverie.augment import moves
from reverie.augment.cutouts import Cutouts, shares
from reverie.augment.presets import PRESETS, PresetName
from reverie.protocols import Draws, Moment

NAMES = get_args(PresetName)
MOVING = [name for name in NAMES if name not in ("whole", "pixray")]
AUGMENTS = moves.NAMES
ONE = {"preset": "nrupdated", "noise": 0.0}  # a preset to try one augment in


def picture(*seeds, height=40, width=56, dtype=torch.float32):
    return Draws(seeds, 0, "picture").uniform(3, height, width).to(dtype)


def looks(spec, image, *seeds, step=0):
    return spec.build()(image, Moment(step, 0.0, Draws(seeds, step)))


def smooth(height, width):
    """Waves much wider than any pixel."""
    x, y = torch.linspace(0, 3, width), torch.linspace(0, 3, height)[:, None]
    return 0.5 + torch.stack([x.cos() * y.sin(), (x + y).sin(), (x - y).cos()])[None] / 3


@pytest.mark.parametrize("side", [16, 31])
def test_the_whole_at_its_own_size_is_the_picture(side):
    image = picture(0, 1, height=side, width=side)
    views = looks(Cutouts(preset="whole", count=2), image, 0, 1).draw(slice(0, 2), side)
    torch.testing.assert_close(views, torch.cat([image, image]), rtol=0, atol=1e-5)


def test_the_whole_of_a_larger_picture_is_a_smooth_copy():
    image = picture(0, height=60, width=100)
    view = looks(Cutouts(preset="whole", count=1), image, 0).draw(slice(0, 1), 24)
    want = F.interpolate(image, (24, 24), mode="bilinear", antialias=True)
    torch.testing.assert_close(view, want, rtol=0, atol=1e-5)


def spec_of(name, count):
    """The preset of a name, or cutouts in which nothing but one augment happens."""
    if name in NAMES:
        return Cutouts(preset=name, count=count)
    return Cutouts(augments=(name,), count=count, **ONE)


@pytest.mark.parametrize("name", [*NAMES, *AUGMENTS])
def test_gradients_match_finite_differences(name):
    image = picture(0, 1, height=14, width=12, dtype=torch.float64).requires_grad_()
    chosen = spec_of(name, 5).build()

    def draw(image):
        return chosen(image, Moment(0, 0.0, Draws([0, 1], 0))).draw(slice(0, 5), 8)

    assert torch.autograd.gradcheck(draw, image, fast_mode=True, atol=1e-6)


@pytest.mark.parametrize("name", [*NAMES, *AUGMENTS])
def test_a_batch_of_two_equals_two_singles(name):
    image, spec = picture(3, 4), spec_of(name, 6)
    together = looks(spec, image, 3, 4).draw(slice(0, 6), 16).unflatten(0, (6, 2))
    for i, seed in enumerate((3, 4)):
        alone = looks(spec, image[i : i + 1], seed).draw(slice(0, 6), 16)
        torch.testing.assert_close(together[:, i], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", [*NAMES, *AUGMENTS])
def test_chunks_give_the_views_and_the_gradient_of_the_whole(name):
    spec = spec_of(name, 7)
    target = Draws([0], 0, "target").uniform(7, 2, 3, 16, 16)[0]
    gradients, views = [], []
    for chunk in (7, 3, 1):
        image = picture(0, 1).requires_grad_()
        seen = looks(spec, image, 0, 1)
        parts = []
        for start in range(0, 7, chunk):
            part = seen.draw(slice(start, start + chunk), 16)
            want = target[start : start + chunk].flatten(0, 1)
            (part * want).sum().backward()  # each at once: the next one needs no freed graph
            parts.append(part.detach())
        views.append(torch.cat(parts))
        gradients.append(image.grad)
    for other in (1, 2):
        torch.testing.assert_close(views[other], views[0], rtol=0, atol=1e-5)
        torch.testing.assert_close(gradients[other], gradients[0], rtol=1e-4, atol=1e-4)


def test_nothing_of_a_drawn_chunk_is_kept_alive():
    class Kept:
        def __init__(self, tensor):
            self.tensor = tensor

    def pack(tensor):
        kept = Kept(tensor)
        alive.append(weakref.ref(kept))
        return kept

    alive: list[weakref.ref] = []
    seen = looks(Cutouts(preset="pooled", count=4), picture(0).requires_grad_(), 0)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor):
        views = seen.draw(slice(0, 2), 16)
    assert any(ref() is not None for ref in alive)
    del views
    gc.collect()
    assert all(ref() is None for ref in alive)
    assert seen.count == 4  # the looks themselves are still there


@pytest.mark.parametrize("name", [*MOVING, *AUGMENTS[:-1]])  # noise has no regions
def test_two_sizes_show_the_same_regions(name):
    seen = looks(replace(spec_of(name, 8), noise=0.0), smooth(300, 400), 0)
    small, large = seen.draw(slice(0, 8), 24), seen.draw(slice(0, 8), 48)
    shrunk = F.avg_pool2d(large, 2)
    apart = (small - shrunk).abs()
    assert apart.median() < 0.01 and apart.mean() < 0.03  # but for pixels on an edge


@pytest.mark.parametrize("name", AUGMENTS)
def test_every_augment_changes_views_and_alone_only_some(name):
    still = Cutouts(augments=(), count=8, **ONE)
    image = smooth(300, 400)
    plain, seen = (
        torch.cat([looks(spec, image, seed).draw(slice(0, 8), 16) for seed in range(16)])
        for spec in (still, spec_of(name, 8))
    )
    changed = ((plain - seen).abs().amax((1, 2, 3)) > 1e-4).double().mean()
    assert 0.2 < changed < 0.9


def test_without_augments_views_are_plain_crops():
    image = picture(0, height=300, width=400)
    for preset in ("nrupdated", "updated"):
        views = looks(Cutouts(preset=preset, augments=(), noise=0.0, count=3), image, 0)
        want = looks(Cutouts(preset="crops", count=3), image, 0)
        assert views.draw(slice(0, 3), 16).equal(want.draw(slice(0, 3), 16))


def test_strong_noise_adds_to_the_noise_that_all_views_have():
    grey = torch.full((1, 3, 16, 16), 0.5)
    spec = Cutouts(preset="whole", augments=("gaussian-noise",), count=400, noise=0.1)
    deviation = (looks(spec, grey, 0).draw(slice(0, 400), 16) - 0.5).std((1, 2, 3))
    strong = deviation > 0.5
    assert strong.double().mean() == pytest.approx(0.5, abs=0.06)
    assert deviation[strong].mean() == pytest.approx(1.0, abs=0.01)
    assert deviation[~strong].mean() == pytest.approx(0.05, abs=0.01)


def test_steps_and_seeds_choose_other_views():
    image, spec = picture(0), Cutouts(preset="crops", count=2)
    image = F.interpolate(image, (300, 400))
    base = looks(spec, image, 0).draw(slice(0, 2), 16)
    assert base.equal(looks(spec, image, 0).draw(slice(0, 2), 16))
    assert not base.equal(looks(spec, image, 1).draw(slice(0, 2), 16))
    assert not base.equal(looks(spec, image, 0, step=1).draw(slice(0, 2), 16))


@pytest.mark.parametrize("preset", ["whole", "crops", "deep-daze", "big-sleep", "stylegan3-clip"])
def test_a_shrunk_checkerboard_is_grey(preset):
    board = ((torch.arange(256)[:, None] + torch.arange(256)) % 2).float().expand(1, 3, 256, 256)
    spec = Cutouts(preset=preset, count=8, **({"smallest": 0.5} if preset == "deep-daze" else {}))
    views = looks(spec, board, 0).draw(slice(0, 8), 32)[..., 1:-1, 1:-1]
    torch.testing.assert_close(views, torch.full_like(views, 0.5), rtol=0, atol=0.02)


@pytest.mark.parametrize("preset", NAMES)
@pytest.mark.parametrize("size", [(20, 60), (61, 19), (1, 1)])
def test_small_and_long_pictures_are_seen_too(preset, size):
    image = picture(0, height=size[0], width=size[1])
    views = looks(Cutouts(preset=preset, count=3, noise=0.0), image, 0).draw(slice(0, 3), 32)
    assert views.shape == (3, 3, 32, 32) and views.isfinite().all()


@pytest.mark.parametrize("preset", ["crops", "big-sleep", "deep-daze", "stylegan3-clip", "whole"])
def test_crops_see_nothing_but_the_picture(preset):
    image = torch.full((1, 3, 50, 70), 0.7)
    views = looks(Cutouts(preset=preset, count=8), image, 0).draw(slice(0, 8), 32)
    torch.testing.assert_close(views, torch.full_like(views, 0.7))


def test_clipdraw_sees_white_paper_around_the_picture():
    spec, dark = Cutouts(preset="clipdraw", count=16), torch.zeros(1, 3, 64, 64)
    views = looks(spec, dark, 0).draw(slice(0, 16), 32)
    assert views.min() >= -1e-6 and views.max() <= 1 + 1e-6
    assert (views < 1e-6).any() and (views > 0.99).any() and 0 < views.mean() < 0.5
    white = looks(spec, 1 - dark, 0).draw(slice(0, 16), 32)
    torch.testing.assert_close(white, torch.ones_like(white))


def test_pooled_sees_black_around_the_picture():
    spec = Cutouts(preset="pooled", count=16, noise=0.0)
    views = looks(spec, torch.ones(1, 3, 64, 64), 6).draw(slice(0, 16), 32)
    assert PRESETS["pooled"].outside == 0 and (views.amax(1) < 0.2).any() and views.max() > 0.8


def test_noise_has_a_strength_of_its_own_in_every_view():
    grey = torch.full((1, 3, 16, 16), 0.5)
    seen = looks(Cutouts(preset="whole", count=300, noise=0.1), grey, 0)
    noise = seen.draw(slice(0, 300), 16) - 0.5
    strength = noise.std((1, 2, 3))
    at = torch.quantile(strength, torch.tensor([0.1, 0.5, 0.9])).tolist()
    assert at == pytest.approx([0.01, 0.05, 0.09], abs=0.008)
    assert noise.mean().abs() < 0.002
    same = F.cosine_similarity(noise[1:].flatten(1), noise[:-1].flatten(1))
    assert same.abs().mean() < 0.1  # no view repeats the noise of another


def test_no_noise_means_none():
    grey = torch.full((1, 3, 16, 16), 0.5)
    views = looks(Cutouts(preset="whole", count=2, noise=0.0), grey, 0).draw(slice(0, 2), 16)
    torch.testing.assert_close(views, torch.full_like(views, 0.5))


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_what_is_erased_is_black_but_for_the_noise(noise):
    spec, white = Cutouts(preset="pooled", count=2, noise=noise), torch.ones(1, 3, 32, 32)
    seen = next(s for k in range(9) if (s := looks(spec, white, k)).choice.erased.sum() > 0)
    left, top, right, bottom = (seen.choice.erased[0, 0] * 64).tolist()
    view = seen.draw(slice(0, 1), 64)[0]
    inside = view[:, round(top) + 1 : round(bottom) - 1, round(left) + 1 : round(right) - 1]
    assert inside.numel() > 500 and inside.mean().abs() < 0.02
    assert (inside == 0).all() == (noise == 0)


def test_a_count_is_divided_in_proportion():
    assert shares([0.6, 0.4], 10) == [6, 4]
    assert [shares([0.6, 0.4], n) for n in (1, 2, 3)] == [[1, 0], [1, 1], [2, 1]]
    assert all(sum(shares([0.2, 0.3, 0.5], n)) == n for n in range(1, 50))
