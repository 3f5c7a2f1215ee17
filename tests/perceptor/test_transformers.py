"""Models of `transformers`: run by it, or its CLIP read by our own network."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from reverie.device import machine
from reverie.errors import SpecError, WeightsError
from reverie.nets.clip import QUICK_GELU
from reverie.perceptor.clip import Clip
from reverie.perceptor.reading import Reads
from reverie.perceptor.siglip import Transformers, serves

pytest.importorskip("transformers")

import tokenizers
import transformers
from transformers import (
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
)

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

CPU = machine("cpu", "fp32")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "fox", "fog", "狐", "狸"]
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
VISION = SIZES | {"num_attention_heads": 2, "image_size": 32, "patch_size": 8}
TEXT = SIZES | {
    "num_attention_heads": 4,
    "max_position_embeddings": 12,
    "vocab_size": 64,
    "bos_token_id": 62,
    "eos_token_id": 63,
    "pad_token_id": 0,
}


def views(n: int = 2) -> torch.Tensor:
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def random(model: torch.nn.Module) -> torch.nn.Module:
    """Every parameter drawn anew: gains and biases as well, which start at 1 and 0."""
    rng = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if name not in ("logit_scale", "logit_bias"):
            spread = 0.2 if parameter.ndim > 1 else 0.3
            parameter.data += spread * torch.randn(parameter.shape, generator=rng)
    return model.eval()


@pytest.fixture(scope="module")
def siglip(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("siglip")
    config = SiglipConfig(vision_config=VISION, text_config=TEXT | {"projection_size": 32})
    random(SiglipModel(config)).save_pretrained(folder)
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    outer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]")
    outer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chinese(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("chinese")
    config = ChineseCLIPConfig(vision_config=VISION, text_config=TEXT, projection_dim=16)
    random(ChineseCLIPModel(config)).save_pretrained(folder)
    BertTokenizer(vocab={word: i for i, word in enumerate(WORDS)}).save_pretrained(folder)
    return folder


@pytest.fixture(params=["siglip", "chinese"])
def folder(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def test_embeddings_are_of_unit_length_and_only_views_collect_gradient(folder: Path) -> None:
    perceptor = Transformers(folder=str(folder)).build(CPU)
    seen = views().requires_grad_()
    image, text = perceptor.encode_image(seen), perceptor.encode_text(["a fox", "狐狸"])
    assert perceptor.size == 32 and image.shape == text.shape
    for rows in (image, text):
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(2))
    (image @ text.T).sum().backward()
    assert seen.grad is not None and seen.grad.abs().max() > 0
    assert not any(p.requires_grad for p in perceptor.parameters()) and not text.requires_grad


def test_layers_are_those_of_the_whole_run_without_the_class_token(folder: Path) -> None:
    perceptor = Transformers(folder=str(folder)).build(CPU)
    tower = perceptor.model.vision_model
    pixels = (views() - perceptor.mean) / perceptor.std
    _, *hidden = tower(pixel_values=pixels, output_hidden_states=True).hidden_states
    first = 1 if folder.name.startswith("chinese") else 0
    assert perceptor.layers == ["block1.mlp", "block1", "block2.mlp", "block2"]
    for name, want in zip(perceptor.layers[1::2], hidden, strict=True):
        torch.testing.assert_close(perceptor.activations(views(), name), want[:, first:].mT)
    inside = perceptor.activations(views(), "block1.mlp")
    assert inside.shape == (2, SIZES["intermediate_size"], 16)
    mlp = tower.encoder.layers[0].mlp
    seen: list[torch.Tensor] = []
    hook = mlp.fc2.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    tower(pixel_values=pixels)
    hook.remove()
    torch.testing.assert_close(inside, seen[0][:, first:].mT)


def test_a_layer_stops_the_run_and_leaves_no_hook(folder: Path) -> None:
    perceptor = Transformers(folder=str(folder)).build(CPU)
    ran: list[int] = []
    layers = perceptor.model.vision_model.encoder.layers
    hook = layers[1].register_forward_hook(lambda *_: ran.append(1))
    before = [len(module._forward_hooks) for module in perceptor.modules()]
    perceptor.activations(views(), "block1")
    assert not ran
    assert [len(module._forward_hooks) for module in perceptor.modules()] == before
    hook.remove()
    with pytest.raises(SpecError, match=r"'blok' is not one of block1\.mlp, block1"):
        perceptor.activations(views(), "blok")


@pytest.mark.parametrize("text", ["a Fox, zyx", "狐狸 a fog", "fox " * 11, "fox " * 20])
def test_what_is_read_word_by_word_is_what_is_encoded(folder: Path, text: str) -> None:
    perceptor = Transformers(folder=str(folder)).build(CPU)
    assert isinstance(perceptor, Reads)
    tokens = perceptor.tokenizer.tokenize(text.lower() if perceptor.family.lower else text)
    read = perceptor.read(text)
    assert [piece for word in read for piece in word.pieces] == tokens
    signs = folder.name.startswith("chinese")
    assert len(read) == len(text.split()) + ("狐狸" in text and signs)
    known = {text[word.start : word.end]: not word.unknown for word in read}
    assert known.get("zyx") in (None, False) and known.get("fog") in (None, True)
    assert (sum(len(word.pieces) for word in read) <= perceptor.room) == perceptor.has_room_for(
        text
    )


def test_a_text_does_not_depend_on_the_texts_beside_it(folder: Path) -> None:
    perceptor = Transformers(folder=str(folder)).build(CPU)
    both = perceptor.encode_text(["fox", "a fox a fog a fox"])
    torch.testing.assert_close(both[:1], perceptor.encode_text(["fox"]))
    assert not torch.allclose(both[0], both[1], atol=1e-3)


def test_siglip_reads_lower_case(siglip: Path) -> None:
    perceptor = Transformers(folder=str(siglip)).build(CPU)
    assert torch.equal(perceptor.encode_text(["A Fox"]), perceptor.encode_text(["a fox"]))


def test_views_are_normalised_as_the_folder_says(siglip: Path, tmp_path: Path) -> None:
    model = SiglipModel.from_pretrained(siglip).eval()
    want = F.normalize(model.get_image_features(2 * views() - 1).pooler_output)
    got = Transformers(folder=str(siglip)).build(CPU).encode_image(views())
    torch.testing.assert_close(got, want)
    said = {"image_mean": [0.1, 0.2, 0.3], "image_std": [1.0, 2.0, 3.0]}
    for name, config in (
        ("processor_config.json", {"image_processor": said}),
        ("preprocessor_config.json", said),
    ):
        folder = copied(siglip, tmp_path / name)
        (folder / name).write_text(json.dumps(config))
        perceptor = Transformers(folder=str(folder)).build(CPU)
        assert perceptor.mean.flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])
        assert perceptor.std.flatten().tolist() == [1, 2, 3]


def test_in_bf16_the_gradient_keeps_its_direction(folder: Path) -> None:
    grads = []
    for precision in ("fp32", "bf16"):
        perceptor = Transformers(folder=str(folder)).build(machine("cpu", precision))
        seen = views().requires_grad_()
        (perceptor.encode_image(seen) @ perceptor.encode_text(["a fox"]).T).sum().backward()
        assert perceptor.encode_image(seen).dtype == torch.float32
        grads.append(seen.grad.flatten())
    assert F.cosine_similarity(*grads, 0) > 0.98


def test_a_folder_that_cannot_be_used_says_so_in_one_line(siglip: Path, tmp_path: Path) -> None:
    def broken(name: str, file: str, data: str | None) -> Path:
        folder = copied(siglip, tmp_path / name)
        (folder / file).unlink()
        if data is not None:
            (folder / file).write_text(data)
        return folder

    for folder, match in (
        (tmp_path / "none", "cannot be read as JSON"),
        (broken("json", "config.json", "{"), "cannot be read as JSON"),
        (broken("list", "config.json", "[]"), "cannot be read as JSON"),
        (broken("type", "config.json", '{"model_type": "gpt2"}'), "'gpt2'; known are chinese_clip"),
        (broken("weights", "model.safetensors", None), "transformers cannot read it"),
        (lacking(copied(siglip, tmp_path / "lacking")), "lacks the tensor 'text_model.head.bias'"),
    ):
        with pytest.raises(WeightsError, match=match) as caught:
            Transformers(folder=str(folder)).build(CPU)
        assert "\n" not in str(caught.value)


def test_without_transformers_the_message_says_what_to_install(
    siglip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(WeightsError, match=r"pip install reverie\[transformers\]"):
        Transformers(folder=str(copied(siglip, tmp_path))).build(CPU)


def test_only_a_folder_of_a_known_family_is_served(folder: Path, tmp_path: Path) -> None:
    assert serves(str(folder))
    assert not serves(str(tmp_path)) and not serves("ViT-B-32")
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    assert not serves(str(tmp_path))


def test_digests_are_those_of_the_files(siglip: Path, tmp_path: Path) -> None:
    digests = Transformers(folder=str(siglip)).digests()
    data = (siglip / "model.safetensors").read_bytes()
    assert digests == {f"{siglip}/model.safetensors": hashlib.sha256(data).hexdigest()}
    with pytest.raises(WeightsError, match=r"no \.safetensors"):
        Transformers(folder=str(tmp_path)).digests()


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_clip_of_transformers_gives_the_same_features_in_our_network(
    activation: str, tmp_path: Path
) -> None:
    act = {"hidden_act": activation}
    config = CLIPConfig(vision_config=VISION | act, text_config=TEXT | act, projection_dim=16)
    model = random(CLIPModel(config))
    model.save_pretrained(tmp_path)
    clip = Clip(weights=str(tmp_path)).build(CPU)
    pixels, tokens = torch.randn(3, 3, 32, 32), torch.tensor([[62, 5, 6, 63] + 8 * [0]])
    same = {"rtol": 1e-4, "atol": 1e-5}
    want = model.get_image_features(pixel_values=pixels).pooler_output
    torch.testing.assert_close(clip.network.visual(pixels), want, **same)
    want = model.get_text_features(input_ids=tokens).pooler_output
    torch.testing.assert_close(clip.network.text(tokens), want, **same)
    seen: list[torch.Tensor] = []
    mlp = model.vision_model.encoder.layers[1].mlp
    mlp.fc2.register_forward_hook(lambda _, given, __: seen.append(given[0][:, 1:].mT))
    model.get_image_features(pixel_values=pixels)
    gain = QUICK_GELU if activation == "quick_gelu" else 1.0
    place = clip.layers.index("block2.mlp")
    torch.testing.assert_close(clip.network.visual.activations(pixels, place), gain * seen[0])
    assert clip.logit_scale == pytest.approx(model.logit_scale.exp().item(), rel=1e-4)


def copied(folder: Path, to: Path) -> Path:
    to.mkdir(exist_ok=True)
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def lacking(folder: Path) -> Path:
    tensors = load_file(folder / "model.safetensors")
    del tensors["text_model.head.bias"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder
