"""Scenes: things stand where they are told, keep to their place, and have clean edges."""

import pytest
import torch
from torch import Tensor, nn

from reverie.canvas.compositing import sharpened
from reverie.canvas.scene import (
    REACH,
    Arrangement,
    Painter,
    Scene,
    SceneCanvas,
    Thing,
    arranged,
    painter,
)
from reverie.device import machine
from reverie.errors import SpecError
from reverie.nets import pocket_biggan as meaning
from reverie.nets.biggan import BigGANDeep
from reverie.spec import edited, from_json, to_json
from reverie.weights import pocket

CPU = machine("cpu", "fp32")
SIDE = 64


def disc(radius: float, side: int = SIDE) -> Tensor:
    """Alpha of a disc whose edge is two pixels wide, `[1, 1, side, side]`."""
    at = torch.arange(side) + 0.5 - side / 2
    away = (at[:, None].square() + at.square()).sqrt()
    return ((radius * side - away) / 2 + 0.5).clamp(0, 1)[None, None]


class Discs(nn.Module):
    """A generator of discs in the colour of their dye; a place, which has a variant, fills all."""

    def forward(self, condition: Tensor, rows: tuple[int, float]) -> Tensor:
        z = condition[:, 0, : meaning.Z]
        colour = (z[:, meaning.DYE][:, 1:] + 1) / 2
        full = (z[:, meaning.VARIANT].abs().sum(1) > 0).float()[:, None, None, None]
        alpha = torch.maximum(disc(0.4), full)  # [n, 1, s, s]
        return torch.cat([colour[:, :, None, None] * alpha, alpha], 1) * 2 - 1


def discs() -> Painter:
    net = BigGANDeep(
        ((True, 4, 2),), z_dim=meaning.Z, class_embed_dim=2, channel_width=4, num_classes=2,
        attention_layer_position=None, eps=1e-4, n_stats=1, image_channels=4,
    )  # fmt: skip
    net.generator = Discs()
    return Painter(net, {"disc": 0}, {"plain": 1})


def canvas(*things: tuple[str, float, float, float], size=(64, 64)) -> SceneCanvas:
    """Discs of a colour, at x, y, of a size, on grey."""
    codes = {"red": (1.0, 0, 0), "green": (0.0, 1, 0), "blue": (0.0, 0, 1)}
    grey = torch.full((1, 3), 0.5)
    place = meaning.place(grey, grey, torch.tensor([0]))
    style = torch.eye(4)[:1]
    dyes = [meaning.thing(style, torch.tensor([codes[colour]])) for colour, *_ in things]
    poses = [[x, y, torch.tensor(side).log().item(), 0.0] for _, x, y, side in things]
    condition = nn.functional.pad(torch.stack(dyes, 1), (0, 2))
    return SceneCanvas(
        discs(), size, place=nn.functional.pad(place, (0, 2)), things=condition,
        pose=torch.tensor([poses]), here=torch.ones(1, len(things)),
    )  # fmt: skip


def colour_at(picture: Tensor, x: float, y: float) -> list[float]:
    height, width = picture.shape[2:]
    return picture[0, :, int(y * height), int(x * width)].tolist()


RED, GREEN, GREY = [1.0, 0, 0], [0.0, 1, 0], [0.5, 0.5, 0.5]


def test_a_thing_stands_where_it_is_told():
    picture = canvas(("red", 0.25, 0.75, 0.4))()
    assert colour_at(picture, 0.25, 0.75) == pytest.approx(RED, abs=0.01)
    for x, y in ((0.75, 0.75), (0.25, 0.25), (0.5, 0.5)):
        assert colour_at(picture, x, y) == pytest.approx(GREY, abs=0.01)


def test_the_size_of_a_thing_is_a_part_of_the_shorter_side():
    for size in ((64, 64), (100, 64), (64, 100)):
        red = canvas(("red", 0.5, 0.5, 0.5), size=size)()[0, 0] > 0.75
        assert red.any(0).sum() == pytest.approx(0.8 * 0.5 * 64, abs=2)  # discs fill 0.8
        assert red.any(1).sum() == pytest.approx(0.8 * 0.5 * 64, abs=2)


def test_the_last_thing_is_in_front():
    both = canvas(("red", 0.4, 0.5, 0.5), ("green", 0.6, 0.5, 0.5))()
    assert colour_at(both, 0.5, 0.5) == pytest.approx(GREEN, abs=0.01)
    assert colour_at(both, 0.3, 0.5) == pytest.approx(RED, abs=0.01)


def test_a_thing_turns_about_its_middle_and_keeps_it():
    made = canvas(("red", 0.3, 0.6, 0.4))
    before = made()
    with torch.no_grad():
        made.pose[..., 3] = 1.0
    assert (made() - before).abs().mean() < 0.01  # a disc stays a disc


