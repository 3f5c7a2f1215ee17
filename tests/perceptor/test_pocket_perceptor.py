"""The perceptors in the package see and read as any other, and say what they do not know."""

import hashlib

import pytest
import torch
from PIL import Image as Pil

from perceptor.pocket_models import shipped
from reverie.device import machine
from reverie.errors import WeightsError
from reverie.perceptor import compare
from reverie.perceptor.pocket import Pocket, reading, tokenizer, told, understood
from reverie.protocols import Perceptor
from reverie.spec import from_json, to_json
from reverie.weights import pocket

CPU = machine("cpu", "fp32")


@pytest.fixture(params=["pocket-clip", "pocket-judge"])
def perceptor(request):
    return Pocket(model=shipped(request.param)).build(CPU)


def cosine(perceptor, one, other):
    first, second = perceptor.encode_text([one, other])
    return float(first @ second)


def test_a_text_among_others_gives_the_same_vector_as_alone(perceptor):
    texts = ["a fox", "three red apples on a blue table at night", "zzxqy", ""]
    together = perceptor.encode_text(texts)
    for text, row in zip(texts, together, strict=True):
        torch.testing.assert_close(perceptor.encode_text([text])[0], row, rtol=0, atol=1e-5)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(4))


def test_a_near_word_gives_the_vector_of_the_known_one(perceptor):
    assert cosine(perceptor, "a canine", "a dog") > 1 - 1e-5
    assert cosine(perceptor, "a cat", "a dog") < 0.99


def test_unknown_words_differ_by_their_spelling(perceptor):
    assert cosine(perceptor, "a zzxqy", "a brflkt") < 0.999


@pytest.mark.parametrize("nothing", ["", "!!!", "日本"])
def test_a_text_without_known_letters_is_finite(perceptor, nothing):
    assert perceptor.encode_text([nothing, "a cat"]).isfinite().all()


def test_what_is_not_read_as_it_stands_is_told():
    assert understood(["a red apple"]) == ""
    said = understood(["a canine", "a zzxqy canine"])
    assert said == 'reading "canine" as "dog"; I do not know "zzxqy"'
    assert said == told(reading(["a canine", "a zzxqy canine"]))


def test_every_near_word_leads_to_words_that_are_known():
    words = tokenizer()
    lost = {
        asked: known
        for asked, known in words.nearest.items()
        if asked not in words.vocabulary and words.read(known).guessed
    }
    assert len(lost) < 0.01 * len(words.nearest), lost


def test_a_picture_is_seen_in_its_middle_square(perceptor):
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (90, 200, 3), dtype=torch.uint8, generator=rng)
    wide = perceptor.prepare(Pil.fromarray(pixels.numpy()))
    middle = perceptor.prepare(Pil.fromarray(pixels[:, 55:145].contiguous().numpy()))
    side = perceptor.size
    assert wide.shape == (3, side, side) and wide.min() >= 0 and wide.max() <= 1
    assert torch.equal(wide, middle)


def test_colour_stays_where_it_is_when_a_picture_is_prepared(perceptor):
    picture = Pil.new("RGB", (31, 17), (255, 0, 51))
    seen = perceptor.prepare(picture)
    want = torch.tensor([1.0, 0.0, 0.2])[:, None, None].expand_as(seen)
    torch.testing.assert_close(seen, want, rtol=0, atol=1e-3)


def test_it_can_classify(perceptor, tmp_path):
    Pil.new("RGB", (40, 40), (255, 0, 0)).save(tmp_path / "red.png")
    table = compare.classify(perceptor, [str(tmp_path / "red.png")], ["red", "blue"])
    assert isinstance(perceptor, Perceptor)
    torch.testing.assert_close(table.sum(1), torch.ones(1))


def test_half_precision_sees_nearly_the_same(perceptor):
    name = next(
        n for n in ("pocket-clip", "pocket-judge") if Pocket(model=n).build(CPU) is perceptor
    )
    views = torch.rand(
        2, 3, perceptor.size, perceptor.size, generator=torch.Generator().manual_seed(0)
    )
    half = Pocket(model=name).build(machine("cpu", "bf16")).encode_image(views)
    assert half.dtype == torch.float32
    assert ((half * perceptor.encode_image(views)).sum(1) > 0.99).all()


def test_a_model_is_built_once_for_a_machine():
    assert Pocket().build(CPU) is Pocket().build(CPU)
    assert Pocket().build(CPU) is not Pocket().build(machine("cpu", "bf16"))


def test_its_digest_is_that_of_its_file():
    want = hashlib.sha256((pocket.FOLDER / "clip.safetensors").read_bytes()).hexdigest()
    assert Pocket().digests() == {"pocket-clip": want}


def test_a_model_that_is_not_in_the_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(pocket, "FOLDER", tmp_path)
    with pytest.raises(WeightsError, match="pocket-judge: the package was installed without"):
        Pocket(model="pocket-judge").digests()


def test_it_survives_json():
    assert from_json(to_json(Pocket(model="pocket-judge")), Pocket) == Pocket(model="pocket-judge")
