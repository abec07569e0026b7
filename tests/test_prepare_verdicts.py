"""What is said of a sample's quality: enrichment at start sites, cuts in peaks, verdicts, the page, MultiQC's file."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from zoo.cli import main
from zoo.errors import GenomeMismatch
from zoo.plot.quality import plot_quality
from zoo.prepare import starts
from zoo.prepare.coverage import cuts_within
from zoo.prepare.sample import prepare
from zoo.prepare.starts import Starts, StartsCollector
from zoo.prepare.verdicts import ACCEPTABLE, GOOD, NONE, POOR, verdicts

SIZES = {"chr1": 12_000, "chr2": 6000}
MULTIQC = shutil.which("multiqc")
ATTRIBUTES = 'gene_id "g{0}"; transcript_id "t{0}"; gene_name "G{0}"; transcript_type "protein_coding";'


def gtf(path: Path, *rows: tuple[str, int, int, str, str]) -> Path:
    """A GTF file of transcripts: (chromosome, first base, last base, strand, more attributes), counted from 1."""
    lines = [
        "\t".join([chrom, "test", kind, str(first), str(last), ".", strand, ".", f"{ATTRIBUTES.format(number)} {more}"])
        for number, (chrom, first, last, strand, more) in enumerate(rows)
        for kind in ("transcript", "exon")
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_starts_of_a_file(tmp_path: Path):
    """The first base of each strand, once; those near an end of a chromosome, or of none that counts, are left out."""
    rows = [
        ("1", 5001, 6000, "+", ""),
        ("chr1", 5001, 6500, "+", ""),
        ("1", 4000, 5001, "-", ""),
        ("1", 100, 900, "+", ""),
        ("2", 3001, 3100, "+", ""),
    ]
    path = gtf(tmp_path / "a.gtf", *[(row[0].removeprefix("chr"), *row[1:]) for row in rows])
    found = starts.read(path, {"chr1": 12_000}, SIZES)
    assert list(found) == ["chr1"]
    assert (found["chr1"].places.tolist(), found["chr1"].reverse.tolist()) == ([5000, 5000], [False, True])
    basic = gtf(tmp_path / "b.gtf", rows[0], ("chr1", 7001, 8000, "+", 'tag "basic";'))
    assert starts.read(basic, SIZES)["chr1"].places.tolist() == [7000]


def enrichment(counts: np.ndarray, known: Starts, *edges: int) -> starts.TssEnrichment:
    collector = StartsCollector({"chr1": known})
    for first, part in zip((0, *edges), np.split(counts, edges), strict=True):
        collector.add("chr1", first, part)
        collector.add("chr2", first, part)
    return collector.finish()


@pytest.mark.parametrize("edges", [(), (5000,), (2979, 2980, 4990, 5001, 7020, 7021)])
def test_enrichment_by_hand(edges: tuple[int, ...]):
    """One cut at each base, and 410 more at the start: each base within 20 bp of it has (41 + 410) / 41 = 11."""
    counts = np.ones(12_000, np.int64)
    counts[5000] += 410
    found = enrichment(counts, Starts(np.array([5000]), np.array([False])), *edges)
    assert found.starts == 1
    assert found.enrichment == pytest.approx(11)
    assert len(found.profile) == len(starts.places()) == 401
    by_place = dict(zip(starts.places(), found.profile, strict=True))
    assert [by_place[at] for at in (-2000, -30, -20, 0, 20, 30, 2000)] == [1, 1, 11, 11, 11, 1, 1]


def test_a_reverse_start_is_turned():
    """A cut 100 bp downstream of each start, on its own strand."""
    counts = np.ones(12_000, np.int64)
    counts[[5100, 5900]] += 41
    found = enrichment(counts, Starts(np.array([5000, 6000]), np.array([False, True])))
    by_place = dict(zip(starts.places(), found.profile, strict=True))
    assert [by_place[at] for at in (-100, 0, 100)] == [1, 1, 2]
    assert found.enrichment == pytest.approx(2)


def test_flanks_are_100_bp_at_each_end():
    """Cuts at -1950 are background, and at -1850 are not; without any background there is no enrichment."""
    counts = np.zeros(12_000, np.int64)
    counts[5000 - 1950], counts[5000] = 10, 30
    found = enrichment(counts, Starts(np.array([5000]), np.array([False])))
    assert found.enrichment == pytest.approx(30 / 41 / (10 / 200))
    counts[5000 - 1950], counts[5000 - 1850] = 0, 10
    found = enrichment(counts, Starts(np.array([5000]), np.array([False])))
    assert (found.profile, found.enrichment) == (None, None)


def test_cuts_within_spans():
    counts = np.arange(10)  # of bases 100 to 109
    assert cuts_within(counts, 100, None) == 0
    assert cuts_within(counts, 100, np.array([[90, 102], [105, 107], [109, 400], [500, 600]])) == 0 + 1 + 5 + 6 + 9


def record(**changes: object) -> dict:
    """What `zoo prepare` writes of a good sample, as far as verdicts need it."""
    lengths = np.zeros(1001, int)
    lengths[[100, 200]] = 500, 200
    made = {
        "cuts": 1_000_000,
        "cuts blacklisted": 0,
        "parameters": {"shift": [4, -5]},
        "bias": {"raw": 0.9, "shifted": 0.1, "fragments": 9000, "shares": [[0.25] * 4] * 33},
        "tss": {"starts": 10, "profile": [1.0], "enrichment": 8.0},
        "cuts in peaks": 310_000,
        "quality": {
            "lengths": lengths.tolist(),
            "cuts_in_richest": 0.2,
            "signal_to_noise": 25.0,
            "saturation": [[0.1, 1.5], [0.8, 1.01], [1.0, 1.0]],
        },
    }
    return made | changes


HG38 = {"chr1": 248_956_422}


def said(sizes: dict = HG38, **changes: object) -> dict[str, str]:
    return {each.panel: each.verdict for each in verdicts(record(**changes), sizes)}


def quality(**changes: object) -> dict:
    return {"quality": record()["quality"] | changes}


def test_a_good_sample():
    found = verdicts(record(), HG38)
    assert [each.panel for each in found] == [
        *("Fragment lengths", "Tn5 sequence bias", "TSS enrichment", "Cuts in peaks", "Signal to noise", "Saturation"),
    ]
    assert {each.verdict for each in found} == {GOOD}
    assert str(found[2]) == (
        "Good: 8.00 times as many cuts at 10 start sites as 2 kb from them. Criterion of ENCODE's ATAC-seq "
        "standards: of hg38, good: above 7; acceptable: 5 to 7."
    )
    assert found[0].figure == (
        "71.4% of 700 fragments are shorter than 150 bp (nucleosome-free), 2.50 times those of 151 to 300 bp (one "
        "nucleosome)"
    )


def lengths(free: int, mono: int) -> dict:
    counted = [0] * 1001
    counted[149], counted[150], counted[300] = free, 7, mono
    return quality(lengths=counted)


@pytest.mark.parametrize(
    ("panel", "verdict", "changes"),
    [
        ("Fragment lengths", GOOD, lengths(250, 100)),
        ("Fragment lengths", ACCEPTABLE, lengths(249, 100)),
        ("Fragment lengths", POOR, lengths(30, 100)),
        ("Fragment lengths", NONE, quality(lengths=[0] * 1001)),
        ("Tn5 sequence bias", POOR, {"parameters": {"shift": [0, -1]}}),
        ("Tn5 sequence bias", ACCEPTABLE, {"bias": {**record()["bias"], "raw": 0.5, "shifted": 0.45}}),
        ("Tn5 sequence bias", POOR, {"bias": {**record()["bias"], "raw": 0.2, "shifted": 0.1}}),
        ("Tn5 sequence bias", NONE, {"bias": None}),
        ("Tn5 sequence bias", NONE, {"bias": {"raw": 0.0, "shifted": 0.0, "fragments": 9, "shares": []}}),
        ("TSS enrichment", ACCEPTABLE, {"tss": {**record()["tss"], "enrichment": 7.0}}),
        ("TSS enrichment", ACCEPTABLE, {"tss": {**record()["tss"], "enrichment": 5.0}}),
        ("TSS enrichment", POOR, {"tss": {**record()["tss"], "enrichment": 4.99}}),
        ("TSS enrichment", NONE, {"tss": {"starts": 1, "profile": None, "enrichment": None}}),
        ("TSS enrichment", NONE, {"sizes": {"chrI": 230_218}}),
        ("TSS enrichment", ACCEPTABLE, {"sizes": {"chr1": 249_250_621}}),  # hg19: 6 to 10
        ("Cuts in peaks", ACCEPTABLE, {"cuts in peaks": 300_000}),
        ("Cuts in peaks", POOR, {"cuts in peaks": 200_000}),
        ("Signal to noise", ACCEPTABLE, quality(cuts_in_richest=0.05)),
        ("Signal to noise", POOR, quality(cuts_in_richest=0.049, signal_to_noise=None)),
        ("Saturation", ACCEPTABLE, quality(saturation=[[0.8, 0.9], [1.0, 1.0]])),
        ("Saturation", POOR, quality(saturation=[[0.8, 1.21], [1.0, 1.0]])),
        ("Saturation", POOR, quality(saturation=None)),
    ],
)
def test_limits(panel: str, verdict: str, changes: dict):
    assert said(**changes)[panel] == verdict


def test_what_was_not_asked_for_is_not_judged():
    assert not {"TSS enrichment", "Cuts in peaks"} & set(said(**{"tss": None, "cuts in peaks": None}))


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Fragments of 100 and 120 bp that begin at every tenth base, and forty more at 5000, a start site."""
    rows = [f"chr1\t{at}\t{at + 100 + at % 20 * 2}\tc\t1\n" for at in range(0, 11_880, 10)]
    rows += ["chr1\t5000\t5100\tc\t1\n"] * 40
    (tmp_path / "a.tsv").write_text("".join(rows))
    gtf(tmp_path / "genes.gtf", ("chr1", 5001, 6000, "+", ""))
    (tmp_path / "peaks.bed").write_text("chr1\t5000\t5001\n1\t5099\t5100\nchr2\t0\t9\n")
    return tmp_path / "a.tsv"


