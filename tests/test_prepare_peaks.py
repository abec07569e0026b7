"""Peaks of tracks, against macs3 and by hand."""

import re
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.cli import main
from zoo.errors import InputError
from zoo.genome import bed
from zoo.prepare import peaks
from zoo.prepare.peaks import Peak

GOLDENS = [
    ("predictions", "macs3_c0.5_l100_g60"),
    ("predictions", "macs3_c1.0_l200_g30"),
    ("predictions", "macs3_c1.0_l40_g30"),
    ("predictions", "macs3_c2.0_l12_g8"),
    ("walk", "walk_c0.6_l60_g100"),
    ("walk", "walk_c1.0_l200_g30"),
    ("walk", "walk_c1.0_l40_g12"),
]


def track(path: Path, rows: list[tuple[str, int, int, float]]) -> Path:
    ends = {}
    for chrom, _, end, _ in rows:
        ends[chrom] = max(end, ends.get(chrom, 0))
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(chrom, end + 500) for chrom, end in ends.items()])
        for chrom, start, end, value in rows:
            file.addEntries([chrom], [start], ends=[end], values=[float(value)])
    return path


@pytest.fixture(scope="module")
def tracks(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, made = shared / "golden" / "peaks", {}
    for name in ("predictions", "walk"):
        lines = [line.split() for line in (folder / f"{name}.bedGraph").read_text().splitlines()]
        rows = [(chrom, int(start), int(end), float(value)) for chrom, start, end, value in lines]
        made[name] = track(tmp_path_factory.mktemp("tracks") / f"{name}.bw", rows)
    return made


@pytest.mark.parametrize(("source", "name"), GOLDENS)
@pytest.mark.parametrize("block", [1 << 22, 1000])
def test_peaks_of_macs3(
    shared: Path, tracks: dict[str, Path], source: str, name: str, block: int, monkeypatch: pytest.MonkeyPatch
):
    """Every interval, its score and its summit; whatever the blocks."""
    monkeypatch.setattr(peaks, "BLOCK", block)
    cutoff, length, gap = re.fullmatch(r".*_c([\d.]+)_l(\d+)_g(\d+)", name).groups()
    found = peaks.call(tracks[source], float(cutoff), int(length), int(gap), compat="macs3")
    lines = (shared / "golden" / "peaks" / f"{name}.narrowPeak").read_text().splitlines()
    theirs = [line.split("\t") for line in lines]
    ours = [(peak.chrom, peak.start, peak.end, int(10 * peak.score), peak.summit) for peak in found]
    assert ours == [(row[0], int(row[1]), int(row[2]), int(row[4]), int(row[9])) for row in theirs]


def test_peaks_by_hand(tmp_path: Path):
    """At least the cutoff; a gap of 10 joins, one of 11 does not; the span counts, gaps included."""
    path = track(
        tmp_path / "t.bw",
        [("chr1", 100, 120, 1.0), ("chr1", 130, 140, 3.0), ("chr1", 151, 180, 0.99), ("chr1", 191, 231, 2.0)],
    )
    assert peaks.call(path, 1.0, min_length=40, max_gap=10) == [
        Peak("chr1", 100, 140, 3.0, 35),
        Peak("chr1", 191, 231, 2.0, 20),
    ]
    assert peaks.call(path, 1.0, min_length=41, max_gap=10) == []
    assert peaks.call(path, 0.5, min_length=1, max_gap=11) == [Peak("chr1", 100, 231, 3.0, 35)]


def test_bases_without_data_are_zero_but_in_macs3(tmp_path: Path):
    """There they belong to what comes next: a gap of 40 bp without data is no gap."""
    path = track(tmp_path / "t.bw", [("chr1", 100, 120, 2.0), ("chr1", 160, 170, 3.0), ("chr1", 170, 180, 0.5)])
    assert [(peak.start, peak.end) for peak in peaks.call(path, 1.0, 5, 30)] == [(100, 120), (160, 170)]
    assert peaks.call(path, 1.0, 5, 30, compat="macs3") == [Peak("chr1", 100, 170, 3.0, 45)]
    with pytest.raises(InputError, match="macs3"):
        peaks.call(path, 1.0, compat="macs2")


@pytest.mark.parametrize("bin_size", [32, 200])
def test_peaks_of_maxatac(shared: Path, bin_size: int):
    """Every interval of the original, and its score."""
    outputs = shared / "golden" / "maxatac" / "e2e" / "outputs"
    lines = (outputs / "peaks" / f"f1_{bin_size}bp.bed").read_text().splitlines()
    theirs = [line.split() for line in lines]
    ours = peaks.call_bins(outputs / "predict" / "ctcf.bw", 0.454, bin_size, compat="maxatac")
    assert [(peak.chrom, peak.start, peak.end) for peak in ours] == [(r[0], int(r[1]), int(r[2])) for r in theirs]
    assert [peak.score for peak in ours] == pytest.approx([float(row[3]) for row in theirs], abs=1e-9)


def test_bins_neither_drift_nor_overlap_but_in_maxatac(shared: Path, tmp_path: Path):
    """There bins of 10 bp on 104 bp are 10.4 bp wide, intervals end one base late, and the last 4 bp are in no bin."""
    path = tmp_path / "t.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 104)])
        file.addEntries(["chr1"] * 2, [50, 103], ends=[51, 104], values=[1.0, 2.0])
    assert peaks.call_bins(path, 1.0, 10) == [Peak("chr1", 50, 60, 1.0, -1), Peak("chr1", 100, 104, 2.0, -1)]
    assert peaks.call_bins(path, 1.0, 10, compat="maxatac") == [
        Peak("chr1", 40, 51, 1.0, -1),
        Peak("chr1", 90, 101, 2.0, -1),
    ]
    outputs = shared / "golden" / "maxatac" / "e2e" / "outputs" / "predict"
    ours = [(p.chrom, p.start, p.end) for p in peaks.call_bins(outputs / "ctcf.bw", 0.454, 32)]
    assert ours == [(p.chrom, p.start, p.end) for p in bed.read(outputs / "ctcf_peaks.bed")]


def test_bins_whatever_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = track(tmp_path / "t.bw", [("chr1", 5, 35, 1.0), ("chr1", 61, 62, 3.0)])
    expected = [Peak("chr1", 0, 40, 1.0, -1), Peak("chr1", 60, 70, 3.0, -1)]
    for block in (1 << 22, 10, 25, 1):
        monkeypatch.setattr(peaks, "BLOCK", block)
        assert peaks.call_bins(path, 0.5, 10) == expected
    for arguments, said in (
        ({"bin_size": 0}, "bin must be a whole number from 1"),
        ({"compat": "macs3"}, 'must be None or "maxatac"'),
        ({"chromosomes": ["chr7"]}, "chr7"),
        ({"cutoff": 0}, "cutoff must be above 0"),
    ):
        with pytest.raises(InputError, match=said):
            peaks.call_bins(path, **{"cutoff": 0.5, **arguments})


def test_open_chromatin_holds_what_binds(shared: Path):
    """Peaks of 65 experiments on GM12878, 1.1 Mb: 458 of 492 touch the 5 % of the bases that are called open."""
    folder = shared / "data" / "hg19_chr20_gm12878"
    region = bed.read(folder / "region.bed")[0]

    def inside(items: list) -> list:
        return [item for item in items if item.chrom == "chr20" and region.start <= item.start < item.end <= region.end]

    found = inside(peaks.open_regions(folder / "gm12878_minmax_p99.bw"))
    assert (len(found), sum(map(len, found))) == (296, 54_672)
    paths = sorted((folder / "peaks_GM12878").glob("*.narrowPeak"))
    bound = [peak for path in paths for peak in inside(bed.read(path))]
    touched = sum(any(item.start < peak.end and peak.start < item.end for item in found) for peak in bound)
    assert (len(paths), touched, len(bound)) == (65, 458, 492)


def test_closed_chromatin_has_no_regions(tmp_path: Path):
    path = track(tmp_path / "t.bw", [("chr1", 100, 400, 0.1), ("chr1", 500, 520, 5.0)])
    with pytest.raises(
        InputError, match=r"must have open regions: values of 0.2 and more over 50 bp.*chromosomes='the main ones'"
    ):
        peaks.open_regions(path)


def test_files_of_peaks(tmp_path: Path):
    found = [Peak("chr1", 100, 140, 3.25, 35), Peak("chr2", 5, 9, 200.0, 1)]
    peaks.write(tmp_path / "a.narrowPeak", found)
    assert (tmp_path / "a.narrowPeak").read_text().splitlines() == [
        "chr1\t100\t140\ta_1\t32\t.\t3.25\t-1\t-1\t35",
        "chr2\t5\t9\ta_2\t1000\t.\t200\t-1\t-1\t1",
    ]
    assert [summit for _, summit in bed.read_summits(tmp_path / "a.narrowPeak")] == [135, 6]
    peaks.write(tmp_path / "a.bed", found)
    assert (tmp_path / "a.bed").read_text().splitlines()[0] == "chr1\t100\t140\ta_1\t32\t.\t3.25"
    peaks.write(tmp_path / "a.bed", found, "maxatac")
    assert (tmp_path / "a.bed").read_text().splitlines()[0] == "chr1\t100\t140\ta_1\t3.25"
    peaks.write(tmp_path / "b.bed", [Peak("chr1", 100, 140, 0.25, -1)])
    assert (tmp_path / "b.bed").read_text() == "chr1\t100\t140\tb_1\t250\t.\t0.25\n"
    for path, said in ((tmp_path / "a.txt", "narrowPeak or .bed"), (tmp_path / "b.bed" / "a.bed", "must be writable")):
        with pytest.raises(InputError, match=said):
            peaks.write(path, found)


def test_cutoffs_and_chromosomes_that_make_no_sense(tmp_path: Path):
    path = track(tmp_path / "t.bw", [("chr1", 100, 120, 1.0)])
    for cutoff in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="cutoff must be above 0"):
            peaks.call(path, cutoff)
    with pytest.raises(InputError, match="chr9"):
        peaks.call(path, 1, chromosomes=["chr9"])
    assert peaks.call(path, 5) == []
    assert np.isclose(peaks.call(path, 1, 20)[0].score, 1)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture):
    path = str(track(tmp_path / "t.bw", [("chr1", 100, 320, 1.0), ("chr1", 900, 1000, 3.0)]))
    assert main(["peaks", path, "--cutoff", "1", "--output", str(tmp_path / "p.narrowPeak")]) == 0
    assert capsys.readouterr().out.startswith("1 peaks\n")
    assert bed.read_summits(tmp_path / "p.narrowPeak")[0][1] == 210
    assert main(["peaks", path, "--cutoff", "1", "--output", str(tmp_path / "p.txt")]) == 2
    assert "narrowPeak or .bed" in capsys.readouterr().err


