"""Mappers from their files, on faces."""

import pytest
import torch

from faces.small_faces import WS, W
from nets import small_mappers as small
from reverie.errors import SpecError, WeightsError
from reverie.faces.mapper import STRENGTH, Mapper
from reverie.nets.mapper import LevelsMapper
from reverie.nets.stylegan import StyleGAN, Weights, latents_of_seeds


def file(folder, tensors: dict[str, torch.Tensor], size: int | None = 32) -> str:
    """As StyleCLIP's training writes it, with its generator beside it."""
    path = folder / "look.pt"
    opts = {} if size is None else {"stylegan_size": size}
    torch.save({"state_dict": tensors | {"decoder.input.input": torch.ones(1)}, "opts": opts}, path)
    return str(path)


def rows(network: StyleGAN) -> torch.Tensor:
    return network.mapping(latents_of_seeds([1, 2], network.z_dim))


def test_a_tenth_of_its_answer_is_added(network, tmp_path):
    mapper, ws = Mapper.of(file(tmp_path, small.levels()), network), rows(network)
    step = LevelsMapper(Weights(small.levels()))(ws)
    torch.testing.assert_close(mapper.mapped(network, ws), ws + 0.1 * step)
    torch.testing.assert_close(mapper.mapped(network, ws, 2 * STRENGTH), ws + 0.2 * step)
    assert len(mapper.digest) == 64


def test_parts_that_are_left_out_do_not_move(network, tmp_path):
    mapper, ws = Mapper.of(file(tmp_path, small.levels()), network, ["medium"]), rows(network)
    moved = (mapper.mapped(network, ws) - ws).abs().sum((0, 2)) > 0
    assert moved.tolist() == [4 <= row < 8 for row in range(WS)]


def test_a_mapper_of_styles_makes_points_of_s(network, tmp_path):
    tensors = {}
    for i, style in enumerate(network.layout):
        if not style.to_rgb:
            tensors |= small.mapping(f"mapper_{i}", style.at.stop - style.at.start)
    mapper, ws = Mapper.of(file(tmp_path, tensors), network), rows(network)
    styles = mapper.mapped(network, ws)
    torch.testing.assert_close(styles, mapper.mapped(network, network.styles(ws)))
    moved = (styles - network.styles(ws)).abs().sum(0) > 0
    for style in network.layout:
        assert moved[style.at].any().item() is not style.to_rgb


@pytest.mark.parametrize(
    ("tensors", "size", "said"),
    [
        (small.levels(W + 1), 32, f"is for {W + 1} numbers, and this generator takes {W} there"),
        (small.levels(), 1024, "a generator of 1024 pixels a side, and this one draws 32"),
        (small.levels(), None, "a generator of 1024 pixels a side"),
        (small.mapping("mapper_0", 99), 32, "mapper_0 is for 99 numbers"),
        (small.mapping("mapper_77", 4), 32, "has no such part"),
        (
            {k: v for k, v in small.levels().items() if k != "mapper.fine_mapping.mapping.3.bias"},
            32,
            r"fine_mapping.mapping.3.bias is nothing; wanted is \[10\]",
        ),
    ],
    ids=["width", "size", "published size", "styles", "layer", "missing"],
)
def test_mappers_of_other_generators_are_refused(network, tmp_path, tensors, size, said):
    with pytest.raises(WeightsError, match=said):
        Mapper.of(file(tmp_path, tensors, size), network)


def test_a_file_without_a_mapper_is_refused(network, model):
    with pytest.raises(WeightsError, match="is no mapper"):
        Mapper.of(model, network)


@pytest.mark.parametrize("parts", [[], ["eyes"]])
def test_parts_are_coarse_medium_and_fine(network, tmp_path, parts):
    with pytest.raises(SpecError, match="of coarse, medium, fine"):
        Mapper.of(file(tmp_path, small.levels()), network, parts)


def test_parts_of_a_mapper_that_has_none_are_refused(network, tmp_path):
    with pytest.raises(SpecError, match="has no coarse, medium and fine part"):
        Mapper.of(file(tmp_path, small.mapping("mapping")), network, ["fine"])


def test_points_of_s_have_no_rows_to_move(network, tmp_path):
    mapper = Mapper.of(file(tmp_path, small.levels()), network)
    with pytest.raises(SpecError, match="takes rows of w"):
        mapper.mapped(network, network.styles(rows(network)))
    with pytest.raises(SpecError, match="strength"):
        mapper.mapped(network, rows(network), float("nan"))
