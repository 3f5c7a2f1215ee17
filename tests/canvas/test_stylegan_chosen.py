"""Starts that were chosen among many."""

import pytest
import torch

from nets import small_stylegans as small
from reverie.canvas.stylegan_chosen import ChosenCentres, ChosenSeeds, cluster_centres
from reverie.canvas.stylegan_start import SeedLatent, statistics
from reverie.errors import SpecError
from reverie.nets.stylegan import numpy_normal
from reverie.nets.stylegans import frozen
from reverie.spec import from_json, to_json
from reverie.weights.stylegan_layouts import stylegan_layout


@pytest.fixture(scope="module")
def network():
    tensors, config = small.stylegan2()
    layout, fields = stylegan_layout(tensors, config, "small")
    return frozen(fields, layout)


def test_a_picture_takes_its_turn_by_its_own_seed(network):
    start = ChosenSeeds(seeds=(7, 3, 12), among=16, truncation=0.6)
    got = start.draw(network, None, (9, 10, 11, 12))
    for row, seed in zip(got, (7, 3, 12, 7), strict=True):
        want = SeedLatent(seed=seed, truncation=0.6).draw(network, None, (0,))
        torch.testing.assert_close(row, want[0], rtol=1e-4, atol=1e-5)
    centres = ChosenCentres(centres=(4, 0), among=5).draw(network, None, (0, 1, 2))
    assert torch.equal(centres[0], centres[2]) and not torch.equal(centres[0], centres[1])
    assert torch.equal(centres[1, 3], cluster_centres(network, None, 5)[0])


def test_centres_are_the_means_of_the_w_that_are_nearest_to_them(network):
    centres = cluster_centres(network, None, 6)
    w = network.mapping(numpy_normal(123, 10_000, network.z_dim))[:, 0]
    near = torch.cdist(w, centres).argmin(1)
    _, deviation = statistics(network, "w", None)
    for k, centre in enumerate(centres):
        away = (w[near == k].mean(0) - centre) / deviation
        assert away.abs().max() < 0.1  # k-means goes on for ever, by less and less
    spread = torch.cdist(w, w.mean(0, keepdim=True)).square().mean()
    assert torch.cdist(w, centres).amin(1).square().mean() < 0.75 * spread


def test_one_centre_is_the_mean(network):
    mean, deviation = statistics(network, "w", None)
    assert ((cluster_centres(network, None, 1)[0] - mean) / deviation).abs().max() < 1e-4


def test_choices_survive_json_and_those_that_cannot_be_are_refused():
    for spec in (ChosenSeeds(seeds=(1, 0), among=2), ChosenCentres(centres=(2,), among=3)):
        assert from_json(to_json(spec), type(spec)) == spec
    for chosen, among in (((), 4), ((4,), 4), ((-1,), 4), ((0,), 0), ((0,), 5000)):
        with pytest.raises(SpecError):
            ChosenSeeds(seeds=chosen, among=among)
        with pytest.raises(SpecError):
            ChosenCentres(centres=chosen, among=among)
