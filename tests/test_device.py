"""Devices and precisions are chosen sensibly, and fp32 stays fp32."""

import re

import pytest
import torch

from reverie.device import _onednn_is_exact, fast_matmul, machine, refuse_beyond_memory
from reverie.errors import CapacityError


def test_names_become_devices_and_precisions():
    assert machine("cpu", "fp32").precision is torch.float32
    assert machine("cpu", "bf16").precision is torch.bfloat16
    assert machine("cpu").device == torch.device("cpu")
    assert machine().device.type in ("cpu", "cuda", "mps")


def test_unknown_names_are_refused_with_the_choices():
    with pytest.raises(ValueError, match="'tpu'; choices: auto, cpu, cuda, mps"):
        machine("tpu")
    with pytest.raises(ValueError, match="'fp8'; choices: auto, fp32, bf16"):
        machine("cpu", "fp8")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_named_with_the_remedy():
    with pytest.raises(CapacityError, match="no cuda device here.*--device cpu"):
        machine("cuda")


def test_fast_products_are_accurate_and_the_setting_is_put_back():
    rng = torch.Generator().manual_seed(1)
    a, b = (torch.randn(300, 300, generator=rng, dtype=torch.float64) for _ in range(2))
    matmul = torch.backends.mkldnn.matmul
    usual = matmul.fp32_precision
    matmul.fp32_precision = "ieee"
    try:
        _onednn_is_exact.cache_clear()
        with fast_matmul(machine("cpu", "fp32")):  # makes its trial product first
            got = a.float() @ b.float()
        assert matmul.fp32_precision == "ieee"
    finally:
        matmul.fp32_precision = usual
    assert ((got.double() - a @ b).norm() / (a @ b).norm()).item() < 5e-6


def test_work_beyond_the_memory_is_refused_with_what_would_fit():
    cpu = machine("cpu", "fp32")
    refuse_beyond_memory(1, (512, 256), 9, cpu)
    with pytest.raises(CapacityError, match=r"512x256 would take about 4096.0 GiB") as told:
        refuse_beyond_memory(1 << 42, (512, 256), 1, cpu)
    width, height = map(int, re.search(r"--size (\d+)x(\d+) would fit", str(told.value)).groups())
    assert 0 < width < 512 and height == width // 2 // 16 * 16
    refuse_beyond_memory((1 << 42) * width * height // (512 * 256), (width, height), 1, cpu)
    with pytest.raises(CapacityError, match=r"--count \d+ would fit"):
        refuse_beyond_memory(1 << 28, (512, 256), 1 << 20, cpu)


def test_the_last_of_overlapping_switches_puts_the_setting_back():
    matmul = torch.backends.mkldnn.matmul
    before = matmul.fp32_precision
    one, other = (fast_matmul(machine("cpu", "fp32")) for _ in range(2))
    one.__enter__()
    inside = matmul.fp32_precision
    other.__enter__()
    one.__exit__(None, None, None)
    assert matmul.fp32_precision == inside
    other.__exit__(None, None, None)
    assert matmul.fp32_precision == before
