"""Benchmarks that a machine like this one does not run by itself: small, that they can be run at all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
SMALL = ("--bp", "300000", "--batch", "32", "--size", "64", "--seconds", "0.05", "--precisions", "float32")
ROWS = (
    "arithmetic, float32",
    "arithmetic, bfloat16",
    "memory of the device",
    "copies to the device",
    *(
        f"{what}, {how}"
        for how in ("float32", "bfloat16")
        for what in ("bare pass", "stretches in memory", "files to files")
    ),
    "training step",
    "DeepLIFT, 20 references",
)


def run(name: str, *arguments: str) -> str:
    hidden = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, FOLDER / name, *arguments]
    return subprocess.run(command, env={**os.environ, **hidden}, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_gpu_benchmark_on_the_cpu(backend: str):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    printed = run("bench_gpu.py", "--cpu", "--backend", backend, "--model", "test/NONE", *SMALL)
    assert "test/NONE cannot be had" in printed
    assert "a window: 32.5 MFLOP" in printed
    for row in ROWS:
        number = re.search(rf"^{re.escape(row)} +([0-9,.]+)", printed, re.MULTILINE)
        assert number is not None, row
        assert float(number[1].replace(",", "")) > 0, row
    assert re.search(r"float32, 300,000 bp in .* reading \d+ %, stretches \d+ %, writing \d+ %", printed)


def test_a_gpu_benchmark_without_a_gpu():
    assert run("bench_gpu.py") == "skipped: tensorflow finds no GPU (--cpu measures on the CPU)\n"
