"""Which backend draws, and how much memory the plain one takes."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from reverie.raster import eager
from reverie.raster.gradient import backend

FAST = "reverie.raster.fast"


@pytest.mark.parametrize("ready", [True, False])
def test_compiled_loops_draw_where_they_work_and_plain_torch_elsewhere(
    ready: bool, monkeypatch: pytest.MonkeyPatch
):
    stub = ModuleType(FAST)
    for name in ("draw", "slopes"):
        setattr(stub, name, getattr(eager, name))
    stub.ready = lambda: ready  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, FAST, stub)
    monkeypatch.setattr("reverie.raster.fast", stub, raising=False)
    for dtype in (torch.float32, torch.float64):
        assert backend(torch.zeros(1, 2, dtype=dtype)) is (stub if ready else eager)
    assert backend(torch.zeros(1, 2, dtype=torch.bfloat16)) is eager
    assert backend(torch.zeros(1, 2, device="meta")) is eager


def test_without_the_compiled_loops_plain_torch_draws(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, FAST, None)
    monkeypatch.delattr("reverie.raster.fast", raising=False)
    assert backend(torch.zeros(1, 2)) is eager


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks /proc for the peak")
def test_a_large_canvas_takes_less_than_400_megabytes():
    code = """
import re, torch
from pathlib import Path
from raster.scenes import clipdraw
from reverie.raster import rasterize as ours, eager
ours.backend = lambda vertices: eager
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
def step(n, size):
    shapes, given = clipdraw(n, size, "uni")
    given = [x.requires_grad_() for x in given]
    ours.rasterize(shapes, *given, torch.ones(3), (size, size)).square().mean().backward()
step(8, 64)
before = peak()
step(512, 1024)
print((peak() - before) / 1024)
"""
    tests = Path(__file__).parents[1]
    paths = [str(tests), str(tests.parent / "src")]
    script = f"import sys; sys.path[:0] = {paths!r}\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 400
