"""The losses, the soft choice of classes and the similarity of BigSleep, from recorded answers."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from parity.golden import config, families, tensors
from reverie.canvas.biggan import soft_top_k
from reverie.curve import as_curve
from reverie.loss.biggan import many_classes, unlike_noise
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target
from reverie.protocols import Draws, Moment, parts


@pytest.fixture(params=families("loss-bigsleep"), ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest):
    return request.param


def close(got: Tensor, want: Tensor) -> None:
    scale = want.abs().max().item()
    torch.testing.assert_close(got, want.reshape(got.shape), rtol=1e-5, atol=1e-5 * scale)


def cases(io: dict[str, Tensor]) -> list[str]:
    found = sorted({name.partition(".")[0] for name in io if name.startswith("case")})
    assert found
    return found


def test_the_loss_on_latents_and_its_gradient_are_the_recorded_ones(folder) -> None:
    io = tensors(folder)
    for case in cases(io):
        latents = io[f"{case}.latents"].clone().requires_grad_()
        loss = unlike_noise(latents[None])
        (gradient,) = torch.autograd.grad(loss.sum(), latents)
        close(loss.detach(), io[f"{case}.lat_loss"])
        close(gradient, io[f"{case}.grad_lat_loss_latents"])


def test_the_loss_on_classes_and_its_gradient_are_the_recorded_ones(folder) -> None:
    io = tensors(folder)
    for case in cases(io):
        logits = io[f"{case}.class_logits"].clone().requires_grad_()
        loss = many_classes(logits.sigmoid()[None])
        (gradient,) = torch.autograd.grad(loss.sum(), logits)
        close(loss.detach(), io[f"{case}.cls_loss"])
        close(gradient, io[f"{case}.grad_cls_loss_class_logits"])


def test_the_pull_of_the_words_is_the_recorded_one_but_for_a_constant(folder) -> None:
    """Ours is 100 (1 - cosine), theirs -100 cosine, and each the other way round for `text_min`."""
    io = tensors(folder)
    for case in cases(io):
        seen = io[f"{case}.image_embeds"].clone().requires_grad_()
        scene = [
            Target(embeddings=(F.normalize(row[None], dim=1),), weight=as_curve(weight))
            for name, weight in (("text_embeds", 1.0), ("text_min_embeds", -1.0))
            for row in io[f"{case}.{name}"]
        ]
        loss = PromptLoss(
            [Eyes(seen)], Whole(len(seen)), [scene], distance="cosine", weight=as_curve(100.0)
        )
        value = sum(parts(loss(torch.zeros(1, 3, 4, 4), Moment(0, 0.0, Draws((0,), 0)))))
        assert isinstance(value, Tensor)
        (gradient,) = torch.autograd.grad(value.sum(), seen)
        ahead = sum(100 * target.weight(0.0) for target in scene)
        close(value.detach() - ahead, io[f"{case}.sim_loss"])
        close(gradient, io[f"{case}.grad_sim_loss_image_embeds"])


def test_the_largest_classes_are_chosen_as_recorded(folder) -> None:
    io = tensors(folder)
    names = [name.removesuffix(".output") for name in io if re.fullmatch(r"topk.*\.output", name)]
    assert names
    for name in names:
        found = re.fullmatch(r"topk(\d+)_temp([\d.]+)", name)
        assert found
        x = io["topk.x"].clone().requires_grad_()
        got = soft_top_k(x, int(found[1]), float(found[2]))
        (gradient,) = torch.autograd.grad(got, x, io[f"{name}.upstream_grad"])
        close(got.detach(), io[f"{name}.output"])
        close(gradient, io[f"{name}.grad_x"])


def test_the_recorded_cases_are_those_of_the_config(folder) -> None:
    io, told = tensors(folder), config(folder)["cases"]
    for case in cases(io):
        for name, value in told[int(case.removeprefix("case"))].items():
            assert io[f"{case}.{name}"].item() == pytest.approx(value)


class Eyes:
    """Sees the recorded embeddings, whatever it is shown."""

    size = 4

    def __init__(self, seen: Tensor) -> None:
        self.seen = seen

    def encode_image(self, views: Tensor) -> Tensor:
        return F.normalize(self.seen, dim=1)

    def encode_text(self, texts: object) -> Tensor:
        raise NotImplementedError


class Whole:
    """As many views as there are embeddings."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, image: Tensor, moment: Moment) -> "Whole":
        return self

    def draw(self, views: slice, size: int) -> Tensor:
        return torch.zeros(self.count, 3, size, size)
