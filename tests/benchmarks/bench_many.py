"""One pass over many models beside as many single runs, from start to finished files, in one run; memory of many.

Usage: python tests/benchmarks/bench_many.py [--bp 20000000] [--models 20] [--memory 127 3] [--memory-bp 1000000]

Each run is a process of its own, as a user's command is: start-up, opening, hashing, windows, networks, writing. Half
of the single runs come before the pass and half after it, because other work on the machine comes and goes; only the
ratio of one run counts. Both write a bigWig and a BED of each model; these are compared. `network` is the time within
compiled networks: at best a pass takes that of all of them. Models are those of maxATAC that can be had here, for
memory in as many copies as it takes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BEGAN = time.perf_counter()
_SECONDS: Counter[str] = Counter()


def timed(kind: type, method: str, what: str) -> None:
    """Add up what a method takes, by `what`; calls within one another count once."""
    real: Callable = getattr(kind, method)

    def measured(*arguments: object, **more: object) -> object:
        began = time.perf_counter()
        try:
            return real(*arguments, **more)
        finally:
            _SECONDS[what] += time.perf_counter() - began

    setattr(kind, method, measured)


def measure(folder: Path, names: list[str], single: bool) -> dict:
    """Predict in this process; seconds by what they go to, and peak memory."""
    import zoo
    from zoo.forward.forward import Forward
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal
    from zoo.many.files import ManyOutput
    from zoo.predict.prediction import Prediction

    for kind in (Genome, Signal):
        timed(kind, "identity", "hashing")
    timed(Forward, "codes", "network")
    for kind in (ManyOutput, Prediction):
        timed(kind, "write" if kind is ManyOutput else "_write", "writing")
    models = [zoo.load(name) for name in names]
    _SECONDS["start-up"] = time.perf_counter() - BEGAN
    given = {"genome": folder / "genome.2bit", "write": "bigwig,bed"}
    if single:
        models[0].predict(signal=folder / "atac.bw", output=folder / f"one.{names[0].partition('/')[2]}", **given)
    else:
        zoo.predict_many(models, samples=folder / "atac.bw", output=folder / "many", **given)
    return {**_SECONDS, "all": time.perf_counter() - BEGAN, "peak": peak_megabytes()}


def measure_memory(folder: Path, names: list[str], models: int, samples: int) -> dict:
    """Peak memory of a pass of copies that share nothing, to BED files and a matrix; the size of the matrix."""
    import zoo

    loaded = []
    for number in range(models):
        model = zoo.load(names[number % len(names)])
        model.spec = replace(model.spec, name=f"copy/{model.spec.name.partition('/')[2]}_{number}")
        loaded.append(model)
    began = peak_megabytes()
    length = zoo.Genome(folder / "genome.2bit").sizes["chr1"]
    regions = [f"chr1:{start + 1}-{start + 500}" for start in range(0, length - 500, 500)]
    tracks = {f"s{number}": folder / f"atac{f'_{number}' if number > 1 else ''}.bw" for number in range(1, samples + 1)}
    found = zoo.predict_many(
        loaded, genome=folder / "genome.2bit", samples=tracks, regions=regions, output=folder / "memory"
    )
    matrix = found.matrix.values["max"].nbytes / 1e6
    seconds = time.perf_counter() - BEGAN
    return {"loaded": began, "peak": peak_megabytes(), "matrix": matrix, "units": found.units, "all": seconds}


def peak_megabytes() -> float:
    """Largest memory of this process; not `getrusage`, which counts what the parent had when it started us."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def run(*arguments: object) -> dict:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--worker", *map(str, arguments)]
    began = time.perf_counter()
    child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    found = json.loads(child.stdout.splitlines()[-1])
    around = time.perf_counter() - began - found["all"]  # Python's own start and end
    return found | {"all": found["all"] + around, "start-up": found.get("start-up", 0) + around}


