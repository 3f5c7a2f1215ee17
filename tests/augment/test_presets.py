"""Every preset draws what its system draws: distributions of many draws, with fixed seeds."""

import math
from dataclasses import replace
from typing import get_args

import pytest
import torch

from reverie.augment.boxes import Area
from reverie.augment.cutouts import Cutouts, Cutter
from reverie.augment.presets import PRESETS, Moves, Preset, PresetName
from reverie.errors import SpecError
from reverie.protocols import Draws

MANY = 10_000
DECILES = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9], dtype=torch.float64)


def drawn(preset, count=MANY, size=(512, 512), t=0.0, **given):
    cutter = Cutouts(preset=preset, count=count, **given).build()
    return cutter.choose(Draws([5], 0), size, t)


def boxes(preset, size=(512, 512), **given):
    """Left, top, width and height in pixels, of a preset that only crops."""
    h = drawn(preset, size=size, **given).warps[0]
    shares = torch.stack([h[:, 0, 2], h[:, 1, 2], h[:, 0, 0], h[:, 1, 1]], 1)
    return (shares * torch.tensor([*size, *size])).unbind(1)


def assert_uniform(values, low, high):
    want = low + (high - low) * DECILES
    slack = 0.03 * (high - low)
    torch.testing.assert_close(torch.quantile(values, DECILES), want, rtol=0, atol=slack)
    assert values.min() >= low - 1e-6 and values.max() <= high + 1e-6


def bent(h):
    return (h[:, 2, :2].abs() > 1e-12).any(1)


def still(h):
    return ((h - torch.eye(3)).abs() < 1e-9).all(2).all(1)


def share(condition):
    return condition.double().mean().item()


def test_every_name_has_a_preset():
    assert set(get_args(PresetName)) == set(PRESETS)
    assert all(sum(part for part, _ in p.kinds) == pytest.approx(1) for p in PRESETS.values())


@pytest.mark.parametrize("size", [(512, 512), (640, 400), (300, 700)])
def test_crops_are_squares_from_224_pixels_to_the_short_side_anywhere(size):
    left, top, wide, high = boxes("crops", size)
    torch.testing.assert_close(wide, high)
    assert_uniform(wide, 224, min(size))
    assert_uniform(left / (size[0] - wide).clamp(min=1e-3), 0, 1)
    assert_uniform(top / (size[1] - high).clamp(min=1e-3), 0, 1)


def test_crops_of_a_small_picture_are_as_large_as_they_can_be():
    left, top, wide, high = boxes("crops", (200, 150))
    torch.testing.assert_close(wide, torch.full_like(wide, 150))
    torch.testing.assert_close(high, wide)
    assert (top.abs() < 1e-6).all()
    assert_uniform(left, 0, 50)


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_power_bends_the_sides_of_crops(power):
    _, _, wide, _ = boxes("crops", power=power)
    assert_uniform(((wide - 224) / 288).clamp(0, 1) ** (1 / power), 0, 1)


def test_stylegan3_crops_have_the_power_one_half():
    _, _, wide, _ = boxes("stylegan3-clip", (1024, 1024))
    assert_uniform(((wide - 224) / 800) ** 2, 0, 1)


def test_deep_daze_crops_from_a_tenth_of_the_side_up():
    _, _, wide, _ = boxes("deep-daze")
    assert_uniform(wide / 512, 0.1, 1)


def test_the_smallest_crop_may_follow_a_curve():
    cutter = Cutouts(preset="deep-daze", count=MANY, smallest=(0.1, 0.75)).build()
    for t, low in ((0.0, 0.1), (1.0, 0.75)):
        assert_uniform(cutter.choose(Draws([5], 0), (512, 512), t).warps[0, :, 0, 0], low, 1)


def test_the_largest_crop_may_be_smaller_than_the_picture():
    _, _, wide, _ = boxes("deep-daze", smallest=0.2, largest=0.6)
    assert_uniform(wide / 512, 0.2, 0.6)


