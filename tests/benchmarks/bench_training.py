"""What training waits for: steps on the real pipeline beside steps on one cached batch; memory of a genome's pipeline.

Usage: python tests/benchmarks/bench_training.py [--bp 200000000]

Both kinds of models are trained with their default networks (maxATAC's in batches of 64 windows, ASAP's convnext_dcnn
in batches of 16) on a synthetic genome; blocks of steps alternate, and the best block of each counts. Memory is that of
a process that reads a genome of so many bp and makes batches, without TensorFlow, which has its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BLOCKS, STEPS = 5, {"binding": 20, "accessibility": 3}
SIZE = {"binding": 64, "accessibility": 16}
HUMAN = 3_100_000_000  # bp


def steps(kind: str, folder: Path) -> dict[str, float]:
    """Seconds of a step on the pipeline and on a cached batch."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import training

    from zoo.data import synthetic
    from zoo.spec import Architecture
    from zoo.train.run import TrainingRun

    files = synthetic.make(folder, {"chr1": 3_000_000, "chr2": 60_000})
    name = {"binding": "maxatac", "accessibility": "convnext_dcnn"}[kind]
    changes = {"steps": 100} if kind == "binding" else {}
    split = training.Split(("chr1",), ("chr2",))
    config = getattr(training, kind)(
        files, architecture=Architecture(name, {}), batch_size=SIZE[kind], chromosomes=split, **changes
    )
    run = TrainingRun(config)
    batches = {part: run.task.batches(part, run.task.slabs(part, plan, False)) for part, plan in run.task.plans.items()}
    trainer = run.trainer(batches["training"], batches["validation"], folder)
    real = iter(trainer.batches(0))
    cached = next(real)
    found = {"pipeline": [], "cached": []}
    for _ in range(3):
        trainer.step(next(real))
    for _ in range(BLOCKS):
        for label, feed in (("pipeline", lambda: next(real)), ("cached", lambda: cached)):
            began = time.perf_counter()
            for _ in range(STEPS[kind]):
                float(trainer.step(feed())[0])
            found[label].append((time.perf_counter() - began) / STEPS[kind])
    began = time.perf_counter()
    for step in range(20):
        batches["training"].batch(step)
    alone = (time.perf_counter() - began) / 20
    return {**{label: min(values) for label, values in found.items()}, "batch alone": alone}


def memory(bp: int, folder: Path) -> dict[str, float]:
    """What the pipeline of a genome holds, and the peak of its process."""
    import resource

    from zoo.data.accessibility import AccessibilityTraining
    from zoo.data.slabs import Slabs, maxima
    from zoo.data.windows import TRAINING, tiled
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal

    genome, signal = Genome(folder / "genome.2bit"), Signal(folder / "signal.bw")
    began = time.perf_counter()
    starts = {chrom: tiled(genome, chrom, TRAINING) for chrom in genome.sizes}
    slabs = Slabs(genome, [maxima(signal)], starts, TRAINING, progress=False)
    seconds = time.perf_counter() - began
    items = AccessibilityTraining(slabs)
    for step in range(50):
        items.batch(step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"held": slabs.nbytes / 1e9, "peak": peak, "seconds": seconds, "tensorflow": "tensorflow" in sys.modules}


def write_genome(bp: int, folder: Path) -> None:
    """Random bases in chromosomes of at most 50 Mb, and a value every 10 bp."""
    from zoo.formats.bigwig import write_track
    from zoo.genome.sequence import write_twobit

    random = np.random.default_rng(0)
    sizes = {f"chr{number + 1}": min(50_000_000, bp - first) for number, first in enumerate(range(0, bp, 50_000_000))}
    write_twobit(folder / "genome.2bit", {chrom: random.integers(0, 4, n, np.uint8) for chrom, n in sizes.items()})
    tracks = ((chrom, random.gamma(0.3, 3.0, -(-n // 10)).astype(np.float32)) for chrom, n in sizes.items())
    write_track(folder / "signal.bw", sizes, tracks, bin_size=10)


def apart(*arguments: object) -> dict:
    """The answer of this file in a process of its own."""
    command = [sys.executable, __file__, "--only", *map(str, arguments)]
    return json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=3600).stdout.splitlines()[-1]
    )


def main(bp: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        print("kind            pipeline s   cached s   ratio   a batch alone s")
        for kind in ("binding", "accessibility"):
            found = apart(kind, Path(name) / kind)
            ratio = found["pipeline"] / found["cached"]
            print(
                f"{kind:14} {found['pipeline']:11.4f} {found['cached']:10.4f} {ratio:7.3f} {found['batch alone']:17.4f}"
            )
        write_genome(bp, Path(name))
        found = apart("memory", name, bp)
        human = found["held"] * HUMAN / bp
        print(
            f"{bp / 1e6:,.0f} Mb: {found['held']:.2f} GB held, {found['peak']:.2f} GB at the peak, "
            f"read in {found['seconds']:.0f} s; a human genome by proportion {human:.1f} GB"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the training pipeline; see the file's head.")
    parser.add_argument("--bp", type=int, default=200_000_000, help="size of the genome whose memory is measured")
    parser.add_argument("--only", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        kind, folder, *rest = chosen.only
        Path(folder).mkdir(parents=True, exist_ok=True)
        print(json.dumps(memory(int(rest[0]), Path(folder)) if kind == "memory" else steps(kind, Path(folder))))
    else:
        main(chosen.bp)
