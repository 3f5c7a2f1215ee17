"""Every perceptor puts views and texts on one sphere, is frozen, and passes gradient to pixels."""

import pytest
import torch

from perceptor.pocket_models import shipped
from perceptor.tiny_clip import resnet_tensors, tiny_clip
from reverie.device import machine
from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.perceptor.clip import ClipPerceptor
from reverie.perceptor.pocket import Pocket
from reverie.perceptor.reading import Reads
from reverie.perceptor.tokenizer import Tokenizer
from reverie.protocols import Perceptor
from reverie.weights.clip_layouts import openai_layout


def tiny_resnet():
    tensors, fields = openai_layout(resnet_tensors(), {}, "tiny")
    shape = ClipShape(**fields)
    return ClipPerceptor(ClipNetwork(shape, tensors), Tokenizer(None, shape.context, shape.vocab))


def in_bf16():
    perceptor = tiny_clip()
    perceptor.network.visual.to(torch.bfloat16)
    return perceptor


def pocket_clip():
    return Pocket(model=shipped("pocket-clip")).build(machine("cpu", "fp32"))


def pocket_judge():
    return Pocket(model=shipped("pocket-judge")).build(machine("cpu", "fp32"))


PERCEPTORS = {
    "vit": tiny_clip,
    "resnet": tiny_resnet,
    "vit-bf16": in_bf16,
    "pocket-clip": pocket_clip,
    "pocket-judge": pocket_judge,
}


@pytest.fixture(params=PERCEPTORS)
def perceptor(request):
    return PERCEPTORS[request.param]().eval()


def views(perceptor, n):
    rng = torch.Generator().manual_seed(0)
    return torch.rand(n, 3, perceptor.size, perceptor.size, generator=rng)


def test_views_and_texts_are_unit_rows_of_one_space_in_float32(perceptor):
    seen, read = perceptor.encode_image(views(perceptor, 3)), perceptor.encode_text(["a", "a fox"])
    assert seen.shape == (3, read.shape[1]) and read.shape[0] == 2
    assert seen.dtype == read.dtype == torch.float32
    for rows in (seen, read):
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(len(rows)))
    assert isinstance(perceptor, Perceptor)


def test_each_view_and_each_text_is_seen_on_its_own(perceptor):
    both = perceptor.encode_image(views(perceptor, 2))
    alone = perceptor.encode_image(views(perceptor, 2)[1:])
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-2)
    texts = perceptor.encode_text(["a fox", "a much longer text about an owl"])
    torch.testing.assert_close(texts[:1], perceptor.encode_text(["a fox"]), rtol=0, atol=1e-5)


def test_gradient_reaches_the_pixels_and_nothing_else(perceptor):
    pixels = views(perceptor, 2).requires_grad_()
    perceptor.encode_image(pixels).sum().backward()
    assert pixels.grad.isfinite().all() and pixels.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in perceptor.parameters())
    assert not perceptor.encode_text(["a fox"]).requires_grad


TEXTS = ["a fox", "Don't, a red-brown FOX's 🦊 den;狐狸 &amp; 1,000,owls", "x" * 50, "a fox " * 20]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_read_word_by_word_fills_the_room_as_the_whole_does(perceptor, text):
    assert isinstance(perceptor, Reads)
    read = perceptor.read(text)
    ends = [0, *(word.end for word in read)]
    assert all(before <= word.start < word.end for before, word in zip(ends, read, strict=False))
    assert "".join(text[w.start : w.end] for w in read) == "".join(text.split())
    used = sum(len(word.pieces) for word in read)
    assert (used <= perceptor.room) == perceptor.has_room_for(text)
    if isinstance(perceptor, ClipPerceptor):
        assert used == len(perceptor.tokenizer.encode(text))
    else:
        pieces = tuple(piece for word in read for piece in word.pieces)
        assert pieces == perceptor.words.read(text).words
