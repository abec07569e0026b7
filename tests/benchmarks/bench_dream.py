"""Windows per second of FactorNet, DeepGRN, Leopard and scFAN: the bare forward pass, and `predict` from files to
finished files, in one run; peak memory over two lengths.

Usage: python tests/benchmarks/bench_dream.py [--systems NAME ...] [--lengths 200000 600000] [--batch 256]

Networks have the sizes of the released ones and random weights; the genome, the tracks and the flags are synthetic.
`bare` is the compiled network on a batch that lies ready; `predict` writes a bigWig file from a .2bit file, bigWig
files and BED files of flags. Both are measured in turn, in one process. `of bare` is by the clock, `by CPU` by the time
of all cores, which other programs disturb less. Bins of 200 bp come every 50 bp, so that each base is read by 20
windows; Leopard's windows come every 5,120 bp, and its lengths are 20 times as long. Peak memory is that of a process
of its own which only predicts: it must not grow with the length.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

SECONDS, TURNS = 4.0, 3  # of the bare pass, before and after a prediction; of both
LONGER = 20  # times as long for windows of 10,240 bp
MEMBERS = tuple(f"FACTOR{i}" for i in range(1, 34))  # of scFAN
TARGET, PROVENANCE = ("FACTOR",), {"source": "random weights"}


def factornet():
    """The larger of the released sizes with a vector of expression."""
    from zoo.porting import bins_of_200
    from zoo.porting import factornet as system

    config = {"tracks": 2, "filters": 128, "units": 64, "hidden": 128, "covariates": 8}
    about = bins_of_200.About("bench/FACTORNET", PROVENANCE, "none")
    return system.make_spec(config, about, ("unique35", "dgf"), bins_of_200.vector_of("meta", "GEPC"), TARGET)


def factornet_small():
    """The smaller of the released sizes, without a vector."""
    from zoo.porting import bins_of_200
    from zoo.porting import factornet as system

    about = bins_of_200.About("bench/FACTORNET_SMALL", PROVENANCE, "none")
    return system.make_spec({"tracks": 2}, about, ("unique35", "dgf"), (), TARGET)


def deepgrn_single():
    """With expression and flags of each bin."""
    return _deepgrn({"attention": "single"})


def deepgrn_pair():
    """The same with attention of all positions to all."""
    return _deepgrn({"attention": "pair"})


def _deepgrn(config: dict[str, object]):
    from zoo.porting import bins_of_200
    from zoo.porting import deepgrn as system
    from zoo.spec import Architecture

    about = bins_of_200.About("bench/DEEPGRN", PROVENANCE, "none")
    architecture = Architecture("deepgrn", {"tracks": 2, "covariates": 14, **config})
    return system.make_spec(architecture, about, system.vector_names(14), TARGET[0])


def leopard():
    """The released size."""
    from zoo.porting import bins_of_200
    from zoo.porting import leopard as system
    from zoo.spec import Architecture

    architecture = Architecture("leopard", {"window": system.WINDOW_BP, "tracks": 2})
    return system.make_spec(architecture, bins_of_200.About("bench/LEOPARD", PROVENANCE, "none"), 2, TARGET[0])


def scfan():
    """The authors' size, one of its factors."""
    from zoo.porting import bins_of_200
    from zoo.porting import scfan as system

    config = {"window": 1000, "tracks": 2, "outputs": len(MEMBERS)}
    return system.make_spec(config, bins_of_200.About("bench/SCFAN", PROVENANCE, "none"), MEMBERS)


SPECS: dict[str, Callable] = {
    function.__name__: function
    for function in (factornet, factornet_small, deepgrn_single, deepgrn_pair, leopard, scfan)
}


def model_of(system: str):
    """A model of random weights."""
    import keras

    import zoo

    keras.utils.set_random_seed(0)
    spec = SPECS[system]()
    return zoo.Model(spec, zoo.build(spec.architecture.name, **spec.architecture.config))


@dataclass
class Pace:
    """Windows, and what they took.

    Attributes:
        windows: how many.
        seconds: of the clock.
        cpu: seconds of all cores, of this process alone.
    """

    windows: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def time(self, run: Callable[[], int]) -> None:
        """Add a run, which returns its number of windows."""
        began, cpu = time.perf_counter(), time.process_time()
        self.windows += run()
        self.seconds += time.perf_counter() - began
        self.cpu += time.process_time() - cpu