def test_a_sample_with_genes_and_peaks(sample: Path):
    """By hand: 0.2 cuts per base; 40 more at the start make (41 × 0.2 + 40) / 41 / 0.2, about 5.9. In the peaks are 41
    first and 41 last bases."""
    folder = sample.parent
    made = prepare(sample, folder / "out", SIZES, annotation=folder / "genes.gtf", peaks=folder / "peaks.bed")
    assert made.tss.starts == 1
    assert made.tss.enrichment == pytest.approx((41 * 0.2 + 40) / 41 / 0.2, rel=0.1)
    record = json.loads(made.summary.read_text())
    assert record["cuts in peaks"] == 41 + 41
    assert record["tss"]["profile"] == list(made.tss.profile)
    assert [each["verdict"] for each in record["verdicts"]] == [each.verdict for each in made.verdicts]
    assert {made.page.name, made.multiqc.name, made.picture.name} <= set(record["files"])
    before = made.page.read_bytes()
    again = prepare(sample, folder / "out", SIZES, annotation=folder / "genes.gtf", peaks=folder / "peaks.bed")
    assert (again.tss, again.verdicts, again.page.read_bytes()) == (made.tss, made.verdicts, before)
    without = prepare(sample, folder / "out", SIZES)
    assert without.tss is None
    assert json.loads(without.summary.read_text())["cuts in peaks"] is None


