"""LPIPS and identity, with networks of random weights in the layouts of the published files."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reverie import image as images
from reverie.canvas.pixels import Pixels
from reverie.cli.app import main
from reverie.device import machine
from reverie.errors import ReverieError, WeightsError
from reverie.loss.identity import IdentityPull, seen
from reverie.loss.lpips import LPIPSPull, reduced
from reverie.nets.arcface import ArcFace
from reverie.nets.lpips import LPIPS
from reverie.protocols import Draws, LossSpec, Moment
from reverie.spec import from_json, to_json
from reverie.weights import store
from reverie.weights.feature_layouts import SHAPES, feature_layout, kind_of

CPU = machine("cpu", "fp32")
SIZE = (40, 36)
FILES = {"vgg16": "vgg16-397923af.pth", "lpips": "vgg.pth", "arcface": "model_ir_se50.pth"}


def tensors(kind: str) -> dict[str, Tensor]:
    """Random weights whose sums keep their size from layer to layer, as trained ones do."""
    made, rng = {}, torch.Generator().manual_seed(1)
    for name, shape in SHAPES[kind]().items():
        spread = (2 / max(1, torch.Size(shape[1:]).numel())) ** 0.5 if len(shape) > 1 else 0.1
        made[name] = torch.empty(shape).normal_(0, spread, generator=rng)
        if name.endswith("running_var"):
            made[name] = made[name].abs() + 0.8
        if len(shape) == 1 and name.endswith("weight"):  # of normalisations and slopes
            made[name] = made[name] + 0.5
    return {name: value.abs() for name, value in made.items()} if kind == "lpips" else made


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """As they are published: with a classifier, and with counts, that nobody needs."""
    folder = tmp_path_factory.mktemp("published")
    more = {
        "vgg16": {"classifier.0.weight": torch.zeros(3, 4)},
        "arcface": {"input_layer.1.num_batches_tracked": torch.tensor(7)},
    }
    for kind, name in FILES.items():
        torch.save(tensors(kind) | more.get(kind, {}), folder / name)
    return {kind: str(folder / name) for kind, name in FILES.items()}


@pytest.fixture(scope="module")
def specs(files) -> dict[str, Any]:
    return {
        "lpips": LPIPSPull(vgg=files["vgg16"], heads=files["lpips"]),
        "identity": IdentityPull(model=files["arcface"]),
    }


@pytest.fixture(params=["lpips", "identity"])
def spec(request, specs) -> Any:
    return specs[request.param]


def pictures(*seeds: int) -> Tensor:
    return Draws(seeds, 0, "picture").uniform(3, SIZE[1], SIZE[0])


def value(spec: Any, image: Tensor, *seeds: int) -> Tensor:
    loss = spec.build(Pixels(size=SIZE).build(CPU, seeds), CPU)
    return loss(image, Moment(0, 0.5, Draws(seeds, 0)))


def test_where_the_canvas_began_is_at_no_distance(spec):
    start = Pixels(size=SIZE).build(CPU, (4, 5))()
    assert (value(spec, start, 4, 5).abs() < 1e-6).all()
    assert (value(spec, pictures(1, 2), 4, 5) > 1e-4).all()


def test_each_picture_is_judged_on_its_own(spec):
    found = value(spec, pictures(1, 2), 4, 5)
    torch.testing.assert_close(found[1:], value(spec, pictures(2), 5), rtol=1e-4, atol=1e-6)


def test_descent_comes_nearer_to_a_picture(spec, tmp_path):
    images.save(pictures(3), tmp_path / "goal.png", None)
    spec = from_json(to_json(spec) | {"towards": str(tmp_path / "goal.png"), "weight": [0, 4]})
    assert from_json(to_json(spec), LossSpec) == spec
    assert str(tmp_path / "goal.png") in spec.digests() and len(spec.digests()) > 1
    image = pictures(1).requires_grad_()
    before = value(spec, image, 1)
    before.sum().backward()
    assert image.grad is not None and image.grad.isfinite().all()
    with torch.no_grad():
        image -= 0.05 * image.grad / image.grad.norm()
    assert value(spec, image, 1) < before


def test_a_black_picture_has_a_finite_gradient(spec):
    black = torch.zeros(1, 3, 32, 32, requires_grad=True)
    value(spec, F.pad(black, (0, 8, 0, 4)), 1).sum().backward()
    assert black.grad is not None and black.grad.isfinite().all()


def test_lpips_is_what_its_paper_says():
    vgg, heads = tensors("vgg16"), tensors("lpips")
    a, b = pictures(1), pictures(2)
    network, want = LPIPS(vgg, heads), 0.0
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    places = [int(name.split(".")[1]) for name in vgg if name.endswith("weight")]
    pools, ends = {4, 9, 16, 23}, {3: 0, 8: 1, 15: 2, 22: 3, 29: 4}  # in torchvision's list
    x, y = ((p - mean[:, None, None]) / std[:, None, None] for p in (a, b))
    for place in range(30):
        if place in pools:
            x, y = F.max_pool2d(x, 2), F.max_pool2d(y, 2)
        elif place in places:
            weight, bias = vgg[f"features.{place}.weight"], vgg[f"features.{place}.bias"]
            x, y = (F.conv2d(z, weight, bias, padding=1) for z in (x, y))
        else:
            x, y = x.relu(), y.relu()
        if place in ends:
            ones = (z / (z.norm(dim=1, keepdim=True) + 1e-10) for z in (x, y))
            apart = (next(ones) - next(ones)).square()
            head = heads[f"lin{ends[place]}.model.1.weight"]
            want += F.conv2d(apart, head).mean().item()
    found = network.apart(network.features(a), network.features(b))
    assert found.item() == pytest.approx(want, rel=1e-4)


class TestArcFace:
    def test_it_is_the_network_of_stock_layers(self):
        """As a chain of torch's own modules, which take the tensors by the same names."""
        given, units = tensors("arcface"), [(64, 3), (128, 4), (256, 14), (512, 3)]
        body, into = [], 64
        for out, count in units:
            for i in range(count):
                body.append(stock_unit(into, out, 1 if i else 2))
                into = out
        head = [nn.BatchNorm2d(512), nn.Dropout(0.6), nn.Flatten()]
        stock = nn.ModuleDict(
            {
                "input_layer": nn.Sequential(
                    nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
                ),
                "body": nn.ModuleList(body),
                "output_layer": nn.Sequential(*head, nn.Linear(25088, 512), nn.BatchNorm1d(512)),
            }
        ).eval()
        counts = {n: v for n, v in stock.state_dict().items() if n.endswith("batches_tracked")}
        stock.load_state_dict(given | counts, strict=True)
        faces = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(1)) * 2 - 1
        with torch.no_grad():
            x = stock["input_layer"](faces)
            for unit in body:
                y = unit["res_layer"][:5](x)
                squeeze = unit["res_layer"][5]
                gate = squeeze["fc2"](squeeze["fc1"](y.mean((2, 3), keepdim=True)).relu())
                x = y * gate.sigmoid() + unit["shortcut_layer"](x)
            want = F.normalize(stock["output_layer"](x))
            torch.testing.assert_close(ArcFace(given)(faces), want, rtol=1e-4, atol=1e-5)

    def test_a_face_has_a_vector_of_unit_length(self):
        found = ArcFace(tensors("arcface"))(torch.zeros(1, 3, 112, 112))
        assert found.shape == (1, 512) and found.norm().item() == pytest.approx(1)