def available(most: int) -> list[str]:
    """Names of models of maxATAC whose weights are here."""
    import registry
    import zoo
    from zoo.errors import ZooError

    found: list[str] = []
    for entry in registry.list_models("maxatac/*"):
        if len(found) == most:
            break
        try:
            zoo.fetch(entry.name)
            found.append(entry.name)
        except ZooError:
            continue
    return found


def largest_difference(folder: Path, names: list[str]) -> float:
    """Of all bins of the pass's bigWigs to those of the single runs."""
    import pyBigWig

    most = 0.0
    for name in names:
        short = name.partition("/")[2]
        values = []
        for path in (folder / f"many.atac.{short}.bw", folder / f"one.{short}.bw"):
            with pyBigWig.open(str(path)) as file:
                values.append(file.values("chr1", 0, file.chroms("chr1"), numpy=True))
        most = max(most, float(np.nanmax(np.abs(values[0] - values[1]))))
    return most


def compare(folder: Path, names: list[str]) -> None:
    """Single runs, the pass, single runs; print both and their ratio."""
    half = len(names) // 2
    singles = [run(folder, "single", name) for name in names[:half]]
    one = run(folder, "pass", *names)
    singles += [run(folder, "single", name) for name in names[half:]]
    total = {key: sum(single[key] for single in singles) for key in singles[0]}
    print(
        f"{'seconds':>22} {'all':>8} {'start-up':>9} {'hashing':>8} {'network':>8} {'writing':>8} {'rest':>6} peak MB"
    )
    for label, found in ((f"{len(names)} single runs", total), ("one pass", one)):
        parts = [found[key] for key in ("start-up", "hashing", "network", "writing")]
        peak = max(single["peak"] for single in singles) if found is total else one["peak"]
        cells = [found["all"], *parts, found["all"] - sum(parts)]
        print(f"{label:>22} {' '.join(f'{cell:8.1f}' for cell in cells)} {peak:8,.0f}")
    print(f"ratio {one['all'] / total['all']:.2f}; of the time within networks {one['network'] / total['network']:.2f}")
    print(f"largest difference of a bin {largest_difference(folder, names):.1e}")


def main(options: argparse.Namespace) -> None:
    """Print the machine, the comparison, and memory."""
    from zoo.data import synthetic
    from zoo.environment import versions

    names = available(options.models)
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}; {', '.join(f'{name} {version}' for name, version in versions().items())}")
    print(f"{options.bp:,} bp, {len(names)} models")
    with tempfile.TemporaryDirectory() as root:
        if options.bp:
            synthetic.make(root, {"chr1": options.bp})
            compare(Path(root), names)
    models, samples = options.memory
    with tempfile.TemporaryDirectory() as root:
        if models:
            synthetic.make(root, {"chr1": options.memory_bp}, samples=samples)
            found = run(root, "memory", models, samples, *names)
            print(
                f"{models} models × {samples} samples, {options.memory_bp:,} bp: peak {found['peak']:,.0f} MB, "
                f"{found['loaded']:,.0f} MB with all models loaded, {found['matrix']:,.1f} MB the matrix; "
                f"{found['units']} units, {found['all']:.0f} s"
            )


def work(folder: str, kind: str, *rest: str) -> dict:
    """What a process of its own does."""
    if kind == "memory":
        return measure_memory(Path(folder), list(rest[2:]), int(rest[0]), int(rest[1]))
    return measure(Path(folder), list(rest), kind == "single")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(work(*sys.argv[2:])))
    else:
        parser = argparse.ArgumentParser(description="Measure passes over many models; see the file's head.")
        parser.add_argument("--bp", type=int, default=20_000_000, help="of the genome; 0 for memory alone")
        parser.add_argument("--models", type=int, default=20)
        parser.add_argument("--memory", type=int, nargs=2, default=(127, 3), metavar=("MODELS", "SAMPLES"))
        parser.add_argument("--memory-bp", type=int, default=1_000_000)
        main(parser.parse_args())
