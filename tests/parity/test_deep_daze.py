"""The SIREN of deep-daze and its loss, from recorded answers."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from parity.golden import config, families, tensors, weights
from reverie.canvas.siren import SirenCanvas
from reverie.curve import as_curve
from reverie.loss.prompts import PromptLoss
from reverie.loss.targets import Target
from reverie.nets.siren import Siren, places, points
from reverie.protocols import Draws, Moment, parts

FOLDERS = families("loss-deepdaze-siren")
pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def siren(folder: Path, precision: torch.dtype = torch.float32) -> Siren:
    about = config(folder)["siren"]
    state = {name: x[None] for name, x in weights(folder).items()}
    network = Siren(state, (about["w0_initial"], about["w0"]), precision)
    assert len(network.layers) == about["num_layers"]
    return network


def test_the_places_are_the_recorded_grid(folder: Path):
    side = config(folder)["siren"]["image_width"]
    torch.testing.assert_close(points(*places((side, side))), tensors(folder)["grid"])


def test_the_network_and_its_picture_are_the_recorded_ones(folder: Path):
    io, network = tensors(folder), siren(folder)
    _, _, height, width = io["siren_raw"].shape
    raw = network(io["grid"]).unflatten(1, (height, width)).permute(0, 3, 1, 2)
    torch.testing.assert_close(raw, io["siren_raw"], rtol=0, atol=1e-4)
    picture = SirenCanvas(network, io["grid"], (width, height))()
    torch.testing.assert_close(picture, io["siren_image01"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("kept", [0, 2**27], ids=["in tiles", "at once"])
def test_the_gradient_of_a_picture_is_the_recorded_one(
    folder: Path, kept: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reverie.nets.siren.KEPT", kept)
    monkeypatch.setattr("reverie.nets.siren.TILE", 100)
    io, network = tensors(folder), siren(folder)
    _, _, height, width = io["siren_raw"].shape
    raw = network(io["grid"]).unflatten(1, (height, width)).permute(0, 3, 1, 2)
    (io["R"] * ((raw + 1) / 2).clamp(0, 1)).mean().backward()
    wanted = {n: x for n, x in io.items() if n.startswith("grad_mean_R_image01.")}
    assert len(wanted) >= 5
    for name, want in wanted.items():
        got = network.get_parameter(name.removeprefix("grad_mean_R_image01.")).grad
        assert got is not None
        torch.testing.assert_close(got[0], want, rtol=1e-3, atol=1e-3 * want.abs().mean().item())


class Recorded:
    """A perceptor and an augment whose views are the recorded embeddings themselves."""

    size = 1

    def __init__(self, rows: Tensor) -> None:
        self.rows, self.count = rows, len(rows)

    def __call__(self, image: Tensor, moment: Moment) -> "Recorded":
        return self

    def draw(self, views: slice, size: int) -> Tensor:
        return self.rows[views]

    def encode_image(self, views: Tensor) -> Tensor:
        return views

    def encode_text(self, texts: object) -> Tensor:
        raise NotImplementedError


@pytest.mark.parametrize(("name", "averaging"), [("0_3", 0.3), ("0", 0.0), ("1", 1.0)])
@pytest.mark.parametrize("chunk", [2, 99])
def test_the_loss_and_its_gradient_are_the_recorded_ones(
    folder: Path, name: str, averaging: float, chunk: int
):
    io, about = tensors(folder), config(folder)
    seen = io["image_embeds"].clone().requires_grad_()
    target = Target(
        embeddings=(F.normalize(io["text_embed"], dim=1),), weight=as_curve(about["loss_coef"])
    )

    def loss(rows: Tensor, averaging: float) -> Tensor:
        recorded = Recorded(rows)
        made = PromptLoss(
            [recorded],  # type: ignore[list-item]
            recorded,  # type: ignore[arg-type]
            [[target]],
            distance="cosine",
            averaging=as_curve(averaging),
            chunk=chunk,
        )
        given = made(torch.zeros(1, 3, 1, 1), Moment(0, 0.0, Draws((0,), 0)))
        return sum(parts(given), torch.zeros(1)) - about["loss_coef"]  # theirs is minus the cosine

    # Theirs averages rows of any length; ours come with unit length, but for this comparison.
    got = (1 - averaging) * loss(F.normalize(seen, dim=1), 0.0) + averaging * loss(seen, 1.0)
    torch.testing.assert_close(got.detach(), io[f"loss_averaging{name}"], rtol=0, atol=1e-4)
    if averaging == about["averaging_weight"]:
        got.sum().backward()
        want = io["grad_loss_image_embeds"]
        torch.testing.assert_close(seen.grad, want, rtol=1e-3, atol=1e-3 * want.abs().mean().item())