def test_the_page(sample: Path):
    made = prepare(sample, sample.parent / "out", SIZES, annotation=sample.parent / "genes.gtf")
    text = made.page.read_text()
    assert "<h1>Quality of out (a.tsv)</h1>" in text
    heads = re.findall(r"<h2[^>]*>([^<]*)</h2>", text)
    panels = ["Fragment lengths", "Tn5 sequence bias", "TSS enrichment", "Signal to noise", "Saturation"]
    assert heads == ["Verdicts", "Counts", *panels]
    assert text.count('<svg role="img"') == 5
    assert "Good: 100.0% of 1,228 fragments are shorter than 150 bp" in text
    assert '<td class="number">1,228</td>' in text


def test_the_picture_has_verdicts_and_start_sites(sample: Path):
    made = prepare(sample, sample.parent / "out", SIZES, annotation=sample.parent / "genes.gtf")
    figure = plot_quality(json.loads(made.summary.read_text()), "out")
    assert [ax.get_title() for ax in figure.axes] == [
        "Fragment lengths: good",
        "Tn5 sequence bias: not judged",
        "TSS enrichment: not judged",
        f"Signal to noise: {made.verdicts[3].verdict}",
        f"Saturation: {made.verdicts[4].verdict}",
    ]
    assert figure.axes[2].lines[0].get_xydata()[200].tolist() == [0, made.tss.profile[200]]