def test_things_never_leave_the_neighbourhood_of_their_first_pose():
    made = Scene(arrangements=(two("pear", "owl"),), size=(24, 16)).build(CPU, (0, 1))
    first = made.pose.detach().clone()
    for far in (5.0, -9.0):
        with torch.no_grad():
            made.pose.add_(far)
        made.project_()
        away = made.pose.detach() - first
        torch.testing.assert_close(
            away,
            (torch.tensor(REACH) * torch.tensor(far).sign()).expand_as(away),
            rtol=0,
            atol=1e-5,
        )


def test_projection_leaves_alone_what_is_in_range():
    made = Scene(arrangements=(two("pear", "owl"),), size=(24, 16)).build(CPU, (0,))
    with torch.no_grad():
        made.pose.add_(0.05)
    before = [p.detach().clone() for p in made.parameters()]
    made.project_()
    assert all(torch.equal(p, was) for p, was in zip(made.parameters(), before, strict=True))


def two(*names: str) -> Arrangement:
    ways = zip(names, (0.3, 0.7), strict=False)
    return Arrangement(things=tuple(Thing(name=name, x=x, size=0.5) for name, x in ways))


def one(name: str, **how: str | float) -> Arrangement:
    return Arrangement(things=(Thing(name=name, **how),))


class TestSharpness:
    @pytest.mark.parametrize("side", [64, 128, 512])
    def test_an_outline_is_a_few_pixels_wide_at_any_size(self, side):
        alpha = sharpened(disc(0.4).expand(1, 4, -1, -1), side)[0, 3]
        row = alpha[side // 2]
        soft = ((row > 0.05) & (row < 0.95)).sum()
        assert soft <= 2 * 4
        assert row.max() == 1 and row.min() == 0
        assert (row > 0.5).sum() == pytest.approx(0.8 * side, abs=max(side / SIDE, 2))

    @pytest.mark.parametrize("side", [64, 300, 512])
    def test_colours_stay_within_what_was_drawn(self, side):
        alpha = disc(0.4)
        drawn = torch.tensor([0.7, 0.4, 0.2])[None, :, None, None].repeat(1, 1, SIDE, SIDE)
        drawn[..., SIDE // 2 :] = torch.tensor([0.3, 0.6, 0.2])[:, None, None]
        sharp = sharpened(torch.cat([drawn * alpha, alpha], 1), side)
        inside = sharp[0, 3] > 0.1
        colours = (sharp[0, :3] / sharp[0, 3:].clamp(min=0.1))[:, inside]
        low, high = drawn.amin((0, 2, 3)), drawn.amax((0, 2, 3))
        assert (colours.amin(1) > low - 0.03).all() and (colours.amax(1) < high + 0.03).all()

    def test_a_soft_edge_inside_becomes_steep(self):
        across = ((torch.arange(SIDE) - SIDE / 2) / 4 + 0.5).clamp(0, 1)  # 4 of 64 pixels
        layer = torch.ones(1, 4, SIDE, SIDE)
        layer[:, :3] = across
        row = sharpened(layer, 512)[0, 0, 256]
        assert ((row > 0.1) & (row < 0.9)).sum() < 0.8 * 4 * 512 / SIDE * 0.8

    def test_nothing_is_changed_much_at_the_size_it_was_drawn(self):
        alpha = disc(0.4)
        drawn = torch.cat([0.6 * alpha, 0.3 * alpha, 0.1 * alpha, alpha], 1)
        assert (sharpened(drawn, SIDE) - drawn).abs().mean() < 0.01


class TestTheShippedGenerator:
    @pytest.mark.parametrize("size", [(200, 120), (120, 200), (33, 8), (512, 512)])
    def test_any_size_can_be_drawn(self, size):
        picture = Scene(arrangements=(one("owl"),), size=size).build(CPU, (0,))()
        assert picture.shape == (1, 3, size[1], size[0])
        assert picture.min() >= 0 and picture.max() <= 1

    def test_several_pictures_equal_several_scenes_of_one(self):
        arrangements = (two("pear", "owl"), one("car", colour="red"), one("house"))
        scene = Scene(arrangements=arrangements, size=(40, 32))
        together = scene.build(CPU, range(6))
        assert together.here.sum(1).unique().numel() > 1  # of one and of two things
        for i in range(6):
            alone = scene.build(CPU, (i,))()
            torch.testing.assert_close(
                together()[i : i + 1].detach(), alone.detach(), rtol=0, atol=1e-4
            )

    def test_a_dyed_thing_is_drawn_nearer_to_its_dye(self):
        nearer = []
        for colour, code in (("#d81e22", (0.85, 0.12, 0.13)), ("#1f52db", (0.12, 0.32, 0.86))):
            for name in ("car", "house", "pear", "owl", "teapot", "cat", "fish", "guitar"):
                away = [
                    (middle(one(name, colour=c)) - torch.tensor(code)).norm() for c in ("", colour)
                ]
                nearer.append(bool(away[1] < away[0]))
        assert sum(nearer) >= 0.75 * len(nearer)

    def test_a_place_takes_its_colours(self):
        red, blue = (
            place_of(Arrangement(things=(), place="plain", first=colour, second=colour))
            for colour in ("#d81e22", "#1f52db")
        )
        assert red[0] > blue[0] and red[2] < blue[2]

    def test_earlier_arrangements_are_chosen_more_often(self):
        scene = Scene(arrangements=(one("pear"), one("owl"), one("car")), size=(8, 8))
        classes = painter(CPU).classes
        chosen = scene.build(CPU, range(64)).things[:, 0, meaning.Z :]
        rows = [painter(CPU).net.embeddings.weight[:, classes[n]] for n in ("pear", "owl", "car")]
        counts = [sum(torch.allclose(c, row, atol=1e-5) for c in chosen) for row in rows]
        assert sum(counts) == 64
        assert counts[0] > counts[1] > counts[2] > 0

    def test_vary_is_how_far_pictures_differ(self):
        still = Scene(arrangements=(one("pear"),), size=(8, 8), vary=0.0).build(CPU, range(4))
        moved = Scene(arrangements=(one("pear"),), size=(8, 8), vary=1.0).build(CPU, range(4))
        want = torch.tensor([0.5, 0.5, 0.0, 0.0])
        torch.testing.assert_close(
            still.pose[:, 0, [0, 1, 3]].detach(), want[[0, 1, 3]].expand(4, 3)
        )
        assert (moved.pose.std(0) > 0).all()
        assert torch.equal(moved.pose, moved.first_pose)

    def test_a_style_that_is_asked_for_is_the_style_of_every_picture(self):
        scene = Scene(arrangements=(one("pear"),), size=(8, 8))
        free = scene.build(CPU, range(16)).things[:, 0, meaning.STYLE].argmax(1)
        asked = edited(scene, "style", "noto").build(CPU, range(16)).things[:, 0, meaning.STYLE]
        assert len(free.unique()) > 2
        assert (asked.argmax(1) == meaning.STYLES.index("noto")).all()

    def test_the_generator_is_built_once_and_never_changed(self):
        first, second = (
            Scene(arrangements=(one("pear"),), size=(8, 8)).build(CPU, (s,)) for s in (1, 2)
        )
        assert first.painter is second.painter
        assert sum(p.numel() for p in first.parameters()) < 1000
        first().sum().backward()
        assert all(p.grad is None for p in first.painter.net.parameters())

    def test_it_says_which_weights_it_reads(self):
        assert Scene(arrangements=(one("pear"),)).digests() == {
            "pocket-biggan": pocket.digest("pocket-biggan")
        }


def middle(arrangement: Arrangement) -> Tensor:
    """The mean colour about the middle of a thing, in one art style."""
    style, variant = torch.eye(4)[:1], torch.tensor([0])
    picture = arranged([arrangement], (64, 64), CPU, style=style, variant=variant)().detach()
    return picture[0, :, 20:44, 20:44].mean((1, 2))


def place_of(arrangement: Arrangement) -> Tensor:
    style, variant = torch.eye(4)[:1], torch.tensor([0])
    return (
        arranged([arrangement], (32, 32), CPU, style=style, variant=variant)()
        .detach()
        .mean((0, 2, 3))
    )


class TestMistakes:
    def test_an_unknown_thing_is_refused_with_a_hint(self):
        with pytest.raises(SpecError, match=r"'hous' is no thing .*did you mean 'house'"):
            Scene(arrangements=(one("hous"),)).build(CPU, (0,))

    def test_an_unknown_place_is_refused_with_a_hint(self):
        with pytest.raises(SpecError, match=r"'montains' is no place .*did you mean 'mountains'"):
            Scene(arrangements=(Arrangement(things=(), place="montains"),)).build(CPU, (0,))

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Thing(name="pear", colour="redd"), "'redd' is unknown"),
            (lambda: Thing(name="pear", size=9.0), "it must be 0.02 to 2"),
            (lambda: Arrangement(things=(), first="?"), "'?' is unknown"),
            (lambda: Arrangement(things=(), second=""), "'' is unknown"),
            (lambda: Scene(arrangements=()), "needs at least one"),
            (lambda: Scene(arrangements=(one("pear"),), size=(0, 5)), "not a width and a height"),
            (lambda: Scene(arrangements=(one("pear"),), vary=4.0), "outside 0 to 3"),
        ],
        ids=["colour", "size-of-thing", "first", "second", "empty", "size", "vary"],
    )
    def test_what_makes_no_sense_is_refused_where_it_enters(self, make, message):
        with pytest.raises(SpecError) as caught:
            make()
        assert message in str(caught.value)

    def test_it_cannot_start_from_a_picture(self):
        made = Scene(arrangements=(one("pear"),), size=(8, 8)).build(CPU, (0,))
        with pytest.raises(NotImplementedError, match="SceneCanvas cannot start from a picture"):
            made.encode_(torch.zeros(1, 3, 8, 8))

    def test_a_scene_survives_json(self):
        scene = Scene(arrangements=(two("pear", "owl"), one("car", colour="red")), style="blob")
        assert from_json(to_json(scene), Scene) == scene
