"""A picture as a network: where it begins, what it hands over, and what it leaves behind."""

import json

import pytest
import torch
from safetensors import safe_open

from reverie import image as images
from reverie.canvas.averaged import Averaged
from reverie.canvas.siren import Siren
from reverie.device import machine
from reverie.errors import SpecError
from reverie.spec import from_json

CPU = machine("cpu", "fp32")
SMALL = Siren(size=(12, 8), layers=2, hidden=16)


def test_it_begins_as_siren_pytorch_does():
    state = Siren(size=(8, 8), layers=4, hidden=128).build(CPU, (3,)).network.state_dict()
    for name, limit in (("layers.0", 0.5), ("layers.2", (6 / 128) ** 0.5 / 30)):
        for part in ("weight", "bias"):
            values = state[f"{name}.{part}"]
            assert 0.9 * limit < values.abs().max() <= limit
    assert state["last_layer.weight"].abs().max() <= (6 / 128) ** 0.5 / 30
    assert len({x.flatten()[0].item() for x in state.values()}) == len(state)


def test_the_original_begins_nearly_grey():
    image = Siren(size=(16, 16)).build(CPU, (1,))()
    assert 0.45 < image.mean() < 0.55 and 0.001 < image.std() < 0.05


def test_a_stage_at_another_size_takes_the_network_over():
    small = Siren(size=(12, 12), layers=2, hidden=16).build(CPU, (1, 2))
    large = Siren(size=(36, 36), layers=2, hidden=16).build(CPU, (3, 4))
    assert large.go_on_(small)
    few, many = small()[..., [0, -1]], large()[..., [0, -1]]  # the columns at the edges
    torch.testing.assert_close(many[:, :, [0]], few[:, :, [0]], rtol=0, atol=1e-5)  # in the corners


@pytest.mark.parametrize("other", [{"hidden": 8}, {"layers": 3}, {"w0_first": 9.0}])
def test_a_network_that_is_another_is_not_taken_over(other):
    own = {"layers": 2, "hidden": 16} | other
    assert not SMALL.build(CPU, (1,)).go_on_(Siren(size=(8, 8), **own).build(CPU, (1,)))


def test_a_picture_that_moves_is_followed():
    canvas = Siren(size=(48, 32), layers=3, hidden=48, w0_first=10.0).build(CPU, (1, 2))
    across = torch.linspace(0, 1, 60).sqrt()
    goals = [across[i : i + 48].expand(2, 3, 32, 48) for i in (0, 4, 8)]
    for goal in goals:
        canvas.encode_(goal)
        assert (canvas() - goal).abs().mean() < 0.03
    assert all(p.grad is None for p in canvas.parameters())


@pytest.mark.parametrize(
    ("field", "value"),
    [("layers", 0), ("hidden", 5000), ("w0", 0.0), ("w0_first", float("inf")), ("size", (0, 8))],
)
def test_what_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(SpecError, match=field):
        Siren(**{field: value})


def test_a_network_is_kept_for_every_picture_with_its_story(tmp_path):
    canvas, paths = SMALL.build(CPU, (5, 6)), [tmp_path / "a.png", tmp_path / "b.png"]
    for path, image in zip(paths, canvas(), strict=True):
        images.save(image, path, json.dumps({"of": path.name}))
    kept = SMALL.keep(canvas, paths)
    assert [path.name for path in kept] == ["a.safetensors", "b.safetensors"]
    with safe_open(kept[1], "pt") as file:
        told = file.metadata()
        assert torch.equal(
            file.get_tensor("layers.1.weight"), canvas.network.layers[1].weight[1].detach()
        )
    assert from_json(json.loads(told["canvas"]), Siren) == SMALL
    assert json.loads(told["story"]) == {"of": "b.png"}


def test_what_is_kept_of_an_average_is_what_was_shown(tmp_path):
    spec = Averaged(canvas=SMALL, decay=0.5)
    canvas = spec.build(CPU, (1,))
    with torch.no_grad():
        for p in canvas.canvas.parameters():
            p.add_(0.01)
        canvas.project_()
        shown = canvas.shown(canvas())
    images.save(shown, tmp_path / "a.png", None)
    spec.keep(canvas, [tmp_path / "a.png"])
    torch.testing.assert_close(canvas.canvas(), shown)
