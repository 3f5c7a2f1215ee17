"""StyleCLIP's mapper against its equations."""

import pytest
import torch

from nets import small_mappers as small
from reverie.nets.mapper import LevelsMapper, SingleMapper, StyleMapper, widths
from reverie.nets.stylegan import Style, Weights

WS = torch.randn(2, 11, small.WIDTH, generator=torch.Generator().manual_seed(5))


def plain(tensors: dict[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    """Layer by layer; over axis 1 it is normalised, whatever that is."""
    x = x / (x.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
    for i in range(1, 5):
        weight, bias = (tensors[f"mapper.{name}.mapping.{i}.{part}"] for part in ("weight", "bias"))
        x = x @ (weight * 0.01 / weight.shape[1] ** 0.5).T + bias * 0.01
        x = torch.where(x > 0, x, 0.2 * x) * 2**0.5
    return x


def test_three_networks_move_their_rows():
    tensors = small.levels()
    wanted = torch.cat(
        [
            plain(tensors, "course_mapping", WS[:, :4]),
            plain(tensors, "medium_mapping", WS[:, 4:8]),
            plain(tensors, "fine_mapping", WS[:, 8:]),
        ],
        1,
    )
    torch.testing.assert_close(LevelsMapper(Weights(tensors))(WS), wanted)
    assert wanted.abs().mean() > 1e-4


def test_a_part_that_is_switched_off_or_missing_moves_nothing():
    tensors = small.levels()
    whole = LevelsMapper(Weights(tensors))(WS)
    some = LevelsMapper(Weights(tensors), ["coarse", "medium"])(WS)
    assert torch.equal(some[:, :8], whole[:, :8]) and not some[:, 8:].any()
    without = {k: v for k, v in tensors.items() if "medium" not in k}
    assert not LevelsMapper(Weights(without))(WS)[:, 4:8].any()


def test_a_generator_with_few_rows_has_none_that_are_fine():
    assert LevelsMapper(Weights(small.levels()))(WS[:, :8]).shape == (2, 8, small.WIDTH)


def test_one_network_moves_all_rows():
    tensors = small.mapping("mapping")
    torch.testing.assert_close(SingleMapper(Weights(tensors))(WS), plain(tensors, "mapping", WS))


@pytest.mark.parametrize("colours", [True, False])
def test_styles_are_moved_layer_by_layer(colours):
    layout = (Style("a", slice(0, 4), False), Style("b", slice(4, 10), True))
    tensors = small.mapping("mapper_0", 4) | (small.mapping("mapper_1", 6) if colours else {})
    styles = WS[:, 0, :10]
    step = StyleMapper(Weights(tensors), layout)(styles)
    torch.testing.assert_close(step[:, :4], plain(tensors, "mapper_0", styles[:, :4]))
    wanted = plain(tensors, "mapper_1", styles[:, 4:]) if colours else torch.zeros(2, 6)
    torch.testing.assert_close(step[:, 4:], wanted)


def test_widths_are_read_off_the_tensors():
    both = small.mapping("mapper_0", 4) | small.mapping("mapper_2", 6)
    assert widths(both) == {"mapper_0": 4, "mapper_2": 6}
