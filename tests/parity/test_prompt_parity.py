"""Prompts split as the original splits them, wherever the original gives an answer with words."""

from pathlib import Path

import pytest

from parity.golden import config, families
from reverie.errors import PromptError
from reverie.prompt import parse


@pytest.mark.parametrize("folder", families("loss-vqgan-clip"), ids=lambda folder: folder.name)
def test_text_weight_and_stop_are_the_recorded_ones(folder: Path):
    for case in config(folder)["split_prompt"]:
        if "error" in case or not case["text"].strip():
            with pytest.raises(PromptError):  # an error there too, or words that are empty
                parse(case["prompt"])
            continue
        ((prompt,),) = parse(case["prompt"])
        stop = float("-inf") if prompt.stop is None else prompt.stop
        assert (str(prompt), prompt.weight, stop) == (
            case["text"],
            float(case["weight"]),
            float(case["stop"]),
        )
