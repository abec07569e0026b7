"""Time and peak memory of evaluating many bins: precision-recall of binding, every metric of accessibility.

Usage: python tests/benchmarks/bench_evaluate.py [--bins 100000000]

Each kind runs in a process of its own, on random numbers that come a million at a time.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np

_BLOCK, _WINDOW = 1 << 20, 256  # bins that come at once, and those of a window


def measure(kind: str, count: int) -> dict[str, float]:
    """Seconds to add and to finish, and the process's peak memory in GB; and that of the empty process."""
    import resource

    from zoo.evaluate.accessibility import BinPairs
    from zoo.evaluate.curves import Scores

    empty = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seen, random, added = Scores() if kind == "binding" else BinPairs(), np.random.default_rng(0), 0.0
    for first in range(0, count, _BLOCK):
        size = min(_BLOCK, count - first)
        scores = random.random(size, np.float32)
        bound = random.random(size) < 0.01
        began = time.perf_counter()
        if kind == "binding":
            seen.add(bound, scores)
        else:
            seen.add((scores * bound).reshape(-1, _WINDOW), scores.reshape(-1, _WINDOW))
        added += time.perf_counter() - began
    began = time.perf_counter()
    if kind == "binding":
        curve = seen.curve()
        assert 0 < curve.aupr < curve.best_f1[0] < curve.auroc < 1
    else:
        assert seen.result().bins == count
    finished = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"added": added, "finished": finished, "peak": peak, "empty": empty}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the evaluation of many bins; see the file's head.")
    parser.add_argument("--bins", type=int, default=100_000_000, help="a multiple of 256")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(measure(chosen.only, chosen.bins)))
        sys.exit()
    for kind in ("binding", "accessibility"):
        command = [sys.executable, __file__, "--only", kind, "--bins", str(chosen.bins)]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(
            f"{kind:14} {chosen.bins:,} bins: added in {said['added']:.1f} s, finished in {said['finished']:.1f} s, "
            f"peak memory {said['peak']:.2f} GB, of which {said['empty']:.2f} GB before the first bin"
        )
