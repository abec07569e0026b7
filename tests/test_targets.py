"""Genes of sites: rules by distance and by links, counted by hand; priors of passes; what is refused."""

import csv
import gzip
import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo import cli
from zoo.errors import GenomeMismatch, InputError, IntegrityError, ZooWarning
from zoo.files.record import MADE_BY
from zoo.genome.interval import Interval
from zoo.genome.sequence import write_twobit
from zoo.many.matrix import Matrix
from zoo.priors import genes as genes_of
from zoo.priors.genes import signed


def gene(chrom: str, first: int, last: int, strand: str, name: str, symbol: str, kind: str = "protein_coding") -> str:
    """Lines of a gene with one transcript, positions as GTF has them."""
    said = f'gene_id "{name}"; gene_type "{kind}"; gene_name "{symbol}";'
    of_transcript = f'{said} transcript_id "T{name}"; transcript_type "{kind}"; tag "basic";'
    rows = [("gene", said), ("transcript", of_transcript), ("exon", of_transcript)]
    return "".join(f"{chrom}\tX\t{kind}\t{first}\t{last}\t.\t{strand}\t.\t{text}\n" for kind, text in rows)


# TSS (0-based): AA 1000, BB 2999 (reverse), CC 9000, NC 5000 (lncRNA), DD 500 of chr2, two XX: 7000 and 20000 of chr2
GTF = (
    gene("chr1", 1001, 2000, "+", "ENSG01.3", "AA")
    + gene("chr1", 2501, 3000, "-", "ENSG02.1", "BB")
    + gene("chr1", 5001, 5500, "+", "ENSG03.1", "NC", "lncRNA")
    + gene("chr1", 9001, 9900, "+", "ENSG04.1", "CC")
    + gene("chr2", 501, 900, "+", "ENSG05.1", "DD")
    + gene("chr2", 7001, 7900, "+", "ENSG06.1", "XX")
    + gene("chr2", 20001, 20900, "+", "ENSG07.1", "XX")
)
CTCF = "chr1\t1900\t2100\t0.5\nchr1\t8999\t9100\t0.75\nchr2\t0\t400\t0.25\n"
MAX = "chr1\t3000\t3100\t0.5\nchr1\t800\t900\t0.125\n"


@pytest.fixture
def annotation(tmp_path: Path) -> Path:
    path = tmp_path / "genes.gtf"
    path.write_text(GTF)
    return path


@pytest.fixture
def beds(tmp_path: Path) -> dict[str, Path]:
    found = {"CTCF": tmp_path / "ctcf.bed", "MAX": tmp_path / "max.bed"}
    for path, text in zip(found.values(), (CTCF, MAX), strict=True):
        path.write_text(text)
    return found


def rows(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))


def pairs(made, column: str = "gene") -> list[tuple[str, str, str, int]]:
    """Factor, site, gene and distance."""
    with open(made.tables[0], encoding="utf-8") as file:
        found = csv.DictReader(file, delimiter="\t")
        return [(row["factor"], row["site"], row[column], int(row["distance"])) for row in found]