def bare(model, batch: int) -> Callable[[], int]:
    """Some seconds of the compiled network alone, on a batch that lies ready."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    shapes = model.spec.input.shapes
    read = {name: tf.constant(random.random((batch, *shape), np.float32)) for name, shape in shapes.items()}
    given = read if len(read) > 1 else next(iter(read.values()))
    forward = tf.function(lambda x: model.network(x, training=False))
    forward(given).numpy()

    def run() -> int:
        began, batches = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS or batches < 2:
            forward(given).numpy()
            batches += 1
        return batch * batches

    return run


def measure(system: str, folder: Path, batch: int) -> dict[str, float]:
    """The bare pass and predictions of the whole chromosome in turn."""
    model, arguments = model_of(system), inputs_of(system, folder, batch)
    alone, whole, forward = Pace(), Pace(), bare(model, batch)
    model.predict(**arguments, chromosomes="chr2", output=folder / "compiled")
    for turn in range(TURNS):
        alone.time(forward)
        output = folder / f"out{turn}"
        whole.time(lambda output=output: model.predict(**arguments, chromosomes="chr1", output=output).windows)
        alone.time(forward)
    return {
        "windows": whole.windows // TURNS,
        "bare": alone.windows / alone.seconds,
        "predict": whole.windows / whole.seconds,
        "ratio": whole.windows / whole.seconds / (alone.windows / alone.seconds),
        "cpu": whole.windows / whole.cpu / (alone.windows / alone.cpu),
    }


def only_predict(system: str, folder: Path, batch: int) -> dict[str, float]:
    """Peak memory in MB of a process that only predicts."""
    model_of(system).predict(**inputs_of(system, folder, batch), chromosomes="chr1", output=folder / "only")
    status = Path("/proc/self/status").read_text()
    return {"peak": int(status.split("VmHWM:")[1].split()[0]) / 1e3}


def inputs_of(system: str, folder: Path, batch: int) -> dict[str, object]:
    """The arguments of `predict`."""
    from zoo.porting.bins_of_200 import FLAGS
    from zoo.porting.expression import CELL_TYPES

    spec = SPECS[system]()
    cell = dict(zip((item.name for item in spec.input.covariates), CELL_TYPES.rows["GM12878"], strict=False))
    flags = dict.fromkeys(FLAGS, folder / "peaks.bed")
    covariates = {item.name: (cell | flags)[item.name] for item in spec.input.covariates}
    chosen = {"track": MEMBERS[0]} if spec.output.tracks else {}
    return {
        "genome": folder / "genome.2bit",
        "signal": {track.name: folder / "atac.bw" for track in spec.input.given},
        "batch_size": batch,
        "threshold": None,
        **({"covariates": covariates} if covariates else {}),
        **chosen,
    }


WORKERS = {function.__name__: function for function in (measure, only_predict)}


def worker(what: str, system: str, folder: Path, batch: int) -> dict[str, float]:
    """The numbers of a function, in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "--worker", what, system, str(folder), str(batch)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])


def main(options: argparse.Namespace) -> None:
    """Print a row for each system and length."""
    from zoo.data import synthetic

    header = ("system", "bp", "windows", "bare/s", "predict/s", "of bare", "by CPU", "peak MB")
    print("{:16} {:>12} {:>8} {:>8} {:>10} {:>8} {:>8} {:>8}".format(*header))
    for system in options.systems:
        for length in options.lengths:
            length, batch = (length * LONGER, options.batch // 16) if system == "leopard" else (length, options.batch)
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                synthetic.make(folder, {"chr1": length, "chr2": 40_000})
                found = worker("measure", system, folder, batch) | worker("only_predict", system, folder, batch)
            print(
                f"{system:16} {length:>12,} {found['windows']:>8,} {found['bare']:>8.1f} {found['predict']:>10.1f} "
                f"{found['ratio']:>8.2f} {found['cpu']:>8.2f} {found['peak']:>8,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        what, system, folder, batch = sys.argv[2:]
        print(json.dumps(WORKERS[what](system, Path(folder), int(batch))))
    else:
        parser = argparse.ArgumentParser(description="Measure FactorNet and others; see the file's head.")
        parser.add_argument("--systems", nargs="+", choices=SPECS, default=list(SPECS))
        parser.add_argument("--lengths", nargs="+", type=int, default=[200_000, 600_000])
        parser.add_argument("--batch", type=int, default=256)
        main(parser.parse_args())
