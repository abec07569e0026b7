"""Sequences per second of DeepLIFT over 20 references, beside the forward pass, in one run.

Usage: python tests/benchmarks/bench_attribution.py [NAME ...]

NAME is an architecture, with random weights of the full size, or a model of the registry; default maxatac/CTCF where
its weights can be had (else maxatac) and convnext_dcnn. Everything that `Model.attribute` does counts: shuffling, both
directions, sums. The forward pass is the compiled one that predictions use, on as many sequences as there are pairs of
window and reference. The best of three repetitions counts, because other work on the machine only adds. Each network is
measured in a process of its own; its memory is the largest of that.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import zoo
from zoo import architectures
from zoo.attribution.engine import Choice, Engine
from zoo.attribution.methods import DeepLIFT
from zoo.attribution.references import References
from zoo.attribution.targets import resolve
from zoo.errors import ZooError
from zoo.forward.forward import Forward
from zoo.genome.encode import one_hot
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

REFERENCES, REPETITIONS = 20, 3
WINDOWS = {"maxatac": 96, "maxatac/CTCF": 96}  # others have fewer and are slower


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs, after one that does not count."""
    run()
    seconds = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def measure(name: str) -> None:
    """Print the row of a network."""
    keras.utils.set_random_seed(0)
    network = architectures.scores(zoo.load(name).network if "/" in name else zoo.build(name))
    window, channels = network.input_shape[1:]
    count = WINDOWS.get(name, 6)
    random = np.random.default_rng(0)
    x = np.zeros((count, window, channels), np.float32)
    x[..., :4] = one_hot(random.integers(0, 4, (count, window)))
    x[..., 4:] = random.random((count, window, channels - 4))
    tracks = (TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0),) * (channels - 4)
    bins = network.output_shape[1]
    spec = ModelSpec(
        "bench/MODEL",
        "",
        Architecture(name, {}),
        InputSpec(window, "none", tracks),
        (OutputSpec(bins, window // bins, 0, "", ""),),
        PredictionSpec(window // bins, ("forward",)),
        {},
        {},
    )
    forward = Forward(network, spec, ("forward",))
    references = References(signal="fixed" if tracks else None, count=REFERENCES)
    choice, engine = (
        Choice(DeepLIFT(count=REFERENCES), resolve("sum", network.output_shape[1])),
        Engine(network, forward.array),
    )
    size = engine.windows_per_batch(choice)

    def explain() -> None:
        for first in range(0, count, size):
            engine.explain(x[first : first + size], choice)

    pairs = references.make(x).reshape(-1, window, channels)
    seconds, bare = best(explain), best(lambda: forward.array(pairs, 64))
    shuffling = best(lambda: references.make(x))
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e6
    print(
        f"{name:20} {count / seconds:9.2f} {len(pairs) / bare:12.1f} {seconds / bare:14.2f} {shuffling / seconds:9.1%} "
        f"{size:7d} {peak:6.1f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure attributions; see the file's head.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        measure(options.names[0])
        sys.exit()
    names = options.names
    if not names:
        try:
            zoo.fetch("maxatac/CTCF")
            names = ["maxatac/CTCF", "convnext_dcnn"]
        except ZooError:
            names = ["maxatac", "convnext_dcnn"]
    print(f"{'':20} windows/s  forward/s  passes per pair  shuffling  at once     GB")
    for name in names:
        subprocess.run([sys.executable, __file__, "--worker", name], check=True)
