"""`zoo variants`."""

import json
from pathlib import Path

import pytest

from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.genome.sequence import Genome


def test_a_table_and_files(small_folder: Path, genome_files: Synthetic, tmp_path: Path, capsys: pytest.CaptureFixture):
    base = Genome(genome_files.genome).sequence("chr1", 49_999, 50_000)
    other = "A" if base != "A" else "C"
    table = tmp_path / "v.tsv"
    table.write_text(f"chrom\tpos\tref\talt\n1\t50000\t{base}\t{other}\n1\t50000\t{other}\t{base}\n")
    command = ["variants", str(small_folder), str(table), "--genome", str(genome_files.genome)]
    command += ["--signal", str(genome_files.signal)]
    assert main(command) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1 of 2 variants scored; those that change most:"
    assert said[-1] == "skipped 1: REF is not the genome's"
    assert max(map(len, said)) <= 80
    assert main([*command, "--table", "--shifts", "3"]) == 0
    heads, row = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert dict(zip(heads, row, strict=True))["pos"] == "50000"
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["pos"], row["ref"], row["alt"]) for row in told["variants"]] == [(50_000, base, other)]
    assert told["skipped"] == {"REF is not the genome's": 1}
    assert main([*command, "--output", str(tmp_path / "out"), "--profiles"]) == 0
    written = capsys.readouterr().out.split()
    assert [Path(path).suffix for path in written] == [".tsv", ".tsv", ".bw", ".bw", ".json"]
    assert main([*command, "--strict"]) == 2
    assert "v.tsv, line 3: Reference alleles must be those of the genome." in capsys.readouterr().err
