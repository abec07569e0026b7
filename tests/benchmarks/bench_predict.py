"""Windows per second of the bare forward pass and of `predict` from files to finished files, in one run; peak memory.

Usage: python tests/benchmarks/bench_predict.py [BP ...]     (default 20000000 60000000)

Each length is measured in a process of its own, so that its peak memory is its own: forward pass, prediction, forward
pass again. The model is maxatac/CTCF, from wherever it can be had.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BATCH = 256
MFLOP_PER_WINDOW = 32.5


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
    """Forward pass, prediction, forward pass; peak memory of this process in MB."""
    import zoo

    model = zoo.load("maxatac/CTCF")
    arguments = {"genome": folder / "genome.2bit", "signal": folder / "atac.bw", "batch_size": BATCH}
    model.predict(**arguments, regions="chr1:1-300,000")  # compile
    before = bare(model.network)
    began = time.perf_counter()
    files = model.predict(**arguments, output=folder / "out")
    seconds = time.perf_counter() - began
    return {
        "windows": files.windows,
        "seconds": seconds,
        "predict": files.windows / seconds,
        "bare": (before + bare(model.network)) / 2,
        "peak": peak_megabytes(),
    }


def peak_megabytes() -> float:
    """Largest memory of this process; not `getrusage`, which counts what the parent had when it started us."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def main(lengths: list[int]) -> None:
    """Measure every length and print a table."""
    from zoo.data import synthetic

    header = ("bp", "windows", "bare/s", "predict/s", "ratio", "GFLOP/s", "seconds", "peak MB")
    print("{:>12} {:>9} {:>8} {:>10} {:>6} {:>8} {:>8} {:>8}".format(*header))
    for length in lengths:
        with tempfile.TemporaryDirectory() as folder:
            synthetic.make(folder, {"chr1": length})
            child = subprocess.run([sys.executable, __file__, "--measure", folder], stdout=subprocess.PIPE, check=True)
        found = json.loads(child.stdout)
        print(
            f"{length:>12,} {found['windows']:>9,} {found['bare']:>8,.0f} {found['predict']:>10,.0f} "
            f"{found['predict'] / found['bare']:>6.2f} {found['predict'] * MFLOP_PER_WINDOW / 1e3:>8.0f} "
            f"{found['seconds']:>8.1f} {found['peak']:>8,.0f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
    else:
        main([int(float(length)) for length in sys.argv[1:]] or [20_000_000, 60_000_000])