def test_a_face_is_cut_out_as_styleclip_does(specs):
    """Of a picture of 512 pixels, by means of blocks, and scaled to -1..1."""
    rng = torch.Generator().manual_seed(1)
    picture = torch.rand(1, 3, 512, 512, generator=rng)
    whole = picture.unflatten(3, (256, 2)).unflatten(2, (256, 2)).mean((3, 5))
    columns = torch.zeros(188, 112)
    for i in range(112):  # each is the mean of the pixels that it covers, even in part
        first, last = i * 188 // 112, -((i + 1) * 188 // -112)
        columns[first:last, i] = 1 / (last - first)
    face = columns.T @ whole[..., 35:223, 32:220] @ columns
    network = ArcFace(tensors("arcface"))
    torch.testing.assert_close(seen(network, picture), network(face * 2 - 1), rtol=0, atol=1e-4)


def stock_unit(into: int, out: int, stride: int) -> nn.ModuleDict:
    gate = nn.ModuleDict(
        {
            "fc1": nn.Conv2d(out, out // 16, 1, bias=False),
            "fc2": nn.Conv2d(out // 16, out, 1, bias=False),
        }
    )
    shortcut: nn.Module = nn.MaxPool2d(1, stride)
    if into != out:
        shortcut = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))
    layers = (
        nn.BatchNorm2d(into),
        nn.Conv2d(into, out, 3, padding=1, bias=False),
        nn.PReLU(out),
        nn.Conv2d(out, out, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(out),
        gate,
    )
    return nn.ModuleDict({"res_layer": nn.Sequential(*layers), "shortcut_layer": shortcut})


def test_pictures_are_seen_at_256_pixels_at_the_most():
    assert reduced(torch.zeros(1, 3, 300, 200)).shape == (1, 3, 256, 200)
    checks = (torch.arange(512) % 2).float().expand(1, 3, 512, 512)
    assert torch.allclose(reduced(checks), torch.tensor(0.5))


class TestFiles:
    @pytest.mark.parametrize("kind", FILES)
    def test_it_is_imported_as_what_it_is(self, kind, files, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv("REVERIE_HOME", str(tmp_path))
        assert main(["models", "import", files[kind], "--name", f"my-{kind}"]) == 0
        assert f"({kind})" in capsys.readouterr().out
        assert store.stored(f"my-{kind}").kind == kind
        kept = store.find(f"my-{kind}", kind).tensors()
        assert kept.keys() == SHAPES[kind]().keys()

    @pytest.mark.parametrize("kind", FILES)
    def test_another_shape_is_refused(self, kind):
        given = tensors(kind)
        name = next(name for name in given if name.endswith("weight"))
        with pytest.raises(WeightsError, match=rf"tensor '{name}' is \[2\], and in {kind} it is"):
            feature_layout(kind, given | {name: torch.zeros(2)}, "file")
        del given[name]
        with pytest.raises(WeightsError, match=f"file: lacks tensor '{name}' of {kind}"):
            feature_layout(kind, given, "file")

    def test_a_vgg19_is_no_vgg16(self):
        places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
        assert not kind_of([f"features.{place}.weight" for place in places])

    def test_what_is_missing_is_said(self, monkeypatch, tmp_path):
        monkeypatch.setenv("REVERIE_HOME", str(tmp_path))
        with pytest.raises(ReverieError, match="reverie models import"):
            LPIPSPull().digests()
