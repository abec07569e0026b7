"""Outputs of every command that writes files: over each of its inputs, and over a file that no run made."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.genome.sequence import Genome


@dataclass(frozen=True)
class Case:
    """A command line; `{name}` is an input, and the outputs are `out` and each suffix."""

    line: str
    suffixes: tuple[str, ...]
    whole: bool = False  # --output is the file itself

    @property
    def inputs(self) -> list[str]:
        return [word[1:-1] for word in self.line.split() if word[0] == "{" and word != "{model}"]


CASES = [
    Case("normalize {signal} --blacklist {blacklist}", (".bw",), whole=True),
    Case("average {signal} {prediction}", (".bw",), whole=True),
    Case("peaks {signal} --cutoff 0.5", (".narrowPeak", ".bed"), whole=True),
    Case("peaks {prediction} --cutoff f1 --table {table}", (".bed",), whole=True),
    Case(
        "prepare {fragments} --genome {genome} --cells {cells} --blacklist {blacklist} --shift no",
        ("_A.bw", "_A_RP20M.bw", "_A.png", "_A.json", ".json"),
    ),
    Case("prepare {fragments} --genome {genome} --shift no", (".bw", "_RP20M.bw", ".png", ".json")),
    Case(
        "predict {model} --genome {genome} --signal {signal} --regions {regions} --blacklist {blacklist}",
        (".bw", ".bed", ".tsv", ".json"),
    ),
    Case(
        "predict {model} --genome {genome} --signal {signal} --windows {windows} --table {table}",
        (".bw", ".bed", ".tsv", ".json"),
    ),
    Case(
        "attribute {model} --genome {genome} --signal {signal} --regions {windows} --pictures 1",
        (".npz", ".bw", ".signal.bw", ".json", "_1.png", "_1_near.png"),
    ),
    Case(
        "variants {model} {variants} --genome {genome} --signal {signal} --blacklist {blacklist} --profiles --csv",
        (".tsv", ".skipped.tsv", ".vcf", ".json", ".csv"),
    ),
    Case(
        "haplotypes {model} {variants} --sample S --genome {genome} --signal {signal} --regions {windows}",
        (".reference.bw", ".haplotype2.bw", ".sites.tsv", ".skipped.tsv", ".json"),
    ),
    Case(
        "benchmark --prediction {prediction} --peaks {regions} --blacklist {blacklist} --regions {open}",
        (".json", ".html"),
    ),
    Case("benchmark --prediction {prediction} --track {signal}", (".json", ".html")),
    Case(
        "calibrate --prediction {prediction} --peaks {regions} --blacklist {blacklist}",
        (".tsv", ".json", ".html"),
    ),
]


@pytest.fixture(scope="module")
def files(genome_files: Synthetic, small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("inputs")
    base = Genome(genome_files.genome).sequence("chr10", 2099, 2100)
    texts = {
        "blacklist": "chr1\t50000\t50100\n",
        "regions": "chr10\t1000\t1400\nchr10\t5000\t5400\n",
        "open": "chr10\t0\t40000\n",
        "windows": "chr10\t2048\t2304\n",
        "table": (small_folder / "thresholds.tsv").read_text(),
        "fragments": "".join(f"chr1\t{i * 20}\t{i * 20 + 100 + i % 50}\tBC{i % 3}\t1\n" for i in range(900)),
        "cells": "BC0\tA\nBC1\tA\n",
        "variants": '##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
        f"chr10\t2100\t.\t{base}\t{'ACGT'['ACGT'.index(base) - 1]}\t.\tPASS\t.\tGT\t0|1\n",
    }
    found = {name: home / f"{name}.{'vcf' if name == 'variants' else 'tsv'}" for name in texts}
    for name, path in found.items():
        path.write_text(texts[name])
    line = ["predict", str(small_folder), "--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    assert main([*line, "--chromosomes", "chr10", "--output", str(home / "prediction")]) == 0
    inputs = {"genome": Path(genome_files.genome), "signal": Path(genome_files.signal)}
    return {**found, **inputs, "model": small_folder, "prediction": home / "prediction.bw"}


def command(case: Case, files: dict[str, Path], suffix: str) -> list[str]:
    words = [str(files[word[1:-1]]) if word[0] == "{" else word for word in case.line.split()]
    return [*words, "--output", f"out{suffix if case.whole else ''}"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line.split(" --")[0] + case.suffixes[0])
def test_no_output_replaces_an_input(case: Case, files, tmp_path: Path, monkeypatch, capsys):
    """By its own name, or another name of the same file: a link of either kind."""
    monkeypatch.chdir(tmp_path)
    for name in case.inputs:
        before = files[name].read_bytes()
        for suffix in case.suffixes:
            place = tmp_path / f"out{suffix}"
            for link in (os.link, os.symlink):
                link(files[name], place)
                assert main(command(case, files, suffix)) == 2, (name, suffix)
                assert re.search("must (not )?replace", capsys.readouterr().err), (name, suffix)
                assert files[name].read_bytes() == before
                assert [path.name for path in tmp_path.iterdir()] == [place.name]
                place.unlink()


@pytest.mark.parametrize("case", [case for case in CASES if "{model}" in case.line], ids=lambda case: case.line[:12])
def test_no_output_is_written_into_the_models_folder(case: Case, files, monkeypatch, capsys):
    monkeypatch.chdir(files["model"])
    before = {path.name: path.read_bytes() for path in files["model"].iterdir()}
    assert main(command(case, files, "")) == 2
    assert "must not lie in a folder that the run reads" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in files["model"].iterdir()} == before


KINDS = {
    "prepare": "prepare",
    "predict": "prediction",
    "attribute": "attribution",
    "variants": "variants",
    "haplotypes": "haplotypes",
}
JOBS = [case for case in CASES if not case.whole and case.line.split()[0] not in ("benchmark", "calibrate")]


@pytest.mark.parametrize("case", JOBS, ids=lambda case: case.line.split(" --")[0] + case.suffixes[0])
def test_a_job_replaces_no_file_of_the_users(case: Case, files, tmp_path: Path, monkeypatch, capsys):
    """It is refused before the work is done, because hours of it would be in vain."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"out{case.suffixes[0]}").write_text("mine")
    assert main(command(case, files, "")) == 2
    assert "must not replace a file that no run made" in capsys.readouterr().err
    assert (tmp_path / f"out{case.suffixes[0]}").read_text() == "mine"
    left = {path.name for path in tmp_path.rglob("*")}
    assert left <= {f"out{case.suffixes[0]}", "out.partial", "zoo-job.json", "zoo-job.lock"}, left


