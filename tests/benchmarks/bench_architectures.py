"""Seconds of a forward pass and of a training step of every ASAP network, beside the authors' package, in one run.

Usage: python tests/benchmarks/bench_architectures.py [NAME ...] [--batches 16 64] [--xla]

A training step is the loss (Poisson), in training mode with dropout, and all gradients; no optimizer. Everything is
float32 with random weights of the full size. Each network, batch and package is measured in a process of its own, ours
and the original's one after the other; the best of up to five repetitions counts, because other work on the machine
only adds. The original (PyTorch, `atac-asap`; for xlstm the package `xlstm` on its plain PyTorch path) is left out
where it is not installed in this environment; both have their default settings, and as many threads as there are cores.
"""

import argparse
import contextlib
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from zoo.porting.asap_names import CLASSES

REPETITIONS, SECONDS = 5, 20.0  # no more of one kind than this


def batch_of(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Random windows and targets."""
    random = np.random.default_rng(0)
    x = np.eye(4, dtype=np.float32)[random.integers(0, 4, (size, 2048))]
    return x, random.random((size, 512, 1), np.float32)


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs, after one that does not count."""
    run()
    seconds = []
    while len(seconds) < REPETITIONS and sum(seconds) < SECONDS:
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def ours(name: str, size: int, xla: bool) -> dict[str, float]:
    """Our network on TensorFlow."""
    import tensorflow as tf

    import zoo

    network = zoo.build(name)
    x, target = map(tf.constant, batch_of(size))
    variables = [weight.value for weight in network.trainable_weights]

    @tf.function(jit_compile=xla)
    def forward():
        return network(x, training=False)

    @tf.function(jit_compile=xla)
    def step():
        with tf.GradientTape() as tape:
            y = network(x, training=True)
            loss = tf.reduce_mean(y - target * tf.math.log(y + 1e-8))
        return tape.gradient(loss, variables)

    return {"forward": best(lambda: forward().numpy()), "step": best(lambda: step()[0].numpy())}


def original(name: str, size: int) -> dict[str, float]:
    """The authors' network on PyTorch."""
    warnings.filterwarnings("ignore")
    import torch

    torch.set_num_threads(os.cpu_count())
    with contextlib.redirect_stdout(sys.stderr):
        if name == "xlstm":
            module = importlib.import_module("asap.models.xlstm")
            config = module.sLSTMLayerConfig  # the authors ask for CUDA there
            module.sLSTMLayerConfig = lambda **arguments: config(**{**arguments, "backend": "vanilla"})
        else:
            module = importlib.import_module("asap.models")
        network = getattr(module, CLASSES[name])()
    x, target = map(torch.from_numpy, batch_of(size))

    def forward() -> None:
        network.eval()
        with torch.no_grad():
            network(x)

    def step() -> None:
        network.train()
        y = network(x)
        network.zero_grad()
        (y - target * torch.log(y + 1e-8)).mean().backward()

    return {"forward": best(forward), "step": best(step)}


def measured(what: str, name: str, size: int) -> dict[str, float] | None:
    """The seconds from a process of its own, and its peak memory in GB; None if it cannot run."""
    command = [sys.executable, __file__, "--worker", what, name, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def peak_gigabytes() -> float:
    """Largest memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e6


def work(what: str, name: str, size: int) -> None:
    """Measure in this process and print the result."""
    found = original(name, size) if what == "original" else ours(name, size, what == "xla")
    print(json.dumps({**found, "peak": peak_gigabytes()}))


def main(options: argparse.Namespace) -> None:
    """Print a row for each network and batch."""
    installed = importlib.util.find_spec("asap") is not None and importlib.util.find_spec("torch") is not None
    whats = ("xla" if options.xla else "ours", *(["original"] if installed else []))
    print(f"{'':20} {'batch':>5} | forward s  original  ratio | step s  original  ratio | GB  original")
    for size in options.batches:
        for name in options.names or CLASSES:
            found = [measured(what, name, size) or {} for what in whats] + [{}] * (2 - len(whats))
            cells = [f"{name:20} {size:5d}"]
            for key, width in (("forward", 9), ("step", 6)):
                one, other = (item.get(key, float("nan")) for item in found)
                cells.append(f"{one:{width}.3f} {other:9.3f} {one / other:6.2f}")
            cells.append(" ".join(f"{item.get('peak', float('nan')):4.1f}" for item in found))
            print(" | ".join(cells), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser(description="Measure the networks of ASAP; see the file's head.")
        parser.add_argument("names", nargs="*", metavar="NAME", help="networks (default all)")
        parser.add_argument("--batches", nargs="+", type=int, default=[16, 64])
        parser.add_argument("--xla", action="store_true", help="compile ours with XLA")
        main(parser.parse_args())
