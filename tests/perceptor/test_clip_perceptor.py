import hashlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file

from perceptor.tiny_clip import (
    resnet_tensors,
    tiny_clip,
    write_tiny_clip,
    write_tiny_open_clip,
)
from reverie.device import machine
from reverie.errors import WeightsError
from reverie.perceptor.clip import Clip, ClipPerceptor
from reverie.protocols import Perceptor

CPU = machine("cpu", "fp32")


def views(n: int, size: int = 32) -> torch.Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(1))


def test_embeddings_are_rows_of_unit_length_in_float32() -> None:
    clip = tiny_clip()
    assert isinstance(clip, Perceptor)
    for rows in (clip.encode_image(views(3)), clip.encode_text(["a fox", "fog", "fire"])):
        assert rows.dtype == torch.float32 and rows.shape == (3, 32)
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(3))


def test_the_network_sees_views_with_their_mean_taken_away_and_their_spread_made_one() -> None:
    clip = tiny_clip()
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
    want = F.normalize(clip.network.visual((views(2) - mean) / std))
    torch.testing.assert_close(clip.encode_image(views(2)), want)


def test_a_raw_network_sees_views_from_minus_1_to_1_as_in_styleclip(tmp_path) -> None:
    file = str(write_tiny_clip(tmp_path / "clip.safetensors"))
    usual, raw = Clip(weights=file).build(CPU), Clip(weights=file, raw=True).build(CPU)
    want = F.normalize(raw.network.visual(views(2) * 2 - 1))
    torch.testing.assert_close(raw.encode_image(views(2)), want)
    assert not torch.allclose(usual.encode_image(views(2)), want, atol=1e-2)
    torch.testing.assert_close(usual.encode_text(["fog"]), raw.encode_text(["fog"]))


def test_views_do_not_see_each_other() -> None:
    clip, both = tiny_clip(), views(2)
    torch.testing.assert_close(clip.encode_image(both)[1:], clip.encode_image(both[1:]))


def test_texts_do_not_see_each_other() -> None:
    clip = tiny_clip()
    both = clip.encode_text(["a fox in a very long line of words", "fog"])
    torch.testing.assert_close(both[1:], clip.encode_text(["fog"]))
    assert F.cosine_similarity(both[0], both[1], 0) < 0.999


def test_only_the_views_collect_gradient() -> None:
    clip, seen = tiny_clip(), views(2).requires_grad_()
    clip.encode_image(seen).sum().backward()
    assert seen.grad is not None and seen.grad.abs().max() > 0
    assert not any(p.requires_grad for p in clip.parameters())
    assert not any(b.requires_grad for b in clip.buffers())
    assert not clip.encode_text(["a fox"]).requires_grad


def test_a_file_of_weights_gives_the_network_that_was_written(tmp_path) -> None:
    spec = Clip(weights=str(write_tiny_clip(tmp_path / "tiny.safetensors")))
    built = spec.build(CPU)
    torch.testing.assert_close(built.encode_image(views(2)), tiny_clip().encode_image(views(2)))
    torch.testing.assert_close(built.encode_text(["a fox"]), tiny_clip().encode_text(["a fox"]))
    assert built.logit_scale == pytest.approx(100, rel=1e-4)
    with Path(spec.weights).open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    assert spec.digests() == {spec.weights: digest}


def test_equal_specs_share_one_perceptor(tmp_path) -> None:
    weights = str(write_tiny_clip(tmp_path / "tiny.safetensors"))
    assert Clip(weights=weights).build(CPU) is Clip(weights=weights).build(CPU)


def test_in_bf16_the_text_tower_stays_in_float32_and_the_gradient_keeps_its_direction(
    tmp_path,
) -> None:
    spec = Clip(weights=str(write_tiny_clip(tmp_path / "tiny.safetensors")))
    grads, texts = [], []
    for precision in ("fp32", "bf16"):
        clip = spec.build(machine("cpu", precision))
        seen = views(4).requires_grad_()
        texts.append(clip.encode_text(["a fox"]))
        image = clip.encode_image(seen)
        assert image.dtype == torch.float32
        (image @ texts[-1].T).sum().backward()
        grads.append(seen.grad)
    assert torch.equal(*texts)
    assert F.cosine_similarity(grads[0].flatten(), grads[1].flatten(), 0) > 0.995


def test_a_resnet_builds_and_draws_gradient(tmp_path) -> None:
    save_file(resnet_tensors(), tmp_path / "rn.safetensors")
    clip = Clip(weights=str(tmp_path / "rn.safetensors")).build(CPU)
    seen = views(2).requires_grad_()
    clip.encode_image(seen).sum().backward()
    assert clip.size == 32 and seen.grad is not None and seen.grad.abs().max() > 0


def test_open_clip_weights_take_heads_and_activation_from_their_config(tmp_path) -> None:
    clip = Clip(weights=str(write_tiny_open_clip(tmp_path / "open"))).build(CPU)
    assert clip.network.shape.activation == "gelu"
    assert (clip.network.shape.vision_heads, clip.network.shape.text_heads) == (2, 2)


def test_a_network_of_real_words_without_its_vocabulary_says_how_to_get_it(tmp_path) -> None:
    file = write_tiny_clip(tmp_path / "alone" / "tiny.safetensors", vocab=600)
    with pytest.raises(WeightsError, match="reverie models pull clip-bpe"):
        Clip(weights=str(file)).build(CPU)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_any_picture_becomes_a_view(mode: str) -> None:
    clip: ClipPerceptor = tiny_clip()
    for size in ((67, 45), (45, 67), (32, 32), (5, 3), (500, 20)):
        view = clip.prepare(Image.new(mode, size))
        assert view.shape == (3, 32, 32) and view.dtype == torch.float32


def test_a_picture_is_cut_from_its_centre() -> None:
    picture = Image.new("RGB", (96, 32))
    picture.paste((255, 0, 0), (32, 0, 64, 32))
    assert (
        tiny_clip().prepare(picture)[:, 8:-8, 8:-8] == torch.tensor([1.0, 0, 0])[:, None, None]
    ).all()


@pytest.mark.parametrize("half", [False, True])
def test_the_text_tower_goes_while_painting_and_comes_back_with_the_same_embeddings(
    tmp_path: Path, half: bool
) -> None:
    file = write_tiny_clip(tmp_path / "clip.safetensors")
    if half:
        save_file({name: t.half() for name, t in load_file(file).items()}, file)
    clip = Clip(weights=str(file)).build(CPU)
    before = clip.encode_text(["a fox", "fog"])
    assert "text" in dict(clip.network.named_children())
    clip.encode_image(views(1))
    assert "text" in dict(clip.network.named_children())  # looking is not painting
    clip.encode_image(views(1).requires_grad_())
    assert "text" not in dict(clip.network.named_children())
    assert torch.equal(clip.encode_text(["a fox", "fog"]), before)
    assert torch.equal(clip.encode_text(["a fox", "fog"]), before)
