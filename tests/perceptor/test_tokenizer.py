import gzip
import os
import warnings
from pathlib import Path

import pytest
import torch

from reverie.errors import WeightsError
from reverie.perceptor.tokenizer import PromptWarning, Tokenizer

MERGES = "#version: 0.2\nf o\nfo x</w>\no x</w>\na </w>\n"
DATA = Path(os.environ.get("REVERIE_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def merges(tmp_path: Path) -> Path:
    file = tmp_path / "merges.txt"
    file.write_text(MERGES)
    return file


def test_merges_are_done_in_the_order_of_the_file(merges: Path) -> None:
    assert Tokenizer(merges, 10, 518).encode("fox ox") == [513, 514]


def ids_of(letters: str, offset: int = 0) -> list[int]:
    return [ord(letter) - ord("!") + offset for letter in letters]


def test_without_merges_words_are_letters_and_the_last_one_is_marked(merges: Path) -> None:
    assert Tokenizer(merges, 10, 514).encode("fox") == [*ids_of("fo"), *ids_of("x", 256)]


def test_only_as_many_merges_are_used_as_the_network_knows(merges: Path) -> None:
    assert Tokenizer(merges, 10, 515).encode("fox") == [512, *ids_of("x", 256)]


def test_case_space_entities_and_broken_text_do_not_matter(merges: Path) -> None:
    tokenizer = Tokenizer(merges, 10, 518)
    want = tokenizer.encode("fox & café")
    for text in ("  FOX \n&amp;amp;  Café ", "fox &amp; cafÃ©"):
        assert tokenizer.encode(text) == want
    assert tokenizer.encode("<b> fox &amp;amp; ox") == tokenizer.encode("<b> fox & ox")


def test_a_row_is_start_words_end_and_zeros(merges: Path) -> None:
    rows = Tokenizer(merges, 6, 518).tokens(["fox", "fox fox"])
    assert rows.tolist() == [[516, 513, 517, 0, 0, 0], [516, 513, 513, 517, 0, 0]]
    assert rows.dtype == torch.long


def test_a_prompt_that_is_too_long_is_cut_and_the_lost_words_are_named(merges: Path) -> None:
    tokenizer = Tokenizer(merges, 5, 518)
    with pytest.warns(PromptWarning, match="'Zed, fox' at its end was dropped".lower()):
        rows = tokenizer.tokens(["fox fox Zed, fox"])
    assert rows[0, 0] == 516 and rows[0, -1] == 517
    assert rows[0, 1:3].tolist() == [513, 513]
    with pytest.warns(PromptWarning, match="so 'ox' at its end"):
        tokenizer.tokens(["fox fox fox ox"])


def test_a_prompt_that_just_fits_gives_no_warning(merges: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tokenizer(merges, 5, 518).tokens(["fox fox fox"])


def test_a_network_of_few_ids_is_spoken_to_in_bytes_without_a_file() -> None:
    tokenizer = Tokenizer(None, 8, 256)
    assert tokenizer.encode("Fox a") == ids_of("foxa")
    assert max(tokenizer.encode("à 狐 \xad")) < 254
    assert tokenizer.tokens(["fox"]).tolist() == [[254, *ids_of("fox"), 255, 0, 0, 0]]


def test_a_missing_broken_or_short_vocabulary_says_what_to_do(tmp_path: Path, merges: Path) -> None:
    broken = tmp_path / "broken.gz"
    broken.write_bytes(b"\x1f\x8bnonsense")
    cases = ((None, 514), (tmp_path / "none.txt", 514), (broken, 514), (merges, 49408))
    for file, size in cases:
        with pytest.raises(WeightsError, match="reverie models pull clip-bpe") as caught:
            Tokenizer(file, 77, size)
        assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def real() -> Tokenizer:
    file = DATA / "clip-bpe" / "bpe_simple_vocab_16e6.txt.gz"
    if not file.exists():
        pytest.skip(f"CLIP's vocabulary is not at {file} (REVERIE_DATA names its folder)")
    return Tokenizer(file, 77, 49408)


def test_a_merges_file_is_read_like_the_packed_vocabulary(real: Tokenizer, tmp_path: Path) -> None:
    packed = DATA / "clip-bpe" / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(packed.read_bytes()).decode().split("\n")[: 48894 + 1]
    (tmp_path / "merges.txt").write_text("\n".join(lines) + "\n")
    plain = Tokenizer(tmp_path / "merges.txt", 77, 49408)
    text = "a lighthouse in the fog, oil on canvas; 狐 🦊 don't"
    assert plain.encode(text) == real.encode(text)
