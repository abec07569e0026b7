"""Fragments per second and peak memory from a file of fragments to finished tracks.

Usage: python tests/benchmarks/bench_prepare.py [--fragments 20000000] [--bp 250000000] [--gzip]

Fragments are synthetic and sorted, nine in ten of them in a tenth of the chromosome, as in open chromatin. The whole of
`zoo.prepare.sample.prepare` is timed, and the reading of its fragments alone; those of cores are the process's.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def write(path: Path, count: int, length: int) -> None:
    """Sorted fragments with barcodes."""
    random = np.random.default_rng(0)
    peaks = np.sort(random.integers(0, length - 3000, length // 20_000))
    near = random.choice(peaks, count * 9 // 10) + random.integers(0, 2000, count * 9 // 10)
    starts = np.sort(np.concatenate([near, random.integers(0, length - 1000, count - len(near))]))
    ends = starts + random.integers(40, 600, count)
    with gzip.open(path, "wt", 1) if path.suffix == ".gz" else open(path, "w") as file:
        for first in range(0, count, 1 << 20):
            rows = zip(
                starts[first : first + (1 << 20)].tolist(), ends[first : first + (1 << 20)].tolist(), strict=True
            )
            file.write("".join(f"chr1\t{start}\t{end}\tACGTACGTACGTACGT-1\t1\n" for start, end in rows))


def measure(path: Path, length: int) -> dict[str, float]:
    """Seconds by the clock and of all cores, and the process's peak memory in GB."""
    import resource

    from zoo.prepare import fragments
    from zoo.prepare.sample import prepare

    began = time.perf_counter()
    for _ in fragments.read(path):
        pass
    found = {"reading": time.perf_counter() - began}
    began, spent = time.perf_counter(), time.process_time()
    prepare(path, path.parent / "out", {"chr1": length}, progress=False)
    found |= {"whole": time.perf_counter() - began, "cores": time.process_time() - spent}
    return found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure zoo prepare; see the file's head.")
    parser.add_argument("--fragments", type=int, default=20_000_000)
    parser.add_argument("--bp", type=int, default=250_000_000, help="length of the chromosome")
    parser.add_argument("--gzip", action="store_true", help="compress the fragments")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(measure(chosen.only, chosen.bp)))
        sys.exit()
    with tempfile.TemporaryDirectory() as work:
        source = Path(work) / ("f.tsv.gz" if chosen.gzip else "f.tsv")
        write(source, chosen.fragments, chosen.bp)
        command = [sys.executable, __file__, "--only", str(source), "--bp", str(chosen.bp)]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    for name, of in (("reading", "reading the file"), ("whole", "all of it"), ("cores", "all of it, for each core")):
        rate = chosen.fragments / said[name] / 1e6
        print(f"{of:25} {said[name]:6.1f} s  {rate:6.2f} million fragments per second")
    print(f"peak memory {said['peak']:.2f} GB")
