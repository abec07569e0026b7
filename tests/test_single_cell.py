"""The recipe from fragments and clusters of cells to binding in each cluster."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError, ZooError
from zoo.genome.sequence import write_twobit

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))
import single_cell

pytestmark = pytest.mark.filterwarnings("always::zoo.errors.ZooWarning")
GTF = "".join(
    f'chr22\tX\t{kind}\t{first}\t{last}\t.\t+\t.\tgene_id "{name}"; transcript_id "T{name}"; '
    'gene_type "protein_coding"; tag "basic";\n'
    for name, first, last in (("G1", 32_020_301, 32_030_000), ("G2", 32_206_001, 32_250_000))
    for kind in ("transcript", "exon")
)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """As from the command line."""
    monkeypatch.setattr(sys, "argv", ["single_cell.py", *map(str, arguments)])
    single_cell.main(single_cell.parse())


def test_from_fragments_to_a_picture(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """On chr22 of the shared folder; the same call does nothing again."""
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    (tmp_path / "genes.gtf").write_text(GTF)
    out = tmp_path / "out"
    call = ("--out", out, "--models", "maxatac/CTCF", "maxatac/JUND", "--annotation", tmp_path / "genes.gtf")
    run(monkeypatch, *call)
    printed = capsys.readouterr().out
    assert "cluster1: 40,550 cuts" in printed
    with open(out / "clusters.tsv", encoding="utf-8") as file:
        clusters = dict(line.rstrip("\n").split("\t") for line in file)
    assert len(clusters) == 100
    with open(out / "binding.matrix.tsv", encoding="utf-8") as file:
        matrix = list(csv.DictReader(file, delimiter="\t"))
    names = [f"maxatac/{factor}|cluster{number}" for factor in ("CTCF", "JUND") for number in (1, 2, 3)]
    assert list(matrix[0])[6:] == names
    assert all(row["chrom"] == "chr22" and 32_000_000 <= int(row["start"]) < 32_300_000 for row in matrix)
    strong = next(row for row in matrix if row["region"] == "chr22:32206832-32207388")  # a site of CTCF in K562
    assert min(float(strong[name]) for name in names[:3]) > 0.9
    with open(out / "genes.cluster1.prior.tsv", encoding="utf-8") as file:
        assert list(csv.reader(file, delimiter="\t")) == [["gene", "CTCF", "JUND"], ["G1", "1", "1"], ["G2", "1", "1"]]
    assert (out / "binding.png").read_bytes()[:4] == b"\x89PNG"
    assert "maxatac/JUND" in (out / "changes.html").read_text(encoding="utf-8")
    anndata = pytest.importorskip("anndata")
    data = anndata.read_h5ad(out / "binding.h5ad")
    assert data.shape == (6, len(matrix))
    assert sorted(set(data.obs["sample"])) == ["cluster1", "cluster2", "cluster3"]
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.suffix in (".bw", ".tsv", ".h5ad")}
    run(monkeypatch, *call)
    after = {name: (out / name).stat().st_mtime_ns for name in before}
    assert [name for name in before if before[name] != after[name]] == ["clusters.tsv"]  # made of the fragments again
    assert not list(out.glob("*.partial"))


@pytest.fixture
def toy(tmp_path: Path) -> dict[str, Path]:
    """Fragments of two cells on a random genome of 60 kb, and their clusters."""
    random = np.random.default_rng(3)
    paths = {name: tmp_path / name for name in ("genome.2bit", "fragments.tsv", "clusters.tsv")}
    write_twobit(paths["genome.2bit"], {"chr1": random.integers(0, 4, 60_000).astype(np.uint8)})
    starts = np.sort(random.integers(1_000, 50_000, 2_000))
    lines = (f"chr1\t{start}\t{start + 150}\tCELL{number % 2}-1\t1\n" for number, start in enumerate(starts.tolist()))
    paths["fragments.tsv"].write_text("".join(lines))
    paths["clusters.tsv"].write_text("CELL0-1\tA\nCELL1-1\tB\n")
    return paths


@pytest.mark.parametrize(
    ("files", "given", "message"),
    [
        ({"clusters.tsv": "CELL0-1\nCELL1-1\n"}, (), "barcode and a cluster on each line"),
        ({"clusters.tsv": "CELL0-1\tA\nCELL1-1\tA\n"}, (), r"must be at least two.*clusters=\['A'\]"),
        ({"clusters.tsv": "CELL0-1\tA\nCELL1-1\n"}, (), "Either every cell must have a cluster, or none"),
        ({"clusters.tsv": "CELL0-1\tA\nCELL0-1\tB\n"}, (), "clusters.tsv, line 2.*A barcode must occur once"),
        ({"clusters.tsv": "CELL0-1\tA\nCELL1-1\ta/b\n"}, (), "must be usable in a file's name"),
        ({"clusters.tsv": "cell0\tA\ncell1\tB\n"}, (), "barcodes"),
        ({"clusters.tsv": ""}, (), "at least one"),
        ({"fragments.tsv": "chr7\t5\t150\tCELL0-1\t1\n"}, (), r"must lie on the chosen chromosomes.*\['chr1'\]"),
        ({"fragments.tsv": "chr1\t5\t150\n"}, (), "barcode"),
        ({}, ("--models", "maxatac/CTFC"), "registry must list the model; closest: maxatac/CTCF"),
        ({}, ("--annotation", "no.gtf"), "file of annotation must exist"),
        ({}, ("--within", "chr9:1-100"), "must have open regions"),
        ({}, ("--regions", "far.bed"), "region must lie within its chromosome"),
        ({}, ("--regions", "no.bed"), "BED file must exist"),
        ({}, ("--chromosomes", "chr5"), "chr5"),
        ({}, ("--blacklist", "no.bed"), r"no\.bed"),
    ],
)
def test_what_is_refused(
    files: dict, given: tuple, message: str, toy: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each as one error that names what is wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "far.bed").write_text("chr1\t59000\t61000\n")
    for name, text in files.items():
        toy[name].write_text(text)
    call = (toy["fragments.tsv"], toy["clusters.tsv"], "--genome", toy["genome.2bit"], "--out", "out")
    with pytest.raises(ZooError, match=f"(?s){message}"):
        run(monkeypatch, *call, *given)
    assert not list(tmp_path.glob("out/binding.*"))
    if "--models" in given or "--annotation" in given:  # before hours of preparation
        assert not list(tmp_path.glob("out/tracks*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fragments.tsv"], "fragments, clusters and --genome must be given together"),
        (["--genome", "g.2bit"], "fragments, clusters and --genome must be given together"),
        (["--regions", "r.bed", "--within", "chr1:1-5"], "--within must be given without --regions"),
    ],
)
def test_command_lines_that_are_refused(arguments: list, message: str, monkeypatch: pytest.MonkeyPatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, *arguments)
    assert message in capsys.readouterr().err


def test_without_an_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_SHARED", str(tmp_path))
    with pytest.raises(InputError, match="must be given where \\$ZOO_SHARED holds no example"):
        run(monkeypatch, "--out", tmp_path / "out")
