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
    shown = capsys.readouterr()
    assert "zoo: skipped 1: REF is not the genome's" in shown.err
    heads, row = (line.split("\t") for line in shown.out.splitlines())
    assert dict(zip(heads, row, strict=True))["pos"] == "50000"
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["pos"], row["ref"], row["alt"]) for row in told["variants"]] == [(50_000, base, other)]
    assert told["skipped"] == {"REF is not the genome's": 1}
    assert main([*command, "--output", str(tmp_path / "out"), "--profiles"]) == 0
    shown = capsys.readouterr()
    assert "zoo: skipped 1: REF is not the genome's" in shown.err
    written = shown.out.split()
    assert [Path(path).suffix for path in written] == [".tsv", ".tsv", ".bw", ".bw", ".json"]
    assert main([*command, "--strict"]) == 2
    assert "v.tsv, line 3: Reference alleles must be those of the genome." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--profiles"], "--profiles must come with --output"),
        (["--csv"], "--csv must come with --output"),
        (["--scale", "log1p"], "--scale must come with --output"),
        (["--measured", "x.bw"], "--measured must come with --output"),
        (["--scale", "linear", "--output", "o"], "--scale must come with --profiles"),
        (["--measured", "x.bw", "--output", "o"], "--measured must come with --csv"),
        (["--table", "--output", "o"], "--table must be left out with --output"),
        (["--only-passing"], "only_passing needs variants with a column FILTER"),
        (["--compat", "asap", "--strands", "both"], "strands must be left out"),
        (["--compat", "asap", "--shifts", "3"], "shifts must be 1"),
    ],
)
def test_options_without_effect(
    small_folder: Path,
    genome_files: Synthetic,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    said: str,
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.tsv").write_text("chrom\tpos\tref\talt\n1\t50000\tA\tC\n")
    command = ["variants", str(small_folder), "v.tsv", "--genome", str(genome_files.genome)]
    assert main([*command, "--signal", str(genome_files.signal), *options]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["v.tsv"]


def test_tables_exclude_one_another(small_folder: Path):
    with pytest.raises(SystemExit):
        main(["variants", str(small_folder), "v.tsv", "--genome", "g", "--json", "--table"])


def test_haplotypes(small_folder: Path, genome_files: Synthetic, tmp_path: Path, capsys: pytest.CaptureFixture):
    genome = Genome(genome_files.genome)
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tme"]
    for position, called in ((50_000, "0|1"), (50_100, "1|1"), (51_000, "./.")):
        base = genome.sequence("chr1", position - 1, position)
        lines.append(f"1\t{position}\t.\t{base}\t{'ACGT'['CGTA'.index(base)]}\t.\t.\t.\tGT\t{called}")
    lines.append("1\t52000\tsv\tN\t<DEL>\t.\t.\t.\tGT\t1|0")
    (tmp_path / "v.vcf").write_text("\n".join(lines) + "\n")
    command = ["haplotypes", str(small_folder), str(tmp_path / "v.vcf"), "--sample", "me"]
    command += ["--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    command += ["--regions", "chr1:49,001-52,000", "--output", str(tmp_path / "o" / "h"), "--threshold", "0.4"]
    assert main(command) == 0
    said = capsys.readouterr().out.splitlines()
    assert [Path(line).name for line in said[:6]] == [
        *("h.reference.bw", "h.haplotype1.bw", "h.haplotype2.bw", "h.sites.tsv", "h.skipped.tsv", "h.json"),
    ]
    assert "me 1: skipped 1: symbolic allele" in said
    assert "1 missing genotypes, taken as the reference" in said
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["sites"]) == {"reference to me 1", "reference to me 2", "me 1 to me 2"}
    assert told["skipped"] == {"me 1": {"symbolic allele": 1}, "me 2": {}}
    assert told["names"] == ["me 1", "me 2"]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "o").iterdir()}
    assert main([*command[:3], *command[5:]]) == 0  # the only sample, and the output says which
    assert "haplotypes: me 1, me 2" in capsys.readouterr().out.splitlines()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "o").iterdir()} == before
    text = (tmp_path / "v.vcf").read_text().replace("FORMAT\tme", "FORMAT\tme\tyou")
    (tmp_path / "two.vcf").write_text(text)
    assert main([*command[:2], str(tmp_path / "two.vcf"), *command[5:]]) == 2
    assert "One of the samples of the VCF file must be named" in capsys.readouterr().err