@pytest.mark.parametrize("case", JOBS, ids=lambda case: case.line.split(" --")[0] + case.suffixes[0])
def test_a_job_leaves_a_sidecar_and_does_nothing_again(case: Case, files, tmp_path: Path, monkeypatch):
    """One schema, whatever the kind of work; the files that it names, and no others, are there."""
    monkeypatch.chdir(tmp_path)
    assert main(command(case, files, "")) == 0
    sidecar = json.loads((tmp_path / "out.json").read_text())
    assert {"made_by", "kind", "identity_sha256", "inputs", "versions", "seconds", "files"} <= sidecar.keys()
    assert sidecar["made_by"] == "chromatin-zoo"
    assert sidecar["kind"] == KINDS[case.line.split()[0]]
    assert sidecar["inputs"].keys() >= {"genome"}
    assert sidecar["versions"].keys() >= {"python", "chromatin-zoo", "numpy"}
    assert sidecar["seconds"] >= 0
    pictures = {f"out{suffix}" for suffix in case.suffixes if suffix[:2] in ("_1",)}
    assert {path.name for path in tmp_path.iterdir()} == {*sidecar["files"], *pictures, "out.json"}
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in (*sidecar["files"], "out.json")}
    assert main(command(case, files, "")) == 0
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in before} == before


@pytest.mark.parametrize("output", ["/", "//", ".", "..", "../..", "new/", "new/."])
def test_outputs_that_are_folders(files, tmp_path: Path, monkeypatch, capsys, output: str):
    """No command writes hidden files, or into the root."""
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for case in (case for case in CASES if not case.whole):
        assert main([*command(case, files, "")[:-1], output]) == 2, case.line
        assert "path without extension" in capsys.readouterr().err, case.line
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]
