"""Seconds until `import zoo` and `zoo --help` are done, beside Python's own start.

Usage: python tests/benchmarks/bench_start.py
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python": ["-c", "pass"],
    "import zoo": ["-c", "import zoo"],
    "zoo --help": ["-m", "zoo", "--help"],
    "zoo list": ["-m", "zoo", "list"],
}
RUNS = 7

for name, arguments in COMMANDS.items():
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    print(f"{name:<12} {statistics.median(times):.3f} s")
