"""Seconds until `import zoo`, `zoo --help` and a first prediction are done, beside Python's own start.

Usage: python tests/benchmarks/bench_start.py

The prediction is that of ten regions by maxatac/CTCF, or by yeast/REB1 where that cannot be had, in a new process with
the model in the cache; `import keras` is what it needs at least.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = {
    "python": ["-c", "pass"],
    "import zoo": ["-c", "import zoo"],
    "zoo --help": ["-m", "zoo", "--help"],
    "zoo list": ["-m", "zoo", "list"],
    "import keras": ["-c", "import keras"],
}
RUNS = 7


def timed(arguments: list[str], before=lambda: None) -> tuple[float, float]:
    """Wall and CPU seconds of Python with these arguments, the medians of some runs.

    Args:
        arguments: of Python.
        before: called before each run.
    """
    runs = []
    for _ in range(RUNS):
        before()
        began, cpu = time.perf_counter(), os.times()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        now = os.times()
        used = now.children_user - cpu.children_user + now.children_system - cpu.children_system
        runs.append((time.perf_counter() - began, used))
    wall, cpu = zip(*runs, strict=True)
    return statistics.median(wall), statistics.median(cpu)


def prediction(folder: Path) -> tuple[str, list[str]]:
    """The name of a model that is in the cache now, and the arguments of Python that predict ten regions."""
    from zoo import loading
    from zoo.data import synthetic
    from zoo.errors import ZooError

    made = synthetic.make(folder, {"chr1": 2_000_000})
    regions = folder / "ten.bed"
    regions.write_text("".join(f"chr1\t{start}\t{start + 400}\n" for start in range(100_000, 1_100_000, 100_000)))
    try:
        name = "maxatac/CTCF"
        loading.fetch(name)
    except ZooError:
        name = "yeast/REB1"
    files = ["--genome", str(made.genome), "--signal", str(made.signal), "--regions", str(regions)]
    return name, ["-m", "zoo", "predict", name, *files, "--output", str(folder / "out" / "p")]


def main() -> None:
    """Measure and print."""
    print(f"{'':<24} {'wall s':>7} {'CPU s':>7}")
    for name, arguments in COMMANDS.items():
        print("{:<24} {:>7.3f} {:>7.3f}".format(name, *timed(arguments)), flush=True)
    with tempfile.TemporaryDirectory() as place:
        name, arguments = prediction(Path(place))

        def fresh() -> None:
            for path in (Path(place) / "out").glob("*"):
                path.unlink()

        print("{:<24} {:>7.3f} {:>7.3f}".format(f"zoo predict {name}", *timed(arguments, fresh)))


if __name__ == "__main__":
    main()
