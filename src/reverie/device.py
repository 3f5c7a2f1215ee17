"""Where the work runs, how precisely, and how fp32 matrices are multiplied there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, get_args

import torch

from reverie.errors import CapacityError, SpecError
from reverie.protocols import Machine

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PrecisionName = Literal["auto", "fp32", "bf16"]
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def machine(device: str = "auto", precision: str = "auto") -> Machine:
    """Picks the device and the precision of the networks.

    Args:
        device: `auto` takes CUDA, then MPS, then the CPU. `cuda:1` and the like are understood.
        precision: `auto` takes bf16 where the processor multiplies bf16 matrices in hardware
            (CUDA from Ampere on, CPUs with AVX512-BF16 or AMX), else fp32.

    Raises:
        CapacityError: the device is not there.
        SpecError: a name is not known.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    kind = device.split(":")[0]
    if kind not in get_args(DeviceName):
        raise SpecError(f"unknown device {device!r}; choices: {', '.join(get_args(DeviceName))}")
    if (kind == "cuda" and not torch.cuda.is_available()) or (kind == "mps" and not _has_mps()):
        raise CapacityError(
            f"there is no {kind} device here (torch {torch.__version__}); use --device cpu, or "
            f"install a torch build for {kind}"
        )
    if precision == "auto":
        precision = "bf16" if _fast_bf16(kind) else "fp32"
    if precision not in PRECISIONS:
        raise SpecError(
            f"unknown precision {precision!r}; choices: {', '.join(get_args(PrecisionName))}"
        )
    return Machine(torch.device(device), PRECISIONS[precision])


def describe(machine: Machine) -> dict[str, Any]:
    """What a picture must be painted on again to come out the same, as JSON data."""
    names = {dtype: name for name, dtype in PRECISIONS.items()}
    return {
        "device": str(machine.device),
        "precision": names[machine.precision],
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def _fast_bf16(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    if kind == "cpu":
        has = torch.cpu.get_capabilities()
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return False


_before: list[str] = []  # the setting before, once for each `fast_matmul` that is going on


@contextmanager
def fast_matmul(machine: Machine) -> Iterator[None]:
    """Inside, fp32 matrices are multiplied by oneDNN on CPUs where that is exact and quicker.

    torch's default on AMD processors is less than half as fast. The switch is called "bf16", and
    on some processors it really computes in bf16, so it is thrown only where a trial product
    keeps fp32 accuracy. The setting is put back when the last of those that overlap has ended.
    """
    if machine.device.type != "cpu" or not _onednn_is_exact():
        yield
        return
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    _before.append(_before[0] if _before else matmul.fp32_precision)
    matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        before = _before.pop()
        if not _before:
            matmul.fp32_precision = before


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Inside, the many faces of "out of memory" become one error that names the knobs.

    Args:
        what: what the memory was for.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        signs = ("not enough memory", "out of memory", "allocate memory", "Invalid buffer size")
        plain = not isinstance(error, torch.OutOfMemoryError | MemoryError)
        if plain and not any(sign in str(error) for sign in signs):
            raise
        raise CapacityError(
            f"not enough memory for {what}; a smaller --size or --count, --precision bf16, or "
            "fewer views at a time, such as --set losses.prompts.chunk=4, helps"
        ) from error


def refuse_beyond_memory(wanted: int, size: tuple[int, int], count: int, on: Machine) -> None:
    """Refuses to paint `count` pictures that take `wanted` bytes each, where the device has less.

    Raises:
        CapacityError: with both figures, and what would fit.
    """
    there = _memory(on)
    if there is None or wanted * count <= there:
        return
    share = (there / wanted / count) ** 0.5
    width, height = (max(int(side * share) // 16 * 16, 1) for side in size)
    fits = f"--size {width}x{height}" if wanted > there else f"--count {there // wanted}"
    raise CapacityError(
        f"{count} picture(s) of {size[0]}x{size[1]} would take about {wanted * count / 2**30:.1f} "
        f"GiB, and this {'computer' if on.device.type == 'cpu' else on.device.type} has "
        f"{there / 2**30:.1f}; {fits} would fit"
    )


def _memory(on: Machine) -> int | None:
    """Bytes that the device has, or None where that cannot be known."""
    if on.device.type == "cuda":
        return torch.cuda.get_device_properties(on.device).total_memory
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return None


@cache
def _onednn_is_exact() -> bool:
    if not torch.backends.mkldnn.is_available():
        return False
    matmul = getattr(torch.backends.mkldnn, "matmul", None)
    if matmul is None:
        return False
    rng = torch.Generator().manual_seed(0)
    a, b = (torch.randn(256, 256, generator=rng, dtype=torch.float64) for _ in range(2))
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        got = a.float() @ b.float()
    finally:
        matmul.fp32_precision = before
    want = a @ b
    return bool((got.double() - want).norm() / want.norm() < 5e-6)
