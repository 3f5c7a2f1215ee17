"""Every recipe is data, is documented, paints, and is its own command line."""

import inspect
import json
import re
from pathlib import Path

import pytest
from safetensors.torch import save_file

from nets import small_stylegans as small_networks
from reverie.device import machine
from reverie.recipe import Recipe
from reverie.recipes import RECIPES
from reverie.run import Run
from reverie.spec import from_json, to_json
from reverie.weights import store

WEIGHTS = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")


@pytest.fixture(autouse=True, scope="module")
def a_quick_stylegan(tmp_path_factory):
    """Is the one that is installed, and so the one that recipes take."""
    home = tmp_path_factory.mktemp("store")
    tensors, config = small_networks.stylegan2()
    save_file({k: v.contiguous() for k, v in tensors.items()}, home / "made.safetensors")
    (home / "config.json").write_text(json.dumps(config))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REVERIE_HOME", str(home / "models"))
        store.add(home / "made.safetensors", "quick", home / "config.json")
        yield


@pytest.fixture(params=RECIPES)
def recipe(request):
    return RECIPES[request.param]


def small(recipe):
    return recipe("a fox | fog:0.3", perceptor=WEIGHTS, size=(40, 32), steps=2, cutouts=2)


def test_it_is_data_and_carries_its_name(recipe):
    made = small(recipe)
    assert from_json(to_json(made), Recipe) == made
    assert RECIPES[made.name] is recipe


def test_every_option_is_documented_in_the_order_of_the_signature(recipe):
    documented = re.findall(r"^ {8}(\w+): \S", recipe.__doc__, re.MULTILINE)
    assert documented == list(inspect.signature(recipe).parameters)


def test_every_option_but_the_prompt_is_by_name_and_has_a_default(recipe):
    first, *others = inspect.signature(recipe).parameters.values()
    assert first.name == "prompt" and first.default is inspect.Parameter.empty
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in others)


def test_it_paints(recipe, tmp_path):
    made = small(recipe)
    run = Run.start(made, tmp_path / "run", machine("cpu", "fp32"))
    seen = [(p.stage, p.step) for p in run.frames()]
    last = 0  # a stage begins with what the one before it ended with
    for number, stage in enumerate(made.stages):
        steps = [step for at, step in seen if at == number]
        assert steps == list(range(last, last + stage.steps + 1))
        last += stage.steps
    assert run.pictures[0].exists()
