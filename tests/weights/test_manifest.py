"""The manifest states what its publishers state, and nothing half-valid gets in."""

import os
import re
from pathlib import Path

import pytest

from reverie.errors import WeightsError
from reverie.weights.download import digest_of
from reverie.weights.manifest import entries

DATA = Path(os.environ.get("REVERIE_DATA", Path(__file__).parents[2] / "../shared/data"))

OWN = """
[own]
kind = "clip"
layout = "openai"
licence = "none"
source = "here"
[[own.files]]
name = "own.pt"
urls = ["http://127.0.0.1/own.pt"]
"""


def test_the_openai_models_are_held_to_the_digest_in_their_link():
    openai = [entry for entry in entries().values() if entry.layout == "openai"]
    assert len(openai) == 9
    for entry in openai:
        [file] = entry.files
        assert file.sha256 is not None
        assert file.sha256 in file.urls[0]


def test_every_model_says_where_it_comes_from_and_under_what_licence():
    for name, entry in entries().items():
        assert entry.name == name
        assert entry.source.startswith("https://")
        assert entry.licence
        assert entry.note
        assert all(url.startswith("https://") for file in entry.files for url in file.urls)
        assert len({file.name for file in entry.files}) == len(entry.files)


def test_what_nvidia_publishes_is_called_non_commercial():
    hosts = re.compile(r"https://[\w.-]*(nvidia\.com|nvlabs)[\w.-]*/")
    theirs = [e for e in entries().values() if any(hosts.match(f.urls[0]) for f in e.files)]
    assert {entry.kind for entry in theirs} == {"stylegan2", "stylegan3"}
    for entry in theirs:
        assert "NVIDIA" in entry.licence and "non-commercial" in entry.licence
        assert entry.files[0].name == "model.pkl"


def test_models_with_a_config_fetch_it():
    for entry in entries().values():
        names = [file.name for file in entry.files]
        if entry.layout == "transformers":
            assert names == ["weights", "config.json"]
        if entry.layout == "open_clip":
            assert names == ["weights", "open_clip_config.json"]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the published vocabulary: set REVERIE_DATA")
def test_the_vocabulary_is_the_published_one():
    [file] = entries()["clip-bpe"].files
    path = DATA / "clip-bpe" / file.name
    assert (path.stat().st_size, digest_of(path)) == (file.bytes, file.sha256)


def test_a_manifest_of_ones_own_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    monkeypatch.setenv("REVERIE_MANIFEST", str(own))
    assert "own" in entries()
    assert "ViT-B/32" in entries()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("own.pt", "../own.pt"), "'../own.pt' is not a plain file name"),
        (("own.pt", ".own.pt"), "not a plain file name"),
        (("http://", "file:///"), "links that begin with"),
        (('urls = ["http', 'hash = "x"\nurls = ["http'), "'hash'"),
        (('kind = "clip"', 'kind = "program"'), "unknown kind 'program'; choices: clip, voc"),
        (('licence = "none"\n', ""), "'licence'"),
        (("[[own.files]]", "[[own.filez]]"), "'files'"),
        (('name = "own.pt"', 'name = "own.pt"\nsha256 = "12"'), "'12' is not a SHA-256"),
        (("[own]", "[own"), "cannot be read as a manifest"),
    ],
)
def test_an_entry_that_is_not_valid_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], says: str
):
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace(*change))
    monkeypatch.setenv("REVERIE_MANIFEST", str(own))
    with pytest.raises(WeightsError, match=re.escape(says)) as caught:
        entries()
    assert str(own) in str(caught.value)


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REVERIE_MANIFEST", str(tmp_path / "none.toml"))
    with pytest.raises(WeightsError, match=r"none\.toml: cannot be read"):
        entries()
