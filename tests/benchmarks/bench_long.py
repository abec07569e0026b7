"""Seconds and memory of a window of the networks with long windows, at full size, with random weights.

Usage: python tests/benchmarks/bench_long.py [--networks NAME ...] [--windows N] [--tracks N] [--precision NAME]

Each line is measured in a process of its own, so that its peak memory is its own: the bare network (`tf.function` of
all heads), all tracks of the first head, some of its tracks alone, and some tracks from files to files. Seconds are of
a window after one that warms up. The last column is of the bare pass in the same run.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

NETWORKS = {  # builder, preset, bp of a bin
    "mini": ("borzoi", "mini", 32),
    "basenji2": ("basenji2", None, 128),
    "enformer": ("enformer", None, 128),
    "borzoi": ("borzoi", None, 32),
}
KINDS = ("bare", "all tracks", "some tracks", "files")
SAID = "measured "  # before what a process measured: TensorFlow writes to the same place


def model_of(name: str):
    """A model of a network with random weights and its first head."""
    import keras

    import zoo
    from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

    keras.utils.set_random_seed(0)
    builder, preset, size = NETWORKS[name]
    network = zoo.build(builder, preset=preset)
    heads = network.output if isinstance(network.output, dict) else {"human": network.output}
    (window, _), outputs = network.input_shape[1:], []
    for head, tensor in heads.items():
        bins, tracks = tensor.shape[1:]
        names = tuple(f"track{i}" for i in range(tracks))
        offset = (window - bins * size) // 2
        outputs.append(OutputSpec(bins, size, offset, "all", "coverage", head, "coverage", tracks=names))
    how = PredictionSpec(outputs[0].bins * size, ("forward", "reverse_complement"), batch_size=1)
    spec = ModelSpec(f"bench/{name}", "", Architecture(builder, {}), InputSpec(window, ""), tuple(outputs), how, {}, {})
    return zoo.Model(spec, network)


def called(model, kind: str, tracks: int, precision: str) -> Callable[[np.ndarray], object]:
    """What is measured of one window of codes (1, window) uint8."""
    from zoo.forward.readouts import Selection

    if kind == "bare":
        import tensorflow as tf

        forward = tf.function(lambda x: model.network(x, training=False))
        return lambda codes: tf.nest.map_structure(np.asarray, forward(tf.one_hot(codes, 4)))
    chosen = None if kind == "all tracks" else list(range(tracks))
    return model.forward(("forward",), Selection.of(model.spec, None, chosen), precision).codes


def measure(name: str, kind: str, windows: int, tracks: int, precision: str) -> dict[str, float]:
    """Seconds of a window, and memory of this process in MB, after building and at its peak."""
    began = time.perf_counter()
    model = model_of(name)
    found = {"build": time.perf_counter() - began, "parameters": model.network.count_params(), "built": memory("VmRSS")}
    if kind == "files":
        found["seconds"] = of_files(model, windows, tracks, precision)
    else:
        codes = np.random.default_rng(0).integers(0, 4, (1, model.spec.input.window)).astype(np.uint8)
        call = called(model, kind, tracks, precision)
        call(codes)
        began = time.perf_counter()
        for _ in range(windows):
            call(codes)
        found["seconds"] = (time.perf_counter() - began) / windows
    return {**found, "peak": memory("VmHWM")}


def of_files(model, windows: int, tracks: int, precision: str) -> float:
    """Seconds of a window from a 2bit to finished bigWigs; what is compiled is compiled before."""
    from zoo.data import synthetic

    span = model.spec.outputs[0].span
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        synthetic.make(folder, {"chr1": (windows + 2) * span})
        how = {"genome": folder / "genome.2bit", "track": list(range(tracks)), "precision": precision}
        model.predict(**how, regions=f"chr1:1-{span // 2}")
        began = time.perf_counter()
        found = model.predict(**how, regions=f"chr1:{span + 1}-{(windows + 1) * span}", output=folder / "out")
        return (time.perf_counter() - began) / found.windows


def memory(field: str) -> float:
    """Of this process, in MB."""
    return int(Path("/proc/self/status").read_text().split(f"{field}:")[1].split()[0]) / 1e3


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--windows", type=int, default=2)
    parser.add_argument("--tracks", type=int, default=10)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--kind", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    how = options.windows, options.tracks, options.precision
    if options.kind:
        print(SAID + json.dumps(measure(options.networks[0], options.kind, *how)))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, TensorFlow {version('tensorflow')}, {options.precision}")
    titles = ("parameters", 12), ("build s", 8), ("s/window", 9), ("built MB", 9), ("peak MB", 8), ("of bare", 7)
    print(f"{'network':<10} {'kind':<12} " + " ".join(title.rjust(width) for title, width in titles))
    for name in options.networks:
        bare = None
        for kind in KINDS:
            row = worker(name, kind, *how)
            bare = bare or row["seconds"]
            print(
                f"{name:<10} {kind:<12} {row['parameters']:>12,} {row['build']:>8.1f} {row['seconds']:>9.2f} "
                f"{row['built']:>9,.0f} {row['peak']:>8,.0f} {row['seconds'] / bare:>7.2f}",
                flush=True,
            )


def worker(name: str, kind: str, windows: int, tracks: int, precision: str) -> dict[str, float]:
    """What `measure` finds in a process of its own."""
    command = [sys.executable, __file__, "--networks", name, "--kind", kind, "--windows", windows, "--tracks", tracks]
    command += ["--precision", precision]
    said = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(said[said.index(SAID) + len(SAID) :])


if __name__ == "__main__":
    main()
