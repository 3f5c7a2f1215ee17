"""What of a face words speak of."""

import dataclasses

import pytest
import torch

from reverie import prompt as prompts
from reverie.canvas.portrait import MODEL, Portrait, space
from reverie.canvas.stylegan import StyleGAN
from reverie.errors import SpecError
from reverie.recipes import RECIPES, faces
from reverie.recipes.clip_stylegan import SMALL
from reverie.recipes.portrait_words import colours_said, is_named
from reverie.recipes.portraits import described, portrait, traits_for
from reverie.recipes.saved import reworded

CANVAS = StyleGAN(model=MODEL)


def guess(words: str) -> dict[str, str]:
    loss = faces.wanted(prompts.parse(words), "pocket-clip", SMALL, None, "auto", "cosine")
    return space().checked(described(CANVAS, loss).traits)


def test_colours_belong_to_what_follows_them() -> None:
    said = "long red hair, blue eyes and a green pointed hat"
    assert colours_said("a black top hat", space())[0] == {"hat_colour": "black"}
    bound, free = colours_said(said, space())
    assert bound == {"hair_colour": "red", "eye_colour": "blue", "hat_colour": "green"}
    assert not free


def test_a_colour_of_nothing_in_particular_is_free() -> None:
    bound, free = colours_said("a green witch with a pointed hat", space())
    assert not bound and free == {"green"}


def test_a_colour_is_called_as_its_attribute_calls_it() -> None:
    assert colours_said("a golden beard", space())[0] == {"hair_colour": "blonde"}
    assert colours_said("pale skin and yellow eyes", space())[0] == {
        "skin": "pale",
        "eye_colour": "glowing yellow",
    }


def test_a_face_has_what_the_words_name() -> None:
    face = guess("an angry woman with green hair")
    assert (face["gender"], face["mouth"], face["hair_colour"]) == ("female", "angry", "green")


def test_a_character_comes_with_all_that_belongs_to_it() -> None:
    face = guess("an old witch")
    assert (face["kind"], face["hat"]) == ("witch", "witch hat")


def test_a_person_is_no_character() -> None:
    assert guess("a woman with red hair").get("kind", "person") == "person"


def test_what_the_words_repel_is_not_what_the_face_has() -> None:
    assert guess("a man | glasses:-1")["eyewear"] == "none"


def test_other_words_guess_anew_but_what_a_user_said_stays() -> None:
    made = RECIPES["clip-stylegan"]("a king", model=MODEL, perceptor="pocket-clip")
    again = reworded(made, "an old witch")
    was, now = (recipe.stages[0].canvas for recipe in (made, again))
    assert isinstance(was, StyleGAN) and isinstance(now, StyleGAN)
    assert isinstance(was.start, Portrait) and "hat=crown" in was.start.traits
    assert isinstance(now.start, Portrait) and "hat=witch hat" in now.start.traits
    said = dataclasses.replace(was, start=Portrait(traits=("hat=crown",)))
    kept = dataclasses.replace(made.stages[0], canvas=said)
    again = reworded(dataclasses.replace(made, stages=(kept,)), "an old witch")
    assert again.stages[0].canvas == said


def test_only_the_network_in_the_package_is_told_what_to_draw() -> None:
    loss = faces.wanted(prompts.parse("a man"), "pocket-clip", SMALL, None, "auto", "cosine")
    with pytest.raises(SpecError, match="best:32"):
        portrait("guess", StyleGAN(model="elsewhere.pkl", size=(64, 64)), loss)


def rows_of(*faces: dict[str, str]) -> torch.Tensor:
    return torch.stack([space().numbers(space().ordinary("person") | face) for face in faces])


def test_an_edit_changes_what_is_named_and_nothing_else() -> None:
    people = rows_of({"gender": "male"}, {"hat": "cap"})
    assert traits_for("an angry face", people) == {"mouth": "angry"}
    assert traits_for("a face with green skin", people) == {"skin": "green"}
    assert set(traits_for("a face with glasses", people)) == {"eyewear"}


def test_what_is_said_outright_needs_no_perceptor() -> None:
    assert traits_for("hat=crown, mouth=sad", rows_of({})) == {"hat": "crown", "mouth": "sad"}
    with pytest.raises(SpecError, match="crown"):
        traits_for("hat=crow", rows_of({}))


def test_a_named_character_brings_all_that_belongs_to_it_but_its_hat_alone_does_not() -> None:
    assert traits_for("a vampire", rows_of({}))["clothes"] == "cape"
    assert "kind" not in traits_for("a person wearing a witch hat", rows_of({}))


def test_words_that_mean_nothing_change_nothing() -> None:
    assert not traits_for("xyzzy", rows_of({}))


def test_a_value_is_named_in_any_form() -> None:
    assert is_named("mouth", "smile", ["smiling"])
    assert is_named("eyewear", "round glasses", ["glasses"])
    assert not is_named("hat", "cap", ["cape"])


def test_what_many_things_can_be_is_said_of_what_is_spoken_of() -> None:
    people = rows_of({})
    assert traits_for("a face with red hair", people) == {"hair_colour": "red"}
    assert traits_for("a face with a long nose", people) == {"nose": "long"}
    assert "ears" not in traits_for("a woman with a pointed hat", people)


def test_a_mood_that_is_named_is_shown() -> None:
    assert guess("a sad woman")["mouth"] == "sad"


def test_a_word_that_names_a_trait_gives_it_even_where_it_hardly_shows() -> None:
    assert traits_for("a face with freckles", rows_of({"eyewear": "eyepatch", "hat": "crown"})) == {
        "freckles": "freckles"
    }
    assert traits_for("a face with a red nose", rows_of({})) == {"nose": "red"}


def test_a_hat_has_its_own_colour_unless_another_is_said() -> None:
    assert traits_for("a person wearing a crown", rows_of({}))["hat_colour"] == "yellow"
    assert traits_for("a person wearing a green crown", rows_of({}))["hat_colour"] == "green"
