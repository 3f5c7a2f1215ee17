"""A batch is a function of (seed, step), and its pictures, labels and scenes speak of the same."""

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from reverie.perceptor.pocket_words import words_of
from training import portraits, scenes
from training.captions import vocabulary
from training.colours import NAMES, palette
from training.concepts import concepts
from training.plans import TABLE, plan
from training.pocket import DATA
from training.scenes import LAYOUTS, Batch, Composer, Plan, Shares, bent, placing, redrawn, worn
from training.sprites import TRAIN_STYLES, Sprites

NO_PORTRAITS = Shares(portrait=0)
BARE = Shares(two=0, three=0, pair=0, portrait=0, empty=0, dyed=0, filtered=0, hard=0)


@pytest.fixture(scope="module")
def composer(toys: Sprites) -> Composer:
    return Composer(toys, size=32, shares=NO_PORTRAITS)


def planned(toys: Sprites, shares: Shares, count: int = 400, seed: int = 0) -> Plan:
    return plan(toys, shares, count, Generator().manual_seed(seed))


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.pictures, other.pictures) and one.captions == other.captions


def test_a_batch_is_a_function_of_seed_and_step(composer: Composer, toys: Sprites):
    batch = composer.batch(24, seed=1, step=5)
    composer.batch(24, seed=1, step=6)
    assert same(batch, Composer(toys, size=32, shares=NO_PORTRAITS).batch(24, seed=1, step=5))
    assert not same(batch, composer.batch(24, seed=1, step=6))
    assert not same(batch, composer.batch(24, seed=2, step=5))


