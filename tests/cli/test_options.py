"""Sizes, rates, durations and settings are read as people write them."""

import pytest
from cyclopts import Token

from reverie.cli.options import read_duration, read_number, read_setting, read_size
from reverie.errors import SpecError


def read(reader, text):
    return reader(None, [Token(value=text)])


def test_a_size_is_width_x_height_or_one_side():
    assert read(read_size, "512x384") == (512, 384)
    assert read(read_size, "512X384") == read(read_size, "512,384") == (512, 384)
    assert read(read_size, "256") == (256, 256)
    with pytest.raises(ValueError, match="WIDTHxHEIGHT.*not '512by384'"):
        read(read_size, "512by384")


def test_a_rate_is_a_number_or_goes_from_one_to_another():
    assert read(read_number, "0.3") == 0.3
    assert read(read_number, "0.3..0.05") == (0.3, 0.05)
    assert read(read_number, "1e-2..1e-3") == (0.01, 0.001)
    for bad in ("fast", "1..2..3", ".."):
        with pytest.raises(ValueError, match="FROM..TO"):
            read(read_number, bad)


def test_a_duration_has_units():
    assert [read(read_duration, t) for t in ("90", "90s", "5m", "1h30m", "1.5s")] == [
        90, 90, 300, 5400, 1.5,
    ]  # fmt: skip
    for bad in ("", "soon", "5 minutes"):
        with pytest.raises(ValueError, match="such as 90s"):
            read(read_duration, bad)


def test_a_setting_begins_at_the_stage_and_its_value_is_json_a_pair_or_words():
    assert read_setting("canvas.decay=1.2") == ("stages[0].canvas.decay", 1.2)
    assert read_setting("seed=3") == ("seed", 3)
    assert read_setting("stages[1].steps=5") == ("stages[1].steps", 5)
    assert read_setting("optimizer.lr=0.3..0.1") == ("stages[0].optimizer.lr", [0.3, 0.1])
    assert read_setting("losses.prompts.distance=cosine")[1] == "cosine"
    with pytest.raises(SpecError, match="write PATH=VALUE"):
        read_setting("decay")
