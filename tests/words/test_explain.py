"""What a perceptor sees of a prompt: what it reads and drops, and which words count."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
import torch
import torch.nn.functional as F

from perceptor.pocket_models import shipped
from perceptor.tiny_clip import tiny_clip
from reverie.device import machine
from reverie.errors import PromptError
from reverie.perceptor.clip import ClipPerceptor
from reverie.perceptor.pocket import Pocket
from reverie.perceptor.reading import Read, Reads, spans
from reverie.perceptor.tokenizer import Tokenizer
from reverie.protocols import digest
from reverie.words.explain import Explained, explain
from reverie.words.near import felt_like, spelled_like

DATA = Path(os.environ.get("REVERIE_DATA", Path(__file__).parents[3] / "shared" / "data"))
VOCABULARY = ["a", "fox", "foxes", "red", "fog", "owl", "lighthouse", "house", "green", "oil"]


class Plain:
    """Every word has a direction of its own, of a length that is the number of its letters; a text
    is the sum of its words."""

    size = 8

    def encode_image(self, views: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def encode_text(self, texts: Sequence[str]) -> torch.Tensor:
        return F.normalize(torch.stack([self._sum(self.known(text)) for text in texts]), dim=1)

    def known(self, text: str) -> list[str]:
        return text.split()

    def _sum(self, words: list[str]) -> torch.Tensor:
        rows = [len(word) * self._direction(word) for word in words]
        return torch.stack([0.01 * torch.ones(64), *rows]).sum(0)

    def _direction(self, word: str) -> torch.Tensor:
        rng = torch.Generator().manual_seed(digest(word))
        return F.normalize(torch.randn(64, generator=rng), dim=0)


class Telling(Plain):
    """One that reads four words in small letters, without marks, and says so."""

    room = 4
    unit = "words"
    vocabulary: ClassVar[dict[str, str]] = {word: word for word in VOCABULARY} | {"vixen": "fox"}

    def known(self, text: str) -> list[str]:
        return [piece for read in self.read(text) for piece in read.pieces][: self.room]

    def read(self, text: str) -> list[Read]:
        return [self._read(text, start, end) for start, end in spans(text)]

    def _read(self, text: str, start: int, end: int) -> Read:
        word = "".join(letter for letter in text[start:end].lower() if letter.isalnum())
        known = self.vocabulary.get(word)
        return Read(
            start=start,
            end=end,
            pieces=(known or word,) if word else (),
            instead=((word, known),) if known and known != word else (),
            unknown=(word,) if word and not known else (),
        )


def only(perceptor: Plain, text: str) -> Explained:
    ((one,),) = explain(perceptor, text).scenes
    return one


def distance(perceptor: Plain, one: str, two: str) -> float:
    rows = perceptor.encode_text([one, two]).double()
    return 1 - (rows[0] @ rows[1]).item()


def test_the_pull_of_a_word_is_how_far_the_rest_is_from_the_whole() -> None:
    for perceptor in (Plain(), Telling()):
        one = only(perceptor, "a red fox")
        rests = {"a": "red fox", "red": "a fox", "fox": "a red"}
        assert [word.written for word in one.words] == [*rests]
        for word in one.words:
            want = distance(perceptor, "a red fox", rests[word.written])
            assert word.pull == pytest.approx(want, abs=1e-6) and want > 0.01


def test_words_stand_as_they_were_written_and_where_and_a_repeated_one_twice() -> None:
    one = only(Telling(), "Fox, (red) fox")
    assert [word.written for word in one.words] == ["Fox", "red", "fox"]
    assert [word.pieces for word in one.words] == [("fox",), ("red",), ("fox",)]
    assert one.used == 3


def test_what_stands_between_commas_is_left_out_as_one() -> None:
    perceptor = Plain()
    text = "a red fox, green oil, fog"
    phrases = {p.written: p.pull for p in only(perceptor, text).phrases}
    rests = {"a red fox": "green oil, fog", "green oil": "a red fox, fog"}
    rests |= {"fog": "a red fox, green oil"}
    assert [*phrases] == [*rests]
    for phrase, rest in rests.items():
        assert phrases[phrase] == pytest.approx(distance(perceptor, text, rest), abs=1e-6)
    words = only(perceptor, text).words
    assert words[-1].pull == phrases["fog"]  # with its comma
    rest = distance(perceptor, text, "a red , green oil, fog")  # a comma that parts others stays
    assert words[2].pull == pytest.approx(rest, abs=1e-6)


@pytest.mark.parametrize("text", ["a red fox", "a red fox,", "fox, fog", "1,000 red owls"])
def test_phrases_are_told_only_where_they_say_more_than_the_words(text: str) -> None:
    assert only(Plain(), text).phrases == ()


def test_a_comma_too_many_is_no_phrase() -> None:
    told = only(Plain(), "a fox, , an owl ,,oil").phrases
    assert [phrase.written for phrase in told] == ["a fox", "an owl", "oil"]


def test_a_number_is_not_cut_at_its_comma_and_words_without_spaces_are() -> None:
    text = "1,000 red,green;fog, owl"
    words = [text[start:end] for start, end in spans(text)]
    assert words == ["1,000", "red,", "green;", "fog,", "owl"]
    signs = [text[start:end] for text in ["红狐,a 狸fox狐"] for start, end in spans(text, True)]
    assert signs == ["红", "狐,", "a", "狸", "fox", "狐"]


def test_what_there_is_no_room_for_is_named_and_does_not_move_up_into_the_room() -> None:
    perceptor = Telling()
    one = only(perceptor, "a red fox owl lighthouse, green fog")
    assert [word.fate for word in one.words] == ["read"] * 4 + ["lost"] * 3
    assert (one.used, one.dropped) == (7, "lighthouse, green fog")
    assert [word.pull for word in one.words[4:]] == [0, 0, 0]
    assert only(perceptor, "a red fox owl zyx").words[4].unknown == ()
    without = distance(perceptor, "a red fox owl", "red fox owl")
    assert one.words[0].pull == pytest.approx(without, abs=1e-6)


def test_marks_emoji_and_capitals_are_named_where_they_change_nothing() -> None:
    one = only(Telling(), "A red-fox 🦊, 👩‍🚀!!!")
    assert one.unseen == ("-", "🦊", ",", "👩‍🚀", "!") and one.caseless
    assert [word.fate for word in one.words][-2:] == ["unseen", "unseen"]
    assert all(word.pull == 0 for word in one.words[-2:])
    seen = only(tiny_clip(), "A fox, 🦊")
    assert seen.unseen == () and seen.caseless
    assert not only(tiny_clip(), "a fox").caseless


def test_marks_alone_are_nothing_to_one_and_tokens_to_another() -> None:
    nothing = only(Telling(), "!!! ???")
    assert nothing.used == 0 and {word.fate for word in nothing.words} == {"unseen"}
    tokens = only(tiny_clip(), "!!! ???")
    assert tokens.used == 6 and all(word.pull > 0 for word in tokens.words)


def test_one_word_is_held_against_no_words() -> None:
    (word,) = only(Telling(), "fox").words
    assert word.pull == pytest.approx(distance(Telling(), "fox", ""), abs=1e-6)


def test_a_word_that_is_read_as_another_says_so() -> None:
    one = only(Telling(), "a vixen")
    assert [word.fate for word in one.words] == ["read", "instead"]
    assert one.words[1].instead == (("vixen", "fox"),)


def test_an_unknown_word_has_the_known_ones_near_to_it() -> None:
    perceptor = Telling()
    (word,) = only(perceptor, "lighthuose").words
    assert word.fate == "unknown" and word.unknown[0].spelled == ("lighthouse",)
    felt = dict(word.unknown[0].felt)
    assert len(felt) == 3 and [*felt.values()] == sorted(felt.values(), reverse=True)
    assert max(felt.values()) == pytest.approx(
        max(1 - distance(perceptor, "lighthuose", known) for known in VOCABULARY), abs=1e-6
    )


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("lighthuose", "lighthouse"), ("lighthose", "lighthouse"), ("ligththouse", "lighthouse"),
     ("fgo", "fog"), ("foxx", "fox"), ("grean", "green"), ("lightnouse", "lighthouse")],
)  # fmt: skip
def test_a_slip_leads_to_the_word_that_was_meant(slip: str, meant: str) -> None:
    assert spelled_like(slip, VOCABULARY) == (meant,)


@pytest.mark.parametrize("word", ["mouse", "zzz", "box", "лиса", "fo", "lighter"])
def test_a_right_word_is_no_slip_of_another(word: str) -> None:
    assert spelled_like(word, VOCABULARY) == ()


def test_a_missing_letter_is_likelier_than_one_too_many_and_one_form_is_enough() -> None:
    assert spelled_like("grean", ["gean", "gran", "green"]) == ("green", "gean", "gran")
    assert spelled_like("foxs", VOCABULARY) == ("fox",)


def test_near_words_are_those_that_are_read_as_they_stand_without_their_plurals() -> None:
    perceptor = Telling()
    (near,) = felt_like(perceptor, ["fox"], perceptor.vocabulary, count=99)
    assert near[0] == ("fox", pytest.approx(1))
    assert sorted(word for word, _ in near) == sorted({*VOCABULARY} - {"foxes"})


def test_a_name_of_the_library_is_no_slip() -> None:
    class Drinking(Telling):
        vocabulary: ClassVar[dict[str, str]] = {"moet": "moet"}

    (mone, monet) = only(Drinking(), "moeet Monet").words
    assert mone.unknown[0].spelled == ("moet",) and monet.unknown[0].spelled == ()


def test_weights_scenes_pictures_and_seeds_are_kept_and_only_words_are_read() -> None:
    told = explain(Telling(), "a fox:2 | noise:3 ^ x.png | an owl + y.jpg")
    (fox, noise), (picture, both) = told.scenes
    assert fox.prompt.weight == 2 and [word.written for word in fox.words] == ["a", "fox"]
    assert noise.prompt.noise == 3 and noise.words == () and noise.used is None
    assert picture.prompt.picture == "x.png" and picture.words == ()
    assert both.prompt.picture == "y.jpg" and len(both.words) == 2


def test_a_line_that_cannot_be_read_is_refused_as_everywhere() -> None:
    for text in ("", "a fox | ", "a fox:"):
        with pytest.raises(PromptError):
            explain(Plain(), text)


def test_modifiers_are_found_inside_of_phrases_the_longest_first() -> None:
    one = only(Plain(), "a starry night in pastel colours, by Monet")
    names = [found.modifier.name for found in one.modifiers]
    assert names == ["starry night", "pastel colours", "Claude Monet"]
    assert only(Plain(), "a church, turner").modifiers == ()  # painters, but nobody says "by"


def test_a_modifier_that_is_not_known_or_not_reached_says_so() -> None:
    oil, fog = only(Telling(), "a fox, oil painting, fog").modifiers
    assert (oil.unknown, oil.dropped) == (("painting",), False)
    assert (fog.modifier.name, fog.unknown, fog.dropped) == ("fog", (), True)
    (fog,) = only(Telling(), "fog, a red fox, fog").modifiers
    assert not fog.dropped


def test_one_that_does_not_say_how_it_reads_is_asked_for_pulls_alone() -> None:
    told = explain(Plain(), "a red fox!")
    ((one,),) = told.scenes
    assert (told.room, told.unit, one.used, one.unseen) == (None, None, None, ())
    assert all(word.fate == "read" and word.pieces == () for word in one.words)


def test_a_clip_is_told_of_in_tokens_and_a_word_may_be_cut() -> None:
    perceptor = tiny_clip()  # 38 letters
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = explain(perceptor, f"fox, {'x' * 32} abcdef owl")
    ((one,),) = told.scenes
    assert (told.unit, told.room, one.used) == ("tokens", 38, 45)
    assert one.words[0].pieces == ("f", "o", "x", ",")
    assert [word.fate for word in one.words] == ["read", "read", "cut", "lost"]
    ((late,),) = explain(perceptor, f"{'x' * 35} fox, owl").scenes
    assert [word.fate for word in late.words] == ["read", "read", "lost"]  # but for its comma


@pytest.fixture(scope="module")
def real() -> ClipPerceptor:
    file = DATA / "clip-bpe" / "bpe_simple_vocab_16e6.txt.gz"
    if not file.exists():
        pytest.skip(f"CLIP's vocabulary is not at {file} (REVERIE_DATA names its folder)")
    perceptor = tiny_clip()
    perceptor.tokenizer = Tokenizer(file, 77, 49408)
    return perceptor


def test_tokens_are_shown_by_word_in_their_letters(real: ClipPerceptor) -> None:
    text = "A lighthuose, steampunk café (oil)! 🦊 狐 &amp; <|endoftext|>"
    pieces = [read.pieces for read in real.read(text)]
    assert pieces[1:5] == [("ligh", "thu", "ose", ","), ("steampunk",), ("café",),
                           ("(", "oil", ")!")]  # fmt: skip
    assert pieces[5] == (r"\xf0\x9f\xa6", r"\x8a") and pieces[7:] == [("&",), ("<|endoftext|>",)]
    assert sum(map(len, pieces)) == len(real.tokenizer.encode(text)) and real.room == 75


def test_the_pocket_model_tells_how_it_reads() -> None:
    perceptor = Pocket(model=shipped("pocket-clip")).build(machine("cpu", "fp32"))
    assert isinstance(perceptor, Reads)
    told = explain(perceptor, "a crimson lighthuose 🦊")
    ((one,),) = told.scenes
    assert (told.room, told.unit, told.spells, one.used) == (32, "words", True, 3)
    assert [word.fate for word in one.words] == ["read", "instead", "unknown", "unseen"]
    assert one.words[2].unknown[0].spelled == ("lighthouse",)
    assert one.unseen == ("🦊",)
    ((marks,),) = explain(perceptor, "a red-brown fox.").scenes
    assert marks.unseen == ("-", ".") and marks.words[1].pieces == ("red", "brown")