def test_deep_daze_normal_sides_are_normal_within_their_range():
    _, _, wide, _ = boxes("deep-daze-normal", smallest=0.5)
    side = wide / 512  # of a mean of 0.6 and a deviation of 0.2, between 0.5 and 1
    assert side.min() >= 0.5 and side.max() <= 1
    whole = 0.9772 - 0.3085  # of all sides, below 1 and above 0.5
    for limit, below in ((0.6, 0.5), (0.8, 0.8413)):
        assert share(side < limit) == pytest.approx((below - 0.3085) / whole, abs=0.02)


def test_the_smallest_normal_side_may_follow_a_curve():
    cutter = Cutouts(preset="deep-daze-normal", count=MANY, smallest=(0.1, 0.75)).build()
    sides = [cutter.choose(Draws([5], 0), (64, 64), t).warps[0, :, 0, 0].min() for t in (0.0, 1.0)]
    assert sides[0] < 0.15 and sides[1] >= 0.75


@pytest.mark.parametrize("given", [(0.0, None), (0.8, 0.5), (None, 1.5), ((0.1, 1.2), None)])
def test_sides_that_no_crop_can_have_are_refused(given):
    smallest, largest = given
    with pytest.raises(SpecError, match="smallest"):
        Cutouts(preset="deep-daze", smallest=smallest, largest=largest)


def test_big_sleep_sides_are_normal_and_clipped():
    left, _, wide, _ = boxes("big-sleep")
    side = wide / 512
    assert share(side > 0.95 - 1e-9) == pytest.approx(0.3085, abs=0.03)  # beyond half a deviation
    assert share(side < 0.5 + 1e-9) == pytest.approx(0.1587, abs=0.03)  # a deviation below
    assert side.min() >= 0.5 - 1e-9 and side.max() <= 0.95 + 1e-9
    assert side.median().item() == pytest.approx(0.8, abs=0.02)
    assert_uniform(left / (512 - wide), 0, 1)


@pytest.mark.parametrize("preset", ["mse", "eai"])
def test_sides_of_mse_and_eai_are_normal_from_224_pixels_to_the_short_side(preset):
    moves = PRESETS[preset].kinds[0][1].box
    _, _, wide, high = (moves.draw(Draws([5], 0), MANY, (800, 560), 0.0)[0]).unbind(1)
    side = wide * 800
    torch.testing.assert_close(side, high * 560)
    assert share(side > 560 - 1e-6) == pytest.approx(0.2525, abs=0.02)  # 2/3 deviations above
    assert share(side < 224 + 1e-6) == pytest.approx(0.0912, abs=0.02)  # 4/3 deviations below
    assert side.median().item() == pytest.approx(0.8 * 560, abs=6)
    small = moves.draw(Draws([5], 0), 50, (200, 150), 0.0)[0]
    assert (small[:, 3] == 1).all()


def test_pytti_squares_sides_and_favours_the_edges():
    rule = PRESETS["pytti"].kinds[0][1].box
    left, _, wide, _ = (rule.draw(Draws([5], 0), MANY, (1000, 1000), 0.0)[0]).unbind(1)
    assert wide.median().item() == pytest.approx(0.64, abs=0.02)
    assert wide.min() >= 0.224**2 - 1e-9 and wide.max() == 1
    assert left.min() >= 0 and (left + wide).max() <= 1 + 1e-9
    free = 1 - wide
    small = (free > 0.35) & (free < 0.37)
    at_an_edge = share((left[small] < 1e-9) | (left[small] > free[small] - 1e-9))
    assert at_an_edge == pytest.approx(0.5 / (0.5 + 0.36), abs=0.08)


def test_a_centre_bias_gathers_the_crops():
    left, _, wide, _ = boxes("big-sleep", centre=True)
    place = left / (512 - wide)
    want = math.erf(math.sqrt(0.5)) + (1 - math.erf(math.sqrt(2))) / 2  # and half of the rest
    assert share((place - 0.5).abs() < 0.25) == pytest.approx(want, abs=0.03)
    assert place.min() >= 0 and place.max() <= 1


def test_area_boxes_have_their_share_of_the_area_and_a_log_uniform_ratio():
    box = Area(scale=(0.3, 0.5), ratio=(0.5, 2.0)).draw(Draws([1], 0), MANY, (500, 500), 0.0)[0]
    assert_uniform(box[:, 2] * box[:, 3], 0.3, 0.5)
    assert_uniform((box[:, 2] / box[:, 3]).log(), -math.log(2), math.log(2))


