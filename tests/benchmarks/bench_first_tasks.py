"""A stopwatch: an empty environment, installation, and the first task of three kinds of users, now and formerly.

Usage: python tests/benchmarks/bench_first_tasks.py [--before COMMIT]

Needs the yeast data of ZOO_SHARED. Each version is exported from git, installed by `pip install` into a virtual
environment of its own and used in an empty folder, in turns. A biologist goes from fragments to a picture of a region
with two factors, an analyst from peaks to an AnnData file and a picture, a developer from a network of her own to a
picture of what it looks at. The scripts are in `first_tasks`; `steps` are their statements, without imports. What the
second version has no command for is written out in the first one's script, as its documentation said.
"""

import argparse
import ast
import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "first_tasks"
DATA = Path(os.environ.get("ZOO_SHARED", "")) / "data" / "sacCer3_atac_tf"
BEFORE = "4861538"  # the last commit before pages, pictures and commands for people
EXTRAS = "pandas,anndata"  # what the analyst needs
PEAKS = 200
MADE = {
    "biologist": ("atac.bw", "locus.png"),
    "analyst": ("reb1.h5ad", "reb1.png"),
    "developer": ("runs/pool/model/config.json", "why.png"),
}
TRAINING = {
    "name": "lab/POOL",
    "genome": "data/genome.2bit",
    "assembly": "synthetic",
    "architecture": {"name": "pool_cnn", "config": {}},
    "chromosomes": {"train": ["chr1"], "validation": ["chr2"], "test": ["chr3"]},
    "binding": {
        "factor": "CTCF",
        "signal": "data/atac.bw",
        "signal_spec": {"assay": "ATAC", "smoothing": 20, "read_depth": 20_000_000, "percentile": 99.0, "fill": 0.0},
        "peaks": "data/peaks.bed",
        "slop": 0,
        "jitter": 400,
        "random_share": 0.5,
        "random_windows": 2000,
    },
    "optimizer": {"name": "adamw", "learning_rate": 0.003, "weight_decay": 0.0},
    "batch_size": 32,
    "epochs": 2,
    "steps": 100,
    "monitor": "val_dice",
}


def steps(script: Path) -> int:
    """Statements of a script: commands, and those of Python, imports aside; what a block holds counts."""
    text = script.read_text(encoding="utf-8")
    if script.suffix == ".py":
        return statements(text)
    shell, _, rest = text.partition("python - << 'END'\n")
    return len(shell.splitlines()) + statements(rest.partition("END\n")[0])


def statements(text: str) -> int:
    """Statements of Python, imports and docstrings aside."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    return sum(not isinstance(node, (ast.Import, ast.ImportFrom)) for node in found)


def install(commit: str, folder: Path) -> tuple[Path, float]:
    """The `bin` of a new environment with a commit's package, and the seconds that `pip install` took."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder / "source", filter="data")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    began = time.perf_counter()
    pip = [folder / "venv/bin/pip", "install", "-qq", "--disable-pip-version-check", f"{folder}/source[{EXTRAS}]"]
    subprocess.run(pip, check=True)
    return folder / "venv/bin", time.perf_counter() - began


def prepare(folder: Path, signal: Path | None) -> None:
    """An empty folder with what users have: fragments, a genome, peaks of different lengths, a configuration."""
    folder.mkdir()
    (folder / "sacCer3.2bit").symlink_to(DATA / "sacCer3.2bit")
    (folder / "fragments.tsv.gz").symlink_to(DATA / "yeast_500k_SRR1822137.frag.gz")
    if signal is not None:
        (folder / "atac.bw").symlink_to(signal)
    alias = dict(line.split("\t") for line in (DATA / "chrom_alias.tsv").read_text().splitlines()[1:])
    rows = [line.split("\t") for line in (DATA / "peaks" / "Reb1_CX.bed").read_text().splitlines()]
    inner = [(alias[chrom], int(start)) for chrom, start, *_ in rows if 1000 < int(start) < 200_000][:PEAKS]
    peaks = (f"{chrom}\t{at - 120 - n % 50}\t{at + 120 + n % 30}\n" for n, (chrom, at) in enumerate(inner))
    (folder / "peaks.bed").write_text("".join(peaks))
    (folder / "config.json").write_text(json.dumps(TRAINING))


def perform(persona: str, script: Path, home: Path, bin_: Path) -> float:
    """Seconds of a script, which must have made its files."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ZOO_", "VIRTUAL"))}
    environment = {**clean, "PATH": f"{bin_}:{os.environ['PATH']}", "MPLBACKEND": "agg"}
    command = ["bash", "-e", script] if script.suffix == ".sh" else ["python", script]
    began = time.perf_counter()
    with open(home / f"{persona}.log", "w") as log:
        done = subprocess.run(command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - began
    missing = [name for name in MADE[persona] if not (home / name).is_file()]
    if done.returncode or missing:
        sys.exit(f"{shlex.join(map(str, command))} failed, without {missing}:\n{(home / f'{persona}.log').read_text()}")
    return seconds


def main() -> None:
    """Install both, run all, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT", help=f"the former version (default {BEFORE})")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder, kept with all that is made")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit("ZOO_SHARED must name a folder with data/sacCer3_atac_tf")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).absolute()
        installed = {}
        for version, commit in (("before", options.before), ("after", "HEAD")):
            (folder / version).mkdir(parents=True)
            installed[version] = install(commit, folder / version)
        print(f"{'':<12}" + "".join(f"{version:>10}{'steps':>7}" for version in installed) + f"{'ratio':>8}")
        print(f"{'install':<12}" + "".join(f"{seconds:>8.0f} s{1:>7}" for _, seconds in installed.values()))
        signal = None
        for persona in MADE:
            row, taken = f"{persona:<12}", []
            for version, (bin_, _) in installed.items():
                (script,) = SCRIPTS.glob(f"{persona}.{version}.*")
                home = folder / version / persona
                prepare(home, signal)
                taken.append(perform(persona, script, home, bin_))
                row += f"{taken[-1]:>8.0f} s{steps(script):>7}"
            print(f"{row}{taken[1] / taken[0]:>8.2f}", flush=True)
            signal = folder / "after" / "biologist" / "atac.bw"


if __name__ == "__main__":
    main()
