"""Windows per second of the bare forward pass and of `predict` from files to finished files, in one run; peak memory.

Usage: python tests/benchmarks/bench_predict.py [BP ...]     (default 20000000 60000000)

Each length is measured in a process of its own, so that its peak memory is its own: forward pass, prediction with every
window by itself (plain), with windows on stretches and folded normalizations in float32 and bfloat16, forward pass
again; then each step alone. The model is maxatac/CTCF, from wherever it can be had.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BATCH, STRIDE = 256, 256
TURNS = 8
MFLOP_PER_WINDOW = 32.5  # of windows by themselves


def bare(network, seconds: float = 5.0) -> float:
    """Windows per second of the network alone on a batch that lies ready."""
    import tensorflow as tf

    x = tf.constant(np.random.default_rng(0).random((BATCH, *network.input_shape[1:]), np.float32))
    forward = tf.function(lambda batch: network(batch, training=False))
    forward(x)
    began, batches = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        forward(x).numpy()
        batches += 1
    return BATCH * batches / (time.perf_counter() - began)


def measure(folder: Path) -> dict:
    """Forward pass, prediction of every kind, forward pass; peak memory of this process in MB."""
    import zoo

    model = zoo.load("maxatac/CTCF")
    before, kinds = bare(model.network), {}
    for name, precision, plain in (("plain", None, True), ("float32", None, False), ("bfloat16", "bfloat16", False)):
        with as_before() if plain else nullcontext():
            kinds[name] = predicted(model, folder, name, precision)
        if name == "float32":
            peak = peak_megabytes()
    return {"bare": (before + bare(model.network)) / 2, "peak": peak, "kinds": kinds, "steps": steps(model)}


def predicted(model, folder: Path, name: str, precision: str | None) -> dict:
    """Windows, seconds and CPU seconds from files to finished files."""
    arguments = {"genome": folder / "genome.2bit", "signal": folder / "atac.bw", "batch_size": BATCH}
    arguments["precision"] = precision
    model.predict(**arguments, regions="chr1:1-300,000")  # compile
    began, cpu = time.perf_counter(), time.process_time()
    files = model.predict(**arguments, output=folder / f"out_{name}")
    return {"windows": files.windows, "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}


@contextmanager
def as_before() -> Iterator[None]:
    """Every window copied and sent by itself, nothing folded: the path that the others are compared with."""
    from zoo.model import Model

    real = Model.forward

    def forward(model, views, selection=None, precision="float32", fold=True):
        return real(model, views, selection, precision, fold=False)

    with mock.patch.object(Model, "forward", forward), mock.patch("zoo.predict.work.pays", return_value=False):
        yield


def steps(model) -> dict[str, float]:
    """CPU microseconds of a window, the best of some batches: each step alone, then all."""
    random, length = np.random.default_rng(0), 1024 + (BATCH - 1) * STRIDE
    rows = [random.integers(0, 4, length).astype(np.uint8), random.random(length, np.float32)]
    windows = [np.lib.stride_tricks.sliding_window_view(row, 1024)[::STRIDE].copy() for row in rows]
    calls = {}
    for precision in ("float32", "bfloat16"):
        for fold in (False, True):
            forward = model.forward(("forward",), None, precision, fold)
            along = forward.along(BATCH, STRIDE)
            calls[precision, "folded" if fold else "plain"] = partial(forward.codes, *windows)
            calls[precision, "folded, shared" if fold else "shared"] = partial(along.codes, *rows)
    best = dict.fromkeys(calls, np.inf)
    for turn in range(TURNS + 1):
        for name, call in calls.items():
            cpu = time.process_time()
            call()
            best[name] = min(best[name], time.process_time() - cpu if turn else np.inf)
    return {", ".join(name): 1e6 * seconds / BATCH for name, seconds in best.items()}


def peak_megabytes() -> float:
    """Largest memory of this process; not `getrusage`, which counts what the parent had when it started us."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def main(lengths: list[int]) -> None:
    """Measure every length and print a table."""
    from zoo.data import synthetic

    print(f"{platform.machine()}, {os.cpu_count()} cores, TensorFlow {version('tensorflow')}, Keras {version('keras')}")
    for length in lengths:
        with tempfile.TemporaryDirectory() as folder:
            synthetic.make(folder, {"chr1": length})
            child = subprocess.run([sys.executable, __file__, "--measure", folder], stdout=subprocess.PIPE, check=True)
        show(length, json.loads(child.stdout))


def show(length: int, found: dict) -> None:
    """Print the tables of a length."""
    plain = found["kinds"]["plain"]
    print(f"\n{length:,} bp; bare pass of ready batches {found['bare']:,.0f} windows/s; peak {found['peak']:,.0f} MB")
    print(f"{'files to files':<16} {'windows/s':>10} {'GFLOP/s':>8} {'of bare':>8} {'of plain':>9} {'CPU':>6}")
    for name, kind in found["kinds"].items():
        speed, ratio = kind["windows"] / kind["seconds"], plain["seconds"] / kind["seconds"]
        flops = f"{speed * MFLOP_PER_WINDOW / 1e3:.0f}"
        cpu = plain["cpu"] / kind["cpu"]
        print(f"{name:<16} {speed:>10,.0f} {flops:>8} {speed / found['bare']:>8.2f} {ratio:>9.2f} {cpu:>6.2f}")
    first = next(iter(found["steps"].values()))
    print(f"{'one step':<34} {'CPU us/window':>14} {'ratio':>6}")
    for name, each in found["steps"].items():
        print(f"{name:<34} {each:>14.1f} {first / each:>6.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
    else:
        main([int(float(length)) for length in sys.argv[1:]] or [20_000_000, 60_000_000])
