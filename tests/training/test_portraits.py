import re

import pytest
import torch

from training import portraits
from training.portrait_traits import HUES, Portraits


@pytest.fixture(scope="module")
def people() -> Portraits:
    return portraits.sample(600, draws(0))


def draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def captions(people: Portraits, seed: int = 1) -> list[str]:
    stream = draws(seed)
    return [portraits.caption(people, index, stream).lower() for index in range(len(people))]


def test_the_same_seed_gives_the_same_people_and_words(people: Portraits):
    again = portraits.sample(600, draws(0))
    assert all(again.named(index) == people.named(index) for index in range(0, 600, 40))
    assert captions(again) == captions(people)
    assert captions(people, seed=2) != captions(people)


def test_a_batch_of_many_is_the_pictures_of_one_each(people: Portraits):
    some = people.rows(slice(0, 40))
    together = portraits.draw(some, 32)
    alone = torch.cat([portraits.draw(some.rows(slice(i, i + 1)), 32) for i in range(40)])
    assert together.shape == (40, 3, 32, 32)
    assert together.dtype == torch.float32
    assert torch.allclose(together, alone, atol=1e-4)
    assert together.min() >= 0 and together.max() <= 1


def test_nobody_gives_an_empty_batch():
    assert portraits.draw(portraits.sample(0, draws(0)), 16).shape == (0, 3, 16, 16)


def test_no_tensor_stays_behind_on_another_device(people: Portraits):
    assert portraits.draw(people.rows(slice(0, 8)), 16, "meta").device.type == "meta"


@pytest.mark.parametrize("name", [*portraits.ATTRIBUTES, "yaw", "pitch", "light", "jaw", "line"])
def test_every_attribute_shows_in_the_picture(name: str, people: Portraits):
    some = people.rows(people.where(kind="person", hat="none", eyewear="none")[:8])
    if name == "hat_colour":
        some = people.rows(people.where(hat="beanie")[:8])
    values = some.__dict__ | {"gender": torch.zeros(len(some), dtype=torch.long)}
    low, high = (0, 1) if name in portraits.ATTRIBUTES else (0.0, 1.0)
    kinds = portraits.ATTRIBUTES.get(name, ())
    high = kinds.index("robot") if name == "kind" else high
    one, other = (
        portraits.draw(Portraits(**values | {name: torch.full((len(some),), end)}), 32)
        for end in (low, high)
    )
    assert (one - other).abs().amax(dim=(1, 2, 3)).max() > 0.02


def test_the_background_is_the_colour_it_is_called(people: Portraits):
    rows = people.where(backdrop="plain", kind="person", hat="none")[:20]
    some = people.rows(rows)
    corner = portraits.draw(some, 32)[:, :, 0, 0]
    wanted = torch.tensor(list(HUES.values()))[some.background]
    assert torch.allclose(corner, wanted.clamp(0, 1), atol=0.1)


def test_babies_and_women_have_no_beards_unless_they_are_characters(people: Portraits):
    assert len(people.where(kind="person", gender="female")) > 50
    bearded = ("stubble", "moustache", "goatee", "beard", "bushy beard")
    assert not len(people.where(kind="person", gender="female", beard=bearded))
    assert not len(people.where(kind="person", age=("baby", "child"), beard=bearded))
    assert len(people.where(kind="person", gender="male", beard=bearded)) > 20


def test_characters_look_their_part(people: Portraits):
    assert len(people.where(kind="vampire")) > 5
    for kind, look in {
        "vampire": {"skin": "pale", "fangs": "fangs", "clothes": "cape"},
        "witch": {"hat": "witch hat", "gender": "female"},
        "king": {"hat": "crown", "hat_colour": "yellow"},
        "devil": {"skin": "red", "top": "horns"},
        "pirate": {"eyewear": "eyepatch"},
    }.items():
        assert len(people.where(kind=kind, **look)) == len(people.where(kind=kind))


def test_no_hair_is_told_of_under_a_hood(people: Portraits):
    hooded = people.rows(people.where(hat="hood"))
    assert len(hooded) > 10
    told = [text for seed in range(5) for text in captions(hooded, seed)]
    assert not [text for text in told if re.search(r"\b(hair|haired|bald|curls|earrings)\b", text)]


def test_no_eyes_are_told_of_behind_sunglasses(people: Portraits):
    hidden = people.rows(people.where(eyewear="sunglasses"))
    assert len(hidden) > 10
    told = [text for seed in range(5) for text in captions(hidden, seed)]
    assert not [text for text in told if re.search(r"\b(eyes|eye|eyed)\b", text)]


def test_a_colour_in_words_is_a_colour_in_the_picture(people: Portraits):
    told = 0
    for index, text in enumerate(captions(people)):
        if found := re.search(r"(\w+) eyes\b", text):
            named = people.named(index)["eye_colour"].split()
            alike = {"gray": "grey", "violet": "purple"}
            assert alike.get(found[1], found[1]) in named
            told += 1
    assert told > 100


def test_the_vocabulary_holds_every_word_and_little_else(people: Portraits):
    said = {
        word
        for seed in range(8)
        for text in captions(people, seed)
        for word in re.findall("[a-z]+", text)
    }
    known = portraits.vocabulary()
    assert said <= known
    assert len(known - said) < 0.1 * len(known)


def test_wordings_are_many(people: Portraits):
    assert len(set(captions(people))) > 0.9 * len(people)
