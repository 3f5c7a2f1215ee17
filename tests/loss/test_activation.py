"""A layer is made stronger, or one neuron of it, or what is like a guide."""

import pytest
import torch

from reverie import image as images
from reverie.augment.tiles import Tiles
from reverie.augment.whole import WholeView
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Colour, Perlin
from reverie.device import machine
from reverie.errors import PictureError, SpecError
from reverie.loss.activation import MOST, Activation, Eye, match, seen_in
from reverie.optimize import optimize
from reverie.optimizer import NormalizedDescent
from reverie.perceptor.pocket import Pocket
from reverie.protocols import Draws, Moment, parts

CPU = machine("cpu", "fp32")
WAYS = {"layer": {}, "neuron": {"neuron": 7}, "guide": {"guide": "guide.png"}}


@pytest.fixture(params=WAYS)
def way(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images.save(Perlin().draw((70, 64), (9,), CPU.device), "guide.png", None)
    return WAYS[request.param]


def built(seeds=(0,), size=(80, 64), start=None, **options):
    usual = {"layer": "block3", "augment": Tiles(side=64)}
    spec = Activation(perceptor=Pocket(), **(usual | options))
    canvas = Pixels(size=size, start=start or Perlin()).build(CPU, seeds)
    return spec.build(canvas, CPU), canvas


def looking(layer):
    return Eye(Pocket().build(CPU), layer, Tiles(side=64).build(), 16)


def value(loss, picture, seeds=(0,)):
    moment = Moment(0, 0.0, Draws(seeds, 0))
    return sum(parts(loss(picture, moment))), moment.notes["activation"]


def test_a_step_downhill_makes_it_stronger(way):
    loss, canvas = built(**way)
    optimizer, lr = NormalizedDescent(lr=0.01).build(canvas.groups())
    values = [
        frame.losses["dream"].item()
        for frame in optimize(canvas, {"dream": loss}, optimizer, lr, steps=8)
    ]
    assert values[-1] < values[0] - 0.1


def test_the_value_is_minus_the_weight_times_what_is_noted(way):
    loss, canvas = built(weight=2.0, **way)
    got, noted = value(loss, canvas())
    torch.testing.assert_close(got, -2 * noted)


def test_it_comes_in_parts_that_add_up(way):
    whole, canvas = built(chunk=64, **way)
    chunked, _ = built(chunk=1, **way)
    picture = canvas().detach()
    assert len(list(parts(chunked(picture, Moment(0, 0.0, Draws((0,), 0)))))) > 1
    torch.testing.assert_close(value(chunked, picture)[0], value(whole, picture)[0])


def test_the_start_of_each_picture_is_the_unit_of_its_strength():
    """So bright pictures weigh as much as faint ones, and words beside all of them alike."""
    loss, canvas = built(seeds=(0, 1), augment=WholeView())
    picture = canvas().detach()
    torch.testing.assert_close(value(loss, picture, (0, 1))[1], torch.ones(2))
    alone, _ = built(seeds=(1,), augment=WholeView())
    torch.testing.assert_close(alone.unit, loss.unit[1:])
    assert not torch.allclose(loss.unit[0], loss.unit[1])


def test_a_neuron_is_itself_and_no_other():
    eye = Pocket().build(CPU)
    loss, canvas = built(neuron=5, augment=WholeView(), size=(64, 64))
    seen = eye.activations(canvas(), "block3")
    torch.testing.assert_close(value(loss, canvas())[1], seen[:, 5].mean((1, 2)) / loss.unit)


def test_every_place_is_matched_with_what_it_has_the_largest_product_with():
    guide = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, -3.0]])
    seen = torch.tensor([[[1.0, 0.1, -1.0], [0.2, 1.0, -1.0]]])  # [view, c, places]
    want = torch.stack([torch.tensor(v) for v in (1.0, 2.0, 6.0)]).mean() / 2  # the mean over c
    torch.testing.assert_close(match(seen, guide), want[None])


def test_a_guide_is_seen_whole_and_counted_in_its_own_strength(tmp_path):
    """However large it is: the same picture of another size says much the same."""
    guides = []
    for size in ((80, 64), (320, 256)):
        path = tmp_path / f"{size[0]}.png"
        images.save(Perlin().draw(size, (3,), CPU.device), path, None)
        eye = looking("stem")
        guides.append(seen_in(str(path), eye, CPU))
    for guide in guides:
        torch.testing.assert_close(guide.square().mean(), torch.tensor(1.0))
        assert len(guide) <= MOST
    assert torch.nn.functional.cosine_similarity(*(g.mean(0) for g in guides), 0) > 0.95


def test_a_guide_with_the_short_side_of_a_view_is_taken_as_it_is(tmp_path):
    picture = Perlin().draw((96, 64), (3,), CPU.device)
    images.save(picture, tmp_path / "guide.png", None)
    picture = images.load(tmp_path / "guide.png")
    eye, moment = looking("block5"), Moment(0, 0.0, Draws((0,), 0, "guide"))
    with torch.no_grad():
        want = torch.cat([x.flatten(2).mT.flatten(0, 1) for _, x in eye(picture, moment)])
    got = seen_in(str(tmp_path / "guide.png"), eye, CPU)
    torch.testing.assert_close(got, want / want.square().mean().sqrt())


def test_a_dream_led_by_a_guide_comes_nearer_to_it_than_one_that_is_not(tmp_path):
    red = tmp_path / "red.png"
    images.save(Colour(colour="#c03020").draw((64, 64), (0,), CPU.device), red, None)
    ends = {}
    for name, how in (("plain", {}), ("guided", {"guide": str(red)})):
        loss, canvas = built(layer="stem", start=Colour(colour="#808080"), size=(64, 64), **how)
        optimizer, lr = NormalizedDescent(lr=0.02).build(canvas.groups())
        for frame in optimize(canvas, {"dream": loss}, optimizer, lr, steps=10):
            ends[name] = frame.image
    goal = images.load(red)
    far = {name: (end - goal).abs().mean().item() for name, end in ends.items()}
    assert far["guided"] < 0.8 * far["plain"]


def test_what_cannot_be_is_refused_in_one_line(tmp_path):
    for options, said in (
        ({"neuron": 128}, "neuron: 128; block3 has 128, numbered from 0 to 127"),
        ({"layer": "block9"}, "'block9' is not one of stem, block1"),
        ({"neuron": 1, "guide": "x.png"}, "a guide speaks to all neurons"),
        ({"chunk": 0}, "chunk: 0 views at a time"),
    ):
        with pytest.raises(SpecError, match=said):
            built(**options)
    missing = Activation(
        perceptor=Pocket(), layer="stem", augment=WholeView(), guide=str(tmp_path / "no.png")
    )
    with pytest.raises(PictureError, match="no such file"):
        missing.digests()


def test_the_guide_is_among_the_files_that_a_recipe_reads(tmp_path):
    path = tmp_path / "guide.png"
    images.save(Colour(colour="red").draw((8, 8), (0,), CPU.device), path, None)
    spec = Activation(perceptor=Pocket(), layer="stem", augment=WholeView(), guide=str(path))
    assert spec.digests() == {str(path): images.digest(path)}
    link = Activation(
        perceptor=Pocket(), layer="stem", augment=WholeView(), guide="https://example.org/a.png"
    )
    assert link.digests() == {}
