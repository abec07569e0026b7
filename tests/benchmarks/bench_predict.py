"""Windows per second of the bare forward pass and of `predict` from files to finished files, in one run; peak memory.

Usage: python tests/benchmarks/bench_predict.py [--original COMMAND] [--networks NAME ...] [BP ...]

Each length is measured in a process of its own, so that its peak memory is its own: forward pass, prediction with every
window by itself (plain), with windows on stretches and folded normalizations in float32 and bfloat16, forward pass
again; then each step alone. The model is maxatac/CTCF, from wherever it can be had. The default is 20 and 60 Mb.

With `--original` the authors' program, such as `/path/to/maxatac`, and `zoo predict --compat maxatac` run one after the
other on the same files, each with its start-up; ratios are of that run. It gets a home with the genome's data, as it
reads nothing else, and the authors' file of weights; programs that it calls, such as bedtools, may lie in its folder.
It leaves out the windows of its last batch of 10,000 that is incomplete, so zoo computes some more. With `--networks`
other networks with random weights are measured from files to files beside their bare pass: convnext_dcnn, and
chrombpnet of the full size.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
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

BATCH, STRIDE, WINDOW = 256, 256, 1024
OTHERS = {"convnext_dcnn": (200_000, 16), "chrombpnet": (100_000, 64)}  # bp, and windows at once
ENDS = 2_048  # bp of a chromosome on the blacklist at either end, without which the authors' program stops
TURNS = 8
MFLOP_PER_WINDOW = 32.5  # of windows by themselves


def bare(network, batch: int = BATCH, seconds: float = 5.0) -> float:
    """Windows per second of the network alone on a batch that lies ready."""
    import tensorflow as tf

    x = tf.constant(np.random.default_rng(0).random((batch, *network.input_shape[1:]), np.float32))
    forward = tf.function(lambda batch: network(batch, training=False))
    forward(x)
    began, batches = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        tf.nest.flatten(forward(x))[0].numpy()
        batches += 1
    return batch * batches / (time.perf_counter() - began)


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
    random, length = np.random.default_rng(0), WINDOW + (BATCH - 1) * STRIDE
    rows = [random.integers(0, 4, length).astype(np.uint8), random.random(length, np.float32)]
    windows = [np.lib.stride_tricks.sliding_window_view(row, WINDOW)[::STRIDE].copy() for row in rows]
    calls = {}
    for precision in ("float32", "bfloat16"):
        for fold in (False, True):
            forward = model.forward(("forward",), None, precision, fold)
            along = forward.along(BATCH, STRIDE)
            if not fold:
                calls[precision, "plain"] = partial(forward.codes, *windows)
            calls[precision, "folded, shared" if fold else "shared"] = partial(along.codes, *rows)
    best = dict.fromkeys(calls, np.inf)
    for turn in range(TURNS + 1):
        for name, call in calls.items():
            cpu = time.process_time()
            call()
            best[name] = min(best[name], time.process_time() - cpu if turn else np.inf)
    return {", ".join(name): 1e6 * seconds / BATCH for name, seconds in best.items()}


def measure_other(folder: Path, name: str) -> dict[str, float]:
    """Windows per second of another network: bare pass, files to files, bare pass; the largest memory in MB."""
    model, (_, batch) = other_model(name), OTHERS[name]
    before, arguments = bare(model.network, batch), {"genome": folder / "genome.2bit", "batch_size": batch}
    model.predict(**arguments, chromosomes="chr2", output=folder / "before")  # compile
    began = time.perf_counter()
    windows = model.predict(**arguments, chromosomes="chr1", output=folder / "out").windows
    seconds = time.perf_counter() - began
    mean = (before + bare(model.network, batch)) / 2
    return {"bare": mean, "files": windows / seconds, "peak": peak_megabytes()}


def other_model(name: str):
    """A model of a network with random weights."""
    if name == "chrombpnet":
        import bench_chrombpnet

        return bench_chrombpnet.model_of(512)
    import keras

    import zoo
    from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

    keras.utils.set_random_seed(0)
    output = OutputSpec(512, 4, 0, "ATAC", "ln(1 + x)", "accessibility", "accessibility", "log1p")
    prediction = PredictionSpec(1024, ("forward", "reverse_complement"), center_only=True)
    reads = InputSpec(2048, "none", ())
    spec = ModelSpec(f"bench/{name}", "", Architecture(name, {}), reads, (output,), prediction, {}, {})
    return zoo.Model(spec, zoo.build(name))


def beside(folder: Path, program: list[str], weights: Path, length: int) -> dict[str, dict[str, float]]:
    """Wall and CPU seconds and memory of the authors' program and of ours on the same files; how their tracks differ.

    Args:
        folder: with the synthetic genome and its track.
        program: the authors', as `program_of` returns it.
        weights: the authors' file of maxatac/CTCF.
        length: of chr1.
    """
    data, blacklist = folder / "opt" / "maxatac" / "data" / "bench", folder / "blacklist.bed"
    data.mkdir(parents=True)
    ends = [(0, ENDS), (length - ENDS, length)]
    blacklist.write_text("".join(f"chr1\t{start}\t{end}\n" for start, end in ends))
    (data / "bench_maxatac_blacklist.bed").write_text(blacklist.read_text())
    (data / "bench.chrom.sizes").write_text(f"chr1\t{length}\n")
    os.link(folder / "genome.2bit", data / "bench.2bit")
    write_blacklist(data / "bench_maxatac_blacklist.bw", ends, length)
    signal = str(folder / "atac.bw")
    theirs = [*program, "--genome", "bench", "predict", "-m", str(weights), "-s", signal, "-n", "theirs"]
    theirs += ["-o", str(folder), "-c", "chr1", "-skip_call_peaks"]
    ours = [sys.executable, "-m", "zoo", "predict", "maxatac/CTCF", "--genome", str(folder / "genome.2bit")]
    ours += ["--signal", signal, "--blacklist", str(blacklist), "--compat", "maxatac", "--chromosomes", "chr1"]
    ours += ["--threshold", "none", "--output", str(folder / "ours")]
    home = {"HOME": str(folder), "PATH": os.pathsep.join((str(Path(program[0]).parent), os.environ["PATH"]))}
    found = {"original": timed(theirs, home), "zoo": timed(ours, {})}
    return {**found, "tracks": compared(folder / "theirs.bw", folder / "ours.bw", length)}


def program_of(command: str) -> list[str]:
    """The words of a command that begins with a program."""
    first, *others = shlex.split(command) or [""]
    path = shutil.which(first)
    if path is None:
        raise SystemExit(f"--original must name a program. Received: {command!r}")
    return [path, *others]


def write_blacklist(path: Path, spans: list[tuple[int, int]], length: int) -> None:
    """1 on the blacklist, as bigWig."""
    from zoo.genome.bigwig import Writer

    starts, ends = np.array(spans).T
    with Writer(path, {"chr1": length}) as writer:
        writer.add("chr1", starts, ends, np.ones(len(starts), np.float32))


def timed(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Wall and CPU seconds of a process and its children, and the largest memory of one of them in MB.

    What it prints is shown if it fails.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
            raise SystemExit(f"{text}{shlex.join(command)} ended with {process.returncode}")
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1e3}


def compared(theirs: Path, ours: Path, length: int) -> dict[str, float]:
    """Bases that both tracks have, or one of them alone; the largest difference where both are.

    The last bases of a track that ends before the other are means of fewer windows, and count by themselves.
    """
    from zoo.genome.bbi import BigWig

    one, other = (BigWig(path).values("chr1", 0, length) for path in (theirs, ours))
    here, there = ~np.isnan(one), ~np.isnan(other)
    ends = [int(np.flatnonzero(found).max(initial=-1)) + 1 for found in (here, there)]
    whole = length if ends[0] == ends[1] else min(ends) - (WINDOW - STRIDE)
    far = np.where(here & there, np.abs(one - other), 0.0)
    return {
        "bases of both": int((here & there).sum()),
        "of the original alone": int((here & ~there).sum()),
        "of zoo alone": int((~here & there).sum()),
        "largest difference": float(far[:whole].max(initial=0.0)),
        "where fewer windows are averaged": float(far[whole:].max(initial=0.0)),
    }


def peak_megabytes() -> float:
    """Largest memory of this process; not `getrusage`, which counts what the parent had when it started us."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def worker(*arguments: object) -> dict:
    """What this file prints in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lengths", metavar="BP", nargs="*", type=float, default=[20e6, 60e6])
    parser.add_argument("--original", metavar="COMMAND")
    parser.add_argument("--weights", type=Path, help="the authors' .h5 file of CTCF (default that of ZOO_SHARED)")
    parser.add_argument("--networks", nargs="+", choices=OTHERS, default=())
    options = parser.parse_args()
    original = (program_of(options.original), weights_of(options.weights)) if options.original else None
    print(f"{platform.machine()}, {os.cpu_count()} cores, TensorFlow {version('tensorflow')}, Keras {version('keras')}")
    for length in map(int, options.lengths):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            synthetic(folder, length)
            show(length, worker("--measure", folder))
            if original:
                show_beside(beside(folder, *original, length))
    for name in options.networks:
        with tempfile.TemporaryDirectory() as place:
            synthetic(Path(place), OTHERS[name][0], {"chr2": 40_000})
            found = worker("--other", place, name)
        print(f"{name:<16} bare {found['bare']:,.1f} windows/s, files to files {found['files']:,.1f}", end="")
        print(f" ({found['files'] / found['bare']:.2f}), {found['peak']:,.0f} MB")


def synthetic(folder: Path, length: int, more: dict[str, int] | None = None) -> None:
    """Genome and track."""
    from zoo.data import synthetic

    synthetic.make(folder, {"chr1": length, **(more or {})})


def weights_of(given: Path | None) -> Path:
    """The authors' file."""
    shared = Path(os.environ.get("ZOO_SHARED", "")) / "maxatac_data" / "models" / "CTCF"
    found = [given] if given else sorted(shared.glob("*.h5"))
    if not found:
        raise SystemExit("--weights must name the authors' file of CTCF")
    return found[0]


def show_beside(found: dict[str, dict[str, float]]) -> None:
    """Print what `beside` found."""
    one, other = found["original"], found["zoo"]
    print(f"\n{'files to files':<16} {'wall s':>8} {'CPU s':>8} {'MB':>8}")
    for name, row in {"original": one, "zoo": other}.items():
        print(f"{name:<16} {row['wall']:>8.1f} {row['cpu']:>8.1f} {row['memory']:>8,.0f}")
    print("ratio            " + " ".join(f"{one[key] / other[key]:>8.1f}" for key in one))
    for name, value in found["tracks"].items():
        print(f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:.2g}")


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
    elif sys.argv[1:2] == ["--other"]:
        print(json.dumps(measure_other(Path(sys.argv[2]), sys.argv[3])))
    else:
        main()
