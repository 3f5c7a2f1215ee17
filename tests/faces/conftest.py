"""A small StyleGAN and its directions."""

from pathlib import Path

import pytest

from faces.small_faces import CPU, saved, survey
from reverie.canvas.stylegan import built
from reverie.faces.prepare import prepare
from reverie.nets.stylegan import StyleGAN


@pytest.fixture(autouse=True)
def store(monkeypatch, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("store")
    monkeypatch.setenv("REVERIE_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> str:
    return saved(tmp_path_factory.mktemp("small") / "small")


@pytest.fixture
def network(model) -> StyleGAN:
    return built(model, CPU)


@pytest.fixture(scope="session")
def prepared(model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("directions") / "small.safetensors"
    for _ in prepare(survey(model), path, CPU):
        pass
    return path
