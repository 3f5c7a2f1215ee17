"""The store finds, fetches, takes in, checks and deletes models, and never holds half of one."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from reverie.errors import WeightsError
from reverie.weights import store
from reverie.weights.vqgan_layouts import shapes
from weights.mirror import Mirror, Page, mirror

TENSORS = {"visual.proj": torch.arange(6.0).reshape(2, 3).half(), "logit_scale": torch.tensor(4.6)}
VOCABULARY = b"\x1f\x8bnot really words"
CONFIG = {"model_cfg": {"embed_dim": 3, "quick_gelu": True}}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Serves Tiny/8 as torch.save writes it, org/safe as safetensors, and the vocabulary."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    torch.save(TENSORS, tmp_path / "tiny.pt")
    tiny, safe = (tmp_path / "tiny.pt").read_bytes(), safetensors.torch.save(TENSORS, {"by": "org"})
    with mirror() as running:
        running.pages = {
            "/tiny.pt": Page(tiny),
            "/safe": Page(safe),
            "/open_clip_config.json": Page(json.dumps(CONFIG).encode()),
            "/bpe_simple_vocab_16e6.txt.gz": Page(VOCABULARY),
        }
        manifest = tmp_path / "manifest.toml"
        manifest.write_text(
            entry("Tiny/8", "clip", running.url, {"tiny.pt": tiny})
            + entry("org/safe", "clip", running.url, {"safe": safe, "open_clip_config.json": b""})
            + entry(
                "clip-bpe", "vocabulary", running.url, {"bpe_simple_vocab_16e6.txt.gz": VOCABULARY}
            )
        )
        monkeypatch.setenv("REVERIE_MANIFEST", str(manifest))
        yield running


def entry(name: str, kind: str, url: str, files: dict[str, bytes]) -> str:
    text = f'["{name}"]\nkind = "{kind}"\nlayout = "openai"\nlicence = "MIT"\nsource = "there"\n'
    for file, content in files.items():
        text += f'[["{name}".files]]\nname = "{file}"\nurls = ["{url}/{file}"]\n'
        text += f'sha256 = "{hashlib.sha256(content).hexdigest()}"\n' if content else ""
    return text


def same(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    assert set(got) == set(want)
    assert all(got[n].dtype == want[n].dtype and torch.equal(got[n], want[n]) for n in want)


def pulled(name: str) -> store.Checkpoint:
    list(store.pull(name))
    return store.find(name)


def test_a_pulled_model_is_safetensors_with_the_same_numbers(server: Mirror, home: Path):
    checkpoint = pulled("Tiny/8")
    same(safetensors.torch.load_file(checkpoint.path), TENSORS)
    same(checkpoint.tensors(), TENSORS)
    assert checkpoint.name == "Tiny/8"
    assert checkpoint.path.parent == home / "Tiny-8"
    assert sorted(f.name for f in checkpoint.path.parent.iterdir()) == [
        "model.json",
        "model.safetensors",
    ]
    assert checkpoint.digest() == hashlib.sha256(checkpoint.path.read_bytes()).hexdigest()


def test_model_json_tells_where_it_came_from(server: Mirror):
    told = json.loads(pulled("Tiny/8").path.with_name("model.json").read_text())
    sent = server.pages["/tiny.pt"].content
    assert told["made_from"] == {"tiny.pt": hashlib.sha256(sent).hexdigest()}
    assert (told["name"], told["licence"], told["source"]) == ("Tiny/8", "MIT", "there")


def test_safetensors_stay_the_bytes_that_were_published(server: Mirror):
    checkpoint = pulled("org/safe")
    assert checkpoint.path.read_bytes() == server.pages["/safe"].content
    assert checkpoint.config == CONFIG


def test_the_vocabulary_comes_with_the_first_model_and_is_shared(server: Mirror):
    for name in ("Tiny/8", "org/safe"):
        vocabulary = pulled(name).vocabulary
        assert vocabulary is not None
        assert vocabulary.read_bytes() == VOCABULARY
    paths = [path for path, _ in server.asked]
    assert paths.count("/bpe_simple_vocab_16e6.txt.gz") == 1


def test_progress_comes_by_name_and_a_second_pull_does_nothing(server: Mirror):
    names = [step.name for step in store.pull("tiny-8")]
    assert "tiny.pt" in names
    assert names[-1] == "Tiny/8 (checking and converting)"
    asked = len(server.asked)
    assert list(store.pull("Tiny/8")) == []
    assert len(server.asked) == asked


def test_a_broken_pull_is_gone_on_with_and_shows_no_half_model(server: Mirror, home: Path):
    server.pages["/tiny.pt"].breaks_after = 900
    with pytest.raises(WeightsError, match="broke after 900 of"):
        list(store.pull("Tiny/8"))
    assert [stored.name for stored in store.installed()] == ["clip-bpe"]
    with pytest.raises(WeightsError, match="Tiny/8 is not installed"):
        store.find("Tiny/8")
    same(pulled("Tiny/8").tensors(), TENSORS)
    assert server.asked[-1] == ("/tiny.pt", "bytes=900-")
    assert not (home / ".Tiny-8.part").exists()


def test_what_came_whole_but_is_no_checkpoint_is_not_kept(server: Mirror, home: Path):
    page = server.pages["/open_clip_config.json"]
    good, page.content = page.content, b"[1, 2"
    with pytest.raises(WeightsError, match="cannot be read as JSON"):
        list(store.pull("org/safe"))
    page.content = good
    assert pulled("org/safe").config == CONFIG


def test_an_unknown_model_is_answered_with_a_close_name(server: Mirror):
    with pytest.raises(WeightsError, match=r"no model 'ViT-B/23' to pull; did you mean 'ViT-B/"):
        list(store.pull("ViT-B/23"))


def test_of_two_that_pull_at_once_one_waits_for_the_other(server: Mirror):
    first, second = store.pull("Tiny/8"), store.pull("Tiny/8")
    assert any(step.name == "tiny.pt" for step in first)  # and stops there
    assert next(second).name == "Tiny/8 (another process is fetching it)"
    list(first)
    assert list(second) == []
    store.verify("Tiny/8")
    assert [path for path, _ in server.asked].count("/tiny.pt") == 1
    with pytest.raises(WeightsError, match="is taken"):
        store.add(store.find("Tiny/8").path, "Tiny/8")


def test_a_model_that_is_being_fetched_is_not_removed(server: Mirror):
    steps = store.pull("Tiny/8")
    assert any(step.name == "tiny.pt" for step in steps)
    with pytest.raises(WeightsError, match="another process is fetching it"):
        store.remove("Tiny/8")
    list(steps)
    store.verify("Tiny/8")


@pytest.mark.parametrize("spelling", ["Tiny/8", "Tiny-8", "tiny-8", "TINY_8", "tiny 8"])
def test_a_stored_model_is_found_in_any_usual_spelling(server: Mirror, spelling: str):
    list(store.pull("Tiny/8"))
    assert store.find(spelling).name == "Tiny/8"


def test_a_file_is_found_by_its_path_with_the_vocabulary_beside_it(tmp_path: Path):
    path = tmp_path / "own.ckpt"
    torch.save(TENSORS, path)
    checkpoint = store.find(str(path))
    assert (checkpoint.name, checkpoint.config, checkpoint.vocabulary) == ("own", {}, None)
    same(checkpoint.tensors(), TENSORS)
    assert checkpoint.digest() == hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "merges.txt").write_text("#version")
    assert store.find(str(path)).vocabulary == tmp_path / "merges.txt"


def test_a_digest_follows_the_file(tmp_path: Path):
    path = tmp_path / "own.pt"
    torch.save(TENSORS, path)
    before = store.find(str(path)).digest()
    torch.save({"a": torch.ones(1000)}, path)
    assert store.find(str(path)).digest() != before


def test_each_layout_in_a_folder_has_its_own_config(tmp_path: Path):
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "config.json").write_text('{"layout": "transformers"}')
    (folder / "open_clip_config.json").write_text('{"layout": "open_clip"}')
    safetensors.torch.save_file(TENSORS, folder / "open_clip_model.safetensors")
    checkpoint = store.find(str(folder))
    assert (checkpoint.name, checkpoint.config) == ("both", {"layout": "open_clip"})
    safetensors.torch.save_file(TENSORS, folder / "model.safetensors")
    assert store.find(str(folder)).config == {"layout": "transformers"}
    named = store.find(str(folder / "open_clip_model.safetensors"))
    assert named.config == {"layout": "open_clip"}


def test_a_file_in_the_store_is_the_stored_model(server: Mirror):
    checkpoint = pulled("org/safe")
    assert store.find(str(checkpoint.path)) == checkpoint
    assert store.find(str(checkpoint.path.parent)) == checkpoint


def test_what_is_not_there_is_answered_with_the_remedy(server: Mirror, tmp_path: Path):
    def says(name: str) -> str:
        with pytest.raises(WeightsError) as caught:
            store.find(name)
        return str(caught.value)

    assert says("vit-b-32") == (
        "ViT-B/32 is not installed; get it with: reverie models pull ViT-B/32"
    )
    list(store.pull("Tiny/8"))
    assert "did you mean 'Tiny/8'? installed: Tiny/8;" in says("Tine/9")
    assert says("nowhere/own.pt") == "there is no file nowhere/own.pt"
    (tmp_path / "empty").mkdir()
    assert "holds no weights" in says(str(tmp_path / "empty"))
    assert "reverie models pull" in says("zzz")


def test_the_only_weights_of_a_folder_are_found_and_one_of_two_is_not_guessed(tmp_path: Path):
    torch.save(TENSORS, tmp_path / "own.pt")
    assert store.find(str(tmp_path)).path == tmp_path / "own.pt"
    torch.save(TENSORS, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match="holds 2 weights; name the file"):
        store.find(str(tmp_path))


def test_a_model_of_ones_own_is_stored_as_safetensors(tmp_path: Path, home: Path):
    base = torch.arange(12.0)
    mine = {"a": base, "shared": base, "part": base[3:5], "turned": base.reshape(3, 4).t()}
    mine |= {"half": torch.ones(2).bfloat16(), "count": torch.tensor(3)}
    torch.save({"state_dict": mine}, tmp_path / "own.pt")
    (tmp_path / "merges.txt").write_text("#version")
    checkpoint = store.add(tmp_path / "own.pt", "me/own")
    same(safetensors.torch.load_file(home / "me-own" / "model.safetensors"), mine)
    assert checkpoint == store.find("me/own") == store.find("me-own")
    assert checkpoint.vocabulary == home / "me-own" / "merges.txt"
    store.verify("me/own")
    assert (tmp_path / "own.pt").exists()
    assert sorted(path.name for path in home.iterdir()) == [".me-own.lock", "me-own"]


def test_a_taken_or_impossible_name_is_refused(tmp_path: Path, home: Path):
    torch.save(TENSORS, tmp_path / "own.pt")
    store.add(tmp_path / "own.pt", "own")
    before = store.find("own").digest()
    for name, says in [("own", "is taken"), ("OWN", "is taken"), ("//", "cannot be the name")]:
        with pytest.raises(WeightsError, match=says):
            store.add(tmp_path / "own.pt", name)
    store.add(tmp_path / "own.pt", "../../escape")
    assert {path.parent for path in home.glob("*/model.json")} == {home / "own", home / "escape"}
    assert store.find("own").digest() == before


def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path: Path, home: Path):
    (tmp_path / "own.pt").write_bytes(b"<html>")
    with pytest.raises(WeightsError, match="web page"):
        store.add(tmp_path / "own.pt", "own")
    assert store.installed() == []
    assert [path.name for path in home.iterdir()] == [".own.lock"]


def test_damage_in_the_store_is_found(server: Mirror):
    path = pulled("Tiny/8").path
    store.verify("Tiny/8")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"model\.safetensors: SHA-256 .* models remove Tiny/8"):
        store.verify("Tiny/8")
    path.unlink()
    with pytest.raises(WeightsError, match=r"nothing\.\.\. is found"):
        store.verify("Tiny/8")


def test_a_removed_model_is_gone(server: Mirror, home: Path):
    list(store.pull("Tiny/8"))
    store.remove("tiny-8")
    assert [stored.name for stored in store.installed()] == ["clip-bpe"]
    assert not list(home.glob("*iny-8*/**/*"))
    with pytest.raises(WeightsError, match="Tiny/8 is not installed"):
        store.remove("Tiny/8")


def test_an_unfinished_download_can_be_removed(server: Mirror, home: Path):
    server.pages["/tiny.pt"].breaks_after = 900
    with pytest.raises(WeightsError, match="broke"):
        list(store.pull("Tiny/8"))
    assert (home / ".Tiny-8.part").exists()
    store.remove("Tiny/8")
    assert not (home / ".Tiny-8.part").exists()


def test_folders_that_are_not_ours_are_left_alone(home: Path, tmp_path: Path):
    (home / "notes").mkdir(parents=True)
    (home / "notes" / "model.json").write_text('{"name": "a stranger"}')
    (home / "file").write_text("x")
    assert store.installed() == []
    torch.save(TENSORS, tmp_path / "own.pt")
    with pytest.raises(WeightsError, match="is taken"):
        store.add(tmp_path / "own.pt", "notes")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "file" / "home"))
    torch.save(TENSORS, tmp_path / "own.pt")
    with pytest.raises(WeightsError, match="set REVERIE_HOME to another folder"):
        store.add(tmp_path / "own.pt", "own")


def test_a_vqgan_is_fetched_with_its_yaml_and_known_by_its_kind(
    server: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ddconfig = {"z_channels": 4, "resolution": 8, "in_channels": 3, "out_ch": 3, "ch": 32}
    ddconfig |= {"ch_mult": [1, 1], "num_res_blocks": 1, "attn_resolutions": []}
    params = {"embed_dim": 4, "n_embed": 6, "ddconfig": ddconfig}
    told = {"model": {"target": "taming.models.vqgan.VQModel", "params": params}}
    tensors = {name: torch.randn(shape) for name, shape in shapes(params)}
    extra = {"loss.logvar": torch.zeros(())}
    torch.save({"state_dict": tensors | extra}, tmp_path / "vqgan.ckpt")
    server.pages["/ckpt"] = Page((tmp_path / "vqgan.ckpt").read_bytes())
    server.pages["/yaml"] = Page(json.dumps(told).encode())
    entry = """
        ["Tiny VQGAN"]
        kind = "vqgan"
        layout = "taming"
        licence = "none"
        source = "there"
        [["Tiny VQGAN".files]]
        name = "model.ckpt"
        urls = ["URL/gone", "URL/ckpt"]
        [["Tiny VQGAN".files]]
        name = "model.yaml"
        urls = ["URL/yaml"]
        """.replace("URL", server.url)
    own = Path(os.environ["REVERIE_MANIFEST"])
    own.write_text(own.read_text() + entry)
    checkpoint = pulled("Tiny VQGAN")
    same(checkpoint.tensors(), tensors)
    assert checkpoint.config == told and store.stored("tiny-vqgan").kind == "vqgan"
    assert store.scale_of("tiny vqgan") == 2
    assert store.find("tiny vqgan", "vqgan").path == checkpoint.path
    with pytest.raises(WeightsError, match=r"^Tiny VQGAN is a VQGAN, and a CLIP is wanted"):
        store.find("tiny vqgan", "clip")
    with pytest.raises(WeightsError, match=r"^Tiny/8 is a CLIP, and a VQGAN is wanted .* vqgan_"):
        store.find("Tiny/8", "vqgan")
    with pytest.raises(WeightsError, match=r"'Nothing'.*installed: Tiny VQGAN; .*pull vqgan_"):
        store.find("Nothing", "vqgan")
    store.verify("Tiny VQGAN")
    taken = store.add(tmp_path / "vqgan.ckpt", "mine", _written(tmp_path / "told.json", told))
    assert store.stored("mine").kind == "vqgan"
    same(taken.tensors(), tensors)


def test_a_vqgan_where_a_clip_is_expected_is_not_kept(server: Mirror, home: Path):
    tensors = {f"{end}coder.conv_in.weight": torch.zeros(1) for end in ("en", "de")}
    server.pages["/safe"].content = safetensors.torch.save(tensors)
    own = Path(os.environ["REVERIE_MANIFEST"])
    own.write_text(re.sub("(sha256|bytes) = .*", "", own.read_text()))
    with pytest.raises(WeightsError, match="so it is no VQGAN's"):
        pulled("org/safe")
    assert not (home / "org-safe").exists()


def _written(path: Path, told: dict) -> Path:
    path.write_text(json.dumps(told))
    return path
