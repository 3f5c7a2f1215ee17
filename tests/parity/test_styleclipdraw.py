"""StyleCLIPDraw's features and style loss against the recorded answers of the original."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from parity.golden import config, families, tensors
from reverie.curve import as_curve
from reverie.loss import transport
from reverie.loss.columns import VGGSeer
from reverie.loss.style import StyleLoss
from reverie.nets.vgg import VGG16
from reverie.weights.feature_layouts import vgg16_shapes

FOLDERS = families("loss-styleclipdraw")


def hashed(shape: tuple[int, ...], salt: int, fan: int) -> Tensor:
    """Weights by the formula in the recording's config."""
    x, full = np.arange(np.prod(shape), dtype=np.uint64), np.uint64(2**32)
    x = (x * np.uint64(2654435761) + np.uint64(salt * 40503 + 12345)) % full
    for factor, shift in ((2246822519, 16), (3266489917, 13)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) % full
    x ^= x >> np.uint64(16)
    value = (x / 2**32 - 0.5) * np.sqrt(12) * np.sqrt(2 / fan)
    return torch.from_numpy(value.astype(np.float32)).reshape(shape)


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def io(folder: Path) -> dict[str, Tensor]:
    return tensors(folder)


@pytest.fixture(scope="module")
def seer(folder: Path) -> VGGSeer:
    salt, made = config(folder)["vgg_weight_formula"]["salt0"], {}
    for name, shape in vgg16_shapes().items():
        layer = int(name.split(".")[1])
        if name.endswith("weight"):
            made[name] = hashed(shape, 2 * layer + salt, shape[1] * 9)
        else:
            made[name] = 0.5 * hashed(shape, 2 * layer + 1 + salt, shape[0])
    return VGGSeer(VGG16(made), "half")


@pytest.fixture(scope="module")
def style(seer: VGGSeer, io: dict[str, Tensor]) -> Tensor:
    """The recorded columns of the style, or those at the places that are recorded instead."""
    if "style.hypercolumn" in io:
        return io["style.hypercolumn"][0].T
    return seer.at(io["style.image"], io["style.positions"].T.float(), smooth=False)


def places(io: dict[str, Tensor]) -> Tensor:
    return torch.stack([io["indices.xx"], io["indices.xy"]], 1).float()


def same(got: Tensor, want: Tensor, share: float = 1e-4) -> None:
    torch.testing.assert_close(got, want, rtol=0, atol=share * want.abs().max().item())


def test_levels_of_a_picture_are_those_of_the_reference(folder, seer, io) -> None:
    levels = seer.levels(io["vgg.image"])
    assert [list(x.shape) for x in levels] == config(folder)["vgg_feature_shapes"]
    assert sum(seer.widths) == 2179
    for i, level in enumerate(levels):
        same(level[:, :4], io[f"vgg.feat{i}_first4ch"])
        found = torch.stack([level.mean(), level.std(), level.abs().max()])
        torch.testing.assert_close(found, io[f"vgg.feat{i}_mean_std"], rtol=1e-4, atol=1e-5)


def test_columns_of_a_style_are_those_of_the_reference(seer, io, style) -> None:
    if "style.hypercolumn" in io:
        rows = style[:, None, :3]
        pixels = seer.levels(io["style.image"])[0].flatten(2).mT  # [1, h*w, 3]
        (at,) = ((rows - pixels).abs().amax(2).argmin(1),)
        side = io["style.image"].shape[-1]
        where = torch.stack([at // side, at % side], 1).float()
        same(seer.at(io["style.image"], where, smooth=False), style)
    else:
        same(style[:, ::16], io["style.hypercolumn_every16th_channel"][0].T)


def test_columns_between_the_pixels_are_those_of_the_reference(seer, io) -> None:
    found = seer.at(io["vgg.image"], places(io), smooth=True)
    (want,) = (x for name, x in io.items() if name.startswith("spatial_extract"))
    want = want[0, :, :, 0].T  # [1, c, n, 1] -> [n, c], where two coordinates come last
    same(found[: len(want), ::7], want[:, : found[:, ::7].shape[1]])


def test_the_loss_and_its_gradient_are_those_of_the_reference(folder, seer, io, style) -> None:
    class Recorded(VGGSeer):
        def __call__(self, image: Tensor, draws: object, count: int, *, smooth: bool) -> Tensor:
            return seer.at(image, places(io), smooth=True) if smooth else style

    recorded = Recorded(seer.network, "half")
    loss = StyleLoss(recorded, io["style.image"], as_curve(1.0))
    image = io["vgg.image"].clone().requires_grad_()
    columns = seer.at(image, places(io), smooth=True)
    told = config(folder)["parts"]
    for got, part in (
        (transport.cosine_transport(columns, loss.goal.unit), "remd"),
        (transport.moments(columns, loss.goal), "moment"),
        (transport.palette(columns[:, :3], loss.goal.colours), "palette"),
    ):
        assert got.item() == pytest.approx(told[part], rel=1e-4), part
    found = loss.apart(columns)
    torch.testing.assert_close(found[None], io["calculate_loss_content_weight0"], rtol=1e-4, atol=0)
    (grad,) = torch.autograd.grad(found, image)
    same(grad, io["grad_calculate_loss_image"], 1e-3)


def test_each_part_and_its_gradient_are_those_of_the_reference_on_plain_vectors(io) -> None:
    x, y, a, b = (io[f"small.{name}"][0, :, :, 0].T for name in ("X", "Y", "X3", "Y3"))
    goal = transport.Clouded.of(y, y[:, :3])
    known = {
        "style_loss": (x, lambda x: transport.cosine_transport(x, goal.unit), "X"),
        "moment_loss": (x, lambda x: transport.moments(x, goal), "X"),
        "palette_loss": (a, lambda x: transport.palette(x, transport.turned(b)), "X3"),
    }
    for name, (start, part, of) in known.items():
        start = start.clone().requires_grad_()
        found = part(start)
        torch.testing.assert_close(found[None], io[f"small.{name}"], rtol=1e-4, atol=0)
        (grad,) = torch.autograd.grad(found, start)
        same(grad, io[f"small.{name}_grad_{of}"][0, :, :, 0].T, 1e-3)
