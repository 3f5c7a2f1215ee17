"""Faces by what is said of them."""

import dataclasses
from collections.abc import Sequence

import pytest
import torch

from nets import small_stylegans as small
from reverie.canvas.portrait import MODEL, Portrait, space
from reverie.canvas.stylegan import StyleGAN
from reverie.device import machine
from reverie.errors import SpecError
from reverie.nets.stylegans import frozen
from reverie.spec import from_json, to_json
from reverie.weights.stylegan_layouts import stylegan_layout

CPU = machine("cpu", "fp32")


def drawn(*traits: str, seeds: Sequence[int] = (3,)) -> torch.Tensor:
    canvas = StyleGAN(model=MODEL, start=Portrait(traits=traits)).build(CPU, seeds)
    with torch.no_grad():
        return canvas()


def colour(picture: torch.Tensor, left: float, top: float, side: float = 0.06) -> torch.Tensor:
    """The median colour of a square of one picture; places and sides in parts of it."""
    n = picture.shape[-1]
    at = [round(n * where) for where in (top, top + side, left, left + side)]
    return picture[0, :, at[0] : at[1], at[2] : at[3]].flatten(1).median(1).values


def test_a_face_has_the_colours_that_are_said() -> None:
    red, green, blue = colour(drawn("background=red"), 0.03, 0.3)
    assert red > green + 0.2 and red > blue + 0.2
    red, green, blue = colour(drawn("hair_colour=green", "hair_style=long"), 0.47, 0.16)
    assert green > red + 0.15 and green > blue + 0.15


def test_what_is_not_said_differs_from_seed_to_seed() -> None:
    one, other = drawn("hat=crown", seeds=(3, 4))
    assert (one - other).abs().mean() > 0.02


def test_a_picture_of_a_batch_is_that_of_its_own_seed() -> None:
    pair = drawn("kind=witch", seeds=(5, 6))
    assert torch.allclose(pair[1:], drawn("kind=witch", seeds=(6,)), atol=1e-5)


def test_a_character_is_what_it_usually_is_unless_something_else_is_said() -> None:
    known = space()
    assert known.ordinary("witch")["hat"] == "witch hat"
    plain, other = drawn("kind=witch"), drawn("kind=witch", "hat=none")
    assert (plain - other)[..., :30, :].abs().mean() > 0.03


def test_numbers_come_back_from_the_points_of_faces() -> None:
    known = space()
    faces = [known.ordinary("vampire"), {"skin": "green"}, {}]
    wanted = torch.stack([known.numbers(face) for face in faces])
    back = known.of_points(known.points(wanted))
    chosen = slice(0, len(known.mean) - len(known.measures))
    assert torch.allclose(back[:, chosen], wanted[:, chosen], atol=0.02)  # halves of floats


@pytest.mark.parametrize(
    ("trait", "said"),
    [
        ("hair=red", "hair_colour"),
        ("hair_colour=crimson", "red"),
        ("red", "ATTRIBUTE=VALUE"),
        ("hat=crown", "said twice"),
    ],
)
def test_what_is_no_trait_is_refused_with_what_there_is(trait: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        drawn("hat=none", trait)


def test_no_other_network_can_be_told_what_to_draw() -> None:
    layout, fields = stylegan_layout(*small.stylegan2(), "small")
    with pytest.raises(SpecError, match="seed:7"):
        Portrait(traits=("hat=crown",)).draw(frozen(fields, layout), None, [0])


def test_traits_survive_a_recipe() -> None:
    start = Portrait(traits=("kind=vampire", "hat=none"), guessed=True)
    assert from_json(to_json(start), Portrait) == start
    assert dataclasses.replace(start, guessed=False) != start