def run(sites: object, annotation: Path, output: Path, **given):
    """A call whose warnings do not count."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        return zoo.targets(sites, annotation=annotation, output=output, **given)


@pytest.mark.parametrize(
    ("start", "end", "strand", "distance"),
    [
        (100, 200, "+", -801),
        (900, 1000, "+", -1),
        (900, 1001, "+", 0),
        (1000, 1001, "+", 0),
        (1001, 1100, "+", 1),
        (1100, 1200, "-", -100),
        (900, 1000, "-", 1),
    ],
)
def test_distances(start: int, end: int, strand: str, distance: int):
    """From a TSS at 1000, as `bedtools closest -D b` has them."""
    sign = {"+": 1, "-": -1}[strand]
    assert signed(*(np.array([value]) for value in (start, end, 1000, sign))).tolist() == [distance]


def test_the_nearest_gene(annotation: Path, beds: dict, tmp_path: Path):
    made = run(beds, annotation, tmp_path / "o")
    assert pairs(made) == [
        ("CTCF", "chr1:1901-2100", "AA", 900),
        ("CTCF", "chr1:1901-2100", "BB", 900),  # of the reverse strand, and as near
        ("CTCF", "chr1:9000-9100", "CC", 0),
        ("CTCF", "chr2:1-400", "DD", -101),
        ("MAX", "chr1:3001-3100", "BB", -1),
        ("MAX", "chr1:801-900", "AA", -101),
    ]
    assert rows(made.tables[0])[0] == ["factor", "gene", "gene_id", "distance", "score", "site"]
    assert rows(made.tables[0])[1] == ["CTCF", "AA", "ENSG01.3", "900", "0.5", "chr1:1901-2100"]
    assert rows(made.priors[""]) == [
        ["gene", "CTCF", "MAX"],
        ["AA", "1", "1"],
        ["BB", "1", "1"],
        ["CC", "1", "0"],
        ["DD", "1", "0"],
        ["XX", "0", "0"],
    ]


UPSTREAM = ["CTCF CC 0", "CTCF DD -101", "MAX BB -1", "MAX AA -101"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"rule": "nearest", "upstream": 100, "downstream": 899}, ["CTCF CC 0", "MAX BB -1"]),
        ({"rule": "nearest", "upstream": 101, "downstream": 0}, UPSTREAM),
        ({"rule": "window", "upstream": 0, "downstream": 900}, ["CTCF AA 900", "CTCF BB 900", "CTCF CC 0"]),
        ({"rule": "window", "upstream": 1999, "downstream": 0}, UPSTREAM),
        ({"rule": "window", "upstream": 0, "downstream": 2100}, [
            "CTCF AA 900", "CTCF BB 900", "CTCF CC 0", "MAX AA 2000", "MAX BB 2100",
        ]),
        ({"rule": "promoter"}, UPSTREAM),
        ({"rule": "promoter", "downstream": 900}, [
            "CTCF AA 900", "CTCF BB 900", "CTCF CC 0", "CTCF DD -101", "MAX BB -1", "MAX AA -101",
        ]),
    ],
)  # fmt: skip
def test_rules_by_distance(annotation: Path, beds: dict, tmp_path: Path, given: dict, found: list[str]):
    made = run(beds, annotation, tmp_path / "o", **given)
    assert [f"{factor} {name} {distance}" for factor, _, name, distance in pairs(made)] == found


def test_all_within_a_distance_is_what_a_loop_finds(tmp_path: Path):
    """Random genes of both strands and random sites, pair by pair."""
    random = np.random.default_rng(7)
    starts = random.integers(1, 90_000, 300)
    strands = random.choice(["+", "-"], 300)
    text = "".join(
        gene("chr1", start, start + 50, strand, f"G{i}", f"S{i}")
        for i, (start, strand) in enumerate(zip(starts.tolist(), strands, strict=True))
    )
    (tmp_path / "a.gtf").write_text(text)
    sites = [(start, start + size) for start, size in random.integers(1, 600, (100, 2)).tolist()]
    sites = [(150 * start, 150 * start + end - start) for start, end in sites]
    (tmp_path / "s.bed").write_text("".join(f"chr1\t{start}\t{end}\n" for start, end in sites))

    def distance(start: int, end: int, number: int) -> int:
        reverse = strands[number] == "-"
        tss = int(starts[number]) + (49 if reverse else -1)
        return (min(max(tss, start), end - 1) - tss) * (-1 if reverse else 1)

    expected = {
        (f"chr1:{start + 1}-{end}", f"S{number}", distance(start, end, number))
        for start, end in sites
        for number in range(300)
        if -700 <= distance(start, end, number) <= 300
    }
    bounds = {"upstream": 700, "downstream": 300}
    made = run({"s": tmp_path / "s.bed"}, tmp_path / "a.gtf", tmp_path / "o", rule="window", **bounds)
    assert {(site, name, away) for _, site, name, away in pairs(made)} == expected
    assert len(expected) > 100


LINKS = {
    "bed": "# a comment\nchr1\t1950\t2000\tCC\nchr1\t2100\t2200\tAA\nchr1\t3050\t3051\tBB\n",
    "header": "#chrom\tstart\tend\tgene\nchr1\t1950\t2000\tENSG04\nchr1\t2100\t2200\tAA\nchr1\t3050\t3051\tENSG02.1\n",
    "scenic": "target\tregion\timportance\nCC\tchr1:1950-2000\t1\nAA\tchr1:2100-2200\t1\nBB\tchr1:3050-3051\t1\n",
    "cicero": "peak_id\tgene_short_name\nchr1_1950_2000\tCC\nchr1_2100_2200\tAA\nchr1_3050_3051\tBB\n",
    "signac": 'peak\tgene\n"chr1-1950-2000"\tCC\nchr1-2100-2200\tAA\nchr1-3050-3051\tBB\n',
    "ensembl": "1\t1950\t2000\tCC\n1\t2100\t2200\tAA\n1\t3050\t3051\tBB\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", LINKS)
def test_links(annotation: Path, beds: dict, tmp_path: Path, kind: str):
    """The second region begins where the site ends."""
    (tmp_path / "links.tsv").write_text(LINKS[kind])
    made = run(beds, annotation, tmp_path / "o", links=tmp_path / "links.tsv")
    assert pairs(made) == [("CTCF", "chr1:1901-2100", "CC", -6901), ("MAX", "chr1:3001-3100", "BB", -1)]


def test_links_that_are_left_out_are_counted(annotation: Path, beds: dict, tmp_path: Path):
    text = (
        "chr1\t1950\t2000\tCC\nchr1\t1950\t2000\tNOPE\nchr1\t1950\t2000\tNC\nchr1\t1950\t2000\tDD\nchr1\t10\t20\tNOPE\n"
    )
    (tmp_path / "links.bed.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.warns(ZooWarning) as told:
        made = zoo.targets(beds, annotation=annotation, output=tmp_path / "o", links=tmp_path / "links.bed.gz")
    assert json.loads(made.sidecar.read_text())["links counted"] == {
        "links": 5,
        "links to unknown genes": 2,
        "links to genes that are left out": 1,
        "links to genes of other chromosomes": 1,
    }
    said = [str(each.message) for each in told]
    assert "2 of 5 links to unknown genes: left out" in said
    assert "genes that the annotation lacks: NOPE" in said
    assert [name for _, _, name, _ in pairs(made)] == ["CC"]


def test_genes_of_one_name_share_a_row_and_are_told(annotation: Path, tmp_path: Path):
    text = "chr2\t6900\t7000\tsite\t0.5\t+\nchr2\t19000\t19100\tsite\t0.25\t+\nchr1\t1000\t1001\tsite\t2\t+\n"
    (tmp_path / "s.bed").write_text(text)
    with pytest.warns(ZooWarning, match=r"names of several genes \(1\), which share a row of the matrix: XX"):
        made = zoo.targets({"MAX": tmp_path / "s.bed"}, annotation=annotation, output=tmp_path / "o", values="sum")
    assert rows(made.priors[""])[-1] == ["XX", "0.75"]
    assert json.loads(made.sidecar.read_text())["genes of one name"] == {"XX": 2}
    by_id = run({"MAX": tmp_path / "s.bed"}, annotation, tmp_path / "i", values="max", names="id")
    assert rows(by_id.priors[""])[-2:] == [["ENSG06.1", "0.5"], ["ENSG07.1", "0.25"]]
    assert pairs(by_id, "gene_id")[0][2] == "ENSG06.1"


def test_a_site_counts_once_for_genes_of_one_name(annotation: Path, tmp_path: Path):
    (tmp_path / "s.bed").write_text("chr2\t13000\t14000\t0.5\n")
    made = run({"MAX": tmp_path / "s.bed"}, annotation, tmp_path / "o", rule="window", values="sum")
    assert [name for _, _, name, _ in pairs(made)] == ["DD", "XX", "XX"]
    assert rows(made.priors[""])[-1] == ["XX", "0.5"]


def test_types_of_genes(annotation: Path, beds: dict, tmp_path: Path):
    made = run(beds, annotation, tmp_path / "o", gene_types=["lncRNA"])
    assert rows(made.priors[""]) == [["gene", "CTCF", "MAX"], ["NC", "1", "1"]]
    assert json.loads(made.sidecar.read_text())["genes left out"]["of other types"] == 6
    assert run(beds, annotation, tmp_path / "a", gene_types="all").genes == 6  # names


def test_types_in_the_lines_of_genes_only(tmp_path: Path, beds: dict):
    """As RefSeq has them."""
    text = GTF.replace('gene_type "protein_coding"; ', "").replace(
        'chr1\tX\tgene\t1001\t2000\t.\t+\t.\tgene_id "ENSG01.3";',
        'chr1\tX\tgene\t1001\t2000\t.\t+\t.\tgene_id "ENSG01.3"; gene_biotype "protein_coding";',
    )
    (tmp_path / "a.gtf").write_text(text)
    assert run(beds, tmp_path / "a.gtf", tmp_path / "o").genes == 1


def test_several_transcripts(tmp_path: Path, beds: dict):
    """The nearest TSS of a gene counts; without the tag only if it is asked for."""
    other = gene("chr1", 1801, 2000, "+", "ENSG01.3", "AA").splitlines(keepends=True)[1:]
    text = GTF + "".join(line.replace('"TENSG01.3"', '"T9"').replace(' tag "basic";', "") for line in other)
    (tmp_path / "a.gtf").write_text(text)
    assert pairs(run(beds, tmp_path / "a.gtf", tmp_path / "o"))[0][3] == 900
    assert pairs(run(beds, tmp_path / "a.gtf", tmp_path / "a", transcripts="all"))[0][3] == 100


def test_names_of_chromosomes_may_differ_by_their_prefix(tmp_path: Path, beds: dict):
    (tmp_path / "a.gtf").write_text(GTF.replace("chr1\t", "1\t").replace("chr2\t", "2\t"))
    assert len(pairs(run(beds, tmp_path / "a.gtf", tmp_path / "o"))) == 6


def test_chromosomes_without_a_gene_and_without_a_site_are_told(annotation: Path, tmp_path: Path):
    (tmp_path / "s.bed").write_text("chr1\t1\t9\t1\nchrUn\t1\t9\t1\n")
    (tmp_path / "none.bed").write_text("# nothing\n")
    sites = {"MAX": tmp_path / "s.bed", "SRF": tmp_path / "none.bed"}
    with pytest.warns(ZooWarning) as told:
        made = zoo.targets(sites, annotation=annotation, output=tmp_path / "o")
    said = [str(each.message) for each in told]
    assert "1 of 2 sites lie on chromosomes without a gene" in said
    assert "factors without a site (1): SRF" in said
    assert any(text.startswith("3 of 6 genes lie on chromosomes without any site") for text in said)
    assert rows(made.priors[""])[:2] == [["gene", "MAX", "SRF"], ["AA", "1", "0"]]


def test_thresholds_and_scores(annotation: Path, beds: dict, tmp_path: Path):
    made = run(beds, annotation, tmp_path / "o", threshold=0.5, values="max")
    assert [site for _, site, _, _ in pairs(made)] == [
        *["chr1:1901-2100"] * 2, "chr1:9000-9100", "chr1:3001-3100"
    ]  # fmt: skip
    assert rows(made.priors[""])[1:4] == [["AA", "0.5", "0"], ["BB", "0.5", "0.5"], ["CC", "0.75", "0"]]


def test_parquet(annotation: Path, beds: dict, tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")
    made = run(beds, annotation, tmp_path / "o", write=["parquet"])
    table = parquet.read_table(made.tables[0]).to_pydict()
    assert table["gene"] == ["AA", "BB", "CC", "DD", "BB", "AA"]
    assert table["distance"] == [900, 900, 0, -101, -1, -101]
    assert not (tmp_path / "o.targets.tsv").exists()


def test_the_prior_as_pandas_reads_it(annotation: Path, beds: dict, tmp_path: Path):
    """As Inferelator does: `pd.read_csv(…, sep="\\t", index_col=0)`."""
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(run(beds, annotation, tmp_path / "o").priors[""], sep="\t", index_col=0)
    assert table.loc["AA"].to_dict() == {"CTCF": 1, "MAX": 1}
    assert table.shape == (5, 2)
    assert table.index.is_unique


def a_pass(folder: Path, factors: Sequence[str] = (), regions: dict | None = None) -> Path:
    """The record and BED files of a pass over two models and two samples, of chr1 alone."""
    files, summary = {}, []
    for number, (model, text) in enumerate((("maxatac/CTCF", CTCF), ("maxatac/MAX", MAX))):
        for sample in ("a", "b"):
            name = f"atlas.{sample}.{model[8:]}.bed"
            kept = "".join(line + "\n" for line in text.splitlines()[: 1 if sample == "b" else 2])
            (folder / name).write_text(kept)
            files[name] = hashlib.sha256(kept.encode()).hexdigest()
            row = {"sample": sample, "model": model, "score": 0.1, "sites": len(kept.splitlines())}
            summary.append({**row, "factor": factors[number]} if factors else row)
    record = {
        "made_by": MADE_BY,
        "kind": "predictions of many models",
        "identity_sha256": "1",
        "files": files,
        "summary": summary,
        "chromosomes": ["chr1"],
        "regions": regions,
    }
    (folder / "atlas.json").write_text(json.dumps(record))
    return folder / "atlas.json"


def test_a_pass_has_a_prior_of_each_sample(annotation: Path, tmp_path: Path):
    """Genes of chromosomes that it did not predict are no rows."""
    made = run(a_pass(tmp_path), annotation, tmp_path / "o")
    assert {sample: path.name for sample, path in made.priors.items()} == {"a": "o.a.prior.tsv", "b": "o.b.prior.tsv"}
    assert rows(made.priors["a"]) == [["gene", "CTCF", "MAX"], ["AA", "1", "1"], ["BB", "1", "1"], ["CC", "1", "0"]]
    assert rows(made.priors["b"]) == [["gene", "CTCF", "MAX"], ["AA", "1", "0"], ["BB", "1", "1"], ["CC", "0", "0"]]
    assert rows(made.tables[0])[0][:3] == ["sample", "factor", "gene"]
    assert [row[0] for row in rows(made.tables[0])[1:]] == ["a"] * 5 + ["b"] * 3
    assert json.loads(made.sidecar.read_text())["genes left out"]["on chromosomes that were not predicted"] == 3


@pytest.mark.parametrize(
    ("factors", "columns"), [(("ctcf", "max"), ["ctcf", "max"]), (("max", "max"), ["CTCF", "MAX"])]
)
def test_columns_are_factors_where_each_has_one_model(annotation: Path, tmp_path: Path, factors, columns: list[str]):
    made = run(a_pass(tmp_path, factors), annotation, tmp_path / "o")
    assert rows(made.priors["a"])[0] == ["gene", *columns]


def test_a_pass_over_regions_is_told(annotation: Path, tmp_path: Path):
    with pytest.warns(ZooWarning, match="looked for in 1,200 regions only: genes that are far from all of them are 0"):
        zoo.targets(a_pass(tmp_path, regions={"count": 1200}), annotation=annotation, output=tmp_path / "o")


def test_links_to_genes_that_were_not_predicted(annotation: Path, tmp_path: Path):
    """They are not unknown."""
    (tmp_path / "links.bed").write_text("chr1\t1950\t2000\tCC\nchr2\t100\t900\tDD\n")
    made = run(a_pass(tmp_path), annotation, tmp_path / "o", links=tmp_path / "links.bed")
    counted = json.loads(made.sidecar.read_text())["links counted"]
    assert counted == {"links": 2, "links to genes that are left out": 1}


def test_a_matrix(annotation: Path, tmp_path: Path):
    """In memory, and as its table: the same."""
    from zoo.formats import tsv

    regions = [Interval("chr1", 1900, 2100), Interval("chr1", 8999, 9100)]
    values = np.array([[[0.5, 0.1], [0.2, 0.3]], [[0.75, np.nan], [0.9, 0.1]]], np.float32)
    given = Matrix(
        regions, ("maxatac/CTCF", "maxatac/MAX"), ("a", "b"), {"max": values, "mean": values - 1}, np.ones(2, int)
    )
    tsv.write(tmp_path / "m.matrix.tsv", given)
    made = run(given, annotation, tmp_path / "o", threshold=0.3, values="max")
    assert rows(made.priors["a"]) == [["gene", "CTCF", "MAX"], ["AA", "0.5", "0"], ["BB", "0.5", "0"], ["CC", "0.75", "0.9"]]  # fmt: skip  # noqa: E501
    assert rows(made.priors["b"]) == [["gene", "CTCF", "MAX"], ["AA", "0", "0.3"], ["BB", "0", "0.3"], ["CC", "0", "0"]]
    read = run(tmp_path / "m.matrix.tsv", annotation, tmp_path / "t", threshold=0.3, values="max")
    for sample in "ab":
        assert read.priors[sample].read_bytes() == made.priors[sample].read_bytes()
    assert read.tables[0].read_bytes() == made.tables[0].read_bytes()


def test_the_same_call_does_nothing_and_another_replaces(
    annotation: Path, beds: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = run(beds, annotation, tmp_path / "o")
    first = made.sidecar.read_bytes(), made.tables[0].stat().st_mtime_ns
    with monkeypatch.context() as patched:
        patched.setattr(genes_of, "read", None)
        with pytest.warns(ZooWarning, match="of several genes"):
            zoo.targets(beds, annotation=annotation, output=tmp_path / "o")
    assert (made.sidecar.read_bytes(), made.tables[0].stat().st_mtime_ns) == first
    run(beds, annotation, tmp_path / "o", rule="promoter")
    assert made.sidecar.read_bytes() != first[0]
    beds["MAX"].write_text(CTCF)
    again = run(beds, annotation, tmp_path / "o", rule="promoter")
    assert len({tuple(row[1:]) for row in pairs(again)}) == len(pairs(again)) / 2


def test_an_interrupted_call_goes_on(annotation: Path, beds: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = run(beds, annotation, tmp_path / "whole")
    from zoo.priors import sites

    read, opened = sites.read_bed, []

    def reading(path: Path, threshold: float | None):
        if path == beds["MAX"] and len(opened) < 2:
            opened.append(path)
            raise KeyboardInterrupt
        opened.append(path)
        return read(path, threshold)

    monkeypatch.setattr(sites, "read_bed", reading)
    with pytest.raises(KeyboardInterrupt):
        run(beds, annotation, tmp_path / "o")
    assert not (tmp_path / "o.json").exists()
    opened.append(beds["MAX"])
    made = run(beds, annotation, tmp_path / "o")
    assert opened.count(beds["CTCF"]) == 1
    assert made.tables[0].read_bytes() == whole.tables[0].read_bytes()
    assert not (tmp_path / "o.partial").exists()


@pytest.mark.filterwarnings("always")
def test_the_command(annotation: Path, beds: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    """It writes what Python does, by names of files or of factors."""
    made = run({"ctcf": beds["CTCF"], "max": beds["MAX"]}, annotation, tmp_path / "p", rule="window")
    call = ["targets", "--annotation", str(annotation), "--rule", "window", "--output"]
    assert cli.main([*call, str(tmp_path / "c"), *map(str, beds.values())]) == 0
    assert (tmp_path / "c.targets.tsv").read_bytes() == made.tables[0].read_bytes()
    out, told = capsys.readouterr()
    assert "warning: names of several genes (1)" in told
    assert "ctcf\t\t3 of 3 sites have a gene, 5 of 5 genes" in out
    assert str(tmp_path / "c.prior.tsv") in out
    named = [f"{name}={path}" for name, path in beds.items()]
    assert cli.main([*call, str(tmp_path / "n"), *named, "--json"]) == 0
    assert [row["factor"] for row in json.loads(capsys.readouterr().out)["factors"]] == ["CTCF", "MAX"]


def broken(folder: Path, what: str) -> object:
    """Sites that went wrong."""
    path = a_pass(folder)
    record = json.loads(path.read_text())
    if what == "changed":
        (folder / "atlas.a.MAX.bed").write_text(CTCF)
    elif what == "gone":
        (folder / "atlas.a.MAX.bed").unlink()
    elif what == "no beds":
        path.write_text(json.dumps({**record, "files": {}}))
    elif what == "other record":
        path.write_text(json.dumps({**record, "kind": "attributions"}))
    elif what == "dna":
        summary = [row for row in record["summary"] if row["model"] != "maxatac/MAX" or row["sample"] == "a"]
        files = {name: digest for name, digest in record["files"].items() if name != "atlas.b.MAX.bed"}
        path.write_text(json.dumps({**record, "summary": summary, "files": files}))
    return path


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("changed", IntegrityError, "must be as it left them"),
        ("gone", IntegrityError, "must be as it left them"),
        ("no beds", InputError, "must have written BED files"),
        ("other record", InputError, "must be the record of a pass"),
        ("dna", InputError, "of all factors in all samples"),
    ],
)
def test_passes_that_are_refused(annotation: Path, tmp_path: Path, what: str, kind: type, message: str):
    with pytest.raises(kind, match=message):
        run(broken(tmp_path, what), annotation, tmp_path / "o")
    assert not (tmp_path / "o.json").exists()


def test_a_pass_of_other_names_of_chromosomes_is_refused(tmp_path: Path):
    (tmp_path / "refseq.gtf").write_text(GTF.replace("chr1\t", "NC_1\t").replace("chr2\t", "NC_2\t"))
    with pytest.raises(
        InputError, match=r"must have genes where sites were looked for.*genes='NC_1, NC_2', sites='chr1'"
    ):
        run(a_pass(tmp_path), tmp_path / "refseq.gtf", tmp_path / "o")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chrom\tbegin\tgene\nchr1\t1\tAA\n", "must have the columns chrom, start, end and gene"),
        ("chr1\t1\t2\n", "must have the columns chrom, start, end and gene"),
        ("chr1\t5\t5\tAA\n", "links.tsv, line 1.*0 <= start < end"),
        ("region\tgene\nchr1:1-5\tAA\nsomewhere\tAA\n", "links.tsv, line 3.*must have a region"),
        ("region\tgene\nchr1:1-5\n", "links.tsv, line 2"),
        ("chr1\t1\t5\tNOPE\n", "must name genes of the annotation.*links to unknown genes=1.*NOPE"),
        ("", "must name genes of the annotation"),
    ],
)
def test_links_that_are_refused(annotation: Path, beds: dict, tmp_path: Path, text: str, message: str):
    (tmp_path / "links.tsv").write_text(text)
    with pytest.raises(InputError, match=f"(?s){message}"):
        run(beds, annotation, tmp_path / "o", links=tmp_path / "links.tsv")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": "closest"}, "rule must be one of nearest, window, promoter"),
        ({"rule": 3}, "rule must be one of"),
        ({"upstream": -1}, "upstream must be a whole number from 0"),
        ({"downstream": 1.5}, "downstream must be a whole number"),
        ({"links": "genes.gtf", "rule": "window"}, "table of links must be given without rule"),
        ({"links": "genes.gtf", "upstream": 5}, "table of links must be given without upstream"),
        ({"links": "no.tsv"}, "no.tsv"),
        ({"gene_types": "coding"}, "Types of genes must be those of the annotation.*protein_coding"),
        ({"gene_types": ()}, "At least one type"),
        ({"transcripts": "some"}, "transcripts must be one of basic, all"),
        ({"names": "ensembl"}, "choice of names must be one of symbol, id"),
        ({"values": None}, "choice of values must be one of binary, max, sum"),
        ({"threshold": "high"}, "threshold must be a finite number"),
        ({"write": "xlsx"}, "choice of write must be one of tsv, parquet"),
        ({"sites": []}, "Sites must be the record of a pass, BED files, or a matrix"),
        ({"sites": {}}, "at least one factor"),
        ({"sites": 5}, "Sites must be the record of a pass"),
        ({"sites": "no.bed"}, "file of sites must exist.*no.bed"),
        ({"sites": ["ctcf.bed", "./ctcf.bed"]}, "must have a name of its own"),
        ({"sites": {"A\tB": "ctcf.bed"}}, "name of a factor must be text of a line"),
        ({"sites": "genes.gtf"}, "line of a BED file must be"),
        ({"sites": "bed3", "values": "max"}, "must have scores for values"),
        ({"sites": "bed3", "threshold": 0.5}, "must have a score for a threshold"),
        ({"sites": "whole.matrix.tsv"}, "matrix must go with a threshold"),
        ({"sites": "m.matrix.tsv", "threshold": 0.5}, "line 2.*must have 7 cells"),
        ({"annotation": "no.gtf"}, "no.gtf"),
        ({"annotation": "ctcf.bed"}, "line of a GTF file must have 9 columns"),
        ({"annotation": "untagged.gtf"}, "basic set.*--transcripts all"),
        ({"annotation": "untyped.gtf"}, "must have types of genes.*--gene-types all"),
        ({"annotation": "refseq.gtf"}, "Sites and annotation must have chromosomes in common.*NC_1"),
        ({"output": "taken"}, "must not replace a JSON file"),
        ({"output": "folder/"}, "output must be a path without extension"),
    ],
)
def test_arguments_that_are_refused(
    annotation: Path, beds: dict, tmp_path: Path, given: dict, message: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("taken.json").write_text("{}")
    Path("bed3").write_text("chr1\t1\t5\n")
    matrix = "region\tname\tchrom\tstart\tend\tbins\tmaxatac/MAX|a\nchr1:2-5\t.\tchr1\t1"
    Path("whole.matrix.tsv").write_text(matrix + "\t5\t1\t0.5\n")
    Path("m.matrix.tsv").write_text(matrix + "\n")
    Path("untagged.gtf").write_text(GTF.replace(' tag "basic";', ""))
    Path("untyped.gtf").write_text(GTF.replace(' gene_type "protein_coding";', "").replace(' gene_type "lncRNA";', ""))
    Path("refseq.gtf").write_text(GTF.replace("chr1\t", "NC_1\t").replace("chr2\t", "NC_2\t"))
    call = {"sites": beds, "annotation": annotation, "output": "o", **given}
    with pytest.raises(InputError, match=f"(?s){message}"):
        run(**call)
    assert not Path("o.json").exists()
    if "chromosomes in common" in message:
        assert not Path("o.partial").exists()


def test_another_assembly_is_refused(annotation: Path, beds: dict, tmp_path: Path):
    """By what the annotation says, and by features and sites beyond the chromosomes' ends."""
    sizes = {"tiny": (9_600, 24_000), "wide": (10_000, 24_000), "hg38": (10_000, 50_818_468)}
    for name, (chr1, chr2) in sizes.items():
        write_twobit(tmp_path / f"{name}.2bit", {"chr1": np.zeros(chr1, np.uint8), "chr2": np.zeros(chr2, np.uint8)})
    tiny, wide = tmp_path / "tiny.2bit", zoo.Genome(tmp_path / "wide.2bit")
    (tmp_path / "hg19.gtf").write_text("##description: annotation of the human genome (GRCh37)\n" + GTF)
    with pytest.raises(GenomeMismatch, match=r"(?s)of one assembly.*annotation='hg19'.*genome='hg38'"):
        run(beds, tmp_path / "hg19.gtf", tmp_path / "o", genome=tmp_path / "hg38.2bit")
    with pytest.raises(GenomeMismatch, match="a feature must lie within its chromosome"):
        run(beds, annotation, tmp_path / "o", genome=tiny)
    assert len(pairs(run(beds, annotation, tmp_path / "o", genome=wide))) == 6
    beds["MAX"].write_text("chr1\t9990\t10010\t1\n")
    with pytest.raises(GenomeMismatch, match=r"MAX: .*chr1:9991-10010"):
        run(beds, annotation, tmp_path / "o", genome=wide)
    far = Matrix(
        [Interval("chr2", 23_990, 24_010)], ("MAX",), ("a",), {"max": np.ones((1, 1, 1), np.float32)}, np.ones(1)
    )
    with pytest.raises(GenomeMismatch, match=r"MAX a: .*chr2:23991-24010"):
        run(far, annotation, tmp_path / "m", genome=wide, threshold=0.5)
    with pytest.raises(InputError, match=r"genome must be given as a \.2bit file"):
        run(beds, annotation, tmp_path / "o", genome=5)


@pytest.mark.parametrize(
    ("columns", "score"),
    [
        ("0.25", 0.25),  # maxATAC's
        ("CTCF_1\t250\t.\t0.25", 0.25),  # zoo predict's, zoo peaks'
        ("CTCF_1\t250", 250),
        ("CTCF_1\t2\t.\t0.25\t-1\t-1\t7", 2),  # narrowPeak
    ],
)
def test_the_score_of_a_site_stands_where_its_format_has_it(tmp_path: Path, columns: str, score: float):
    from zoo.priors.sites import read_bed

    (tmp_path / "s.bed").write_text(f"chr1\t10\t20\t{columns}\n")
    assert read_bed(tmp_path / "s.bed", None).scores.tolist() == [score]
