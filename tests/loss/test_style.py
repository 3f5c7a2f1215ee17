"""The style loss: transport, moments and palettes of columns, and the pictures they come from."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reverie import image as images
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Perlin
from reverie.device import machine
from reverie.errors import ReverieError
from reverie.loss import transport
from reverie.loss.columns import TileSeer, VGGSeer, sampled, square
from reverie.loss.style import StyleLoss, StyleTransfer, reduced, spread
from reverie.nets.vgg import VGG16
from reverie.perceptor.pocket import Pocket
from reverie.protocols import Draws, LossSpec, Moment, parts
from reverie.spec import from_json, to_json
from reverie.weights.feature_layouts import vgg16_shapes

CPU = machine("cpu", "fp32")
SIZE = (40, 36)


def cloud(seed: int, n: int, d: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + 0.3


def pictures(*seeds: int, size: tuple[int, int] = SIZE) -> Tensor:
    return Draws(seeds, 0, "picture").uniform(3, size[1], size[0])


def spec(**options: Any) -> StyleTransfer:
    given: dict[str, Any] = {"picture": Perlin(), "features": Pocket(), "samples": 60, "known": 90}
    return StyleTransfer(**given | options)


def built(made: StyleTransfer, *seeds: int) -> StyleLoss:
    return made.build(Pixels(size=SIZE).build(CPU, seeds), CPU)


def value(loss: StyleLoss, image: Tensor, *seeds: int, t: float = 0.0, step: int = 0) -> Tensor:
    found = sum(parts(loss(image, Moment(step, t, Draws(seeds, step, "style")))))
    assert isinstance(found, Tensor)
    return found


@pytest.fixture(scope="module")
def vgg() -> VGG16:
    made, rng = {}, torch.Generator().manual_seed(1)
    for name, shape in vgg16_shapes().items():
        wide = (2 / torch.Size(shape[1:]).numel()) ** 0.5 if len(shape) > 1 else 0.1
        made[name] = torch.empty(shape).normal_(0, wide, generator=rng)
    return VGG16(made)


class TestTransport:
    @pytest.mark.parametrize(("n", "m"), [(30, 44), (44, 30)])
    def test_it_is_the_larger_of_both_ways_to_the_nearest(self, n, m, monkeypatch):
        x, y = cloud(1, n, 20), cloud(2, m, 20)
        cost = 1 - F.normalize(x) @ F.normalize(y).T
        want = torch.maximum(cost.amin(1).mean(), cost.amin(0).mean())
        for rows in (1024, 7):
            monkeypatch.setattr(transport, "ROWS", rows)
            found = transport.cosine_transport(x, F.normalize(y))
            torch.testing.assert_close(found, want)

    @pytest.mark.parametrize(("n", "m"), [(12, 90), (90, 12)])
    def test_its_gradient_is_that_of_the_whole_table(self, n, m):
        x, y = cloud(1, n, 8).requires_grad_(), cloud(2, m, 8)
        cost = 1 - F.normalize(x) @ F.normalize(y).T
        whole = torch.maximum(cost.amin(1).mean(), cost.amin(0).mean())
        (want,) = torch.autograd.grad(whole, x)
        (found,) = torch.autograd.grad(transport.cosine_transport(x, F.normalize(y)), x)
        torch.testing.assert_close(found, want, rtol=1e-4, atol=1e-7)

    def test_a_cloud_is_at_no_distance_from_itself(self):
        x = cloud(1, 30, 8)
        goal = transport.Clouded.of(x, x[:, :3])
        assert transport.cosine_transport(x, goal.unit) < 1e-6
        assert transport.moments(x, goal) < 1e-6
        assert transport.palette(x[:, :3], goal.colours) < 0.002  # of the least that is measured

    @pytest.mark.parametrize("d", [5, 13])
    def test_moments_are_means_and_covariances(self, d, monkeypatch):
        monkeypatch.setattr(transport, "BLOCK", 4)
        x, y = cloud(1, 30, d).requires_grad_(), cloud(2, 44, d)
        goal = transport.Clouded.of(y, y[:, :3])
        want = (x.mean(0) - y.mean(0)).abs().mean() + (x.T.cov() - y.T.cov()).abs().mean()
        found = transport.moments(x, goal)
        torch.testing.assert_close(found, want)
        for a, b in zip(*(torch.autograd.grad(v, x) for v in (found, want)), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-7)

    def test_a_covariance_has_its_true_gradient(self):
        x, other = cloud(1, 9, 6).double(), cloud(2, 9, 6).double().T.cov()
        x = (x - x.mean(0)).requires_grad_()
        assert torch.autograd.gradcheck(transport.CovarianceGap.apply, (x, other))

    def test_opponents_keep_lengths(self):
        x = cloud(1, 9, 3)
        torch.testing.assert_close(
            transport.turned(x).norm(dim=1), x.norm(dim=1), rtol=1e-4, atol=0
        )


class TestColumns:
    def test_a_column_holds_what_every_layer_sees_there(self, vgg):
        seer, image = VGGSeer(vgg), pictures(1)
        levels = seer.levels(image)
        (column,) = seer.at(image, torch.tensor([[13.0, 22.0]]), smooth=False)
        want = [
            x[0, :, int(13 / r), int(22 / r)]
            for x, r in zip(levels, (1,) * 3 + (2,) * 2 + (4,) * 3 + (8, 16), strict=True)
        ]
        torch.testing.assert_close(column, torch.cat(want))
        assert len(column) == sum(seer.widths) == 2179

    def test_between_pixels_it_is_mixed_and_at_the_border_it_is_held(self):
        level = torch.arange(12.0).view(1, 1, 3, 4)
        at = torch.tensor([[[0.5, 1.25], [2.0, 3.0], [2.9, 3.9]]])
        found = sampled(level, at, smooth=True)[0, :, 0]
        torch.testing.assert_close(found, torch.tensor([3.25, 11.0, 11.0]))
        found = sampled(level, at, smooth=False)[0, :, 0]
        assert found.tolist() == [1.0, 11.0, 11.0]

    def test_half_contrast_is_seen_as_styleclipdraw_does(self, vgg):
        image = pictures(1)
        half = VGGSeer(vgg, "half").levels(image)[0]
        torch.testing.assert_close(half, VGGSeer(vgg).levels((image + 1) / 2)[0])

    def test_places_of_a_tile_are_read_in_all_its_layers(self):
        eye = Pocket().build(CPU)
        seer = TileSeer(eye, ["stem", "block2"], 32, CPU.device)
        found = seer(pictures(1), Draws((3,), 0), 90, smooth=False)
        assert len(found) >= 90 and found.shape[1] == sum(seer.widths)
        one, other = (seer(pictures(1), Draws((s,), 0), 90, smooth=False) for s in (3, 4))
        assert torch.equal(found, one) and not torch.equal(found, other)

    def test_patches_in_a_row_are_a_square(self):
        assert square(torch.zeros(2, 5, 49)).shape == (2, 5, 7, 7)


class TestStyle:
    def test_a_picture_is_nearer_to_its_own_style_than_to_another(self, tmp_path):
        stripes = (torch.arange(SIZE[0]) % 4 < 2).float().expand(1, 3, SIZE[1], SIZE[0])
        images.save(stripes, tmp_path / "stripes.png", None)
        loss = built(spec(picture=str(tmp_path / "stripes.png")), 1)
        moved, noise = stripes.roll(1, -1), pictures(1)
        assert value(loss, moved, 1) < 0.3 * value(loss, noise, 1)

    def test_descent_comes_nearer(self):
        loss, image = built(spec(), 1), pictures(1).requires_grad_()
        before = value(loss, image, 1)
        before.sum().backward()
        assert image.grad is not None
        with torch.no_grad():
            image -= 0.5 * image.grad / image.grad.norm()
        assert value(loss, image, 1) < before

    def test_each_picture_is_judged_on_its_own_and_noted(self):
        both, alone = built(spec(weight=(2.0, 4.0)), 4, 5), built(spec(weight=(2.0, 4.0)), 5)
        moment = Moment(3, 0.5, Draws((4, 5), 3, "style"))
        pieces = [*parts(both(pictures(4, 5), moment))]
        assert len(pieces) == 2 and not pieces[0][1] and not pieces[1][0]
        found = torch.stack(pieces).sum(0)
        want = value(alone, pictures(5), 5, t=0.5, step=3)
        torch.testing.assert_close(found[1:], want, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(moment.notes["style"], found / 3)

    def test_places_change_from_step_to_step(self):
        loss, image = built(spec(), 1), pictures(1)
        found = [value(loss, image, 1, step=step).item() for step in (0, 0, 1)]
        assert found[0] == found[1] != found[2]

    def test_nothing_is_looked_at_where_the_weight_is_nothing(self):
        loss = built(spec(weight=0.0), 1)
        loss.seer = None  # type: ignore[assignment]
        assert value(loss, pictures(1), 1).item() == 0

    def test_vgg_sees_a_style_too(self, vgg):
        style = images.resize(pictures(2), (32, 28))
        loss = StyleLoss(VGGSeer(vgg), style, lambda t: 1.0, samples=40, known=50)
        image = pictures(1, size=(32, 28)).requires_grad_()
        found = value(loss, image, 1)
        found.sum().backward()
        assert image.grad is not None and image.grad.isfinite().all() and image.grad.any()
        assert value(loss, style, 1) < 0.8 * found

    def test_large_pictures_are_looked_at_smaller(self):
        assert reduced(torch.zeros(1, 3, 300, 200), 100).shape == (1, 3, 100, 67)
        assert reduced(pictures(1), 100).equal(pictures(1))

    def test_all_layers_weigh_alike(self):
        columns = torch.cat([cloud(1, 50, 3), 100 * cloud(2, 50, 12)], 1)
        middle, unit = spread(columns, (3, 12))
        energy = ((columns - middle) / unit).square().mean(0).split([3, 12])
        assert energy[0].sum().item() == pytest.approx(energy[1].sum().item(), rel=1e-4)
        assert sum(x.sum() for x in energy).item() == pytest.approx(15, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"picture": " "}, "picture: is empty"),
        ({"layers": ()}, "of a perceptor some can be named"),
        ({"features": "vgg16", "layers": ("stem",)}, "those of VGG16 are its nine"),
        ({"samples": 1}, "at least 2 places"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ReverieError, match=message):
        spec(**options)


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(ReverieError, match="'block99' is not one of stem"):
        built(spec(layers=("block99",)), 1)


def test_it_survives_json_and_knows_its_files(tmp_path, monkeypatch):
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path))
    images.save(pictures(3), tmp_path / "style.png", None)
    made = spec(picture=str(tmp_path / "style.png"), layers=("stem",), weight=(1.0, 2.0))
    assert from_json(to_json(made), LossSpec) == made
    assert [*made.digests()] == [str(tmp_path / "style.png")]
    with pytest.raises(ReverieError, match="reverie models import"):
        spec(features="vgg16").digests()
