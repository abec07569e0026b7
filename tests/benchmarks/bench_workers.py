"""Two Dask workers beside two serial processes: `python tests/benchmarks/bench_workers.py [--models 2] [--samples 16]`.

Compute-bound units: models of maxATAC's architecture with random weights on a random genome; all processes have one
thread. Two processes compute half of the samples each, by themselves; at the same time two Dask workers compute all, so
that all four have the same part of the cores, whatever else runs there. Compared are the units that end while all four
are at work, after each has opened its files and compiled its networks.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import zoo
from zoo import architectures, folder
from zoo.data import synthetic

sys.path.insert(0, str(Path(__file__).parents[1]))  # of the tests
_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
THREADS = dict.fromkeys(_VARIABLES, "1")

ALIKE = 0.9  # of the ideal


def model(path: Path, seed: int) -> Path:
    """A model of maxATAC's size with random weights."""
    import keras
    from conftest import small_spec

    from registry import digests
    from zoo.spec import Architecture, OutputSpec, PredictionSpec

    keras.utils.set_random_seed(seed)
    spec = small_spec(
        name=f"bench/M{seed}",
        architecture=Architecture("maxatac", {}),
        input=small_spec().input.__class__(1024, "none", small_spec().input.tracks),
        outputs=(OutputSpec(32, 32, 0, f"M{seed}", "binding score", name="binding", kind="binding"),),
        prediction=PredictionSpec(256, ("forward",)),
    )
    network = architectures.build("maxatac")
    x = np.zeros((1, 1024, 5), np.float32)
    path.mkdir()
    folder.write(path, spec, network, folder.Golden(x, np.asarray(network(x))), None, "# bench\n")
    digests.write_digests(path, {"source": "bench"})
    return path


def passed(root: Path, samples: list[str], name: str, **how: object) -> None:
    """One pass over some samples."""
    track = root / "data" / "atac.bw"
    zoo.predict_many(
        sorted(map(str, (root / "models").iterdir())),
        genome=root / "data" / "genome.2bit",
        samples=dict.fromkeys(samples, track),
        threshold=None,
        write="bed",
        output=root / name,
        progress=False,
        **how,
    )


class Watch:
    """When the parts of a pass appear, and the CPU time of its processes then.

    Args:
        folder: of the parts.
        processes: that compute.
    """

    def __init__(self, folder: Path, processes: list[subprocess.Popen]) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._folder, self._processes, self._over = folder, processes, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for path in self._folder.glob("part-*.npz"):
                if path.name not in self._seen:
                    self._seen[path.name] = time.monotonic(), sum(map(cpu_of, self._processes))

    def has_begun(self) -> bool:
        """Whether there is a part."""
        return bool(self._seen)

    def stop(self) -> list[tuple[float, float]]:
        """(Time, CPU time) at each part, in order."""
        self._over.set()
        self._thread.join()
        return sorted(self._seen.values())


def between(seen: list[tuple[float, float]], began: float, ended: float) -> tuple[float, float]:
    """Seconds, and seconds of CPU, from one unit to the next, of those that ended in this time."""
    inside = [each for each in seen if began <= each[0] <= ended]
    (first, before), (last, after), count = inside[0], inside[-1], len(inside) - 1
    return (last - first) / count, (after - before) / count


def cpu_of(process: subprocess.Popen) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(root: Path, samples: list[str]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two processes that compute half of the samples each, and at the same time two Dask workers that compute all:
    seconds, and seconds of CPU, for a unit of each pair."""
    import clusters

    with clusters.Cluster(root) as cluster:
        passed(root, samples[:8], "dask", dask=str(cluster.file))  # imports TensorFlow
        children, watches = [], []
        for number, some in enumerate((samples[::2], samples[1::2])):
            command = [sys.executable, __file__, "--serial", str(root), str(number), ",".join(some)]
            children.append(subprocess.Popen(command, env={**clusters.environment(), **THREADS}))
            watches.append(Watch(root / f"serial{number}.partial", children[-1:]))
        clusters.until(lambda: all(map(Watch.has_begun, watches)), 600)
        on_dask = Watch(root / "more.partial", cluster.workers)
        passed(root, samples, "more", dask=str(cluster.file))
        dask = on_dask.stop()
        for child in children:
            assert child.wait(3600) == 0
    serial = [watch.stop() for watch in watches]
    began, ended = (
        max(dask[3][0], *(each[0][0] for each in serial)),
        min(dask[-1][0], *(each[-1][0] for each in serial)),
    )
    walls, cpus = zip(*(between(each, began, ended) for each in serial), strict=True)
    return (1 / sum(1 / wall for wall in walls), sum(cpus) / 2), between(dask, began, ended)


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=2)
    parser.add_argument("--length", type=int, default=400_000, help="bp of the genome")
    parser.add_argument("--samples", type=int, default=16, help="of each process")
    parser.add_argument("--serial", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serial:
        root, number, samples = options.serial
        passed(Path(root), samples.split(","), f"serial{number}")
        return
    os.environ |= THREADS
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "data").mkdir()
        (root / "models").mkdir()
        synthetic.make(root / "data", {"chr1": options.length}, seed=1)
        for seed in range(options.models):
            model(root / "models" / f"m{seed}", seed)
        names = [f"s{number}" for number in range(2 * options.samples)]
        (wall, cpu), (dask_wall, dask_cpu) = measured(root, names)
        print(f"two serial processes: {wall:.2f} s for a unit, {cpu:.2f} s of CPU")
        print(f"two Dask workers:     {dask_wall:.2f} s for a unit, {dask_cpu:.2f} s of CPU")
        print(f"ratio by the clock {wall / dask_wall:.3f} (at least {ALIKE}), by CPU {cpu / dask_cpu:.3f}")


if __name__ == "__main__":
    main()
