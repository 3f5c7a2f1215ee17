"""The pooled source of VQGAN-CLIP's cutouts against the recorded answers of the original."""

import re

import pytest
import torch

from parity.golden import families, tensors
from reverie.augment.pyramid import by_windows, pooled

CASES = [
    (folder, name, int(found[1]))
    for folder in families("loss-vqgan-clip")
    for name in sorted(tensors(folder))
    if (found := re.fullmatch(r"pool\.mean_of_adaptive_avg_and_max_(\d+)", name))
]


@pytest.mark.parametrize("folder, name, side", CASES, ids=[f"{c[0].name}-{c[2]}" for c in CASES])
def test_pooling_equals_the_original(folder, name, side):
    known = tensors(folder)
    torch.testing.assert_close(
        pooled(known["resample.image"], (side, side)), known[name], rtol=0, atol=1e-6
    )
    assert by_windows(known["resample.image"], (side, side)).shape == known[name].shape
