"""Six steps of VQGAN+CLIP without randomness, against the recorded ones of the original loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.augment.pyramid import pooled
from reverie.canvas.vqgan import VQGANCanvas
from reverie.curve import Constant
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target
from reverie.nets.clip import ClipNetwork, ClipShape
from reverie.nets.vqgan import VQGAN, nearest
from reverie.optimize import optimize
from reverie.optimizer import Adam
from reverie.perceptor.clip import ClipPerceptor
from reverie.perceptor.tokenizer import Tokenizer
from reverie.protocols import Embedding, Image, Looks, Moment, Views
from reverie.weights.clip_layouts import openai_layout
from reverie.weights.vqgan_layouts import vqgan_layout

RUNS = families("e2e-vqgan-clip")


@dataclass
class Whole:
    """The one view of the recorded run: the whole picture, pooled."""

    image: Image
    count: int = 1

    def draw(self, views: slice, size: int) -> Views:
        return pooled(self.image, (size, size))


def whole(image: Image, moment: Moment) -> Looks:
    return Whole(image)


class Watched:
    """A perceptor that remembers what it saw first."""

    def __init__(self, perceptor: ClipPerceptor) -> None:
        self.perceptor, self.size, self.seen = perceptor, perceptor.size, []

    def encode_image(self, views: Views) -> Embedding:
        found = self.perceptor.encode_image(views)
        self.seen.append((views.detach(), found.detach()))
        return found

    def encode_text(self, texts: Sequence[str]) -> Embedding:
        return self.perceptor.encode_text(texts)


@pytest.fixture(params=RUNS, ids=lambda folder: folder.name)
def run(request: pytest.FixtureRequest) -> Path:
    for used in config(request.param)["uses"]:
        if not (request.param.parent / Path(used).name).is_dir():
            pytest.skip(f"{Path(used).name}, whose weights this run used, is not among the goldens")
    return request.param


def networks(run: Path) -> tuple[VQGAN, ClipPerceptor]:
    folders = [run.parent / Path(used).name for used in config(run)["uses"]]
    vqgan, clip = sorted(folders, key=lambda folder: folder.name.startswith("clip"))
    found, fields = vqgan_layout(weights(vqgan), config(vqgan), vqgan.name)
    named, shape = openai_layout(load_file(clip / "weights.safetensors"), {}, clip.name)
    network = ClipNetwork(ClipShape(**shape), named)
    tokenizer = Tokenizer(None, network.shape.context, network.shape.vocab)
    return VQGAN.frozen(fields, found), ClipPerceptor(network, tokenizer).eval()


def test_six_steps_are_the_recorded_ones(run: Path) -> None:
    told, io = config(run), tensors(run)
    codec, clip = networks(run)
    perceptor = Watched(clip)
    embeds = F.normalize(io["text_embeds"], dim=-1)
    scene = [
        Target(
            embeddings=(embeds[row : row + 1],),
            weight=Constant(value=prompt["weight"]),
            stop=float("-inf") if prompt["stop"] is None else prompt["stop"],
        )
        for row, prompt in enumerate(told["prompts"])
    ]
    one_by_one = {
        f"prompt{row}": PromptLoss([perceptor], whole, [[target]])
        for row, target in enumerate(scene)
    }
    canvas = VQGANCanvas(codec, io["z0"])
    asked = told["optimiser"]
    spec = Adam(lr=asked["lr"], betas=tuple(asked["betas"]))
    optimizer, lr = spec.build(canvas.groups())
    assert optimizer.defaults["eps"] == asked["eps"]

    after: list[Tensor] = []
    for frame in optimize(canvas, one_by_one, optimizer, lr, steps=told["steps"]):
        i = frame.step
        if i:
            after.append(canvas.z.detach().clone())
        if i == told["steps"]:
            break
        codes = nearest(canvas.z, codec.codebook)
        if i == 0:
            close(frame.image, io["image_step0"], 2e-5)
            close(canvas.z.grad, io["grad_z_step0"], 1e-3 * io["grad_z_step0"].abs().max())
        if told["argmin_margin_abs"][i] > 1e-3:
            assert torch.equal(codes, io[f"indices_before_step{i}"])
        losses = torch.stack([*frame.losses.values()])[:, 0].double()
        close(torch.cat([losses, losses.sum()[None]]), io["losses"][i], 1e-4)

    views, features = perceptor.seen[0]
    mean, std = clip.mean, clip.std
    close((views - mean) / std, io["clip_input_step0"], 1e-4)
    close(features, F.normalize(io["image_features_step0"], dim=-1), 1e-5)
    felt = io["grad_z_step0"].abs() > 1e-6  # where it is about 0, Adam's first step is a coin toss
    close(after[0][felt], io["z_after_step0"][felt], 1e-3)
    for i, z in enumerate(after):
        want = io[f"z_after_step{i}"]
        assert F.cosine_similarity(z.flatten(), want.flatten(), dim=0) > 0.999


def close(got: Tensor | None, want: Tensor, atol: float | Tensor) -> None:
    assert got is not None
    torch.testing.assert_close(got, want.to(got), rtol=0, atol=float(atol))
