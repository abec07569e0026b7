"""The workflows of `recipes/workflows`: Snakemake's run here, Nextflow's where it is installed."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import clusters
import pytest

WORKFLOWS = clusters.ROOT / "recipes" / "workflows"
PROCESS = WORKFLOWS / "nextflow" / "zoo" / "predict" / "main.nf"


@pytest.fixture
def workplace(genome_files, tmp_path: Path) -> Path:
    """A table of two samples, and the command `zoo` of this checkout."""
    shutil.copy(genome_files.signal, tmp_path / "a.bw")
    shutil.copy(genome_files.signal, tmp_path / "b.bw")
    (tmp_path / "samples.tsv").write_text("sample\tsignal\nA\ta.bw\nB-2\tb.bw\n", encoding="utf-8")
    (tmp_path / "peaks.bed").write_text("chr1\t1000\t3000\tp1\nchr2\t500\t900\tp2\n", encoding="utf-8")
    command = tmp_path / "bin" / "zoo"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m zoo "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return tmp_path


def snakemake(workplace: Path, small_folder: Path, genome: Path, *more: str) -> subprocess.CompletedProcess:
    """Run the Snakefile; both targets."""
    pytest.importorskip("snakemake", reason="snakemake is not installed: pip install snakemake")
    config = {"samples": "samples.tsv", "genome": genome, "models": small_folder, "regions": "peaks.bed", "batch": 1}
    pairs = [f"{name}={value}" for name, value in config.items()]
    command = [sys.executable, "-m", "snakemake", "--snakefile", WORKFLOWS / "Snakefile", "--cores", "2", *more]
    path = f"{workplace / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*command, "--config", *pairs, "--", "samples", "atlas"],
        cwd=workplace,
        env={**clusters.environment(), "PATH": path},
        capture_output=True,
        text=True,
        timeout=1000,
    )


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a table."""
    with open(path, newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def test_snakemake_plans_a_pass_for_each_sample(workplace: Path, small_folder: Path, genome_files):
    found = snakemake(workplace, small_folder, genome_files.genome, "--dry-run")
    assert found.returncode == 0, found.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", found.stdout + found.stderr, re.MULTILINE))
    assert (jobs["predict"], jobs["table"], jobs["plan"], jobs["gather"]) == ("2", "2", "1", "1")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_snakemake_computes_samples_and_units(workplace: Path, small_folder: Path, genome_files):
    """A pass for each sample, and one whose units are jobs, give the same sites."""
    pytest.importorskip("zoo.commands.unit")
    found = snakemake(workplace, small_folder, genome_files.genome)
    assert found.returncode == 0, found.stderr
    out = workplace / "out"
    rows = {name: read(out / f"{name}.summary.tsv") for name in ("A", "atlas")}
    assert [row["sample"] for row in rows["atlas"]] == ["A", "B-2"]
    assert rows["atlas"][0] == rows["A"][0]
    assert len(list((out / "units").glob("*.done"))) == 2
    (single,), (joint,) = out.glob("A.A.*.bed"), out.glob("atlas.A.*.bed")
    assert single.read_bytes() == joint.read_bytes()


def test_the_nextflow_process_is_written_as_nf_core_does():
    text = PROCESS.read_text(encoding="utf-8")
    sections = re.findall(r"^    (input|output|when|script|stub):$", text, re.MULTILINE)
    assert sections == ["input", "output", "when", "script", "stub"]
    assert text.count("versions.yml") == 3  # declared, written, and by the stub
    assert "tuple val(meta)," in text
    assert "task.ext.args" in text
    assert "task.ext.prefix" in text
    assert text.count("{") == text.count("}")
    assert text.count('"""') == 4


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("stub", [True, False])
def test_nextflow_runs_the_process(stub: bool, workplace: Path, small_folder: Path, genome_files):
    if shutil.which("nextflow") is None:
        pytest.skip("nextflow is not installed")
    options = {"samples": "samples.tsv", "genome": genome_files.genome, "models": small_folder, "regions": "peaks.bed"}
    pairs = [part for name, value in options.items() for part in (f"--{name}", value)]
    found = subprocess.run(
        ["nextflow", "run", WORKFLOWS / "nextflow" / "main.nf", *pairs, *(["-stub-run"] if stub else [])],
        cwd=workplace,
        env={**clusters.environment(), "PATH": f"{workplace / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=1000,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert (workplace / "out" / "summary.tsv").is_file()