def test_area_boxes_that_do_not_fit_are_drawn_again():
    rule = Area(scale=(0.8, 0.81), ratio=(0.5, 2.0))
    box = rule.draw(Draws([1], 0), MANY, (500, 500), 0.0)[0]
    area = box[:, 2] * box[:, 3]
    assert share((area >= 0.8) & (area <= 0.81)) > 0.95  # a third fits, and there are ten tries


def test_area_boxes_stay_inside_even_where_hardly_any_fit():
    box = Area(scale=(0.9, 1.0)).draw(Draws([1], 0), MANY, (900, 300), 0.0)[0]
    assert box.min() >= 0 and (box[:, :2] + box[:, 2:]).max() <= 1 + 1e-9


def test_pooled_moves_bends_colours_erases_and_blurs_as_vqgan_clip_does():
    choice = drawn("pooled")
    h = choice.warps[0]
    assert share(bent(h)) == pytest.approx(0.7, abs=0.03)
    assert share(still(h)) == pytest.approx(0.3 * 0.3, abs=0.02)
    moved = h[~bent(h) & ~still(h)]
    back = torch.linalg.inv(moved)
    angle = torch.atan2(-back[:, 1, 0], back[:, 0, 0]).rad2deg()
    assert_uniform(angle, -15, 15)
    colours = choice.colours[0]
    plain = ((colours - torch.eye(3, 4)).abs() < 1e-9).all(2).all(1)
    assert share(plain) == pytest.approx(0.3, abs=0.03)
    grey = colours[..., :3].sum(-1)[:, 0]  # brightness * contrast
    brightness = grey + 2 * colours[:, 0, 3]
    assert_uniform(brightness[~plain], 0.9, 1.1)
    assert_uniform((grey / brightness)[~plain], 0.9, 1.1)
    assert_uniform(choice.noise[0].double(), 0, 0.1)
    cutter = Cutouts(preset="pooled", count=1).build()
    erased = cutter.choose(Draws(range(2000), 0), (64, 64), 0.0).erased[:, 0]
    assert share(erased[:, 2] > erased[:, 0]) == pytest.approx(0.7, abs=0.03)


def test_augmented_flips_half_and_bends_two_fifths():
    h = drawn("augmented").warps[0]
    assert share(torch.linalg.det(h) < 0) == pytest.approx(0.5, abs=0.03)
    assert share(bent(h)) == pytest.approx(0.4, abs=0.03)
    straight = (h[:, 0, 1].abs() < 1e-12) & ~bent(h)
    assert share(straight) == pytest.approx(0.2 * 0.6, abs=0.02)


def test_updated_softens_two_fifths_of_what_augmented_shows():
    updated, augmented = drawn("updated"), drawn("augmented")
    assert updated.warps.equal(augmented.warps) and augmented.softness is None
    assert share(updated.softness > 0) == pytest.approx(0.4, abs=0.03)


def test_nrupdated_turns_further_and_bends_less_than_pooled():
    moves = PRESETS["nrupdated"].kinds[0][1]
    assert (moves.degrees, moves.distortion) == (30, 0.5)
    assert share(bent(drawn("nrupdated").warps[0])) == pytest.approx(0.7, abs=0.03)
    assert drawn("nrupdated").erased is not None and PRESETS["nrupdated"].outside == 0


def test_updated_pooling_neither_shears_nor_changes_brightness():
    choice = drawn("updated-pooling")
    grey = choice.colours[0, :, :, :3].sum(-1) - 1
    assert grey.abs().max() < 1e-3 and choice.colours[..., 3].abs().max() < 1e-9
    h = choice.warps[0]
    flat = h[~bent(h)][:, :2, :2]
    torch.testing.assert_close((flat[:, 0] * flat[:, 1]).sum(1), torch.zeros(len(flat)).double())
    assert PRESETS["updated-pooling"].pool