def test_command_for_bins_and_open_chromatin(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    """The threshold of a model's own table; and what `--regions auto` would take."""
    scores = shared / "golden" / "maxatac" / "e2e" / "outputs" / "predict" / "ctcf.bw"
    asked = [
        "peaks",
        str(scores),
        "--bin",
        "32",
        "--model",
        "maxatac/CTCF",
        "--output",
        str(tmp_path / "p.bed"),
        "--force",
    ]
    assert main([*asked, "--cutoff", "f1"]) == 0
    assert capsys.readouterr().out.startswith("175 peaks\n")
    assert main([*asked, "--cutoff", "f1", "--compat", "maxatac"]) == 0
    assert capsys.readouterr().out.startswith("174 peaks\n")
    assert main([*asked, "--cutoff", "f1", "--max-gap", "5"]) == 2
    assert "not with bins" in capsys.readouterr().err
    path = str(track(tmp_path / "t.bw", [("chr1", 100, 160, 0.2), ("chr1", 900, 949, 3.0)]))
    assert main(["peaks", path, "--cutoff", "auto", "--output", str(tmp_path / "open.bed")]) == 0
    assert [(item.start, item.end) for item in bed.read(tmp_path / "open.bed")] == [(100, 160)]
    assert main(["peaks", path, "--cutoff", "f1", "--output", str(tmp_path / "no.bed")]) == 2
    assert "must have a threshold table" in capsys.readouterr().err