def test_a_file_for_multiqc(sample: Path):
    made = prepare(sample, sample.parent / "out", SIZES, annotation=sample.parent / "genes.gtf")
    content = json.loads(made.multiqc.read_text())
    assert (content["id"], content["plot_type"]) == ("chromatin_zoo_prepare", "table")
    (row,) = content["data"].values()
    assert list(content["data"]) == ["out"]
    assert row["cuts"] == made.cuts
    assert row["tss_enrichment"] == made.tss.enrichment
    assert row["fragment_lengths_verdict"] == "good"
    assert set(content["headers"]) == set(row)


@pytest.mark.skipif(MULTIQC is None, reason="MultiQC is not installed (pip install multiqc)")
def test_multiqc_reads_it(sample: Path):
    """Two samples are two rows of one table."""
    folder = sample.parent
    made = [prepare(sample, folder / "in" / name, SIZES, annotation=folder / "genes.gtf") for name in ("a", "b")]
    command = [MULTIQC, "--outdir", folder / "multiqc", folder / "in"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (table,) = (folder / "multiqc").rglob("multiqc_chromatin_zoo_prepare*.txt")
    head, *rows = (line.split("\t") for line in table.read_text().splitlines())
    assert [row[0] for row in rows] == ["a", "b"]
    at = head.index("fragment_lengths_verdict")
    assert [row[at] for row in rows] == [made[0].verdicts[0].verdict] * 2


def test_files_of_another_genome(sample: Path):
    folder = sample.parent
    gtf(folder / "other.gtf", ("chrX", 5001, 6000, "+", ""))
    (folder / "other.bed").write_text("chrX\t5\t9\n")
    with pytest.raises(GenomeMismatch, match="Annotation and genome must have chromosomes in common"):
        prepare(sample, folder / "out", SIZES, annotation=folder / "other.gtf")
    with pytest.raises(GenomeMismatch, match="Peaks and genome must have chromosomes in common"):
        prepare(sample, folder / "out", SIZES, peaks=folder / "other.bed")


def test_on_the_command_line(sample: Path, capsys: pytest.CaptureFixture):
    folder = sample.parent
    (folder / "sizes").write_text("chr1\t12000\nchr2\t6000\n")
    files = [str(sample), "--chrom-sizes", str(folder / "sizes"), "--output", str(folder / "out")]
    assert main(["prepare", *files, "--annotation", str(folder / "genes.gtf")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("Fragment lengths: Good: 100.0% of 1,228 fragments")
    assert [Path(line).name for line in lines[-5:]] == [
        *("out_RP20M.bw", "out.png", "out.html", "out_mqc.json", "out.json"),
    ]
    assert main(["prepare", *files, "--recipe", "factornet", "--annotation", str(folder / "genes.gtf")]) == 2
    assert "--annotation" in capsys.readouterr().err