def test_a_resized_crop_is_a_part_of_the_view_with_its_area_and_ratio():
    h = drawn("pooled", size=(900, 400), augments=("resized-crop",)).warps[0]
    cut = h[~still(h)]
    assert len(cut) / MANY == pytest.approx(0.5, abs=0.03)
    area, ratio = cut[:, 0, 0] * cut[:, 1, 1], cut[:, 0, 0] / cut[:, 1, 1]
    assert area.min() >= 0.1 - 1e-9 and area.max() <= 1 and area.std() > 0.2
    assert ratio.min() >= 0.75 - 1e-9 and ratio.max() <= 1.333 + 1e-9 and ratio.std() > 0.1
    assert cut[:, :2, 2].min() >= 0 and (cut[:, :2, 2] + cut[:, [0, 1], [0, 1]]).max() <= 1 + 1e-9


def test_a_rotation_and_a_crop_are_a_turn_and_a_shift():
    turned = drawn("pooled", augments=("rotate",)).warps[0]
    turned = turned[~still(turned)]
    assert_uniform(torch.atan2(turned[:, 1, 0], turned[:, 0, 0]).rad2deg(), -15, 15)
    moved = drawn("pooled", augments=("crop",)).warps[0]
    moved = moved[~still(moved)]
    assert len(moved) / MANY == pytest.approx(0.5, abs=0.03)
    assert_uniform(moved[:, 0, 2], -1 / 8, 1 / 8)
    torch.testing.assert_close(moved[:, :2, :2], torch.eye(2).double().expand(len(moved), 2, 2))


def test_each_view_of_pytti_loses_a_rectangle_of_its_own():
    for preset, count in (("pytti", MANY), ("pooled", 1)):
        assert len(drawn(preset).erased[0].unique(dim=0)) == count


def test_pixray_zooms_with_three_fifths_and_keeps_the_whole_in_the_rest():
    h = drawn("pixray", size=(900, 600)).warps[0]
    zoom, wide = h[: MANY * 3 // 5], h[MANY * 3 // 5 :]
    for part in (zoom, wide):
        assert share(bent(part)) == pytest.approx(0.7, abs=0.03)
    cropped = zoom[~bent(zoom)]
    area = cropped[:, 0, 0] * cropped[:, 1, 1]  # large ones of this shape do not fit
    assert 0.25 <= area.min() < 0.26 and 0.7 < area.max() <= 0.95
    fitted = wide[~bent(wide)]
    assert fitted[:, 0, 0].tolist() == pytest.approx([1 / 0.95] * len(fitted))
    assert fitted[:, 1, 1].tolist() == pytest.approx([1.5 / 0.95] * len(fitted))


def test_clipdraw_always_bends_the_picture_and_then_crops_it():
    assert bent(drawn("clipdraw").warps[0]).all()
    preset = PRESETS["clipdraw"]
    ((_, moves),) = preset.kinds
    flat = replace(preset, kinds=((1.0, replace(moves, perspective=0.0)),))
    h = Cutter(flat, MANY).choose(Draws([5], 0), (512, 512), 0.0).warps[0]
    area = h[:, 0, 0] * h[:, 1, 1]
    assert area.min() >= 0.7 and area.max() <= 0.9
    ratio = h[:, 0, 0] / h[:, 1, 1]
    assert ratio.min() >= 3 / 4 and ratio.max() <= 4 / 3 and ratio.std() > 0.1


def test_whole_never_moves():
    assert still(drawn("whole").warps[0]).all()


def test_a_preset_refuses_what_it_does_not_have():
    for name in ("power", "smallest", "centre"):
        with pytest.raises(SpecError, match=name):
            Cutouts(preset="pooled", **{name: 0.5 if name != "centre" else True})
    with pytest.raises(SpecError, match="smallest"):
        Cutouts(preset="big-sleep", smallest=0.2)
    with pytest.raises(SpecError, match="count"):
        Cutouts(count=0)


def test_a_small_crop_of_a_bent_picture_is_hardly_bent():
    moves = Moves(box=Area(scale=(0.001, 0.001)), perspective=1.0, distortion=0.5)
    for bend_picture, low, high in ((True, 0.0, 0.05), (False, 0.1, 1.0)):
        kinds = ((1.0, replace(moves, bend_picture=bend_picture)),)
        h = Cutter(Preset(kinds=kinds), 500).choose(Draws([5], 0), (512, 512), 0.0).warps[0]
        across = h[:, 2, :2].abs().amax(1) / h[:, 2, 2].abs()  # how w varies over a view
        assert low < across.median() < high