def test_the_random_state_of_the_caller_is_left_alone(composer: Composer):
    before = torch.get_rng_state()
    composer.batch(8, seed=1, step=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_pictures_are_finite_and_in_range(composer: Composer):
    for step in range(6):
        pictures = composer.batch(32, seed=3, step=step).pictures
        assert pictures.shape == (32, 3, 32, 32)
        assert pictures.isfinite().all()
        assert pictures.min() >= 0 and pictures.max() <= 1


def test_the_label_is_the_one_thing_that_is_shown(composer: Composer):
    for step in range(6):
        batch = composer.batch(32, seed=4, step=step)
        for label, scene in zip(batch.labels.tolist(), batch.scenes, strict=True):
            named = tuple(thing.code for thing in scene.things)
            one = composer.sprites.concepts[label].code
            assert named == (one,) if label >= 0 else len(named) != 1


def test_scenes_say_what_was_planned(composer: Composer, toys: Sprites):
    plan = planned(toys, replace(NO_PORTRAITS, two=0.2, three=0.2, pair=0.3))
    for row, scene in enumerate(composer.scenes(plan, {})):
        slots = int((plan.things[row] >= 0).sum())
        assert slots == len(scene.things) * scene.count
        assert len(scene.things) == len(scene.dyes) == len(scene.naturals)
        first = toys.concepts.index(scene.things[0]) if scene.things else -1
        assert first == plan.things[row, 0]
        dyes = [-1 if dye is None else NAMES.index(dye) for dye in scene.dyes]
        assert dyes == plan.dyes[row, : len(dyes)].tolist()
        assert scene.colours == (NAMES[plan.first[row]], NAMES[plan.second[row]])


@pytest.mark.parametrize("name", ["two", "three", "pair", "portrait", "empty"])
def test_a_share_of_all_leaves_nothing_else(name: str, toys: Sprites):
    kinds = {"beside", "left", "above"} if name == "pair" else {name}
    layouts = planned(toys, replace(BARE, **{name: 1.0})).layout
    assert {LAYOUTS[row] for row in layouts.tolist()} == kinds


def test_without_shares_one_thing_is_shown_as_it_is(toys: Sprites):
    plan = planned(toys, BARE)
    assert (plan.layout == LAYOUTS.index("one")).all()
    assert (plan.dyes == -1).all() and (plan.art == -1).all()
    assert set(Counter(plan.things[:, 0].tolist()).values()) <= {66, 67}  # 400 / 6


def test_a_thing_is_shown_in_a_style_that_has_it(toys: Sprites):
    plan = planned(toys, replace(BARE, pair=0.5))
    for things, style in zip(plan.things.tolist(), plan.style.tolist(), strict=True):
        assert all(toys.here[thing, style] for thing in things if thing >= 0)


def test_the_same_things_are_dyed_alike(toys: Sprites):
    plan = planned(toys, replace(BARE, three=1, dyed=0.5))
    assert torch.equal(plan.dyes, plan.dyes[:, :1].expand(-1, 3))
    assert 0.4 < (plan.dyes[:, 0] >= 0).float().mean() < 0.6


def test_the_pictures_of_a_hard_batch_share_place_and_art_style(toys: Sprites):
    coloured = set()
    for seed in range(6):
        hard = planned(toys, replace(BARE, hard=1, filtered=0.5), 20, seed)
        assert len(hard.place.unique()) == len(hard.art.unique()) == 1
        coloured.add(len(hard.first.unique()) == 1)
    assert coloured == {True, False}  # and the colours now and then
    assert len(planned(toys, BARE).place.unique()) > 10


def test_two_colours_of_a_picture_differ(toys: Sprites):
    plan = planned(toys, BARE)
    assert (plan.first != plan.second).all()


@pytest.mark.parametrize("kind", ["two", "three", "beside", "left", "above"])
def test_things_stand_where_the_layout_says(kind: str, toys: Sprites):
    shares = replace(BARE, **{kind if kind in ("two", "three") else "pair": 1.0})
    plan = planned(toys, shares)
    rows = plan.layout == LAYOUTS.index(kind)
    x, y = plan.pose[rows, :, 0], plan.pose[rows, :, 1]
    count = len(TABLE[kind].centres)
    if kind == "above":
        assert (y[:, 0] < y[:, 1]).all()
    elif kind == "beside":
        assert 0.3 < (x[:, 0] < x[:, 1]).float().mean() < 0.7
    else:
        assert (x[:, :count].diff(dim=1) > 0).all()


def box(x: float, y: float, size: float, turn: float = 0.0, flip: float = 1.0) -> Tensor:
    """A picture whose left half is white, placed in 64 pixels."""
    half = torch.ones(1, 1, 32, 32)
    half[..., 16:] = 0.5
    left, top, side, angle, way = torch.tensor([x, y, size, turn, flip])[:, None]
    grid = placing(left, top, side, angle, way, 64)
    return F.grid_sample(half, grid, align_corners=False)[0, 0]


def test_a_thing_lies_where_it_is_placed():
    rows, columns = (box(0.25, 0.5, 0.5) > 0.1).nonzero().unbind(1)
    assert (int(columns.min()), int(columns.max())) == (0, 31)
    assert (int(rows.min()), int(rows.max())) == (16, 47)


def test_a_mirrored_thing_is_its_mirror_image():
    assert torch.allclose(box(0.5, 0.5, 0.8, flip=-1.0), box(0.5, 0.5, 0.8).flip(1), atol=1e-5)


def test_a_dyed_thing_on_a_plain_ground_shows_both_colours(toys: Sprites):
    plan = planned(toys, BARE, 12)
    fill = {"things": 0, "place": 0, "first": NAMES.index("white"), "style": 0, "layout": 0}
    for name, value in fill.items():
        field = getattr(plan, name)
        field[(slice(None), 0) if name == "things" else slice(None)] = value
    plan.dyes[:] = torch.arange(12)[:, None]
    plan.pose[:] = torch.tensor([0.5, 0.5, 0.9, 0.0, 1.0])
    pictures = Composer(toys, size=32, shares=BARE).draw(plan, Generator().manual_seed(0))
    assert (pictures[:, :, 16, 16] - palette()).abs().max() < 0.35
    assert pictures[:, :, 1, 1].min() > 0.6


def test_a_thing_by_another_hand_keeps_its_outline(toys: Sprites):
    before = toys.pictures[:, 0].float() / 255
    after = redrawn(before, Generator().manual_seed(0))
    assert torch.equal(after[:, 3], before[:, 3])
    assert after.min() >= 0 and (after[:, :3] <= after[:, 3:]).all()
    assert (after - before).abs().amax((1, 2, 3)).min() > 0.01


def test_what_is_grey_stays_grey_by_another_hand(toys: Sprites):
    alpha = toys.pictures[:, 0, 3:].float() / 255
    grey = torch.cat([0.4 * alpha.expand(-1, 3, -1, -1), alpha], 1)
    after = redrawn(grey, Generator().manual_seed(0))[:, :3]
    assert (after.amax(1) - after.amin(1)).max() < 1e-5


def test_a_bent_thing_stays_about_where_it_was():
    where = torch.tensor([0.5]).expand(64)
    straight = placing(where, where, where, 0 * where, 1 + 0 * where, 32)
    moved = bent(straight, Generator().manual_seed(0)) - straight
    inside = moved[:, 8:24, 8:24]  # a sprite reaches from -1 to 1 there
    assert inside.abs().mean((1, 2, 3)).min() > 0.005
    assert inside.mean((0, 1, 2)).abs().max() < 0.05 and inside.abs().max() < 0.7


def test_worn_pictures_vary_but_can_be_recognised():
    plain = torch.full((64, 3, 16, 16), 0.5)
    plain[:, :, 8:] = 0.8
    changed = worn(plain.clone(), Generator().manual_seed(0))
    assert changed.min() >= 0 and changed.max() <= 1
    middle = changed.mean((1, 3))  # [64, 16]
    assert (middle[:, 8:].mean(1) > middle[:, :8].mean(1)).float().mean() > 0.9
    assert changed.mean((1, 2, 3)).std() > 0.03


def test_portraits_are_drawn_once_and_speak_for_themselves(
    toys: Sprites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scenes, "CACHE", tmp_path)
    monkeypatch.setattr(scenes, "PORTRAITS", 12)
    shares = replace(BARE, portrait=1.0)
    batch = Composer(toys, size=16, shares=shares).batch(8, seed=0, step=0)
    assert all(scene.said and not scene.things for scene in batch.scenes)
    assert (batch.labels == -1).all()
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(portraits, "draw", None)  # not needed again
    assert same(batch, Composer(toys, size=16, shares=shares).batch(8, seed=0, step=0))


def test_every_word_said_of_the_real_things_is_known():
    if not (DATA / "captions.json").exists():
        pytest.skip(f"no captioned sprites at {DATA}: set REVERIE_DATA")
    things = concepts(DATA)
    drawn = torch.zeros(len(things), len(TRAIN_STYLES), 4, 4, 4, dtype=torch.uint8)
    here = torch.ones(len(things), len(TRAIN_STYLES), dtype=torch.bool)
    composer = Composer(Sprites(things, TRAIN_STYLES, drawn, here), size=16, shares=NO_PORTRAITS)
    known = vocabulary(things)
    for text in composer.batch(2 * len(things), seed=0, step=0).captions:
        assert known.issuperset(words_of(text)), text


def test_a_plan_is_of_one_length(toys: Sprites):
    plan = planned(toys, Shares(), 7)
    assert {len(getattr(plan, field.name)) for field in fields(plan)} == {7}
